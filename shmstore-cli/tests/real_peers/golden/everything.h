#define SHM_EVERYTHING_ID 69
#define SHM_EVERYTHING_SIZE UINT64_C(9344)
#define SHM_EVERYTHING_LAYOUT_HASH_LOW UINT64_C(0x4c6a135d959863d9)
#define SHM_EVERYTHING_LAYOUT_HASH_HIGH UINT64_C(0x4676b0c087307c94)
/* Two anchors may have the same key. The attach function tells their objects apart. */
#define SHM_EVERYTHING_KEY(path) ftok((path), SHM_EVERYTHING_ID)

/* Block: 4096 bytes */
typedef struct shm_everything_block {
    uint64_t words[512]; /* 0: words: [u64; 512] */
} __attribute__((aligned(8))) shm_everything_block;
SHMSTORE_ASSERT(sizeof(shm_everything_block) == 4096 && SHMSTORE_ALIGNOF(shm_everything_block) == 8);
SHMSTORE_ASSERT(offsetof(shm_everything_block, words) == 0);

/* Versioned<Block>: 8320 bytes */
typedef struct shm_everything_versioned_block {
    uint32_t lock; /* 0: the lock of the writers */
    uint32_t flags; /* 4: bit 0: starved, bit 1: need fence */
    uint32_t bell; /* 8: the bell for waiters */
    unsigned char pad_at_12[52];
    uint64_t sequence; /* 64: 2n: version n; 2n + 1: version n + 1 is being written */
    unsigned char pad_at_72[56];
    uint64_t slots[2][512]; /* 128: even versions, odd versions */
} __attribute__((aligned(64))) shm_everything_versioned_block;
SHMSTORE_ASSERT(sizeof(shm_everything_versioned_block) == 8320 && SHMSTORE_ALIGNOF(shm_everything_versioned_block) == 64);
SHMSTORE_ASSERT(offsetof(shm_everything_versioned_block, lock) == 0);
SHMSTORE_ASSERT(offsetof(shm_everything_versioned_block, flags) == 4);
SHMSTORE_ASSERT(offsetof(shm_everything_versioned_block, bell) == 8);
SHMSTORE_ASSERT(offsetof(shm_everything_versioned_block, sequence) == 64);
SHMSTORE_ASSERT(offsetof(shm_everything_versioned_block, slots) == 128);

/* Returns the number of the newest version. */
static inline uint64_t shm_everything_versioned_block_version(const volatile shm_everything_versioned_block *from)
{
    return __atomic_load_n(&from->sequence, __ATOMIC_ACQUIRE) >> 1;
}
/* Copies the newest version of Block, and its number if `version` is not NULL. The copy never mixes
 * versions, and never blocks a writer: it is repeated until no writer overtakes it. Returns 0. */
static inline int shm_everything_versioned_block_load(const volatile shm_everything_versioned_block *from, shm_everything_block *value, uint64_t *version)
{
    return shmstore_read(&from->sequence, from->slots[0], 512, value, 4096, version, 0);
}
/* Does the same with a limited number of attempts, at least 1. Returns -1 with EAGAIN if all fail. */
static inline int shm_everything_versioned_block_try_load(const volatile shm_everything_versioned_block *from, shm_everything_block *value, uint64_t *version, uint64_t attempts)
{
    return shmstore_read(&from->sequence, from->slots[0], 512, value, 4096, version, attempts ? attempts : 1);
}

#ifdef SHMSTORE_H
/* With libshmstore: opens the part at a path of an object, if it has these types. */
static inline shmstore_code shm_everything_versioned_block_open(const shmstore_object *object, const char *path, shmstore_part **part)
{
    static const shmstore_layout layouts[] = {
        {SHMSTORE_VALUE, 4096, UINT64_C(0xf7ab72e14e21bf07), UINT64_C(0x3aff6078ee2b5b20)}};
    return shmstore_part_open_as(object, path, layouts, 1, part);
}
#endif

