#define SHM_CAMERA_ID 73
#define SHM_CAMERA_SIZE UINT64_C(4736)
#define SHM_CAMERA_LAYOUT_HASH_LOW UINT64_C(0x69615610464757af)
#define SHM_CAMERA_LAYOUT_HASH_HIGH UINT64_C(0x1f24796d76921a7c)
/* Two anchors may have the same key. The attach function tells their objects apart. */
#define SHM_CAMERA_KEY(path) ftok((path), SHM_CAMERA_ID)

/* Format: a field may hold other numbers, too */
typedef uint32_t shm_camera_format;
#define SHM_CAMERA_FORMAT_GRAY8 ((shm_camera_format)UINT64_C(0)) /* Gray8 */
#define SHM_CAMERA_FORMAT_BGR8 ((shm_camera_format)UINT64_C(1)) /* Bgr8 */
#define SHM_CAMERA_FORMAT_YUYV ((shm_camera_format)UINT64_C(2)) /* Yuyv */

/* Info: 16 bytes */
typedef struct shm_camera_info {
    uint32_t width; /* 0: width: u32 */
    uint32_t height; /* 4: height: u32 */
    uint32_t stride; /* 8: stride: u32 */
    shm_camera_format format; /* 12: format: Format */
} __attribute__((aligned(4))) shm_camera_info;
SHMSTORE_ASSERT(sizeof(shm_camera_info) == 16 && SHMSTORE_ALIGNOF(shm_camera_info) == 4);
SHMSTORE_ASSERT(offsetof(shm_camera_info, width) == 0);
SHMSTORE_ASSERT(offsetof(shm_camera_info, height) == 4);
SHMSTORE_ASSERT(offsetof(shm_camera_info, stride) == 8);
SHMSTORE_ASSERT(offsetof(shm_camera_info, format) == 12);

/* a frame of Frames<u8, 100, 4, Info>: 192 bytes */
typedef struct shm_camera_frames_u8_100_4_info_frame {
    uint64_t len; /* 0: the number of elements */
    unsigned char pad_at_8[8];
    uint64_t meta[2]; /* 16: Info */
    unsigned char pad_at_32[32];
    uint64_t elements[13]; /* 64: up to 100 elements: u8 */
    unsigned char pad_at_168[24];
} __attribute__((aligned(64))) shm_camera_frames_u8_100_4_info_frame;
SHMSTORE_ASSERT(sizeof(shm_camera_frames_u8_100_4_info_frame) == 192 && SHMSTORE_ALIGNOF(shm_camera_frames_u8_100_4_info_frame) == 64);
SHMSTORE_ASSERT(offsetof(shm_camera_frames_u8_100_4_info_frame, len) == 0);
SHMSTORE_ASSERT(offsetof(shm_camera_frames_u8_100_4_info_frame, meta) == 16);
SHMSTORE_ASSERT(offsetof(shm_camera_frames_u8_100_4_info_frame, elements) == 64);

/* Frames<u8, 100, 4, Info>: 1472 bytes */
typedef struct shm_camera_frames_u8_100_4_info {
    uint32_t lock; /* 0: the token of its holder in bits 0 to 28 */
    uint32_t flags; /* 4: flags of the lock */
    uint32_t bell; /* 8: the bell for readers that wait for a frame */
    uint32_t mark; /* 12: the mark of the thread that holds the lock */
    uint64_t room; /* 16: the event word of writers that wait for a slot */
    uint32_t loans; /* 24: how many slots were loaned */
    unsigned char pad_at_28[100];
    uint64_t newest; /* 128: the number of the newest frame in bits 4 to 63, its slot in bits 0 to 3 */
    uint64_t slots[4]; /* 136: 2^63 + n: frame n; 2^62 + token: being filled; 0: free */
    unsigned char pad_at_168[24];
    uint64_t pins[64]; /* 192: the token of a reader in bits 0 to 28, and its slot + 1 in bits 32 to 36 */
    shm_camera_frames_u8_100_4_info_frame frames[4]; /* 704: 192 bytes each */
} __attribute__((aligned(64))) shm_camera_frames_u8_100_4_info;
SHMSTORE_ASSERT(sizeof(shm_camera_frames_u8_100_4_info) == 1472 && SHMSTORE_ALIGNOF(shm_camera_frames_u8_100_4_info) == 64);
SHMSTORE_ASSERT(offsetof(shm_camera_frames_u8_100_4_info, lock) == 0);
SHMSTORE_ASSERT(offsetof(shm_camera_frames_u8_100_4_info, flags) == 4);
SHMSTORE_ASSERT(offsetof(shm_camera_frames_u8_100_4_info, bell) == 8);
SHMSTORE_ASSERT(offsetof(shm_camera_frames_u8_100_4_info, mark) == 12);
SHMSTORE_ASSERT(offsetof(shm_camera_frames_u8_100_4_info, room) == 16);
SHMSTORE_ASSERT(offsetof(shm_camera_frames_u8_100_4_info, loans) == 24);
SHMSTORE_ASSERT(offsetof(shm_camera_frames_u8_100_4_info, newest) == 128);
SHMSTORE_ASSERT(offsetof(shm_camera_frames_u8_100_4_info, slots) == 136);
SHMSTORE_ASSERT(offsetof(shm_camera_frames_u8_100_4_info, pins) == 192);
SHMSTORE_ASSERT(offsetof(shm_camera_frames_u8_100_4_info, frames) == 704);

