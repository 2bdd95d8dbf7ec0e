//! How long it takes from a holder's death until the next one goes on: printed, and bounded by the deadline only.

use std::time::Instant;

use shmstore_tests::holder::{holder, wait_until_asleep};
use shmstore_tests::scratch::Scratch;
use shmstore_tests::wait::flat_out;

const ROUNDS: usize = 20;

/// Has a process die with what it holds while another waits for it, again and again. The corpse is not reaped before the
/// other has got it.
fn time_recovery(hold: &str, wait: &str) {
    let _turn = flat_out();
    let scratch = Scratch::new();
    let mut next = holder(scratch.path());
    let mut times = Vec::new();
    for _ in 0..ROUNDS {
        let mut victim = holder(scratch.path());
        victim.expect_ok(hold);
        next.tell(wait);
        wait_until_asleep(next.pid());
        let killed = Instant::now();
        victim.signal("KILL");
        let answer = next.answer();
        times.push(killed.elapsed());
        assert!(answer.starts_with("ok"), "{answer}");
        if hold == "lock_to_repair" {
            assert_eq!(answer, "ok repaired");
            next.expect_ok("drop");
        }
    }
    times.sort_unstable();
    println!("`{hold}` by the dead, `{wait}`: median {:?}, longest {:?}", times[ROUNDS / 2], times[ROUNDS - 1]);
}

#[test]
fn lock_and_write_side_are_recovered_from_a_corpse_that_nobody_has_reaped() {
    time_recovery("lock_to_repair", "lock_or_repair");
    time_recovery("begin", "store 9");
    time_recovery("writer", "update 9");
}