/* Depth: a field may hold other numbers, too */
typedef int64_t shm_everything_depth;
#define SHM_EVERYTHING_DEPTH_ZERO ((shm_everything_depth)UINT64_C(0)) /* Zero */
#define SHM_EVERYTHING_DEPTH_LOWEST ((shm_everything_depth)(-INT64_C(9223372036854775807) - 1)) /* Lowest */

/* FixedString<12>: 16 bytes */
typedef struct shm_everything_string_12 {
    unsigned char len[4]; /* 0: length, little-endian */
    char text[12]; /* 4: UTF-8, without a final zero */
} __attribute__((aligned(1))) shm_everything_string_12;
SHMSTORE_ASSERT(sizeof(shm_everything_string_12) == 16 && SHMSTORE_ALIGNOF(shm_everything_string_12) == 1);
SHMSTORE_ASSERT(offsetof(shm_everything_string_12, len) == 0);
SHMSTORE_ASSERT(offsetof(shm_everything_string_12, text) == 4);

/* Returns the number of bytes in a copy of the text. */
static inline uint32_t shm_everything_string_12_len(const shm_everything_string_12 *string)
{
    return shmstore_text_len(string, UINT32_C(12));
}

/* FixedVec<[u16; 2], 3>: 20 bytes */
typedef struct shm_everything_vec_array_u16_2_3 {
    unsigned char len[8]; /* 0: length, little-endian */
    uint16_t elements[3][2]; /* 8: [u16; 2] */
} __attribute__((aligned(2))) shm_everything_vec_array_u16_2_3;
SHMSTORE_ASSERT(sizeof(shm_everything_vec_array_u16_2_3) == 20 && SHMSTORE_ALIGNOF(shm_everything_vec_array_u16_2_3) == 2);
SHMSTORE_ASSERT(offsetof(shm_everything_vec_array_u16_2_3, len) == 0);
SHMSTORE_ASSERT(offsetof(shm_everything_vec_array_u16_2_3, elements) == 8);

/* Returns the number of elements in a copy of the list. */
static inline uint64_t shm_everything_vec_array_u16_2_3_len(const shm_everything_vec_array_u16_2_3 *vec)
{
    return shmstore_vec_len(vec, UINT64_C(3));
}

/* Mode: a field may hold other numbers, too */
typedef uint8_t shm_everything_mode;
#define SHM_EVERYTHING_MODE_IDLE ((shm_everything_mode)UINT64_C(0)) /* Idle */
#define SHM_EVERYTHING_MODE_FAST ((shm_everything_mode)UINT64_C(255)) /* Fast */

/* Status: 72 bytes */
typedef struct shm_everything_status {
    double at; /* 0: at: f64 */
    float small; /* 8: small: f32 */
    uint32_t letter; /* 12: letter: char */
    shm_everything_depth depth; /* 16: depth: Depth */
    shm_everything_string_12 name; /* 24: name: FixedString<12> */
    shm_everything_vec_array_u16_2_3 pairs; /* 40: pairs: FixedVec<[u16; 2], 3> */
    shm_everything_mode mode; /* 60: mode: Mode */
    uint8_t on; /* 61: on: bool */
    int16_t class_; /* 62: class: i16 */
    unsigned char spare[8]; /* 64: spare: Pad<8> */
} __attribute__((aligned(8))) shm_everything_status;
SHMSTORE_ASSERT(sizeof(shm_everything_status) == 72 && SHMSTORE_ALIGNOF(shm_everything_status) == 8);
SHMSTORE_ASSERT(offsetof(shm_everything_status, at) == 0);
SHMSTORE_ASSERT(offsetof(shm_everything_status, small) == 8);
SHMSTORE_ASSERT(offsetof(shm_everything_status, letter) == 12);
SHMSTORE_ASSERT(offsetof(shm_everything_status, depth) == 16);
SHMSTORE_ASSERT(offsetof(shm_everything_status, name) == 24);
SHMSTORE_ASSERT(offsetof(shm_everything_status, pairs) == 40);
SHMSTORE_ASSERT(offsetof(shm_everything_status, mode) == 60);
SHMSTORE_ASSERT(offsetof(shm_everything_status, on) == 61);
SHMSTORE_ASSERT(offsetof(shm_everything_status, class_) == 62);
SHMSTORE_ASSERT(offsetof(shm_everything_status, spare) == 64);

