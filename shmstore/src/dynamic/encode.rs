//! The encoder from values to bytes, by a schema that may be hostile.

use std::collections::HashSet;

use crate::error::ValueError;
use crate::inspect::{Image, Value};
use crate::layout::path::Step;
use crate::layout::schema::{OwnedField, OwnedKind, OwnedSchema, Primitive};

use super::unfit::{Unfit, quoted};

/// Returns the bytes of a value: as many as the type has. Padding, and what follows a text or a list, is zero.
///
/// Nothing is cut off or rounded. A value that the type does not have exactly is refused:
///
/// - Number: from [`Unsigned`](Value::Unsigned), [`Signed`](Value::Signed), [`F32`](Value::F32) or
///   [`F64`](Value::F64), if the type has this number. A float that is whole is no integer, and `NaN` is `NaN`.
/// - `bool` and `char`: from their own values. A `char` also from a text of one character.
/// - Enum: by the name of a [`Variant`](Value::Variant) or a text, or by a number that one of its variants has.
/// - Struct: by the names of all fields, in any order. The name of the struct does not matter.
/// - Array: exactly its elements. `FixedVec` and `FixedString`: at most the capacity.
/// - A [`Versioned`](Value::Versioned) stands for the value in it.
///
/// ```
/// use shmstore::dynamic::encode;
/// use shmstore::inspect::Value;
/// use shmstore::schema::OwnedSchema;
/// use shmstore::{FixedString, ShmLayout};
///
/// let schema = OwnedSchema::from(FixedString::<5>::SCHEMA);
/// assert_eq!(encode(&schema, &Value::Text("rov".into()))?, *b"\x03\0\0\0rov\0\0");
/// assert!(encode(&schema, &Value::Text("rover-7".into())).is_err());
/// # Ok::<(), shmstore::dynamic::ValueError>(())
/// ```
///
/// # Errors
///
/// [`ValueError`] with the first part that does not fit. It is also the error for a type with a part of an object in
/// it, and for a type with more bytes than there is memory.
pub fn encode(schema: &OwnedSchema, value: &Value) -> Result<Vec<u8>, ValueError> {
    let beyond = |problem: String| Unfit::new("a type that fits into memory", problem);
    let mut bytes = Image::zeroed(schema.size()).map_err(beyond)?.into_bytes();
    Encoder { bytes: Some(&mut bytes), is_whole: true }.value(schema, 0, value)?;
    Ok(bytes)
}

/// Overwrites those fields of a value in bytes that `value` names. All other bytes stay.
///
/// It follows the rules of [`encode`], but a struct may have only some of its fields. Each element of an array is
/// overwritten in the same way. A `FixedVec` is replaced as a whole, so structs in it have all fields.
///
/// ```
/// use shmstore::dynamic::overlay;
/// use shmstore::inspect::Value;
/// use shmstore::schema::OwnedSchema;
/// use shmstore::{ShmLayout, ShmValue};
///
/// #[derive(Clone, Copy, ShmValue)]
/// #[repr(C)]
/// struct Limits { speed: u16, angle: i16 }
///
/// let mut bytes = [1, 0, 2, 0];
/// let named = Value::Struct { name: "Limits".into(), fields: vec![("angle".into(), Value::Signed(-1))] };
/// overlay(&OwnedSchema::from(Limits::SCHEMA), &mut bytes, &named)?;
/// assert_eq!(bytes, [1, 0, 255, 255]);
/// # Ok::<(), shmstore::dynamic::ValueError>(())
/// ```
///
/// # Errors
///
/// The errors of [`encode`], and one if there are not as many bytes as the type has. After an error all bytes are as
/// before.
pub fn overlay(schema: &OwnedSchema, bytes: &mut [u8], value: &Value) -> Result<(), ValueError> {
    if bytes.len() as u64 != schema.size() {
        return Err(Unfit::new(format!("{} bytes", schema.size()), format!("{} bytes", bytes.len())).into());
    }
    fits(schema, value, false)?;
    Encoder { bytes: Some(bytes), is_whole: false }.value(schema, 0, value)?;
    Ok(())
}

