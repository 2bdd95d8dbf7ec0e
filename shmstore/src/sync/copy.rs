//! Copies between a private value and a slot, which other processes may read or write meanwhile.
//!
//! A seqlock reads first, and then checks whether a writer was there. With a plain copy this is a data race, and
//! undefined behavior, even if the bytes are then thrown away (Hans-J. Boehm, *Can seqlocks get along with programming
//! language memory models?*, MSPC 2012). So the slot of a value is only touched in whole [`Unit`]s, and the elements
//! of a frame in lines, words or bytes, by accesses that mean "each byte atomic, relaxed". These are vector moves in
//! inline assembly, and relaxed atomic words under Miri. The private value is in ordinary memory of any alignment. No
//! byte beyond it is read or written.
//!
//! Elements of a frame begin at any byte. `lines` copies them, in lines of 64 bytes or in ranges of bytes.
//!
//! # Safety
//!
//! This file assumes that a pointer to a slot is valid for all units of the slot while it is used, and that no other
//! code touches the private value meanwhile. It promises nothing about the copied bytes: they may come from several
//! writes, or from none. The copy orders nothing. The caller does this by fences.
#![allow(unsafe_code)]

#[cfg(all(target_arch = "aarch64", not(miri)))]
mod aarch64;
mod lines;
mod portable;
#[cfg(all(target_arch = "x86_64", not(miri)))]
mod x86_64;

#[cfg(all(target_arch = "aarch64", not(miri)))]
use aarch64::Neon as Native;
#[cfg(any(not(any(target_arch = "aarch64", target_arch = "x86_64")), miri))]
use portable::Portable as Native;
#[cfg(all(target_arch = "x86_64", not(miri)))]
use x86_64::Sse2 as Native;

pub(crate) use lines::{
    LINE, Line, SharedLine, bytes_in, bytes_out, element_out, line_in, line_out, lines_of, lines_out,
};

/// The smallest piece of the slot of a value that is touched. A slot is a whole number of units, and aligned as a unit.
#[derive(Clone, Copy)]
#[repr(C, align(16))]
pub(crate) struct Unit([u8; UNIT]);

/// The size and the alignment of a [`Unit`], in bytes.
pub(crate) const UNIT: usize = 16;

/// The least number of units that are moved by [`Moves::bytes_out`] and [`Moves::bytes_in`]. From 1 KiB on they are
/// faster than single moves.
const BULK_UNITS: usize = 64;

/// The units of a cache line.
const LINE_UNITS: usize = 64 / UNIT;

/// The number of units that a value takes. The last one may be partly padding.
const fn units<V>() -> usize {
    size_of::<V>().div_ceil(UNIT)
}

/// A way to touch slots.
trait Moves {
    /// Loads one unit.
    ///
    /// # Safety
    ///
    /// `from` is aligned and readable. Other processes may be writing it.
    unsafe fn load(from: *const Unit) -> Unit;

    /// Stores one unit.
    ///
    /// # Safety
    ///
    /// `to` is aligned and writable. Other processes may be reading or writing it.
    unsafe fn store(to: *mut Unit, unit: Unit);

    /// Loads a line, which is four units.
    ///
    /// # Safety
    ///
    /// As for [`load`](Self::load), for each of them.
    #[inline(always)]
    unsafe fn load_line(from: *const Unit) -> [Unit; LINE_UNITS] {
        // SAFETY: the caller's promises, unit by unit.
        std::array::from_fn(|at| unsafe { Self::load(from.wrapping_add(at)) })
    }

    /// Stores a line, which is four units.
    ///
    /// # Safety
    ///
    /// As for [`store`](Self::store), for each of them.
    #[inline(always)]
    unsafe fn store_line(to: *mut Unit, line: [Unit; LINE_UNITS]) {
        for (at, unit) in line.into_iter().enumerate() {
            // SAFETY: the caller's promises, unit by unit.
            unsafe { Self::store(to.wrapping_add(at), unit) };
        }
    }

    /// Hints that the line of this unit is about to be read. Changes nothing.
    fn prepare_to_load(from: *const Unit);

    /// Hints that these units are about to be written. Changes nothing.
    fn prepare_to_store(to: *const Unit, count: usize);