/* Versioned<Status>: 256 bytes */
typedef struct shm_everything_versioned_status {
    uint32_t lock; /* 0: the lock of the writers */
    uint32_t flags; /* 4: bit 0: starved, bit 1: need fence */
    uint32_t bell; /* 8: the bell for waiters */
    unsigned char pad_at_12[52];
    uint64_t sequence; /* 64: 2n: version n; 2n + 1: version n + 1 is being written */
    unsigned char pad_at_72[8];
    uint64_t slots[2][10]; /* 80: even versions, odd versions */
    unsigned char pad_at_240[16];
} __attribute__((aligned(64))) shm_everything_versioned_status;
SHMSTORE_ASSERT(sizeof(shm_everything_versioned_status) == 256 && SHMSTORE_ALIGNOF(shm_everything_versioned_status) == 64);
SHMSTORE_ASSERT(offsetof(shm_everything_versioned_status, lock) == 0);
SHMSTORE_ASSERT(offsetof(shm_everything_versioned_status, flags) == 4);
SHMSTORE_ASSERT(offsetof(shm_everything_versioned_status, bell) == 8);
SHMSTORE_ASSERT(offsetof(shm_everything_versioned_status, sequence) == 64);
SHMSTORE_ASSERT(offsetof(shm_everything_versioned_status, slots) == 80);

/* Returns the number of the newest version. */
static inline uint64_t shm_everything_versioned_status_version(const volatile shm_everything_versioned_status *from)
{
    return __atomic_load_n(&from->sequence, __ATOMIC_ACQUIRE) >> 1;
}
/* Copies the newest version of Status, and its number if `version` is not NULL. The copy never mixes
 * versions, and never blocks a writer: it is repeated until no writer overtakes it. Returns 0. */
static inline int shm_everything_versioned_status_load(const volatile shm_everything_versioned_status *from, shm_everything_status *value, uint64_t *version)
{
    return shmstore_read(&from->sequence, from->slots[0], 10, value, 72, version, 0);
}
/* Does the same with a limited number of attempts, at least 1. Returns -1 with EAGAIN if all fail. */
static inline int shm_everything_versioned_status_try_load(const volatile shm_everything_versioned_status *from, shm_everything_status *value, uint64_t *version, uint64_t attempts)
{
    return shmstore_read(&from->sequence, from->slots[0], 10, value, 72, version, attempts ? attempts : 1);
}

#ifdef SHMSTORE_H
/* With libshmstore: opens the part at a path of an object, if it has these types. */
static inline shmstore_code shm_everything_versioned_status_open(const shmstore_object *object, const char *path, shmstore_part **part)
{
    static const shmstore_layout layouts[] = {
        {SHMSTORE_VALUE, 72, UINT64_C(0x7e2ffffa057eea4c), UINT64_C(0xf91c7b7fbbdd3d80)}};
    return shmstore_part_open_as(object, path, layouts, 1, part);
}
#endif

typedef double shm_everything_versioned_array_f64_3_value[3];
/* Versioned<[f64; 3]>: 192 bytes */
typedef struct shm_everything_versioned_array_f64_3 {
    uint32_t lock; /* 0: the lock of the writers */
    uint32_t flags; /* 4: bit 0: starved, bit 1: need fence */
    uint32_t bell; /* 8: the bell for waiters */
    unsigned char pad_at_12[52];
    uint64_t sequence; /* 64: 2n: version n; 2n + 1: version n + 1 is being written */
    unsigned char pad_at_72[8];
    uint64_t slots[2][4]; /* 80: even versions, odd versions */
    unsigned char pad_at_144[48];
} __attribute__((aligned(64))) shm_everything_versioned_array_f64_3;
SHMSTORE_ASSERT(sizeof(shm_everything_versioned_array_f64_3) == 192 && SHMSTORE_ALIGNOF(shm_everything_versioned_array_f64_3) == 64);
SHMSTORE_ASSERT(offsetof(shm_everything_versioned_array_f64_3, lock) == 0);
SHMSTORE_ASSERT(offsetof(shm_everything_versioned_array_f64_3, flags) == 4);
SHMSTORE_ASSERT(offsetof(shm_everything_versioned_array_f64_3, bell) == 8);
SHMSTORE_ASSERT(offsetof(shm_everything_versioned_array_f64_3, sequence) == 64);
SHMSTORE_ASSERT(offsetof(shm_everything_versioned_array_f64_3, slots) == 80);