static inline shmstore_frames shm_camera_frames_u8_100_4_info_frames(const volatile shm_camera_frames_u8_100_4_info *from)
{
    shmstore_frames frames;
    frames.newest = &from->newest;
    frames.slots = from->slots;
    frames.frames = (const volatile char *)from->frames;
    frames.slot_count = 4;
    frames.capacity = UINT64_C(100);
    frames.stride = 192;
    frames.meta_at = 16;
    frames.meta_len = 16;
    frames.elements_at = 64;
    frames.element_len = 1;
    return frames;
}
/* Returns the greatest number of elements of a frame. */
static inline uint64_t shm_camera_frames_u8_100_4_info_capacity(const volatile shm_camera_frames_u8_100_4_info *from)
{
    (void)from;
    return UINT64_C(100);
}
/* Returns the number of the newest frame, or 0 if there is none yet. */
static inline uint64_t shm_camera_frames_u8_100_4_info_newest_number(const volatile shm_camera_frames_u8_100_4_info *from)
{
    return __atomic_load_n(&from->newest, __ATOMIC_ACQUIRE) >> 4;
}
/* Copies the newest frame: up to `most` elements u8, and the metadata Info. Any pointer after
 * `from` may be NULL. The copy is always of one frame. It pins nothing. Returns
 *  1: `*len` is the number of elements of the frame, of which `most` are copied if there are more;
 *  0: there is no frame yet;
 * -1: writers reused the slot in every attempt, or the words are damaged: errno is EAGAIN. */
static inline int shm_camera_frames_u8_100_4_info_newest(const volatile shm_camera_frames_u8_100_4_info *from, uint8_t *elements, uint64_t most,
    uint64_t *len, shm_camera_info *meta, uint64_t *number)
{
    shmstore_frames frames = shm_camera_frames_u8_100_4_info_frames(from);
    return shmstore_frames_newest(&frames, elements, most, len, meta, number);
}

#ifdef SHMSTORE_H
/* With libshmstore: opens the part at a path of an object, if it has these types. */
static inline shmstore_code shm_camera_frames_u8_100_4_info_open(const shmstore_object *object, const char *path, shmstore_part **part)
{
    static const shmstore_layout layouts[] = {
        {SHMSTORE_VALUE, 1, UINT64_C(0xe6d31495ae076f1e), UINT64_C(0x7a6f715d7274760e)},
        {SHMSTORE_META, 16, UINT64_C(0xe424e68d633c50ca), UINT64_C(0xca40b9c849166c5a)}};
    return shmstore_part_open_as(object, path, layouts, 2, part);
}
#endif

/* Bgr: 3 bytes */
typedef struct shm_camera_bgr {
    uint8_t b; /* 0: b: u8 */
    uint8_t g; /* 1: g: u8 */
    uint8_t r; /* 2: r: u8 */
} __attribute__((aligned(1))) shm_camera_bgr;
SHMSTORE_ASSERT(sizeof(shm_camera_bgr) == 3 && SHMSTORE_ALIGNOF(shm_camera_bgr) == 1);
SHMSTORE_ASSERT(offsetof(shm_camera_bgr, b) == 0);
SHMSTORE_ASSERT(offsetof(shm_camera_bgr, g) == 1);
SHMSTORE_ASSERT(offsetof(shm_camera_bgr, r) == 2);

