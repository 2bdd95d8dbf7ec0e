//! How long it takes from a death until the next process goes on: printed, and bounded by the deadline only. The program
//! `torture` measures it, too, and has a limit.

use std::time::Instant;

use shmstore_tests::holder::wait_until_asleep;
use shmstore_tests::scratch::Scratch;
use shmstore_tests::streamer::streamer;
use shmstore_tests::wait::{self, flat_out};

const ROUNDS: usize = 20;

/// Has a process die with what it has while another waits for it, again and again. The corpse is not reaped before the
/// other has got it.
fn time_recovery(hold: &str, wait: &str) {
    let _turn = flat_out();
    let scratch = Scratch::new();
    let mut next = streamer(scratch.path());
    next.expect_ok("push 5");
    let mut times = Vec::new();
    for _ in 0..ROUNDS {
        let mut victim = streamer(scratch.path());
        victim.expect_ok(hold);
        next.tell(wait);
        wait_until_asleep(next.pid());
        let killed = Instant::now();
        victim.signal("KILL");
        let answer = next.answer();
        times.push(killed.elapsed());
        assert!(answer.starts_with("ok"), "{answer}");
        next.expect_ok("drop");
    }
    times.sort_unstable();
    println!("`{hold}` by the dead, `{wait}`: median {:?}, longest {:?}", times[ROUNDS / 2], times[ROUNDS - 1]);
}

#[test]
fn sides_and_jobs_are_recovered_from_a_corpse_that_nobody_has_reaped() {
    time_recovery("producer", "producer");
    time_recovery("consumer", "consumer");
    time_recovery("sender", "sender");
    time_recovery("take", "take_timeout 25000");
}

/// An item that is given back again and again is delivered before all others. The job of a dead process must come back
/// although no consumer ever waits or finds nothing.
#[test]
fn job_of_the_dead_comes_back_while_another_item_is_given_back_all_the_time() {
    let scratch = Scratch::new();
    let mut next = streamer(scratch.path());
    next.expect_ok("push_many 5 6");
    let mut victim = streamer(scratch.path());
    assert_eq!(victim.expect_ok("take"), "5 1");
    victim.kill();
    wait::until_true("the job of the dead", || {
        let job = next.expect_ok("take");
        next.expect_ok("drop");
        job == "5 2"
    });
}
