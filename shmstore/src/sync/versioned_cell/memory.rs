//! The memory of a `Versioned` as a type: its size and alignment, and no padding.
//!
//! A move of a value copies its fields, and may lose its padding. So every byte of both slots belongs to a field. One
//! struct cannot say this: the offset of slot 0 depends on the size of a slot, and no type does. A move of a union
//! copies each byte that belongs to a field of any of its variants, so three variants cover the memory together:
//!
//! | variant | covers |
//! |---|---|
//! | `parts` | the control words, and both slots if the value is aligned to more than a line |
//! | `start` | all bytes up to the last line, or beyond its start |
//! | `end` | the last line |
//!
//! Only `parts` is ever named. The assertions in [`Memory::OFFSETS`] hold for each value that a program uses.

use std::mem::{ManuallyDrop, MaybeUninit, offset_of};

use super::super::atomics::{AtomicU32, AtomicU64};
use crate::layout::{ShmValue, is_described};
use crate::sync::copy::UNIT;
use crate::sync::shape::Typed;
use crate::sync::side::Side;
use crate::sync::untyped::{LINE, VersionedOffsets};

#[repr(C)]
pub(super) union Memory<V> {
    parts: ManuallyDrop<Parts<V>>,
    start: ManuallyDrop<Start<V>>,
    end: ManuallyDrop<End<V>>,
}

/// The words of writers and waiters. They have a line of their own.
#[repr(C, align(64))]
pub(super) struct Control {
    pub(super) writers: Side,
    _reserved: [AtomicU32; 12],
}

#[repr(C, align(16))]
struct Sequence(AtomicU64);

#[repr(C, align(16))]
struct Slot<V>(MaybeUninit<V>);

#[repr(C)]
struct Parts<V> {
    control: Control,
    sequence: Sequence,
    slots: [Slot<V>; 2],
}

/// Bytes in a row: 96, and those of two values.
#[repr(C)]
struct Start<V> {
    lead: [MaybeUninit<u8>; 96],
    values: Packed<[V; 2]>,
}

/// The last line. What is before it makes the whole as large as `parts`.
#[repr(C)]
struct End<V> {
    lead: [MaybeUninit<u8>; 16],
    slots: PackedUnits<[Slot<V>; 2]>,
    line: Line,
}

#[repr(C, packed)]
struct Packed<T>(MaybeUninit<T>);

#[repr(C, packed(16))]
struct PackedUnits<T>(MaybeUninit<T>);

#[repr(C, align(64))]
struct Line([MaybeUninit<u8>; LINE as usize]);

impl<V: ShmValue> Memory<V> {
    /// The offsets of the sequence number and the slots, as a program computes them that knows only the schema.
    pub(super) const OFFSETS: VersionedOffsets = {
        is_described::<V>();
        let Some(at) = VersionedOffsets::of(size_of::<V>() as u64, align_of::<V>() as u64) else {
            panic!("a value is larger than memory can be")
        };
        assert!(at.size == size_of::<Self>() as u64 && at.align == align_of::<Self>() as u64);
        assert!(at.sequence == offset_of!(Parts<V>, sequence) as u64);
        assert!(at.slot_0 >= offset_of!(Parts<V>, slots) as u64);
        assert!(at.slot_0 % UNIT as u64 == 0 && at.slot_0 % align_of::<V>() as u64 == 0);
        assert!(at.slot_size == size_of::<Slot<V>>() as u64 && at.slot_size == Typed::<V>::SLOT_SIZE as u64);
        assert!(at.slot_size % UNIT as u64 == 0);
        assert!(at.slot_0 + 2 * at.slot_size <= at.size);
        assert!(Self::no_slot_has_padding(&at), "a move could lose bytes of a value");
        at
    };

    /// Returns `true` if every byte of both slots belongs to a field of some variant.
    const fn no_slot_has_padding(at: &VersionedOffsets) -> bool {
        let start_ends = (offset_of!(Start<V>, values) + 2 * size_of::<V>()) as u64;
        let last_line = offset_of!(End<V>, line) as u64;
        let by_start_and_end = start_ends >= last_line && last_line + LINE >= at.slot_0 + 2 * at.slot_size;
        let by_parts = offset_of!(Parts<V>, slots) as u64 == at.slot_0 && size_of::<V>() as u64 == at.slot_size;
        by_start_and_end || by_parts
    }
}

const _: () = {
    assert!(offset_of!(Control, writers) == 0);
    assert!(offset_of!(Parts<u64>, control) == 0);
};

/// The assertions of [`Memory::OFFSETS`] for values of 1 to 210 bytes and for values of whole lines.
const _: () = {
    macro_rules! for_sizes {
        ($($size:expr),*) => { $( _ = Memory::<[u8; $size]>::OFFSETS; )* };
    }
    macro_rules! for_tens {
        ($($ten:literal)*) => { $(
            for_sizes!($ten * 10 + 1, $ten * 10 + 2, $ten * 10 + 3, $ten * 10 + 4, $ten * 10 + 5);
            for_sizes!($ten * 10 + 6, $ten * 10 + 7, $ten * 10 + 8, $ten * 10 + 9, $ten * 10 + 10);
        )* };
    }
    for_tens!(0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20);
    for_sizes!(4 * 64, 5 * 64, 6 * 64, 7 * 64, 8 * 64, 9 * 64, 16 * 64, 17 * 64, 64 * 64, 1000 * 64, 1 << 20);
};