    /// Loads `count` bytes into private memory.
    ///
    /// # Safety
    ///
    /// They are readable, and so are the others of the words of 8 bytes in which they are. Other processes may be
    /// writing them. `to` is private, and writable for `count` bytes.
    unsafe fn bytes_out(from: *const u8, to: *mut u8, count: usize);

    /// Stores `count` bytes from private memory.
    ///
    /// # Safety
    ///
    /// They are writable, and so are the others of the words of 8 bytes in which they are, which stay as they are.
    /// Other processes may be reading or writing them. `from` is private, and readable for `count` bytes, all of them
    /// initialized.
    unsafe fn bytes_in(from: *const u8, to: *mut u8, count: usize);

    /// Loads `count` bytes into private memory, and maybe the rest of their last line. Hints that the lines `ahead`
    /// bytes after them are about to be read.
    ///
    /// # Safety
    ///
    /// As for [`load`](Self::load), for each unit of their lines. `to` is private, and writable for as many lines. Both
    /// are aligned to a line.
    unsafe fn lines_out(from: *const Unit, to: *mut u8, count: usize, ahead: usize);

    /// Stores `count` lines from private memory, and hints that those `ahead` bytes after them are about to be written.
    ///
    /// # Safety
    ///
    /// As for [`store`](Self::store), for each unit. `from` is private, and readable for as many lines, all bytes of
    /// them initialized. Both are aligned to a line.
    unsafe fn lines_in(from: *const u8, to: *mut Unit, count: usize, ahead: usize);
}

/// Copies a value's bytes out of a slot. They may be torn. The caller has to check this.
///
/// # Safety
///
/// - `slot` is readable for `size_of::<V>()` bytes, rounded up to whole units, and aligned to a unit. Other processes
///   may be writing it.
/// - `value` is private, and writable for `size_of::<V>()` bytes. Afterwards all of these are initialized.
#[inline(always)]
pub(crate) unsafe fn copy_out<V>(slot: *const Unit, value: *mut V) {
    // SAFETY: the caller's promises are the same.
    unsafe { copy_out_by::<Native, V>(slot, value) }
}

/// Copies a value's bytes into a slot, and zeros into the padding of its last unit.
///
/// # Safety
///
/// - `slot` is writable for `size_of::<V>()` bytes, rounded up to whole units, and aligned to a unit. Other processes
///   may be reading or writing it.
/// - `value` is private, and readable for `size_of::<V>()` bytes, all of them initialized.
#[inline(always)]
pub(crate) unsafe fn copy_in<V>(value: *const V, slot: *mut Unit) {
    // SAFETY: the caller's promises are the same.
    unsafe { copy_in_by::<Native, V>(value, slot) }
}

/// Copies `count` bytes out of a slot. For values of a type that this program does not know. They may be torn.
///
/// # Safety
///
/// - `slot` is aligned to a unit, and readable for `count` bytes in whole units. Other processes may be writing them.
/// - `to` is private, and writable for `count` bytes.
pub(crate) unsafe fn copy_bytes_out(slot: *const Unit, to: *mut u8, count: usize) {
    // SAFETY: the caller's promises are the same.
    unsafe { Native::bytes_out(slot.cast(), to, count) }
}

/// Copies `count` bytes into a slot. For values of a type that this program does not know.
///
/// # Safety
///
/// - `slot` is aligned to a unit, and writable for `count` bytes in whole units. Other processes may be reading or
///   writing them.
/// - `from` is private, and readable for `count` bytes, all of them initialized.
pub(crate) unsafe fn copy_bytes_in(from: *const u8, slot: *mut Unit, count: usize) {
    // SAFETY: the caller's promises are the same.
    unsafe { Native::bytes_in(from, slot.cast(), count) }
}

/// Hints that [`copy_out`] may be about to read the first line of this slot. Changes nothing, whatever the address.
#[inline(always)]
pub(crate) fn prepare_copy_out(slot: *const Unit) {
    Native::prepare_to_load(slot);
}

/// Hints that [`copy_in`] is about to write this slot. Then readers find it half-written for a shorter time. Changes
/// nothing, whatever the address.
#[inline(always)]
pub(crate) fn prepare_copy_in<V>(slot: *const Unit) {
    Native::prepare_to_store(slot, units::<V>());
}

