/* A program that copies frames of a busy writer. All elements and the metadata of frame n are n. */
#include "shots.h"

#include <stdlib.h>

#define ENSURE(holds)                                             \
    do {                                                          \
        if (!(holds)) {                                           \
            fprintf(stderr, "line %d: %s\n", __LINE__, #holds);   \
            exit(1);                                              \
        }                                                         \
    } while (0)

int main(int argc, char **argv)
{
    static uint64_t elements[8192];
    shmstore_segment segment;
    shm_shots *object;
    uint64_t seen = 0, last = 0, wanted, at, len, meta, number;
    ENSURE(argc == 3);
    alarm(60);
    wanted = strtoull(argv[2], NULL, 10);
    object = shm_shots_attach(&segment, argv[1], SHMSTORE_READ_ONLY);
    ENSURE(object);
    while (seen < wanted) {
        int found = shm_shots_frames_u64_8192_4_u64_newest(&object->shots, elements, 8192, &len, &meta, &number);
        ENSURE(found >= 0 || errno == EAGAIN);
        if (found <= 0)
            continue;
        ENSURE(number >= last && meta == number && len == 8192 - number % 7);
        for (at = 0; at < len; at++)
            ENSURE(elements[at] == number);
        seen += number != last;
        last = number;
    }
    printf("%llu frames, the last is %llu\n", (unsigned long long)seen, (unsigned long long)last);
    shmstore_detach(&segment);
    return 0;
}