/* Size: 8 bytes */
typedef struct shm_camera_size {
    uint32_t width; /* 0: width: u32 */
    uint32_t height; /* 4: height: u32 */
} __attribute__((aligned(4))) shm_camera_size;
SHMSTORE_ASSERT(sizeof(shm_camera_size) == 8 && SHMSTORE_ALIGNOF(shm_camera_size) == 4);
SHMSTORE_ASSERT(offsetof(shm_camera_size, width) == 0);
SHMSTORE_ASSERT(offsetof(shm_camera_size, height) == 4);

/* a frame of Frames<Bgr, 8, 3, Size>: 128 bytes */
typedef struct shm_camera_frames_bgr_8_3_size_frame {
    uint64_t len; /* 0: the number of elements */
    unsigned char pad_at_8[8];
    uint64_t meta[1]; /* 16: Size */
    unsigned char pad_at_24[40];
    uint64_t elements[3]; /* 64: up to 8 elements: Bgr */
    unsigned char pad_at_88[40];
} __attribute__((aligned(64))) shm_camera_frames_bgr_8_3_size_frame;
SHMSTORE_ASSERT(sizeof(shm_camera_frames_bgr_8_3_size_frame) == 128 && SHMSTORE_ALIGNOF(shm_camera_frames_bgr_8_3_size_frame) == 64);
SHMSTORE_ASSERT(offsetof(shm_camera_frames_bgr_8_3_size_frame, len) == 0);
SHMSTORE_ASSERT(offsetof(shm_camera_frames_bgr_8_3_size_frame, meta) == 16);
SHMSTORE_ASSERT(offsetof(shm_camera_frames_bgr_8_3_size_frame, elements) == 64);

/* Frames<Bgr, 8, 3, Size>: 1088 bytes */
typedef struct shm_camera_frames_bgr_8_3_size {
    uint32_t lock; /* 0: the token of its holder in bits 0 to 28 */
    uint32_t flags; /* 4: flags of the lock */
    uint32_t bell; /* 8: the bell for readers that wait for a frame */
    uint32_t mark; /* 12: the mark of the thread that holds the lock */
    uint64_t room; /* 16: the event word of writers that wait for a slot */
    uint32_t loans; /* 24: how many slots were loaned */
    unsigned char pad_at_28[100];
    uint64_t newest; /* 128: the number of the newest frame in bits 4 to 63, its slot in bits 0 to 3 */
    uint64_t slots[3]; /* 136: 2^63 + n: frame n; 2^62 + token: being filled; 0: free */
    unsigned char pad_at_160[32];
    uint64_t pins[64]; /* 192: the token of a reader in bits 0 to 28, and its slot + 1 in bits 32 to 36 */
    shm_camera_frames_bgr_8_3_size_frame frames[3]; /* 704: 128 bytes each */
} __attribute__((aligned(64))) shm_camera_frames_bgr_8_3_size;
SHMSTORE_ASSERT(sizeof(shm_camera_frames_bgr_8_3_size) == 1088 && SHMSTORE_ALIGNOF(shm_camera_frames_bgr_8_3_size) == 64);
SHMSTORE_ASSERT(offsetof(shm_camera_frames_bgr_8_3_size, lock) == 0);
SHMSTORE_ASSERT(offsetof(shm_camera_frames_bgr_8_3_size, flags) == 4);
SHMSTORE_ASSERT(offsetof(shm_camera_frames_bgr_8_3_size, bell) == 8);
SHMSTORE_ASSERT(offsetof(shm_camera_frames_bgr_8_3_size, mark) == 12);
SHMSTORE_ASSERT(offsetof(shm_camera_frames_bgr_8_3_size, room) == 16);
SHMSTORE_ASSERT(offsetof(shm_camera_frames_bgr_8_3_size, loans) == 24);
SHMSTORE_ASSERT(offsetof(shm_camera_frames_bgr_8_3_size, newest) == 128);
SHMSTORE_ASSERT(offsetof(shm_camera_frames_bgr_8_3_size, slots) == 136);
SHMSTORE_ASSERT(offsetof(shm_camera_frames_bgr_8_3_size, pins) == 192);
SHMSTORE_ASSERT(offsetof(shm_camera_frames_bgr_8_3_size, frames) == 704);

