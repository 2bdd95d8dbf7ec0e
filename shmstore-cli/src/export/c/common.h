/* What every header written by shmstore has in common: written once, however many are included. */
#ifndef SHMSTORE_C_COMMON_1

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <fcntl.h>
#include <sys/ipc.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/vfs.h>
#include <unistd.h>

#ifndef AT_FDCWD
#error "compile with -std=gnu11, or define _GNU_SOURCE before the first include"
#elif __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__ || __SIZEOF_POINTER__ != 8
#error "the layout below is that of a little-endian machine with pointers of 8 bytes"
#else
#define SHMSTORE_C_COMMON_1

#ifdef __cplusplus
#define SHMSTORE_ASSERT(holds) static_assert(holds, #holds)
#define SHMSTORE_ALIGNOF(type) alignof(type)
#else
#define SHMSTORE_ASSERT(holds) _Static_assert(holds, #holds)
#define SHMSTORE_ALIGNOF(type) _Alignof(type)
#endif

/* Flags of the attach functions. */
#define SHMSTORE_READ_ONLY 1 /* map for reading: whoever stores to it then dies by SIGSEGV */
#define SHMSTORE_ANY_OWNER 2 /* believe objects of all users, not those of this user and of root only */

/* An attached segment. `message` says why attaching failed. */
typedef struct shmstore_segment {
    void *base;
    size_t size;
    int shmid;
    char message[512];
} shmstore_segment;

/* Atomic integers: touch them by these functions only. */
#define SHMSTORE_ATOMIC(name, type)                                                                    \
    typedef struct name {                                                                              \
        type value;                                                                                    \
    } __attribute__((aligned(sizeof(type)))) name;                                                     \
    static inline type name##_load(const volatile name *from)                                          \
    {                                                                                                  \
        return __atomic_load_n(&from->value, __ATOMIC_ACQUIRE);                                        \
    }                                                                                                  \
    static inline void name##_store(volatile name *to, type value)                                     \
    {                                                                                                  \
        __atomic_store_n(&to->value, value, __ATOMIC_RELEASE);                                         \
    }                                                                                                  \
    /* Returns what was there before. */                                                               \
    static inline type name##_fetch_add(volatile name *to, type value)                                 \
    {                                                                                                  \
        return __atomic_fetch_add(&to->value, value, __ATOMIC_ACQ_REL);                                \
    }
SHMSTORE_ATOMIC(shmstore_atomic_u8, uint8_t)
SHMSTORE_ATOMIC(shmstore_atomic_u16, uint16_t)
SHMSTORE_ATOMIC(shmstore_atomic_u32, uint32_t)
SHMSTORE_ATOMIC(shmstore_atomic_u64, uint64_t)
SHMSTORE_ATOMIC(shmstore_atomic_i8, int8_t)
SHMSTORE_ATOMIC(shmstore_atomic_i16, int16_t)
SHMSTORE_ATOMIC(shmstore_atomic_i32, int32_t)
SHMSTORE_ATOMIC(shmstore_atomic_i64, int64_t)

/* A `Lock`. `word`: 0 if free, else the token of the holder's process in bits 0 to 28, bit 31 if somebody waits. `state`:
 * bit 0 if a holder died, and nobody has said since that all is well. Look, but do not take it: a holder needs a token. */
typedef struct shmstore_lock {
    uint32_t word;
    uint32_t state;
} __attribute__((aligned(8))) shmstore_lock;

/* An `Event`. `word`: bit 0 if somebody waits; bits 1 to 63: the count of notifications. */
typedef struct shmstore_event {
    uint64_t word;
    uint64_t reserved;
} __attribute__((aligned(8))) shmstore_event;

static inline uint64_t shmstore_event_count(const volatile shmstore_event *event)
{
    return __atomic_load_n(&event->word, __ATOMIC_ACQUIRE) >> 1;
}

/* The bytes of text of a FixedString: never more than it has room for. */
static inline uint32_t shmstore_text_len(const void *string, uint32_t capacity)
{
    uint32_t len;
    memcpy(&len, string, sizeof len);
    return len < capacity ? len : capacity;
}

/* The elements of a FixedVec: never more than it has room for. */
static inline uint64_t shmstore_vec_len(const void *vec, uint64_t capacity)
{
    uint64_t len;
    memcpy(&len, vec, sizeof len);
    return len < capacity ? len : capacity;
}

/* Copies the newest version once. Returns 1, or 0 if a writer may have disturbed the copy: then `out` means nothing.
 * The copy is made of atomic loads, as the writer may be at it meanwhile; the fences order them. */
