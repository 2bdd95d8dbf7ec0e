
/* The common part of headers with a `Map`. */
#ifndef SHMSTORE_C_MAPS_1
#define SHMSTORE_C_MAPS_1

/* Disturbed steps of a look-up or an iteration before it gives up. */
#define SHMSTORE_MAP_PATIENCE 10000

/* The words of an entry. Bits 0 and 1 of `state` say if it is free, linked or live. The other bits are its generation.
 * Only a live entry is in the map. A linked one leads to the next one. */
typedef struct shmstore_entry {
    uint32_t state;
    uint32_t next; /* index + 1 of the next entry of the bucket, 0 is none */
    uint32_t hash;
    uint32_t reserved;
    uint32_t lock, flags, bell, mark;
    uint64_t sequence;
    uint64_t reserved_2;
} shmstore_entry;
#define SHMSTORE_ENTRY_FREE 0
#define SHMSTORE_ENTRY_LIVE 2

/* A `Map`, with its offsets in bytes. */
typedef struct shmstore_table {
    const volatile uint64_t *seed, *intent, *heads;
    const volatile uint32_t *len, *high_water;
    const volatile char *entries;
    uint32_t capacity;
    size_t stride, key_at, key_len, slots_at, slot_len, value_len;
} shmstore_table;

/* XXH64, by the specification at https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md */
#define SHMSTORE_XXH_1 UINT64_C(0x9e3779b185ebca87)
#define SHMSTORE_XXH_2 UINT64_C(0xc2b2ae3d27d4eb4f)
#define SHMSTORE_XXH_3 UINT64_C(0x165667b19e3779f9)
#define SHMSTORE_XXH_4 UINT64_C(0x85ebca77c2b2ae63)
#define SHMSTORE_XXH_5 UINT64_C(0x27d4eb2f165667c5)

static inline uint64_t shmstore_rotated(uint64_t word, int bits)
{
    return word << bits | word >> (64 - bits);
}

static inline uint64_t shmstore_xxh_round(uint64_t sum, uint64_t lane)
{
    return shmstore_rotated(sum + lane * SHMSTORE_XXH_2, 31) * SHMSTORE_XXH_1;
}

static inline uint64_t shmstore_xxh_lane(const unsigned char *from)
{
    uint64_t lane;
    memcpy(&lane, from, sizeof lane);
    return lane;
}

static inline uint64_t shmstore_xxh64(const void *bytes, size_t len, uint64_t seed)
{
    const unsigned char *from = (const unsigned char *)bytes;
    uint64_t hash = seed + SHMSTORE_XXH_5, sums[4];
    size_t left = len;
    int at;
    if (len >= 32) {
        sums[0] = seed + SHMSTORE_XXH_1 + SHMSTORE_XXH_2;
        sums[1] = seed + SHMSTORE_XXH_2;
        sums[2] = seed;
        sums[3] = seed - SHMSTORE_XXH_1;
        for (; left >= 32; left -= 32)
            for (at = 0; at < 4; at++, from += 8)
                sums[at] = shmstore_xxh_round(sums[at], shmstore_xxh_lane(from));
        hash = shmstore_rotated(sums[0], 1) + shmstore_rotated(sums[1], 7) + shmstore_rotated(sums[2], 12) +
               shmstore_rotated(sums[3], 18);
        for (at = 0; at < 4; at++)
            hash = (hash ^ shmstore_xxh_round(0, sums[at])) * SHMSTORE_XXH_1 + SHMSTORE_XXH_4;
    }
    hash += len;
    for (; left >= 8; left -= 8, from += 8)
        hash = shmstore_rotated(hash ^ shmstore_xxh_round(0, shmstore_xxh_lane(from)), 27) * SHMSTORE_XXH_1 +
               SHMSTORE_XXH_4;
    if (left >= 4) {
        uint32_t half;
        memcpy(&half, from, sizeof half);
        hash = shmstore_rotated(hash ^ half * SHMSTORE_XXH_1, 23) * SHMSTORE_XXH_2 + SHMSTORE_XXH_3;
        left -= 4;
        from += 4;
    }
    for (; left > 0; left--, from++)
        hash = shmstore_rotated(hash ^ *from * SHMSTORE_XXH_5, 11) * SHMSTORE_XXH_1;
    hash = (hash ^ hash >> 33) * SHMSTORE_XXH_2;
    hash = (hash ^ hash >> 29) * SHMSTORE_XXH_3;
    return hash ^ hash >> 32;
}

