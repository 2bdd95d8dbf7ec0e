/* A program that knows only the header of the object. */
#include "feeds.h"

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
    receive_from(quotes, UINT64_MAX);
}

int main(int argc, char **argv)
{
    shmstore_segment segment;
    shm_feeds *feeds = argc > 2 ? shm_feeds_attach(&segment, argv[1], SHMSTORE_READ_ONLY) : NULL;
    if (!feeds) {
        fprintf(stderr, "%s\n", argc > 2 ? segment.message : "usage");
        return 1;
    }
    alarm(60);
    look_at_jobs(&feeds->jobs);
    look_at_quotes(&feeds->quotes);
    shmstore_detach(&segment);
    return 0;
}
