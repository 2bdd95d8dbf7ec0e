#define SHM_FEEDS_ID 70
#define SHM_FEEDS_SIZE UINT64_C(1152)
#define SHM_FEEDS_LAYOUT_HASH_LOW UINT64_C(0x298d7067459e8127)
#define SHM_FEEDS_LAYOUT_HASH_HIGH UINT64_C(0x5f56e36173e127e4)
/* Two anchors may have the same key. The attach function tells their objects apart. */
#define SHM_FEEDS_KEY(path) ftok((path), SHM_FEEDS_ID)

/* Pair: 16 bytes */
typedef struct shm_feeds_pair {
    uint64_t a; /* 0: a: u64 */
    uint64_t b; /* 8: b: u64 */
} __attribute__((aligned(8))) shm_feeds_pair;
SHMSTORE_ASSERT(sizeof(shm_feeds_pair) == 16 && SHMSTORE_ALIGNOF(shm_feeds_pair) == 8);
SHMSTORE_ASSERT(offsetof(shm_feeds_pair, a) == 0);
SHMSTORE_ASSERT(offsetof(shm_feeds_pair, b) == 8);

/* Queue<Pair, 4>: 512 bytes */
typedef struct shm_feeds_queue_pair_4 {
    uint32_t producers_lock; /* 0: the token of its holder in bits 0 to 28 */
    uint32_t producers_flags; /* 4: flags of the lock */
    uint32_t items_bell; /* 8: the bell for waiters */
    uint32_t producers_mark; /* 12: the mark of the thread that holds it */
    uint64_t tail; /* 16: the next position to fill */
    unsigned char pad_at_24[104];
    uint32_t consumers_lock; /* 128: the token of its holder in bits 0 to 28 */
    uint32_t consumers_flags; /* 132: flags of the lock */
    uint32_t slots_bell; /* 136: the bell for waiters */
    uint32_t consumers_mark; /* 140: the mark of the thread that holds it */
    uint32_t returned; /* 144: how many items were returned */
    uint32_t scanned; /* 148: `returned` at the last search that found none */
    uint64_t cursor; /* 152: the next position to deliver */
    uint64_t head; /* 160: all items before it are finished */
    unsigned char pad_at_168[88];
    uint64_t slots[4][8]; /* 256: a word, and from 16 on the value: Pair */
} __attribute__((aligned(64))) shm_feeds_queue_pair_4;
SHMSTORE_ASSERT(sizeof(shm_feeds_queue_pair_4) == 512 && SHMSTORE_ALIGNOF(shm_feeds_queue_pair_4) == 64);
SHMSTORE_ASSERT(offsetof(shm_feeds_queue_pair_4, producers_lock) == 0);
SHMSTORE_ASSERT(offsetof(shm_feeds_queue_pair_4, producers_flags) == 4);
SHMSTORE_ASSERT(offsetof(shm_feeds_queue_pair_4, items_bell) == 8);
SHMSTORE_ASSERT(offsetof(shm_feeds_queue_pair_4, producers_mark) == 12);
SHMSTORE_ASSERT(offsetof(shm_feeds_queue_pair_4, tail) == 16);
SHMSTORE_ASSERT(offsetof(shm_feeds_queue_pair_4, consumers_lock) == 128);
SHMSTORE_ASSERT(offsetof(shm_feeds_queue_pair_4, consumers_flags) == 132);
SHMSTORE_ASSERT(offsetof(shm_feeds_queue_pair_4, slots_bell) == 136);
SHMSTORE_ASSERT(offsetof(shm_feeds_queue_pair_4, consumers_mark) == 140);
SHMSTORE_ASSERT(offsetof(shm_feeds_queue_pair_4, returned) == 144);
SHMSTORE_ASSERT(offsetof(shm_feeds_queue_pair_4, scanned) == 148);
SHMSTORE_ASSERT(offsetof(shm_feeds_queue_pair_4, cursor) == 152);
SHMSTORE_ASSERT(offsetof(shm_feeds_queue_pair_4, head) == 160);
SHMSTORE_ASSERT(offsetof(shm_feeds_queue_pair_4, slots) == 256);

