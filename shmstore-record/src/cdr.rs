//! Values as CDR: what has to be copied to where.

mod reader;
mod writer;

use std::borrow::Cow;

use shmstore::dynamic;
use shmstore::schema::{OwnedField, OwnedKind, OwnedSchema, Primitive};

pub(crate) use reader::Reader;
pub(crate) use writer::Writer;

/// The head of each message: CDR, little-endian, no options.
const HEAD: [u8; 4] = [0, 1, 0, 0];

/// The body of a message without fields: IDL has no empty structs, so ROS 2 adds a field to them.
const NOTHING: [u8; 1] = [0];

/// The encoding of the values of one type, computed once.
///
/// | in the value | in the message |
/// |---|---|
/// | numbers, `bool`, `char`, enums | their bytes, at the next multiple of their size |
/// | structs, arrays | their fields and elements, one after the other |
/// | `Pad`, gaps, structs and arrays without fields | nothing. A decoded value has zeros there |
/// | `FixedString` | its length + 1 as `u32`, the text, a zero |
/// | `FixedVec` | its length as `u32`, the elements |
/// | `Timestamp` | seconds as `i32`, nanoseconds as `u32` |
///
/// A message with nothing in it has one byte, zero, as ROS 2 has it.
#[derive(Debug, Clone)]
pub struct Plan {
    root: Node,
    size: usize,
    schema: OwnedSchema,
}

/// A type has no message. It is an object, or a part of one, or its description is none of a type in Rust.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{type_name}` cannot be encoded: it is no value, or its fields overlap, or its content is too large for it")]
pub struct Unfit {
    /// The type.
    pub type_name: String,
}

/// How a value was encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Encoded {
    /// Exactly: decoding the message returns the value.
    Exact,
    /// A text that was not UTF-8 has U+FFFD in it, or a time that 32-bit seconds cannot express is the nearest one that
    /// they can.
    Changed,
}

/// Bytes are no message of a type.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// The message ends in the middle of a value.
    #[error("the message ends after {len} bytes, in the middle of a value")]
    Short {
        /// The number of its bytes.
        len: usize,
    },
    /// There are bytes behind the value.
    #[error("{left} bytes are left behind the value")]
    Left {
        /// Their number.
        left: usize,
    },
    /// The message is no little-endian CDR.
    #[error("the message begins with {head:02x?}, and only 00 01 00 00, little-endian CDR, is read")]
    Head {
        /// Its first bytes, at most 4.
        head: Vec<u8>,
    },
    /// A text or a list is longer than the type allows.
    #[error("a text or list of {len}, where at most {capacity} fit")]
    TooLong {
        /// The length in the message.
        len: u64,
        /// The most.
        capacity: u64,
    },
    /// A text does not end with a zero.
    #[error("a text does not end with a zero byte")]
    NoEnd,
    /// Bytes are not a valid value of the type: a `bool` of 2, or an enum without such a variant.
    #[error("the decoded bytes are no value: {0}")]
    Invalid(String),
}

/// What is done for a type. Sizes and offsets are those of the value.
#[derive(Debug, Clone)]
pub(crate) enum Node {
    /// So many bytes that are the same in both, from a multiple of `align` on.
    Plain {
        size: usize,
        align: usize,
    },
    /// Fields, by their offsets. `same` is the alignment from which on the value is its own encoding.
    Struct {
        fields: Vec<(usize, Node)>,
        size: usize,
        same: Option<usize>,
    },
    Array {
        len: usize,
        stride: usize,
        element: Box<Node>,
    },
    Text {
        capacity: usize,
    },
    List {
        capacity: usize,
        stride: usize,
        element: Box<Node>,
    },
    Time,
    Nothing,
}

impl Node {
    /// The alignment from which on a list of such elements is its own encoding. `None` if it never is.
    fn repeats(&self, stride: usize) -> Option<usize> {
        match self {
            Self::Plain { size, align } | Self::Struct { size, same: Some(align), .. } => {
                (*size > 0 && *size == stride && size % align == 0).then_some(*align)
            }
            _ => None,
        }
    }

