//! The object that Rust and its peers share.

use std::marker::PhantomData;
use std::sync::atomic::{AtomicI8, AtomicI64, AtomicU8, AtomicU16, AtomicU32, AtomicU64};

use shmstore::schema::OwnedSchema;
use shmstore::{
    AtomicValue, CacheAligned, Event, FixedString, FixedVec, Lock, Pad, ShmLayout, ShmObject, ShmValue, Versioned,
};

#[derive(Clone, Copy, Debug, PartialEq, Eq, ShmValue)]
#[repr(u8)]
pub(crate) enum Mode {
    Idle,
    Fast = 255,
}

/// An enum whose numbers have no literals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ShmValue)]
#[repr(i64)]
pub(crate) enum Depth {
    Zero,
    Lowest = i64::MIN,
}

/// A block. In every stored version, all words are equal.
#[derive(Clone, Copy, Debug, ShmValue)]
#[repr(C)]
pub(crate) struct Block {
    pub(crate) words: [u64; 512],
}

#[derive(Clone, Copy, Debug, ShmValue)]
#[repr(C)]
pub(crate) struct Status {
    pub(crate) at: f64,
    pub(crate) small: f32,
    pub(crate) letter: char,
    pub(crate) depth: Depth,
    pub(crate) name: FixedString<12>,
    pub(crate) pairs: FixedVec<[u16; 2], 3>,
    pub(crate) mode: Mode,
    pub(crate) on: bool,
    pub(crate) class: i16, // a word of Python and of C++
    pub(crate) spare: Pad<8>,
    pub(crate) unit: PhantomData<u8>,
}

/// An object in an object, with a const parameter.
#[derive(ShmObject)]
#[repr(C)]
pub(crate) struct Grid<const N: usize> {
    pub(crate) cells: [AtomicU32; N],
    pub(crate) corner: AtomicValue<[i16; 3]>,
}

#[derive(ShmObject)]
#[repr(C)]
#[shm(id = 'E')]
pub(crate) struct Everything {
    pub(crate) count: AtomicU64,
    pub(crate) tiny: AtomicI8,
    pub(crate) wide: AtomicI64,
    pub(crate) block: Versioned<Block>,
    pub(crate) status: Versioned<Status>,
    pub(crate) triple: Versioned<[f64; 3]>,
    pub(crate) mode: AtomicValue<Mode>,
    pub(crate) guarded: Lock,
    pub(crate) rung: Event,
    pub(crate) lonely: CacheAligned<AtomicU16>,
    pub(crate) grid: Grid<4>,
    pub(crate) wide_grid: Grid<6>,
    pub(crate) rows: [Grid<4>; 3],
    pub(crate) hint: AtomicU8,
}

/// An object with the same key and another layout.
#[derive(ShmObject)]
#[repr(C)]
#[shm(id = 'E')]
pub(crate) struct Other {
    pub(crate) count: AtomicU64,
}

/// An object at the same path with another key.
#[derive(ShmObject)]
#[repr(C)]
#[shm(id = 'S')]
pub(crate) struct Stranger {
    pub(crate) count: AtomicU64,
}

pub(crate) fn everything() -> OwnedSchema {
    OwnedSchema::from(Everything::SCHEMA)
}

/// The value of `status` that the peers expect.
pub(crate) fn status() -> Status {
    let mut pairs = FixedVec::new();
    pairs.push([1, 2]).expect("room");
    pairs.push([3, 4]).expect("room");
    let name = "rover é".try_into().expect("room");
    Status {
        at: 1.5,
        small: -0.25,
        letter: 'ß',
        depth: Depth::Lowest,
        name,
        pairs,
        mode: Mode::Fast,
        on: true,
        class: -7,
        spare: Pad::default(),
        unit: PhantomData,
    }
}