/* Returns the number of the newest version. */
static inline uint64_t shm_everything_versioned_array_f64_3_version(const volatile shm_everything_versioned_array_f64_3 *from)
{
    return __atomic_load_n(&from->sequence, __ATOMIC_ACQUIRE) >> 1;
}
/* Copies the newest version of [f64; 3], and its number if `version` is not NULL. The copy never mixes
 * versions, and never blocks a writer: it is repeated until no writer overtakes it. Returns 0. */
static inline int shm_everything_versioned_array_f64_3_load(const volatile shm_everything_versioned_array_f64_3 *from, shm_everything_versioned_array_f64_3_value *value, uint64_t *version)
{
    return shmstore_read(&from->sequence, from->slots[0], 4, value, 24, version, 0);
}
/* Does the same with a limited number of attempts, at least 1. Returns -1 with EAGAIN if all fail. */
static inline int shm_everything_versioned_array_f64_3_try_load(const volatile shm_everything_versioned_array_f64_3 *from, shm_everything_versioned_array_f64_3_value *value, uint64_t *version, uint64_t attempts)
{
    return shmstore_read(&from->sequence, from->slots[0], 4, value, 24, version, attempts ? attempts : 1);
}

#ifdef SHMSTORE_H
/* With libshmstore: opens the part at a path of an object, if it has these types. */
static inline shmstore_code shm_everything_versioned_array_f64_3_open(const shmstore_object *object, const char *path, shmstore_part **part)
{
    static const shmstore_layout layouts[] = {
        {SHMSTORE_VALUE, 24, UINT64_C(0x69c6543ef93d2a14), UINT64_C(0x9679bfe33bd658af)}};
    return shmstore_part_open_as(object, path, layouts, 1, part);
}
#endif

/* AtomicValue<Mode>: 8 bytes */
typedef struct shm_everything_atomic_mode {
    uint64_t bits; /* 0: the value in its first bytes */
} __attribute__((aligned(8))) shm_everything_atomic_mode;
SHMSTORE_ASSERT(sizeof(shm_everything_atomic_mode) == 8 && SHMSTORE_ALIGNOF(shm_everything_atomic_mode) == 8);
SHMSTORE_ASSERT(offsetof(shm_everything_atomic_mode, bits) == 0);

static inline void shm_everything_atomic_mode_load(const volatile shm_everything_atomic_mode *from, shm_everything_mode *value)
{
    uint64_t bits = __atomic_load_n(&from->bits, __ATOMIC_ACQUIRE);
    memcpy(value, &bits, 1);
}
static inline void shm_everything_atomic_mode_store(volatile shm_everything_atomic_mode *to, const shm_everything_mode *value)
{
    uint64_t bits = 0;
    memcpy(&bits, value, 1);
    __atomic_store_n(&to->bits, bits, __ATOMIC_RELEASE);
}

#ifdef SHMSTORE_H
/* With libshmstore: opens the part at a path of an object, if it has these types. */
static inline shmstore_code shm_everything_atomic_mode_open(const shmstore_object *object, const char *path, shmstore_part **part)
{
    static const shmstore_layout layouts[] = {
        {SHMSTORE_VALUE, 1, UINT64_C(0x23a6b8e511f8d305), UINT64_C(0xa3564f30061770fa)}};
    return shmstore_part_open_as(object, path, layouts, 1, part);
}
#endif

