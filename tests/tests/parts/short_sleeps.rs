//! Signals and wake-ups that mean nothing cut a waiter's sleeps short: a dead owner is found all the same, and in time.

use std::time::{Duration, Instant};

use shmstore_tests::holder::{holder, spawn, wait_until_asleep};
use shmstore_tests::peer::{Peer, actor};
use shmstore_tests::scratch::Scratch;
use shmstore_tests::wait::flat_out;

/// A death is noticed within some milliseconds; on a busy machine maybe later, but not this much.
const SOON: Duration = Duration::from_secs(10);

/// The owner is killed before one waits, and while one does.
fn assert_the_dead_is_found(disturb: impl Fn(&Scratch, &mut Peer) -> Option<Peer>) {
    let _turn = flat_out();
    for (hold, wait, expected) in
        [("lock", "lock_or_repair_timeout 20000", "ok repaired"), ("begin", "store_timeout 9 20000", "ok 1")]
    {
        for waits_already in [false, true] {
            let scratch = Scratch::new();
            let mut waiter = holder(scratch.path());
            let mut owner = holder(scratch.path());
            owner.expect_ok(hold);
            let _disturber = disturb(&scratch, &mut waiter);
            if !waits_already {
                owner.kill();
            }
            waiter.tell(wait);
            if waits_already {
                wait_until_asleep(waiter.pid());
                owner.kill();
            }
            let killed = Instant::now();
            assert_eq!(waiter.answer(), expected, "`{wait}`, after {:?}", killed.elapsed());
            assert!(killed.elapsed() < SOON, "`{wait}`: {:?}", killed.elapsed());
        }
    }
}

#[test]
fn dead_owner_is_found_by_one_whom_signals_interrupt_each_millisecond() {
    assert_the_dead_is_found(|_, waiter| {
        waiter.expect_ok("be_interrupted");
        None
    });
}

#[test]
fn dead_owner_is_found_by_one_whom_a_reader_wakes_for_nothing_all_the_time() {
    assert_the_dead_is_found(|scratch, _| {
        let mut reader = spawn(actor("reader").arg(scratch.path()));
        reader.expect_ok("knock");
        Some(reader)
    });
}
