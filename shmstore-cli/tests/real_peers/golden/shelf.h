#define SHM_SHELF_ID 83
#define SHM_SHELF_SIZE UINT64_C(2240)
#define SHM_SHELF_LAYOUT_HASH_LOW UINT64_C(0xadb970bed8dd8dd0)
#define SHM_SHELF_LAYOUT_HASH_HIGH UINT64_C(0x66f9b42ba57200be)
/* Two anchors may have the same key. The attach function tells their objects apart. */
#define SHM_SHELF_KEY(path) ftok((path), SHM_SHELF_ID)

/* an entry of Map<u64, u8, 4>: 128 bytes */
typedef struct shm_shelf_map_u64_u8_4_entry {
    shmstore_entry words; /* 0: state, hash and others */
    uint64_t key[2]; /* 48: u64 */
    uint64_t slots[2][2]; /* 64: even versions, odd versions: u8 */
    unsigned char pad_at_96[32];
} __attribute__((aligned(64))) shm_shelf_map_u64_u8_4_entry;
SHMSTORE_ASSERT(sizeof(shm_shelf_map_u64_u8_4_entry) == 128 && SHMSTORE_ALIGNOF(shm_shelf_map_u64_u8_4_entry) == 64);
SHMSTORE_ASSERT(offsetof(shm_shelf_map_u64_u8_4_entry, words) == 0);
SHMSTORE_ASSERT(offsetof(shm_shelf_map_u64_u8_4_entry, key) == 48);
SHMSTORE_ASSERT(offsetof(shm_shelf_map_u64_u8_4_entry, slots) == 64);

/* Map<u64, u8, 4>: 832 bytes */
typedef struct shm_shelf_map_u64_u8_4 {
    uint32_t lock; /* 0: the token of its holder in bits 0 to 28 */
    uint32_t flags; /* 4: flags of the lock */
    uint32_t bell; /* 8: the bell for processes that wait for changes of the keys */
    uint32_t mark; /* 12: the mark of the thread that holds the lock */
    uint64_t intent; /* 16: the insertion or removal that is being done */
    uint32_t len; /* 24: the number of keys */
    uint32_t high_water; /* 28: how many entries were ever used */
    uint32_t free_list; /* 32: index + 1 of the first free entry */
    unsigned char pad_at_36[4];
    uint64_t changes; /* 40: how often keys were inserted and removed */
    uint64_t floor; /* 48: the greatest version of a removed key */
    unsigned char pad_at_56[72];
    uint64_t seed; /* 128: the seed of the hash, 0 if no key was ever inserted */
    unsigned char pad_at_136[120];
    uint64_t heads[8]; /* 256: index + 1 of the first entry of each bucket in bits 0 to 31, and a filter */
    shm_shelf_map_u64_u8_4_entry entries[4]; /* 320: 128 bytes each */
} __attribute__((aligned(64))) shm_shelf_map_u64_u8_4;
SHMSTORE_ASSERT(sizeof(shm_shelf_map_u64_u8_4) == 832 && SHMSTORE_ALIGNOF(shm_shelf_map_u64_u8_4) == 64);
SHMSTORE_ASSERT(offsetof(shm_shelf_map_u64_u8_4, lock) == 0);
SHMSTORE_ASSERT(offsetof(shm_shelf_map_u64_u8_4, flags) == 4);
SHMSTORE_ASSERT(offsetof(shm_shelf_map_u64_u8_4, bell) == 8);
SHMSTORE_ASSERT(offsetof(shm_shelf_map_u64_u8_4, mark) == 12);
SHMSTORE_ASSERT(offsetof(shm_shelf_map_u64_u8_4, intent) == 16);
SHMSTORE_ASSERT(offsetof(shm_shelf_map_u64_u8_4, len) == 24);
SHMSTORE_ASSERT(offsetof(shm_shelf_map_u64_u8_4, high_water) == 28);
SHMSTORE_ASSERT(offsetof(shm_shelf_map_u64_u8_4, free_list) == 32);
SHMSTORE_ASSERT(offsetof(shm_shelf_map_u64_u8_4, changes) == 40);
SHMSTORE_ASSERT(offsetof(shm_shelf_map_u64_u8_4, floor) == 48);
SHMSTORE_ASSERT(offsetof(shm_shelf_map_u64_u8_4, seed) == 128);
SHMSTORE_ASSERT(offsetof(shm_shelf_map_u64_u8_4, heads) == 256);
SHMSTORE_ASSERT(offsetof(shm_shelf_map_u64_u8_4, entries) == 320);

