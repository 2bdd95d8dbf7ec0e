//! Values from text: each form that is read, and what is answered to any other.

use shmstore::dynamic::{ValueError, check, decode, encode, from_text, overlay_from_text};
use shmstore::inspect::{Limits, Object, Value};
use shmstore::{AtomicValue, CacheAligned, FixedString, FixedVec, Lock, ShmLayout, ShmValue, Timestamp, Versioned};
use shmstore_tests::objects::{Choosy, Mode, Position};
use shmstore_tests::random::Random;
use shmstore_tests::scratch::Scratch;

use super::schema;
use super::types::{Everything, Flag, Pair, Side, Symbol, Wide};

/// The text of the value that a text is read as, or the path and the rest of the error.
fn read<T: ShmLayout>(text: &str) -> Result<String, String> {
    match from_text(&schema::<T>(), text) {
        Ok(value) => Ok(value.to_string()),
        Err(ValueError { path, expected, found }) => Err(format!("{path}: {expected}; {found}")),
    }
}

#[track_caller]
fn reads<T: ShmLayout>(cases: &[(&str, &str)]) {
    for (text, value) in cases {
        assert_eq!(read::<T>(text), Ok((*value).to_owned()), "{text}");
    }
}

#[track_caller]
fn refuses<T: ShmLayout>(cases: &[(&str, &str)]) {
    for (text, error) in cases {
        assert_eq!(read::<T>(text), Err((*error).to_owned()), "{text}");
    }
}

#[test]
fn integers_are_decimal_or_hexadecimal_and_in_the_range_of_the_type() {
    reads::<u8>(&[("0", "0"), ("255", "255"), (" 7\n", "7"), ("0xff", "255"), ("\"0X1f\"", "31")]);
    reads::<i8>(&[("-128", "-128"), ("127", "127"), ("-0x80", "-128"), ("0x7F", "127")]);
    reads::<u64>(&[("18446744073709551615", "18446744073709551615"), ("0xffffffffffffffff", "18446744073709551615")]);
    reads::<i64>(&[("-9223372036854775808", "-9223372036854775808"), ("-0x8000000000000000", "-9223372036854775808")]);
    let rule = |found: &str| format!(": a number from 0 to 255 (`u8`); {found}");
    for (text, found) in [
        ("256", "256"),
        ("-1", "-1"),
        ("0x100", "256"),
        ("1.0", "1.0"),
        ("1e2", "100.0"),
        ("-0", "-0.0"),
        ("18446744073709551616", "1.8446744073709552e19"),
        ("0x10000000000000000", "the text \"0x10000000000000000\""),
        ("0x", "the text \"0x\""),
        ("0x+1", "the text \"0x+1\""),
        ("\"7\"", "the text \"7\""),
        ("seven", "the text \"seven\""),
        ("", "the text \"\""),
        ("7 8", "the text \"7 8\""),
        ("true", "true"),
        ("null", "nothing"),
        ("[7]", "a list of 1 element"),
        ("{}", "a struct"),
    ] {
        assert_eq!(read::<u8>(text), Err(rule(found)), "{text}");
    }
    refuses::<i64>(&[(
        "9223372036854775808",
        ": a number from -9223372036854775808 to 9223372036854775807 (`i64`); 9223372036854775808",
    )]);
}