static inline shmstore_ring shm_feeds_queue_pair_4_ring(const volatile shm_feeds_queue_pair_4 *from)
{
    shmstore_ring ring;
    ring.slots = from->slots[0];
    ring.capacity = UINT64_C(4);
    ring.tail = &from->tail;
    ring.slot_words = 8;
    ring.value_at = 2;
    ring.value_len = 16;
    return ring;
}
static inline uint64_t shm_feeds_queue_pair_4_capacity(const volatile shm_feeds_queue_pair_4 *from)
{
    (void)from;
    return UINT64_C(4);
}
/* Returns the number of items that wait. */
static inline uint64_t shm_feeds_queue_pair_4_len(const volatile shm_feeds_queue_pair_4 *from)
{
    uint64_t head = __atomic_load_n(&from->head, __ATOMIC_ACQUIRE);
    shmstore_ring ring = shm_feeds_queue_pair_4_ring(from);
    return shmstore_queue_count(&ring, head, 0);
}
/* Returns the number of items that processes have taken and not finished. */
static inline uint64_t shm_feeds_queue_pair_4_outstanding(const volatile shm_feeds_queue_pair_4 *from)
{
    uint64_t head = __atomic_load_n(&from->head, __ATOMIC_ACQUIRE);
    shmstore_ring ring = shm_feeds_queue_pair_4_ring(from);
    return shmstore_queue_count(&ring, head, 1);
}
/* Returns the positions at which items may be: from `*first` to before `*end`, oldest first. */
static inline void shm_feeds_queue_pair_4_positions(const volatile shm_feeds_queue_pair_4 *from, uint64_t *first, uint64_t *end)
{
    uint64_t head = __atomic_load_n(&from->head, __ATOMIC_ACQUIRE);
    shmstore_ring ring = shm_feeds_queue_pair_4_ring(from);
    shmstore_queue_positions(&ring, head, first, end);
}
/* Copies the item Pair of a position without taking it. Returns 1, or 0 if no item waits there. */
static inline int shm_feeds_queue_pair_4_look(const volatile shm_feeds_queue_pair_4 *from, uint64_t position, shm_feeds_pair *value)
{
    shmstore_ring ring = shm_feeds_queue_pair_4_ring(from);
    return shmstore_queue_look(&ring, position, value);
}

#ifdef SHMSTORE_H
/* With libshmstore: opens the part at a path of an object, if it has these types. */
static inline shmstore_code shm_feeds_queue_pair_4_open(const shmstore_object *object, const char *path, shmstore_part **part)
{
    static const shmstore_layout layouts[] = {
        {SHMSTORE_VALUE, 16, UINT64_C(0x5d468316bf2b7c8c), UINT64_C(0xfe5e75bea75df643)}};
    return shmstore_part_open_as(object, path, layouts, 1, part);
}
#endif

/* Broadcast<Pair, 8>: 640 bytes */
typedef struct shm_feeds_broadcast_pair_8 {
    uint32_t lock; /* 0: the token of its holder in bits 0 to 28 */
    uint32_t flags; /* 4: flags of the lock */
    uint32_t bell; /* 8: the bell for waiters */
    uint32_t mark; /* 12: the mark of the thread that holds it */
    uint64_t tail; /* 16: the next position to send, or an earlier one */
    unsigned char pad_at_24[104];
    uint64_t slots[8][8]; /* 128: a word, and from 16 on the value: Pair */
} __attribute__((aligned(64))) shm_feeds_broadcast_pair_8;
SHMSTORE_ASSERT(sizeof(shm_feeds_broadcast_pair_8) == 640 && SHMSTORE_ALIGNOF(shm_feeds_broadcast_pair_8) == 64);
SHMSTORE_ASSERT(offsetof(shm_feeds_broadcast_pair_8, lock) == 0);
SHMSTORE_ASSERT(offsetof(shm_feeds_broadcast_pair_8, flags) == 4);
SHMSTORE_ASSERT(offsetof(shm_feeds_broadcast_pair_8, bell) == 8);
SHMSTORE_ASSERT(offsetof(shm_feeds_broadcast_pair_8, mark) == 12);
SHMSTORE_ASSERT(offsetof(shm_feeds_broadcast_pair_8, tail) == 16);
SHMSTORE_ASSERT(offsetof(shm_feeds_broadcast_pair_8, slots) == 128);