static inline int shmstore_read_once(const volatile uint64_t *sequence, const volatile uint64_t *slots, size_t slot_words,
                                     void *out, size_t len, uint64_t *version)
{
    uint64_t before = __atomic_load_n(sequence, __ATOMIC_RELAXED), after, word;
    const volatile uint64_t *from = slots + ((before >> 1) & 1) * slot_words;
    size_t at;
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    for (at = 0; at + sizeof word <= len; at += sizeof word) {
        word = __atomic_load_n(from + at / sizeof word, __ATOMIC_RELAXED);
        memcpy((char *)out + at, &word, sizeof word);
    }
    if (at < len) {
        word = __atomic_load_n(from + at / sizeof word, __ATOMIC_RELAXED);
        memcpy((char *)out + at, &word, len - at);
    }
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    after = __atomic_load_n(sequence, __ATOMIC_RELAXED);
    if (after - (before & ~UINT64_C(1)) > 2)
        return 0;
    if (version)
        *version = before >> 1;
    return 1;
}

/* Tries so many times; 0 means for ever. Returns 0, or -1 with EAGAIN. */
static inline int shmstore_read(const volatile uint64_t *sequence, const volatile uint64_t *slots, size_t slot_words,
                                void *out, size_t len, uint64_t *version, uint64_t attempts)
{
    uint64_t attempt;
    for (attempt = 0; attempts == 0 || attempt < attempts; attempt++) {
        if (shmstore_read_once(sequence, slots, slot_words, out, len, version))
            return 0;
#if defined(__x86_64__)
        __builtin_ia32_pause();
#endif
    }
    errno = EAGAIN;
    return -1;
}

static inline uint64_t shmstore_u64_at(const void *base, size_t offset)
{
    return __atomic_load_n((const uint64_t *)(const void *)((const char *)base + offset), __ATOMIC_RELAXED);
}

static inline uint32_t shmstore_u32_at(const void *base, size_t offset)
{
    return __atomic_load_n((const uint32_t *)(const void *)((const char *)base + offset), __ATOMIC_RELAXED);
}

/* The high half of a segment's first word: FNV-1a of 32 bits over device, inode and id. */
static inline uint32_t shmstore_identity_hash(uint64_t dev, uint64_t ino, int id)
{
    uint32_t hash = 0x811c9dc5u;
    int at;
    for (at = 0; at < 17; at++) {
        uint64_t byte = at < 8 ? dev >> (8 * at) : at < 16 ? ino >> (8 * (at - 8)) : (uint64_t)id;
        hash = (hash ^ (uint32_t)(byte & 0xff)) * 0x01000193u;
    }
    return hash;
}

/* When the file at the path was made. Returns 0 where that is not known, or proves nothing: on overlayfs. */
static inline int shmstore_birth(const char *path, uint64_t *seconds, uint32_t *nanoseconds)
{
#ifdef SYS_statx
    uint64_t found[32]; /* a struct statx, which not every C library has */
    struct statfs fs;
    memset(found, 0, sizeof found);
    if (statfs(path, &fs) != 0 || fs.f_type == 0x794c7630)
        return 0;
    if (syscall(SYS_statx, AT_FDCWD, path, 0, 0x800, found) != 0 || !(found[0] & 0x800))
        return 0;
    *seconds = found[10];
    *nanoseconds = (uint32_t)found[11];
    return 1;
#else
    (void)path, (void)seconds, (void)nanoseconds;
    return 0;
#endif
}

/* What an attach function was asked for. */
typedef struct shmstore_wanted {
    const char *path, *what;
    int id, flags;
    uint64_t dev, ino, hash_low, hash_high, len;
} shmstore_wanted;

#define SHMSTORE_REFUSE(error, ...)                                          \
    do {                                                                     \
        snprintf(segment->message, sizeof segment->message, __VA_ARGS__);    \
        errno = (error);                                                     \
        return -1;                                                           \
    } while (0)

/* Checks what the kernel says of the segment. */
static inline int shmstore_check_status(shmstore_segment *segment, const shmstore_wanted *wanted, key_t key)
{
    struct shmid_ds status;
    uid_t me = geteuid();
    if (shmctl(segment->shmid, IPC_STAT, &status) != 0)
        SHMSTORE_REFUSE(errno, "asking for the status of segment %d: %s", segment->shmid, strerror(errno));
    segment->size = status.shm_segsz;
#ifdef __GLIBC__
    if (status.shm_perm.__key != key)
        SHMSTORE_REFUSE(ESTALE, "segment %d was removed meanwhile: attach again", segment->shmid);
#else
    (void)key;
#endif
    if (status.shm_perm.mode & 01000)
        SHMSTORE_REFUSE(ESTALE, "segment %d was removed meanwhile: attach again", segment->shmid);
    if (!(wanted->flags & SHMSTORE_ANY_OWNER) && ((status.shm_perm.cuid != me && status.shm_perm.cuid != 0) ||
                                                   (status.shm_perm.uid != me && status.shm_perm.uid != 0)))
        SHMSTORE_REFUSE(EPERM, "segment %d was made by user %lu and belongs to user %lu, and is believed only of this user "
                        "and of root: give SHMSTORE_ANY_OWNER to believe it", segment->shmid,
                        (unsigned long)status.shm_perm.cuid, (unsigned long)status.shm_perm.uid);
    if (segment->size % 4096 != 1357 || segment->size < 1024)
        SHMSTORE_REFUSE(EPROTO, "segment %d at key %#x has a size of %zu bytes, as shmstore makes none: it is another "
                        "program's", segment->shmid, (unsigned)key, segment->size);
    return 0;
}