#[test]
fn floats_are_the_nearest_to_a_decimal_and_never_a_rounded_integer() {
    reads::<f64>(&[
        ("1", "1.0"),
        ("-1.5e-3", "-0.0015"),
        ("0.1", "0.1"),
        ("-0.0", "-0.0"),
        ("9007199254740992", "9007199254740992.0"),
        ("NaN", "NaN"),
        ("nan", "NaN"),
        ("inf", "inf"),
        ("\"-inf\"", "-inf"),
        ("-Infinity", "-inf"),
    ]);
    reads::<f32>(&[("0.1", "0.1"), ("16777216", "16777216.0"), ("3.4028235e38", "3.4028235e38"), ("NaN", "NaN")]);
    let rule = |of: &str, found: &str| format!(": a number that it has exactly (`{of}`); {found}");
    for (text, found) in [
        ("9007199254740993", "9007199254740993"),
        ("18446744073709551615", "18446744073709551615"),
        ("1e999", "the text \"1e999\""),
        ("\"1.5\"", "the text \"1.5\""),
        (".5", "the text \".5\""),
        ("0x10", "the text \"0x10\""),
        ("null", "nothing"),
    ] {
        assert_eq!(read::<f64>(text), Err(rule("f64", found)), "{text}");
    }
    for (text, found) in [("16777217", "16777217"), ("1e39", "1e39"), ("-1e39", "-1e39")] {
        assert_eq!(read::<f32>(text), Err(rule("f32", found)), "{text}");
    }
}

