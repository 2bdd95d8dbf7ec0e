//! Const parameters of every type that a schema holds; the arguments are part of the identity.
#![deny(warnings)]

use std::sync::atomic::AtomicU64;

use shmstore::schema::{ConstArg, Kind, Validity};
use shmstore::{FixedVec, ShmLayout, ShmObject, ShmValue};

#[derive(Clone, Copy, ShmValue)]
#[repr(C)]
pub struct Samples<const N: usize, const SIGNED: i8, const FLAG: bool = true, const LETTER: char = 'x'>
where
    [u32; N]: Copy,
{
    numbers: [u32; N],
    flags: [[bool; 4]; N],
    list: FixedVec<Kilo, N>,
}

/// Less visible than what it is in.
#[derive(Clone, Copy, ShmValue)]
#[repr(C)]
struct Kilo {
    grams: u64,
}

#[derive(ShmObject)]
#[repr(C)]
#[shm(id = 'R')]
pub struct Ring<const N: usize> {
    head: AtomicU64,
    slots: [Slot; N],
}

#[derive(ShmObject)]
#[repr(C)]
struct Slot {
    stamp: AtomicU64,
}

fn const_args(schema: &'static shmstore::schema::Schema) -> Vec<(&'static str, i128)> {
    let Kind::Struct { const_args, .. } = schema.kind() else { panic!("not a struct") };
    const_args.iter().map(|ConstArg { name, value }| (*name, *value)).collect()
}

#[test]
fn const_arguments_are_part_of_the_identity() {
    let args = const_args(<Samples<4, -3>>::SCHEMA);
    assert_eq!(args, [("N", 4), ("SIGNED", -3), ("FLAG", 1), ("LETTER", 120)]);
    assert_ne!(<Samples<4, -3>>::LAYOUT_HASH, <Samples<4, -2>>::LAYOUT_HASH);
    const { assert!(!<<Samples<4, 0> as ShmValue>::Validity as Validity>::ANY) };
    assert_eq!(size_of::<<Ring<8> as ShmObject>::View>(), Ring::<8>::SCHEMA.size());
}
