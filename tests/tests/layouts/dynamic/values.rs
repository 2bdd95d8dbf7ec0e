//! Values to bytes: each rule of `encode`, at its limits.

use shmstore::dynamic::{ValueError, encode, overlay};
use shmstore::inspect::Value;
use shmstore::{FixedString, FixedVec, ShmLayout};
use shmstore_tests::objects::{Choosy, Mode, Position};

use super::schema;
use super::types::{Flag, Pair, Side};

fn bytes<T: ShmLayout>(value: Value) -> Option<Vec<u8>> {
    encode(&schema::<T>(), &value).ok()
}

fn list(first: Vec<Value>) -> Value {
    Value::List { len: first.len() as u64, first }
}

fn structure(fields: &[(&str, Value)]) -> Value {
    let fields = fields.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    Value::Struct { name: "any".into(), fields }
}

fn variant(name: &str, discriminant: i128) -> Value {
    Value::Variant { name: name.into(), discriminant }
}

#[test]
fn integers_are_stored_if_the_type_has_them() {
    use Value::{Signed, Unsigned};
    for (value, u8, i8, u64, i64) in [
        (Unsigned(0), true, true, true, true),
        (Signed(127), true, true, true, true),
        (Unsigned(128), true, false, true, true),
        (Signed(255), true, false, true, true),
        (Unsigned(256), false, false, true, true),
        (Signed(-1), false, true, false, true),
        (Signed(-128), false, true, false, true),
        (Signed(-129), false, false, false, true),
        (Signed(i64::MIN), false, false, false, true),
        (Unsigned(i64::MAX as u64), false, false, true, true),
        (Unsigned(u64::MAX), false, false, true, false),
    ] {
        let is_stored = (
            bytes::<u8>(value.clone()).is_some(),
            bytes::<i8>(value.clone()).is_some(),
            bytes::<u64>(value.clone()).is_some(),
            bytes::<i64>(value.clone()).is_some(),
        );
        assert_eq!(is_stored, (u8, i8, u64, i64), "{value:?}");
    }
    assert_eq!(bytes::<i16>(Signed(-2)), Some(vec![0xfe, 0xff]));
    assert_eq!(bytes::<u32>(Signed(0x0102_0304)), Some(vec![4, 3, 2, 1]));
    for other in [Value::F64(1.0), Value::Bool(true), Value::Char('1'), Value::Text("1".into()), Value::Nothing] {
        assert_eq!(bytes::<u8>(other), None);
    }
}

#[test]
fn floats_are_stored_if_they_are_the_same_after() {
    let of_f32 =
        |number: f64| bytes::<f32>(Value::F64(number)).map(|bytes| f32::from_le_bytes(bytes.try_into().unwrap()));
    for same in [0.0, 1.5, -0.25, f64::from(f32::MAX), f64::from(f32::MIN_POSITIVE), 1.0e-45_f32.into(), f64::INFINITY]
    {
        assert_eq!(of_f32(same).map(f64::from), Some(same));
    }
    assert!(of_f32(-0.0).unwrap().is_sign_negative() && of_f32(f64::NAN).unwrap().is_nan());
    for other in [0.1, 1e39, f64::MAX, 1e-46, f64::from(f32::MAX) * 2.0, 16_777_217.0] {
        assert_eq!(of_f32(other), None, "{other}");
    }
    assert_eq!(bytes::<f64>(Value::F32(0.1)), Some(f64::from(0.1_f32).to_le_bytes().into()));
    assert_eq!(bytes::<f64>(Value::Signed(-3)), Some((-3.0_f64).to_le_bytes().into()));
    assert_eq!(bytes::<f64>(Value::Unsigned(1 << 63)), Some(2_f64.powi(63).to_le_bytes().into()));
    assert_eq!(bytes::<f32>(Value::Unsigned(1 << 24)), Some(2_f32.powi(24).to_le_bytes().into()));
    for (number, is_f32) in [((1 << 24) + 1, true), ((1 << 53) + 1, false), (u64::MAX, false), (i64::MAX as u64, false)]
    {
        let found = if is_f32 { bytes::<f32>(Value::Unsigned(number)) } else { bytes::<f64>(Value::Unsigned(number)) };
        assert_eq!(found, None, "{number}");
    }
    let payload = f64::from_bits(0x7ff8_0000_0000_1234);
    assert_eq!(bytes::<f64>(Value::F64(payload)), Some(payload.to_le_bytes().into()), "NaN keeps its bits");
}

#[test]
fn bools_characters_and_variants_are_stored_by_their_meaning() {
    assert_eq!(bytes::<bool>(Value::Bool(true)), Some(vec![1]));
    assert_eq!([Value::Unsigned(1), Value::Text("true".into())].map(bytes::<bool>), [None, None]);
    assert_eq!(bytes::<char>(Value::Char('ß')), Some(vec![0xdf, 0, 0, 0]));
    assert_eq!(bytes::<char>(Value::Text("x".into())), Some(vec![b'x', 0, 0, 0]));
    assert_eq!(
        [Value::Text("xy".into()), Value::Text("".into()), Value::Unsigned(65)].map(bytes::<char>),
        [const { None }; 3]
    );
    let ask = Some((-300_i16).to_le_bytes().to_vec());
    for value in [variant("Ask", -300), variant("Ask", 99), Value::Text("Ask".into()), Value::Signed(-300)] {
        assert_eq!(bytes::<Side>(value.clone()), ask, "{value:?}");
    }
    for value in [variant("ask", -300), variant("", 0), Value::Signed(1), Value::Unsigned(u64::MAX), Value::F64(0.0)] {
        assert_eq!(bytes::<Side>(value.clone()), None, "{value:?}");
    }
}