static inline const volatile shmstore_entry *shmstore_entry_at(const shmstore_table *map, uint32_t index)
{
    return (const volatile shmstore_entry *)(const volatile void *)(map->entries + index * map->stride);
}

static inline const volatile uint64_t *shmstore_entry_words(const volatile shmstore_entry *entry, size_t at)
{
    return (const volatile uint64_t *)(const volatile void *)((const volatile char *)entry + at);
}

/* Returns 1 if an entry is what it was when its state was `before`. The bytes that were copied since then are good. */
static inline int shmstore_entry_stays(const volatile shmstore_entry *entry, uint32_t before)
{
    uint32_t after;
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    after = __atomic_load_n(&entry->state, __ATOMIC_RELAXED);
    return (after & 3) != SHMSTORE_ENTRY_FREE && after >> 2 == before >> 2;
}

/* Copies the key of an entry by atomic loads. */
static inline void shmstore_copy_key(const shmstore_table *map, const volatile shmstore_entry *entry, void *out)
{
    const volatile uint64_t *from = shmstore_entry_words(entry, map->key_at);
    uint64_t word;
    size_t at, len;
    for (at = 0; at < map->key_len; at += sizeof word) {
        len = map->key_len - at < sizeof word ? map->key_len - at : sizeof word;
        word = __atomic_load_n(from + at / sizeof word, __ATOMIC_RELAXED);
        memcpy((char *)out + at, &word, len);
    }
}

/* Returns 1 if an entry has this key. */
static inline int shmstore_is_key(const shmstore_table *map, const volatile shmstore_entry *entry, const void *key)
{
    const volatile uint64_t *from = shmstore_entry_words(entry, map->key_at);
    uint64_t word;
    size_t at, len;
    for (at = 0; at < map->key_len; at += sizeof word) {
        len = map->key_len - at < sizeof word ? map->key_len - at : sizeof word;
        word = __atomic_load_n(from + at / sizeof word, __ATOMIC_RELAXED);
        if (memcmp((const char *)key + at, &word, len) != 0)
            return 0;
    }
    return 1;
}

/* Copies the value of an entry whose state was `state`. Returns 1, or 0 if a writer may have disturbed the copy. */
static inline int shmstore_copy_value(const shmstore_table *map, const volatile shmstore_entry *entry, uint32_t state,
                                      void *value, uint64_t *version)
{
    uint64_t number = 0;
    const volatile uint64_t *slots = shmstore_entry_words(entry, map->slots_at);
    if (!shmstore_read_once(&entry->sequence, slots, map->slot_len / 8, value, value ? map->value_len : 0, &number) ||
        !shmstore_entry_stays(entry, state))
        return 0;
    if (version)
        *version = number;
    return 1;
}

static inline uint32_t shmstore_bucket(const shmstore_table *map, uint32_t hash)
{
    return (uint32_t)(((uint64_t)hash * 2 * map->capacity) >> 32);
}

/* Follows the chain of a bucket, unless the filter in the upper half of its head lacks the hash. Returns 1, or 0 if the
 * key is not in it, or -1 if an entry was freed or used again meanwhile: then it may lead into another bucket. */
