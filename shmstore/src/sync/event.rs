//! `Event`: a count that processes wait for.
//!
//! # Safety
//!
//! What is unsafe here is only to promise the layout: two atomic words, which all may read and write at any time.
#![allow(unsafe_code)]

use std::fmt;

use super::atomics::AtomicU64;
use super::atomics::Ordering::Relaxed;
use crate::layout::{ShmLayout, ShmObject};
use crate::schema::{Kind, Schema};

/// A count of what has happened, for which processes wait.
#[derive(Default)]
#[repr(C, align(8))]
pub struct Event {
    /// Bit 0: somebody waits; bits 1 to 63: the count.
    word: AtomicU64,
    _reserved: AtomicU64,
}

impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        debug("Event", self, f)
    }
}

/// An [`Event`] that can be looked at and nothing else.
#[repr(transparent)]
pub struct EventView {
    part: Event,
}

impl fmt::Debug for EventView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        debug("EventView", &self.part, f)
    }
}

fn debug(name: &str, part: &Event, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    f.debug_struct(name).field("count", &(part.word.load(Relaxed) >> 1)).finish()
}

// SAFETY: size and alignment are the compiler's; `Kind::Event` says what is in it, held by the assertions below.
unsafe impl ShmLayout for Event {
    const SCHEMA: &'static Schema = &Schema::of::<Self>(Kind::Event);
}

// SAFETY: nothing but atomics, which are valid over any bytes; zeros are a count of 0 and nobody waiting; nothing to
// drop. The view is a transparent wrapper whose methods never write.
unsafe impl ShmObject for Event {
    type View = EventView;
}

const _: () = {
    assert!(size_of::<Event>() == 16 && align_of::<Event>() == 8);
    assert!(std::mem::offset_of!(Event, word) == 0);
    assert!(std::mem::offset_of!(Event, _reserved) == 8);
};
