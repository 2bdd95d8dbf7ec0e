//! A std atomic or an `AtomicValue`, as the bits of a number of 64 bits.
//!
//! # Safety
//!
//! As `raw.rs`.
#![allow(unsafe_code)]

use std::sync::atomic::Ordering::{AcqRel, Acquire};
use std::sync::atomic::{AtomicU8, AtomicU16, AtomicU32, AtomicU64};

use super::RawPart;
use crate::layout::schema::Kind;

/// An atomic of 1, 2, 4 or 8 bytes. Its bits are the lowest ones of a number of 64 bits, and the others are zero.
#[derive(Clone, Copy)]
pub(crate) enum RawAtomic<'a> {
    U8(&'a AtomicU8),
    U16(&'a AtomicU16),
    U32(&'a AtomicU32),
    U64(&'a AtomicU64),
}

/// Calls the same method of an atomic of any size. The arguments are converted to its integer, and the result to `u64`.
macro_rules! of_any_size {
    ($this:expr, $atomic:ident, $int:ident => $call:expr) => {
        match $this {
            RawAtomic::U8($atomic) => {
                type $int = u8;
                $call
            }
            RawAtomic::U16($atomic) => {
                type $int = u16;
                $call
            }
            RawAtomic::U32($atomic) => {
                type $int = u32;
                $call
            }
            RawAtomic::U64($atomic) => {
                type $int = u64;
                $call
            }
        }
    };
}

impl<'a> RawPart<'a> {
    /// The atomic. `None` if the part is none.
    pub(crate) fn atomic(self) -> Option<RawAtomic<'a>> {
        let size = match self.schema.kind() {
            Kind::Atomic(integer) => integer.size(),
            Kind::AtomicCell { .. } => 8,
            _ => return None,
        };
        // std's atomics of one size have one layout.
        Some(match size {
            // SAFETY: the part is an atomic of this size.
            1 => RawAtomic::U8(unsafe { self.words(0) }),
            // SAFETY: as above.
            2 => RawAtomic::U16(unsafe { self.words(0) }),
            // SAFETY: as above.
            4 => RawAtomic::U32(unsafe { self.words(0) }),
            // SAFETY: as above. No atomic is larger.
            _ => RawAtomic::U64(unsafe { self.words(0) }),
        })
    }
}

#[allow(clippy::unnecessary_cast, trivial_numeric_casts)]
impl RawAtomic<'_> {
    pub(crate) fn load(self) -> u64 {
        of_any_size!(self, atomic, Int => atomic.load(Acquire) as Int as u64)
    }

    pub(crate) fn swap(self, bits: u64) -> u64 {
        of_any_size!(self, atomic, Int => atomic.swap(bits as Int, AcqRel) as u64)
    }

    /// Adds a number, modulo 2 to the power of its bits. Returns the old bits.
    pub(crate) fn fetch_add(self, by: u64) -> u64 {
        of_any_size!(self, atomic, Int => atomic.fetch_add(by as Int, AcqRel) as u64)
    }

    /// Stores `new` if the bits are `old`. Otherwise returns the bits.
    pub(crate) fn compare_exchange(self, old: u64, new: u64) -> Result<(), u64> {
        of_any_size!(self, atomic, Int => atomic
            .compare_exchange(old as Int, new as Int, AcqRel, Acquire)
            .map(drop)
            .map_err(|bits| bits as u64))
    }
}
