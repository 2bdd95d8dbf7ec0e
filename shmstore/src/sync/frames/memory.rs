//! The memory of a `Frames`.
//!
//! # Bytes
//!
//! | offset | bytes | what |
//! |---|---|---|
//! | 0 | 16 | lock, flags, bell and mark of the writers: see `side.rs`. Readers that wait for a frame sleep on the bell |
//! | 16 | 4 | number of loans, modulo 2^32. It says when a loan looks for what dead processes have left |
//! | 20 | 44 | reserved, zero |
//! | 64 | 8 | room: the event word on which writers wait for a slot: see `event_word.rs` |
//! | 72 | 56 | reserved, zero |
//! | 128 | 8 | newest frame: see `word.rs` |
//! | 136 | 8 · K | words of the slots |
//! | p | 512 | pins, 64 words |
//! | f | s · K | frames |
//!
//! - p is 136 + 8 · K, rounded up to 64. With up to 7 slots, the newest frame and all slot words are one cache line.
//! - f is p + 512, rounded up to the alignment of the elements or of the metadata if one of them is more than 64.
//! - A frame has its number of elements at 0, a `u64`. Its metadata is at 16, or at its alignment if that is more.
//!   At least 15 bytes after it, the elements begin on a multiple of 64, or of their alignment if that is more.
//! - s is the end of the elements and 15 bytes more, rounded up to this alignment.
//!
//! # Safety
//!
//! All accesses of this file are atomic. References are made only to words, which are atomics. Metadata and elements
//! are touched only by the copies of [`crate::sync::copy`], and by programs through the unsafe methods of `Pinned` and
//! `FrameMut`. The index of a frame is always less than K. So it leads to no address outside the part, whatever is in
//! memory.
#![allow(unsafe_code)]

use std::cell::UnsafeCell;
use std::mem::{MaybeUninit, offset_of};

use super::protocol::{FrameWords, Reached};
use crate::layout::{ShmValue, is_described_value};
use crate::sync::atomics::{AtomicU32, AtomicU64};
use crate::sync::copy::{Unit, prepare_copy_in, prepare_copy_out};
use crate::sync::side::Side;
use crate::sync::untyped::{FramesOffsets, frames_words};
use crate::sys::failpoint::{self, Step};

const PINS: usize = frames_words::PINS as usize;
const SPARE: usize = FramesOffsets::SPARE as usize;

/// The words of the writers. They have two lines of their own. A reader that removes a pin reads the second one, which
/// changes only when a writer waits.
#[repr(C, align(64))]
pub(super) struct Writers {
    pub(super) side: Side,
    pub(super) loans: AtomicU32,
    _reserved: [AtomicU32; 11],
    pub(super) room: AtomicU64,
    _of_the_second_line: [AtomicU32; 14],
}

#[repr(C, align(64))]
struct Pins([AtomicU64; PINS]);

#[repr(C)]
struct Words<const K: usize> {
    writers: Writers,
    newest: AtomicU64,
    slots: [AtomicU64; K],
    pins: Pins,
}

#[repr(C, align(16))]
struct Aligned16<T>(T);

#[repr(C, align(64))]
struct Aligned64<T>(T);

/// A frame. The bytes after the metadata and the elements are fields, because a move copies only bytes of fields.
#[repr(C)]
struct Frame<E, const N: usize, M> {
    len: AtomicU64,
    meta: Aligned16<[MaybeUninit<M>; 1]>,
    meta_end: [MaybeUninit<u8>; SPARE],
    elements: Aligned64<[MaybeUninit<E>; 0]>,
    all: [MaybeUninit<E>; N],
    end: [MaybeUninit<u8>; SPARE],
}

#[repr(C)]
struct Memory<E, const N: usize, const K: usize, M> {
    words: Words<K>,
    frames: [Frame<E, N, M>; K],
}

/// The memory of a `Frames<E, N, K, M>`, shared with other processes.
#[repr(transparent)]
pub(super) struct FramesCell<E, const N: usize, const K: usize, M> {
    // INVARIANT: only words are ever referenced.
    memory: UnsafeCell<Memory<E, N, K, M>>,
}

// SAFETY: `&self` gives access to atomics and to atomic copies only, and values cross threads only by copy (both are
// `Send`). The unsafe methods of `Pinned` and `FrameMut` say what they require.
unsafe impl<E: Send + Sync, const N: usize, const K: usize, M: Send + Sync> Sync for FramesCell<E, N, K, M> {}

impl<E: ShmValue, const N: usize, const K: usize, M: ShmValue> FramesCell<E, N, K, M> {
    const OFFSETS: FramesOffsets = {
        is_described_value::<E>();
        is_described_value::<M>();
        assert!(size_of::<E>() > 0, "the elements of frames have at least one byte: use another type");
        assert!(N > 0, "a frame has at least one element: make the capacity 1 or more");
        let slots = K as u64;
        let is_possible = frames_words::LEAST_SLOTS <= slots && slots <= frames_words::MOST_SLOTS;
        assert!(is_possible, "frames have 3 to 16 slots: change their number");
        let element = (size_of::<E>() as u64, align_of::<E>() as u64);
        let meta = (size_of::<M>() as u64, align_of::<M>() as u64);
        let Some(at) = FramesOffsets::of(element, N as u64, slots, meta) else {
            panic!("the frames are larger than memory can be: make the capacity smaller")
        };
        assert!(at.pins == offset_of!(Words<K>, pins) as u64);
        assert!(at.frames == offset_of!(Memory<E, N, K, M>, frames) as u64);
        assert!(at.meta == offset_of!(Frame<E, N, M>, meta) as u64);
        assert!(at.elements == offset_of!(Frame<E, N, M>, elements) as u64);
        assert!(at.elements == offset_of!(Frame<E, N, M>, all) as u64);
        assert!(at.stride == size_of::<Frame<E, N, M>>() as u64);
        assert!(at.size == size_of::<Self>() as u64 && at.align == align_of::<Self>() as u64);
        at
    };

