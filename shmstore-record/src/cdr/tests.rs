use proptest::prelude::*;
use shmstore::{FixedString, FixedVec, Pad, ShmLayout, ShmValue, Timestamp};

use super::*;

fn schema<T: ShmLayout>() -> OwnedSchema {
    OwnedSchema::from_json(T::SCHEMA.to_json()).unwrap()
}

#[derive(ShmValue, Clone, Copy)]
#[repr(C)]
struct Odd {
    number: u32,
    flag: bool,
    _pad: Pad<3>,
}

#[derive(ShmValue, Clone, Copy)]
#[repr(C)]
struct All {
    odd: Odd,
    name: FixedString<5>,
    _pad: Pad<7>,
    list: FixedVec<u16, 4>,
    time: Timestamp,
}

fn message(schema: &OwnedSchema, value: &[u8]) -> (Encoded, Vec<u8>) {
    let mut message = Vec::new();
    let encoded = Plan::of(schema).unwrap().encode(value, &mut message);
    (encoded, message)
}

fn all(text: &[u8], list: &[u16], time: i64) -> Vec<u8> {
    let mut value = vec![0; schema::<All>().size() as usize];
    value[..4].copy_from_slice(&7_u32.to_le_bytes());
    value[4] = 1;
    value[5] = 9; // padding is in no message
    value[8..12].copy_from_slice(&(text.len() as u32).to_le_bytes());
    value[12..12 + text.len()].copy_from_slice(text);
    value[24..32].copy_from_slice(&(list.len() as u64).to_le_bytes());
    for (at, number) in list.iter().enumerate() {
        value[32 + 2 * at..34 + 2 * at].copy_from_slice(&number.to_le_bytes());
    }
    value[40..48].copy_from_slice(&time.to_le_bytes());
    value
}

#[test]
fn bytes_are_those_of_xcdr1() {
    let (encoded, message) = message(&schema::<All>(), &all(b"ab", &[1, 2, 3], 2_000_000_005));
    assert_eq!(encoded, Encoded::Exact);
    let expected: [&[u8]; 8] = [
        &[0, 1, 0, 0],
        &[7, 0, 0, 0, 1],
        &[0, 0, 0, 3, 0, 0, 0, b'a', b'b', 0],
        &[0, 3, 0, 0, 0],
        &[1, 0, 2, 0, 3, 0],
        &[0, 0],
        &[2, 0, 0, 0],
        &[5, 0, 0, 0],
    ];
    assert_eq!(message, expected.concat());
}

#[test]
fn values_come_back_and_padding_is_zero() {
    let plan = Plan::of(&schema::<All>()).unwrap();
    let value = all("ä€".as_bytes(), &[1, 2, 3, 4], -1);
    let (encoded, message) = message(&schema::<All>(), &value);
    assert_eq!(encoded, Encoded::Exact);
    let mut expected = value;
    expected[5] = 0;
    assert_eq!(plan.decode(&message).unwrap(), expected);
    for len in 0..message.len() {
        assert!(plan.decode(&message[..len]).is_err(), "{len}");
    }
    assert_eq!(plan.decode(&[&message[..], &[0]].concat()), Err(DecodeError::Left { left: 1 }));
}

#[test]
fn what_a_message_cannot_say_is_changed_and_said() {
    let (encoded, text) = message(&schema::<All>(), &all(&[b'a', 0xff], &[], 0));
    assert_eq!(encoded, Encoded::Changed);
    assert!(String::from_utf8_lossy(&text).contains("a\u{fffd}"));
    let (encoded, late) = message(&schema::<Timestamp>(), &i64::MAX.to_le_bytes());
    assert_eq!((encoded, &late[4..8]), (Encoded::Changed, &i32::MAX.to_le_bytes()[..]));
}

