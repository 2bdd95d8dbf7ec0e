//! Shared memory as a slice of cache lines: copies of whole lines, and of bytes that begin anywhere.
//!
//! The memory of a frame is a `&[SharedLine]` here, so that bounds are checked where it is copied.
//!
//! # Safety
//!
//! Assumes that a `&[SharedLine]` is memory that stays mapped, and is writable where bytes are copied in. The code that
//! makes such a reference promises this. Its bytes are touched only by the moves of `copy.rs`.
//!
//! A frame in ordinary memory may end with padding, which has no value. So words are loaded only as far as they have
//! elements. The moves of the processor load whole lines, whatever is in them.
#![allow(unsafe_code)]

use std::cell::UnsafeCell;
use std::mem::MaybeUninit;
use std::slice;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicU8, AtomicU16, AtomicU32, AtomicU64};

use super::portable::Portable;
use super::{LINE_UNITS, Moves, Native, UNIT, Unit};

/// The size and the alignment of a cache line, in bytes.
pub(crate) const LINE: usize = LINE_UNITS * UNIT;

/// A cache line of shared memory, which other processes may read and write.
#[repr(C, align(64))]
pub(crate) struct SharedLine(UnsafeCell<[MaybeUninit<u8>; LINE]>);

// SAFETY: its bytes are touched by atomic accesses alone.
unsafe impl Sync for SharedLine {}

/// A cache line of private memory.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
pub(crate) struct Line(pub(crate) [u8; LINE]);

const _: () = assert!(size_of::<SharedLine>() == LINE && size_of::<Line>() == LINE && LINE == 64);

impl SharedLine {
    #[inline(always)]
    fn units(lines: &[Self]) -> *mut Unit {
        lines.as_ptr().cast_mut().cast()
    }

    /// Returns the address of the byte `at`, which is followed by `count` bytes of the lines.
    ///
    /// # Panics
    ///
    /// Panics if there are fewer.
    #[inline(always)]
    fn bytes(lines: &[Self], at: usize, count: usize) -> *mut u8 {
        let all = size_of_val(lines);
        if at > all || count > all - at {
            beyond(at, count, all);
        }
        Self::units(lines).cast::<u8>().wrapping_add(at)
    }
}

/// Copies the first `count` bytes of lines out, which may be torn, and returns them. The lines `ahead` bytes after them
/// are prefetched.
///
/// # Panics
///
/// Panics if there are fewer bytes on one of the sides.
#[inline(always)]
pub(crate) fn lines_out<'a>(
    from: &[SharedLine],
    to: &'a mut [MaybeUninit<Line>],
    count: usize,
    ahead: usize,
) -> &'a [u8] {
    assert!(count <= size_of_val(from) && count <= size_of_val(to), "{count} bytes on both sides");
    let place = to.as_mut_ptr().cast::<u8>();
    // SAFETY: the lines of so many bytes are on both sides, aligned by their types. The private ones are borrowed for
    // writing.
    unsafe { Native::lines_out(SharedLine::units(from), place, count, ahead) };
    // SAFETY: the bytes are borrowed as long as `to`, and were just initialized.
    unsafe { slice::from_raw_parts(place, count) }
}

/// Copies a line out, into registers. It may be torn. The line `next` is prefetched.
#[inline(always)]
pub(crate) fn line_out(from: &SharedLine, next: &SharedLine) -> Line {
    Native::prepare_to_load(SharedLine::units(slice::from_ref(next)));
    // SAFETY: a line is four aligned units.
    let units = unsafe { Native::load_line(SharedLine::units(slice::from_ref(from))) };
    // SAFETY: four units are as large as a line, and any bytes are one.
    unsafe { std::mem::transmute::<[Unit; LINE_UNITS], Line>(units) }
}

