//! The memory of a `Queue`.
//!
//! # Bytes
//!
//! | offset | bytes | what |
//! |---|---|---|
//! | 0 | 16 | lock, flags, bell and mark of the producers: see `side.rs`. Consumers that wait for items sleep on the bell |
//! | 16 | 8 | tail: the next position to fill, or a lower one |
//! | 24 | 104 | reserved, zero |
//! | 128 | 16 | the same for the consumers. Producers that wait for a free slot sleep on the bell |
//! | 144 | 4 | returned: how many items were returned |
//! | 148 | 4 | scanned: `returned` before the last search that found no returned item |
//! | 152 | 8 | cursor: the next position to deliver, or a lower one |
//! | 160 | 8 | head: all positions before it are finished |
//! | 168 | 4 | reaped: when a delivery last caused a search for items of dead processes, in milliseconds |
//! | 172 | 84 | reserved, zero |
//! | s | n · N | slots |
//!
//! - s is 256, or the value's alignment if that is more.
//! - A slot has its word at 0: see `word.rs`. Its value is at 16, or at the value's alignment if that is more.
//! - n is this offset plus the value's size, rounded up to 64, or to the value's alignment if that is more.
//!
//! # Safety
//!
//! As `ring.rs`.
#![allow(unsafe_code)]

use std::mem::offset_of;

use super::delivery::Delivery;
use super::protocol::{Reached, Slots};
use crate::sync::atomics::Ordering::Relaxed;
use crate::sync::atomics::{AtomicU32, AtomicU64};
use crate::sync::ring::{Ring, RingCell, RingWords};
use crate::sync::side::Side;
use crate::sync::untyped::queue_words;
use crate::sys::failpoint::{self, Step};

/// The words of the producers. They have two lines of their own.
#[repr(C, align(64))]
pub(super) struct Producers {
    pub(super) side: Side,
    pub(super) tail: AtomicU64,
    _reserved: [AtomicU64; 13],
}

/// The words of the consumers. They have two lines of their own.
#[repr(C, align(64))]
pub(super) struct Consumers {
    pub(super) side: Side,
    returned: AtomicU32,
    scanned: AtomicU32,
    pub(super) cursor: AtomicU64,
    head: AtomicU64,
    /// See `reap.rs`.
    pub(super) reaped: AtomicU32,
    _reserved: [AtomicU32; 21],
}

impl Consumers {
    #[inline(always)]
    pub(super) fn delivery(&self) -> Delivery<'_> {
        let Self { returned, scanned, cursor, head, .. } = self;
        Delivery { returned, scanned, cursor, head }
    }

    /// Returns `true` if an item was taken and is not finished, or was returned.
    pub(super) fn has_jobs(&self, ring: Ring<'_>) -> bool {
        self.delivery().has_older(&ring, self.cursor.load(Relaxed))
    }
}

/// The words of a queue.
#[repr(C)]
pub(super) struct Words {
    pub(super) producers: Producers,
    pub(super) consumers: Consumers,
}

// SAFETY: nothing but atomics, of which zero is valid.
unsafe impl RingWords for Words {
    const LEAST: usize = 1;
    const TOO_FEW: &'static str = "a queue has at least one slot: make its capacity 1 or more";
    const TOO_MANY: &'static str = "a queue has at most 2147483647 slots: make its capacity smaller";
    const TOO_LARGE: &'static str = "a queue is larger than memory can be: make its capacity smaller";
}

/// The memory of a `Queue<V, N>`.
pub(super) type QueueCell<V, const N: usize> = RingCell<Words, V, N>;

impl Slots for Ring<'_> {
    #[inline(always)]
    fn capacity(&self) -> u64 {
        Ring::capacity(self)
    }

    #[inline(always)]
    fn word(&self, index: u64) -> &AtomicU64 {
        Ring::word(self, index)
    }

    #[inline(always)]
    fn reached(&self, at: Reached) {
        failpoint::reach(match at {
            Reached::Copied => Step::QueueCopied,
            Reached::Pushed => Step::QueuePushed,
            Reached::Popped => Step::QueuePopped,
            Reached::Taken => Step::JobTaken,
            Reached::Returned => Step::JobReturned,
        });
    }
}

const _: () = {
    assert!(size_of::<Words>() == queue_words::END as usize);
    assert!(size_of::<Producers>() == queue_words::CONSUMERS_LOCK as usize && size_of::<Consumers>() == 128);
    assert!(offset_of!(Producers, side) == queue_words::PRODUCERS_LOCK as usize);
    assert!(offset_of!(Producers, tail) == queue_words::TAIL as usize);
    const AT: usize = queue_words::CONSUMERS_LOCK as usize;
    assert!(offset_of!(Consumers, side) == 0);
    assert!(AT + offset_of!(Consumers, returned) == queue_words::RETURNED as usize);
    assert!(AT + offset_of!(Consumers, scanned) == 148);
    assert!(AT + offset_of!(Consumers, cursor) == queue_words::CURSOR as usize);
    assert!(AT + offset_of!(Consumers, head) == queue_words::HEAD as usize);
    assert!(AT + offset_of!(Consumers, reaped) == 168);
};