    /// Returns `true` if a value has no bytes in a message: padding alone.
    fn has_no_bytes(&self) -> bool {
        match self {
            Self::Nothing => true,
            Self::Plain { size, .. } => *size == 0,
            Self::Struct { fields, .. } => fields.iter().all(|(_, node)| node.has_no_bytes()),
            Self::Array { len, element, .. } => *len == 0 || element.has_no_bytes(),
            Self::Text { .. } | Self::List { .. } | Self::Time => false,
        }
    }

    pub(crate) fn of(schema: &OwnedSchema) -> Result<Self, Unfit> {
        let size = schema.size() as usize;
        let unfit = || Unfit { type_name: schema.to_string() };
        let has_room = |head: u64, capacity: u64, each: u64| {
            let content = each.checked_mul(capacity).and_then(|content| content.checked_add(head));
            let fits = content.is_some_and(|content| content <= schema.size()) && capacity < u32::MAX.into();
            if fits { Ok(()) } else { Err(unfit()) }
        };
        Ok(match schema.kind() {
            OwnedKind::Primitive(of) | OwnedKind::Enum { repr: of, .. } => plain(*of),
            _ if is_time(schema) => Self::Time,
            OwnedKind::Struct { fields, .. } => {
                let field = |field: &OwnedField| Ok((field.offset as usize, Self::of(&field.schema)?));
                let mut end = 0;
                for OwnedField { offset, schema: of, .. } in fields.iter().filter(|field| field.schema.size() > 0) {
                    // Without this, a short value could have a message of any length.
                    if *offset < end {
                        return Err(unfit());
                    }
                    end = offset + of.size();
                }
                let mut fields = fields.iter().map(field).collect::<Result<Vec<_>, Unfit>>()?;
                fields.retain(|(_, node)| !matches!(node, Self::Nothing));
                let same = same_from(&fields, size);
                if fields.is_empty() { Self::Nothing } else { Self::Struct { fields, size, same } }
            }
            OwnedKind::Array { len, element } => {
                let (len, stride) = (*len as usize, element.size() as usize);
                match Self::of(element)? {
                    Self::Plain { size, align } => Self::Plain { size: size * len, align },
                    Self::Nothing => Self::Nothing,
                    element => Self::Array { len, stride, element: Box::new(element) },
                }
            }
            OwnedKind::FixedString { capacity } => {
                has_room(4, *capacity, 1)?;
                Self::Text { capacity: *capacity as usize }
            }
            OwnedKind::FixedVec { capacity, element } => {
                has_room(8, *capacity, element.size())?;
                let (capacity, stride) = (*capacity as usize, element.size() as usize);
                Self::List { capacity, stride, element: Box::new(Self::of(element)?) }
            }
            OwnedKind::Pad | OwnedKind::Phantom => Self::Nothing,
            _ => return Err(unfit()),
        })
    }
}

fn plain(of: Primitive) -> Node {
    Node::Plain { size: of.size(), align: of.size() }
}

/// Returns `true` for the layout of [`shmstore::Timestamp`].
pub(crate) fn is_time(schema: &OwnedSchema) -> bool {
    let OwnedKind::Struct { name, fields, .. } = schema.kind() else { return false };
    let [OwnedField { name: field, schema: of, .. }] = &fields[..] else { return false };
    name == "Timestamp" && field == "nanoseconds" && *of.kind() == OwnedKind::Primitive(Primitive::I64)
}

/// The alignment from which on a struct is its own encoding. `None` if it never is.
fn same_from(fields: &[(usize, Node)], size: usize) -> Option<usize> {
    let (mut end, mut most) = (0_usize, 1);
    for (offset, node) in fields {
        let (len, align) = match node {
            Node::Plain { size, align } => (*size, *align),
            Node::Struct { size, same: Some(align), .. } => (*size, *align),
            _ => return None,
        };
        let is_next = end.next_multiple_of(align) == end && *offset == end;
        if !is_next {
            return None;
        }
        (end, most) = (end + len, most.max(align));
    }
    (end == size).then_some(most)
}

