//! The memory of a `Broadcast`.
//!
//! # Bytes
//!
//! | offset | bytes | what |
//! |---|---|---|
//! | 0 | 16 | lock, flags, bell and mark of the senders: see `side.rs`. Subscribers that wait sleep on the bell |
//! | 16 | 8 | tail: a lower bound of the number of sent items |
//! | 24 | 104 | reserved, zero |
//! | s | n · N | slots |
//!
//! - s is 128, or the value's alignment if that is more.
//! - A slot has its sequence number at 0: see `protocol.rs`. Its value is at 16, or at the value's alignment if that is
//!   more.
//! - n is this offset plus the value's size, rounded up to 64, or to the value's alignment if that is more.
//!
//! # Safety
//!
//! As `ring.rs`.
#![allow(unsafe_code)]

use std::mem::offset_of;

use super::protocol::{Reached, Slots};
use crate::sync::atomics::AtomicU64;
use crate::sync::ring::{Ring, RingCell, RingWords};
use crate::sync::side::Side;
use crate::sync::untyped::broadcast_words;
use crate::sys::failpoint::{self, Step};

/// The words of the senders. They have two lines of their own.
#[repr(C, align(64))]
pub(super) struct Senders {
    pub(super) side: Side,
    pub(super) tail: AtomicU64,
    _reserved: [AtomicU64; 13],
}

// SAFETY: nothing but atomics, of which zero is valid.
unsafe impl RingWords for Senders {
    const LEAST: usize = 2;
    const TOO_FEW: &'static str = "a broadcast has at least two slots: make its capacity 2 or more";
    const TOO_MANY: &'static str = "a broadcast has at most 2147483647 slots: make its capacity smaller";
    const TOO_LARGE: &'static str = "a broadcast is larger than memory can be: make its capacity smaller";
}

/// The memory of a `Broadcast<V, N>`.
pub(super) type BroadcastCell<V, const N: usize> = RingCell<Senders, V, N>;

impl Slots for Ring<'_> {
    #[inline(always)]
    fn capacity(&self) -> u64 {
        Ring::capacity(self)
    }

    #[inline(always)]
    fn sequence(&self, index: u64) -> &AtomicU64 {
        self.word(index)
    }

    #[inline(always)]
    fn reached(&self, at: Reached) {
        failpoint::reach(match at {
            Reached::Odd => Step::SendOdd,
            Reached::Copied => Step::SendCopied,
            Reached::Sent => Step::ItemSent,
            Reached::Skipped => Step::ItemSkipped,
        });
    }
}

const _: () = {
    assert!(size_of::<Senders>() == broadcast_words::END as usize);
    assert!(offset_of!(Senders, side) == broadcast_words::LOCK as usize);
    assert!(offset_of!(Senders, tail) == broadcast_words::TAIL as usize);
};
