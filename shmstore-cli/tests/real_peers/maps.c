/* A program that knows only the header of the object. */
#include "book.h"

#include <stdlib.h>

typedef shm_book_map_string_12_quote_8 quotes_type;
typedef shm_book_map_place_u64_4 positions_type;

static unsigned long long big(uint64_t number)
{
    return number;
}

static void look_up(const quotes_type *quotes, const char *text)
{
    shm_book_string_12 symbol;
    shm_book_quote quote;
    uint64_t version;
    int found;
    if (shm_book_string_12_from(&symbol, text) != 0) {
        printf("%s: %s\n", text, strerror(errno));
        return;
    }
    found = shm_book_map_string_12_quote_8_get(quotes, &symbol, &quote, &version);
    if (found != shm_book_map_string_12_quote_8_get(quotes, &symbol, NULL, NULL))
        exit(2);
    if (found > 0)
        printf("%s: version %llu, %g %g\n", text, big(version), quote.bid, quote.ask);
    else
        printf("%s: %s\n", text, found == 0 ? "absent" : strerror(errno));
}

static void show_quotes(const quotes_type *quotes)
{
    shm_book_string_12 symbol;
    shm_book_quote quote;
    uint64_t cursor = 0, version;
    int found;
    printf("%llu of %llu, %llu changes\n", big(shm_book_map_string_12_quote_8_len(quotes)),
           big(shm_book_map_string_12_quote_8_capacity(quotes)), big(shm_book_map_string_12_quote_8_changes(quotes)));
    while ((found = shm_book_map_string_12_quote_8_next(quotes, &cursor, &symbol, &quote, &version)) > 0)
        printf("%.*s: version %llu, %g %g\n", (int)shm_book_string_12_len(&symbol), symbol.text, big(version),
               quote.bid, quote.ask);
    printf("%s\n", found == 0 ? "end" : strerror(errno));
}

static void look_up_position(const positions_type *positions, uint32_t account, const char *text)
{
    shm_book_place place;
    uint64_t net = 0;
    place.account = account;
    if (shm_book_string_8_from(&place.symbol, text) != 0)
        exit(2);
    if (shm_book_map_place_u64_4_get(positions, &place, &net, NULL) > 0)
        printf("%u %s: %llu\n", account, text, big(net));
    else
        printf("%u %s: absent\n", account, text);
}

static void look_up_others(const shm_book *book)
{
    uint8_t small[5] = {0};
    uint32_t user = 0;
    uint16_t amount = 0;
    shm_book_map_array_u16_2_u8_4_key cell = {3, 4}, other_cell = {4, 3};
    int found = shm_book_map_u64_u32_4_get(&book->sessions, 17, &user, NULL);
    printf("17: %d %u\n", found, user);
    found = shm_book_map_u64_u32_4_get(&book->sessions, UINT64_MAX, &user, NULL);
    printf("most: %d %u, %d\n", found, user, shm_book_map_u64_u32_4_get(&book->sessions, 18, &user, NULL));
    found = shm_book_map_i8_u8_4_get(&book->moves, -3, &small[0], NULL);
    found = 10 * found + shm_book_map_bool_u8_2_get(&book->flags, 1, &small[1], NULL);
    found = 10 * found + shm_book_map_char_u8_2_get(&book->letters, 0xdf, &small[2], NULL);
    found = 10 * found + shm_book_map_array_u16_2_u8_4_get(&book->cells, &cell, &small[3], NULL);
    found = 10 * found + shm_book_map_array_u16_2_u8_4_get(&book->cells, &other_cell, &small[4], NULL);
    printf("%d: %u %u %u %u\n", found, small[0], small[1], small[2], small[3]);
    found = shm_book_map_side_u16_2_get(&book->books, SHM_BOOK_SIDE_ASK, &amount, NULL);
    printf("%d: %u, %d\n", found, amount, shm_book_map_u16_phantom_4_get(&book->seen, 9, NULL, NULL));
}

int main(int argc, char **argv)
{
    static const char *const symbols[] = {
        "EURUSD", "gone", "USDJPY", "GBPUSD", "EURUS", "", "twelve bytes", "thirteen byte",
    };
    shmstore_segment segment;
    size_t at;
    shm_book *book = argc > 2 ? shm_book_attach(&segment, argv[1], SHMSTORE_READ_ONLY) : NULL;
    if (!book) {
        fprintf(stderr, "%s\n", argc > 2 ? segment.message : "usage");
        return 1;
    }
    alarm(60);
    show_quotes(&book->quotes);
    for (at = 0; at < sizeof symbols / sizeof *symbols; at++)
        look_up(&book->quotes, symbols[at]);
    look_up_position(&book->positions, 7, "EURUSD");
    look_up_position(&book->positions, 8, "EURUSD");
    look_up_position(&book->positions, 9, "EURUSD");
    look_up_others(book);
    shmstore_detach(&segment);
    return 0;
}