/// [`copy_out`] by the given moves.
#[inline(always)]
unsafe fn copy_out_by<M: Moves, V>(slot: *const Unit, value: *mut V) {
    let whole = size_of::<V>() / UNIT;
    let bytes = value.cast::<u8>();
    if whole >= BULK_UNITS {
        // SAFETY: the whole units of the value. The slot has them, aligned, and the private side does.
        unsafe { M::bytes_out(slot.cast(), bytes, whole * UNIT) };
    } else {
        let lines = whole / LINE_UNITS;
        for at in (0..lines).map(|line| line * LINE_UNITS) {
            // SAFETY: four units of the slot, by the caller's promise. Aligned, as the first one is.
            let line = unsafe { M::load_line(slot.wrapping_add(at)) };
            // SAFETY: four of the value's whole units, so 64 bytes are writable there. Bytes need no alignment.
            unsafe { bytes.wrapping_add(at * UNIT).cast::<[[u8; UNIT]; LINE_UNITS]>().write(line.map(|unit| unit.0)) };
        }
        for at in lines * LINE_UNITS..whole {
            // SAFETY: a unit of the slot, by the caller's promise. Aligned, as the first one is.
            let unit = unsafe { M::load(slot.wrapping_add(at)) };
            // SAFETY: `at` is one of the value's whole units, so 16 bytes are writable there. Bytes need no alignment.
            unsafe { bytes.wrapping_add(at * UNIT).cast::<[u8; UNIT]>().write(unit.0) };
        }
    }
    if whole < units::<V>() {
        // SAFETY: the value's last, partial unit. The slot has it whole.
        let unit = unsafe { M::load(slot.wrapping_add(whole)) };
        // SAFETY: exactly the bytes that are left of the value, fewer than a unit has. A local overlaps nothing.
        unsafe { bytes.wrapping_add(whole * UNIT).copy_from_nonoverlapping(unit.0.as_ptr(), size_of::<V>() % UNIT) };
    }
}

/// [`copy_in`] by the given moves.
#[inline(always)]
unsafe fn copy_in_by<M: Moves, V>(value: *const V, slot: *mut Unit) {
    let whole = size_of::<V>() / UNIT;
    let bytes = value.cast::<u8>();
    if whole >= BULK_UNITS {
        // SAFETY: the whole units of the value. The private side has them, and the slot does, aligned.
        unsafe { M::bytes_in(bytes, slot.cast(), whole * UNIT) };
    } else {
        let lines = whole / LINE_UNITS;
        for at in (0..lines).map(|line| line * LINE_UNITS) {
            // SAFETY: four of the value's whole units, so 64 initialized bytes are there. They need no alignment.
            let line = unsafe { bytes.wrapping_add(at * UNIT).cast::<[[u8; UNIT]; LINE_UNITS]>().read() }.map(Unit);
            // SAFETY: four units of the slot, by the caller's promise. Aligned, as the first one is.
            unsafe { M::store_line(slot.wrapping_add(at), line) };
        }
        for at in lines * LINE_UNITS..whole {
            // SAFETY: `at` is one of the value's whole units, so 16 initialized bytes are there. They need no
            // alignment.
            let unit = Unit(unsafe { bytes.wrapping_add(at * UNIT).cast::<[u8; UNIT]>().read() });
            // SAFETY: a unit of the slot, by the caller's promise. Aligned, as the first one is.
            unsafe { M::store(slot.wrapping_add(at), unit) };
        }
    }
    if whole < units::<V>() {
        let mut unit = Unit([0; UNIT]);
        // SAFETY: exactly the bytes that are left of the value, fewer than a unit has. A local overlaps nothing.
        unsafe {
            unit.0.as_mut_ptr().copy_from_nonoverlapping(bytes.wrapping_add(whole * UNIT), size_of::<V>() % UNIT)
        };
        // SAFETY: the value's last, partial unit. The slot has it whole.
        unsafe { M::store(slot.wrapping_add(whole), unit) };
    }
}

const _: () = assert!(size_of::<Unit>() == UNIT && align_of::<Unit>() == UNIT);

#[cfg(test)]
mod tests;