/* Checks who the segment is. */
static inline int shmstore_check_identity(shmstore_segment *segment, const shmstore_wanted *wanted)
{
    uint64_t first_word = shmstore_u64_at(segment->base, 0), birth_seconds = 0;
    uint32_t version, state, birth_nanoseconds = 0;
    if (first_word == 0)
        SHMSTORE_REFUSE(EAGAIN, "segment %d is being made: attach again", segment->shmid);
    if ((uint32_t)first_word != 0x536d6873u)
        SHMSTORE_REFUSE(EPROTO, "segment %d was not made by shmstore", segment->shmid);
    if (first_word >> 32 != shmstore_identity_hash(wanted->dev, wanted->ino, wanted->id))
        SHMSTORE_REFUSE(ESTALE, "segment %d has the key of %s, but was made for another file", segment->shmid, wanted->path);
    version = shmstore_u32_at(segment->base, 8);
    state = shmstore_u32_at(segment->base, 12);
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    if (version == 0 || state == 0 || state == 1)
        SHMSTORE_REFUSE(EAGAIN, "the object at %s is being made: attach again", wanted->path);
    if (version != 1)
        SHMSTORE_REFUSE(EPROTO, "the object at %s is of format version %u, expected 1", wanted->path, version);
    if (state == 3)
        SHMSTORE_REFUSE(ESTALE, "the object at %s was removed: attach again", wanted->path);
    if (state != 2)
        SHMSTORE_REFUSE(EPROTO, "the header of the object at %s is damaged: state is %u", wanted->path, state);
    if (shmstore_u64_at(segment->base, 32) != wanted->dev || shmstore_u64_at(segment->base, 40) != wanted->ino ||
        shmstore_u32_at(segment->base, 64) != (uint32_t)wanted->id)
        SHMSTORE_REFUSE(ESTALE, "segment %d has the key of %s, but was made for another file", segment->shmid, wanted->path);
    if (shmstore_u32_at(segment->base, 60) == 1 && shmstore_birth(wanted->path, &birth_seconds, &birth_nanoseconds) &&
        (shmstore_u64_at(segment->base, 48) != birth_seconds || shmstore_u32_at(segment->base, 56) != birth_nanoseconds))
        SHMSTORE_REFUSE(ESTALE, "segment %d was made for a file on the inode of %s that is gone", segment->shmid,
                        wanted->path);
    return 0;
}

static inline uint64_t shmstore_up(uint64_t number, uint64_t multiple)
{
    return (number + multiple - 1) / multiple * multiple;
}

/* Whether the parts are where their lengths put them: then none lies outside the segment. */
static inline int shmstore_is_laid_out(const void *base, uint64_t size, uint64_t payload_len)
{
    uint64_t slot_count = shmstore_u32_at(base, 124), schema_len = shmstore_u64_at(base, 152);
    uint64_t is_small = payload_len <= 1024, front = 1024 + (is_small ? payload_len : 0), slots_at, schema_at, end, payload_at;
    if (slot_count < 1 || slot_count > 65536 || schema_len > size || payload_len > size)
        return 0;
    if (front + schema_len <= 3072) {
        schema_at = front;
        slots_at = shmstore_up(front + schema_len, 128);
        end = slots_at + 32 * slot_count;
    } else {
        slots_at = shmstore_up(front, 128);
        schema_at = slots_at + 32 * slot_count;
        end = schema_at + schema_len;
    }
    payload_at = is_small ? 1024 : shmstore_up(end, 4096);
    end = is_small ? end : payload_at + payload_len;
    return shmstore_u64_at(base, 128) == slots_at && shmstore_u64_at(base, 136) == 32 &&
           shmstore_u64_at(base, 144) == schema_at && shmstore_u64_at(base, 160) == payload_at &&
           shmstore_u64_at(base, 168) == payload_len && shmstore_u64_at(base, 176) == size &&
           shmstore_up(end, 4096) + 1357 == size;
}

