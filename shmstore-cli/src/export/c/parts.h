/* The common part of all headers that shmstore writes. The compiler sees it once. */
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
#error "this header needs a little-endian machine with pointers of 8 bytes"
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
#define SHMSTORE_READ_ONLY 1 /* attach for reading: a store ends the program by SIGSEGV */
#define SHMSTORE_ANY_OWNER 2 /* accept objects of all users, not only of this user and root */

/* An attached segment. After an error, `message` has the reason. */
typedef struct shmstore_segment {
    void *base;
    size_t size;
    int shmid;
    char message[512];
} shmstore_segment;

/* Atomic integers. Use only these functions to access them. */
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
    /* Returns the previous value. */                                                                  \
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

/* A `Lock`. A program may read it, but must not take it, because a holder needs a token.
 * `word` is 0 if the lock is free. Otherwise bits 0 to 28 are the token of the holder, and bit 31 is set if a process
 * waits. Bit 0 of `state` is set if a holder died and the data may be inconsistent. */
typedef struct shmstore_lock {
    uint32_t word;
    uint32_t state;
} __attribute__((aligned(8))) shmstore_lock;

/* An `Event`. Bit 0 of `word` is set if a process waits. Bits 1 to 63 are the count of notifications. */
typedef struct shmstore_event {
    uint64_t word;
    uint64_t reserved;
} __attribute__((aligned(8))) shmstore_event;

static inline uint64_t shmstore_event_load(const volatile shmstore_event *event)
{
    return __atomic_load_n(&event->word, __ATOMIC_ACQUIRE) >> 1;
}

/* Returns the number of bytes in a FixedString, at most its capacity. */
static inline uint32_t shmstore_text_len(const void *string, uint32_t capacity)
{
    uint32_t len;
    memcpy(&len, string, sizeof len);
    return len < capacity ? len : capacity;
}

/* Returns the number of elements in a FixedVec, at most its capacity. */
static inline uint64_t shmstore_vec_len(const void *vec, uint64_t capacity)
{
    uint64_t len;
    memcpy(&len, vec, sizeof len);
    return len < capacity ? len : capacity;
}

/* Copies the newest version once. Returns 1, or 0 if a writer may have overtaken the copy: then do not use `out`.
 * A writer may store meanwhile, so the copy is made of atomic loads. The fences order them. */
static inline int shmstore_read_once(const volatile uint64_t *sequence, const volatile uint64_t *slots,
                                     size_t slot_words, void *out, size_t len, uint64_t *version)
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

/* Copies the newest version with a limited number of attempts; 0 means no limit. Returns 0, or -1 with EAGAIN. */
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

