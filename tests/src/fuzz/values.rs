//! Values of any type, to bytes and to text and back.

use shmstore::dynamic::{check, decode, encode, from_text, overlay, overlay_from_text};
use shmstore::inspect::{FieldPath, Value};
use shmstore::schema::{OwnedField, OwnedKind, OwnedSchema};

use super::choices::Choices;
use super::types::{any_json, any_path, any_type, real_versioned};

const MOST: u64 = 1 << 16;

/// What texts are made of, besides those of values.
const WORDS: [&str; 24] = [
    "NaN",
    "\"NaN\"",
    "inf",
    "-inf",
    "0x1f",
    "\"0xff\"",
    "-1",
    "1.5",
    "1e400",
    "-0",
    "null",
    "true",
    "[",
    "]",
    "{",
    "}",
    ",",
    ":",
    "\"",
    "\"a\"",
    "V1",
    "\\ud800",
    "\u{202e}",
    "18446744073709551616",
];

/// Reads bytes as a value, and text as another. An accepted value comes back.
pub(super) fn try_input(choices: &mut Choices<'_>) -> bool {
    let whole = match choices.byte() % 4 {
        0 => OwnedSchema::from_json(any_json(choices)),
        _ => Ok(any_type(choices)),
    };
    let Ok(whole) = whole else { return false };
    let is_an_object = whole.is_an_object().map_err(|error| error.to_string());
    if is_an_object.is_ok() {
        assert_eq!(OwnedSchema::from_json(whole.to_json()).expect("it was accepted").is_an_object(), Ok(()));
    }
    let path = any_path(&whole, choices).to_string();
    let _ = path.parse::<FieldPath>().map_err(|error| error.to_string());
    let _ = any_text(choices, &path).parse::<FieldPath>().map_err(|error| error.to_string());
    let schema = part_of(&whole, choices);
    if schema.size() > MOST {
        return false;
    }
    let is_real = is_a_value(schema);
    let bytes = choices.pattern(schema.size() as usize);
    let checked = check(schema, &bytes);
    let _ = checked.as_ref().map_err(ToString::to_string);
    if is_real {
        assert_eq!(check(schema, &vec![0; bytes.len()]), Ok(()), "zeros are valid");
    }
    let mut value = match decode(schema, &bytes) {
        Ok(value) => {
            assert_eq!(checked, Ok(()));
            value
        }
        Err(invalid) => {
            drop(invalid.to_string());
            decode(schema, &vec![0; bytes.len()]).unwrap_or(Value::Nothing)
        }
    };
    let json = serde_json::to_string(&value).expect("every value is JSON");
    if is_real {
        comes_back(schema, &value, &json);
    }
    change(&mut value, choices);
    store(schema, &value, &bytes, is_real);
    let text = if choices.one_in(4) { WORDS[choices.below(WORDS.len())].to_owned() } else { any_text(choices, &json) };
    let read = from_text(&whole, &text).map_err(|error| error.to_string());
    let _ = read.map(|value| value.to_string());
    match from_text(schema, &text) {
        Ok(value) => store(schema, &value, &bytes, is_real),
        Err(error) => assert!(error.to_string().len() < 8000, "{error}"),
    }
    if let Ok(some) = overlay_from_text(schema, &text) {
        store(schema, &some, &bytes, is_real);
    }
    true
}

/// A part of an object that is a value, or where there is none, any part.
fn part_of<'s>(schema: &'s OwnedSchema, choices: &mut Choices<'_>) -> &'s OwnedSchema {
    use OwnedKind as Of;
    let below = match schema.kind() {
        Of::AtomicCell { value } | Of::Versioned { value } | Of::Queue { value, .. } | Of::Broadcast { value, .. } => {
            value
        }
        Of::Map { key, value, .. } => *choices.one_of(&[key, value]),
        Of::Frames { element, meta, .. } => *choices.one_of(&[element, meta]),
        Of::CacheAligned { object } => return part_of(object, choices),
        Of::Array { element, .. } if choices.one_in(2) => return part_of(element, choices),
        Of::Struct { fields, .. } if !fields.is_empty() && !choices.one_in(3) => {
            return part_of(&choices.one_of(fields).schema, choices);
        }
        _ => return schema,
    };
    if choices.one_in(8) { schema } else { below }
}

