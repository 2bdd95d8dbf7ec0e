//! The keys of a `Map` as JSON, by their schema: the bytes of a key, and the JSON of bytes.

use serde_json::Value;

use super::path::{Step, article, printable, write_path};
use super::schema::{OwnedField, OwnedKind, OwnedSchema, OwnedVariant, Primitive};

/// The reason why JSON is no key of a type: the steps to the part that is wrong, from its last one, and a sentence.
struct Refused {
    steps: Vec<Step>,
    expected: String,
}

/// The most names that an error lists.
const SHOWN: usize = 10;

/// Returns the bytes of a key. Bytes that mean nothing are zero, so that equal keys have equal bytes.
///
/// # Errors
///
/// The rule that the JSON breaks.
pub(crate) fn bytes_of(schema: &OwnedSchema, key: &Value) -> Result<Vec<u8>, String> {
    let beyond = || format!("a `{schema}` has more bytes than there is memory");
    let size = usize::try_from(schema.size()).map_err(|_| beyond())?;
    let mut bytes = Vec::new();
    bytes.try_reserve_exact(size).map_err(|_| beyond())?;
    bytes.resize(size, 0);
    encode(schema, key, &mut bytes, 0).map_err(|Refused { mut steps, expected }| {
        if steps.is_empty() {
            return expected;
        }
        steps.reverse();
        let mut path = String::new();
        write_path(&mut path, &steps).map(|()| format!("in its `{path}`, {expected}")).unwrap_or_default()
    })?;
    Ok(bytes)
}

fn encode(schema: &OwnedSchema, key: &Value, bytes: &mut [u8], at: u64) -> Result<(), Refused> {
    let refused = |expected: String| Err(Refused { steps: Vec::new(), expected });
    let below = |step: Step| {
        |mut refused: Refused| {
            refused.steps.push(step);
            refused
        }
    };
    match (schema.kind(), key) {
        (OwnedKind::Primitive(Primitive::Bool), Value::Bool(flag)) => put(bytes, at, &[u8::from(*flag)]),
        (OwnedKind::Primitive(Primitive::Char), Value::String(text)) => {
            let mut letters = text.chars();
            match (letters.next(), letters.next()) {
                (Some(letter), None) => put(bytes, at, &u32::from(letter).to_le_bytes()),
                _ => refused(expected(schema, key)),
            }
        }
        (OwnedKind::Primitive(of), Value::Number(number)) => {
            let number = number.as_i64().map(i128::from).or(number.as_u64().map(i128::from));
            match (number, of.range()) {
                (Some(number), Some((least, most))) if (least..=most).contains(&number) => {
                    put(bytes, at, &number.to_le_bytes()[..of.size()])
                }
                _ => refused(expected(schema, key)),
            }
        }
        (OwnedKind::Enum { repr, variants, .. }, Value::String(name)) => {
            match variants.iter().find(|variant| variant.name == *name) {
                Some(variant) => put(bytes, at, &variant.discriminant.to_le_bytes()[..repr.size()]),
                None => refused(expected(schema, key)),
            }
        }
        (OwnedKind::FixedString { capacity }, Value::String(text)) if text.len() as u64 <= *capacity => {
            put(bytes, at, &(text.len() as u32).to_le_bytes())?;
            put(bytes, at.saturating_add(4), text.as_bytes())
        }
        (OwnedKind::Array { len, element }, Value::Array(list)) if list.len() as u64 == *len => {
            (0_u64..).zip(list).try_for_each(|(index, key)| {
                let at = at.saturating_add(index.saturating_mul(element.size()));
                encode(element, key, bytes, at).map_err(below(Step::Index(index)))
            })
        }
        (OwnedKind::Struct { fields, .. }, Value::Object(object)) => {
            let mut left = object.len();
            for field in fields.iter().filter(has_meaning) {
                let Some(key) = object.get(&field.name) else { return refused(expected(schema, key)) };
                let at = at.saturating_add(field.offset);
                encode(&field.schema, key, bytes, at).map_err(below(Step::Field(field.name.clone())))?;
                left -= 1;
            }
            if left == 0 { Ok(()) } else { refused(expected(schema, key)) }
        }
        (OwnedKind::Pad | OwnedKind::Phantom, Value::Null) => Ok(()),
        _ => refused(expected(schema, key)),
    }
}

/// Returns `true` if a field of a key has JSON of its own.
fn has_meaning(field: &&OwnedField) -> bool {
    !matches!(field.schema.kind(), OwnedKind::Pad | OwnedKind::Phantom)
}

fn put(bytes: &mut [u8], at: u64, value: &[u8]) -> Result<(), Refused> {
    let range = usize::try_from(at).ok().and_then(|at| Some(at..at.checked_add(value.len())?));
    // Only a hostile schema has parts outside the whole.
    let outside = || Refused { steps: Vec::new(), expected: "its type has parts outside of it".into() };
    bytes.get_mut(range.ok_or_else(outside)?).ok_or_else(outside)?.copy_from_slice(value);
    Ok(())
}