impl Plan {
    /// The plan for a type.
    ///
    /// # Errors
    ///
    /// [`Unfit`] if the type is an object or a part.
    pub fn of(schema: &OwnedSchema) -> Result<Self, Unfit> {
        Ok(Self { root: Node::of(schema)?, size: schema.size() as usize, schema: schema.clone() })
    }

    /// The type of the values.
    #[must_use]
    pub fn schema(&self) -> &OwnedSchema {
        &self.schema
    }

    /// The size of a value, in bytes.
    #[must_use]
    pub fn size(&self) -> usize {
        self.size
    }

    /// Appends the message of a value to `to`, which is most often empty. The bytes may be any.
    ///
    /// # Panics
    ///
    /// Panics if `value` has another size than the type.
    pub fn encode(&self, value: &[u8], to: &mut Vec<u8>) -> Encoded {
        let mut writer = Writer::start(to);
        self.write_to(&mut writer, value);
        writer.end()
    }

    /// The bytes of the value of a message. Padding and unused room are zero.
    ///
    /// # Errors
    ///
    /// [`DecodeError`] if the bytes are anything else than one message of the type.
    pub fn decode(&self, message: &[u8]) -> Result<Vec<u8>, DecodeError> {
        let mut reader = Reader::start(message)?;
        let value = self.read_from(&mut reader)?;
        reader.end()?;
        Ok(value.into_owned())
    }

    pub(crate) fn write_to(&self, writer: &mut Writer<'_>, value: &[u8]) {
        assert_eq!(value.len(), self.size, "the bytes are those of one value");
        writer.write(&self.root, value);
    }

    /// Reads a value, and checks it.
    pub(crate) fn read_from<'m>(&self, reader: &mut Reader<'m>) -> Result<Cow<'m, [u8]>, DecodeError> {
        let value = reader.value(&self.root, self.size)?;
        self.check(&value)?;
        Ok(value)
    }

    fn check(&self, value: &[u8]) -> Result<(), DecodeError> {
        dynamic::check(&self.schema, value).map_err(|error| DecodeError::Invalid(error.to_string()))
    }

    /// Writes a list of values, whose bytes are `elements`.
    pub(crate) fn write_list_to(&self, writer: &mut Writer<'_>, elements: &[u8]) {
        assert_eq!(elements.len() % self.size, 0, "the bytes are those of whole values");
        writer.list(&self.root, self.size, elements.len() / self.size, elements);
    }

    /// Reads a list of at most `capacity` values. The values are not checked.
    pub(crate) fn read_list_from<'m>(
        &self,
        reader: &mut Reader<'m>,
        capacity: usize,
    ) -> Result<Cow<'m, [u8]>, DecodeError> {
        reader.list(&self.root, self.size, capacity)
    }

    /// Checks each value of a list.
    pub(crate) fn check_list(&self, elements: &[u8]) -> Result<(), DecodeError> {
        if has_any_bits(&self.schema) {
            return Ok(());
        }
        elements.chunks_exact(self.size).try_for_each(|value| self.check(value))
    }
}

/// Returns `true` if all bytes are valid values of a type.
fn has_any_bits(schema: &OwnedSchema) -> bool {
    match schema.kind() {
        OwnedKind::Primitive(of) => !matches!(of, Primitive::Bool | Primitive::Char),
        OwnedKind::Struct { fields, .. } => fields.iter().all(|field| has_any_bits(&field.schema)),
        OwnedKind::Array { element, .. } | OwnedKind::FixedVec { element, .. } => has_any_bits(element),
        OwnedKind::Pad | OwnedKind::Phantom | OwnedKind::FixedString { .. } => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests;
