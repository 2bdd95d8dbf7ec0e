use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt::Write as _;

use shmstore::error::CapacityError;
use shmstore::schema::Kind;
use shmstore::{AnyBits, FixedString, ShmLayout, ShmValue};

use super::bytes::{bytes_of, from_bytes, hash_of};
use super::equal;

fn fixed<const N: usize>(text: &str) -> FixedString<N> {
    text.parse().unwrap()
}

/// A string as another process may have left it.
fn foreign<const N: usize>(len: u32, text: [u8; N]) -> FixedString<N> {
    from_bytes(&[&len.to_le_bytes()[..], &text].concat())
}

#[test]
fn string_is_length_then_text_aligned_to_one() {
    assert_eq!((size_of::<FixedString<1>>(), align_of::<FixedString<1>>()), (5, 1));
    assert_eq!((size_of::<FixedString<12>>(), align_of::<FixedString<12>>()), (16, 1));
    assert_eq!((size_of::<FixedString<300>>(), align_of::<FixedString<300>>()), (304, 1));
    assert_eq!(bytes_of(&fixed::<5>("abc")), *b"\x03\0\0\0abc\0\0");
    assert_eq!(bytes_of(&fixed::<300>(&"x".repeat(258)))[..5], *b"\x02\x01\0\0x");
}

#[test]
fn string_schema_tells_size_and_capacity() {
    let schema = FixedString::<12>::SCHEMA;
    assert_eq!((schema.size(), schema.align()), (16, 1));
    assert!(matches!(schema.kind(), Kind::FixedString { capacity: 12 }));
    assert_ne!(FixedString::<12>::LAYOUT_HASH, FixedString::<13>::LAYOUT_HASH);
    assert_ne!(FixedString::<12>::LAYOUT_HASH, <[u8; 16]>::LAYOUT_HASH);
}

#[test]
fn string_of_zeros_is_empty() {
    fn any_bits<V: AnyBits>() {}
    any_bits::<FixedString<3>>();

    for string in [FixedString::<3>::new(), FixedString::default(), FixedString::zeroed(), foreign(0, [0; 3])] {
        assert!(string.is_empty());
        assert_eq!(string, "");
        assert_eq!(bytes_of(&string), [0; 7]);
    }
}

#[test]
fn length_beyond_the_capacity_counts_as_the_capacity() {
    for len in [5, 6, 1 << 31, u32::MAX] {
        let mut string = foreign(len, *b"rover");
        assert_eq!((string.len(), string.as_bytes()), (5, &b"rover"[..]));
        assert_eq!(string, fixed("rover"));
        assert_eq!(hash_of(&string), hash_of(&fixed::<5>("rover")));
        assert_eq!(string.push('s').unwrap_err().needed(), 6);
        string.truncate(9);
        assert_eq!(string, "rover");
        assert_eq!(string.pop(), Some('r'));
        assert_eq!(bytes_of(&string), *b"\x04\0\0\0rove\0");
    }
}

#[test]
fn bytes_after_the_text_do_not_count() {
    let (clean, dirty) = (fixed::<5>("abc"), foreign(3, *b"abcXY"));
    assert_eq!(clean, dirty);
    assert_eq!(clean.cmp(&dirty), std::cmp::Ordering::Equal);
    assert_eq!(hash_of(&clean), hash_of(&dirty));
    assert_eq!(dirty.to_string(), "abc");
}

#[test]
fn text_that_is_not_utf8_is_found_and_shown_lossily() {
    let string = foreign(5, *b"a\xff\xe2\x82b");
    assert_eq!(string.to_str().unwrap_err().valid_up_to(), 1);
    assert!(String::try_from(string).is_err());
    assert_eq!(string.to_string_lossy(), "a\u{fffd}\u{fffd}b");
    assert_eq!(string.to_string(), "a\u{fffd}\u{fffd}b");
    assert_eq!(format!("{string:?}"), "\"a\u{fffd}\u{fffd}b\"");
    assert_eq!(string.as_bytes(), b"a\xff\xe2\x82b");
    assert!(matches!(fixed::<3>("abc").to_string_lossy(), Cow::Borrowed("abc")));
}