static inline shmstore_frames shm_camera_frames_bgr_8_3_size_frames(const volatile shm_camera_frames_bgr_8_3_size *from)
{
    shmstore_frames frames;
    frames.newest = &from->newest;
    frames.slots = from->slots;
    frames.frames = (const volatile char *)from->frames;
    frames.slot_count = 3;
    frames.capacity = UINT64_C(8);
    frames.stride = 128;
    frames.meta_at = 16;
    frames.meta_len = 8;
    frames.elements_at = 64;
    frames.element_len = 3;
    return frames;
}
/* Returns the greatest number of elements of a frame. */
static inline uint64_t shm_camera_frames_bgr_8_3_size_capacity(const volatile shm_camera_frames_bgr_8_3_size *from)
{
    (void)from;
    return UINT64_C(8);
}
/* Returns the number of the newest frame, or 0 if there is none yet. */
static inline uint64_t shm_camera_frames_bgr_8_3_size_newest_number(const volatile shm_camera_frames_bgr_8_3_size *from)
{
    return __atomic_load_n(&from->newest, __ATOMIC_ACQUIRE) >> 4;
}
/* Copies the newest frame: up to `most` elements Bgr, and the metadata Size. Any pointer after
 * `from` may be NULL. The copy is always of one frame. It pins nothing. Returns
 *  1: `*len` is the number of elements of the frame, of which `most` are copied if there are more;
 *  0: there is no frame yet;
 * -1: writers reused the slot in every attempt, or the words are damaged: errno is EAGAIN. */
static inline int shm_camera_frames_bgr_8_3_size_newest(const volatile shm_camera_frames_bgr_8_3_size *from, shm_camera_bgr *elements, uint64_t most,
    uint64_t *len, shm_camera_size *meta, uint64_t *number)
{
    shmstore_frames frames = shm_camera_frames_bgr_8_3_size_frames(from);
    return shmstore_frames_newest(&frames, elements, most, len, meta, number);
}

#ifdef SHMSTORE_H
/* With libshmstore: opens the part at a path of an object, if it has these types. */
static inline shmstore_code shm_camera_frames_bgr_8_3_size_open(const shmstore_object *object, const char *path, shmstore_part **part)
{
    static const shmstore_layout layouts[] = {
        {SHMSTORE_VALUE, 3, UINT64_C(0x74c06fcb1d6710f1), UINT64_C(0xae8d47b55c63f153)},
        {SHMSTORE_META, 8, UINT64_C(0x07e1a03000634401), UINT64_C(0x4e6e1aea01cfe3a3)}};
    return shmstore_part_open_as(object, path, layouts, 2, part);
}
#endif

/* a frame of Frames<u8, 48, 3, Size>: 128 bytes */
typedef struct shm_camera_frames_u8_48_3_size_frame {
    uint64_t len; /* 0: the number of elements */
    unsigned char pad_at_8[8];
    uint64_t meta[1]; /* 16: Size */
    unsigned char pad_at_24[40];
    uint64_t elements[6]; /* 64: up to 48 elements: u8 */
    unsigned char pad_at_112[16];
} __attribute__((aligned(64))) shm_camera_frames_u8_48_3_size_frame;
SHMSTORE_ASSERT(sizeof(shm_camera_frames_u8_48_3_size_frame) == 128 && SHMSTORE_ALIGNOF(shm_camera_frames_u8_48_3_size_frame) == 64);
SHMSTORE_ASSERT(offsetof(shm_camera_frames_u8_48_3_size_frame, len) == 0);
SHMSTORE_ASSERT(offsetof(shm_camera_frames_u8_48_3_size_frame, meta) == 16);
SHMSTORE_ASSERT(offsetof(shm_camera_frames_u8_48_3_size_frame, elements) == 64);