/// Checks that a type has a value, or some fields of it.
pub(super) fn fits(schema: &OwnedSchema, value: &Value, is_whole: bool) -> Result<(), ValueError> {
    Ok(Encoder { bytes: None, is_whole }.value(schema, 0, value)?)
}

/// Writes a value, or only checks it.
struct Encoder<'b> {
    /// `None` to check only.
    bytes: Option<&'b mut [u8]>,
    /// Whether each struct has all of its fields. Then the bytes are zero before.
    is_whole: bool,
}

impl Encoder<'_> {
    fn value(&mut self, schema: &OwnedSchema, at: usize, value: &Value) -> Result<(), Unfit> {
        let value = value.settled();
        let unfit = || Unfit::of(schema, value);
        match (schema.kind(), value) {
            (OwnedKind::Primitive(of) | OwnedKind::Atomic(of), _) => {
                let bits = number(*of, value).ok_or_else(unfit)?;
                self.put(at, &bits.to_le_bytes()[..of.size()])
            }
            (OwnedKind::Enum { repr, variants, .. }, _) => {
                let found = match value {
                    Value::Variant { name, .. } | Value::Text(name) => variants.iter().find(|of| of.name == *name),
                    _ => integer(value).and_then(|number| variants.iter().find(|of| of.discriminant == number)),
                };
                let number = found.ok_or_else(unfit)?.discriminant;
                self.put(at, &number.to_le_bytes()[..repr.size()])
            }
            (OwnedKind::Array { len, element }, Value::List { len: given, first }) if len == given => {
                // Elements without bytes are all the same, and not all are shown.
                let is_whole = first.len() as u64 == *len || element.size() == 0;
                if is_whole { self.list(element, at, first) } else { Err(unfit()) }
            }
            (OwnedKind::FixedVec { capacity, element }, Value::List { len, first }) if len <= capacity => {
                let is_whole = first.len() as u64 == *len || element.size() == 0;
                if !is_whole {
                    return Err(unfit());
                }
                let items = at.saturating_add(8);
                let rest = std::mem::replace(&mut self.is_whole, true);
                if !rest {
                    self.clear(items, element.size().saturating_mul(*capacity))?;
                }
                self.put(at, &len.to_le_bytes())?;
                let listed = self.list(element, items, first);
                self.is_whole = rest;
                listed
            }
            (OwnedKind::Struct { fields, .. }, Value::Struct { fields: values, .. }) => {
                self.fields(schema, fields, at, values)
            }
            (OwnedKind::FixedString { capacity }, Value::Text(text)) if text.len() as u64 <= *capacity => {
                let len = u32::try_from(text.len()).map_err(|_| unfit())?;
                let content = at.saturating_add(4);
                if !self.is_whole {
                    self.clear(content, *capacity)?;
                }
                self.put(at, &len.to_le_bytes())?;
                self.put(content, text.as_bytes())
            }
            (OwnedKind::Pad | OwnedKind::Phantom, Value::Nothing) => Ok(()),
            _ => Err(unfit()),
        }
    }

    fn list(&mut self, element: &OwnedSchema, at: usize, values: &[Value]) -> Result<(), Unfit> {
        (0..).zip(values).try_for_each(|(index, value)| {
            let at = at.saturating_add(to_usize(element.size().saturating_mul(index)));
            self.value(element, at, value).map_err(Unfit::below(|| Step::Index(index)))
        })
    }

    fn fields(
        &mut self,
        schema: &OwnedSchema,
        fields: &[OwnedField],
        at: usize,
        values: &[(String, Value)],
    ) -> Result<(), Unfit> {
        let mut used = 0;
        for field in fields.iter().filter(|field| field.has_meaning()) {
            // Most often they are in the order of the fields.
            let next = values.get(used).filter(|(name, _)| *name == field.name);
            let Some((_, value)) = next.or_else(|| values.iter().find(|(name, _)| *name == field.name)) else {
                if self.is_whole {
                    return Err(Unfit::found(schema, format!("none named {}", quoted(&field.name))));
                }
                continue;
            };
            let below = Unfit::below(|| Step::Field(field.name.clone()));
            self.value(&field.schema, at.saturating_add(to_usize(field.offset)), value).map_err(below)?;
            used += 1;
        }
        if used == values.len() { Ok(()) } else { Err(Unfit::found(schema, superfluous(fields, values))) }
    }

    /// Writes bytes. Only a hostile schema has parts outside of the whole.
    fn put(&mut self, at: usize, part: &[u8]) -> Result<(), Unfit> {
        let Some(to) = self.range(at, part.len())? else { return Ok(()) };
        to.copy_from_slice(part);
        Ok(())
    }

    fn clear(&mut self, at: usize, len: u64) -> Result<(), Unfit> {
        let Some(to) = self.range(at, to_usize(len))? else { return Ok(()) };
        to.fill(0);
        Ok(())
    }

    /// Returns a range of the bytes, if there are any.
    fn range(&mut self, at: usize, len: usize) -> Result<Option<&mut [u8]>, Unfit> {
        let Some(bytes) = self.bytes.as_deref_mut() else { return Ok(None) };
        let outside = || Unfit::new("a type with all parts in it", format!("{len} bytes at offset {at}"));
        let range = at..at.checked_add(len).ok_or_else(outside)?;
        bytes.get_mut(range).map(Some).ok_or_else(outside)
    }
}