#[test]
fn lies_in_messages_are_refused() {
    let plan = Plan::of(&schema::<All>()).unwrap();
    let (_, message) = message(&schema::<All>(), &all(b"ab", &[1], 0));
    let changed = |at: usize, byte: u8| {
        let mut other = message.clone();
        other[at] = byte;
        plan.decode(&other).unwrap_err()
    };
    assert!(matches!(changed(1, 0), DecodeError::Head { .. }));
    assert!(matches!(changed(8, 2), DecodeError::Invalid(_)));
    assert!(matches!(changed(12, 0), DecodeError::NoEnd));
    assert!(matches!(changed(12, 9), DecodeError::TooLong { len: 8, capacity: 5 }));
    assert!(matches!(changed(18, 1), DecodeError::NoEnd));
    assert!(matches!(changed(20, 5), DecodeError::TooLong { len: 5, capacity: 4 }));
}

#[test]
fn types_without_bytes_are_absent_and_a_message_without_any_has_one_zero() {
    let structure = |name: &str, fields: &[(&str, &OwnedSchema)]| {
        let fields = fields.iter().map(|(name, of)| ((*name).to_owned(), (*of).clone())).collect();
        OwnedSchema::structure(name, fields, 1, vec![]).unwrap()
    };
    let empty = structure("Empty", &[("a", &OwnedSchema::pad(3).unwrap()), ("b", &OwnedSchema::phantom())]);
    let many = OwnedSchema::array(empty.clone(), 4).unwrap();
    for of in [&empty, &many, &OwnedSchema::phantom()] {
        let (_, bytes) = message(of, &vec![7; of.size() as usize]);
        assert_eq!(bytes, [0, 1, 0, 0, 0]);
        let plan = Plan::of(of).unwrap();
        assert_eq!(plan.decode(&bytes).unwrap(), vec![0; of.size() as usize]);
        for wrong in [&[0, 1, 0, 0][..], &[0, 1, 0, 0, 1], &[0, 1, 0, 0, 0, 0]] {
            assert!(plan.decode(wrong).is_err(), "{wrong:?}");
        }
    }
    let byte = schema::<u8>();
    let (_, bytes) = message(&structure("Around", &[("a", &byte), ("b", &empty), ("c", &byte)]), &[1, 7, 7, 7, 2]);
    assert_eq!(bytes, [0, 1, 0, 0, 1, 2]);
    let list = OwnedSchema::fixed_vec(OwnedSchema::phantom(), 3).unwrap();
    let (_, bytes) = message(&list, &2_u64.to_le_bytes());
    assert_eq!(bytes, [0, 1, 0, 0, 2, 0, 0, 0]);
    assert_eq!(Plan::of(&list).unwrap().decode(&bytes).unwrap(), 2_u64.to_le_bytes());
}

#[test]
fn types_that_no_program_can_have_are_refused() {
    let byte = schema::<u8>();
    let field = |name: &str| OwnedField { name: name.into(), offset: 0, schema: byte.clone() };
    let fields = vec![field("a"), field("b")];
    for (size, kind) in [
        (1, OwnedKind::Struct { name: "Twice".into(), const_args: vec![], fields }),
        (8, OwnedKind::FixedString { capacity: 5 }),
        (0, OwnedKind::FixedVec { capacity: 1 << 40, element: Box::new(OwnedSchema::phantom()) }),
        (4, OwnedKind::FixedVec { capacity: 4, element: Box::new(byte.clone()) }),
    ] {
        assert!(Plan::of(&OwnedSchema::new(size, 1, kind.clone()).unwrap()).is_err(), "{kind:?}");
    }
}

proptest! {
    #[test]
    fn any_bytes_are_decoded_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        let plan = Plan::of(&schema::<All>()).unwrap();
        _ = plan.decode(&bytes);
        _ = plan.decode(&[&HEAD[..], &bytes].concat());
    }

    #[test]
    fn any_value_is_encoded_and_exact_ones_come_back(bytes in prop::collection::vec(any::<u8>(), 48)) {
        let plan = Plan::of(&schema::<All>()).unwrap();
        let mut message = Vec::new();
        let encoded = plan.encode(&bytes, &mut message);
        if dynamic::check(&schema::<All>(), &bytes).is_ok() && encoded == Encoded::Exact {
            let mut again = Vec::new();
            assert_eq!(plan.encode(&plan.decode(&message).unwrap(), &mut again), Encoded::Exact);
            assert_eq!(again, message);
        }
    }
}
