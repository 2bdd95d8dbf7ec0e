//! A `Frames` of elements and metadata of any type.
//!
//! # Safety
//!
//! As `raw.rs`.
#![allow(unsafe_code)]

use std::convert::Infallible;

use super::conditions::AwaitedFrame;
use super::core::{Core, Loan};
use super::elements::Elements;
use super::memory::{WordRefs, Writers};
use super::pins::{self, Pin};
use crate::error::{LoanError, PartName, PinError};
use crate::layout::schema::Kind;
use crate::sync::atomics::AtomicU64;
use crate::sync::atomics::Ordering::{Relaxed, Release};
use crate::sync::backoff::Limit;
use crate::sync::copy::Unit;
use crate::sync::raw::RawPart;
use crate::sync::shape::{Bytes, Shape};
use crate::sync::untyped::{FramesOffsets, frames_words};
use crate::sync::waiting::Condition;
use crate::sys::failpoint::{self, Step};

#[derive(Clone, Copy)]
pub(crate) struct RawFrames<'a> {
    core: Core<'a>,
    part: RawPart<'a>,
    at: FramesOffsets,
    slots: u64,
    capacity: usize,
    element_size: usize,
    meta: Bytes,
}

/// A slot that this process fills.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RawLoan(Loan);

impl RawLoan {
    pub(crate) fn token(self) -> u32 {
        self.0.token
    }
}

/// A frame that this process has pinned.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RawPin(Pin);

impl RawPin {
    pub(crate) fn token(self) -> u32 {
        self.0.token
    }

    pub(crate) fn number(self) -> u64 {
        self.0.frame.number
    }
}

impl<'a> RawPart<'a> {
    /// The frames. `None` if the part has none.
    pub(crate) fn frames(self) -> Option<RawFrames<'a>> {
        let &Kind::Frames { capacity, slots, element, meta } = self.schema().kind() else { return None };
        let layout = |of: &crate::schema::Schema| (of.size() as u64, of.align() as u64);
        let at = FramesOffsets::of(layout(element), capacity as u64, slots as u64, layout(meta))?;
        // SAFETY: the part is a `Frames`, which begins with the words of the writers.
        let writers: &Writers = unsafe { self.words(0) };
        // SAFETY: the number of the newest frame is at this offset.
        let newest = unsafe { self.words(frames_words::NEWEST) };
        // SAFETY: the words of so many slots are at this offset.
        let slot_words = unsafe { self.slice::<AtomicU64>(frames_words::SLOTS, slots) };
        // SAFETY: the pins are at this offset.
        let pins = unsafe { self.words(at.pins) };
        Some(RawFrames {
            core: Core { writers, words: WordRefs::new(newest, slot_words, pins), part: self.part() },
            part: self,
            at,
            slots: slots as u64,
            capacity,
            element_size: element.size(),
            meta: Bytes::new(meta.size(), meta.align()),
        })
    }
}

impl<'a> RawFrames<'a> {
    /// The address of a frame.
    ///
    /// # Panics
    ///
    /// Panics if there is no such slot.
    fn frame(self, slot: u64) -> *mut u8 {
        assert!(slot < self.slots, "no such slot");
        self.part.address().wrapping_add((self.at.frames + slot * self.at.stride) as usize)
    }

