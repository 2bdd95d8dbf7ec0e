//! Values as CDR: what has to be copied to where.

use shmstore::dynamic;
use shmstore::schema::{OwnedField, OwnedKind, OwnedSchema, Primitive};

/// The head of each message: CDR, little-endian, no options.
const HEAD: [u8; 4] = [0, 1, 0, 0];

/// The encoding of the values of one type, computed once.
///
/// | in the value | in the message |
/// |---|---|
/// | numbers, `bool`, `char`, enums | their bytes, at the next multiple of their size |
/// | structs, arrays | their fields and elements, one after the other |
/// | `Pad` and gaps | nothing. A decoded value has zeros there |
/// | `FixedString` | its length + 1 as `u32`, the text, a zero |
/// | `FixedVec` | its length as `u32`, the elements |
/// | `Timestamp` | seconds as `i32`, nanoseconds as `u32` |
#[derive(Debug, Clone)]
pub struct Plan {
    root: Node,
    size: usize,
    schema: OwnedSchema,
}

/// A type is no value: it is an object, or a part of one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{type_name}` is no value: only values are encoded")]
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
enum Node {
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
    fn of(schema: &OwnedSchema) -> Result<Self, Unfit> {
        let size = schema.size() as usize;
        Ok(match schema.kind() {
            OwnedKind::Primitive(of) | OwnedKind::Enum { repr: of, .. } => plain(*of),
            _ if is_time(schema) => Self::Time,
            OwnedKind::Struct { fields, .. } => {
                let field = |field: &OwnedField| Ok((field.offset as usize, Self::of(&field.schema)?));
                let fields = fields.iter().map(field).collect::<Result<Vec<_>, Unfit>>()?;
                let same = same_from(&fields, size);
                Self::Struct { fields, size, same }
            }
            OwnedKind::Array { len, element } => {
                let (len, stride) = (*len as usize, element.size() as usize);
                match Self::of(element)? {
                    Self::Plain { size, align } => Self::Plain { size: size * len, align },
                    element => Self::Array { len, stride, element: Box::new(element) },
                }
            }
            OwnedKind::FixedString { capacity } => Self::Text { capacity: *capacity as usize },
            OwnedKind::FixedVec { capacity, element } => Self::List {
                capacity: *capacity as usize,
                stride: element.size() as usize,
                element: Box::new(Self::of(element)?),
            },
            OwnedKind::Pad | OwnedKind::Phantom => Self::Nothing,
            _ => return Err(Unfit { type_name: schema.to_string() }),
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
        assert_eq!(value.len(), self.size, "the bytes are those of one value");
        let start = to.len();
        to.extend_from_slice(&HEAD);
        let mut writer = Writer { to, origin: start + HEAD.len(), encoded: Encoded::Exact };
        writer.write(&self.root, value);
        writer.encoded
    }

    /// The bytes of the value of a message. Padding and unused room are zero.
    ///
    /// # Errors
    ///
    /// [`DecodeError`] if the bytes are anything else than one message of the type.
    pub fn decode(&self, message: &[u8]) -> Result<Vec<u8>, DecodeError> {
        let (head, body) = message.split_at_checked(HEAD.len()).ok_or(DecodeError::Head { head: message.to_vec() })?;
        if head != HEAD {
            return Err(DecodeError::Head { head: head.to_vec() });
        }
        let (mut value, mut reader) = (vec![0; self.size], Reader { body, at: 0 });
        reader.read(&self.root, &mut value)?;
        let left = body.len() - reader.at;
        if left != 0 {
            return Err(DecodeError::Left { left });
        }
        dynamic::check(&self.schema, &value).map_err(|error| DecodeError::Invalid(error.to_string()))?;
        Ok(value)
    }
}

struct Writer<'a> {
    to: &'a mut Vec<u8>,
    /// Alignments count from here.
    origin: usize,
    encoded: Encoded,
}

impl Writer<'_> {
    fn align(&mut self, align: usize) {
        let position = self.to.len() - self.origin;
        self.to.resize(self.origin + position.next_multiple_of(align), 0);
    }

    fn u32(&mut self, number: u32) {
        self.align(4);
        self.to.extend_from_slice(&number.to_le_bytes());
    }