static inline shmstore_ring shm_feeds_broadcast_pair_8_ring(const volatile shm_feeds_broadcast_pair_8 *from)
{
    shmstore_ring ring;
    ring.slots = from->slots[0];
    ring.capacity = UINT64_C(8);
    ring.tail = &from->tail;
    ring.slot_words = 8;
    ring.value_at = 2;
    ring.value_len = 16;
    return ring;
}
static inline uint64_t shm_feeds_broadcast_pair_8_capacity(const volatile shm_feeds_broadcast_pair_8 *from)
{
    (void)from;
    return UINT64_C(8);
}
/* Returns the number of items that were sent. It is the position of the next item. */
static inline uint64_t shm_feeds_broadcast_pair_8_sent(const volatile shm_feeds_broadcast_pair_8 *from)
{
    shmstore_ring ring = shm_feeds_broadcast_pair_8_ring(from);
    return shmstore_ring_sent(&ring);
}
/* Returns the position of the oldest item that is still there. */
static inline uint64_t shm_feeds_broadcast_pair_8_oldest(const volatile shm_feeds_broadcast_pair_8 *from)
{
    shmstore_ring ring = shm_feeds_broadcast_pair_8_ring(from);
    return shmstore_broadcast_oldest(&ring);
}
/* Receives the item Pair of `*position`. It never waits, and the copy is always whole. Returns
 *  1: `*value` is the item, and `*position` is the next one;
 *  0: the item is not there yet;
 * -1: the item was overwritten. `*missed` is the exact number of items that this reader has missed,
 *     and `*position` is the item to go on with. */
static inline int shm_feeds_broadcast_pair_8_receive(const volatile shm_feeds_broadcast_pair_8 *from, uint64_t *position, shm_feeds_pair *value, uint64_t *missed)
{
    shmstore_ring ring = shm_feeds_broadcast_pair_8_ring(from);
    return shmstore_broadcast_receive(&ring, position, value, missed);
}

#ifdef SHMSTORE_H
/* With libshmstore: opens the part at a path of an object, if it has these types. */
static inline shmstore_code shm_feeds_broadcast_pair_8_open(const shmstore_object *object, const char *path, shmstore_part **part)
{
    static const shmstore_layout layouts[] = {
        {SHMSTORE_VALUE, 16, UINT64_C(0x5d468316bf2b7c8c), UINT64_C(0xfe5e75bea75df643)}};
    return shmstore_part_open_as(object, path, layouts, 1, part);
}
#endif

/* Feeds: 1152 bytes */
typedef struct shm_feeds {
    shm_feeds_queue_pair_4 jobs; /* 0: jobs: Queue<Pair, 4> */
    shm_feeds_broadcast_pair_8 quotes; /* 512: quotes: Broadcast<Pair, 8> */
} __attribute__((aligned(64))) shm_feeds;
SHMSTORE_ASSERT(sizeof(shm_feeds) == 1152 && SHMSTORE_ALIGNOF(shm_feeds) == 64);
SHMSTORE_ASSERT(offsetof(shm_feeds, jobs) == 0);
SHMSTORE_ASSERT(offsetof(shm_feeds, quotes) == 512);

/* Attaches the object at the path. Returns NULL if it does not exist or fails a check: errno and
 * segment->message say why. After ENOENT, EAGAIN and ESTALE, try again. Detach with shmstore_detach. */
static inline shm_feeds *shm_feeds_attach(shmstore_segment *segment, const char *path, int flags)
{
    shmstore_wanted wanted;
    memset(&wanted, 0, sizeof wanted);
    wanted.path = path;
    wanted.what = "Feeds (id 'F')";
    wanted.id = SHM_FEEDS_ID;
    wanted.flags = flags;
    wanted.hash_low = SHM_FEEDS_LAYOUT_HASH_LOW;
    wanted.hash_high = SHM_FEEDS_LAYOUT_HASH_HIGH;
    wanted.fields = 2;
    wanted.prefix_low = UINT64_C(0x7d6da8d2f6921331);
    wanted.prefix_high = UINT64_C(0xe0cadadbdee66039);
    wanted.len = SHM_FEEDS_SIZE;
    return (shm_feeds *)shmstore_attach(segment, wanted);
}

#endif /* SHMSTORE_C_COMMON_1 */

#elif defined SHMSTORE_C_COMMON_1 && (SHM_FEEDS_ID != 70 || SHM_FEEDS_LAYOUT_HASH_LOW != UINT64_C(0x298d7067459e8127) || \
    SHM_FEEDS_LAYOUT_HASH_HIGH != UINT64_C(0x5f56e36173e127e4))
#error "two headers named shm_feeds describe different types: rename one with shmstore schema --c --name NAME"
#endif /* SHM_FEEDS_H */