    /// Returns the memory of a part without frames, which is all zero.
    pub(super) const fn zeroed() -> Self {
        _ = Self::OFFSETS;
        let memory = MaybeUninit::<Self>::zeroed();
        // SAFETY: zero is valid for atomics, and any bytes are for `MaybeUninit`.
        unsafe { memory.assume_init() }
    }

    fn words(&self) -> &Words<K> {
        // SAFETY: in bounds and aligned, as `self` is. Nothing but atomics, which others may write meanwhile.
        unsafe { &*self.memory.get().cast::<Words<K>>() }
    }

    #[inline(always)]
    pub(super) fn writers(&self) -> &Writers {
        &self.words().writers
    }

    #[inline(always)]
    pub(super) fn protocol_words(&self) -> WordRefs<'_> {
        let Words { newest, slots, pins, .. } = self.words();
        WordRefs { newest, slots, pins: &pins.0 }
    }

    /// The address of a frame.
    ///
    /// # Panics
    ///
    /// Panics if there is no such slot.
    #[inline(always)]
    fn frame(&self, slot: u64) -> *mut u8 {
        assert!(slot < K as u64, "no such slot");
        let at = Self::OFFSETS.frames as usize + slot as usize * Self::OFFSETS.stride as usize;
        self.memory.get().cast::<u8>().wrapping_add(at)
    }

    /// Hints that the number of elements and the metadata of a frame are about to be read. Changes nothing. A peer may
    /// have stored any slot.
    #[inline(always)]
    pub(super) fn prepare_to_read(&self, slot: u64) {
        prepare_copy_out(self.frame(slot % K as u64).cast());
    }

    /// Hints that the number of elements and the metadata of a frame will be written. Changes nothing.
    #[inline(always)]
    pub(super) fn prepare_to_write(&self, slot: u64) {
        prepare_copy_in::<u64>(self.frame(slot).cast());
    }

    /// The number of elements of a frame.
    #[inline(always)]
    pub(super) fn len(&self, slot: u64) -> &AtomicU64 {
        // SAFETY: in bounds and aligned, at the compiler's offsets, as asserted of `OFFSETS`. An atomic, which others
        // may write meanwhile.
        unsafe { &*self.frame(slot).cast::<AtomicU64>() }
    }

    /// The address of the metadata of a frame. It never becomes a reference.
    #[inline(always)]
    pub(super) fn meta(&self, slot: u64) -> *mut Unit {
        self.frame(slot).wrapping_add(Self::OFFSETS.meta as usize).cast()
    }

    /// The address of the first element of a frame. It never becomes a reference in safe methods.
    #[inline(always)]
    pub(super) fn elements(&self, slot: u64) -> *mut Unit {
        self.frame(slot).wrapping_add(Self::OFFSETS.elements as usize).cast()
    }

    /// The address and the size of the memory.
    pub(super) fn range(&self) -> (usize, usize) {
        (self.memory.get().addr(), size_of::<Self>())
    }
}

/// The words of the protocol.
#[derive(Clone, Copy)]
pub(super) struct WordRefs<'a> {
    newest: &'a AtomicU64,
    slots: &'a [AtomicU64],
    pins: &'a [AtomicU64; PINS],
}

impl<'a> WordRefs<'a> {
    pub(super) fn new(newest: &'a AtomicU64, slots: &'a [AtomicU64], pins: &'a [AtomicU64; PINS]) -> Self {
        Self { newest, slots, pins }
    }
}

impl FrameWords for WordRefs<'_> {
    #[inline(always)]
    fn newest(&self) -> &AtomicU64 {
        self.newest
    }

    #[inline(always)]
    fn slots(&self) -> &[AtomicU64] {
        self.slots
    }

    #[inline(always)]
    fn pins(&self) -> &[AtomicU64] {
        self.pins
    }

    #[inline(always)]
    fn reached(&self, reached: Reached) {
        failpoint::reach(match reached {
            Reached::Claimed => Step::LoanClaimed,
            Reached::Looked => Step::LoanLooked,
            Reached::Word => Step::PublishWord,
            Reached::Newest => Step::PublishNewest,
            Reached::PinStored => Step::PinStored,
            Reached::PinValidated => Step::PinValidated,
        });
    }
}

const _: () = {
    assert!(size_of::<Writers>() == frames_words::NEWEST as usize);
    assert!(offset_of!(Writers, side) == frames_words::LOCK as usize);
    assert!(offset_of!(Writers, room) == frames_words::ROOM as usize);
    assert!(offset_of!(Words<4>, newest) == frames_words::NEWEST as usize);
    assert!(offset_of!(Words<4>, slots) == frames_words::SLOTS as usize);
};
