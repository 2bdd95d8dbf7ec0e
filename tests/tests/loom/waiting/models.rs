//! What is modelled: a lock word and an event, and those who sleep on them.

use loom::cell::UnsafeCell;
use loom::sync::atomic::AtomicBool;
use loom::sync::Arc;
use loom::thread;

use super::atomics::Ordering::{Acquire, Relaxed, Release};
use super::atomics::{AtomicU32, AtomicU64, fence};
use super::event_word::{self, Notify};
use super::lock_word::{self, Attempt, Claim, VERSION_WAITERS, WAITERS};
use super::version_waiters;
use crate::harness::{Futex, check};

/// A lock, what it guards, and a version that is stored under it.
struct Part {
    lock: AtomicU32,
    lock_futex: Futex,
    /// Loom fails if two use it at a time, or unordered.
    guarded: UnsafeCell<u64>,
    version: AtomicU64,
    bell: AtomicU32,
    bell_futex: Futex,
    /// What the kernel tells of the first owner.
    has_ended: AtomicBool,
}

impl Part {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            lock: AtomicU32::new(0),
            lock_futex: Futex::new(),
            guarded: UnsafeCell::new(0),
            version: AtomicU64::new(0),
            bell: AtomicU32::new(0),
            bell_futex: Futex::new(),
            has_ended: AtomicBool::new(false),
        })
    }

    /// Takes the lock; from `dead`, once the kernel tells that it has ended.
    fn lock(&self, token: u32, dead: Option<u32>) {
        if lock_word::try_take(&self.lock, token) {
            return;
        }
        let mut claim = Claim::Newcomer;
        while let Attempt::Held(now) = lock_word::take_or_announce(&self.lock, token, claim) {
            if dead.is_some() && self.has_ended.load(Acquire) && lock_word::take_over(&self.lock, dead.unwrap(), token) {
                return;
            }
            match dead {
                // Sleeps for a slice: so its end is no wake-up that somebody else owes.
                Some(_) => thread::yield_now(),
                None => self.lock_futex.wait(|| self.lock.load(Relaxed) == now),
            }
            claim = Claim::Slept;
        }
    }

    fn unlock(&self, token: u32) {
        if lock_word::try_release(&self.lock, token) {
            return;
        }
        let flags = lock_word::release(&self.lock, token, 0).expect("nobody takes it from the living");
        if flags & WAITERS != 0 {
            self.lock_futex.wake_one();
        }
        if flags & VERSION_WAITERS != 0 {
            version_waiters::ring(&self.bell);
            self.bell_futex.wake_all();
        }
    }

    /// Adds one to what the lock guards.
    fn count(&self) -> u64 {
        self.guarded.with_mut(|guarded| {
            // SAFETY: loom checks that nobody else uses it, and would fail the model.
            let guarded = unsafe { &mut *guarded };
            *guarded += 1;
            *guarded
        })
    }

    fn lock_and_count(&self, token: u32, dead: Option<u32>) -> u64 {
        self.lock(token, dead);
        let counted = self.count();
        self.unlock(token);
        counted
    }

    fn wait_newer(&self, seen: u64) -> u64 {
        loop {
            let expected = version_waiters::announce(&self.lock, &self.bell).bell;
            let version = self.version.load(Relaxed);
            fence(Acquire);
            if version > seen {
                return version;
            }
            self.bell_futex.wait(|| self.bell.load(Relaxed) == expected);
        }
    }
}

pub(crate) fn two_take_turns() {
    check(3, || {
        let part = Part::new();
        let other = thread::spawn({
            let part = part.clone();
            move || part.lock_and_count(8, None)
        });
        let ours = part.lock_and_count(7, None);
        assert_eq!(ours + other.join().unwrap(), 3, "one was first");
    });
}

/// One holds the lock from the start, so that both others have to sleep; then one of them must wake the other.
pub(crate) fn two_sleep_for_one() {
    check(2, || {
        let part = Part::new();
        part.lock(7, None);
        let sleepers = [8, 9].map(|token| {
            let part = part.clone();
            thread::spawn(move || part.lock_and_count(token, None))
        });
        part.count();
        part.unlock(7);
        sleepers.into_iter().for_each(|sleeper| assert!(sleeper.join().unwrap() > 1));
        assert_eq!(part.count(), 4);
    });
}

/// The lock is freed and taken again, while another sleeps, wakes in vain, and has it kept.
pub(crate) fn one_comes_back_again_and_again() {
    check(2, || {
        let part = Part::new();
        let other = thread::spawn({
            let part = part.clone();
            move || part.lock_and_count(8, None)
        });
        for _ in 0..3 {
            part.lock_and_count(7, None);
        }
        other.join().unwrap();
        assert_eq!(part.count(), 5);
    });
}

pub(crate) fn an_owner_dies_and_two_want_its_lock() {
    check(3, || {
        let part = Part::new();
        part.lock(7, None);
        part.has_ended.store(true, Release);
        let heirs = [8, 9].map(|token| {
            let part = part.clone();
            thread::spawn(move || part.lock_and_count(token, Some(7)))
        });
        let counted: u64 = heirs.into_iter().map(|heir| heir.join().unwrap()).sum();
        assert_eq!(counted, 3, "one after the other");
    });
}

/// What the dead has done under the lock is seen by its heir, and nothing of it comes later.
pub(crate) fn an_owner_dies_half_way() {
    check(3, || {
        let part = Part::new();
        let owner = thread::spawn({
            let part = part.clone();
            move || {
                part.lock(7, None);
                part.count();
                part.has_ended.store(true, Release);
            }
        });
        // May be first.
        let counted = part.lock_and_count(8, Some(7));
        assert!(counted == 1 || counted == 2);
        owner.join().unwrap();
    });
}

