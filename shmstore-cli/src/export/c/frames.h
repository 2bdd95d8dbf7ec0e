
/* The common part of headers with `Frames`. */
#ifndef SHMSTORE_C_FRAMES_1
#define SHMSTORE_C_FRAMES_1

/* Attempts to copy a frame whose slot is reused meanwhile. */
#define SHMSTORE_FRAMES_PATIENCE 1000

/* A `Frames`, with its offsets in bytes. `newest` is the number of the newest frame in bits 4 to 63 and its slot in
 * bits 0 to 3. The word of a slot with frame n is 2^63 + n. */
typedef struct shmstore_frames {
    const volatile uint64_t *newest, *slots;
    const volatile char *frames;
    uint64_t slot_count, capacity;
    size_t stride, meta_at, meta_len, elements_at, element_len;
} shmstore_frames;

/* Copies bytes from an address that is a multiple of 8 by atomic loads, because a writer may store meanwhile. */
static inline void shmstore_copy_racing(const volatile char *from, void *out, size_t len)
{
    const volatile uint64_t *words = (const volatile uint64_t *)(const volatile void *)from;
    uint64_t word;
    size_t at;
    for (at = 0; at + sizeof word <= len; at += sizeof word) {
        word = __atomic_load_n(words + at / sizeof word, __ATOMIC_RELAXED);
        memcpy((char *)out + at, &word, sizeof word);
    }
    if (at < len) {
        word = __atomic_load_n(words + at / sizeof word, __ATOMIC_RELAXED);
        memcpy((char *)out + at, &word, len - at);
    }
}

static inline int shmstore_frames_newest(const shmstore_frames *of, void *elements, uint64_t most, uint64_t *len,
                                         void *meta, uint64_t *number)
{
    int attempt;
    for (attempt = 0; attempt < SHMSTORE_FRAMES_PATIENCE; attempt++) {
        uint64_t newest = __atomic_load_n(of->newest, __ATOMIC_ACQUIRE), count;
        uint64_t slot = newest & 15, word = UINT64_C(1) << 63 | newest >> 4;
        const volatile char *frame;
        if (newest >> 4 == 0)
            return 0;
        if (slot >= of->slot_count || __atomic_load_n(of->slots + slot, __ATOMIC_ACQUIRE) != word)
            continue;
        frame = of->frames + slot * of->stride;
        count = __atomic_load_n((const volatile uint64_t *)(const volatile void *)frame, __ATOMIC_RELAXED);
        count = count < of->capacity ? count : of->capacity;
        if (meta && of->meta_len)
            shmstore_copy_racing(frame + of->meta_at, meta, of->meta_len);
        if (elements)
            shmstore_copy_racing(frame + of->elements_at, elements, (count < most ? count : most) * of->element_len);
        __atomic_thread_fence(__ATOMIC_ACQUIRE);
        if (__atomic_load_n(of->slots + slot, __ATOMIC_RELAXED) != word)
            continue;
        if (len)
            *len = count;
        if (number)
            *number = newest >> 4;
        return 1;
    }
    errno = EAGAIN;
    return -1;
}

#endif /* SHMSTORE_C_FRAMES_1 */
