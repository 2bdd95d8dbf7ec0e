//! Slots touched by relaxed atomic words. Correct on every architecture, and the model for the tests of the others.
//!
//! # Safety
//!
//! Promises that a slot is touched by atomic accesses of one size only: 8 bytes at multiples of 8. So no two of them
//! ever overlap in part.
#![allow(unsafe_code)]

use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;

use super::{Moves, UNIT, Unit};

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

    #[inline]
    unsafe fn bulk_out(from: *const Unit, to: *mut u8, count: usize) {
        for at in 0..count {
            // SAFETY: the caller promises `count` readable units.
            let unit = unsafe { Self::load(from.wrapping_add(at)) };
            // SAFETY: the caller promises that many writable bytes. Bytes need no alignment.
            unsafe { to.wrapping_add(at * UNIT).cast::<[u8; UNIT]>().write(unit.0) };
        }
    }

    #[inline]
    unsafe fn bulk_in(from: *const u8, to: *mut Unit, count: usize) {
        for at in 0..count {
            // SAFETY: the caller promises that many readable bytes. Bytes need no alignment.
            let unit = Unit(unsafe { from.wrapping_add(at * UNIT).cast::<[u8; UNIT]>().read() });
            // SAFETY: the caller promises `count` writable units.
            unsafe { Self::store(to.wrapping_add(at), unit) };
        }
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