/// Whether a derive would have written it for a value.
fn is_a_value(schema: &OwnedSchema) -> bool {
    let field = OwnedField { name: "only".into(), offset: 0, schema: schema.clone() };
    let kind = OwnedKind::Struct { name: "V".into(), const_args: vec![], fields: vec![field] };
    let whole = OwnedSchema::new(schema.size(), schema.align(), kind);
    whole.is_ok_and(|whole| real_versioned(whole).is_an_object().is_ok())
}

/// A value is the same after its bytes, and after its JSON. By its text, as `NaN` is not equal to itself.
fn comes_back(schema: &OwnedSchema, value: &Value, json: &str) {
    let same = |other: &Value| assert_eq!(format!("{other:?}"), format!("{value:?}"), "{}", schema.to_json());
    let bytes = encode(schema, value).expect("it was decoded");
    same(&decode(schema, &bytes).expect("it was encoded"));
    same(&from_text(schema, json).expect("its own JSON"));
}

/// Encodes a value, which may not fit, in both ways.
fn store(schema: &OwnedSchema, value: &Value, bytes: &[u8], is_real: bool) {
    match encode(schema, value) {
        Ok(encoded) => {
            assert_eq!(encoded.len() as u64, schema.size());
            if is_real {
                decode(schema, &encoded).expect("it was encoded");
            }
        }
        Err(error) => assert!(error.to_string().len() < 8000, "{error}"),
    }
    let mut written = bytes.to_vec();
    if overlay(schema, &mut written, value).is_err() && is_real {
        assert_eq!(written, bytes, "after an error all bytes are as before");
    }
}

/// Puts other values in the place of some.
fn change(value: &mut Value, choices: &mut Choices<'_>) {
    match value {
        Value::Struct { fields, .. } if !fields.is_empty() && !choices.one_in(6) => {
            let at = choices.below(fields.len());
            match choices.byte() % 6 {
                0 => drop(fields.remove(at)),
                1 => fields.push(fields[at].clone()),
                2 => fields.rotate_left(at),
                3 => fields[at].0.push('?'),
                _ => change(&mut fields[at].1, choices),
            }
        }
        Value::List { len, first } if !first.is_empty() && !choices.one_in(6) => {
            let at = choices.below(first.len());
            match choices.byte() % 6 {
                0 => *len = choices.number(),
                1 => drop(first.pop()),
                2 => {
                    first.pop();
                    *len = first.len() as u64;
                }
                _ => change(&mut first[at], choices),
            }
        }
        other => *other = any_value(choices),
    }
}

fn any_value(choices: &mut Choices<'_>) -> Value {
    match choices.byte() % 14 {
        0 | 1 => Value::Unsigned(choices.number()),
        2 | 3 => Value::Signed(choices.number() as i64),
        4 => Value::F64(f64::from_bits(choices.number())),
        5 => Value::F32(f32::from_bits(choices.number() as u32)),
        6 => Value::Bool(choices.one_in(2)),
        7 => Value::Char(char::from(choices.byte())),
        8 => Value::Text("ä".repeat(choices.below(30))),
        9 => Value::Variant { name: format!("V{}", choices.byte() % 4), discriminant: choices.number().into() },
        10 => Value::List { len: choices.number(), first: vec![any_leaf(choices); choices.below(4)] },
        11 => Value::Struct { name: String::new(), fields: vec![("f0".into(), any_leaf(choices))] },
        12 => Value::Versioned { version: 1, locked: false, value: Box::new(any_leaf(choices)) },
        _ => any_leaf(choices),
    }
}

fn any_leaf(choices: &mut Choices<'_>) -> Value {
    match choices.byte() % 4 {
        0 => Value::Nothing,
        1 => Value::Omitted,
        2 => Value::Invalid("why".into()),
        _ => Value::Signed(choices.byte() as i8 as i64),
    }
}

/// A text with some changes.
fn any_text(choices: &mut Choices<'_>, text: &str) -> String {
    let mut letters: Vec<char> = text.chars().collect();
    for _ in 0..choices.below(4) {
        let start = choices.wide() % (letters.len() + 1);
        let end = (start + choices.below(9)).min(letters.len());
        letters.splice(start..end, WORDS[choices.below(WORDS.len())].chars());
    }
    letters.into_iter().collect()
}
