static inline uint64_t shmstore_u64_at(const void *base, size_t offset)
{
    return __atomic_load_n((const uint64_t *)(const void *)((const char *)base + offset), __ATOMIC_RELAXED);
}

static inline uint32_t shmstore_u32_at(const void *base, size_t offset)
{
    return __atomic_load_n((const uint32_t *)(const void *)((const char *)base + offset), __ATOMIC_RELAXED);
}

/* Returns the high half of a segment's first word: the FNV-1a hash of 32 bits over device, inode and id. */
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

/* Reads when the file at the path was created. Returns 0 if that is unknown, or unreliable as on overlayfs. */
static inline int shmstore_birth(const char *path, uint64_t *seconds, uint32_t *nanoseconds)
{
#ifdef SYS_statx
    uint64_t found[32]; /* a struct statx, which some C libraries do not define */
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

/* The object that an attach function looks for. `prefix` is the hash of its type's fields, `len` the size of the type.
   The rest is where the segment has its payload and, if the object grows, its layout log. */
typedef struct shmstore_wanted {
    const char *path, *what;
    int id, flags;
    uint64_t dev, ino, hash_low, hash_high, prefix_low, prefix_high, fields, len;
    uint64_t payload_at, payload_len, log_at, log_len;
} shmstore_wanted;

/* Flags in the header. */
#define SHMSTORE_IS_MOVING 1u
#define SHMSTORE_HAS_ROOM 2u
#define SHMSTORE_IS_MIRRORED 4u
#define SHMSTORE_IS_JOURNAL 8u
#define SHMSTORE_KNOWN_FLAGS \
    (SHMSTORE_IS_MOVING | SHMSTORE_HAS_ROOM | SHMSTORE_IS_MIRRORED | SHMSTORE_IS_JOURNAL)

#define SHMSTORE_REFUSE(error, ...)                                          \
    do {                                                                     \
        snprintf(segment->message, sizeof segment->message, __VA_ARGS__);    \
        errno = (error);                                                     \
        return -1;                                                           \
    } while (0)

/* Checks what the kernel knows about the segment. */
static inline int shmstore_check_status(shmstore_segment *segment, const shmstore_wanted *wanted, key_t key)
{
    struct shmid_ds status;
    uid_t me = geteuid();
    if (shmctl(segment->shmid, IPC_STAT, &status) != 0)
        SHMSTORE_REFUSE(errno, "reading the status of segment %d: %s", segment->shmid, strerror(errno));
    segment->size = status.shm_segsz;
#ifdef __GLIBC__
    if (status.shm_perm.__key != key)
        SHMSTORE_REFUSE(ESTALE, "segment %d was removed: attach again", segment->shmid);
#else
    (void)key;
#endif
    if (status.shm_perm.mode & 01000)
        SHMSTORE_REFUSE(ESTALE, "segment %d was removed: attach again", segment->shmid);
    if (!(wanted->flags & SHMSTORE_ANY_OWNER) && ((status.shm_perm.cuid != me && status.shm_perm.cuid != 0) ||
                                                   (status.shm_perm.uid != me && status.shm_perm.uid != 0)))
        SHMSTORE_REFUSE(EPERM, "segment %d was created by user %lu and belongs to user %lu, but only this user and "
                        "root are trusted: use SHMSTORE_ANY_OWNER to accept it", segment->shmid,
                        (unsigned long)status.shm_perm.cuid, (unsigned long)status.shm_perm.uid);
    if (segment->size % 4096 != 1357 || segment->size < 1024)
        SHMSTORE_REFUSE(EPROTO, "segment %d at key %#x belongs to another program: no segment of shmstore has %zu "
                        "bytes", segment->shmid, (unsigned)key, segment->size);
    return 0;
}

/* Checks that the segment belongs to the anchor and the id. */
static inline int shmstore_check_identity(shmstore_segment *segment, const shmstore_wanted *wanted)
{
    uint64_t first_word = shmstore_u64_at(segment->base, 0), birth_seconds = 0;
    uint32_t version, state, birth_nanoseconds = 0;
    if (first_word == 0)
        SHMSTORE_REFUSE(EAGAIN, "segment %d is being created: attach again", segment->shmid);
    if ((uint32_t)first_word != 0x536d6873u)
        SHMSTORE_REFUSE(EPROTO, "segment %d was not created by shmstore", segment->shmid);
    if (first_word >> 32 != shmstore_identity_hash(wanted->dev, wanted->ino, wanted->id))
        SHMSTORE_REFUSE(ESTALE, "segment %d has the key of %s, but was created for another file", segment->shmid,
                        wanted->path);
    version = shmstore_u32_at(segment->base, 8);
    state = shmstore_u32_at(segment->base, 12);
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    if (version == 0 || state == 0 || state == 1)
        SHMSTORE_REFUSE(EAGAIN, "the object at %s is being created: attach again", wanted->path);
    if (version != 1)
        SHMSTORE_REFUSE(EPROTO, "the object at %s has format version %u, expected 1", wanted->path, version);
    if (state == 3)
        SHMSTORE_REFUSE(ESTALE, "the object at %s was removed: attach again", wanted->path);
    if (state != 2)
        SHMSTORE_REFUSE(EPROTO, "the header of the object at %s is damaged: state is %u", wanted->path, state);
    if (shmstore_u64_at(segment->base, 32) != wanted->dev || shmstore_u64_at(segment->base, 40) != wanted->ino ||
        shmstore_u32_at(segment->base, 64) != (uint32_t)wanted->id)
        SHMSTORE_REFUSE(ESTALE, "segment %d has the key of %s, but was created for another file", segment->shmid,
                        wanted->path);
    if (shmstore_u32_at(segment->base, 60) == 1 && shmstore_birth(wanted->path, &birth_seconds, &birth_nanoseconds) &&
        (shmstore_u64_at(segment->base, 48) != birth_seconds ||
         shmstore_u32_at(segment->base, 56) != birth_nanoseconds))
        SHMSTORE_REFUSE(ESTALE, "segment %d was created for an earlier file with the inode of %s", segment->shmid,
                        wanted->path);
    return 0;
}

static inline uint64_t shmstore_up(uint64_t number, uint64_t multiple)
{
    return (number + multiple - 1) / multiple * multiple;
}

/* Returns 1 if the offsets in the header follow from the lengths, and notes where payload and layout log are. Then no
   part is outside of the segment. */
static inline int shmstore_is_laid_out(const void *base, uint64_t size, uint64_t has_room, shmstore_wanted *wanted)
{
    uint64_t slot_count = shmstore_u32_at(base, 124), schema_len = shmstore_u64_at(base, 152);
    uint64_t payload_len = shmstore_u64_at(base, 168), log_len = shmstore_u64_at(base, 264);
    uint64_t is_small = payload_len <= 1024, front = 1024 + (is_small ? payload_len : 0);
    uint64_t slots_at = shmstore_up(front, 128), schema_at = 0, log_at = 0, end, payload_at;
    if (slot_count < 1 || slot_count > 65536 || schema_len > size || payload_len > size || log_len > size)
        return 0;
    if (has_room ? schema_len != 0 || log_len == 0 || log_len % 4096 != 0 : log_len != 0)
        return 0;
    if (has_room) {
        log_at = shmstore_up(slots_at + 32 * slot_count, 128);
        end = log_at + log_len;
    } else if (front + schema_len <= 3072) {
        schema_at = front;
        slots_at = shmstore_up(front + schema_len, 128);
        end = slots_at + 32 * slot_count;
    } else {
        schema_at = slots_at + 32 * slot_count;
        end = schema_at + schema_len;
    }
    payload_at = is_small ? 1024 : shmstore_up(end, 4096);
    end = is_small ? end : payload_at + payload_len;
    wanted->payload_at = payload_at;
    wanted->payload_len = payload_len;
    wanted->log_at = log_at;
    wanted->log_len = log_len;
    return shmstore_u64_at(base, 128) == slots_at && shmstore_u64_at(base, 136) == 32 &&
           shmstore_u64_at(base, 144) == schema_at && shmstore_u64_at(base, 160) == payload_at &&
           shmstore_u64_at(base, 176) == size && shmstore_u64_at(base, 256) == log_at &&
           shmstore_up(end, 4096) + 1357 == size;
}

/* Checks the flags of a segment that is attached. */
static inline int shmstore_check_flags(shmstore_segment *segment, const shmstore_wanted *wanted, uint32_t flags)
{
    uint32_t unknown_flags = flags & 0xffff & ~SHMSTORE_KNOWN_FLAGS; /* the upper half may be ignored */
    if (unknown_flags != 0)
        SHMSTORE_REFUSE(EPROTO, "the object at %s uses features that this header does not know (flags %#06x): generate "
                        "this header again with the newer shmstore of the object's programs", wanted->path,
                        unknown_flags);
    if (flags & SHMSTORE_IS_JOURNAL)
        SHMSTORE_REFUSE(EPROTO, "segment %d at %s is the journal of a migration, and no object", segment->shmid,
                        wanted->path);
    if ((flags & SHMSTORE_IS_MIRRORED) && !(wanted->flags & SHMSTORE_READ_ONLY))
        SHMSTORE_REFUSE(EROFS, "the object at %s is a copy of another machine's, which its owner alone writes: attach "
                        "it with SHMSTORE_READ_ONLY", wanted->path);
    if (flags & SHMSTORE_IS_MOVING)
        SHMSTORE_REFUSE(EAGAIN, "the object at %s is about to be migrated, replaced or removed: attach again",
                        wanted->path);
    return 0;
}

static inline int shmstore_refuse_layout(shmstore_segment *segment, const shmstore_wanted *wanted, uint64_t low,
                                         uint64_t high)
{
    SHMSTORE_REFUSE(EPROTOTYPE, "the object at %s has the layout %016llx%016llx, expected %016llx%016llx: generate "
                    "this header again from its schema", wanted->path, (unsigned long long)high,
                    (unsigned long long)low, (unsigned long long)wanted->hash_high,
                    (unsigned long long)wanted->hash_low);
}

/* Checks that the newest layout of an object with room begins with the fields of this header. */
static inline int shmstore_check_prefix(shmstore_segment *segment, const shmstore_wanted *wanted)
{
    const void *base = segment->base;
    uint64_t layout = shmstore_u64_at(base, 248), at = layout >> 32, len = layout & 0xffffffffu;
    uint64_t log_end = wanted->log_at + wanted->log_len, low, high, fields;
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    if (at < wanted->log_at || at >= log_end || at % 16 != 0 || len < 32 || len > log_end - at)
        SHMSTORE_REFUSE(EPROTO, "the header of the object at %s is damaged: layout is %#llx", wanted->path,
                        (unsigned long long)layout);
    low = shmstore_u64_at(base, at);
    high = shmstore_u64_at(base, at + 8);
    fields = shmstore_u32_at(base, at + 28);
    if (shmstore_u64_at(base, at + 16) > wanted->payload_len ||
        32 + 16 * fields + shmstore_u32_at(base, at + 24) != len)
        SHMSTORE_REFUSE(EPROTO, "the layout log of the object at %s is damaged", wanted->path);
    if (wanted->fields == 0 || shmstore_u32_at(base, 188) != 8)
        return shmstore_refuse_layout(segment, wanted, low, high);
    if (fields < wanted->fields)
        SHMSTORE_REFUSE(EPROTOTYPE, "the object at %s has the layout %016llx%016llx with %llu fields, but this header "
                        "has %llu fields: start a program with the newer type, which extends the object, or generate "
                        "this header again from its schema", wanted->path, (unsigned long long)high,
                        (unsigned long long)low, (unsigned long long)fields, (unsigned long long)wanted->fields);
    at += 32 + 16 * (wanted->fields - 1);
    if (shmstore_u64_at(base, at) != wanted->prefix_low || shmstore_u64_at(base, at + 8) != wanted->prefix_high)
        return shmstore_refuse_layout(segment, wanted, low, high);
    return 0;
}

/* Checks the layout of the segment and of the object. */
static inline int shmstore_check_layout(shmstore_segment *segment, shmstore_wanted *wanted)
{
    uint64_t low = shmstore_u64_at(segment->base, 72), high = shmstore_u64_at(segment->base, 80);
    uint32_t flags, has_room, is_exact = low == wanted->hash_low && high == wanted->hash_high;
    /* A process that migrates the object sets the flag, and then looks for attachments. */
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    flags = shmstore_u32_at(segment->base, 16);
    has_room = flags & SHMSTORE_HAS_ROOM;
    if (shmstore_check_flags(segment, wanted, flags) != 0)
        return -1;
    if (!is_exact && !has_room)
        return shmstore_refuse_layout(segment, wanted, low, high);
    if (shmstore_u32_at(segment->base, 20) != 1024 || shmstore_u32_at(segment->base, 184) != 0x01020304u)
        SHMSTORE_REFUSE(EPROTO, "the header of the object at %s is damaged: header_len or byte_order", wanted->path);
    if (!shmstore_is_laid_out(segment->base, segment->size, has_room, wanted))
        SHMSTORE_REFUSE(EPROTO, "the header of the object at %s is damaged: its lengths and offsets do not fit a "
                        "segment of %zu bytes", wanted->path, segment->size);
    if (!is_exact && shmstore_check_prefix(segment, wanted) != 0)
        return -1;
    if (wanted->payload_len < wanted->len || (!has_room && wanted->payload_len != wanted->len))
        SHMSTORE_REFUSE(EPROTO, "the header of the object at %s is damaged: it has %llu bytes, expected %llu",
                        wanted->path, (unsigned long long)wanted->payload_len, (unsigned long long)wanted->len);
    return 0;
}

static inline int shmstore_check(shmstore_segment *segment, shmstore_wanted *wanted, key_t key)
{
    if (shmstore_check_status(segment, wanted, key) != 0 || shmstore_check_identity(segment, wanted) != 0)
        return -1;
    return shmstore_check_layout(segment, wanted);
}

/* Attaches the segment with the key of the path. */
static inline int shmstore_map(shmstore_segment *segment, shmstore_wanted *wanted, key_t *key)
{
    struct stat anchor;
    if (stat(wanted->path, &anchor) != 0)
        SHMSTORE_REFUSE(errno, "reading the metadata of %s: %s", wanted->path, strerror(errno));
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
    /* This check is repeated after attaching, because until then the number may pass to another segment. */
    if (shmstore_check_status(segment, wanted, *key) != 0)
        return -1;
    segment->base = shmat(segment->shmid, NULL, wanted->flags & SHMSTORE_READ_ONLY ? SHM_RDONLY : 0);
    if (segment->base == (void *)-1) {
        segment->base = NULL;
        SHMSTORE_REFUSE(errno, "attaching segment %d for %s: %s", segment->shmid, wanted->path, strerror(errno));
    }
    return 0;
}

/* Detaches. Pointers into the object become invalid. */
static inline void shmstore_detach(shmstore_segment *segment)
{
    int error = errno;
    if (segment->base)
        shmdt(segment->base);
    segment->base = NULL;
    errno = error;
}

/* Attaches, and returns the address of the object; or NULL, with errno and a message. */
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
    return (char *)segment->base + wanted.payload_at;
}

#endif
#endif /* SHMSTORE_C_COMMON_1 */
