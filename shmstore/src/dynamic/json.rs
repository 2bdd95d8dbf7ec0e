//! Values from JSON, and from the words of a command line.

use serde_json::Value as Json;

use crate::error::ValueError;
use crate::inspect::Value;
use crate::layout::schema::{OwnedKind, OwnedSchema, Primitive};

use super::encode::{encode, fits, only_letter};
use super::unfit::{Unfit, quoted};
use super::unique;

/// Reads a value of a type from text.
///
/// The text is JSON of the form in which [`Value`] is serialized, so what `shmstore show --json` prints is read back.
/// For a type without components it may also be a bare word:
///
/// | type | text |
/// |---|---|
/// | integers | `7`, `-7`, `0x1f` |
/// | `f32`, `f64` | `1.5`, `1e-3`, `NaN`, `inf`, `-inf` |
/// | `bool` | `true`, `false` |
/// | `char` | `x`, `"x"` |
/// | `FixedString` | `rover 7`, `"rover 7"` |
/// | an enum | `Idle`, `"Idle"`, or the number of the variant |
/// | a struct | `{"x": 1.5, "y": 2}` with all fields, in any order |
/// | an array, a `FixedVec` | `[1, 2, 3]` |
///
/// A text that begins with `"`, `[` or `{` is JSON, and no word. JSON with the same field twice is refused.
///
/// In JSON, `"NaN"`, `"inf"`, `"-inf"` and `"0x1f"` are numbers where the type has a number. As in Rust source, a
/// decimal number becomes the nearest float. Integers are never rounded.
///
/// The type may be that of a part with one value, which is an `AtomicValue`, a `Versioned`, or one of these in a
/// `CacheAligned`. Then the text is the value in it, or the JSON of a `Versioned`.
///
/// ```
/// use shmstore::dynamic::{encode, from_text};
/// use shmstore::schema::OwnedSchema;
/// use shmstore::{ShmLayout, Timestamp};
///
/// let numbers = OwnedSchema::from(<[u16; 2]>::SCHEMA);
/// assert_eq!(encode(&numbers, &from_text(&numbers, r#"[1, "0xff"]"#)?)?, [1, 0, 255, 0]);
/// assert!(from_text(&numbers, "[1, 2, 3]").is_err());
///
/// let time = OwnedSchema::from(Timestamp::SCHEMA);
/// assert_eq!(from_text(&time, r#"{"nanoseconds": 0}"#)?.as_timestamp(), Some(Timestamp::from_nanos(0)));
/// # Ok::<(), shmstore::dynamic::ValueError>(())
/// ```
///
/// # Errors
///
/// [`ValueError`] if the text is not JSON where it has to be, or with the first part that is none of the type.
pub fn from_text(schema: &OwnedSchema, text: &str) -> Result<Value, ValueError> {
    from_json(schema, &parse(schema, text)?, false)
}

/// Reads some fields of a value from text, for [`overlay`](super::overlay).
///
/// It follows the rules of [`from_text`], but a struct may have only some of its fields.
///
/// ```
/// use shmstore::dynamic::{from_text, overlay_from_text};
/// use shmstore::schema::OwnedSchema;
/// use shmstore::{ShmLayout, ShmValue};
///
/// #[derive(Clone, Copy, ShmValue)]
/// #[repr(C)]
/// struct Limits { speed: u16, angle: i16 }
///
/// let schema = OwnedSchema::from(Limits::SCHEMA);
/// assert_eq!(overlay_from_text(&schema, r#"{"angle": -1}"#)?.to_string(), "{ angle: -1 }");
/// assert!(from_text(&schema, r#"{"angle": -1}"#).is_err());
/// # Ok::<(), shmstore::dynamic::ValueError>(())
/// ```
///
/// # Errors
///
/// The errors of [`from_text`].
pub fn overlay_from_text(schema: &OwnedSchema, text: &str) -> Result<Value, ValueError> {
    from_json(schema, &parse(schema, text)?, true)
}

/// Reads a value, or if it `is_partial` some fields of it, from JSON.
pub(crate) fn from_json(schema: &OwnedSchema, json: &Json, is_partial: bool) -> Result<Value, ValueError> {
    let json = match schema.kind() {
        OwnedKind::Versioned { value } => of_versioned(value, json).unwrap_or(json),
        _ => json,
    };
    let schema = content(schema);
    let value = read(schema, json);
    fits(schema, &value, !is_partial)?;
    Ok(value)
}

