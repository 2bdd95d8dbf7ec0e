/* The slots of a `Queue` or `Broadcast`, in words of 8 bytes. Position p is in slot p modulo the capacity. */
typedef struct shmstore_ring {
    const volatile uint64_t *slots;
    const volatile uint64_t *tail; /* the next position to fill, or an earlier one */
    uint64_t capacity;
    size_t slot_words;
    size_t value_at;
    size_t value_len; /* in bytes */
} shmstore_ring;

static inline uint64_t shmstore_tail(const shmstore_ring *ring)
{
    return __atomic_load_n(ring->tail, __ATOMIC_ACQUIRE);
}

static inline const volatile uint64_t *shmstore_slot(const shmstore_ring *ring, uint64_t position)
{
    return ring->slots + position % ring->capacity * ring->slot_words;
}

/* Copies the value of a slot by atomic loads. Returns 1 if the slot's word is `wanted` before and after the copy. */
static inline int shmstore_copy_slot(const shmstore_ring *ring, const volatile uint64_t *slot, uint64_t wanted,
                                     void *out)
{
    const volatile uint64_t *from = slot + ring->value_at;
    uint64_t word;
    size_t at;
    if (__atomic_load_n(slot, __ATOMIC_RELAXED) != wanted)
        return 0;
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    for (at = 0; at + sizeof word <= ring->value_len; at += sizeof word) {
        word = __atomic_load_n(from + at / sizeof word, __ATOMIC_RELAXED);
        memcpy((char *)out + at, &word, sizeof word);
    }
    if (at < ring->value_len) {
        word = __atomic_load_n(from + at / sizeof word, __ATOMIC_RELAXED);
        memcpy((char *)out + at, &word, ring->value_len - at);
    }
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    return __atomic_load_n(slot, __ATOMIC_RELAXED) == wanted;
}

/* Returns a negative number before the item of a position is there, 0 while it is there, and a positive number once it
 * is overwritten. The slot of item k has the sequence number 2k + 2 while the item is there. */
static inline int64_t shmstore_broadcast_since(const shmstore_ring *ring, uint64_t position)
{
    uint64_t sequence = __atomic_load_n(shmstore_slot(ring, position), __ATOMIC_ACQUIRE);
    if (position >> 62) /* no item ever gets so far, and the difference would wrap */
        return -1;
    return (int64_t)(sequence - (2 * position + 2));
}

/* Returns the number of items that were sent. The tail may be too low, because a sender may have died before it moved
 * the tail. */
static inline uint64_t shmstore_ring_sent(const shmstore_ring *ring)
{
    uint64_t position = shmstore_tail(ring), steps;
    for (steps = 0; steps < ring->capacity && shmstore_broadcast_since(ring, position) >= 0; steps++)
        position++;
    return position;
}

static inline uint64_t shmstore_broadcast_oldest(const shmstore_ring *ring)
{
    uint64_t sent = shmstore_ring_sent(ring);
    if (sent < ring->capacity)
        return 0;
    return sent - ring->capacity + (shmstore_broadcast_since(ring, sent - ring->capacity) != 0);
}

static inline int shmstore_broadcast_receive(const shmstore_ring *ring, uint64_t *position, void *out, uint64_t *missed)
{
    uint64_t at = *position, next, margin = ring->capacity / 4 > 2 ? ring->capacity / 4 : 2;
    if (shmstore_broadcast_since(ring, at) < 0)
        return 0;
    if (shmstore_copy_slot(ring, shmstore_slot(ring, at), 2 * at + 2, out)) {
        *position = at + 1;
        return 1;
    }
    if (shmstore_broadcast_since(ring, at) <= 0)
        return 0;
    /* The oldest items are overwritten next. So the reader goes on a quarter of the capacity after the oldest one. */
    next = shmstore_ring_sent(ring) - ring->capacity + (margin < ring->capacity ? margin : ring->capacity - 1);
    if ((int64_t)(next - (at + 1)) < 0)
        next = at + 1;
    *missed = next - at;
    *position = next;
    return -1;
}

/* The word of a queue's slot: bits 0 to 28 are the token of the process that has taken the item, bit 32 is set while
 * there is an item, and bits 33 to 63 are the lap. */
#define SHMSTORE_QUEUE_TOKEN UINT64_C(0x1fffffff)
#define SHMSTORE_QUEUE_FULL (UINT64_C(1) << 32)

/* Returns 1 if a word has the item of this position. */
static inline int shmstore_queue_has(const shmstore_ring *ring, uint64_t position, uint64_t word)
{
    return (word & SHMSTORE_QUEUE_FULL) && word >> 33 == (position / ring->capacity & 0x7fffffff);
}

/* Copies the item of a position that no process has taken. Returns 1, or 0 if there is none. */
static inline int shmstore_queue_look(const shmstore_ring *ring, uint64_t position, void *out)
{
    const volatile uint64_t *slot = shmstore_slot(ring, position);
    uint64_t word = __atomic_load_n(slot, __ATOMIC_RELAXED);
    if (!shmstore_queue_has(ring, position, word) || (word & SHMSTORE_QUEUE_TOKEN))
        return 0;
    return shmstore_copy_slot(ring, slot, word, out);
}

/* Returns the positions at which items may be, at most as many as there are slots. The tail may be one too low, because
 * a producer may have died before it moved the tail. */
static inline void shmstore_queue_positions(const shmstore_ring *ring, uint64_t head, uint64_t *first, uint64_t *end)
{
    uint64_t tail = shmstore_tail(ring), len;
    tail += shmstore_queue_has(ring, tail, __atomic_load_n(shmstore_slot(ring, tail), __ATOMIC_RELAXED));
    len = tail - head;
    *first = tail - (len > ring->capacity ? ring->capacity : len);
    *end = tail;
}

/* Returns the number of unfinished items: of the taken ones if `taken` is not 0, else of the ones that wait. */
static inline uint64_t shmstore_queue_count(const shmstore_ring *ring, uint64_t head, int taken)
{
    uint64_t at, end, word, found = 0;
    for (shmstore_queue_positions(ring, head, &at, &end); at != end; at++) {
        word = __atomic_load_n(shmstore_slot(ring, at), __ATOMIC_RELAXED);
        found += shmstore_queue_has(ring, at, word) && !(word & SHMSTORE_QUEUE_TOKEN) == !taken;
    }
    return found;
}