static inline shmstore_table shm_shelf_map_u64_u8_4_entries(const volatile shm_shelf_map_u64_u8_4 *from)
{
    shmstore_table map;
    map.seed = &from->seed;
    map.intent = &from->intent;
    map.heads = from->heads;
    map.len = &from->len;
    map.high_water = &from->high_water;
    map.entries = (const volatile char *)from->entries;
    map.capacity = UINT32_C(4);
    map.stride = 128;
    map.key_at = 48;
    map.key_len = 8;
    map.slots_at = 64;
    map.slot_len = 16;
    map.value_len = 1;
    return map;
}
static inline uint64_t shm_shelf_map_u64_u8_4_capacity(const volatile shm_shelf_map_u64_u8_4 *from)
{
    (void)from;
    return UINT64_C(4);
}
/* Returns the number of keys. */
static inline uint64_t shm_shelf_map_u64_u8_4_len(const volatile shm_shelf_map_u64_u8_4 *from)
{
    shmstore_table map = shm_shelf_map_u64_u8_4_entries(from);
    return shmstore_table_len(&map);
}
/* Returns how often keys were inserted and removed so far. */
static inline uint64_t shm_shelf_map_u64_u8_4_changes(const volatile shm_shelf_map_u64_u8_4 *from)
{
    return __atomic_load_n(&from->changes, __ATOMIC_ACQUIRE);
}
/* Looks a key of the Map<u64, u8, 4> up. It never waits, and the copy is always whole. Returns
 *  1: `*value` is a copy of the value, and `*version` is its number. Both pointers may be NULL;
 *  0: the key is not in the map;
 * -1: writers disturbed every attempt, or the map is damaged: errno is EAGAIN. */
static inline int shm_shelf_map_u64_u8_4_get(const volatile shm_shelf_map_u64_u8_4 *from, uint64_t key, uint8_t *value, uint64_t *version)
{
    shmstore_table map = shm_shelf_map_u64_u8_4_entries(from);
    return shmstore_table_get(&map, &key, value, version);
}
/* Copies the next entry of a map. Begin with `*cursor` 0. Any pointer after it may be NULL. A key that stays
 * in the map during the whole iteration comes once. Returns
 *  1: the copies are of one entry, and `*cursor` is after it;
 *  0: there is no other entry;
 * -1: writers disturbed every attempt: errno is EAGAIN. Try again, or add 1 to `*cursor`. */
static inline int shm_shelf_map_u64_u8_4_next(const volatile shm_shelf_map_u64_u8_4 *from, uint64_t *cursor, uint64_t *key, uint8_t *value,
    uint64_t *version)
{
    shmstore_table map = shm_shelf_map_u64_u8_4_entries(from);
    return shmstore_map_next(&map, cursor, key, value, version);
}

#ifdef SHMSTORE_H
/* With libshmstore: opens the part at a path of an object, if it has these types. */
static inline shmstore_code shm_shelf_map_u64_u8_4_open(const shmstore_object *object, const char *path, shmstore_part **part)
{
    static const shmstore_layout layouts[] = {
        {SHMSTORE_VALUE, 1, UINT64_C(0xe6d31495ae076f1e), UINT64_C(0x7a6f715d7274760e)},
        {SHMSTORE_KEY, 8, UINT64_C(0x7ffc2574c75513f9), UINT64_C(0x29112535559f77d5)}};
    return shmstore_part_open_as(object, path, layouts, 2, part);
}
#endif