/* Frames<u8, 48, 3, Size>: 1088 bytes */
typedef struct shm_camera_frames_u8_48_3_size {
    uint32_t lock; /* 0: the token of its holder in bits 0 to 28 */
    uint32_t flags; /* 4: flags of the lock */
    uint32_t bell; /* 8: the bell for readers that wait for a frame */
    uint32_t mark; /* 12: the mark of the thread that holds the lock */
    uint64_t room; /* 16: the event word of writers that wait for a slot */
    uint32_t loans; /* 24: how many slots were loaned */
    unsigned char pad_at_28[100];
    uint64_t newest; /* 128: the number of the newest frame in bits 4 to 63, its slot in bits 0 to 3 */
    uint64_t slots[3]; /* 136: 2^63 + n: frame n; 2^62 + token: being filled; 0: free */
    unsigned char pad_at_160[32];
    uint64_t pins[64]; /* 192: the token of a reader in bits 0 to 28, and its slot + 1 in bits 32 to 36 */
    shm_camera_frames_u8_48_3_size_frame frames[3]; /* 704: 128 bytes each */
} __attribute__((aligned(64))) shm_camera_frames_u8_48_3_size;
SHMSTORE_ASSERT(sizeof(shm_camera_frames_u8_48_3_size) == 1088 && SHMSTORE_ALIGNOF(shm_camera_frames_u8_48_3_size) == 64);
SHMSTORE_ASSERT(offsetof(shm_camera_frames_u8_48_3_size, lock) == 0);
SHMSTORE_ASSERT(offsetof(shm_camera_frames_u8_48_3_size, flags) == 4);
SHMSTORE_ASSERT(offsetof(shm_camera_frames_u8_48_3_size, bell) == 8);
SHMSTORE_ASSERT(offsetof(shm_camera_frames_u8_48_3_size, mark) == 12);
SHMSTORE_ASSERT(offsetof(shm_camera_frames_u8_48_3_size, room) == 16);
SHMSTORE_ASSERT(offsetof(shm_camera_frames_u8_48_3_size, loans) == 24);
SHMSTORE_ASSERT(offsetof(shm_camera_frames_u8_48_3_size, newest) == 128);
SHMSTORE_ASSERT(offsetof(shm_camera_frames_u8_48_3_size, slots) == 136);
SHMSTORE_ASSERT(offsetof(shm_camera_frames_u8_48_3_size, pins) == 192);
SHMSTORE_ASSERT(offsetof(shm_camera_frames_u8_48_3_size, frames) == 704);

static inline shmstore_frames shm_camera_frames_u8_48_3_size_frames(const volatile shm_camera_frames_u8_48_3_size *from)
{
    shmstore_frames frames;
    frames.newest = &from->newest;
    frames.slots = from->slots;
    frames.frames = (const volatile char *)from->frames;
    frames.slot_count = 3;
    frames.capacity = UINT64_C(48);
    frames.stride = 128;
    frames.meta_at = 16;
    frames.meta_len = 8;
    frames.elements_at = 64;
    frames.element_len = 1;
    return frames;
}
/* Returns the greatest number of elements of a frame. */
static inline uint64_t shm_camera_frames_u8_48_3_size_capacity(const volatile shm_camera_frames_u8_48_3_size *from)
{
    (void)from;
    return UINT64_C(48);
}
/* Returns the number of the newest frame, or 0 if there is none yet. */
static inline uint64_t shm_camera_frames_u8_48_3_size_newest_number(const volatile shm_camera_frames_u8_48_3_size *from)
{
    return __atomic_load_n(&from->newest, __ATOMIC_ACQUIRE) >> 4;
}
/* Copies the newest frame: up to `most` elements u8, and the metadata Size. Any pointer after
 * `from` may be NULL. The copy is always of one frame. It pins nothing. Returns
 *  1: `*len` is the number of elements of the frame, of which `most` are copied if there are more;
 *  0: there is no frame yet;
 * -1: writers reused the slot in every attempt, or the words are damaged: errno is EAGAIN. */
static inline int shm_camera_frames_u8_48_3_size_newest(const volatile shm_camera_frames_u8_48_3_size *from, uint8_t *elements, uint64_t most,
    uint64_t *len, shm_camera_size *meta, uint64_t *number)
{
    shmstore_frames frames = shm_camera_frames_u8_48_3_size_frames(from);
    return shmstore_frames_newest(&frames, elements, most, len, meta, number);
}

#ifdef SHMSTORE_H
/* With libshmstore: opens the part at a path of an object, if it has these types. */
static inline shmstore_code shm_camera_frames_u8_48_3_size_open(const shmstore_object *object, const char *path, shmstore_part **part)
{
    static const shmstore_layout layouts[] = {
        {SHMSTORE_VALUE, 1, UINT64_C(0xe6d31495ae076f1e), UINT64_C(0x7a6f715d7274760e)},
        {SHMSTORE_META, 8, UINT64_C(0x07e1a03000634401), UINT64_C(0x4e6e1aea01cfe3a3)}};
    return shmstore_part_open_as(object, path, layouts, 2, part);
}
#endif