    fn write(&mut self, node: &Node, value: &[u8]) {
        match node {
            Node::Plain { size, align } => {
                if *size > 0 {
                    self.align(*align);
                    self.to.extend_from_slice(&value[..*size]);
                }
            }
            Node::Struct { size, same: Some(align), .. } if (self.to.len() - self.origin) % align == 0 => {
                self.to.extend_from_slice(&value[..*size]);
            }
            Node::Struct { fields, .. } => {
                for (offset, node) in fields {
                    self.write(node, &value[*offset..]);
                }
            }
            Node::Array { len, stride, element } => {
                for index in 0..*len {
                    self.write(element, &value[index * stride..]);
                }
            }
            Node::Text { capacity } => self.text(value, *capacity),
            Node::List { capacity, stride, element } => {
                let len = u64::from_le_bytes(value[..8].try_into().expect("8 bytes")).min(*capacity as u64);
                self.u32(len as u32);
                for index in 0..len as usize {
                    self.write(element, &value[8 + index * stride..]);
                }
            }
            Node::Time => {
                let nanoseconds = i64::from_le_bytes(value[..8].try_into().expect("8 bytes"));
                let (seconds, rest) = (nanoseconds.div_euclid(1_000_000_000), nanoseconds.rem_euclid(1_000_000_000));
                let near = seconds.clamp(i32::MIN.into(), i32::MAX.into());
                if near != seconds {
                    self.encoded = Encoded::Changed;
                }
                self.u32(near as i32 as u32);
                self.u32(rest as u32);
            }
            Node::Nothing => {}
        }
    }

    fn text(&mut self, value: &[u8], capacity: usize) {
        let len = u32::from_le_bytes(value[..4].try_into().expect("4 bytes")) as usize;
        let bytes = &value[4..4 + len.min(capacity)];
        let text = String::from_utf8_lossy(bytes);
        let mut end = text.len().min(capacity);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        if text.as_bytes() != bytes {
            self.encoded = Encoded::Changed;
        }
        self.u32(end as u32 + 1);
        self.to.extend_from_slice(&text.as_bytes()[..end]);
        self.to.push(0);
    }
}

struct Reader<'a> {
    body: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn take(&mut self, align: usize, len: usize) -> Result<&'a [u8], DecodeError> {
        let start = self.at.next_multiple_of(align);
        let short = DecodeError::Short { len: self.body.len() + HEAD.len() };
        let taken = start.checked_add(len).and_then(|end| self.body.get(start..end)).ok_or(short)?;
        self.at = start + len;
        Ok(taken)
    }

    fn u32(&mut self) -> Result<u32, DecodeError> {
        Ok(u32::from_le_bytes(self.take(4, 4)?.try_into().expect("4 bytes")))
    }

    fn read(&mut self, node: &Node, value: &mut [u8]) -> Result<(), DecodeError> {
        match node {
            Node::Plain { size, align } => {
                if *size > 0 {
                    value[..*size].copy_from_slice(self.take(*align, *size)?);
                }
            }
            Node::Struct { fields, .. } => {
                for (offset, node) in fields {
                    self.read(node, &mut value[*offset..])?;
                }
            }
            Node::Array { len, stride, element } => {
                for index in 0..*len {
                    self.read(element, &mut value[index * stride..])?;
                }
            }
            Node::Text { capacity } => {
                let with_end = self.u32()? as usize;
                let len = with_end.checked_sub(1).ok_or(DecodeError::NoEnd)?;
                if len > *capacity {
                    return Err(DecodeError::TooLong { len: len as u64, capacity: *capacity as u64 });
                }
                let text = self.take(1, with_end)?;
                if text[len] != 0 {
                    return Err(DecodeError::NoEnd);
                }
                value[..4].copy_from_slice(&(len as u32).to_le_bytes());
                value[4..4 + len].copy_from_slice(&text[..len]);
            }
            Node::List { capacity, stride, element } => {
                let len = self.u32()? as usize;
                if len > *capacity {
                    return Err(DecodeError::TooLong { len: len as u64, capacity: *capacity as u64 });
                }
                value[..8].copy_from_slice(&(len as u64).to_le_bytes());
                for index in 0..len {
                    self.read(element, &mut value[8 + index * stride..])?;
                }
            }
            Node::Time => {
                let (seconds, rest) = (self.u32()? as i32, self.u32()?);
                let nanoseconds = i64::from(seconds) * 1_000_000_000 + i64::from(rest);
                value[..8].copy_from_slice(&nanoseconds.to_le_bytes());
            }
            Node::Nothing => {}
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
