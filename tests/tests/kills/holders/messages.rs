//! Refusals and time-outs keep a few numbers, and make their message when it is shown.
//!
//! # Safety
//!
//! The allocator is the system's; it only counts.
#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::error::Error;
use std::time::Duration;

use shmstore::error::Busy;
use shmstore::{Broadcast, Event, Lock, LockError, Queue, Shared, ShmObject, Versioned, WaitError};
use shmstore_tests::scratch::Scratch;

/// Counts what each thread allocates.
struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

// SAFETY: all is the system's.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        // SAFETY: the caller's promises are the same.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: the caller's promises are the same.
        unsafe { System.dealloc(memory, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

#[derive(ShmObject)]
#[repr(C)]
#[shm(id = 'K')]
struct Bank {
    doors: [Lock; 3],
    accounts: [Versioned<u64>; 4],
    rung: Event,
    full: Queue<u64, 1>,
    empty: Queue<u64, 1>,
    silent: Broadcast<u64, 2>,
}

/// What is said by each call that is refused, or waits in vain, while this thread holds a door and an account.
fn refused(bank: &Bank) -> (Busy, Busy, [LockError; 2], [WaitError; 3]) {
    let by_others = std::thread::scope(|scope| {
        scope.spawn(|| bank.accounts[3].writer_timeout(Duration::from_millis(1)).unwrap_err()).join().unwrap()
    });
    let deadlocks = [bank.doors[2].lock().unwrap_err(), bank.doors[2].try_lock().unwrap_err()];
    let in_vain = [
        bank.accounts[1].wait_newer(7, Duration::ZERO).unwrap_err(),
        bank.accounts[1].wait_newer(7, Duration::from_millis(1)).unwrap_err(),
        bank.rung.wait_past(4, Duration::ZERO).unwrap_err(),
    ];
    (bank.accounts[3].try_writer().unwrap_err(), by_others, deadlocks, in_vain)
}

#[test]
fn messages_are_whole_when_the_object_is_gone() {
    fn goes_anywhere<E: Error + Send + Sync + 'static>(errors: impl IntoIterator<Item = E>) -> Vec<String> {
        errors.into_iter().map(|error| Box::<dyn Error + Send + Sync>::from(error).to_string()).collect()
    }
    let scratch = Scratch::new();
    let bank = scratch.store().create::<Bank>().unwrap();
    std::mem::forget((bank.doors[2].lock().unwrap(), bank.accounts[3].writer()));
    let (own, other, deadlocks, in_vain) = refused(&bank);
    drop(bank);
    scratch.store().remove::<Bank>().unwrap();
    // Another object, most often at the same address.
    let _next = Shared::<Bank>::new_private().unwrap();

    let [own, other] = [own, other].map(|busy| goes_anywhere([busy]).remove(0));
    assert!(own.starts_with("`Bank.accounts[3]` (`Versioned<u64>`) is busy: this very thread holds it."), "{own}");
    assert!(other.starts_with("`Bank.accounts[3]` (`Versioned<u64>`) is busy after "), "{other}");
    for text in goes_anywhere(deadlocks) {
        assert!(text.starts_with("this thread holds `Bank.doors[2]` (`Lock`) already"), "{text}");
    }
    let starts = [
        "waited 0ns for a version of `Bank.accounts[1]` (`Versioned<u64>`) newer than 7 (the newest is 0), and it did \
         not come",
        "waited 1ms for a version of `Bank.accounts[1]` (`Versioned<u64>`) newer than 7 (the newest is 0), and it did \
         not come",
        "waited 0ns for notification 5 of `Bank.rung` (`Event`) (there were 0), and it did not come",
    ];
    for (text, start) in goes_anywhere(in_vain).iter().zip(starts) {
        assert!(text.starts_with(start), "{text}");
    }
}

#[test]
fn refusals_and_time_outs_that_nobody_reads_allocate_nothing() {
    let scratch = Scratch::new();
    let bank = scratch.store().create::<Bank>().unwrap();
    scratch.store().remove::<Bank>().unwrap();
    let bank = &*bank;
    let (_door, _account) = (bank.doors[2].lock().unwrap(), bank.accounts[3].writer());
    bank.full.push(1).unwrap();
    let (_producer, _sender) = (bank.empty.producer(), bank.silent.sender());
    let calls: [(&str, &dyn Fn() -> bool); 15] = [
        ("try_writer", &|| bank.accounts[3].try_writer().is_err()),
        ("writer_timeout", &|| bank.accounts[3].writer_timeout(Duration::from_micros(1)).is_err()),
        ("try_lock", &|| bank.doors[2].try_lock().is_err()),
        ("lock", &|| bank.doors[2].lock().is_err()),
        ("wait_newer", &|| bank.accounts[1].wait_newer(7, Duration::ZERO).is_err()),
        ("wait_newer with a limit", &|| bank.accounts[1].wait_newer(7, Duration::from_micros(1)).is_err()),
        ("wait_past", &|| bank.rung.wait_past(7, Duration::ZERO).is_err()),
        ("try_push", &|| bank.full.try_push(2).is_err()),
        ("push_timeout", &|| bank.full.push_timeout(2, Duration::from_micros(1)).is_err()),
        ("push to a busy queue", &|| bank.empty.push(2).is_err()),
        ("try_pop", &|| bank.empty.try_pop().is_err()),
        ("take_timeout", &|| bank.empty.take_timeout(Duration::from_micros(1)).is_err()),
        ("try_sender", &|| bank.silent.try_sender().is_err()),
        ("try_recv", &|| bank.silent.subscribe().try_recv().is_err()),
        ("recv_timeout", &|| bank.silent.subscribe().recv_timeout(Duration::from_micros(1)).is_err()),
    ];
    for (name, refused) in calls {
        let before = ALLOCATIONS.get();
        assert!(refused(), "{name}");
        assert_eq!(ALLOCATIONS.get() - before, 0, "{name}");
    }
}
