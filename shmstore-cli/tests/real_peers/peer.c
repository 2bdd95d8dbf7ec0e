/* A program that knows only the header of the object. The other process repeatedly stores blocks of equal words. */
#include "everything.h"

#include <stdlib.h>

#define ENSURE(holds)                                             \
    do {                                                          \
        if (!(holds)) {                                           \
            fprintf(stderr, "line %d: %s\n", __LINE__, #holds);   \
            exit(1);                                              \
        }                                                         \
    } while (0)

/* Reads until a writer has also overtaken it some times. Otherwise the test would not show that this is noticed. */
static void read_blocks(const shm_everything *object, unsigned long times)
{
    shm_everything_block block;
    uint64_t version = 0, newer, overtaken = 0;
    alarm(60);
    for (; times > 0 || overtaken < 3; times -= times > 0) {
        int at;
        if (times % 2) {
            ENSURE(shm_everything_versioned_block_load(&object->block, &block, &newer) == 0);
        } else if (shm_everything_versioned_block_try_load(&object->block, &block, &newer, 1) != 0) {
            ENSURE(errno == EAGAIN);
            overtaken++;
            continue;
        }
        ENSURE(newer >= version);
        version = newer;
        for (at = 1; at < 512; at++)
            ENSURE(block.words[at] == block.words[0]);
        ENSURE(block.words[0] == version);
    }
    printf("version %llu, overtaken %llu times\n", (unsigned long long)version, (unsigned long long)overtaken);
}

static void read_status(const shm_everything *object)
{
    shm_everything_status status;
    double triple[3];
    ENSURE(shm_everything_versioned_status_load(&object->status, &status, NULL) == 0);
    ENSURE(status.at == 1.5 && status.small == -0.25f && status.letter == 0xdf && status.class_ == -7);
    ENSURE(status.depth == SHM_EVERYTHING_DEPTH_LOWEST && status.mode == SHM_EVERYTHING_MODE_FAST && status.on == 1);
    ENSURE(shm_everything_string_12_len(&status.name) == 8 && memcmp(status.name.text, "rover \xc3\xa9", 8) == 0);
    ENSURE(shm_everything_vec_array_u16_2_3_len(&status.pairs) == 2);
    ENSURE(status.pairs.elements[0][0] == 1 && status.pairs.elements[1][1] == 4);
    memset(&status.name, 0xff, sizeof status.name);
    memset(&status.pairs, 0xff, sizeof status.pairs);
    ENSURE(shm_everything_string_12_len(&status.name) == 12 && shm_everything_vec_array_u16_2_3_len(&status.pairs) == 3);
    ENSURE(shm_everything_versioned_array_f64_3_load(&object->triple, &triple, NULL) == 0);
    ENSURE(triple[0] == 1 && triple[1] == 2 && triple[2] == 3);
}

static void use_parts(shm_everything *object)
{
    shm_everything_mode mode;
    int16_t corner[3];
    unsigned at;
    for (at = 0; at < 1000; at++)
        shmstore_atomic_u64_fetch_add(&object->count, 1);
    shmstore_atomic_i8_store(&object->tiny, -5);
    ENSURE(shmstore_atomic_i8_load(&object->tiny) == -5);
    shm_everything_atomic_mode_load(&object->mode, &mode);
    ENSURE(mode == SHM_EVERYTHING_MODE_FAST);
    mode = SHM_EVERYTHING_MODE_IDLE;
    shm_everything_atomic_mode_store(&object->mode, &mode);
    shm_everything_atomic_array_i16_3_load(&object->rows[2].corner, &corner);
    ENSURE(corner[0] == -1 && corner[1] == -2 && corner[2] == -3);
    ENSURE(shmstore_atomic_u32_load(&object->wide_grid.cells[5]) == 55);
    ENSURE(shmstore_atomic_u16_load(&object->lonely.object) == 77);
    ENSURE(shmstore_event_load(&object->rung) == 3);
    ENSURE(object->guarded.word == 0);
    ENSURE(shmstore_atomic_u8_load(&object->hint) == 9);
}

/* Damages each field of the header that is checked, and repairs it. */
static void damage(const char *path)
{
    static const size_t fields[] = {0, 4, 8, 12, 16, 20, 32, 40, 48, 56, 64, 72, 80, 124,
                                    128, 136, 144, 152, 156, 160, 164, 168, 172, 176, 184, 256, 264};
    shmstore_segment whole, segment;
    size_t at;
    ENSURE(shm_everything_attach(&whole, path, 0));
    for (at = 0; at < sizeof fields / sizeof *fields; at++) {
        uint32_t *field = (uint32_t *)(void *)((char *)whole.base + fields[at]);
        int is_birth = fields[at] == 48 || fields[at] == 56;
        /* A change by a page stays within the segment, so a check of the bounds would not notice it. */
        uint32_t change = fields[at] == 152 || fields[at] == 160 ? 4096 : 1;
        *field ^= change;
        if (!is_birth || shmstore_u32_at(whole.base, 60) == 1)
            ENSURE(!shm_everything_attach(&segment, path, SHMSTORE_READ_ONLY) && !segment.base && segment.message[0]);
        *field ^= change;
    }
    /* A reader must know the lower half of the flags, and ignores the upper half. */
    *(uint32_t *)(void *)((char *)whole.base + 16) = 0xffff8000u;
    ENSURE(!shm_everything_attach(&segment, path, 0) && strstr(segment.message, "features that this header does not know (flags 0x8000)"));
    *(uint32_t *)(void *)((char *)whole.base + 16) = 0xffff0000u;
    ENSURE(shm_everything_attach(&segment, path, SHMSTORE_READ_ONLY));
    *(uint32_t *)(void *)((char *)whole.base + 16) = 0;
    shmstore_detach(&segment);
    shmstore_detach(&whole);
}

int main(int argc, char **argv)
{
    shmstore_segment segment;
    int is_reader = argc > 2 && strcmp(argv[2], "read") == 0;
    shm_everything *object = shm_everything_attach(&segment, argv[1], is_reader ? SHMSTORE_READ_ONLY : 0);
    ENSURE(argc > 2);
    if (object && strcmp(argv[2], "damage") == 0) {
        shmstore_detach(&segment);
        damage(argv[1]);
        return 0;
    }
    if (!object) {
        printf("%d %s\n", errno, segment.message);
        return strcmp(argv[2], "refused") != 0;
    }
    ENSURE(strcmp(argv[2], "refused") != 0);
    ENSURE(SHM_EVERYTHING_KEY(argv[1]) != -1 && shmget(SHM_EVERYTHING_KEY(argv[1]), 0, 0) == segment.shmid);
    if (is_reader) {
        read_blocks(object, strtoul(argv[3], NULL, 10));
    } else {
        read_status(object);
        use_parts(object);
    }
    shmstore_detach(&segment);
    return 0;
}