/* CacheAligned<AtomicU16>: 128 bytes */
typedef struct shm_everything_cache_aligned_atomic_u16 {
    shmstore_atomic_u16 object; /* 0: AtomicU16 */
    unsigned char pad_at_2[126];
} __attribute__((aligned(128))) shm_everything_cache_aligned_atomic_u16;
SHMSTORE_ASSERT(sizeof(shm_everything_cache_aligned_atomic_u16) == 128 && SHMSTORE_ALIGNOF(shm_everything_cache_aligned_atomic_u16) == 128);
SHMSTORE_ASSERT(offsetof(shm_everything_cache_aligned_atomic_u16, object) == 0);

typedef int16_t shm_everything_atomic_array_i16_3_value[3];
/* AtomicValue<[i16; 3]>: 8 bytes */
typedef struct shm_everything_atomic_array_i16_3 {
    uint64_t bits; /* 0: the value in its first bytes */
} __attribute__((aligned(8))) shm_everything_atomic_array_i16_3;
SHMSTORE_ASSERT(sizeof(shm_everything_atomic_array_i16_3) == 8 && SHMSTORE_ALIGNOF(shm_everything_atomic_array_i16_3) == 8);
SHMSTORE_ASSERT(offsetof(shm_everything_atomic_array_i16_3, bits) == 0);

static inline void shm_everything_atomic_array_i16_3_load(const volatile shm_everything_atomic_array_i16_3 *from, shm_everything_atomic_array_i16_3_value *value)
{
    uint64_t bits = __atomic_load_n(&from->bits, __ATOMIC_ACQUIRE);
    memcpy(value, &bits, 6);
}
static inline void shm_everything_atomic_array_i16_3_store(volatile shm_everything_atomic_array_i16_3 *to, const shm_everything_atomic_array_i16_3_value *value)
{
    uint64_t bits = 0;
    memcpy(&bits, value, 6);
    __atomic_store_n(&to->bits, bits, __ATOMIC_RELEASE);
}

#ifdef SHMSTORE_H
/* With libshmstore: opens the part at a path of an object, if it has these types. */
static inline shmstore_code shm_everything_atomic_array_i16_3_open(const shmstore_object *object, const char *path, shmstore_part **part)
{
    static const shmstore_layout layouts[] = {
        {SHMSTORE_VALUE, 6, UINT64_C(0x7deac3acbfffc65a), UINT64_C(0x96a0aaec942f9751)}};
    return shmstore_part_open_as(object, path, layouts, 1, part);
}
#endif

/* Grid<4>: 24 bytes */
typedef struct shm_everything_grid_4 {
    shmstore_atomic_u32 cells[4]; /* 0: cells: [AtomicU32; 4] */
    shm_everything_atomic_array_i16_3 corner; /* 16: corner: AtomicValue<[i16; 3]> */
} __attribute__((aligned(8))) shm_everything_grid_4;
SHMSTORE_ASSERT(sizeof(shm_everything_grid_4) == 24 && SHMSTORE_ALIGNOF(shm_everything_grid_4) == 8);
SHMSTORE_ASSERT(offsetof(shm_everything_grid_4, cells) == 0);
SHMSTORE_ASSERT(offsetof(shm_everything_grid_4, corner) == 16);

/* Grid<6>: 32 bytes */
typedef struct shm_everything_grid_6 {
    shmstore_atomic_u32 cells[6]; /* 0: cells: [AtomicU32; 6] */
    shm_everything_atomic_array_i16_3 corner; /* 24: corner: AtomicValue<[i16; 3]> */
} __attribute__((aligned(8))) shm_everything_grid_6;
SHMSTORE_ASSERT(sizeof(shm_everything_grid_6) == 32 && SHMSTORE_ALIGNOF(shm_everything_grid_6) == 8);
SHMSTORE_ASSERT(offsetof(shm_everything_grid_6, cells) == 0);
SHMSTORE_ASSERT(offsetof(shm_everything_grid_6, corner) == 24);