/* a frame of Frames<u16, 9, 3>: 128 bytes */
typedef struct shm_camera_frames_u16_9_3_frame {
    uint64_t len; /* 0: the number of elements */
    unsigned char pad_at_8[56];
    uint64_t elements[3]; /* 64: up to 9 elements: u16 */
    unsigned char pad_at_88[40];
} __attribute__((aligned(64))) shm_camera_frames_u16_9_3_frame;
SHMSTORE_ASSERT(sizeof(shm_camera_frames_u16_9_3_frame) == 128 && SHMSTORE_ALIGNOF(shm_camera_frames_u16_9_3_frame) == 64);
SHMSTORE_ASSERT(offsetof(shm_camera_frames_u16_9_3_frame, len) == 0);
SHMSTORE_ASSERT(offsetof(shm_camera_frames_u16_9_3_frame, elements) == 64);

/* Frames<u16, 9, 3>: 1088 bytes */
typedef struct shm_camera_frames_u16_9_3 {
    uint32_t lock; /* 0: the token of its holder in bits 0 to 28 */
    uint32_t flags; /* 4: flags of the lock */
    uint32_t bell; /* 8: the bell for readers that wait for a frame */
    uint32_t mark; /* 12: the mark of the thread that holds the lock */
    uint64_t room; /* 16: the event word of writers that wait for a slot */
    uint32_t loans; /* 24: how many slots were loaned */
    unsigned char pad_at_28[100];
    uint64_t newest; /* 128: the number of the newest frame in bits 4 to 63, its slot in bits 0 to 3 */
    uint64_t slots[3]; /* 136: 2^63 + n: frame n; 2^62 + token: being filled; 0: free */
    unsigned char pad_at_160[32];
    uint64_t pins[64]; /* 192: the token of a reader in bits 0 to 28, and its slot + 1 in bits 32 to 36 */
    shm_camera_frames_u16_9_3_frame frames[3]; /* 704: 128 bytes each */
} __attribute__((aligned(64))) shm_camera_frames_u16_9_3;
SHMSTORE_ASSERT(sizeof(shm_camera_frames_u16_9_3) == 1088 && SHMSTORE_ALIGNOF(shm_camera_frames_u16_9_3) == 64);
SHMSTORE_ASSERT(offsetof(shm_camera_frames_u16_9_3, lock) == 0);
SHMSTORE_ASSERT(offsetof(shm_camera_frames_u16_9_3, flags) == 4);
SHMSTORE_ASSERT(offsetof(shm_camera_frames_u16_9_3, bell) == 8);
SHMSTORE_ASSERT(offsetof(shm_camera_frames_u16_9_3, mark) == 12);
SHMSTORE_ASSERT(offsetof(shm_camera_frames_u16_9_3, room) == 16);
SHMSTORE_ASSERT(offsetof(shm_camera_frames_u16_9_3, loans) == 24);
SHMSTORE_ASSERT(offsetof(shm_camera_frames_u16_9_3, newest) == 128);
SHMSTORE_ASSERT(offsetof(shm_camera_frames_u16_9_3, slots) == 136);
SHMSTORE_ASSERT(offsetof(shm_camera_frames_u16_9_3, pins) == 192);
SHMSTORE_ASSERT(offsetof(shm_camera_frames_u16_9_3, frames) == 704);

static inline shmstore_frames shm_camera_frames_u16_9_3_frames(const volatile shm_camera_frames_u16_9_3 *from)
{
    shmstore_frames frames;
    frames.newest = &from->newest;
    frames.slots = from->slots;
    frames.frames = (const volatile char *)from->frames;
    frames.slot_count = 3;
    frames.capacity = UINT64_C(9);
    frames.stride = 128;
    frames.meta_at = 16;
    frames.meta_len = 0;
    frames.elements_at = 64;
    frames.element_len = 2;
    return frames;
}
/* Returns the greatest number of elements of a frame. */
static inline uint64_t shm_camera_frames_u16_9_3_capacity(const volatile shm_camera_frames_u16_9_3 *from)
{
    (void)from;
    return UINT64_C(9);
}
/* Returns the number of the newest frame, or 0 if there is none yet. */
static inline uint64_t shm_camera_frames_u16_9_3_newest_number(const volatile shm_camera_frames_u16_9_3 *from)
{
    return __atomic_load_n(&from->newest, __ATOMIC_ACQUIRE) >> 4;
}
/* Copies the newest frame: up to `most` elements u16, and the metadata PhantomData. Any pointer after
 * `from` may be NULL. The copy is always of one frame. It pins nothing. Returns
 *  1: `*len` is the number of elements of the frame, of which `most` are copied if there are more;
 *  0: there is no frame yet;
 * -1: writers reused the slot in every attempt, or the words are damaged: errno is EAGAIN. */