static inline int shmstore_map_walk(const shmstore_table *map, const void *key, uint32_t hash, uint64_t *steps,
                                    void *value, uint64_t *version)
{
    uint32_t bucket = shmstore_bucket(map, hash);
    uint64_t head = __atomic_load_n(map->heads + bucket, __ATOMIC_ACQUIRE);
    uint32_t next = (uint32_t)head, visited, state, found;
    if (!(head >> 32 >> hash % 32 & 1))
        return 0;
    for (visited = 0; next != 0; visited++) {
        const volatile shmstore_entry *entry;
        int is_key;
        if (*steps == 0 || visited == map->capacity || next > map->capacity)
            return -1;
        --*steps;
        entry = shmstore_entry_at(map, next - 1);
        state = __atomic_load_n(&entry->state, __ATOMIC_ACQUIRE);
        if ((state & 3) == SHMSTORE_ENTRY_FREE)
            return -1;
        found = __atomic_load_n(&entry->hash, __ATOMIC_RELAXED);
        is_key = found == hash && shmstore_is_key(map, entry, key);
        next = __atomic_load_n(&entry->next, __ATOMIC_RELAXED);
        if (!shmstore_entry_stays(entry, state) || shmstore_bucket(map, found) != bucket)
            return -1;
        if (is_key && (state & 3) == SHMSTORE_ENTRY_LIVE)
            return shmstore_copy_value(map, entry, state, value, version) ? 1 : -1;
    }
    return 0;
}

/* Looks a key up, without a lock and with a limited number of steps. */
static inline int shmstore_table_get(const shmstore_table *map, const void *key, void *value, uint64_t *version)
{
    uint64_t seed = __atomic_load_n(map->seed, __ATOMIC_ACQUIRE);
    uint64_t steps = 2 * (uint64_t)map->capacity + SHMSTORE_MAP_PATIENCE;
    uint32_t hash = (uint32_t)shmstore_xxh64(key, map->key_len, seed);
    if (seed == 0) /* no key was ever inserted */
        return 0;
    for (; steps > 0; steps -= steps > 0) {
        int found = shmstore_map_walk(map, key, hash, &steps, value, version);
        if (found >= 0)
            return found;
#if defined(__x86_64__)
        __builtin_ia32_pause();
#endif
    }
    errno = EAGAIN;
    return -1;
}

/* Copies the first live entry from `*cursor` on. */
static inline int shmstore_map_next(const shmstore_table *map, uint64_t *cursor, void *key, void *value,
                                    uint64_t *version)
{
    uint32_t used = __atomic_load_n(map->high_water, __ATOMIC_ACQUIRE), steps = SHMSTORE_MAP_PATIENCE;
    used = used < map->capacity ? used : map->capacity;
    while (*cursor < used) {
        const volatile shmstore_entry *entry = shmstore_entry_at(map, (uint32_t)*cursor);
        uint32_t state = __atomic_load_n(&entry->state, __ATOMIC_ACQUIRE);
        if ((state & 3) != SHMSTORE_ENTRY_LIVE) {
            ++*cursor;
            continue;
        }
        if (key)
            shmstore_copy_key(map, entry, key);
        if (shmstore_copy_value(map, entry, state, value, version)) {
            ++*cursor;
            return 1;
        }
        if (--steps == 0) {
            errno = EAGAIN;
            return -1;
        }
    }
    return 0;
}

/* Returns the number of keys. A process may have died in the middle of an insertion or a removal. Then `intent` names
 * the entry, and has the number of keys before. */
static inline uint64_t shmstore_table_len(const shmstore_table *map)
{
    uint64_t intent = __atomic_load_n(map->intent, __ATOMIC_ACQUIRE), len = intent >> 33;
    uint32_t index = (uint32_t)intent - 1, is_live;
    if (index < map->capacity) {
        is_live = (__atomic_load_n(&shmstore_entry_at(map, index)->state, __ATOMIC_ACQUIRE) & 3) == SHMSTORE_ENTRY_LIVE;
        len = !(intent >> 32 & 1) ? len + is_live : len > 0 && !is_live ? len - 1 : len;
    } else {
        len = __atomic_load_n(map->len, __ATOMIC_ACQUIRE);
    }
    return len < map->capacity ? len : map->capacity;
}

/* Makes a text of `len` bytes at `to`, with zeros after it up to `capacity`. Returns -1 with ENAMETOOLONG if it does
 * not fit. */
static inline int shmstore_text_from(void *to, uint32_t capacity, const char *text, size_t len)
{
    uint32_t used = (uint32_t)len;
    if (len > capacity) {
        errno = ENAMETOOLONG;
        return -1;
    }
    memset(to, 0, sizeof used + capacity);
    memcpy(to, &used, sizeof used);
    memcpy((char *)to + sizeof used, text, len);
    return 0;
}

#endif /* SHMSTORE_C_MAPS_1 */
