//! What a wait sleeps for, without the type of its value: on which word, and until when.

use super::Access;
use crate::layout::view::load_read_only;
use crate::sync::atomics::AtomicU64;
use crate::sync::atomics::Ordering::{Acquire, Relaxed};
use crate::sync::broadcast::AwaitedSent;
use crate::sync::event_word;
use crate::sync::frames::{AwaitedFrame, AwaitedLoan};
use crate::sync::map::{AwaitedEntry, AwaitedKeys};
use crate::sync::queue::{AwaitedItem, AwaitedSlot};
use crate::sync::seqlock;
use crate::sync::side::Side;
use crate::sys::futex::FutexWord;

/// What must hold before a wait ends. Only loads check it.
///
/// A waiter [announces](Self::announce) itself, checks the condition once more, and sleeps on the word while the word
/// has the returned value. Every change after the check that makes the condition hold also changes the word, and wakes
/// the waiter. A process that is killed in between makes it hold and changes nothing else, so a waiter, or a thread on
/// its behalf, also checks the condition now and then.
#[derive(Clone, Copy)]
pub(crate) enum Condition<'a> {
    /// There is a version of a value newer than `seen`.
    Version { writers: &'a Side, sequence: &'a AtomicU64, seen: u64 },
    /// An event was notified more than `seen` times.
    Notification { event: &'a AtomicU64, seen: u64 },
    /// A queue has an item.
    Item(AwaitedItem<'a>),
    /// A queue has a free slot.
    Slot(AwaitedSlot<'a>),
    /// An item of a broadcast was sent.
    Sent(AwaitedSent<'a>),
    /// An entry of a map has a version newer than one, or is removed.
    Entry(AwaitedEntry<'a>),
    /// Keys of a map were inserted or removed.
    Keys(AwaitedKeys<'a>),
    /// There is a newer frame.
    Frame(AwaitedFrame<'a>),
    /// A slot for a frame can be loaned.
    Loan(AwaitedLoan<'a>),
}

/// The word on which a waiter sleeps.
#[derive(Clone, Copy)]
pub(in crate::sync) enum Bell<'a> {
    /// The bell of a side.
    Side(&'a Side),
    /// The word of an event, or of the room of frames, which is its own bell.
    Event(&'a AtomicU64),
}

impl Bell<'_> {
    /// The address of the 32 bits that the kernel compares.
    pub(in crate::sync) fn address(self) -> usize {
        match self {
            Self::Side(side) => FutexWord::futex(side.bell()).addr(),
            Self::Event(event) => FutexWord::futex(event).addr(),
        }
    }

    /// The 32 bits that the kernel compares.
    pub(in crate::sync) fn now(self) -> u32 {
        match self {
            Self::Side(side) => side.bell().load(Relaxed),
            Self::Event(event) => event.load(Relaxed) as u32,
        }
    }

    /// Returns `true` if a change wakes only one of the waiters, so that a waiter that was woken in vain must wake
    /// another one.
    pub(in crate::sync) fn wakes_one(self) -> bool {
        matches!(self, Self::Event(_))
    }
}

impl<'a> Condition<'a> {
    /// Returns `true` if the condition holds. What was done before is visible after this.
    #[inline]
    pub(crate) fn holds(&self) -> bool {
        match self {
            Self::Version { sequence, seen, .. } => {
                seqlock::version(load_read_only(Acquire, || sequence.load(Relaxed))) > *seen
            }
            Self::Notification { event, seen } => {
                event_word::count(load_read_only(Acquire, || event.load(Relaxed))) > *seen
            }
            Self::Item(item) => item.is_there(),
            Self::Slot(slot) => slot.is_free(),
            Self::Sent(item) => item.holds(),
            Self::Entry(entry) => entry.holds(),
            Self::Keys(keys) => keys.holds(),
            Self::Frame(frame) => frame.holds(),
            Self::Loan(loan) => loan.holds(),
        }
    }

    /// Returns `true` if a process may have died in a change that others have to complete before the condition holds.
    pub(in crate::sync) fn is_unsettled(&self) -> bool {
        match self {
            Self::Item(item) => item.has_jobs(),
            Self::Slot(slot) => slot.has_jobs(),
            Self::Keys(keys) => keys.is_unsettled(),
            Self::Frame(frame) => frame.is_unsettled(),
            Self::Loan(loan) => loan.is_unsettled(),
            Self::Version { .. } | Self::Notification { .. } | Self::Sent(_) | Self::Entry(_) => false,
        }
    }

    pub(in crate::sync) fn bell(&self) -> Bell<'a> {
        match *self {
            Self::Version { writers, .. } => Bell::Side(writers),
            Self::Notification { event, .. } => Bell::Event(event),
            Self::Item(item) => Bell::Side(item.producers()),
            Self::Slot(slot) => Bell::Side(slot.consumers()),
            Self::Sent(item) => Bell::Side(item.side()),
            Self::Entry(entry) => Bell::Side(entry.side()),
            Self::Keys(keys) => Bell::Side(keys.side()),
            Self::Frame(frame) => Bell::Side(frame.side()),
            Self::Loan(loan) => Bell::Event(loan.room()),
        }
    }

    /// The address of the 32 bits that the kernel compares.
    pub(in crate::sync) fn address(&self) -> usize {
        self.bell().address()
    }

    /// Announces a waiter, if it may write. Returns the value of the word during which the waiter may sleep. `None` if
    /// the condition holds, which only some conditions find out here.
    pub(in crate::sync) fn announce(&self, access: Access) -> Option<u32> {
        match (*self, access) {
            (Self::Notification { event, seen }, Access::ReadWrite) => {
                event_word::announce(event, seen).ok().map(|word| word as u32)
            }
            (Self::Loan(loan), Access::ReadWrite) => Some(loan.announce() as u32),
            _ => match self.bell() {
                Bell::Side(side) => Some(side.announce(access)),
                bell @ Bell::Event(_) => Some(bell.now()),
            },
        }
    }
}

const _: () = assert!(size_of::<Condition<'_>>() <= 56);
