//! Types that the tests of the Python package define in Python, too.

use std::marker::PhantomData;
use std::sync::atomic::{AtomicI8, AtomicI16, AtomicI32, AtomicI64, AtomicU8, AtomicU16, AtomicU32, AtomicU64};

use shmstore::schema::Schema;
use shmstore::{
    AtomicValue, Broadcast, CacheAligned, Event, FixedString, FixedVec, Frames, Lock, Map, Pad, Queue, ShmKey,
    ShmLayout, ShmObject, ShmValue, Timestamp, Versioned,
};

#[derive(Clone, Copy, Debug, PartialEq, ShmValue)]
#[repr(u8)]
pub enum Mode {
    Idle = 0,
    Fast = 1,
    Broken = 255,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, ShmValue, ShmKey)]
#[repr(i16)]
pub enum Side {
    Left = -1,
    Middle = 0,
    Right = 1,
}

#[derive(Clone, Copy, Debug, PartialEq, ShmValue)]
#[repr(C)]
pub struct Position {
    pub x: f64,
    pub y: f64,
    pub z: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, ShmValue)]
#[repr(C)]
pub struct Reading {
    pub at: Timestamp,
    pub ok: bool,
    pub mode: Mode,
    pub side: Side,
    pub letter: char,
    pub name: FixedString<12>,
    pub values: FixedVec<f32, 3>,
    pub _pad: Pad<4>,
    pub position: Position,
    pub grid: [[i16; 2]; 2],
}

#[derive(Clone, Copy, Debug, PartialEq, ShmValue)]
#[repr(C, align(16))]
pub struct Quad(pub [f32; 4]);

#[derive(Clone, Copy, Debug, PartialEq, ShmValue)]
#[repr(C)]
#[shm(name = "Board")]
pub struct Sheet<const W: usize, const H: usize> {
    pub cells: [[u8; W]; H],
}

#[derive(Clone, Copy, Debug, PartialEq, ShmValue)]
#[repr(C)]
pub struct Job {
    pub number: u64,
    pub name: FixedString<24>,
    pub _pad: Pad<4>,
}

#[derive(Clone, Copy, Debug, PartialEq, ShmValue)]
#[repr(C)]
pub struct Quote {
    pub bid: f64,
    pub ask: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, ShmValue, ShmKey)]
#[repr(C)]
pub struct Symbol {
    pub account: u32,
    pub side: Side,
    pub _pad: Pad<2>,
    pub name: FixedString<12>,
}

#[derive(Clone, Copy, Debug, PartialEq, ShmValue)]
#[repr(C)]
pub struct ImageInfo {
    pub width: u32,
    pub height: u32,
}

#[derive(ShmObject)]
#[repr(C)]
pub struct Arm {
    pub moves: AtomicU32,
    pub angle: Versioned<f32>,
}

#[derive(ShmObject)]
#[repr(C)]
#[shm(id = 'R')]
pub struct Robot {
    pub frames: AtomicU64,
    pub level: AtomicI32,
    pub rate: AtomicValue<f64>,
    pub mode: AtomicValue<Mode>,
    pub position: Versioned<Position>,
    pub reading: Versioned<Reading>,
    pub grid: Versioned<[[f32; 3]; 2]>,
    pub name: Versioned<FixedString<16>>,
    pub list: Versioned<FixedVec<u16, 8>>,
    pub accounts: Versioned<[i64; 4]>,
    pub guard: Lock,
    pub bell: Event,
    pub jobs: Queue<Job, 8>,
    pub ticks: Broadcast<u64, 16>,
    pub quotes: Map<FixedString<8>, Quote, 32>,
    pub images: Frames<u8, 65536, 4, ImageInfo>,
    pub arms: [Arm; 2],
    pub padded: CacheAligned<AtomicU32>,
    pub load: Versioned<u8>,
}

#[derive(ShmObject)]
#[repr(C)]
#[shm(id = 'E', room = 8192)]
pub struct Everything {
    pub a: AtomicU8,
    pub b: AtomicU16,
    pub c: AtomicU32,
    pub d: AtomicU64,
    pub e: AtomicI8,
    pub f: AtomicI16,
    pub g: AtomicI32,
    pub h: AtomicI64,
    pub quad: Versioned<Quad>,
    pub sheet: Versioned<Sheet<3, 2>>,
    pub sides: Map<Symbol, Side, 4>,
    pub large: Versioned<[f64; 300]>,
    pub flags: AtomicValue<[bool; 8]>,
    pub quads: Queue<Quad, 3>,
    pub plain: Frames<f32, 16, 3>,
    pub nothing: PhantomData<u8>,
}

/// Each type by its name in the tests of the package.
pub const ALL: [(&str, &Schema); 14] = [
    ("Mode", Mode::SCHEMA),
    ("Side", Side::SCHEMA),
    ("Position", Position::SCHEMA),
    ("Reading", Reading::SCHEMA),
    ("Quad", Quad::SCHEMA),
    ("Sheet", <Sheet<3, 2>>::SCHEMA),
    ("Job", Job::SCHEMA),
    ("Quote", Quote::SCHEMA),
    ("Symbol", Symbol::SCHEMA),
    ("ImageInfo", ImageInfo::SCHEMA),
    ("Arm", Arm::SCHEMA),
    ("Robot", Robot::SCHEMA),
    ("Everything", Everything::SCHEMA),
    ("Timestamp", Timestamp::SCHEMA),
];
