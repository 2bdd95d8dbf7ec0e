//! Slots touched by relaxed atomic words. Correct on every architecture, and the model for the tests of the others.
//!
//! # Safety
//!
//! Promises that a slot is touched by atomic accesses of one size only: 8 bytes at multiples of 8. So no two of them
//! ever overlap in part.
#![allow(unsafe_code)]

use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;

use super::{LINE_UNITS, Moves, UNIT, Unit};

/// Two relaxed accesses of 8 bytes for each unit.
pub(super) struct Portable;

const WORD: usize = size_of::<u64>();

impl Moves for Portable {
    #[inline(always)]
    unsafe fn load(from: *const Unit) -> Unit {
        // SAFETY: the caller promises that the unit can be read.
        let [low, high] = unsafe { words(from) };
        let mut unit = [0; UNIT];
        unit[..WORD].copy_from_slice(&low.load(Relaxed).to_ne_bytes());
        unit[WORD..].copy_from_slice(&high.load(Relaxed).to_ne_bytes());
        Unit(unit)
    }

    #[inline(always)]
    unsafe fn store(to: *mut Unit, Unit(unit): Unit) {
        // SAFETY: the caller promises that the unit can be written.
        let [low, high] = unsafe { words(to) };
        let (first, second) = unit.split_at(WORD);
        low.store(word(first), Relaxed);
        high.store(word(second), Relaxed);
    }

    #[inline(always)]
    fn prepare_to_load(_: *const Unit) {}

    #[inline(always)]
    fn prepare_to_store(_: *const Unit, _: usize) {}

    #[inline(always)]
    unsafe fn bytes_out(from: *const u8, to: *mut u8, count: usize) {
        let mut done = 0;
        while done < count {
            let Piece { word, skipped, len } = Piece::first(from.wrapping_add(done), count - done);
            // SAFETY: the caller promises that the words in which the bytes are can be read.
            let bytes = unsafe { &*word }.load(Relaxed).to_ne_bytes();
            // SAFETY: `len` of the private bytes, after those that are done. A local overlaps nothing.
            unsafe { to.wrapping_add(done).copy_from_nonoverlapping(bytes[skipped..].as_ptr(), len) };
            done += len;
        }
    }

    #[inline(always)]
    unsafe fn bytes_in(from: *const u8, to: *mut u8, count: usize) {
        let mut done = 0;
        while done < count {
            let Piece { word, skipped, len } = Piece::first(to.wrapping_add(done), count - done);
            // SAFETY: the caller promises that the words in which the bytes are can be written.
            let word = unsafe { &*word };
            let mut bytes = if len == WORD { [0; WORD] } else { word.load(Relaxed).to_ne_bytes() };
            // SAFETY: `len` of the private bytes, after those that are done. A local overlaps nothing.
            unsafe { bytes[skipped..].as_mut_ptr().copy_from_nonoverlapping(from.wrapping_add(done), len) };
            word.store(u64::from_ne_bytes(bytes), Relaxed);
            done += len;
        }
    }

    #[inline(always)]
    unsafe fn lines_out(from: *const Unit, to: *mut u8, count: usize, _: usize) {
        // SAFETY: the caller's promise is more.
        unsafe { Self::bytes_out(from.cast(), to, count) }
    }

    #[inline(always)]
    unsafe fn lines_in(from: *const u8, to: *mut Unit, count: usize, _: usize) {
        // SAFETY: the caller's promise, in bytes.
        unsafe { Self::bytes_in(from, to.cast(), count * LINE_UNITS * UNIT) }
    }
}

/// The bytes of a range that are in one word.
struct Piece {
    word: *const AtomicU64,
    /// The number of bytes of the word before them.
    skipped: usize,
    len: usize,
}

impl Piece {
    /// Returns the first piece of `count` bytes.
    #[inline(always)]
    fn first(bytes: *const u8, count: usize) -> Self {
        let skipped = bytes.addr() % WORD;
        Self { word: bytes.wrapping_sub(skipped).cast(), skipped, len: count.min(WORD - skipped) }
    }
}

fn word(bytes: &[u8]) -> u64 {
    u64::from_ne_bytes(bytes.try_into().expect("half a unit is one word"))
}

/// Returns the two words of a unit.
///
/// # Safety
///
/// `unit` is aligned, and valid for the accesses to its words. Only atomic words touch it meanwhile.
#[inline(always)]
unsafe fn words<'a>(unit: *const Unit) -> [&'a AtomicU64; 2] {
    let words = unit.cast::<AtomicU64>();
    // SAFETY: a unit is aligned to 16 bytes, and its first 8 are valid, by the caller's promise.
    let low = unsafe { &*words };
    // SAFETY: as above, for its last 8 bytes.
    let high = unsafe { &*words.wrapping_add(1) };
    [low, high]
}