/* FixedString<12>: 16 bytes */
typedef struct shm_shelf_string_12 {
    unsigned char len[4]; /* 0: length, little-endian */
    char text[12]; /* 4: UTF-8, without a final zero */
} __attribute__((aligned(1))) shm_shelf_string_12;
SHMSTORE_ASSERT(sizeof(shm_shelf_string_12) == 16 && SHMSTORE_ALIGNOF(shm_shelf_string_12) == 1);
SHMSTORE_ASSERT(offsetof(shm_shelf_string_12, len) == 0);
SHMSTORE_ASSERT(offsetof(shm_shelf_string_12, text) == 4);

/* Returns the number of bytes in a copy of the text. */
static inline uint32_t shm_shelf_string_12_len(const shm_shelf_string_12 *string)
{
    return shmstore_text_len(string, UINT32_C(12));
}

/* Quote: 16 bytes */
typedef struct shm_shelf_quote {
    double bid; /* 0: bid: f64 */
    double ask; /* 8: ask: f64 */
} __attribute__((aligned(8))) shm_shelf_quote;
SHMSTORE_ASSERT(sizeof(shm_shelf_quote) == 16 && SHMSTORE_ALIGNOF(shm_shelf_quote) == 8);
SHMSTORE_ASSERT(offsetof(shm_shelf_quote, bid) == 0);
SHMSTORE_ASSERT(offsetof(shm_shelf_quote, ask) == 8);

/* Makes a key, or a part of one, of a C string: UTF-8 of at most 12 bytes. Returns 0, or
 * -1 with ENAMETOOLONG if it does not fit. */
static inline int shm_shelf_string_12_from(shm_shelf_string_12 *to, const char *text)
{
    return shmstore_text_from(to, UINT32_C(12), text, strlen(text));
}

/* an entry of Map<FixedString<12>, Quote, 8>: 128 bytes */
typedef struct shm_shelf_map_string_12_quote_8_entry {
    shmstore_entry words; /* 0: state, hash and others */
    uint64_t key[2]; /* 48: FixedString<12> */
    uint64_t slots[2][2]; /* 64: even versions, odd versions: Quote */
    unsigned char pad_at_96[32];
} __attribute__((aligned(64))) shm_shelf_map_string_12_quote_8_entry;
SHMSTORE_ASSERT(sizeof(shm_shelf_map_string_12_quote_8_entry) == 128 && SHMSTORE_ALIGNOF(shm_shelf_map_string_12_quote_8_entry) == 64);
SHMSTORE_ASSERT(offsetof(shm_shelf_map_string_12_quote_8_entry, words) == 0);
SHMSTORE_ASSERT(offsetof(shm_shelf_map_string_12_quote_8_entry, key) == 48);
SHMSTORE_ASSERT(offsetof(shm_shelf_map_string_12_quote_8_entry, slots) == 64);