/// Returns the bytes of a key of a map from JSON. Equal keys have equal bytes.
///
/// # Errors
///
/// The rule that the JSON breaks.
pub(crate) fn key_from_json(schema: &OwnedSchema, json: &Json) -> Result<Vec<u8>, String> {
    if !schema.is_key() {
        return Err(format!("`{schema}` is no type of keys"));
    }
    let key = from_json(schema, json, false).and_then(|key| encode(schema, &key));
    key.map_err(|ValueError { path, expected, .. }| {
        let within = if path.is_empty() { String::new() } else { format!("in its `{path}`, ") };
        // In a path it is always JSON.
        format!("{within}expected {}", expected.replacen("a text", "a text in quotes", 1))
    })
}

/// Returns the type of the one value in a part. Any other type returns itself.
fn content(mut schema: &OwnedSchema) -> &OwnedSchema {
    while let OwnedKind::AtomicCell { value: of }
    | OwnedKind::Versioned { value: of }
    | OwnedKind::CacheAligned { object: of } = schema.kind()
    {
        schema = of;
    }
    schema
}

/// Returns the value in the JSON of a `Versioned`, unless its fields are those of the value.
fn of_versioned<'j>(value: &OwnedSchema, json: &'j Json) -> Option<&'j Json> {
    let object = json.as_object().filter(|object| object.len() == 3)?;
    let is_field = |name: &str| match value.kind() {
        OwnedKind::Struct { fields, .. } => fields.iter().any(|field| field.name == name),
        _ => false,
    };
    let has_all = object.contains_key("version") && object.contains_key("locked");
    object.get("value").filter(|_| has_all && !is_field("locked"))
}

/// Parses JSON, or a bare word.
fn parse(schema: &OwnedSchema, text: &str) -> Result<Json, ValueError> {
    let schema = content(schema);
    let json = || unique::parse(text);
    let word = || Ok(Json::from(text.trim()));
    let whole = || {
        json().map_err(|error| {
            Unfit::new(format!("JSON of {}", schema.with_article()), format!("{}, where {error}", quoted(text))).into()
        })
    };
    match schema.kind() {
        OwnedKind::Primitive(Primitive::Char) if only_letter(text).is_some() => Ok(text.into()),
        _ if text.trim_start().starts_with(['"', '[', '{']) => whole(),
        OwnedKind::FixedString { .. } | OwnedKind::Primitive(Primitive::Char) => {
            Ok(json().ok().filter(Json::is_string).unwrap_or_else(|| text.into()))
        }
        OwnedKind::Enum { .. } => json().ok().filter(|json| json.is_string() || json.is_number()).map_or_else(word, Ok),
        OwnedKind::Primitive(_) | OwnedKind::Atomic(_) => json().or_else(|_| word()),
        _ => whole(),
    }
}

/// Reads JSON. JSON that is no value of the type becomes a value that does not fit it, either.
fn read(schema: &OwnedSchema, json: &Json) -> Value {
    match (schema.kind(), json) {
        (OwnedKind::Primitive(of) | OwnedKind::Atomic(of), _) => read_number(*of, json),
        (OwnedKind::Enum { variants, .. }, Json::String(_) | Json::Number(_)) => {
            let number = integer(json);
            let found = variants.iter().find(|of| match json {
                Json::String(name) => of.name == *name,
                _ => Some(of.discriminant) == number,
            });
            let variant = found.map(|of| Value::Variant { name: of.name.clone(), discriminant: of.discriminant });
            variant.unwrap_or_else(|| any(json))
        }
        (OwnedKind::Array { element, .. } | OwnedKind::FixedVec { element, .. }, Json::Array(list)) => {
            read_list(list.len() as u64, element, list)
        }
        (OwnedKind::Array { element, .. } | OwnedKind::FixedVec { element, .. }, Json::Object(object)) => {
            match (object.get("len").and_then(Json::as_u64), object.get("first").and_then(Json::as_array)) {
                (Some(len), Some(first)) if object.len() == 2 => read_list(len, element, first),
                _ => any(json),
            }
        }
        (OwnedKind::Struct { name, fields, .. }, Json::Object(object)) => {
            let known = fields.iter().filter(|field| field.has_meaning()).filter_map(|field| {
                object.get(&field.name).map(|json| (field.name.clone(), read(&field.schema, json)))
            });
            let mut values: Vec<(String, Value)> = known.collect();
            if values.len() < object.len() {
                let is_known = |name: &&String| fields.iter().any(|field| field.name == **name && field.has_meaning());
                let unknown = object.keys().find(|name| !is_known(name));
                values.extend(unknown.map(|name| (name.clone(), Value::Nothing)));
            }
            Value::Struct { name: name.clone(), fields: values }
        }
        _ => any(json),
    }
}

