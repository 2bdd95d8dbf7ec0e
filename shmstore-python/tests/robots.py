"""The types of `tests/src/python_types.rs`, defined in Python."""

from enum import IntEnum

import shmstore
from shmstore import (
    Array, Atomic, AtomicValue, Broadcast, CacheAligned, Event, FixedString, FixedVec, Frames, Lock, Map, Pad, Queue,
    Timestamp, Versioned, char, f32, f64, i8, i16, i32, i64, u8, u16, u32, u64,
)  # fmt: skip


@shmstore.enum(u8)
class Mode(IntEnum):
    Idle = 0
    Fast = 1
    Broken = 255


@shmstore.enum(i16)
class Side(IntEnum):
    Left = -1
    Middle = 0
    Right = 1


@shmstore.value
class Position:
    x: f64
    y: f64
    z: f64


@shmstore.value
class Reading:
    at: Timestamp
    ok: bool
    mode: Mode
    side: Side
    letter: char
    name: FixedString[12]
    values: FixedVec[f32, 3]
    _pad: Pad[4]
    position: Position
    grid: Array[i16, 2, 2]


# The field of a tuple struct of Rust has a number for a name, which no annotation has.
Quad = shmstore.Schema.structure("Quad", [("0", shmstore.Schema.array(f32.schema, 4))], align=16)


@shmstore.value(name="Board", const_args={"W": 3, "H": 2})
class Sheet:
    cells: Array[u8, 2, 3]


@shmstore.value
class Job:
    number: u64
    name: FixedString[24]
    _pad: Pad[4]


@shmstore.value
class Quote:
    bid: f64
    ask: f64


@shmstore.value
class Symbol:
    account: u32
    side: Side
    _pad: Pad[2]
    name: FixedString[12]


@shmstore.value
class ImageInfo:
    width: u32
    height: u32


@shmstore.object
class Arm:
    moves: Atomic[u32]
    angle: Versioned[f32]


@shmstore.object(id="R")
class Robot:
    frames: Atomic[u64]
    level: Atomic[i32]
    rate: AtomicValue[f64]
    mode: AtomicValue[Mode]
    position: Versioned[Position]
    reading: Versioned[Reading]
    grid: Versioned[Array[f32, 2, 3]]
    name: Versioned[FixedString[16]]
    list: Versioned[FixedVec[u16, 8]]
    accounts: Versioned[Array[i64, 4]]
    guard: Lock
    bell: Event
    jobs: Queue[Job, 8]
    ticks: Broadcast[u64, 16]
    quotes: Map[FixedString[8], Quote, 32]
    images: Frames[u8, 65536, 4, ImageInfo]
    arms: Array[Arm, 2]
    padded: CacheAligned[Atomic[u32]]
    load: Versioned[u8]


@shmstore.object(id="E", room=8192)
class Everything:
    a: Atomic[u8]
    b: Atomic[u16]
    c: Atomic[u32]
    d: Atomic[u64]
    e: Atomic[i8]
    f: Atomic[i16]
    g: Atomic[i32]
    h: Atomic[i64]
    quad: Versioned[Quad]
    sheet: Versioned[Sheet]
    sides: Map[Symbol, Side, 4]
    large: Versioned[Array[f64, 300]]
    flags: AtomicValue[Array[bool, 8]]
    quads: Queue[Quad, 3]
    plain: Frames[f32, 16, 3]
    nothing: None