/// The rule for the keys of a type.
fn expected(schema: &OwnedSchema, key: &Value) -> String {
    let is = match schema.kind() {
        OwnedKind::Primitive(of) if of.range().is_some() => {
            let (least, most) = of.range().unwrap_or_default();
            format!("a number from {least} to {most}")
        }
        OwnedKind::Primitive(Primitive::Bool) => "`true` or `false`".into(),
        OwnedKind::Primitive(Primitive::Char) => "a text of one character, in quotes".into(),
        OwnedKind::FixedString { capacity } => format!("a text of at most {capacity} bytes, in quotes"),
        OwnedKind::Enum { variants, .. } => {
            let name = |variant: &OwnedVariant| quoted(&variant.name);
            format!("one of {}", first(variants.iter().map(name), variants.len()))
        }
        OwnedKind::Array { len, .. } => {
            format!("`[…]` with {len} element{}", if *len == 1 { "" } else { "s" })
        }
        OwnedKind::Struct { fields, .. } => {
            let names = || fields.iter().filter(has_meaning).map(|field| quoted(&field.name));
            format!("`{{…}}` with exactly the fields {}", first(names(), names().count()))
        }
        OwnedKind::Pad | OwnedKind::Phantom => "`null`".into(),
        _ => return format!("`{schema}` is no type of keys"),
    };
    let name = schema.to_string();
    let is_number = matches!(schema.kind(), OwnedKind::Primitive(of) if *of != Primitive::Char);
    let written = if is_number && key.is_string() { ", without quotes" } else { "" };
    format!("{} `{name}` is {is}{written}", article(&name))
}

/// Lists the first of `count` names.
fn first(names: impl Iterator<Item = String>, count: usize) -> String {
    let mut shown: Vec<String> = names.take(SHOWN).collect();
    if count > shown.len() {
        shown.push(format!("{} more", count - shown.len()));
    }
    shown.join(", ")
}

/// Returns the JSON of a key, as [`FieldPath`](super::path::FieldPath) has it. `None` if its bytes are no value of the
/// type, or if the JSON has more than `most` bytes.
pub(crate) fn json_of(schema: &OwnedSchema, bytes: &[u8], most: usize) -> Option<String> {
    let mut json = String::new();
    write(schema, bytes, 0, &mut json, most).map(|()| json)
}

fn write(schema: &OwnedSchema, bytes: &[u8], at: u64, json: &mut String, most: usize) -> Option<()> {
    match schema.kind() {
        OwnedKind::Primitive(of) => {
            let bits = integer(bytes, at, of.size())?;
            match (of, of.range()) {
                (Primitive::Bool, _) if bits > 1 => return None,
                (Primitive::Bool, _) => json.push_str(if bits == 1 { "true" } else { "false" }),
                (Primitive::Char, _) => {
                    let letter = char::from_u32(u32::try_from(bits).ok()?)?;
                    json.push_str(&quoted(letter.encode_utf8(&mut [0; 4])));
                }
                (of, Some(_)) => json.push_str(&number(*of, bits).to_string()),
                _ => return None,
            }
        }
        OwnedKind::Enum { repr, variants, .. } => {
            let number = number(*repr, integer(bytes, at, repr.size())?);
            let variant = variants.iter().find(|variant| variant.discriminant == number)?;
            json.push_str(&quoted(&variant.name));
        }
        OwnedKind::FixedString { capacity } => {
            let len = integer(bytes, at, 4)?;
            let text = std::str::from_utf8(part(bytes, at.checked_add(4)?, len)?).ok()?;
            if len > *capacity || text.len() > most {
                return None;
            }
            json.push_str(&quoted(text));
        }
        OwnedKind::Array { len, element } => {
            json.push('[');
            for index in 0..*len {
                json.push_str(if index == 0 { "" } else { "," });
                write(element, bytes, at.checked_add(index.checked_mul(element.size())?)?, json, most)?;
            }
            json.push(']');
        }
        OwnedKind::Struct { fields, .. } => {
            let mut fields: Vec<_> = fields.iter().filter(has_meaning).collect();
            // The order that parsed JSON has.
            fields.sort_by(|one, other| one.name.cmp(&other.name));
            json.push('{');
            for (index, field) in fields.into_iter().enumerate() {
                json.push_str(if index == 0 { "" } else { "," });
                json.push_str(&quoted(&field.name));
                json.push(':');
                write(&field.schema, bytes, at.checked_add(field.offset)?, json, most)?;
            }
            json.push('}');
        }
        OwnedKind::Pad | OwnedKind::Phantom => json.push_str("null"),
        _ => return None,
    }
    (json.len() <= most).then_some(())
}

/// A text as JSON, with unprintable characters escaped.
fn quoted(text: &str) -> String {
    printable(&Value::from(text).to_string())
}

fn part(bytes: &[u8], at: u64, len: u64) -> Option<&[u8]> {
    bytes.get(usize::try_from(at).ok()?..usize::try_from(at.checked_add(len)?).ok()?)
}

fn integer(bytes: &[u8], at: u64, size: usize) -> Option<u64> {
    let mut wide = [0; 8];
    wide[..size].copy_from_slice(part(bytes, at, size as u64)?);
    Some(u64::from_le_bytes(wide))
}

/// The number of a primitive's bits.
fn number(primitive: Primitive, bits: u64) -> i128 {
    let unused = 64 - 8 * primitive.size() as u32;
    match primitive.range() {
        Some((least, _)) if least < 0 => i128::from(((bits << unused) as i64) >> unused),
        _ => i128::from(bits),
    }
}

#[cfg(test)]
mod tests;
