/* Threads of one process, beside another process that does the same. */
#include "checks.h"

#include <pthread.h>
#include <stdatomic.h>

enum { THREADS = 4, TIMES = 2000 };

static shmstore_part *count, *state, *quotes, *jobs, *guarded;
static shmstore_transaction *of_main;
static shmstore_guard *guard_of_main;
static atomic_uint_fast64_t sum;

static int32_t add_one(void *value, size_t size, void *context)
{
    shm_all_position position;
    (void)context;
    memcpy(&position, value, size);
    position.x += 1;
    memcpy(value, &position, size);
    return 0;
}

static void *worker(void *context)
{
    shm_all_string_12 key;
    shm_all_position item = {1, 0};
    CHECK(shm_all_string_12_from(&key, "USDJPY") == 0);
    for (int time = 0; time < TIMES; time++) {
        shmstore_transaction *begun;
        OK(shmstore_atomic_fetch_add(count, 1, NULL));
        OK(shmstore_transaction_begin(state, SHMSTORE_FOREVER, &begun));
        ((shm_all_state *)shmstore_transaction_value(begun))->at.x += 1;
        OK(shmstore_transaction_commit(begun, NULL));
        OK(shmstore_map_update(quotes, &key, sizeof key, SHMSTORE_FOREVER, add_one, NULL));
        OK(shmstore_queue_push(jobs, &item, sizeof item, SHMSTORE_FOREVER));
        OK(shmstore_queue_pop(jobs, &item, sizeof item, SHMSTORE_FOREVER));
        atomic_fetch_add(&sum, (uint_fast64_t)item.x);
        /* The text of an error is that of the thread. */
        SAYS(SHMSTORE_WRONG_SIZE, context ? "5 bytes" : "3 bytes",
             shmstore_atomic_load(count, &item, context ? 5 : 3));
    }
    return NULL;
}

static void *other(void *context)
{
    (void)context;
    SAYS(SHMSTORE_OTHER_THREAD, "another thread", shmstore_transaction_commit(of_main, NULL));
    GIVES(SHMSTORE_OTHER_THREAD, shmstore_transaction_rollback(of_main));
    CHECK(shmstore_transaction_value(of_main) == NULL);
    GIVES(SHMSTORE_OTHER_THREAD, shmstore_guard_mark_consistent(guard_of_main));
    GIVES(SHMSTORE_OTHER_THREAD, shmstore_guard_unlock(guard_of_main));
    GIVES(SHMSTORE_BUSY, shmstore_lock_lock(guarded, 1000, &(shmstore_guard *){NULL}));
    return NULL;
}

int main(int argc, char **argv)
{
    pthread_t threads[THREADS];
    CHECK(argc == 2);
    attach(argv[1]);
    count = part("count"), state = part("state"), quotes = part("quotes"), jobs = part("jobs");
    guarded = part("guarded");
    for (intptr_t at = 0; at < THREADS; at++)
        CHECK(pthread_create(&threads[at], NULL, worker, at % 2 ? &threads[0] : NULL) == 0);
    for (int at = 0; at < THREADS; at++)
        CHECK(pthread_join(threads[at], NULL) == 0);

    OK(shmstore_transaction_begin(state, SHMSTORE_FOREVER, &of_main));
    OK(shmstore_lock_lock(guarded, SHMSTORE_FOREVER, &guard_of_main));
    CHECK(pthread_create(&threads[0], NULL, other, NULL) == 0 && pthread_join(threads[0], NULL) == 0);
    OK(shmstore_guard_unlock(guard_of_main));
    OK(shmstore_transaction_rollback(of_main));
    printf("%d\n", (int)sum);
    return 0;
}
