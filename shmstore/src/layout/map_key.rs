//! The keys of a `Map` as JSON, by their schema: the bytes of a key, and the JSON of bytes, also for names in errors.

use std::fmt;

use serde_json::Value;

use super::path::{Step, article, printable, write_path};
use super::schema::{OwnedField, OwnedKind, OwnedSchema, OwnedVariant, Primitive, Schema};

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
    let mut json = Limited { json: String::new(), most };
    write(&mut json, schema, bytes, 0, true).ok()?;
    Some(json.json)
}

/// Writes the JSON of a key for a name in an error. Bytes that are not of the type are `?`.
pub(crate) fn write_key(f: &mut dyn fmt::Write, schema: &Schema, bytes: &[u8]) -> fmt::Result {
    write(f, &OwnedSchema::from(schema), bytes, 0, false)
}

/// Text of a limited length.
struct Limited {
    json: String,
    most: usize,
}

impl fmt::Write for Limited {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        if text.len() > self.most - self.json.len() {
            return Err(fmt::Error);
        }
        self.json.push_str(text);
        Ok(())
    }
}

/// Writes a key. Bytes that are not of the type are an error if `is_strict`, otherwise `?`.
fn write(f: &mut dyn fmt::Write, schema: &OwnedSchema, bytes: &[u8], at: u64, is_strict: bool) -> fmt::Result {
    let invalid = |f: &mut dyn fmt::Write| if is_strict { Err(fmt::Error) } else { f.write_char('?') };
    match schema.kind() {
        OwnedKind::Primitive(of) => match (of, integer(bytes, at, of.size())) {
            (Primitive::Bool, Some(bits @ 0..=1)) => write!(f, "{}", bits == 1),
            (Primitive::Char, Some(bits)) => match u32::try_from(bits).ok().and_then(char::from_u32) {
                Some(letter) => f.write_str(&quoted(letter.encode_utf8(&mut [0; 4]))),
                None => invalid(f),
            },
            (of, Some(bits)) if of.range().is_some() => write!(f, "{}", number(*of, bits)),
            _ => invalid(f),
        },
        OwnedKind::Enum { repr, variants, .. } => {
            let number = integer(bytes, at, repr.size()).map(|bits| number(*repr, bits));
            match variants.iter().find(|variant| Some(variant.discriminant) == number) {
                Some(variant) => f.write_str(&quoted(&variant.name)),
                None => invalid(f),
            }
        }
        OwnedKind::FixedString { capacity } => {
            let rest = usize::try_from(at.saturating_add(4)).ok().and_then(|at| bytes.get(at..));
            let (Some(len), Some(rest)) = (integer(bytes, at, 4), rest) else { return invalid(f) };
            let text = &rest[..len.min(*capacity).min(rest.len() as u64) as usize];
            match std::str::from_utf8(text) {
                Ok(text) if text.len() as u64 == len => f.write_str(&quoted(text)),
                _ if is_strict => Err(fmt::Error),
                _ => f.write_str(&quoted(&with_question_marks(text))),
            }
        }
        OwnedKind::Array { len, element } => {
            let elements = (0..*len).map(|index| (None, element.as_ref(), index.saturating_mul(element.size())));
            write_parts(f, ['[', ']'], elements, bytes, at, is_strict)
        }
        OwnedKind::Struct { fields, .. } => {
            let mut fields: Vec<_> = fields.iter().filter(has_meaning).collect();
            // The order that parsed JSON has.
            fields.sort_by(|one, other| one.name.cmp(&other.name));
            let fields = fields.into_iter().map(|field| (Some(&*field.name), &field.schema, field.offset));
            write_parts(f, ['{', '}'], fields, bytes, at, is_strict)
        }
        OwnedKind::Pad | OwnedKind::Phantom => f.write_str("null"),
        _ => invalid(f),
    }
}

/// Writes the elements of an array, or the fields of a struct with their names, from their offsets.
fn write_parts<'s>(
    f: &mut dyn fmt::Write,
    [open, close]: [char; 2],
    parts: impl Iterator<Item = (Option<&'s str>, &'s OwnedSchema, u64)>,
    bytes: &[u8],
    at: u64,
    is_strict: bool,
) -> fmt::Result {
    f.write_char(open)?;
    for (index, (name, schema, offset)) in parts.enumerate() {
        f.write_str(if index == 0 { "" } else { "," })?;
        if let Some(name) = name {
            write!(f, "{}:", quoted(name))?;
        }
        write(f, schema, bytes, at.saturating_add(offset), is_strict)?;
    }
    f.write_char(close)
}

/// A text as JSON, with unprintable characters escaped.
fn quoted(text: &str) -> String {
    printable(&Value::from(text).to_string())
}

fn with_question_marks(text: &[u8]) -> String {
    text.utf8_chunks()
        .fold(String::new(), |shown, chunk| shown + chunk.valid() + if chunk.invalid().is_empty() { "" } else { "?" })
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
#[cfg(test)]
mod text_tests;
