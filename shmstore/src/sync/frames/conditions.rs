//! The conditions of the waits for a frame and for a slot.

use super::core::Core;
use super::memory::{WordRefs, Writers};
use super::protocol::{self, FrameWords};
use super::word;
use crate::error::Awaited;
use crate::sync::atomics::AtomicU64;
use crate::sync::atomics::Ordering::Relaxed;
use crate::sync::event_word;
use crate::sync::side::Side;
use crate::sync::waiting::{Condition, Signal, Waitable};

/// The condition that there is a frame newer than `seen`.
#[derive(Clone, Copy)]
pub(crate) struct AwaitedFrame<'a> {
    writers: &'a Side,
    words: WordRefs<'a>,
    seen: u64,
}

impl<'a> AwaitedFrame<'a> {
    pub(super) fn new(core: Core<'a>, seen: u64) -> Self {
        Self { writers: &core.writers.side, words: core.words, seen }
    }

    #[inline]
    pub(in crate::sync) fn holds(&self) -> bool {
        protocol::newest(&self.words).number > self.seen
    }

    pub(in crate::sync) fn is_unsettled(&self) -> bool {
        protocol::is_half_published(&self.words)
    }

    /// The side whose changes make the condition hold.
    pub(in crate::sync) fn side(&self) -> &'a Side {
        self.writers
    }
}

/// The condition that a slot can be loaned.
#[derive(Clone, Copy)]
pub(crate) struct AwaitedLoan<'a> {
    room: &'a AtomicU64,
    words: WordRefs<'a>,
}

impl<'a> AwaitedLoan<'a> {
    #[inline]
    pub(in crate::sync) fn holds(&self) -> bool {
        protocol::has_room(&self.words)
    }

    /// Returns `true` if a process has a pin or a loan, which may be dead.
    pub(in crate::sync) fn is_unsettled(&self) -> bool {
        self.words.pins().iter().any(|pin| pin.load(Relaxed) != 0)
            || self.words.slots().iter().any(|slot| word::writer(slot.load(Relaxed)) != 0)
    }

    pub(in crate::sync) fn room(&self) -> &'a AtomicU64 {
        self.room
    }

    /// Announces a waiter, and returns the word during which it may sleep. A process that gives up a pin or a loan
    /// after this changes the word.
    pub(in crate::sync) fn announce(&self) -> u64 {
        event_word::announce_any(self.room)
    }
}

/// A slot that can be loaned.
pub(super) struct LoanableSlot<'a>(pub(super) Core<'a>);

impl Waitable for LoanableSlot<'_> {
    fn condition(&self) -> Condition<'_> {
        let Core { writers: Writers { room, .. }, words, .. } = self.0;
        Condition::Loan(AwaitedLoan { room, words })
    }

    fn settle(&self) {
        self.0.reap();
    }

    fn describe(&self) -> Awaited {
        Awaited::Loan { frames: self.0.part.name() }
    }
}

impl Signal for LoanableSlot<'_> {}