static inline int shm_camera_frames_u16_9_3_newest(const volatile shm_camera_frames_u16_9_3 *from, uint16_t *elements, uint64_t most,
    uint64_t *len, void *meta, uint64_t *number)
{
    shmstore_frames frames = shm_camera_frames_u16_9_3_frames(from);
    return shmstore_frames_newest(&frames, elements, most, len, meta, number);
}

#ifdef SHMSTORE_H
/* With libshmstore: opens the part at a path of an object, if it has these types. */
static inline shmstore_code shm_camera_frames_u16_9_3_open(const shmstore_object *object, const char *path, shmstore_part **part)
{
    static const shmstore_layout layouts[] = {
        {SHMSTORE_VALUE, 2, UINT64_C(0xb38fcdda1da4cfd0), UINT64_C(0x0118d43325317433)},
        {SHMSTORE_META, 0, UINT64_C(0xa883f889b1d7213c), UINT64_C(0xfd91110fdd7e2c2c)}};
    return shmstore_part_open_as(object, path, layouts, 2, part);
}
#endif

/* Camera: 4736 bytes */
typedef struct shm_camera {
    shm_camera_frames_u8_100_4_info images; /* 0: images: Frames<u8, 100, 4, Info> */
    shm_camera_frames_bgr_8_3_size pixels; /* 1472: pixels: Frames<Bgr, 8, 3, Size> */
    shm_camera_frames_u8_48_3_size plain; /* 2560: plain: Frames<u8, 48, 3, Size> */
    shm_camera_frames_u16_9_3 samples; /* 3648: samples: Frames<u16, 9, 3> */
} __attribute__((aligned(64))) shm_camera;
SHMSTORE_ASSERT(sizeof(shm_camera) == 4736 && SHMSTORE_ALIGNOF(shm_camera) == 64);
SHMSTORE_ASSERT(offsetof(shm_camera, images) == 0);
SHMSTORE_ASSERT(offsetof(shm_camera, pixels) == 1472);
SHMSTORE_ASSERT(offsetof(shm_camera, plain) == 2560);
SHMSTORE_ASSERT(offsetof(shm_camera, samples) == 3648);

/* Attaches the object at the path. Returns NULL if it does not exist or fails a check: errno and
 * segment->message say why. After ENOENT, EAGAIN and ESTALE, try again. Detach with shmstore_detach. */
static inline shm_camera *shm_camera_attach(shmstore_segment *segment, const char *path, int flags)
{
    shmstore_wanted wanted;
    memset(&wanted, 0, sizeof wanted);
    wanted.path = path;
    wanted.what = "Camera (id 'I')";
    wanted.id = SHM_CAMERA_ID;
    wanted.flags = flags;
    wanted.hash_low = SHM_CAMERA_LAYOUT_HASH_LOW;
    wanted.hash_high = SHM_CAMERA_LAYOUT_HASH_HIGH;
    wanted.fields = 4;
    wanted.prefix_low = UINT64_C(0x504ef6564f041f71);
    wanted.prefix_high = UINT64_C(0x662a391a66bdc40b);
    wanted.len = SHM_CAMERA_SIZE;
    return (shm_camera *)shmstore_attach(segment, wanted);
}

#endif /* SHMSTORE_C_COMMON_1 */

#elif defined SHMSTORE_C_COMMON_1 && (SHM_CAMERA_ID != 73 || SHM_CAMERA_LAYOUT_HASH_LOW != UINT64_C(0x69615610464757af) || \
    SHM_CAMERA_LAYOUT_HASH_HIGH != UINT64_C(0x1f24796d76921a7c))
#error "two headers named shm_camera describe different types: rename one with shmstore schema --c --name NAME"
#endif /* SHM_CAMERA_H */
