/* A program that knows only the header of the object. */
#include "feeds.h"

#include <stdlib.h>

typedef shm_feeds_queue_pair_4 jobs_type;
typedef shm_feeds_broadcast_pair_8 quotes_type;

static void look_at_jobs(const jobs_type *jobs)
{
    shm_feeds_pair job;
    uint64_t at, end;
    printf("%llu of %llu, %llu outstanding:", (unsigned long long)shm_feeds_queue_pair_4_len(jobs),
           (unsigned long long)shm_feeds_queue_pair_4_capacity(jobs),
           (unsigned long long)shm_feeds_queue_pair_4_outstanding(jobs));
    shm_feeds_queue_pair_4_positions(jobs, &at, &end);
    for (; at != end; at++)
        if (shm_feeds_queue_pair_4_look(jobs, at, &job))
            printf(" %llu", (unsigned long long)job.a);
    printf("\n");
}

static void receive_from(const quotes_type *quotes, uint64_t position)
{
    shm_feeds_pair quote;
    uint64_t missed = 0;
    int found;
    printf("from %llu:", (unsigned long long)position);
    found = shm_feeds_broadcast_pair_8_receive(quotes, &position, &quote, &missed);
    if (found < 0) {
        printf(" missed %llu, then", (unsigned long long)missed);
        found = shm_feeds_broadcast_pair_8_receive(quotes, &position, &quote, &missed);
    }
    if (found > 0)
        printf(" %llu\n", (unsigned long long)quote.a);
    else
        printf(" none\n");
}

static void look_at_quotes(const quotes_type *quotes)
{
    shm_feeds_pair quote;
    uint64_t missed, at = shm_feeds_broadcast_pair_8_oldest(quotes);
    printf("sent %llu of %llu, from %llu:", (unsigned long long)shm_feeds_broadcast_pair_8_sent(quotes),
           (unsigned long long)shm_feeds_broadcast_pair_8_capacity(quotes), (unsigned long long)at);
    while (shm_feeds_broadcast_pair_8_receive(quotes, &at, &quote, &missed) > 0)
        printf(" %llu", (unsigned long long)quote.a);
    printf(", then %s\n", at == shm_feeds_broadcast_pair_8_sent(quotes) ? "none" : "more");
    receive_from(quotes, 0);
    receive_from(quotes, 12);
}

/* Receives items of equal words until `end` positions are passed. */
static int receive(const quotes_type *quotes, uint64_t end)
{
    uint64_t begin = shm_feeds_broadcast_pair_8_sent(quotes), at = begin, received = 0, all_missed = 0, lags = 0, missed;
    shm_feeds_pair quote;
    alarm(60);
    while (at - begin < end || lags < 3) {
        uint64_t before = at;
        int found = shm_feeds_broadcast_pair_8_receive(quotes, &at, &quote, &missed);
        if (found > 0) {
            received++;
            if (quote.a != before || quote.b != before || at != before + 1)
                return fprintf(stderr, "item %llu is %llu and %llu\n", (unsigned long long)before,
                               (unsigned long long)quote.a, (unsigned long long)quote.b), 1;
        } else if (found < 0) {
            lags++;
            all_missed += missed;
            if (at != before + missed || missed == 0)
                return fprintf(stderr, "missed %llu at %llu\n", (unsigned long long)missed, (unsigned long long)at), 1;
        } else if (at != before) {
            return fprintf(stderr, "moved without an item\n"), 1;
        }
    }
    printf("received %llu, missed %llu in %llu lags\n", (unsigned long long)received, (unsigned long long)all_missed,
           (unsigned long long)lags);
    return received + all_missed != at - begin || received == 0;
}

int main(int argc, char **argv)
{
    shmstore_segment segment;
    shm_feeds *feeds = argc > 2 ? shm_feeds_attach(&segment, argv[1], SHMSTORE_READ_ONLY) : NULL;
    int failed = 0;
    if (!feeds) {
        fprintf(stderr, "%s\n", argc > 2 ? segment.message : "usage");
        return 1;
    }
    if (strcmp(argv[2], "receive") == 0) {
        failed = receive(&feeds->quotes, strtoull(argv[3], NULL, 10));
    } else {
        alarm(60);
        look_at_jobs(&feeds->jobs);
        look_at_quotes(&feeds->quotes);
    }
    shmstore_detach(&segment);
    return failed;
}