#[test]
fn each_float_is_read_back_from_its_json() {
    let mut random = Random::seeded();
    for _ in 0..100_000 {
        let (wide, narrow) = (f64::from_bits(random.number()), f32::from_bits(random.number() as u32));
        let json = [Value::F64(wide), Value::F32(narrow)].map(|value| serde_json::to_string(&value).unwrap());
        let [wide_again, narrow_again] = [schema::<f64>(), schema::<f32>()];
        let read = [from_text(&wide_again, &json[0]).unwrap(), from_text(&narrow_again, &json[1]).unwrap()];
        match read {
            [Value::F64(one), Value::F32(other)] => {
                assert!(one.to_bits() == wide.to_bits() || wide.is_nan() && one.is_nan(), "{}", json[0]);
                assert!(other.to_bits() == narrow.to_bits() || narrow.is_nan() && other.is_nan(), "{}", json[1]);
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn bare_words_are_what_the_type_says() {
    reads::<bool>(&[("true", "true"), (" false ", "false")]);
    reads::<char>(&[
        ("x", "'x'"),
        ("7", "'7'"),
        (" ", "' '"),
        ("\"", "'\"'"),
        ("\"ß\"", "'ß'"),
        ("\"\\u00df\"", "'ß'"),
        ("🦀", "'🦀'"),
    ]);
    reads::<FixedString<9>>(&[
        ("rover 7", "\"rover 7\""),
        ("\"rover 7\"", "\"rover 7\""),
        ("42", "\"42\""),
        ("true", "\"true\""),
        ("", "\"\""),
        (" a ", "\" a \""),
        ("a\"", "\"a\\\"\""),
        ("\"{}\"", "\"{}\""),
        ("ääää", "\"ääää\""),
    ]);
    reads::<Side>(&[("Bid", "Bid"), (" Ask\n", "Ask"), ("\"Type\"", "Type"), ("-300", "Ask"), ("0", "Bid")]);
    reads::<Wide>(&[("18446744073709551615", "Last")]);
    refuses::<bool>(&[
        ("1", ": `true` or `false` (`bool`); 1"),
        ("yes", ": `true` or `false` (`bool`); the text \"yes\""),
        ("\"true\"", ": `true` or `false` (`bool`); the text \"true\""),
    ]);
    refuses::<char>(&[
        ("xy", ": a text of one character (`char`); the text \"xy\""),
        ("", ": a text of one character (`char`); the text \"\""),
        ("\"\"", ": a text of one character (`char`); the text \"\""),
    ]);
    refuses::<FixedString<9>>(&[
        ("0123456789", ": a text of at most 9 bytes (`FixedString<9>`); the text \"0123456789\""),
        ("äääää", ": a text of at most 9 bytes (`FixedString<9>`); the text \"äääää\""),
        // What looks like JSON is JSON.
        ("\"abc", ": JSON of a `FixedString<9>`; \"\\\"abc\", where EOF while parsing a string at line 1 column 4"),
        (" \"a\" b", ": JSON of a `FixedString<9>`; \" \\\"a\\\" b\", where trailing characters at line 1 column 6"),
        (
            r#""\ud800""#,
            r#": JSON of a `FixedString<9>`; "\"\\ud800\"", where unexpected end of hex escape at line 1 column 8"#,
        ),
        ("{}", ": a text of at most 9 bytes (`FixedString<9>`); a struct"),
        ("[1", ": JSON of a `FixedString<9>`; \"[1\", where EOF while parsing a list at line 1 column 2"),
    ]);
    let sides = |found: &str| format!(": one of \"Bid\", \"Ask\", \"Type\" (`Side`); {found}");
    for (text, found) in [
        ("bid", "the text \"bid\""),
        ("1", "1"),
        ("-300.5", "-300.5"),
        ("null", "the text \"null\""),
        ("", "the text \"\""),
    ] {
        assert_eq!(read::<Side>(text), Err(sides(found)), "{text}");
    }
}

#[test]
fn structs_and_lists_are_json_with_all_of_their_parts() {
    reads::<Position>(&[(r#"{"z":3,"x":1.5,"y":2}"#, "{ x: 1.5, y: 2.0, z: 3.0 }")]);
    reads::<Timestamp>(&[(r#"{"nanoseconds": 0}"#, "1970-01-01T00:00:00.000000000Z")]);
    reads::<Pair>(&[(r#"{"0":"x","1":[true,false]}"#, "{ 0: 'x', 1: [true, false] }")]);
    reads::<Flag>(&[(r#"{"0":true}"#, "{ 0: true }")]);
    reads::<[u8; 3]>(&[("[1,2,\"0x3\"]", "[1, 2, 3]"), (r#"{"len":3,"first":[1,2,3]}"#, "[1, 2, 3]")]);
    reads::<FixedVec<Mode, 2>>(&[("[]", "[]"), (r#"["Run", 7]"#, "[Run, Stop]")]);
    reads::<()>(&[("null", "()")]);
    let rule = |found: &str| format!(": a struct with the fields \"x\", \"y\", \"z\" (`Position`); {found}");
    for (text, found) in [
        ("{}", "none named \"x\""),
        (r#"{"x":1,"y":2}"#, "none named \"z\""),
        (r#"{"x":1,"y":2,"z":3,"w\u202e":4}"#, "\"w\\u202e\""),
        ("[1,2,3]", "a list of 3 elements"),
        ("null", "nothing"),
        ("7", "7"),
    ] {
        assert_eq!(read::<Position>(text), Err(rule(found)), "{text}");
    }
    refuses::<Position>(&[
        (r#"{"x":1,"y":"a","z":3}"#, "y: a number that it has exactly (`f64`); the text \"a\""),
        (r#"{x:1}"#, ": JSON of a `Position`; \"{x:1}\", where key must be a string at line 1 column 2"),
        (
            r#"{"x":1,"y":2,"z":3,"y":4}"#,
            ": JSON of a `Position`; \"{\\\"x\\\":1,\\\"y\\\":2,\\\"z\\\":3,\\\"y\\\":4}\", where the field \"y\" is \
             there twice at line 1 column 22",
        ),
    ]);
    refuses::<[u8; 3]>(&[
        ("[1,2]", ": a list of 3 elements (`[u8; 3]`); a list of 2 elements"),
        ("[1,2,256]", "[2]: a number from 0 to 255 (`u8`); 256"),
        (r#"{"len":3,"first":[1,2]}"#, ": a list of 3 elements (`[u8; 3]`); only 2 of 3 elements"),
        (r#"{"len":3,"first":[1,2,3],"more":0}"#, ": a list of 3 elements (`[u8; 3]`); a struct"),
    ]);
    refuses::<FixedVec<Mode, 2>>(&[
        ("[0,0,0]", ": a list of at most 2 elements (`FixedVec<Mode, 2>`); a list of 3 elements"),
        ("[0,2]", "[1]: one of \"Idle\", \"Run\", \"Stop\" (`Mode`); 2"),
    ]);
    refuses::<[Symbol<10>; 1]>(&[(
        r#"[{"name":"a","side":"Bid","sent":{"nanoseconds":1.5}}]"#,
        "[0].sent.nanoseconds: a number from -9223372036854775808 to 9223372036854775807 (`i64`); 1.5",
    )]);
    refuses::<()>(&[("1", ": nothing (`PhantomData`); 1")]);
    refuses::<Lock>(&[("{}", ": a value, and a `Lock` is a part of an object; a struct")]);
}

#[test]
fn part_with_one_value_is_read_as_its_value() {
    reads::<AtomicValue<Mode>>(&[("Run", "Run"), ("7", "Stop")]);
    reads::<CacheAligned<AtomicValue<f32>>>(&[("NaN", "NaN")]);
    reads::<std::sync::atomic::AtomicI16>(&[("-0x1", "-1")]);
    reads::<Versioned<[u8; 2]>>(&[("[1,2]", "[1, 2]"), (r#"{"version":3,"locked":false,"value":[1,2]}"#, "[1, 2]")]);
    reads::<Versioned<Position>>(&[(
        r#"{"version":3,"locked":true,"value":{"x":1,"y":2,"z":3}}"#,
        "{ x: 1.0, y: 2.0, z: 3.0 }",
    )]);
    refuses::<Versioned<u8>>(&[(r#"{"version":3,"locked":false}"#, ": a number from 0 to 255 (`u8`); a struct")]);

    /// Its fields are those in the JSON of a `Versioned`.
    #[derive(Clone, Copy, ShmValue)]
    #[repr(C)]
    struct Lookalike {
        version: u8,
        locked: bool,
        value: u8,
    }
    reads::<Versioned<Lookalike>>(&[(
        r#"{"version":3,"locked":false,"value":7}"#,
        "{ version: 3, locked: false, value: 7 }",
    )]);
}

#[test]
fn some_fields_are_read_for_an_overlay() {
    let position = schema::<Position>();
    for (text, value) in [("{}", "{  }"), (r#"{"y":2}"#, "{ y: 2.0 }")] {
        assert_eq!(overlay_from_text(&position, text).unwrap().to_string(), value);
    }
    assert_eq!(overlay_from_text(&position, r#"{"w":2}"#).unwrap_err().found, "\"w\"");
    let vec = schema::<FixedVec<Position, 2>>();
    assert_eq!(overlay_from_text(&vec, r#"[{"y":2}]"#).unwrap_err().path, "[0]");
    let array = schema::<[Position; 1]>();
    assert!(overlay_from_text(&array, r#"[{"y":2}]"#).is_ok());
}

#[test]
fn what_is_shown_of_a_live_object_is_read_back() {
    let scratch = Scratch::new();
    let typed = scratch.store().create::<Versioned<Everything>>().unwrap();
    let everything = schema::<Everything>();
    let mut bytes = vec![0; size_of::<Everything>()];
    let mut random = Random::seeded();
    bytes.iter_mut().for_each(|byte| *byte = random.number() as u8 & 1);
    if check(&everything, &bytes).is_err() {
        bytes.fill(0);
    }
    let value = decode(&everything, &bytes).unwrap();
    drop(typed);
    let object = Object::find(scratch.path(), Some('E')).unwrap();
    let shown = serde_json::to_string(&object.read(&Limits::full())).unwrap();
    let read = from_text(object.schema(), &shown).unwrap();
    assert_eq!(encode(&everything, &read).unwrap(), vec![0; size_of::<Everything>()]);
    let again = from_text(&everything, &serde_json::to_string(&value).unwrap()).unwrap();
    assert_eq!(encode(&everything, &again).unwrap(), encode(&everything, &value).unwrap());
    scratch.store().remove::<Versioned<Everything>>().unwrap();
    let choosy = r#"{"letter":"x","modes":["Run",0,"Stop"],"flag":true}"#;
    assert_eq!(
        serde_json::to_string(&from_text(&schema::<Choosy>(), choosy).unwrap()).unwrap(),
        r#"{"letter":"x","modes":["Run","Idle","Stop"],"flag":true}"#
    );
}
