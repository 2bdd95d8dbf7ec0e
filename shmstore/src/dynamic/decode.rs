//! The decoder from bytes to whole values, and the check of bytes, by a schema that may be hostile.

use crate::error::InvalidValue;
use crate::inspect::{Value, decode_whole};
use crate::layout::map_key;
use crate::layout::schema::{Bits, OwnedKind, OwnedSchema, Primitive};

/// The most parts that are checked for each byte, and besides. Real types have fewer, because their parts do not
/// overlap.
const PARTS_A_BYTE: u64 = 48;
const PARTS: u64 = 1024;

/// The fields of a struct that take about as much time as a part.
const MANY: u64 = 8;

const OVERLAP: &str = "value: parts of its type overlap";

/// Returns the value of bytes, whole and checked.
///
/// ```
/// use shmstore::dynamic::{decode, encode};
/// use shmstore::schema::OwnedSchema;
/// use shmstore::ShmLayout;
///
/// let schema = OwnedSchema::from(<[bool; 2]>::SCHEMA);
/// let value = decode(&schema, &[1, 0])?;
/// assert_eq!(value.to_string(), "[true, false]");
/// assert_eq!(encode(&schema, &value)?, [1, 0]);
/// assert_eq!(decode(&schema, &[1, 7]).unwrap_err().to_string(), "`[1]` is not a valid bool: found 7");
/// # Ok::<(), shmstore::Error>(())
/// ```
///
/// # Errors
///
/// [`InvalidValue`] with the first part that is not valid, as [`check`] has it. A text that is not UTF-8 is not valid,
/// either. A type may have four parts a byte and 100,000 besides, which bounds the memory that a hostile schema takes.
pub fn decode(schema: &OwnedSchema, bytes: &[u8]) -> Result<Value, InvalidValue> {
    check(schema, bytes)?;
    let value = decode_whole(schema, bytes).ok_or_else(|| InvalidValue::because(OVERLAP.into()))?;
    first_unread(&value).map_or(Ok(value), Err)
}

/// Checks that bytes are a valid value.
///
/// It accepts what [`ShmValue::check_bits`](crate::ShmValue::check_bits) of the type accepts, with the same error for
/// anything else. Bytes of a `FixedString` are not checked, as in a typed program.
///
/// # Errors
///
/// [`InvalidValue`] with the first part that is not valid. It is also the error if there are not as many bytes as the
/// type has, or if the type has a part of an object in it.
pub fn check(schema: &OwnedSchema, bytes: &[u8]) -> Result<(), InvalidValue> {
    let size = schema.size();
    if bytes.len() as u64 != size {
        return Err(InvalidValue::because(format!("{schema}: it has {size} bytes, and there are {}", bytes.len())));
    }
    let parts_left = PARTS_A_BYTE.saturating_mul(size).saturating_add(PARTS);
    Checker { bytes, parts_left }.value(schema, 0)
}

struct Checker<'b> {
    bytes: &'b [u8],
    parts_left: u64,
}

impl Checker<'_> {
    fn value(&mut self, schema: &OwnedSchema, at: u64) -> Result<(), InvalidValue> {
        if schema.bits() == Bits::Any {
            return Ok(());
        }
        self.spend(1)?;
        match schema.kind() {
            OwnedKind::Primitive(_) | OwnedKind::Enum { .. } => {
                let bits = map_key::bits(self.part(at, schema.size())?);
                if is_valid(schema, bits) { Ok(()) } else { Err(invalid(schema, bits)) }
            }
            OwnedKind::Array { len, element } => self.list(*len, element, at),
            OwnedKind::FixedVec { capacity, element } => self.list(*capacity, element, at.saturating_add(8)),
            OwnedKind::Struct { fields, .. } => {
                self.spend(fields.len() as u64 / MANY)?;
                fields.iter().try_for_each(|field| {
                    let checked = self.value(&field.schema, at.saturating_add(field.offset));
                    checked.map_err(|invalid| invalid.in_field(&printable_name(&field.name)))
                })
            }
            _ => Err(InvalidValue::because(format!("value: {} is a part of an object", schema.with_article()))),
        }
    }

    fn list(&mut self, len: u64, element: &OwnedSchema, at: u64) -> Result<(), InvalidValue> {
        match element.kind() {
            _ if element.bits() == Bits::Any => Ok(()),
            // A million of these is not unusual.
            OwnedKind::Primitive(_) | OwnedKind::Enum { .. } => {
                self.spend(len)?;
                let size = element.size();
                let bytes = self.part(at, size.saturating_mul(len))?;
                let mut parts = bytes.chunks_exact(size as usize);
                let wrong = match element.kind() {
                    OwnedKind::Primitive(Primitive::Bool) => bytes.iter().position(|byte| *byte > 1),
                    _ => parts.clone().position(|part| !is_valid(element, map_key::bits(part))),
                };
                let found = wrong.and_then(|index| Some((index, map_key::bits(parts.nth(index)?))));
                found.map_or(Ok(()), |(index, bits)| Err(invalid(element, bits).in_element(index)))
            }
            _ => (0..len).try_for_each(|index| {
                let checked = self.value(element, at.saturating_add(index.saturating_mul(element.size())));
                checked.map_err(|invalid| invalid.in_element(index as usize))
            }),
        }
    }

    /// Counts parts. In a hostile schema they may overlap, or have no bytes.
    fn spend(&mut self, parts: u64) -> Result<(), InvalidValue> {
        let left = self.parts_left.checked_sub(parts);
        self.parts_left = left.ok_or_else(|| InvalidValue::because(OVERLAP.into()))?;
        Ok(())
    }

    /// Returns some bytes. Only a hostile schema has parts outside of the whole.
    fn part(&self, at: u64, len: u64) -> Result<&[u8], InvalidValue> {
        let outside = || InvalidValue::because("value: a part of its type is outside of it".into());
        map_key::part(self.bytes, at, len).ok_or_else(outside)
    }
}

/// Returns `true` if bits are a valid number, or a variant of an enum.
fn is_valid(schema: &OwnedSchema, bits: u64) -> bool {
    match schema.kind() {
        OwnedKind::Primitive(Primitive::Bool) => bits <= 1,
        OwnedKind::Primitive(Primitive::Char) => u32::try_from(bits).is_ok_and(|bits| char::from_u32(bits).is_some()),
        OwnedKind::Enum { repr, variants, .. } => {
            let found = map_key::number(*repr, bits);
            variants.iter().any(|variant| variant.discriminant == found)
        }
        _ => true,
    }
}

/// The error for bits that are not valid.
fn invalid(schema: &OwnedSchema, bits: u64) -> InvalidValue {
    match schema.kind() {
        OwnedKind::Enum { name, repr, .. } => InvalidValue::new(printable_name(name), map_key::number(*repr, bits)),
        _ => InvalidValue::new(schema.to_string(), bits.into()),
    }
}

/// Escapes what is unprintable in a name from a schema.
fn printable_name(name: &str) -> String {
    name.escape_debug().to_string()
}

/// Returns the error for the first part that could not be decoded.
fn first_unread(value: &Value) -> Option<InvalidValue> {
    match value {
        Value::Invalid(why) => Some(InvalidValue::because(format!("value: {why}"))),
        Value::Struct { fields, .. } => fields
            .iter()
            .find_map(|(name, value)| first_unread(value).map(|invalid| invalid.in_field(&printable_name(name)))),
        Value::List { first, .. } => first
            .iter()
            .enumerate()
            .find_map(|(index, value)| first_unread(value).map(|invalid| invalid.in_element(index))),
        _ => None,
    }
}
