/* A program that receives the blocks of a busy sender. All words of block k are k. */
#include "blocks.h"

#include <stdlib.h>

typedef shm_blocks_broadcast_block_2 blocks_type;

#define ENSURE(holds)                                             \
    do {                                                          \
        if (!(holds)) {                                           \
            fprintf(stderr, "line %d: %s\n", __LINE__, #holds);   \
            exit(1);                                              \
        }                                                         \
    } while (0)

/* Receives until `end` positions are passed, and it was overtaken some times. Otherwise the test would not show that
 * this is noticed. */
static void receive(const blocks_type *blocks, uint64_t end)
{
    uint64_t begin = shm_blocks_broadcast_block_2_sent(blocks), at = begin, received = 0, missed = 0, lags = 0;
    shm_blocks_block block;
    while (at - begin < end || lags < 100 || received < 300) {
        uint64_t before = at, more = 0;
        int word, found = shm_blocks_broadcast_block_2_receive(blocks, &at, &block, &more);
        if (found > 0) {
            received++;
            ENSURE(at == before + 1);
            for (word = 0; word < 8192; word++)
                ENSURE(block.words[word] == before);
        } else if (found < 0) {
            lags++;
            missed += more;
            ENSURE(more > 0 && at == before + more);
        } else {
            ENSURE(at == before);
        }
    }
    ENSURE(received + missed == at - begin);
    printf("received %llu, missed %llu in %llu lags\n", (unsigned long long)received, (unsigned long long)missed,
           (unsigned long long)lags);
}

int main(int argc, char **argv)
{
    shmstore_segment segment;
    shm_blocks *object;
    ENSURE(argc == 3);
    alarm(60);
    object = shm_blocks_attach(&segment, argv[1], SHMSTORE_READ_ONLY);
    ENSURE(object);
    receive(&object->blocks, strtoull(argv[2], NULL, 10));
    shmstore_detach(&segment);
    return 0;
}