/* Where the payload is in a segment that is laid out so: from what the kernel says, as the header may change. */
static inline size_t shmstore_payload_at(uint64_t size, uint64_t payload_len)
{
    return payload_len <= 1024 ? 1024 : size - 1357 - shmstore_up(payload_len, 4096);
}

/* Checks what is in the segment, and where. */
static inline int shmstore_check_layout(shmstore_segment *segment, const shmstore_wanted *wanted)
{
    uint64_t low = shmstore_u64_at(segment->base, 72), high = shmstore_u64_at(segment->base, 80);
    uint32_t unknown_flags = shmstore_u32_at(segment->base, 16) & 0xffff; /* the upper half may be ignored */
    if (unknown_flags != 0)
        SHMSTORE_REFUSE(EPROTO, "the object at %s uses features that this header does not know (flags %#06x): write this "
                        "header anew by the newer shmstore that the object's programs use", wanted->path, unknown_flags);
    if (low != wanted->hash_low || high != wanted->hash_high)
        SHMSTORE_REFUSE(EPROTOTYPE, "the object at %s has the layout %016llx%016llx, expected %016llx%016llx: write this "
                        "header anew from its schema", wanted->path, (unsigned long long)high, (unsigned long long)low,
                        (unsigned long long)wanted->hash_high, (unsigned long long)wanted->hash_low);
    if (shmstore_u32_at(segment->base, 20) != 1024 || shmstore_u32_at(segment->base, 184) != 0x01020304u)
        SHMSTORE_REFUSE(EPROTO, "the header of the object at %s is damaged: header_len or byte_order", wanted->path);
    if (!shmstore_is_laid_out(segment->base, segment->size, wanted->len))
        SHMSTORE_REFUSE(EPROTO, "the header of the object at %s is damaged: lengths and offsets are not those of an object "
                        "of %llu bytes in a segment of %zu", wanted->path, (unsigned long long)wanted->len, segment->size);
    return 0;
}

static inline int shmstore_check(shmstore_segment *segment, const shmstore_wanted *wanted, key_t key)
{
    if (shmstore_check_status(segment, wanted, key) != 0 || shmstore_check_identity(segment, wanted) != 0)
        return -1;
    return shmstore_check_layout(segment, wanted);
}

/* Maps the segment at the path's key. */
static inline int shmstore_map(shmstore_segment *segment, shmstore_wanted *wanted, key_t *key)
{
    struct stat anchor;
    if (stat(wanted->path, &anchor) != 0)
        SHMSTORE_REFUSE(errno, "looking at %s: %s", wanted->path, strerror(errno));
    wanted->dev = anchor.st_dev;
    wanted->ino = anchor.st_ino;
    *key = (key_t)((wanted->ino & 0xffff) | (wanted->dev & 0xff) << 16 | (uint64_t)wanted->id << 24);
    segment->shmid = shmget(*key, 0, 0);
    if (segment->shmid < 0 && errno == ENOENT)
        SHMSTORE_REFUSE(ENOENT, "there is no %s at %s, key %#x: is its creator running, and in the same IPC namespace?",
                        wanted->what, wanted->path, (unsigned)*key);
    if (segment->shmid < 0)
        SHMSTORE_REFUSE(errno, "looking for the %s at %s, key %#x: %s", wanted->what, wanted->path, (unsigned)*key,
                        strerror(errno));
    /* Before it is mapped, and once more when it is: until then its number may become that of another. */
    if (shmstore_check_status(segment, wanted, *key) != 0)
        return -1;
    segment->base = shmat(segment->shmid, NULL, wanted->flags & SHMSTORE_READ_ONLY ? SHM_RDONLY : 0);
    if (segment->base == (void *)-1) {
        segment->base = NULL;
        SHMSTORE_REFUSE(errno, "attaching segment %d for %s: %s", segment->shmid, wanted->path, strerror(errno));
    }
    return 0;
}

/* Detaches. What pointed into the object points nowhere then. */
static inline void shmstore_detach(shmstore_segment *segment)
{
    int error = errno;
    if (segment->base)
        shmdt(segment->base);
    segment->base = NULL;
    errno = error;
}

/* Attaches, and returns where the object is; or NULL, with errno and a message. */
static inline void *shmstore_attach(shmstore_segment *segment, shmstore_wanted wanted)
{
    key_t key = 0;
    memset(segment, 0, sizeof *segment);
    if (shmstore_map(segment, &wanted, &key) != 0)
        return NULL;
    if (shmstore_check(segment, &wanted, key) != 0) {
        shmstore_detach(segment);
        return NULL;
    }
    return (char *)segment->base + shmstore_payload_at(segment->size, wanted.len);
}

#endif
#endif /* SHMSTORE_C_COMMON_1 */
