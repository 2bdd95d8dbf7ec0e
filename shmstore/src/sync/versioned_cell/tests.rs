//! Offsets and moves.

use super::*;
use crate::Versioned;
use crate::layout::{AnyBits, ShmLayout, ShmValue};
use crate::view::VersionedView;

#[test]
fn layout_is_that_of_the_table() {
    fn layout<V: ShmValue>() -> (usize, usize) {
        assert_eq!(size_of::<VersionedView<V>>(), size_of::<Versioned<V>>());
        assert_eq!(align_of::<VersionedView<V>>(), align_of::<Versioned<V>>());
        assert_eq!(Versioned::<V>::SCHEMA.size(), size_of::<Versioned<V>>());
        (size_of::<Versioned<V>>(), align_of::<Versioned<V>>())
    }
    assert_eq!(layout::<u8>(), (128, 64));
    assert_eq!(layout::<[u64; 2]>(), (128, 64));
    assert_eq!(layout::<[f64; 3]>(), (192, 64));
    assert_eq!(layout::<[u8; 61]>(), (256, 64));
    assert_eq!(layout::<[u64; 8]>(), (256, 64));
    assert_eq!(layout::<[u8; 65]>(), (256, 64));
    assert_eq!(layout::<[u8; 65536]>(), (128 + 2 * 65536, 64));
    assert_eq!(layout::<Aligned32>(), (192, 64));
    assert_eq!(layout::<Aligned64>(), (256, 64));
    assert_eq!(layout::<Aligned128>(), (384, 128));
    assert_eq!(layout::<Aligned256>(), (768, 256));
    assert_eq!(layout::<Aligned4096>(), (3 * 4096, 4096));
}

/// Returns a byte of a part.
fn byte<V: ShmValue>(part: &Versioned<V>, at: usize) -> u8 {
    assert!(at < size_of_val(part));
    // SAFETY: in bounds of the part, which no other thread has.
    unsafe { std::ptr::from_ref(part).cast::<u8>().wrapping_add(at).read_volatile() }
}

#[test]
fn slots_and_sequence_are_where_the_table_says() {
    /// Stores twice. The even version is in slot 0, the odd one in slot 1.
    fn check<const N: usize>(slot_0: usize, slot_size: usize) {
        let part = Versioned::<[u8; N]>::default();
        let slot_1 = slot_0 + slot_size;
        let byte = |at| byte(&part, at);
        part.store([1; N]);
        assert_eq!((byte(64), byte(slot_0), byte(slot_1), byte(slot_1 + N - 1)), (2, 0, 1, 1));
        part.store([2; N]);
        assert_eq!((byte(64), byte(slot_0), byte(slot_0 + N - 1), byte(slot_1)), (4, 2, 2, 1));
        assert!((0..64).chain(72..slot_0).all(|at| byte(at) == 0), "free, no flags, and nothing in the reserved words");
    }
    check::<16>(80, 16);
    check::<65>(80, 80);
    check::<64>(128, 64);
    check::<128>(128, 128);
}

macro_rules! aligned {
    ($($name:ident: $align:literal;)*) => {$(
        #[derive(Clone, Copy, crate::ShmValue)]
        #[repr(C, align($align))]
        #[shm(crate = "crate")]
        struct $name([u8; $align]);
    )*};
}

aligned! { Aligned32: 32; Aligned64: 64; Aligned128: 128; Aligned256: 256; Aligned4096: 4096; }

/// Moves a part with two versions through memory of several kinds, and returns it.
#[inline(never)]
fn moved<V: ShmValue>(part: Versioned<V>) -> Versioned<V> {
    let boxed = Box::new(std::hint::black_box(part));
    let [part] = std::hint::black_box([*boxed]);
    let mut slot = Some(part);
    std::hint::black_box(&mut slot).take().unwrap()
}

#[test]
fn a_move_keeps_every_byte_of_both_slots() {
    fn check<V: AnyBits>() {
        let offsets = VersionedCell::<V>::OFFSETS;
        let slots = offsets.slot_0 as usize..(offsets.slot_0 + 2 * offsets.slot_size) as usize;
        let part = Versioned::new(V::zeroed());
        let start = std::ptr::from_ref(&part).cast::<u8>().cast_mut();
        let pattern = |at: usize| (at % 251) as u8 + 1;
        for at in slots.clone() {
            // SAFETY: in bounds of a slot, whose bytes are in an `UnsafeCell`, and which no other thread has.
            unsafe { start.wrapping_add(at).write_volatile(pattern(at)) };
        }
        let part = moved(part);
        assert!(slots.clone().all(|at| byte(&part, at) == pattern(at)), "{}", size_of::<V>());
    }
    macro_rules! for_sizes {
        ($($size:literal)*) => { $( check::<[u8; $size]>(); )* };
    }
    for_sizes!(1 2 3 7 8 15 16 17 31 32 33 47 48 49 50 60 61 62 63 64 65 80 96 112 113 127 128 129 144 160 176);
    for_sizes!(191 192 193 200);
    for_sizes!(256 320 384 448 512 576 640 1024 4096);
    check::<Aligned32>();
    check::<Aligned64>();
    check::<Aligned128>();
    check::<Aligned256>();
    check::<Aligned4096>();
}
