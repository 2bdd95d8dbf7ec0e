//! `check` accepts exactly what the code of the derives accepts, with the same errors.

use std::marker::PhantomData;

use shmstore::dynamic::{check, decode, encode};
use shmstore::schema::OwnedSchema;
use shmstore::{FixedString, FixedVec, Pad, ShmValue, Timestamp};
use shmstore_tests::objects::{Block, Choosy, Mode, Position, drifted};
use shmstore_tests::random::Random;

use super::schema;
use super::types::{Aligned, Everything, Flag, Pair, Side, Symbol, Wide};

/// Bytes that are often at the edge of what is valid.
const BYTES: [u8; 12] = [0, 1, 2, 3, 7, 0x10, 0x11, 0x7f, 0x80, 0xd8, 0xfe, 0xff];

fn compare<V: ShmValue>(schema: &OwnedSchema, bytes: &[u8], counts: &mut [u64; 2]) {
    let (typed, found) = (V::check_bits(bytes), check(schema, bytes));
    assert_eq!(found, typed, "{schema} {bytes:?}");
    counts[usize::from(typed.is_ok())] += 1;
    match decode(schema, bytes) {
        // Padding and what follows a text or a list is lost, and nothing else.
        Ok(value) => {
            let again = encode(schema, &value).unwrap_or_else(|error| panic!("{schema} {value}: {error}"));
            assert_eq!(format!("{:?}", decode(schema, &again).unwrap()), format!("{value:?}"), "{schema}");
        }
        Err(invalid) => assert!(typed.is_err() || invalid.to_string().contains("UTF-8"), "{schema}: {invalid}"),
    }
}

/// Compares many changes of the bytes of a zeroed value.
fn table<V: ShmValue>(random: &mut Random) {
    let (schema, mut counts) = (schema::<V>(), [0, 0]);
    let size = size_of::<V>();
    compare::<V>(&schema, &vec![0; size], &mut counts);
    for at in 0..size {
        for byte in BYTES {
            let mut bytes = vec![0; size];
            bytes[at] = byte;
            compare::<V>(&schema, &bytes, &mut counts);
        }
    }
    for _ in 0..300 {
        let mut bytes = vec![0; size];
        for _ in 0..random.within(0..6) {
            let at = random.within(0..size.max(1));
            let end = (at + random.within(1..9)).min(size);
            let byte = BYTES[random.within(0..BYTES.len())];
            bytes.get_mut(at..end).unwrap_or_default().fill(byte);
        }
        compare::<V>(&schema, &bytes, &mut counts);
        let any: Vec<u8> = (0..size).map(|_| random.number() as u8).collect();
        compare::<V>(&schema, &any, &mut counts);
    }
    println!("{} refused, {} accepted: {}", counts[0], counts[1], schema);
}

macro_rules! tables {
    ($($type:ty),* $(,)?) => {{
        let mut random = Random::seeded();
        $(table::<$type>(&mut random);)*
    }};
}

#[test]
fn bytes_are_checked_as_the_code_of_the_derives_checks_them() {
    tables![
        u8,
        u64,
        i16,
        f32,
        f64,
        bool,
        char,
        (),
        PhantomData<u8>,
        [bool; 3],
        [[char; 2]; 2],
        [PhantomData<u8>; 3],
        Pad<5>,
        FixedString<9>,
        [FixedString<2>; 3],
        FixedVec<u32, 4>,
        FixedVec<bool, 5>,
        FixedVec<(), 5>,
        FixedVec<[char; 2], 3>,
        FixedVec<FixedVec<Mode, 3>, 3>,
        FixedVec<Choosy, 3>,
        Timestamp,
        Side,
        Wide,
        Flag,
        Pair,
        Aligned,
        Symbol<10>,
        Everything,
        Position,
        drifted::Position,
        Mode,
        Choosy,
        Block<5>,
        glam::DVec3,
        glam::Mat3,
        uuid::Uuid,
    ];
}

mod every_repr {
    use super::*;

    macro_rules! enums {
        ($($name:ident $repr:ident $least:expr, $most:expr;)*) => {
            $(
                #[derive(Clone, Copy, ShmValue)]
                #[repr($repr)]
                #[allow(dead_code)]
                enum $name { Zero, Most = $most, Least = $least }
            )*

            #[test]
            fn variants_of_each_repr_are_found_at_both_ends() {
                tables![$($name, [$name; 2]),*];
            }
        };
    }

    enums! {
        I8 i8 i8::MIN, i8::MAX; I16 i16 i16::MIN, i16::MAX; I32 i32 i32::MIN, i32::MAX; I64 i64 i64::MIN, i64::MAX;
        U8 u8 1, u8::MAX; U16 u16 1, u16::MAX; U32 u32 1, u32::MAX; U64 u64 1, u64::MAX;
    }
}

#[test]
fn other_lengths_and_parts_of_objects_are_refused() {
    for len in [0, 7, 9] {
        let said = check(&schema::<u64>(), &vec![0; len]).unwrap_err().to_string();
        assert_eq!(said, format!("the value is not a valid u64: it has 8 bytes, and there are {len}"));
    }
    let said = decode(&schema::<shmstore::Lock>(), &[0; 8]).unwrap_err().to_string();
    assert_eq!(said, "the value is not a valid value: a `Lock` is a part of an object");
    let telemetry = schema::<shmstore_tests::objects::Telemetry>();
    let said = check(&telemetry, &vec![0; telemetry.size() as usize]).unwrap_err().to_string();
    assert_eq!(said, "`position` is not a valid value: a `Versioned<Position>` is a part of an object");
}

#[test]
fn text_that_is_not_utf_8_is_valid_but_not_decoded() {
    let bytes = *b"\x03\0\0\0a\xffb\0\0";
    assert_eq!(check(&schema::<FixedString<5>>(), &bytes), Ok(()));
    let said = decode(&schema::<[FixedString<5>; 1]>(), &bytes).unwrap_err().to_string();
    assert_eq!(said, "`[0]` is not a valid value: not UTF-8 from byte 1 on");
}
