//! The decoder from bytes to whole values, and the check of bytes, by a schema that may be hostile.

use crate::error::InvalidValue;
use crate::inspect::{Value, decode_whole};
use crate::layout::map_key::{integer, number};
use crate::layout::schema::{Bits, OwnedKind, OwnedSchema, Primitive};

/// The most parts that are checked for each byte, and besides. Real types have fewer, because their parts do not
/// overlap.
const PARTS_A_BYTE: u64 = 48;
const PARTS: u64 = 1024;

/// The fields of a struct that take about as much time as a part.
const MANY: usize = 8;

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
    first_invalid(&value).map_or(Ok(value), Err)
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
            OwnedKind::Primitive(of) => {
                let bits = self.integer(at, of.size())?;
                let is_valid = match of {
                    Primitive::Bool => bits <= 1,
                    Primitive::Char => u32::try_from(bits).is_ok_and(|bits| char::from_u32(bits).is_some()),
                    _ => true,
                };
                if is_valid { Ok(()) } else { Err(InvalidValue::new(of.name(), bits.into())) }
            }
            OwnedKind::Enum { name, repr, variants } => {
                let found = number(*repr, self.integer(at, repr.size())?);
                let is_valid = variants.iter().any(|variant| variant.discriminant == found);
                if is_valid { Ok(()) } else { Err(InvalidValue::new(printable_name(name), found)) }
            }
            OwnedKind::Array { len, element } => self.list(*len, element, at),
            OwnedKind::FixedVec { capacity, element } => self.list(*capacity, element, at.saturating_add(8)),
            OwnedKind::Struct { fields, .. } => {
                self.spend(fields.len() / MANY)?;
                fields.iter().try_for_each(|field| {
                    let checked = self.value(&field.schema, at.saturating_add(field.offset));
                    checked.map_err(|invalid| invalid.in_field(&printable_name(&field.name)))
                })
            }
            _ => Err(InvalidValue::because(format!("value: {} is a part of an object", schema.with_article()))),
        }
    }

    fn list(&mut self, len: u64, element: &OwnedSchema, at: u64) -> Result<(), InvalidValue> {
        (0..len).try_for_each(|index| {
            let checked = self.value(element, at.saturating_add(index.saturating_mul(element.size())));
            checked.map_err(|invalid| invalid.in_element(index as usize))
        })
    }

    /// Counts parts. In a hostile schema they may overlap, or have no bytes.
    fn spend(&mut self, parts: usize) -> Result<(), InvalidValue> {
        let left = self.parts_left.checked_sub(parts as u64);
        self.parts_left = left.ok_or_else(|| InvalidValue::because(OVERLAP.into()))?;
        Ok(())
    }

    /// Loads an integer. Only a hostile schema has parts outside of the whole.
    fn integer(&self, at: u64, size: usize) -> Result<u64, InvalidValue> {
        let found = integer(self.bytes, at, size);
        found.ok_or_else(|| InvalidValue::because("value: a part of its type is outside of it".into()))
    }
}

/// Escapes what is unprintable in a name from a schema.
fn printable_name(name: &str) -> String {
    name.escape_debug().to_string()
}

/// Returns the error for the first part that could not be decoded.
fn first_invalid(value: &Value) -> Option<InvalidValue> {
    match value {
        Value::Invalid(why) => Some(InvalidValue::because(format!("value: {why}"))),
        Value::Struct { fields, .. } => fields
            .iter()
            .find_map(|(name, value)| first_invalid(value).map(|invalid| invalid.in_field(&printable_name(name)))),
        Value::List { first, .. } => first
            .iter()
            .enumerate()
            .find_map(|(index, value)| first_invalid(value).map(|invalid| invalid.in_element(index))),
        _ => None,
    }
}