#[test]
fn what_does_not_fit_is_refused_whole_and_named() {
    let mut string = fixed::<6>("häß");
    assert_eq!(string.push('ö').unwrap_err().needed(), 7);
    assert_eq!(string.push_str("xyz").unwrap_err().needed(), 8);
    assert_eq!(string, "häß");
    string.push('x').unwrap();
    assert_eq!(string.push('y').unwrap_err().capacity(), 6);
    assert_eq!(string, "häßx");

    let error = FixedString::<4>::try_from("rover").unwrap_err();
    let text = "cannot put 5 bytes of text into a `FixedString<4>`: declare it with a capacity of at least 5, or cut the \
                text with `FixedString::from_truncated`";
    assert_eq!(error.to_string(), text);
    assert_eq!(format!("{error:?}"), text);
}

#[test]
fn string_compares_with_every_kind_of_text() {
    let string = fixed::<8>("rover");
    assert!(equal(&string, "rover"));
    assert!(equal(&string, &"rover"));
    assert!(equal(&string, &String::from("rover")));
    assert!(equal(&string, &Cow::from("rover")));
    for other in ["", "rove", "rovers", "rover\0"] {
        assert!(!equal(&string, other));
    }
    assert!(fixed::<8>("a") < fixed("aa") && fixed::<8>("z") < fixed("ä"));
}

#[test]
fn string_is_made_from_every_kind_of_text() {
    let owned = String::from("rover");
    for string in [
        FixedString::<8>::try_from("rover"),
        FixedString::try_from(&owned),
        FixedString::try_from(owned.clone()),
        FixedString::try_from(Cow::from("rover")),
        "rover".parse(),
    ] {
        assert_eq!(string.unwrap(), "rover");
    }
    assert_eq!(String::try_from(fixed::<8>("rover")).unwrap(), "rover");
}

#[test]
fn map_of_strings_is_asked_by_bytes() {
    let ports = HashMap::from([(fixed::<8>("rover"), 1), (fixed("lander"), 2)]);
    assert_eq!(ports.get("lander".as_bytes()), Some(&2));
    assert_eq!(ports.get("a name longer than the keys".as_bytes()), None);
}

#[test]
fn string_formats_as_str_does() {
    assert_eq!(format!("{:?}", fixed::<8>("r\"ö\n")), format!("{:?}", "r\"ö\n"));
    let string = fixed::<8>("röv");
    assert_eq!(format!("[{string:>5}|{string:-<5}|{string:.2}|{string:^6.2}]"), "[  röv|röv--|rö|  rö  ]");
}

#[test]
fn write_appends_whole_pieces_until_one_does_not_fit() {
    let mut string = fixed::<6>("");
    write!(string, "ab-{}", 7).unwrap();
    assert_eq!(string, "ab-7");
    let (fits, does_not) = ("c", "de"); // literals would be one piece
    assert!(write!(string, "{fits}{does_not}").is_err());
    assert_eq!(string, "ab-7c");
}

#[test]
fn string_is_a_string_to_serde() {
    let string = fixed::<8>("röver");
    assert_eq!(serde_json::to_string(&string).unwrap(), "\"röver\"");
    assert_eq!(serde_json::from_str::<FixedString<8>>("\"r\\u00f6ver\"").unwrap(), string);

    let too_long = serde_json::from_str::<FixedString<4>>("\"rover\"").unwrap_err().to_string();
    let reason: CapacityError = FixedString::<4>::try_from("rover").unwrap_err();
    assert!(too_long.starts_with(&reason.to_string()), "{too_long}");
    let no_string = serde_json::from_str::<FixedString<4>>("7").unwrap_err().to_string();
    assert!(no_string.contains("expected a string of at most 4 bytes"), "{no_string}");
}

#[test]
fn serializing_text_that_is_not_utf8_is_an_error() {
    let error = serde_json::to_string(&foreign(2, *b"a\xff")).unwrap_err().to_string();
    assert!(error.contains("FixedString<2>") && error.contains("from index 1"), "{error}");
}
