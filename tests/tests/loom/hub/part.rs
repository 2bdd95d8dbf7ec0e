//! Two values and an event. Other processes change them, and tasks wait for it.

use std::ops::Range;

use loom::cell::UnsafeCell;

use super::atomics::Ordering::{Acquire, Relaxed, Release};
use super::atomics::{AtomicU32, AtomicU64};
use super::event_word::{self, Notify};
use super::kernel::{ALL, Kernel};
use super::version_waiters;
use super::waiter::{Bell, Subject};

pub(super) struct Part {
    address: usize,
    is_event: bool,
    lock: AtomicU32,
    bell: AtomicU32,
    /// The version of a value, or the word of an event.
    pub(super) word: AtomicU64,
    /// Loom fails if a condition is used and nothing keeps the end of the mapping away.
    mapping: UnsafeCell<()>,
}

impl Part {
    pub(super) fn new(address: usize, is_event: bool) -> Self {
        Self {
            address,
            is_event,
            lock: AtomicU32::new(0),
            bell: AtomicU32::new(0),
            word: AtomicU64::new(0),
            mapping: UnsafeCell::new(()),
        }
    }

    /// The 32 bits that the kernel compares.
    pub(super) fn compared(&self) -> u32 {
        if self.is_event { self.word.load(Relaxed) as u32 } else { self.bell.load(Relaxed) }
    }

    pub(super) fn addresses(&self) -> Range<usize> {
        self.address..self.address + 1
    }

    /// Ends the mapping in the process of a thread.
    pub(super) fn unmap(&self, thread: usize, kernel: &Kernel) {
        self.mapping.with_mut(|_| ());
        kernel.unmap(thread, self.address);
    }

    /// Stores a version, in another process.
    pub(super) fn store(&self, version: u64, kernel: &Kernel) {
        self.word.store(version, Release);
        if version_waiters::take(&self.lock, &self.bell, true) {
            kernel.wake(self.address, ALL);
        }
    }

    /// Rings the bell without news, in another process.
    pub(super) fn ring(&self, kernel: &Kernel) {
        self.store(self.word.load(Relaxed), kernel);
    }

    /// Notifies one, in another process.
    pub(super) fn notify_one(&self, kernel: &Kernel) {
        let (now, must_wake) = event_word::notify(&self.word, Notify::One);
        if must_wake && kernel.wake(self.address, 1) == 0 && event_word::nobody_slept(&self.word, now) {
            kernel.wake(self.address, ALL);
        }
    }
}

/// A change for which a task waits.
#[derive(Clone, Copy)]
pub(super) struct Awaited {
    pub(super) part: &'static Part,
    pub(super) seen: u64,
}

impl Bell for &Part {
    fn address(&self) -> usize {
        self.address
    }

    fn now(&self) -> u32 {
        self.mapping.with(|_| ());
        self.compared()
    }

    fn wakes_one(&self) -> bool {
        self.is_event
    }
}

impl Subject for Awaited {
    type Bell = &'static Part;

    fn bell(&self) -> &'static Part {
        self.part
    }

    fn can_announce(&self) -> bool {
        true
    }

    fn announce(&self) -> Option<u32> {
        let Part { mapping, lock, bell, word, is_event, .. } = self.part;
        mapping.with(|_| ());
        match is_event {
            true => event_word::announce(word, self.seen).ok().map(|word| word as u32),
            false => Some(version_waiters::announce(lock, bell).bell),
        }
    }

    fn holds(&self) -> bool {
        self.part.mapping.with(|_| ());
        let word = self.part.word.load(Acquire);
        (if self.part.is_event { event_word::count(word) } else { word }) > self.seen
    }

    fn is_unsettled(&self) -> bool {
        false
    }
}