fn to_usize(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// Names a field that a struct does not have, or that is named twice.
fn superfluous(fields: &[OwnedField], values: &[(String, Value)]) -> String {
    let mut left: HashSet<&str> = fields.iter().filter(|of| of.has_meaning()).map(|of| of.name.as_str()).collect();
    let name = values.iter().map(|(name, _)| name.as_str()).find(|name| !left.remove(name)).unwrap_or_default();
    let times = values.iter().filter(|(other, _)| other == name).count();
    format!("{}{}", quoted(name), if times > 1 { " twice" } else { "" })
}

fn integer(value: &Value) -> Option<i128> {
    match value {
        Value::Unsigned(number) => Some((*number).into()),
        Value::Signed(number) => Some((*number).into()),
        _ => None,
    }
}

/// Returns the bits of a number, or `None` if the type does not have it exactly.
fn number(of: Primitive, value: &Value) -> Option<u64> {
    Some(match (of, value) {
        (Primitive::Bool, Value::Bool(flag)) => (*flag).into(),
        (Primitive::Char, Value::Char(letter)) => u32::from(*letter).into(),
        (Primitive::Char, Value::Text(text)) => u32::from(only_letter(text)?).into(),
        (Primitive::F32, Value::F32(number)) => number.to_bits().into(),
        (Primitive::F32, Value::F64(number)) => {
            let narrow = *number as f32;
            let is_same = f64::from(narrow) == *number || number.is_nan();
            is_same.then_some(narrow)?.to_bits().into()
        }
        (Primitive::F64, Value::F32(number)) => f64::from(*number).to_bits(),
        (Primitive::F64, Value::F64(number)) => number.to_bits(),
        (Primitive::F32 | Primitive::F64, _) => {
            let (number, wide) = (integer(value)?, integer(value)? as f64);
            if wide as i128 != number {
                return None;
            }
            return self::number(of, &Value::F64(wide));
        }
        _ => {
            let (number, (least, most)) = (integer(value)?, of.range()?);
            (least..=most).contains(&number).then_some(number as u64)?
        }
    })
}

/// Returns the character of a text that has only one.
pub(super) fn only_letter(text: &str) -> Option<char> {
    let mut letters = text.chars();
    letters.next().filter(|_| letters.next().is_none())
}