/* Everything: 9344 bytes */
typedef struct shm_everything {
    shmstore_atomic_u64 count; /* 0: count: AtomicU64 */
    shmstore_atomic_i8 tiny; /* 8: tiny: AtomicI8 */
    unsigned char pad_at_9[7];
    shmstore_atomic_i64 wide; /* 16: wide: AtomicI64 */
    unsigned char pad_at_24[40];
    shm_everything_versioned_block block; /* 64: block: Versioned<Block> */
    shm_everything_versioned_status status; /* 8384: status: Versioned<Status> */
    shm_everything_versioned_array_f64_3 triple; /* 8640: triple: Versioned<[f64; 3]> */
    shm_everything_atomic_mode mode; /* 8832: mode: AtomicValue<Mode> */
    shmstore_lock guarded; /* 8840: guarded: Lock */
    shmstore_event rung; /* 8848: rung: Event */
    unsigned char pad_at_8864[96];
    shm_everything_cache_aligned_atomic_u16 lonely; /* 8960: lonely: CacheAligned<AtomicU16> */
    shm_everything_grid_4 grid; /* 9088: grid: Grid<4> */
    shm_everything_grid_6 wide_grid; /* 9112: wide_grid: Grid<6> */
    shm_everything_grid_4 rows[3]; /* 9144: rows: [Grid<4>; 3] */
    shmstore_atomic_u8 hint; /* 9216: hint: AtomicU8 */
    unsigned char pad_at_9217[127];
} __attribute__((aligned(128))) shm_everything;
SHMSTORE_ASSERT(sizeof(shm_everything) == 9344 && SHMSTORE_ALIGNOF(shm_everything) == 128);
SHMSTORE_ASSERT(offsetof(shm_everything, count) == 0);
SHMSTORE_ASSERT(offsetof(shm_everything, tiny) == 8);
SHMSTORE_ASSERT(offsetof(shm_everything, wide) == 16);
SHMSTORE_ASSERT(offsetof(shm_everything, block) == 64);
SHMSTORE_ASSERT(offsetof(shm_everything, status) == 8384);
SHMSTORE_ASSERT(offsetof(shm_everything, triple) == 8640);
SHMSTORE_ASSERT(offsetof(shm_everything, mode) == 8832);
SHMSTORE_ASSERT(offsetof(shm_everything, guarded) == 8840);
SHMSTORE_ASSERT(offsetof(shm_everything, rung) == 8848);
SHMSTORE_ASSERT(offsetof(shm_everything, lonely) == 8960);
SHMSTORE_ASSERT(offsetof(shm_everything, grid) == 9088);
SHMSTORE_ASSERT(offsetof(shm_everything, wide_grid) == 9112);
SHMSTORE_ASSERT(offsetof(shm_everything, rows) == 9144);
SHMSTORE_ASSERT(offsetof(shm_everything, hint) == 9216);

/* Attaches the object at the path. Returns NULL if it does not exist or fails a check: errno and
 * segment->message say why. After ENOENT, EAGAIN and ESTALE, try again. Detach with shmstore_detach. */
static inline shm_everything *shm_everything_attach(shmstore_segment *segment, const char *path, int flags)
{
    shmstore_wanted wanted;
    memset(&wanted, 0, sizeof wanted);
    wanted.path = path;
    wanted.what = "Everything (id 'E')";
    wanted.id = SHM_EVERYTHING_ID;
    wanted.flags = flags;
    wanted.hash_low = SHM_EVERYTHING_LAYOUT_HASH_LOW;
    wanted.hash_high = SHM_EVERYTHING_LAYOUT_HASH_HIGH;
    wanted.fields = 14;
    wanted.prefix_low = UINT64_C(0x2be2209e6dce3fdb);
    wanted.prefix_high = UINT64_C(0x16122ae52ff60ac8);
    wanted.len = SHM_EVERYTHING_SIZE;
    return (shm_everything *)shmstore_attach(segment, wanted);
}

#endif /* SHMSTORE_C_COMMON_1 */

#elif defined SHMSTORE_C_COMMON_1 && (SHM_EVERYTHING_ID != 69 || SHM_EVERYTHING_LAYOUT_HASH_LOW != UINT64_C(0x4c6a135d959863d9) || \
    SHM_EVERYTHING_LAYOUT_HASH_HIGH != UINT64_C(0x4676b0c087307c94))
#error "two headers named shm_everything describe different types: rename one with shmstore schema --c --name NAME"
#endif /* SHM_EVERYTHING_H */