/// One after the other: who has seen the first announces himself for the second, while the first's lock is being freed.
pub(crate) fn stores_are_waited_for() {
    check(3, || {
        let part = Part::new();
        let writer = thread::spawn({
            let part = part.clone();
            move || {
                for version in 1..=2 {
                    part.lock(7, None);
                    part.version.store(version, Release);
                    part.unlock(7);
                }
            }
        });
        let seen = part.wait_newer(0);
        assert_eq!(part.wait_newer(1.max(seen - 1)), 2);
        writer.join().unwrap();
    });
}

/// A holder frees the lock without a store. A waiter that it found announced stays announced.
pub(crate) fn a_release_brings_no_news() {
    check(3, || {
        let part = Part::new();
        let writer = thread::spawn({
            let part = part.clone();
            move || {
                part.lock(7, None);
                if !lock_word::try_release(&part.lock, 7) {
                    lock_word::release(&part.lock, 7, VERSION_WAITERS).expect("nobody takes it from the living");
                }
                part.lock(7, None);
                part.version.store(1, Release);
                part.unlock(7);
            }
        });
        assert_eq!(part.wait_newer(0), 1);
        writer.join().unwrap();
    });
}

/// The writer keeps the lock. (Its fence is what a waiter otherwise has the kernel execute for it.)
pub(crate) fn leased_stores_are_waited_for() {
    check(3, || {
        let part = Part::new();
        let writer = thread::spawn({
            let part = part.clone();
            move || {
                part.lock(7, None);
                for version in 1..=2 {
                    part.version.store(version, Release);
                    if version_waiters::take(&part.lock, &part.bell, true) {
                        part.bell_futex.wake_all();
                    }
                }
                // Killed, or still at work: nothing more comes from it.
            }
        });
        let seen = part.wait_newer(0);
        assert_eq!(part.wait_newer(1.max(seen - 1)), 2);
        writer.join().unwrap();
    });
}

struct Event {
    word: AtomicU64,
    futex: Futex,
    guarded: UnsafeCell<u64>,
}

impl Event {
    fn new() -> Arc<Self> {
        Arc::new(Self { word: AtomicU64::new(0), futex: Futex::new(), guarded: UnsafeCell::new(0) })
    }

    fn notify(&self, whom: Notify) {
        let (now, must_wake) = event_word::notify(&self.word, whom);
        match whom {
            _ if !must_wake => {}
            Notify::All => self.futex.wake_all(),
            Notify::One => {
                if self.futex.wake_one() == 0 && event_word::nobody_slept(&self.word, now) {
                    self.futex.wake_all();
                }
            }
        }
    }

    fn advance_to(&self, wanted: u64) -> u64 {
        let (now, must_wake) = event_word::advance(&self.word, wanted);
        if must_wake {
            self.futex.wake_all();
        }
        event_word::count(now)
    }

    fn wait_past(&self, seen: u64) -> u64 {
        loop {
            match event_word::announce(&self.word, seen) {
                Err(newer) => return newer,
                Ok(word) => self.futex.wait(|| self.word.load(Relaxed) == word),
            }
        }
    }
}

/// Two wait, and see what was done before the notification.
pub(crate) fn all_are_notified() {
    check(2, || {
        let event = Event::new();
        let waiters = [(), ()].map(|()| {
            let event = event.clone();
            thread::spawn(move || {
                assert_eq!(event.wait_past(0), 1);
                // SAFETY: loom checks that nobody writes it, and would fail the model.
                event.guarded.with(|guarded| assert_eq!(unsafe { *guarded }, 5));
            })
        });
        // SAFETY: loom checks that nobody else uses it, and would fail the model.
        event.guarded.with_mut(|guarded| unsafe { *guarded = 5 });
        event.notify(Notify::All);
        waiters.into_iter().for_each(|waiter| waiter.join().unwrap());
    });
}

/// The one who waits may be on his way to sleep when he is notified first, and asleep when the flag goes down.
pub(crate) fn one_is_notified_twice() {
    check(3, || {
        let event = Event::new();
        let waiter = thread::spawn({
            let event = event.clone();
            move || {
                let seen = event.wait_past(0);
                assert_eq!(event.wait_past(1.max(seen - 1)), 2);
            }
        });
        event.notify(Notify::One);
        event.notify(Notify::One);
        waiter.join().unwrap();
    });
}

/// Two wait for a number that is raised, and see what was done before.
pub(crate) fn a_raise_is_waited_for() {
    check(2, || {
        let event = Event::new();
        let waiters = [0, 2].map(|seen| {
            let event = event.clone();
            thread::spawn(move || {
                assert_eq!(event.wait_past(seen), 3);
                // SAFETY: loom checks that nobody writes it, and would fail the model.
                event.guarded.with(|guarded| assert_eq!(unsafe { *guarded }, 5));
            })
        });
        // SAFETY: loom checks that nobody else uses it, and would fail the model.
        event.guarded.with_mut(|guarded| unsafe { *guarded = 5 });
        assert_eq!(event.advance_to(3), 3);
        waiters.into_iter().for_each(|waiter| waiter.join().unwrap());
    });
}

/// The number is raised beside notifications, none of which is lost.
pub(crate) fn a_raise_lowers_no_count() {
    check(3, || {
        let event = Event::new();
        let notifier = thread::spawn({
            let event = event.clone();
            move || (0..2).for_each(|_| event.notify(Notify::All))
        });
        assert!(event.advance_to(1) >= 1);
        notifier.join().unwrap();
        assert!((2..=3).contains(&event_word::count(event.word.load(Relaxed))));
    });
}
