//! How long it takes from a death until the next process goes on: printed, and bounded by the deadline only. The program
//! `torture` measures it, too, and has a limit.

use std::time::Instant;

use shmstore_tests::holder::{wait_until_asleep, wait_until_state};
use shmstore_tests::mapper::{mapper, mapper_with_failpoint};
use shmstore_tests::scratch::Scratch;
use shmstore_tests::wait::flat_out;

const ROUNDS: usize = 20;

/// Has a process die with what it has while another waits for it, again and again. The corpse is not reaped before the
/// other has got it.
fn time_recovery(step: &str, hold: &[&str], wait: &str) {
    let _turn = flat_out();
    let scratch = Scratch::new();
    let mut next = mapper(scratch.path());
    next.expect_ok("insert 5 50");
    let mut times = Vec::new();
    for _ in 0..ROUNDS {
        let mut victim = mapper_with_failpoint(scratch.path(), step, "stop");
        let (last, first) = hold.split_last().expect("a command");
        first.iter().for_each(|command| drop(victim.expect_ok(command)));
        victim.tell(last);
        wait_until_state(victim.pid(), 'T');
        next.tell(wait);
        wait_until_asleep(next.pid());
        let killed = Instant::now();
        victim.signal("KILL");
        let answer = next.answer();
        times.push(killed.elapsed());
        assert!(answer.starts_with("ok"), "{answer}");
        next.expect_ok("remove 6");
    }
    times.sort_unstable();
    println!("{hold:?} to {step}, `{wait}`: median {:?}, longest {:?}", times[ROUNDS / 2], times[ROUNDS - 1]);
}

#[test]
fn maps_and_values_are_recovered_from_a_corpse_that_nobody_has_reaped() {
    time_recovery("EntryChained", &["insert 7 70"], "insert_timeout 6 60 25000");
    time_recovery("KeyRemoved", &["insert 7 70", "remove 7"], "insert_timeout 6 60 25000");
    time_recovery("WriterBegun", &["entry 5", "writer"], "insert_timeout 5 51 25000");
    time_recovery("StoreOdd", &["update 5 52"], "insert_timeout 5 51 25000");
}
