//! A guard that was forgotten: its lock stays held, and says so to its thread, for as long as it is a lock. Another
//! lock that is made in its place is another lock.
//!
//! # Safety
//!
//! Assumes what `docs/format.md` says: an atomic word at offset 12 of a `Versioned` is the mark of the thread that holds it.
#![allow(unsafe_code)]

use std::mem;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::mpsc;
use std::time::Duration;

use shmstore::error::{Busy, Holder};
use shmstore::{Lock, LockError, Shared, ShmObject, Versioned};
use shmstore_tests::holder::holder;
use shmstore_tests::objects::Parts;
use shmstore_tests::scratch::Scratch;

const SHORT: Duration = Duration::from_millis(5);

#[derive(ShmObject)]
#[repr(C)]
#[shm(id = 'L')]
struct Locked {
    lock: Lock,
}

/// What a thread is told that asks for a lock, or the write side of a value, while another thread holds it.
fn told<P: Sync>(part: &P, hold: impl Fn(&P) + Sync, ask: impl Fn(&P) -> Busy) -> Busy {
    let (holds, is_held) = mpsc::channel();
    std::thread::scope(|scope| {
        let (asked, was_asked) = mpsc::channel::<()>();
        let hold = &hold;
        scope.spawn(move || {
            hold(part);
            holds.send(()).unwrap();
            // Ends when the sender is dropped, also by a panic.
            let _ = was_asked.recv();
        });
        is_held.recv().unwrap();
        let _asked = asked;
        ask(part)
    })
}

fn forget_guard(lock: &Lock) {
    mem::forget(lock.lock().unwrap());
}

fn ask_lock(lock: &Lock) -> Busy {
    let refusals = [lock.try_lock().unwrap_err(), lock.lock_timeout(SHORT).unwrap_err()];
    let [LockError::Busy(busy), LockError::Busy(_)] = refusals else { panic!("{refusals:?}") };
    busy
}

fn assert_would_deadlock(lock: &Lock) {
    for refused in [lock.lock(), lock.try_lock(), lock.lock_timeout(SHORT)] {
        assert!(matches!(refused, Err(LockError::WouldDeadlock { .. })), "{refused:?}");
    }
}

#[test]
fn another_lock_in_its_place_is_held_by_whoever_holds_it() {
    let mut lock = Box::new(Lock::default());
    forget_guard(&lock);
    assert_would_deadlock(&lock);
    *lock = Lock::default();
    assert_eq!(told(&*lock, forget_guard, ask_lock).holder(), Holder::ThisProcess);
}

#[test]
fn another_value_in_its_place_is_held_by_whoever_holds_it() {
    let holds: [fn(&Versioned<u64>); 2] = [|part| mem::forget(part.begin()), |part| mem::forget(part.writer())];
    let ask = |part: &Versioned<u64>| part.try_writer().unwrap_err();
    for hold in holds {
        let mut part = Box::new(Versioned::<u64>::default());
        hold(&part);
        assert_eq!(ask(&part).holder(), Holder::ThisThread);
        *part = Versioned::default();
        assert_eq!(told(&*part, hold, ask).holder(), Holder::ThisProcess);
    }
}

#[test]
fn another_private_object_at_its_address_is_another_lock() {
    let first = Shared::<Lock>::new_private().unwrap();
    let address = std::ptr::from_ref(&*first).addr();
    forget_guard(&first);
    assert_would_deadlock(&first);
    drop(first);
    // The kernel gives the same pages again, unless another thread was faster.
    let second = Shared::<Lock>::new_private().unwrap();
    assert_eq!(told(&*second, forget_guard, ask_lock).holder(), Holder::ThisProcess);
    if std::ptr::from_ref(&*second).addr() != address {
        eprintln!("the kernel gave another address: not tested");
    }
}

#[test]
fn its_object_stays_locked_through_detaching_and_attaching_and_the_next_one_is_free() {
    let scratch = Scratch::new();
    let store = scratch.store();
    let attach = || store.attach::<Locked>().unwrap();
    forget_guard(&store.create::<Locked>().unwrap().lock);
    let seen_again = attach();
    assert_would_deadlock(&seen_again.lock);
    drop(seen_again);
    // At the address of the last one, if the kernel so likes, and elsewhere.
    let _elsewhere = Shared::<Lock>::new_private().unwrap();
    let elsewhere = attach();
    assert_would_deadlock(&elsewhere.lock);
    drop(elsewhere);
    store.remove::<Locked>().unwrap();
    let next = store.create::<Locked>().unwrap();
    store.remove::<Locked>().unwrap();
    assert_eq!(told(&next.lock, forget_guard, ask_lock).holder(), Holder::ThisProcess);
}

#[test]
fn mark_of_the_dead_goes_when_a_store_takes_the_write_side_over() {
    let scratch = Scratch::new();
    let mut owner = holder(scratch.path());
    owner.expect_ok("begin");
    let parts = scratch.store().attach::<Parts>().unwrap();
    // SAFETY: within the value, aligned, and an atomic for all.
    let mark = unsafe { &*std::ptr::from_ref(&parts.value).cast::<AtomicU32>().wrapping_add(3) };
    assert_ne!(mark.load(Relaxed), 0);
    owner.kill();
    parts.value.store([9; 32]);
    assert_eq!(mark.load(Relaxed), 0);
}
