//! `Lock`: mutual exclusion for invariants over several parts of an object.
//!
//! # Safety
//!
//! What is unsafe here is only to promise the layout: two atomic words, which all may read and write at any time.
#![allow(unsafe_code)]

use std::fmt;

use super::atomics::AtomicU32;
use super::atomics::Ordering::Relaxed;
use crate::layout::{ShmLayout, ShmObject};
use crate::schema::{Kind, Schema};

/// A lock that processes share, for invariants over several parts of an object.
///
/// It holds no data: that stays in [`Versioned`](crate::Versioned) parts and atomics beside it.
#[derive(Default)]
#[repr(C, align(8))]
pub struct Lock {
    /// See `lock_word.rs`.
    word: AtomicU32,
    /// Bit 0: *inconsistent*.
    state: AtomicU32,
}

impl fmt::Debug for Lock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        debug("Lock", self, f)
    }
}

/// A [`Lock`] that can be looked at and nothing else.
#[repr(transparent)]
pub struct LockView {
    part: Lock,
}

impl fmt::Debug for LockView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        debug("LockView", &self.part, f)
    }
}

fn debug(name: &str, part: &Lock, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let inconsistent = part.state.load(Relaxed) & 1 != 0;
    f.debug_struct(name).field("word", &part.word.load(Relaxed)).field("inconsistent", &inconsistent).finish()
}

// SAFETY: size and alignment are the compiler's; `Kind::Lock` says what is in it, held by the assertions below.
unsafe impl ShmLayout for Lock {
    const SCHEMA: &'static Schema = &Schema::of::<Self>(Kind::Lock);
}

// SAFETY: nothing but atomics, which are valid over any bytes; zeros are a free lock; nothing to drop. The view is a
// transparent wrapper whose methods never write.
unsafe impl ShmObject for Lock {
    type View = LockView;
}

const _: () = {
    assert!(size_of::<Lock>() == 8 && align_of::<Lock>() == 8);
    assert!(std::mem::offset_of!(Lock, word) == 0);
    assert!(std::mem::offset_of!(Lock, state) == 4);
};
