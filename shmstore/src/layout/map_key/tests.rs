use super::*;
use crate::dynamic::key_from_json;
use crate::layout::schema::{OwnedField, OwnedVariant};
use OwnedKind as Of;

fn schema(size: u64, align: u64, kind: OwnedKind) -> OwnedSchema {
    OwnedSchema::new(size, align, kind).unwrap()
}

fn primitive(of: Primitive) -> OwnedSchema {
    let size = of.size() as u64;
    schema(size, size, Of::Primitive(of))
}

fn field(name: &str, offset: u64, schema: OwnedSchema) -> OwnedField {
    OwnedField { name: name.into(), offset, schema }
}

fn side() -> OwnedSchema {
    let variants =
        [("Bid", -1), ("Ask", 1)].map(|(name, discriminant)| OwnedVariant { name: name.into(), discriminant });
    schema(2, 2, Of::Enum { name: "Side".into(), repr: Primitive::I16, variants: variants.into() })
}

fn symbol() -> OwnedSchema {
    schema(12, 4, Of::FixedString { capacity: 8 })
}

fn array(element: OwnedSchema, len: u64) -> OwnedSchema {
    schema(element.size() * len, element.align(), Of::Array { len, element: Box::new(element) })
}

fn structure(size: u64, fields: Vec<OwnedField>) -> OwnedSchema {
    let align = fields.iter().map(|field| field.schema.align()).max().unwrap_or(1);
    schema(size, align, Of::Struct { name: "Place".into(), const_args: vec![], fields })
}

fn place() -> OwnedSchema {
    let fields = vec![
        field("symbol", 0, symbol()),
        field("_pad", 12, schema(4, 1, Of::Pad)),
        field("account", 16, primitive(Primitive::U64)),
        field("sides", 24, array(side(), 2)),
        field("unit", 28, schema(0, 1, Of::Phantom)),
    ];
    structure(32, fields)
}

fn bytes(schema: &OwnedSchema, json: &str) -> Result<Vec<u8>, String> {
    key_from_json(schema, &serde_json::from_str(json).unwrap())
}

