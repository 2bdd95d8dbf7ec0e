/* A program that knows the header of one of two versions of the object. */
#include "rover.h"

#include <stdlib.h>

#define ENSURE(holds)                                             \
    do {                                                          \
        if (!(holds)) {                                           \
            fprintf(stderr, "line %d: %s\n", __LINE__, #holds);   \
            exit(1);                                              \
        }                                                         \
    } while (0)

static int is_refused(const char *path, const char *why)
{
    shmstore_segment segment;
    int is_attached = shm_rover_attach(&segment, path, SHMSTORE_READ_ONLY) != NULL;
    shmstore_detach(&segment);
    return !is_attached && strstr(segment.message, why) != NULL;
}

/* Damages each word of the header and of the newest record that is checked, and repairs it. */
static void damage(const char *path)
{
    static const struct {
        int is_in_record;
        size_t at;
        uint32_t change;
        const char *why;
    } words[] = {
        {0, 16, 1, "is about to be migrated"},
        {0, 16, 2, "has the layout"},
        {0, 16, 8, "is the journal"},
        {0, 16, 16, "features that this header does not know (flags 0x0010)"},
        {0, 152, 1, "do not fit"},
        {0, 168, 4096, "do not fit"},
        {0, 188, 4, "has the layout"},
        {0, 248, 1, "layout log"},
        {0, 248, 0x1000, "damaged"},
        {0, 248, 0x80000000u, "layout is"},
        {0, 252, 1, "layout is"},
        {0, 252, 16, ""},
        {0, 252, 0x80000000u, "layout is"},
        {0, 256, 128, "do not fit"},
        {0, 260, 1, "do not fit"},
        {0, 264, 1, "do not fit"},
        {0, 264, 4096, "do not fit"},
        {0, 268, 1, "do not fit"},
        {1, 16, 0x10000, "layout log"},
        {1, 20, 1, "layout log"},
        {1, 24, 1, "layout log"},
        {1, 24, 0x80000000u, "layout log"},
        {1, 28, 1, "layout log"},
        {1, 28, 0x10000000, "layout log"},
        {1, 48, 1, "has the layout"},
        {1, 60, 1, "has the layout"},
    };
    shmstore_segment whole, segment;
    char *record;
    uint32_t seed = 1;
    size_t at;
    ENSURE(shm_rover_attach(&whole, path, 0));
    record = (char *)whole.base + (shmstore_u64_at(whole.base, 248) >> 32);
    /* A copy of another machine's object can be read. */
    ((uint32_t *)whole.base)[4] ^= 4;
    ENSURE(!shm_rover_attach(&segment, path, 0) && strstr(segment.message, "is a copy of another machine's"));
    shmstore_detach(&segment);
    ENSURE(shm_rover_attach(&segment, path, SHMSTORE_READ_ONLY));
    shmstore_detach(&segment);
    ((uint32_t *)whole.base)[4] ^= 4;
    for (at = 0; at < sizeof words / sizeof *words; at++) {
        char *base = words[at].is_in_record ? record : (char *)whole.base;
        uint32_t *field = (uint32_t *)(void *)(base + words[at].at);
        *field ^= words[at].change;
        if (!is_refused(path, words[at].why)) {
            fprintf(stderr, "%s %d is not seen: %s\n", base == record ? "record" : "header", (int)words[at].at,
                    words[at].why);
            exit(1);
        }
        *field ^= words[at].change;
    }
    /* A whole record is believed only within the log: not among the slots, and not in the object. */
    for (at = 0; at < 2; at++) {
        uint64_t *layout = (uint64_t *)(void *)((char *)whole.base + 248), before = *layout;
        uint64_t len = before & 0xffffffff, to = at ? shmstore_u64_at(whole.base, 160) + 1024 : 1024 + 1024;
        memcpy((char *)whole.base + to, record, len);
        *layout = to << 32 | len;
        ENSURE(is_refused(path, "layout is"));
        memset((char *)whole.base + to, 0, len);
        *layout = before;
    }
    /* Any value of a word is refused, or does no harm. */
    for (at = 0; at < 20000; at++) {
        uint32_t *field, before;
        seed = seed * 1664525 + 1013904223;
        field = (uint32_t *)(void *)(at % 2 ? record + 4 * (seed >> 16) % 64 : (char *)whole.base + 248 + 4 * (at / 2 % 6));
        before = *field;
        *field = at % 3 ? seed >> (seed >> 27) : before ^ (1u << (seed >> 27));
        if (shm_rover_attach(&segment, path, SHMSTORE_READ_ONLY))
            shmstore_detach(&segment);
        *field = before;
    }
    shmstore_detach(&whole);
}

int main(int argc, char **argv)
{
    shmstore_segment segment;
    shm_rover *rover = shm_rover_attach(&segment, argv[1], SHMSTORE_READ_ONLY);
    if (!rover) {
        printf("refused: %s\n", segment.message);
        return 0;
    }
#ifdef IS_LONGER
    printf("frames %d, battery %d\n", (int)shmstore_atomic_u64_load(&rover->frames),
           (int)shmstore_atomic_u32_load(&rover->battery));
#else
    printf("frames %d\n", (int)shmstore_atomic_u64_load(&rover->frames));
#endif
    shmstore_detach(&segment);
    if (argc > 2)
        damage(argv[1]);
    return 0;
}
