//! Both ways to touch slots, compared with each other and with plain arrays.

mod ranges;

use std::cell::UnsafeCell;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;

use super::portable::Portable;
use super::*;

/// Fills every byte differently, so that a displaced byte is noticed.
fn pattern<const N: usize>(seed: u8) -> [u8; N] {
    std::array::from_fn(|at| (at as u8).wrapping_mul(31).wrapping_add(seed) | 1)
}

/// A private buffer with a value of N bytes at `offset`, and guard bytes around it.
struct Guarded<const N: usize> {
    bytes: Vec<u8>,
    offset: usize,
}

impl<const N: usize> Guarded<N> {
    const GUARD: u8 = 0xA5;

    fn new(offset: usize) -> Self {
        Self { bytes: vec![Self::GUARD; N + 64], offset }
    }

    fn value(&mut self) -> *mut [u8; N] {
        self.bytes[self.offset..][..N].as_mut_ptr().cast()
    }

    fn only_value_changed(&self) -> bool {
        let (before, rest) = self.bytes.split_at(self.offset);
        before.iter().chain(&rest[N..]).all(|&byte| byte == Self::GUARD)
    }
}

fn slot<const N: usize>(fill: u8) -> Vec<Unit> {
    // One unit more than needed, as a guard.
    vec![Unit([fill; UNIT]); N.div_ceil(UNIT) + 1]
}

fn bytes(slot: &[Unit]) -> Vec<u8> {
    slot.iter().flat_map(|unit| unit.0).collect()
}

fn out_takes_exactly_the_value<M: Moves, const N: usize>() {
    let mut source = slot::<N>(0xEE);
    for (at, byte) in pattern::<N>(7).into_iter().enumerate() {
        source[at / UNIT].0[at % UNIT] = byte;
    }
    for offset in 0..17 {
        let mut private = Guarded::<N>::new(offset);
        // SAFETY: the slot has a unit more than the value, and the buffer has room for the value at offsets below 64.
        unsafe { copy_out_by::<M, [u8; N]>(source.as_ptr(), private.value()) };
        assert_eq!(private.bytes[offset..][..N], pattern::<N>(7), "{N} bytes to offset {offset}");
        assert!(private.only_value_changed(), "{N} bytes to offset {offset}");
    }
}

fn in_writes_the_value_and_zeros_its_padding<M: Moves, const N: usize>() {
    for offset in 0..17 {
        let mut private = Guarded::<N>::new(offset);
        private.bytes[offset..][..N].copy_from_slice(&pattern::<N>(9));
        let mut target = slot::<N>(0xEE);
        // SAFETY: the slot has a unit more than the value, and the buffer holds the value at its offset.
        unsafe { copy_in_by::<M, [u8; N]>(private.value(), target.as_mut_ptr()) };
        let mut expected = pattern::<N>(9).to_vec();
        expected.resize(N.next_multiple_of(UNIT), 0);
        expected.extend([0xEE; UNIT]);
        assert_eq!(bytes(&target), expected, "{N} bytes from offset {offset}");
    }
}

macro_rules! for_sizes {
    ($check:ident by $moves:ty: $($size:literal)*) => {$( $check::<$moves, $size>(); )*};
    ($check:ident by $moves:ty) => {
        for_sizes!($check by $moves:
            0 1 2 3 4 5 7 8 9 12 15 16 17 24 31 32 33 47 48 61 63 64 65 100 128 255 256 1008 1023 1024 1025 1039
            4096 4099 32752 32768 32784 40000)
    };
}

#[test]
fn native_copies_out_exactly_the_value_to_any_alignment() {
    for_sizes!(out_takes_exactly_the_value by Native);
}

#[test]
fn portable_copies_out_exactly_the_value_to_any_alignment() {
    for_sizes!(out_takes_exactly_the_value by Portable);
}

#[test]
fn native_copies_in_exactly_the_value_from_any_alignment() {
    for_sizes!(in_writes_the_value_and_zeros_its_padding by Native);
}

#[test]
fn portable_copies_in_exactly_the_value_from_any_alignment() {
    for_sizes!(in_writes_the_value_and_zeros_its_padding by Portable);
}

#[test]
fn each_way_reads_the_writes_of_the_other() {
    fn check<A: Moves, B: Moves, const N: usize>() {
        let value = pattern::<N>(3);
        let mut target = slot::<N>(0);
        // SAFETY: the slot has a unit more than the value, which is an initialized local.
        unsafe { copy_in_by::<A, _>(&value, target.as_mut_ptr()) };
        let mut back = [0; N];
        // SAFETY: as above. `back` is a local.
        unsafe { copy_out_by::<B, _>(target.as_ptr(), &mut back) };
        assert_eq!(back, value);
    }
    check::<Native, Portable, 61>();
    check::<Portable, Native, 61>();
    check::<Native, Portable, 64>();
    check::<Portable, Native, 64>();
    check::<Native, Portable, 4099>();
    check::<Portable, Native, 4099>();
}

/// Each word of the slot changes while it is copied. The copy may mix writes, but must never invent a word.
#[test]
fn a_racing_copy_takes_every_word_from_some_write() {
    const WORDS: usize = 8;
    const FOUR_TIMES: u64 = 0x0001_0001_0001_0001;

    struct Slot(UnsafeCell<[Unit; WORDS / 2]>);
    // SAFETY: touched only by `copy_in` and `copy_out`, whose accesses are atomic.
    unsafe impl Sync for Slot {}
    impl Slot {
        fn get(&self) -> *mut Unit {
            self.0.get().cast()
        }
    }

    let slot = Slot(UnsafeCell::new([Unit([0; UNIT]); WORDS / 2]));
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for count in 0..300_000u32 {
                let value = [u64::from(count as u16) * FOUR_TIMES; WORDS];
                // SAFETY: the slot has the size of the value, a local.
                unsafe { copy_in(&value, slot.get()) };
            }
            done.store(true, Relaxed);
        });
        while !done.load(Relaxed) {
            let mut words = [0u64; WORDS];
            // SAFETY: the slot has the size of the value, a local.
            unsafe { copy_out(slot.get(), &mut words) };
            for word in words {
                assert_eq!(word % FOUR_TIMES, 0, "{word:#x} was never written");
            }
        }
    });
}
