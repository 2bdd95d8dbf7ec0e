/* A process that forks. What the parent has is the parent's. */
#include "checks.h"

#include <sys/wait.h>
#include <unistd.h>

static int32_t forks(void *value, size_t size, void *context)
{
    CHECK(size == sizeof(shm_all_position));
    pid_t *child = context;
    *child = fork();
    ((shm_all_position *)value)->x += *child == 0 ? 10 : 1;
    return 0;
}

int main(int argc, char **argv)
{
    CHECK(argc == 2);
    attach(argv[1]);
    shmstore_part *state = part("state"), *jobs = part("jobs"), *images = part("images"), *count = part("count");
    shmstore_transaction *begun;
    shmstore_job *job;
    shmstore_loan *loan;
    shmstore_pin *pin;
    OK(shmstore_transaction_begin(state, 0, &begun));
    ((shm_all_state *)shmstore_transaction_value(begun))->at.x = 8;
    OK(shmstore_queue_take(jobs, 0, &job));
    OK(shmstore_frames_pin_newest(images, &pin));
    OK(shmstore_frames_loan(images, 0, &loan));
    pid_t child = fork();
    if (child == 0) {
        uint64_t old;
        OK(shmstore_atomic_fetch_add(count, 1, &old));
        GIVES(SHMSTORE_OF_PARENT, shmstore_transaction_commit(begun, NULL));
        GIVES(SHMSTORE_BUSY, shmstore_transaction_begin(state, 1000, &begun));
        GIVES(SHMSTORE_OF_PARENT, shmstore_job_done(job));
        CHECK(shmstore_loan_pointer(loan) == NULL);
        GIVES(SHMSTORE_OF_PARENT, shmstore_loan_publish(loan, NULL));
        OK(shmstore_pin_release(pin));
        CHECK(shmstore_queue_len(jobs) == 0);
        _exit(0);
    }
    int status;
    CHECK(waitpid(child, &status, 0) == child && status == 0);
    CHECK(shmstore_pin_is_intact(pin) == 1);
    OK(shmstore_transaction_commit(begun, NULL));
    OK(shmstore_job_done(job));
    OK(shmstore_loan_publish(loan, NULL));
    OK(shmstore_pin_release(pin));

    /* A child may do everything by itself, also wait for its parent. */
    child = fork();
    if (child == 0) {
        shm_all_position item;
        OK(shmstore_queue_pop(jobs, &item, sizeof item, 60 * SECOND));
        CHECK(item.x == 3);
        _exit(0);
    }
    shm_all_position item = {3, 4};
    OK(shmstore_queue_push(jobs, &item, sizeof item, 0));
    CHECK(waitpid(child, &status, 0) == child && status == 0);

    /* A child that dies with a lock. */
    shmstore_part *guarded = part("guarded");
    shmstore_guard *guard;
    child = fork();
    if (child == 0) {
        OK(shmstore_lock_lock(guarded, 0, &guard));
        _exit(0);
    }
    CHECK(waitpid(child, &status, 0) == child && status == 0);
    SAYS(SHMSTORE_OWNER_DIED, "guarded", shmstore_lock_lock(guarded, 60 * SECOND, &guard));
    CHECK(guard == NULL && shmstore_lock_is_inconsistent(guarded) == 1);
    OK(shmstore_lock_lock_to_repair(guarded, 60 * SECOND, &guard));
    CHECK(shmstore_guard_is_inconsistent(guard) == 1);
    OK(shmstore_guard_mark_consistent(guard));
    OK(shmstore_guard_unlock(guard));
    OK(shmstore_lock_lock(guarded, 0, &guard));
    OK(shmstore_guard_unlock(guard));

    /* A child that is forked in a callback stores nothing. */
    shmstore_part *quotes = part("quotes");
    shm_all_string_12 key;
    shm_all_position quote, changed;
    CHECK(shm_all_string_12_from(&key, "USDJPY") == 0);
    OK(shmstore_map_get(quotes, &key, sizeof key, &quote, sizeof quote, NULL));
    shmstore_code code = shmstore_map_update(quotes, &key, sizeof key, 0, forks, &child);
    if (child == 0)
        _exit(code == SHMSTORE_OF_PARENT ? 0 : 1);
    OK(code);
    CHECK(waitpid(child, &status, 0) == child && status == 0);
    OK(shmstore_map_get(quotes, &key, sizeof key, &changed, sizeof changed, NULL));
    CHECK(changed.x == quote.x + 1);
    puts("forked");
    return 0;
}
