//! The keys of a `Map` as JSON, by their schema, also for names in errors.

use std::fmt;

use serde_json::Value;

use super::path::printable;
use super::schema::{OwnedKind, OwnedSchema, Primitive, Schema};

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
            let mut fields: Vec<_> = fields.iter().filter(|field| field.has_meaning()).collect();
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

pub(crate) fn part(bytes: &[u8], at: u64, len: u64) -> Option<&[u8]> {
    bytes.get(usize::try_from(at).ok()?..usize::try_from(at.checked_add(len)?).ok()?)
}

fn integer(bytes: &[u8], at: u64, size: usize) -> Option<u64> {
    part(bytes, at, size as u64).map(bits)
}

/// The bits of a number of up to 8 bytes.
pub(crate) fn bits(bytes: &[u8]) -> u64 {
    let mut wide = [0; 8];
    wide[..bytes.len()].copy_from_slice(bytes);
    u64::from_le_bytes(wide)
}

/// The number of a primitive's bits.
pub(crate) fn number(primitive: Primitive, bits: u64) -> i128 {
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
