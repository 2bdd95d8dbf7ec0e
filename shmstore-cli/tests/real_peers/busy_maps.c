/* A program that looks keys up while writers insert, change and remove them. The keys s0 to s3 are always there, and
 * c0 to c11 come and go. In a value, all words but the first are equal, and the first one is the number of the key. */
#include "busy.h"

#include <stdlib.h>
#include <time.h>

typedef shm_busy_map_string_6_block_16 blocks_type;
typedef shm_busy_map_place_u64_8 places_type;

#define ENSURE(holds)                                             \
    do {                                                          \
        if (!(holds)) {                                           \
            fprintf(stderr, "line %d: %s\n", __LINE__, #holds);   \
            exit(1);                                              \
        }                                                         \
    } while (0)

static unsigned long long found_count, absent_count, gave_up_count;

static void check(uint64_t key, const shm_busy_block *block)
{
    size_t word;
    ENSURE(block->words[0] == key);
    for (word = 2; word < sizeof block->words / sizeof *block->words; word++)
        ENSURE(block->words[word] == block->words[1]);
}

static void look_up(const blocks_type *blocks, uint64_t key, uint64_t *version)
{
    shm_busy_string_6 name;
    shm_busy_block block;
    uint64_t before = *version;
    char text[8];
    int found;
    snprintf(text, sizeof text, "%c%u", key < 4 ? 's' : 'c', (unsigned)(key < 4 ? key : key - 4) % 100);
    ENSURE(shm_busy_string_6_from(&name, text) == 0);
    found = shm_busy_map_string_6_block_16_get(blocks, &name, &block, version);
    found_count += found == 1;
    absent_count += found == 0;
    gave_up_count += found < 0;
    ENSURE(found >= 0 || errno == EAGAIN);
    ENSURE(found != 0 || key >= 4);
    if (found == 1) {
        check(key, &block);
        ENSURE(*version >= before); /* also across a removal */
    }
}

static void iterate(const blocks_type *blocks)
{
    uint64_t cursor = 0, before = 0, version;
    unsigned seen[16] = {0};
    shm_busy_string_6 name;
    shm_busy_block block;
    int found, key;
    while ((found = shm_busy_map_string_6_block_16_next(blocks, &cursor, &name, &block, &version)) != 0) {
        if (found < 0) {
            gave_up_count++;
            continue;
        }
        ENSURE(cursor > before && cursor <= 16);
        before = cursor;
        ENSURE(shm_busy_string_6_len(&name) >= 2);
        key = atoi(name.text + 1) + (name.text[0] == 's' ? 0 : 4);
        ENSURE(key >= 0 && key < 16 && version > 0);
        check((uint64_t)key, &block);
        seen[key]++;
    }
    for (key = 0; key < 4; key++)
        ENSURE(seen[key] == 1);
}

static void look_up_place(const places_type *places, uint32_t account)
{
    shm_busy_place place;
    uint64_t net = 0;
    int found;
    place.account = account;
    ENSURE(shm_busy_string_8_from(&place.symbol, account % 2 ? "EURUSD" : "USDJPY") == 0);
    found = shm_busy_map_place_u64_8_get(places, &place, &net, NULL);
    ENSURE(found >= 0 || errno == EAGAIN);
    ENSURE(found != 0 || account != 0);
    ENSURE(found != 1 || (net & 0xff) == account);
}

int main(int argc, char **argv)
{
    shmstore_segment segment;
    shm_busy *busy;
    uint64_t round, rounds, versions[16] = {0};
    ENSURE(argc == 3);
    alarm(60);
    busy = shm_busy_attach(&segment, argv[1], SHMSTORE_READ_ONLY);
    ENSURE(busy);
    rounds = strtoull(argv[2], NULL, 10);
    for (round = 0; round < rounds || absent_count < rounds / 10; round++) {
        look_up(&busy->blocks, round % 16, &versions[round % 16]);
        look_up_place(&busy->places, round % 7);
        if (round % 16 == 0)
            iterate(&busy->blocks);
    }
    ENSURE(shm_busy_map_string_6_block_16_len(&busy->blocks) <= 16);
    printf("found %llu, absent %llu, gave up %llu\n", found_count, absent_count, gave_up_count);
    ENSURE(gave_up_count * 100 <= found_count);
    shmstore_detach(&segment);
    return 0;
}