/* Map<FixedString<12>, Quote, 8>: 1408 bytes */
typedef struct shm_shelf_map_string_12_quote_8 {
    uint32_t lock; /* 0: the token of its holder in bits 0 to 28 */
    uint32_t flags; /* 4: flags of the lock */
    uint32_t bell; /* 8: the bell for processes that wait for changes of the keys */
    uint32_t mark; /* 12: the mark of the thread that holds the lock */
    uint64_t intent; /* 16: the insertion or removal that is being done */
    uint32_t len; /* 24: the number of keys */
    uint32_t high_water; /* 28: how many entries were ever used */
    uint32_t free_list; /* 32: index + 1 of the first free entry */
    unsigned char pad_at_36[4];
    uint64_t changes; /* 40: how often keys were inserted and removed */
    uint64_t floor; /* 48: the greatest version of a removed key */
    unsigned char pad_at_56[72];
    uint64_t seed; /* 128: the seed of the hash, 0 if no key was ever inserted */
    unsigned char pad_at_136[120];
    uint64_t heads[16]; /* 256: index + 1 of the first entry of each bucket in bits 0 to 31, and a filter */
    shm_shelf_map_string_12_quote_8_entry entries[8]; /* 384: 128 bytes each */
} __attribute__((aligned(64))) shm_shelf_map_string_12_quote_8;
SHMSTORE_ASSERT(sizeof(shm_shelf_map_string_12_quote_8) == 1408 && SHMSTORE_ALIGNOF(shm_shelf_map_string_12_quote_8) == 64);
SHMSTORE_ASSERT(offsetof(shm_shelf_map_string_12_quote_8, lock) == 0);
SHMSTORE_ASSERT(offsetof(shm_shelf_map_string_12_quote_8, flags) == 4);
SHMSTORE_ASSERT(offsetof(shm_shelf_map_string_12_quote_8, bell) == 8);
SHMSTORE_ASSERT(offsetof(shm_shelf_map_string_12_quote_8, mark) == 12);
SHMSTORE_ASSERT(offsetof(shm_shelf_map_string_12_quote_8, intent) == 16);
SHMSTORE_ASSERT(offsetof(shm_shelf_map_string_12_quote_8, len) == 24);
SHMSTORE_ASSERT(offsetof(shm_shelf_map_string_12_quote_8, high_water) == 28);
SHMSTORE_ASSERT(offsetof(shm_shelf_map_string_12_quote_8, free_list) == 32);
SHMSTORE_ASSERT(offsetof(shm_shelf_map_string_12_quote_8, changes) == 40);
SHMSTORE_ASSERT(offsetof(shm_shelf_map_string_12_quote_8, floor) == 48);
SHMSTORE_ASSERT(offsetof(shm_shelf_map_string_12_quote_8, seed) == 128);
SHMSTORE_ASSERT(offsetof(shm_shelf_map_string_12_quote_8, heads) == 256);
SHMSTORE_ASSERT(offsetof(shm_shelf_map_string_12_quote_8, entries) == 384);

static inline shmstore_table shm_shelf_map_string_12_quote_8_entries(const volatile shm_shelf_map_string_12_quote_8 *from)
{
    shmstore_table map;
    map.seed = &from->seed;
    map.intent = &from->intent;
    map.heads = from->heads;
    map.len = &from->len;
    map.high_water = &from->high_water;
    map.entries = (const volatile char *)from->entries;
    map.capacity = UINT32_C(8);
    map.stride = 128;
    map.key_at = 48;
    map.key_len = 16;
    map.slots_at = 64;
    map.slot_len = 16;
    map.value_len = 16;
    return map;
}
static inline uint64_t shm_shelf_map_string_12_quote_8_capacity(const volatile shm_shelf_map_string_12_quote_8 *from)
{
    (void)from;
    return UINT64_C(8);
}
/* Returns the number of keys. */
static inline uint64_t shm_shelf_map_string_12_quote_8_len(const volatile shm_shelf_map_string_12_quote_8 *from)
{
    shmstore_table map = shm_shelf_map_string_12_quote_8_entries(from);
    return shmstore_table_len(&map);
}
/* Returns how often keys were inserted and removed so far. */
static inline uint64_t shm_shelf_map_string_12_quote_8_changes(const volatile shm_shelf_map_string_12_quote_8 *from)
{
    return __atomic_load_n(&from->changes, __ATOMIC_ACQUIRE);
}
/* Looks a key of the Map<FixedString<12>, Quote, 8> up. It never waits, and the copy is always whole. Returns
 *  1: `*value` is a copy of the value, and `*version` is its number. Both pointers may be NULL;
 *  0: the key is not in the map;
 * -1: writers disturbed every attempt, or the map is damaged: errno is EAGAIN. */