/// Copies a line in, from registers. The line `next` is prefetched for writing.
#[inline(always)]
pub(crate) fn line_in(line: Line, to: &SharedLine, next: &SharedLine) {
    Native::prepare_to_store(SharedLine::units(slice::from_ref(next)), LINE_UNITS);
    // SAFETY: a line is as large as four units, and any bytes are units.
    let units = unsafe { std::mem::transmute::<Line, [Unit; LINE_UNITS]>(line) };
    // SAFETY: a line is four aligned units, writable, as this file assumes.
    unsafe { Native::store_line(SharedLine::units(slice::from_ref(to)), units) };
}

/// Copies the bytes from `at` on out. They may be torn.
///
/// # Panics
///
/// Panics if fewer bytes follow than `to` has.
#[inline(always)]
pub(crate) fn bytes_out(from: &[SharedLine], at: usize, to: &mut [MaybeUninit<u8>]) {
    let place = SharedLine::bytes(from, at, to.len());
    // SAFETY: as many bytes on both sides, and whole lines on the shared one. The private ones are borrowed for writing.
    unsafe { Native::bytes_out(place, to.as_mut_ptr().cast(), to.len()) };
}

/// Copies bytes in, from the byte `at` on. If both sides begin with a line, the lines `ahead` bytes after them are
/// prefetched for writing.
///
/// # Panics
///
/// Panics if fewer bytes follow than `from` has.
#[inline(always)]
pub(crate) fn bytes_in(from: &[u8], to: &[SharedLine], at: usize, ahead: usize) {
    let place = SharedLine::bytes(to, at, from.len());
    let is_aligned = (from.as_ptr().addr() | at) % LINE == 0;
    let lines = if is_aligned { from.len() / LINE } else { 0 };
    // SAFETY: whole lines of the bytes, aligned on both sides, writable as this file assumes.
    unsafe { Native::lines_in(from.as_ptr(), place.cast(), lines, ahead) };
    let rest = &from[lines * LINE..];
    if !rest.is_empty() {
        // SAFETY: as many bytes on both sides, and whole lines on the shared one, writable as this file assumes.
        unsafe { Native::bytes_in(rest.as_ptr(), place.wrapping_add(lines * LINE), rest.len()) };
    }
}

/// The lines of private bytes. Without those after the last whole line.
#[inline(always)]
pub(crate) fn lines_of(bytes: &[u8]) -> impl Iterator<Item = Line> {
    bytes.chunks_exact(LINE).map(|line| Line(line.try_into().expect("the bytes of a line")))
}

/// Loads the element `at` of lines that are full of elements, by relaxed atomic loads, which the compiler knows: by one of
/// its size if it has 1, 2, 4 or 8 bytes, otherwise by words of 8 bytes. It may be torn.
///
/// # Panics
///
/// Panics if there are fewer elements.
#[inline(always)]
pub(crate) fn element_out<E>(from: &[SharedLine], at: usize) -> MaybeUninit<E> {
    let place = SharedLine::bytes(from, at * size_of::<E>(), size_of::<E>());
    let mut element = MaybeUninit::<E>::uninit();
    let to = element.as_mut_ptr().cast::<u8>();
    macro_rules! load {
        ($atomic:ty, $number:ty) => {{
            // SAFETY: in the lines, and a multiple of its size after the beginning of a line, so aligned.
            let loaded = unsafe { &*place.cast::<$atomic>() }.load(Relaxed);
            // SAFETY: the element has the same size. A pointer of bytes may be unaligned.
            unsafe { to.cast::<$number>().write_unaligned(loaded) };
        }};
    }
    match size_of::<E>() {
        1 => load!(AtomicU8, u8),
        2 => load!(AtomicU16, u16),
        4 => load!(AtomicU32, u32),
        8 => load!(AtomicU64, u64),
        // SAFETY: as many bytes on both sides, and whole lines on the shared one. The private ones are a local.
        size => unsafe { Portable::bytes_out(place, to, size) },
    }
    element
}

#[cold]
#[inline(never)]
fn beyond(at: usize, count: usize, all: usize) -> ! {
    panic!("{count} bytes from {at} on are not within {all} bytes")
}