    /// The number of elements of a frame.
    fn len_word(self, slot: u64) -> &'a AtomicU64 {
        // SAFETY: in bounds of the part and aligned. An atomic, which others may write meanwhile.
        unsafe { &*self.frame(slot).cast::<AtomicU64>() }
    }

    fn meta_of(self, slot: u64) -> *mut Unit {
        self.frame(slot).wrapping_add(self.at.meta as usize).cast()
    }

    /// The address of the first element of a frame.
    fn elements_of(self, slot: u64) -> *mut Unit {
        self.frame(slot).wrapping_add(self.at.elements as usize).cast()
    }

    /// The bytes of the first `len` elements of a frame.
    fn bytes_of(self, slot: u64, len: usize) -> Elements<'a, u8> {
        assert!(len <= self.capacity, "{len} elements of at most {}", self.capacity);
        // SAFETY: a frame has room for so many elements from there on, aligned to a line. They are mapped for reading
        // and writing while `'a` lasts, and are touched by racing copies alone.
        unsafe { Elements::new(self.elements_of(slot), len * self.element_size) }
    }

    /// The most elements of a frame.
    pub(crate) fn capacity(self) -> usize {
        self.capacity
    }

    pub(crate) fn loan(self, limit: Limit) -> Result<RawLoan, LoanError> {
        self.core.loan(limit).map(RawLoan)
    }

    /// Writes bytes of elements into a slot, from the element `at` on.
    ///
    /// # Panics
    ///
    /// Panics if they do not fit.
    pub(crate) fn write_at(self, loan: RawLoan, at: usize, bytes: &[u8]) {
        self.bytes_of(loan.0.slot, self.capacity).write_at(at * self.element_size, bytes);
    }

    /// The address of the first element of a slot that this process fills.
    pub(crate) fn address_of_loan(self, loan: RawLoan) -> *mut u8 {
        self.elements_of(loan.0.slot).cast()
    }

    /// Publishes a frame of `len` elements, and returns its number. `None` if this process no longer has the slot.
    pub(crate) fn publish(self, loan: RawLoan, len: usize, meta: &[u8]) -> Option<u64> {
        self.len_word(loan.0.slot).store(len as u64, Release);
        // SAFETY: the metadata of a frame, of this shape.
        unsafe { self.meta.copy_in(meta, self.meta_of(loan.0.slot)) };
        failpoint::reach(Step::FrameFilled);
        self.core.publish(loan.0)
    }

    pub(crate) fn give_back(self, loan: RawLoan) {
        self.core.give_back(loan.0);
    }

    pub(crate) fn newest_number(self) -> u64 {
        self.core.newest().number
    }

    pub(crate) fn pin_newest(self) -> Result<Option<RawPin>, PinError> {
        Ok(self.core.pin_newest()?.map(RawPin))
    }

    pub(crate) fn pin(self, number: u64) -> Result<Option<RawPin>, PinError> {
        Ok(self.core.pin(number)?.map(RawPin))
    }

    pub(crate) fn unpin(self, pin: RawPin) {
        self.core.unpin(pin.0);
    }

    pub(crate) fn is_intact(self, pin: RawPin) -> bool {
        pins::is_intact(&self.core.words, pin.0)
    }

    /// The number of elements of a pinned frame. A peer may have stored any.
    pub(crate) fn len(self, pin: RawPin) -> usize {
        self.len_word(pin.0.frame.slot).load(Relaxed).min(self.capacity as u64) as usize
    }

    pub(crate) fn read_meta(self, pin: RawPin, meta: &mut [u8]) {
        // SAFETY: the metadata of a frame, of this shape.
        unsafe { self.meta.copy_out(self.meta_of(pin.0.frame.slot), meta) };
    }

    /// Copies bytes of the first `len` elements of a pinned frame, from the element `at` on. Returns the number of
    /// bytes.
    pub(crate) fn read_at(self, pin: RawPin, len: usize, at: usize, into: &mut [u8]) -> usize {
        let still = || Ok::<(), Infallible>(());
        let Ok(count) = self.bytes_of(pin.0.frame.slot, len).copy_at(at * self.element_size, into, still);
        count
    }

    /// The address of the first element of a pinned frame.
    pub(crate) fn address_of_pin(self, pin: RawPin) -> *const u8 {
        self.elements_of(pin.0.frame.slot).cast_const().cast()
    }

    /// The condition that there is a frame newer than `seen`.
    pub(crate) fn newer_than(self, seen: u64) -> Condition<'a> {
        Condition::Frame(AwaitedFrame::new(self.core, seen))
    }

    pub(crate) fn settle(self) {
        self.core.settle();
    }

    pub(crate) fn name(self) -> PartName {
        self.core.part.name()
    }
}