#[test]
fn texts_and_lists_have_a_capacity_and_zeros_after_them() {
    let text = |text: &str| bytes::<FixedString<4>>(Value::Text(text.into()));
    assert_eq!(text("ab"), Some(b"\x02\0\0\0ab\0\0".to_vec()));
    assert_eq!(text("abcd"), Some(b"\x04\0\0\0abcd".to_vec()));
    assert_eq!([text("abcde"), text("äöü")], [None, None]);
    let modes = |count| bytes::<FixedVec<Mode, 2>>(list(vec![variant("Run", 1); count]));
    assert_eq!(modes(1), Some(vec![1, 0, 0, 0, 0, 0, 0, 0, 1, 0]));
    assert_eq!(modes(0), Some(vec![0; 10]));
    assert_eq!(modes(3), None);
    let numbers = |count| bytes::<[u8; 2]>(list(vec![Value::Unsigned(3); count]));
    assert_eq!([numbers(1), numbers(2), numbers(3)], [None, Some(vec![3, 3]), None]);
    let shortened = Value::List { len: 2, first: vec![Value::Unsigned(3)] };
    assert_eq!(bytes::<[u8; 2]>(shortened.clone()), None);
    assert_eq!(bytes::<FixedVec<u8, 2>>(shortened), None);
    let of_nothing = Value::List { len: 3, first: vec![] };
    assert_eq!(bytes::<[(); 3]>(of_nothing.clone()), Some(vec![]), "elements without bytes need not be listed");
    assert_eq!(bytes::<FixedVec<(), 4>>(of_nothing), Some(vec![3, 0, 0, 0, 0, 0, 0, 0]));
}

#[test]
fn structs_are_stored_by_the_names_of_their_fields() {
    let flag = |flag| structure(&[("0", Value::Bool(flag))]);
    assert_eq!(bytes::<Flag>(flag(true)), Some(vec![1]));
    let pair = structure(&[("1", list(vec![Value::Bool(true)])), ("0", Value::Char('x'))]);
    assert_eq!(bytes::<Pair>(pair.clone()), Some(b"x\0\0\0\x01\0\0\0\0\0\0\0\x01\0\0\0".to_vec()));
    let versioned = Value::Versioned { version: 9, locked: false, value: Box::new(pair) };
    assert!(bytes::<Pair>(versioned).is_some(), "the value of a `Versioned` as it was loaded");
    let x = || Value::F64(1.0);
    let found = |fields: &[(&str, Value)]| encode(&schema::<Position>(), &structure(fields)).unwrap_err().found;
    assert_eq!(found(&[("x", x()), ("y", x())]), "none named \"z\"");
    assert_eq!(found(&[("x", x()), ("y", x()), ("z", x()), ("w", x())]), "\"w\"");
    assert_eq!(found(&[("x", x()), ("y", x()), ("z", x()), ("x", x())]), "\"x\" twice");
    let long = "n".repeat(100_000);
    assert!(found(&[("x", x()), ("y", x()), ("z", x()), (&long, x())]).len() < 60);
    let error = encode(&schema::<[Choosy; 2]>(), &list(vec![structure(&[]), structure(&[])])).unwrap_err();
    let expected = "`[0]` does not fit its type: expected a struct with the fields \"letter\", \"modes\", \"flag\" \
                    (`Choosy`), found none named \"letter\"";
    assert_eq!((error.to_string(), format!("{error:?}")), (expected.to_owned(), expected.to_owned()));
}

#[test]
fn overlay_replaces_a_list_as_a_whole() {
    let list_of_pairs = schema::<FixedVec<Pair, 2>>();
    let pair = |letter| structure(&[("0", Value::Char(letter)), ("1", list(vec![]))]);
    let mut bytes = vec![0xff; list_of_pairs.size() as usize];
    overlay(&list_of_pairs, &mut bytes, &list(vec![pair('a')])).unwrap();
    let mut expected = vec![0; bytes.len()];
    (expected[0], expected[8]) = (1, b'a');
    assert_eq!(bytes, expected);
    let error = overlay(&list_of_pairs, &mut bytes, &list(vec![pair('b'), structure(&[])])).unwrap_err();
    assert_eq!((error.path.as_str(), error.found.as_str()), ("[1]", "none named \"0\""));
    assert_eq!(bytes, expected);
    let ValueError { expected, found, .. } = overlay(&list_of_pairs, &mut bytes[1..], &list(vec![])).unwrap_err();
    assert_eq!((expected.as_str(), found.as_str()), ("40 bytes", "39 bytes"));
}
