//! What is modelled: processes that claim, fill, leave and judge slots. Death is what a closure says: the kernel knows it
//! before anybody asks.

use loom::cell::UnsafeCell;
use loom::sync::Arc;
use loom::thread;

use super::atomics::AtomicU32;
use super::atomics::Ordering::{Acquire, Release};
use super::slot::{Details, Snapshot, Slot, SlotState, SlotsUsed, Word, second_slot};
use crate::harness::check;

const DEAD: u32 = 1;

fn claim(token: u32) -> Word {
    Word { token, pid: token, state: SlotState::Claimed, has_liveness_lock: false, fields: 0 }
}

/// What the process of this token writes into its slot.
fn details(token: u32) -> Details {
    Details { pid_namespace: token, time_namespace: token, start: token.into(), since: token, exec_id: token }
}

/// The slot of a process that has ended.
fn slot_of_the_dead() -> Slot {
    let slot = Slot::default();
    assert!(slot.take_free(claim(DEAD)) && slot.fill(claim(DEAD), &details(DEAD)));
    slot
}

fn is_of_the_dead(snapshot: &Snapshot) -> bool {
    snapshot.word.token == DEAD
}

/// Tells whether what stands in a slot is of another process than its word.
fn is_mixed(snapshot: &Snapshot) -> bool {
    snapshot.details.is_some_and(|found| found != details(snapshot.word.token))
}

/// A slot gets a new process; somebody looks. (The process has looked at the slot before: loom remembers one last access
/// of a word, so that look, here, would hide the other's from it, and with that most of the orders there are.)
pub(crate) fn what_is_seen_belongs_together() {
    check(3, || {
        let slot = Arc::new(slot_of_the_dead());
        let next = thread::spawn({
            let slot = slot.clone();
            move || {
                let dead = Word { state: SlotState::Ready, ..claim(DEAD) };
                assert!(slot.take_again(dead, claim(2)));
                assert!(slot.fill(claim(2), &details(2)));
            }
        });
        assert!(slot.snapshot().is_none_or(|snapshot| !is_mixed(&snapshot)));
        next.join().unwrap();
        assert_eq!(slot.snapshot().expect("nobody changes it").details, Some(details(2)));
    });
}

/// A process leaves and comes back; somebody judges it by what stands there.
pub(crate) fn a_process_leaves_and_comes_back() {
    check(3, || {
        let slot = Arc::new(slot_of_the_dead());
        assert!(slot.take_over(claim(2), is_of_the_dead) && slot.fill(claim(2), &details(2)));
        let process = thread::spawn({
            let slot = slot.clone();
            move || {
                slot.leave(2);
                let left = slot.word().expect("its own slot");
                assert!(slot.take_again(left, claim(2)) && slot.fill(claim(2), &details(2)));
            }
        });
        assert!(!slot.token_is_dead(2, is_mixed));
        assert!(!slot.take_over(claim(3), is_mixed));
        process.join().unwrap();
    });
}

/// Two processes want one slot, by `take`; whoever gets it has it alone.
fn two_want(slot: fn() -> Slot, take: fn(&Slot, Word) -> bool) {
    check(3, move || {
        let slot = Arc::new((slot(), UnsafeCell::new(0)));
        let processes = [2, 3].map(|token| {
            let slot = slot.clone();
            thread::spawn(move || {
                let (slot, owner) = &*slot;
                if !take(slot, claim(token)) {
                    return 0;
                }
                owner.with_mut(|owner| {
                    // SAFETY: loom checks that nobody else uses it, and would fail the model.
                    unsafe { *owner = token };
                });
                assert!(slot.fill(claim(token), &details(token)));
                1
            })
        });
        let winners: u32 = processes.into_iter().map(|process| process.join().unwrap()).sum();
        assert_eq!(winners, 1);
    });
}

pub(crate) fn one_of_two_gets_a_slot() {
    two_want(Slot::default, Slot::take_free);
}

pub(crate) fn one_of_two_gets_the_slot_of_the_dead() {
    two_want(slot_of_the_dead, |slot, claim| slot.take_over(claim, is_of_the_dead));
}

/// A process that lost its lock byte is taken for dead while it fills its slot: it notices, and leaves the slot alone.
pub(crate) fn a_slot_that_was_taken_is_not_filled() {
    check(3, || {
        let slot = Arc::new(Slot::default());
        let loser = thread::spawn({
            let slot = slot.clone();
            move || {
                assert!(slot.take_free(claim(2)));
                slot.fill(claim(2), &details(2))
            }
        });
        let taken = slot.take_over(claim(3), |snapshot| snapshot.word.state == SlotState::Claimed);
        let filled = loser.join().unwrap();
        assert!(taken != filled);
        let owner = slot.word().expect("one of them").token;
        assert_eq!(owner, if taken { 3 } else { 2 });
    });
}

/// Two processes with one token claim a slot each, then look for each other.
pub(crate) fn one_of_two_twins_sees_the_other() {
    check(3, || {
        let table: Arc<([Slot; 2], SlotsUsed)> = Arc::default();
        let twins = [0, 1].map(|_| {
            let table = table.clone();
            thread::spawn(move || {
                let (slots, used) = &*table;
                let ours = used.take_next(slots, claim(2)).expect("a slot for each");
                second_slot(slots, used, ours, 2).is_some()
            })
        });
        let saw = twins.map(|twin| twin.join().unwrap());
        assert!(saw.contains(&true));
    });
}

/// A process claims a slot and takes a lock; whoever finds its token in the lock word finds it in a slot.
pub(crate) fn a_token_in_a_lock_word_is_found() {
    check(3, || {
        let place = Arc::new((slot_of_the_dead(), AtomicU32::new(0)));
        let owner = thread::spawn({
            let place = place.clone();
            move || {
                let (slot, lock) = &*place;
                assert!(slot.take_over(claim(2), is_of_the_dead) && slot.fill(claim(2), &details(2)));
                lock.store(2, Release);
                slot.leave(2);
            }
        });
        let (slot, lock) = &*place;
        if lock.load(Acquire) == 2 {
            assert_eq!(slot.word().map(|word| word.token), Some(2));
            assert!(!slot.token_is_dead(2, is_mixed));
        }
        owner.join().unwrap();
    });
}

/// Likewise, of a slot that nobody had before: whoever finds the token looks only at slots that count.
pub(crate) fn a_token_in_a_lock_word_is_in_a_slot_that_counts() {
    check(3, || {
        let place: Arc<([Slot; 2], SlotsUsed, AtomicU32)> = Arc::default();
        let owner = thread::spawn({
            let place = place.clone();
            move || {
                let (slots, used, lock) = &*place;
                let slot = used.take_next(slots, claim(2)).expect("a free slot");
                assert!(slot.fill(claim(2), &details(2)));
                lock.store(2, Release);
            }
        });
        let (slots, used, lock) = &*place;
        if lock.load(Acquire) == 2 {
            assert!(used.of(slots).iter().any(|slot| slot.word().is_some_and(|word| word.token == 2)));
        }
        owner.join().unwrap();
    });
}
