use std::marker::PhantomData;

use super::*;
use crate::layout::derive::{ShmKey, ShmValue};
use crate::layout::{ShmKey, ShmLayout};
use crate::{FixedString, Lock, Pad, Timestamp};

#[derive(Clone, Copy, ShmValue, ShmKey)]
#[shm(crate = "crate")]
#[repr(i16)]
#[allow(dead_code)]
enum Side {
    Bid,
    Ask = -300,
}

#[derive(Clone, Copy, ShmValue, ShmKey)]
#[shm(crate = "crate")]
#[repr(C)]
struct Place {
    symbol: FixedString<4>,
    sides: [Side; 2],
    _pad: Pad<4>,
    account: u64,
    of: PhantomData<fn()>,
}

#[derive(Clone, Copy, ShmValue, ShmKey)]
#[shm(crate = "crate")]
#[repr(C)]
struct Pair(u8, [bool; 1]);

fn text<K: ShmLayout>(bytes: impl AsRef<[u8]>) -> String {
    let mut text = String::new();
    write_key(&mut text, K::SCHEMA, bytes.as_ref()).unwrap();
    text
}

/// Writes a `FixedString<32>`.
fn quoted(of: &str) -> String {
    text::<FixedString<32>>([&(of.len() as u32).to_le_bytes(), of.as_bytes(), &[0; 32][of.len()..]].concat())
}

#[test]
fn numbers_are_written_in_decimal_with_their_sign() {
    assert_eq!([text::<u8>([255]), text::<u16>([255; 2]), text::<u32>([255; 4])], ["255", "65535", "4294967295"]);
    assert_eq!([text::<u64>([255; 8]), text::<u8>([0])], ["18446744073709551615", "0"]);
    assert_eq!([text::<i8>([128]), text::<i16>([0, 128]), text::<i32>([253, 255, 255, 255])], ["-128", "-32768", "-3"]);
    assert_eq!(text::<i64>(i64::MIN.to_le_bytes()), "-9223372036854775808");
    assert_eq!([text::<i64>(i64::MAX.to_le_bytes()), text::<i8>([127])], ["9223372036854775807", "127"]);
    assert_eq!([text::<bool>([1]), text::<bool>([0])], ["true", "false"]);
}

#[test]
fn texts_and_characters_are_quoted_as_json() {
    let letter = |letter: char| text::<char>(u32::from(letter).to_le_bytes());
    assert_eq!(
        [letter('x'), letter('"'), letter('\u{7}'), letter('ß')],
        [r#""x""#, r#""\"""#, r#""\u0007""#, r#""ß""#]
    );
    assert_eq!([quoted("EURUSD"), quoted(""), quoted("it's")], [r#""EURUSD""#, r#""""#, r#""it's""#]);
    assert_eq!(quoted("a\\b\"c\nd\r\te"), r#""a\\b\"c\nd\r\te""#);
    assert_eq!(quoted("\u{e0001}"), r#""\udb40\udc01""#, "two units of UTF-16");
    for hidden in ["\u{202e}x\u{1f}\u{7f}", "\u{e0001}", "\u{0}", "häß 🦀"] {
        let json = quoted(hidden);
        assert_eq!(serde_json::from_str::<String>(&json).unwrap(), hidden, "{json}");
        assert!(!json.contains(['\u{202e}', '\u{7f}', '\u{e0001}']), "{json}");
    }
}

#[test]
fn enums_are_named_by_their_variant() {
    assert_eq!([text::<Side>([0, 0]), text::<Side>((-300_i16).to_le_bytes())], [r#""Bid""#, r#""Ask""#]);
}

#[test]
fn arrays_and_structs_are_json_in_the_order_of_a_path() {
    assert_eq!([text::<[u16; 2]>([3, 0, 4, 0]), text::<[[i8; 1]; 1]>([1])], ["[3,4]", "[[1]]"]);
    let place = [&b"\x03\0\0\0EURx"[..], &[0, 0], &(-300_i16).to_le_bytes(), &[9; 4], &7_u64.to_le_bytes()].concat();
    assert_eq!(text::<Place>(place), r#"{"account":7,"sides":["Bid","Ask"],"symbol":"EUR"}"#);
    assert_eq!(text::<Pair>([1, 1]), r#"{"0":1,"1":[true]}"#);
    assert_eq!([text::<Timestamp>([255; 8]), text::<Pad<3>>([0; 3])], [r#"{"nanoseconds":-1}"#, "null"]);
}

#[test]
fn bytes_that_are_not_of_the_type_are_question_marks() {
    fn keys<K: ShmKey>(of: &[u8]) -> String {
        text::<K>(of)
    }
    assert_eq!([keys::<bool>(&[2]), keys::<char>(&[255; 4]), keys::<Side>(&[1, 0])], ["?"; 3]);
    assert_eq!(keys::<[bool; 2]>(&[1, 9]), "[true,?]");
    assert_eq!(keys::<FixedString<4>>(b"\x04\0\0\0a\xff\xfeb"), r#""a??b""#);
    let two = b"\xff\xff\xff\xffabcd\x01\0\0\0xyz-";
    assert_eq!(keys::<[FixedString<4>; 2]>(two), r#"["abcd","x"]"#, "a length beyond the capacity");
    assert_eq!([keys::<FixedString<4>>(b"\x04\0\0\0ab"), keys::<FixedString<4>>(b"\x04\0")], [r#""ab""#, "?"]);
    assert_eq!([keys::<u64>(&[1; 7]), keys::<Pair>(&[])], ["?", r#"{"0":?,"1":[?]}"#], "too few bytes");
    assert_eq!([text::<f64>([0; 8]), text::<Lock>([0; 64])], ["?", "?"], "no keys");
}