#[test]
fn keys_of_every_type_have_bytes_and_come_back_as_the_same_json() {
    use Primitive::*;
    let place_bytes = [
        &[2, 0, 0, 0, b'E', b'U', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0][..],
        &[255, 255, 1, 0, 0, 0, 0, 0],
    ];
    for (schema, json, expected) in [
        (primitive(U8), "255", vec![255]),
        (primitive(I8), "-1", vec![255]),
        (primitive(I16), "-32768", vec![0, 128]),
        (primitive(U64), "18446744073709551615", vec![255; 8]),
        (primitive(I64), "-9223372036854775808", vec![0, 0, 0, 0, 0, 0, 0, 128]),
        (primitive(Bool), "true", vec![1]),
        (primitive(Char), r#""ß""#, vec![0xdf, 0, 0, 0]),
        (side(), r#""Bid""#, vec![255, 255]),
        (symbol(), r#""EU\"""#, vec![3, 0, 0, 0, b'E', b'U', b'"', 0, 0, 0, 0, 0]),
        (array(primitive(U16), 2), "[3,4]", vec![3, 0, 4, 0]),
        (schema(3, 1, Of::Pad), "null", vec![0; 3]),
        (place(), r#"{"account":7,"sides":["Bid","Ask"],"symbol":"EU"}"#, place_bytes.concat()),
    ] {
        assert_eq!(bytes(&schema, json), Ok(expected.clone()), "{schema} {json}");
        assert_eq!(json_of(&schema, &expected, 99).as_deref(), Some(json), "{schema}");
        assert_eq!(json_of(&schema, &expected, json.len() - 1), None, "{schema}");
    }
}

#[test]
fn json_that_is_no_key_is_answered_with_the_rule() {
    use Primitive::*;
    let longer = r#"{"account":7,"sides":["Bid","Ask"],"symbol":"EU","more":1}"#;
    let fields = r#"expected a struct with the fields "symbol", "account", "sides" (`Place`)"#;
    let side_rule = r#"expected one of "Bid", "Ask" (`Side`)"#;
    for (schema, json, expected) in [
        (primitive(U8), "256", "expected a number from 0 to 255 (`u8`)"),
        (primitive(U8), "-1", "expected a number from 0 to 255 (`u8`)"),
        (primitive(U8), "1.5", "expected a number from 0 to 255 (`u8`)"),
        (primitive(U8), r#""7""#, "expected a number from 0 to 255 (`u8`)"),
        (primitive(I8), "128", "expected a number from -128 to 127 (`i8`)"),
        (primitive(Bool), "1", "expected `true` or `false` (`bool`)"),
        (primitive(Char), r#""ab""#, "expected a text in quotes of one character (`char`)"),
        (primitive(Char), r#""""#, "expected a text in quotes of one character (`char`)"),
        (primitive(F64), "1.5", "`f64` is no type of keys"),
        (symbol(), "17", "expected a text in quotes of at most 8 bytes (`FixedString<8>`)"),
        (symbol(), r#""123456789""#, "expected a text in quotes of at most 8 bytes (`FixedString<8>`)"),
        (side(), r#""bid""#, side_rule),
        (side(), "-2", side_rule),
        (side(), "null", side_rule),
        (array(primitive(U16), 2), "[3]", "expected a list of 2 elements (`[u16; 2]`)"),
        (array(primitive(U16), 2), "[3,-4]", "in its `[1]`, expected a number from 0 to 65535 (`u16`)"),
        (place(), "{}", fields),
        (place(), longer, fields),
        (place(), r#"{"account":7,"sides":["Bid",3],"symbol":"EU"}"#, &format!("in its `sides[1]`, {side_rule}")),
        (schema(16, 8, Of::Event), "3", "`Event` is no type of keys"),
    ] {
        assert_eq!(bytes(&schema, json), Err(expected.into()), "{schema} {json}");
    }
    let variant = |number: i128| OwnedVariant { name: format!("V{number}"), discriminant: number };
    let many = Of::Enum { name: "Many".into(), repr: U8, variants: (0..99).map(variant).collect() };
    assert!(bytes(&schema(1, 1, many), "99").unwrap_err().ends_with(r#""V9", 89 more (`Many`)"#));
    let odd = vec![OwnedVariant { name: "\u{202e}".into(), discriminant: 0 }];
    let odd = schema(1, 1, Of::Enum { name: "Odd".into(), repr: U8, variants: odd });
    assert_eq!(bytes(&odd, "1").unwrap_err(), r#"expected one of "\u202e" (`Odd`)"#);
}

#[test]
fn bytes_that_are_no_key_have_no_json() {
    use Primitive::*;
    for (schema, bytes) in [
        (primitive(Bool), &[2][..]),
        (primitive(Char), &[0, 0xd8, 0, 0]),
        (primitive(U32), &[0; 3]),
        (primitive(F64), &[0; 8]),
        (side(), &[0, 0]),
        (symbol(), &[9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
        (symbol(), &[255; 12]),
        (symbol(), &[1, 0, 0, 0, 0xff, 0, 0, 0, 0, 0, 0, 0]),
        (schema(16, 8, Of::Event), &[0; 16]),
    ] {
        assert_eq!(json_of(&schema, bytes, 99), None, "{schema}");
    }
}

#[test]
fn key_of_a_hostile_type_takes_little_time_and_memory() {
    let nothing = schema(0, 1, Of::Phantom);
    let endless = array(nothing, u64::MAX);
    assert_eq!(json_of(&endless, &[], 99), None);
    assert!(bytes(&endless, "[null,null]").unwrap_err().contains("18446744073709551615 elements"));
    let vast = schema(1 << 60, 1, Of::Pad);
    assert!(bytes(&vast, "null").unwrap_err().contains("expected a type that fits into memory"));
    let overlapping =
        structure(1, (0..9).map(|number| field(&format!("f{number}"), 0, primitive(Primitive::U8))).collect());
    assert_eq!(json_of(&overlapping, &[7], 30), None);
}
