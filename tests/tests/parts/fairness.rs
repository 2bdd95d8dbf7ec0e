//! A lock is not taken for ever by those who come and go before one who sleeps for it.

use std::ptr;

use shmstore::{Shared, ShmId};
use shmstore_tests::holder::{holder, holder_with, wait_until_asleep, wait_until_state};
use shmstore_tests::objects::Parts;
use shmstore_tests::raw::{Raw, field};
use shmstore_tests::scratch::Scratch;
use shmstore_tests::wait::until_true;

/// Sleeps that only a wake-up ends in time: a newcomer that stands back does so until he is woken.
const SLICE: (&str, &str) = ("SHMSTORE_SLICE_MS", "60000");

/// From the table of `lock_word.rs`: one who sleeps may be overtaken by those who find the lock free until he is awake, and
/// by one holder more; once he has found it taken again, the next release keeps it for him.
#[test]
fn one_who_was_woken_in_vain_once_is_overtaken_no_more() {
    let scratch = Scratch::new();
    let mut greedy = holder_with(scratch.path(), &[SLICE]);
    greedy.expect_ok("lock");
    let mut patient = holder_with(scratch.path(), &[SLICE, ("SHMSTORE_FAILPOINT", "LockWoken=stop")]);
    patient.tell("lock");
    wait_until_asleep(patient.pid());
    greedy.expect_ok("drop");
    wait_until_state(patient.pid(), 'T');
    // While he wakes, anybody may come and go.
    for _ in 0..100 {
        greedy.expect_ok("lock");
        greedy.expect_ok("drop");
    }
    greedy.expect_ok("lock");
    patient.signal("CONT");
    wait_until_asleep(patient.pid());
    // He has been woken in vain, and sleeps again: this release is for him.
    greedy.expect_ok("drop");
    wait_until_state(patient.pid(), 'T');
    greedy.tell("lock");
    wait_until_asleep(greedy.pid());
    patient.signal("CONT");
    assert_eq!(patient.answer(), "ok ");
    patient.expect_ok("drop");
    assert_eq!(greedy.answer(), "ok ");
}

#[test]
fn one_who_only_tries_may_have_a_lock_that_is_kept_for_another() {
    let scratch = Scratch::new();
    let mut owner = holder(scratch.path());
    owner.expect_ok("lock");
    let mut patient = holder_with(scratch.path(), &[SLICE, ("SHMSTORE_FAILPOINT", "LockWoken=stop")]);
    patient.tell("lock");
    wait_until_asleep(patient.pid());
    owner.expect_ok("drop");
    wait_until_state(patient.pid(), 'T');
    owner.expect_ok("try_lock");
    patient.signal("CONT");
    wait_until_asleep(patient.pid());
    owner.expect_ok("drop");
    wait_until_state(patient.pid(), 'T');
    // It is kept, for one who may never come.
    owner.expect_ok("try_lock");
    patient.signal("CONT");
    wait_until_asleep(patient.pid());
    owner.expect_ok("drop");
    wait_until_state(patient.pid(), 'T');
    patient.signal("CONT");
    assert_eq!(patient.answer(), "ok ");
}

#[test]
fn one_who_has_never_slept_does_not_take_the_lock_from_one_for_whom_it_is_kept() {
    /// See `docs/format.md`.
    const HAND_OFF: u32 = 1 << 30;
    let scratch = Scratch::new();
    let mut owner = holder(scratch.path());
    let [mut waiter, mut poller] = [holder(scratch.path()), holder(scratch.path())];
    let parts: Shared<Parts> = scratch.store().attach().unwrap();
    let raw = Raw::at_key(scratch.key(Parts::ID));
    let at =
        raw.get(field::PAYLOAD_OFFSET) as usize + ptr::from_ref(&parts.lock).addr() - ptr::from_ref(&*parts).addr();
    let is_kept = || raw.word(at) & HAND_OFF != 0;
    owner.expect_ok("lock");
    waiter.tell("lock");
    until_true("the lock to be kept for one who has slept", is_kept);
    // Who is stopped does not say so again.
    waiter.signal("STOP");
    wait_until_state(waiter.pid(), 'T');
    for _ in 0..5 {
        for poll in ["lock_timeout 0", "try_lock", "lock_or_repair_timeout 0"] {
            poller.expect_err(poll, "Busy");
            assert!(is_kept(), "not after `{poll}`");
        }
    }
    waiter.signal("CONT");
    owner.expect_ok("drop");
    assert_eq!(waiter.answer(), "ok ");
}
