//! Types of which each part is in use somewhere.

use std::marker::PhantomData;
use std::sync::atomic::{AtomicI16, AtomicU8, AtomicU64};

use shmstore::{
    AtomicValue, Broadcast, CacheAligned, Event, FixedString, FixedVec, Frames, Lock, Map, Pad, Queue, ShmKey,
    ShmObject, ShmValue, Timestamp, Versioned,
};

#[derive(Clone, Copy, Debug, PartialEq, ShmValue, ShmKey)]
#[repr(i16)]
#[allow(dead_code)]
pub(super) enum Side {
    Bid,
    Ask = -300,
    r#Type = 7,
}

/// An enum of eight bytes, which is valid in few of their bits.
#[derive(Clone, Copy, Debug, PartialEq, ShmValue)]
#[repr(u64)]
#[shm(id = 'W')]
#[allow(dead_code)]
pub(super) enum Wide {
    Zero,
    Last = u64::MAX,
}

#[derive(Clone, Copy, Debug, ShmValue)]
#[repr(transparent)]
pub(super) struct Flag(pub(super) bool);

#[derive(Clone, Copy, Debug, ShmValue)]
#[repr(C, align(32))]
pub(super) struct Aligned {
    pub(super) x: f64,
    pub(super) flags: [Flag; 2],
    pub(super) _pad: Pad<22>,
}

#[derive(Clone, Copy, Debug, ShmValue, ShmKey)]
#[repr(C)]
pub(super) struct Symbol<const N: usize> {
    pub(super) name: FixedString<N>,
    pub(super) side: Side,
    pub(super) sent: Timestamp,
    pub(super) unit: PhantomData<fn()>,
}

#[derive(Clone, Copy, Debug, ShmValue)]
#[repr(C)]
#[shm(id = 'E')]
pub(super) struct Everything {
    pub(super) a: u64,
    pub(super) b: i64,
    pub(super) c: f64,
    pub(super) symbol: Symbol<10>,
    pub(super) d: u32,
    pub(super) e: i32,
    pub(super) f: f32,
    pub(super) letter: char,
    pub(super) list: FixedVec<Flag, 8>,
    pub(super) g: u16,
    pub(super) h: i16,
    pub(super) i: u8,
    pub(super) j: i8,
    pub(super) r#type: Flag,
    pub(super) k: bool,
    pub(super) sides: [[Side; 2]; 3],
    pub(super) text: FixedString<8>,
    pub(super) nothing: [PhantomData<u64>; 3],
    pub(super) wide: Wide,
    pub(super) pairs: FixedVec<Pair, 3>,
    pub(super) _pad: Pad<4>,
    pub(super) last: [char; 3],
}

#[derive(Clone, Copy, Debug, ShmValue)]
#[repr(C)]
pub(super) struct Pair(pub(super) char, pub(super) FixedVec<bool, 4>);

#[derive(ShmObject)]
#[repr(C, align(256))]
#[shm(id = 'I')]
pub(super) struct Inner<const N: usize, const SIGNED: i8>(
    pub(super) AtomicU8,
    pub(super) AtomicI16,
    pub(super) [Lock; N],
);

#[derive(ShmObject)]
#[repr(C)]
#[shm(id = 'O', name = "every part, and more")]
pub(super) struct Parts {
    pub(super) count: AtomicU8,
    pub(super) total: AtomicU64,
    pub(super) small: AtomicI16,
    pub(super) flag: AtomicValue<Flag>,
    pub(super) wide: AtomicValue<Wide>,
    pub(super) void: AtomicValue<()>,
    pub(super) everything: Versioned<Everything>,
    pub(super) aligned: Versioned<Aligned>,
    pub(super) empty: Versioned<()>,
    pub(super) bytes: Versioned<[u8; 61]>,
    pub(super) inner: [Inner<3, { -1 }>; 2],
    pub(super) line: CacheAligned<AtomicU8>,
    pub(super) lines: CacheAligned<[CacheAligned<Event>; 2]>,
    pub(super) nothing: PhantomData<u8>,
    pub(super) event: Event,
    pub(super) jobs: Queue<Wide, 3>,
    pub(super) letters: Queue<char, 5>,
    pub(super) quotes: Broadcast<Pair, 2>,
    pub(super) books: Map<Symbol<10>, i8, 3>,
    pub(super) letters_by_flag: Map<[bool; 2], char, 1>,
    pub(super) images: Frames<u8, 9, 3>,
    pub(super) clouds: Frames<Aligned, 5, 16, Pair>,
}
