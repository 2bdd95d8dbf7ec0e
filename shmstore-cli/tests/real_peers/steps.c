/* Looks a key up while another program changes the map before the k-th load, for each k. */
static void step(void);
#define __atomic_load_n(from, order) (step(), __atomic_load_n(from, order))
#include "shelf.h"

#include <stdlib.h>

typedef shm_shelf_map_string_12_quote_8 quotes_type;
typedef shm_shelf_map_string_12_quote_8_entry entry_type;

#define ENSURE(holds)                                                                                      \
    do {                                                                                                   \
        if (!(holds)) {                                                                                    \
            fprintf(stderr, "line %d: %s, change %d before load %ld\n", __LINE__, #holds, change, at);     \
            exit(1);                                                                                       \
        }                                                                                                  \
    } while (0)

static shm_shelf shelf;
static quotes_type *const quotes = &shelf.quotes;
static int change;
static long at, left = -1;

/* The key that is looked up, another one of its bucket, and one of another bucket. */
static shm_shelf_string_12 wanted, beside, elsewhere;

static uint32_t hash_of(const shm_shelf_string_12 *key)
{
    return (uint32_t)shmstore_xxh64(key, sizeof *key, quotes->seed);
}

static uint64_t *head_of(const shm_shelf_string_12 *key)
{
    return &quotes->heads[(uint64_t)hash_of(key) * 16 >> 32];
}

static void set_head(const shm_shelf_string_12 *key, uint32_t link)
{
    *head_of(key) = *head_of(key) >> 32 << 32 | link;
}

static void insert(uint32_t index, const shm_shelf_string_12 *key, double price)
{
    entry_type *entry = &quotes->entries[index];
    shm_shelf_quote quote = {price, price};
    uint64_t version = 1 + (entry->words.sequence / 2 > quotes->floor ? entry->words.sequence / 2 : quotes->floor);
    entry->words.hash = hash_of(key);
    entry->words.sequence = 2 * version;
    memcpy(entry->key, key, sizeof *key);
    memcpy(entry->slots[version & 1], &quote, sizeof quote);
    entry->words.next = (uint32_t)*head_of(key);
    set_head(key, index + 1);
    *head_of(key) |= UINT64_C(1) << (32 + hash_of(key) % 32);
    entry->words.state = ((entry->words.state >> 2) + 1) << 2 | SHMSTORE_ENTRY_LIVE;
    quotes->high_water = quotes->high_water > index ? quotes->high_water : index + 1;
}

static void erase(uint32_t index, const shm_shelf_string_12 *key)
{
    entry_type *entry = &quotes->entries[index];
    uint32_t before = (uint32_t)*head_of(key);
    if (before == index + 1) {
        set_head(key, entry->words.next);
    } else {
        while (quotes->entries[before - 1].words.next != index + 1)
            before = quotes->entries[before - 1].words.next;
        quotes->entries[before - 1].words.next = entry->words.next;
    }
    quotes->floor = entry->words.sequence / 2;
    entry->words.state &= ~3u;
    entry->words.next = 0;
}

static void store(uint32_t index, double price)
{
    entry_type *entry = &quotes->entries[index];
    shm_shelf_quote quote = {price, price};
    entry->words.sequence += 2;
    memcpy(entry->slots[entry->words.sequence >> 1 & 1], &quote, sizeof quote);
}

/* Entry 0 has the wanted key, and entry 1, before it in the chain, the key beside it. */
static void begin(void)
{
    memset(&shelf, 0, sizeof shelf);
    quotes->seed = 7;
    insert(0, &wanted, 1.0);
    insert(1, &beside, 2.0);
}

static void make_change(void)
{
    switch (change) {
    case 0: /* the entry of the wanted key is used for a key of the same bucket */
        erase(0, &wanted);
        insert(0, &beside, 2.0);
        break;
    case 1: /* or of another bucket */
        erase(0, &wanted);
        insert(0, &elsewhere, 3.0);
        break;
    case 2: /* the entry before it leads into another bucket */
        erase(1, &beside);
        insert(1, &elsewhere, 3.0);
        break;
    case 3: /* or is free */
        erase(1, &beside);
        break;
    case 4: /* or is used again in the same bucket */
        erase(1, &beside);
        insert(1, &beside, 2.0);
        break;
    case 5: /* the wanted key is in another entry */
        erase(0, &wanted);
        insert(1 + 1, &wanted, 1.0);
        insert(0, &elsewhere, 3.0);
        break;
    default: /* two versions of its value */
        store(0, 4.0);
        store(0, 5.0);
    }
}

static void step(void)
{
    if (left >= 0 && left-- == 0)
        make_change();
}

static void find_keys(void)
{
    char text[12];
    int number, found = 0;
    shm_shelf_string_12_from(&wanted, "wanted");
    for (number = 0; found != 3; number++) {
        shm_shelf_string_12 key;
        snprintf(text, sizeof text, "%d", number);
        shm_shelf_string_12_from(&key, text);
        if (head_of(&key) == head_of(&wanted)) {
            beside = key;
            found |= 1;
        } else {
            elsewhere = key;
            found |= 2;
        }
    }
}

static void check_get(void)
{
    shm_shelf_quote quote = {0.0, 0.0};
    int found;
    begin();
    left = at;
    found = shm_shelf_map_string_12_quote_8_get(quotes, &wanted, &quote, NULL);
    ENSURE(found >= 0);
    ENSURE(found == 1 || change < 2 || change == 5);
    ENSURE(found == 0 || (quote.bid == quote.ask && (quote.bid == 1.0 || (change == 6 && quote.bid == 5.0))));
}

static void check_next(void)
{
    shm_shelf_string_12 key;
    shm_shelf_quote quote;
    uint64_t cursor = 0;
    int found, others = 0, wanted_ones = 0;
    begin();
    left = at;
    while ((found = shm_shelf_map_string_12_quote_8_next(quotes, &cursor, &key, &quote, NULL)) > 0) {
        int is_wanted = memcmp(&key, &wanted, sizeof key) == 0, is_beside = memcmp(&key, &beside, sizeof key) == 0;
        double price = is_wanted ? 1.0 : is_beside ? 2.0 : 3.0;
        ENSURE(quote.bid == quote.ask && (quote.bid == price || (change == 6 && quote.bid == 5.0)));
        if (price == 1.0)
            wanted_ones++;
        else
            others++;
    }
    ENSURE(found == 0 && others <= 3);
    ENSURE(wanted_ones == 1 || change < 2 || change == 5);
}

int main(void)
{
    long steps = 0;
    quotes->seed = 7;
    find_keys();
    for (change = 0; change < 7; change++) {
        for (at = 0, left = 0; left < 0 || at == 0; at++, steps++)
            check_get();
        for (at = 0, left = 0; left < 0 || at == 0; at++, steps++)
            check_next();
    }
    printf("%ld\n", steps);
    return 0;
}