static inline int shm_shelf_map_string_12_quote_8_get(const volatile shm_shelf_map_string_12_quote_8 *from, const shm_shelf_string_12 *key, shm_shelf_quote *value, uint64_t *version)
{
    shmstore_table map = shm_shelf_map_string_12_quote_8_entries(from);
    return shmstore_table_get(&map, key, value, version);
}
/* Copies the next entry of a map. Begin with `*cursor` 0. Any pointer after it may be NULL. A key that stays
 * in the map during the whole iteration comes once. Returns
 *  1: the copies are of one entry, and `*cursor` is after it;
 *  0: there is no other entry;
 * -1: writers disturbed every attempt: errno is EAGAIN. Try again, or add 1 to `*cursor`. */
static inline int shm_shelf_map_string_12_quote_8_next(const volatile shm_shelf_map_string_12_quote_8 *from, uint64_t *cursor, shm_shelf_string_12 *key, shm_shelf_quote *value,
    uint64_t *version)
{
    shmstore_table map = shm_shelf_map_string_12_quote_8_entries(from);
    return shmstore_map_next(&map, cursor, key, value, version);
}

#ifdef SHMSTORE_H
/* With libshmstore: opens the part at a path of an object, if it has these types. */
static inline shmstore_code shm_shelf_map_string_12_quote_8_open(const shmstore_object *object, const char *path, shmstore_part **part)
{
    static const shmstore_layout layouts[] = {
        {SHMSTORE_VALUE, 16, UINT64_C(0xa411979c30973332), UINT64_C(0xec9532ffc0c68459)},
        {SHMSTORE_KEY, 16, UINT64_C(0xf08f924389009cf0), UINT64_C(0x9daea1faccbe9bd5)}};
    return shmstore_part_open_as(object, path, layouts, 2, part);
}
#endif

/* Shelf: 2240 bytes */
typedef struct shm_shelf {
    shm_shelf_map_u64_u8_4 sizes; /* 0: sizes: Map<u64, u8, 4> */
    shm_shelf_map_string_12_quote_8 quotes; /* 832: quotes: Map<FixedString<12>, Quote, 8> */
} __attribute__((aligned(64))) shm_shelf;
SHMSTORE_ASSERT(sizeof(shm_shelf) == 2240 && SHMSTORE_ALIGNOF(shm_shelf) == 64);
SHMSTORE_ASSERT(offsetof(shm_shelf, sizes) == 0);
SHMSTORE_ASSERT(offsetof(shm_shelf, quotes) == 832);

/* Attaches the object at the path. Returns NULL if it does not exist or fails a check: errno and
 * segment->message say why. After ENOENT, EAGAIN and ESTALE, try again. Detach with shmstore_detach. */
static inline shm_shelf *shm_shelf_attach(shmstore_segment *segment, const char *path, int flags)
{
    shmstore_wanted wanted;
    memset(&wanted, 0, sizeof wanted);
    wanted.path = path;
    wanted.what = "Shelf (id 'S')";
    wanted.id = SHM_SHELF_ID;
    wanted.flags = flags;
    wanted.hash_low = SHM_SHELF_LAYOUT_HASH_LOW;
    wanted.hash_high = SHM_SHELF_LAYOUT_HASH_HIGH;
    wanted.fields = 2;
    wanted.prefix_low = UINT64_C(0x0ac6d038b26673f2);
    wanted.prefix_high = UINT64_C(0x1fb0efef6cc925df);
    wanted.len = SHM_SHELF_SIZE;
    return (shm_shelf *)shmstore_attach(segment, wanted);
}

#endif /* SHMSTORE_C_COMMON_1 */

#elif defined SHMSTORE_C_COMMON_1 && (SHM_SHELF_ID != 83 || SHM_SHELF_LAYOUT_HASH_LOW != UINT64_C(0xadb970bed8dd8dd0) || \
    SHM_SHELF_LAYOUT_HASH_HIGH != UINT64_C(0x66f9b42ba57200be))
#error "two headers named shm_shelf describe different types: rename one with shmstore schema --c --name NAME"
#endif /* SHM_SHELF_H */