fn read_list(len: u64, element: &OwnedSchema, first: &[Json]) -> Value {
    Value::List { len, first: first.iter().map(|json| read(element, json)).collect() }
}

fn read_number(of: Primitive, json: &Json) -> Value {
    let is_signed = of.range().is_some_and(|(least, _)| least < 0);
    match (of, json) {
        (Primitive::Char, Json::String(text)) => only_letter(text).map_or_else(|| any(json), Value::Char),
        (Primitive::F32 | Primitive::F64, Json::String(text)) => match word_of_float(text) {
            Some(number) if of == Primitive::F32 => Value::F32(number as f32),
            Some(number) => Value::F64(number),
            None => any(json),
        },
        // Through its shortest text, so that it is rounded once.
        (Primitive::F32, Json::Number(number)) if number.is_f64() => match number.to_string().parse::<f32>() {
            Ok(number) if number.is_finite() => Value::F32(number),
            _ => any(json),
        },
        (Primitive::F32 | Primitive::F64, Json::Number(number)) if !number.is_f64() => {
            let wide = number.as_f64().filter(|wide| Some(*wide as i128) == integer(json));
            match wide {
                Some(wide) if of == Primitive::F64 => Value::F64(wide),
                Some(wide) if f64::from(wide as f32) == wide => Value::F32(wide as f32),
                _ => any(json),
            }
        }
        (_, Json::String(text)) if of.range().is_some() => match hexadecimal(text) {
            Some(number) => integer_value(number, is_signed).unwrap_or_else(|| any(json)),
            None => any(json),
        },
        _ => integer(json).and_then(|number| integer_value(number, is_signed)).unwrap_or_else(|| any(json)),
    }
}

/// Reads `NaN`, `inf` and `-inf`, and what C prints for them.
fn word_of_float(text: &str) -> Option<f64> {
    text.parse().ok().filter(|number: &f64| !number.is_finite() && !text.contains(|of: char| of.is_ascii_digit()))
}

/// Reads `0x1f` and `-0x1f`.
fn hexadecimal(text: &str) -> Option<i128> {
    let (sign, digits) = text.strip_prefix('-').map_or((1, text), |digits| (-1, digits));
    let digits = digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X"))?;
    let is_number = digits.chars().all(|digit| digit.is_ascii_hexdigit());
    u64::from_str_radix(digits, 16).ok().filter(|_| is_number).map(|number| sign * i128::from(number))
}

fn integer(json: &Json) -> Option<i128> {
    json.as_i64().map(i128::from).or(json.as_u64().map(i128::from))
}

fn integer_value(number: i128, is_signed: bool) -> Option<Value> {
    let signed = i64::try_from(number).ok().map(Value::Signed);
    let unsigned = u64::try_from(number).ok().map(Value::Unsigned);
    if is_signed { signed.or(unsigned) } else { unsigned.or(signed) }
}

/// Reads JSON without a type. Of a list or a struct only the kind counts, because it is none of the type.
fn any(json: &Json) -> Value {
    match json {
        Json::Null => Value::Nothing,
        Json::Bool(flag) => Value::Bool(*flag),
        Json::Number(number) => integer(json)
            .and_then(|number| integer_value(number, false))
            .unwrap_or_else(|| Value::F64(number.as_f64().unwrap_or(f64::NAN))),
        Json::String(text) => Value::Text(text.clone()),
        Json::Array(list) => Value::List { len: list.len() as u64, first: vec![] },
        Json::Object(_) => Value::Struct { name: String::new(), fields: vec![] },
    }
}
