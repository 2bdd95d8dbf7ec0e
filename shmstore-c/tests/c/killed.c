/* Has parts while it is killed. */
#include "checks.h"

#include <unistd.h>

int main(int argc, char **argv)
{
    CHECK(argc == 2);
    attach(argv[1]);
    shmstore_part *state = part("state"), *guarded = part("guarded"), *jobs = part("jobs"), *images = part("images");
    shmstore_transaction *begun;
    shmstore_guard *guard;
    shmstore_job *job;
    shmstore_loan *loan;
    shmstore_pin *pin;
    OK(shmstore_transaction_begin(state, 0, &begun));
    ((shm_all_state *)shmstore_transaction_value(begun))->at.x = 99;
    OK(shmstore_lock_lock(guarded, 0, &guard));
    OK(shmstore_queue_take(jobs, 0, &job));
    OK(shmstore_frames_pin_newest(images, &pin));
    OK(shmstore_frames_loan(images, 0, &loan));
    ((uint16_t *)shmstore_loan_pointer(loan))[0] = 5;
    puts("ready");
    fflush(stdout);
    pause();
    return 1;
}
