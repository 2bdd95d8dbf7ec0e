//! Every type that the table allows in a value.
#![forbid(unsafe_code)]
#![deny(missing_docs, unreachable_pub, warnings)]

use std::marker::PhantomData;

use shmstore::schema::Validity;
use shmstore::{FixedString, FixedVec, Pad, ShmLayout, ShmValue};

/// What the machine is doing.
#[derive(Clone, Copy, Debug, PartialEq, ShmValue)]
#[repr(u8)]
enum Mode {
    Idle,
    Drive = 7,
    Turn = 1 + 3,
}

/// A value in a value.
#[derive(Clone, Copy, Debug, ShmValue)]
#[repr(C)]
pub struct Position {
    /// Metres.
    pub x: f64,
    y: f32,
    z: f32,
}

#[derive(Clone, Copy, Debug, ShmValue)]
#[repr(C)]
struct Everything {
    a: u64,
    b: i64,
    c: f64,
    position: Position,
    d: u32,
    e: i32,
    f: f32,
    letter: char,
    list: FixedVec<u64, 2>,
    g: u16,
    h: i16,
    i: u8,
    j: i8,
    flag: bool,
    mode: Mode,
    matrix: [[f32; 2]; 3],
    text: FixedString<8>,
    unit: PhantomData<u64>,
    _pad: Pad<4>,
}

fn is_any<V: ShmValue>() -> bool {
    <V::Validity as Validity>::ANY
}

#[test]
fn a_value_has_every_field_of_the_table() {
    assert!(is_any::<Position>());
    assert!(!is_any::<Mode>());
    assert!(!is_any::<Everything>());
    assert_eq!(Everything::SCHEMA.size(), size_of::<Everything>());

    let zeroed = Everything::zeroed();
    assert_eq!(zeroed.mode, Mode::Idle);
    assert_eq!(zeroed.letter, '\0');

    assert!(Mode::check_bits(&[0]).is_ok());
    assert!(Mode::check_bits(&[7]).is_ok());
    assert_eq!(Mode::check_bits(&[1]).unwrap_err().to_string(), "the value is not a valid Mode: found 1");

    let mut bytes = [0; size_of::<Everything>()];
    assert!(Everything::check_bits(&bytes).is_ok());
    bytes[std::mem::offset_of!(Everything, flag)] = 2;
    assert_eq!(Everything::check_bits(&bytes).unwrap_err().path(), "flag");
}
