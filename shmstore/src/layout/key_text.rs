//! A key as JSON, for the names of entries in errors.

use std::fmt;

use crate::layout::path::write_json;
use crate::layout::schema::{Field, Kind, Primitive, Schema};

/// Writes a key as in the path of an entry: `"EURUSD"`, `-3`, `{"account":7,"symbol":"EURUSD"}`.
///
/// Bytes that are not of the type are `?`.
pub(crate) fn write_key(f: &mut dyn fmt::Write, schema: &Schema, bytes: &[u8]) -> fmt::Result {
    match schema.kind() {
        Kind::Primitive(of) => write_primitive(f, *of, bytes),
        Kind::Enum { repr, variants, .. } => {
            let number = integer(*repr, bytes);
            match variants.iter().find(|variant| Some(variant.discriminant) == number) {
                Some(variant) => write_text(f, variant.name.as_bytes()),
                None => f.write_char('?'),
            }
        }
        Kind::FixedString { capacity } => match (integer(Primitive::U32, bytes), bytes.get(4..)) {
            (Some(len), Some(text)) => {
                let len = usize::try_from(len).map_or(*capacity, |len| len.min(*capacity));
                write_text(f, &text[..len.min(text.len())])
            }
            _ => f.write_char('?'),
        },
        Kind::Array { len, element } => {
            let keys = (0..*len).map(|at| (None, *element, at * element.size()));
            write_parts(f, ['[', ']'], keys, bytes)
        }
        Kind::Struct { fields, .. } => {
            let has_meaning = |field: &&Field| !matches!(field.schema.kind(), Kind::Pad | Kind::Phantom);
            let mut fields: Vec<_> = fields.iter().filter(has_meaning).collect();
            // The order in which a path has them, because parsed JSON has it.
            fields.sort_by_key(|field| field.name);
            let fields = fields.into_iter().map(|field| (Some(field.name), field.schema, field.offset));
            write_parts(f, ['{', '}'], fields, bytes)
        }
        Kind::Pad | Kind::Phantom => f.write_str("null"),
        _ => f.write_char('?'),
    }
}

/// Writes the elements of an array, or the fields of a struct with their names.
fn write_parts(
    f: &mut dyn fmt::Write,
    [open, close]: [char; 2],
    parts: impl Iterator<Item = (Option<&'static str>, &'static Schema, usize)>,
    bytes: &[u8],
) -> fmt::Result {
    f.write_char(open)?;
    for (at, (name, schema, offset)) in parts.enumerate() {
        f.write_str(if at == 0 { "" } else { "," })?;
        if let Some(name) = name {
            write_text(f, name.as_bytes())?;
            f.write_char(':')?;
        }
        write_key(f, schema, bytes.get(offset..).unwrap_or_default())?;
    }
    f.write_char(close)
}

fn write_primitive(f: &mut dyn fmt::Write, of: Primitive, bytes: &[u8]) -> fmt::Result {
    let letter = |number: i128| u32::try_from(number).ok().and_then(char::from_u32);
    match (of, integer(of, bytes)) {
        (Primitive::Bool, Some(0)) => f.write_str("false"),
        (Primitive::Bool, Some(1)) => f.write_str("true"),
        (Primitive::Char, Some(number)) => match letter(number) {
            Some(letter) => write_text(f, letter.encode_utf8(&mut [0; 4]).as_bytes()),
            None => f.write_char('?'),
        },
        (of, Some(number)) if of.range().is_some() => write!(f, "{number}"),
        _ => f.write_char('?'),
    }
}

/// Returns the number of a primitive's bits, or `None` if there are too few bytes.
fn integer(of: Primitive, bytes: &[u8]) -> Option<i128> {
    let bytes = bytes.get(..of.size())?;
    let is_negative = of.range().is_some_and(|(least, _)| least < 0) && bytes.last().is_some_and(|last| last >> 7 == 1);
    let mut wide = [if is_negative { 0xff } else { 0 }; 16];
    wide[..bytes.len()].copy_from_slice(bytes);
    Some(i128::from_le_bytes(wide))
}

/// Writes a text in quotes, escaped as in a path.
fn write_text(f: &mut dyn fmt::Write, bytes: &[u8]) -> fmt::Result {
    let mut text = String::new();
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        text.push_str(if chunk.invalid().is_empty() { "" } else { "?" });
    }
    write_json(&mut &mut *f, &serde_json::Value::from(text).to_string())
}

#[cfg(test)]
mod tests;
