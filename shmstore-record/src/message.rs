//! The messages of the parts of an object: what is in them, and in which order.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use shmstore::error::SchemaError;
use shmstore::inspect::FieldPath;
use shmstore::schema::{OwnedKind, OwnedSchema, Primitive};

use crate::cdr::{DecodeError, Encoded, Plan, Reader, Unfit, Writer, is_time};
use crate::names::{Unique, camel, snake};

/// The kind of the messages of a channel. Its text stands in the metadata of the channel, as `shmstore.kind`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The value of a `Versioned`.
    Versioned,
    /// The values of all atomics of an object, the states of its locks, and the counts of its events.
    Atomics,
    /// An item of a `Broadcast`.
    Broadcast,
    /// An item of a `Queue`.
    Queue,
    /// What became of a key of a `Map`.
    Map,
    /// A frame of a `Frames`.
    Frames,
}

const KINDS: [(Kind, &str); 6] = [
    (Kind::Versioned, "versioned"),
    (Kind::Atomics, "atomics"),
    (Kind::Broadcast, "broadcast"),
    (Kind::Queue, "queue"),
    (Kind::Map, "map"),
    (Kind::Frames, "frames"),
];

impl Kind {
    /// The kind of the messages of a part. `None` if the type is no part.
    #[must_use]
    pub fn of(part: &OwnedSchema) -> Option<Self> {
        Some(match part.kind() {
            OwnedKind::Versioned { .. } => Self::Versioned,
            OwnedKind::Atomic(_) | OwnedKind::AtomicCell { .. } | OwnedKind::Lock | OwnedKind::Event => Self::Atomics,
            OwnedKind::Broadcast { .. } => Self::Broadcast,
            OwnedKind::Queue { .. } => Self::Queue,
            OwnedKind::Map { .. } => Self::Map,
            OwnedKind::Frames { .. } => Self::Frames,
            OwnedKind::CacheAligned { object } => return Self::of(object),
            _ => return None,
        })
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(KINDS.iter().find(|(kind, _)| kind == self).map_or("", |(_, text)| text))
    }
}

impl FromStr for Kind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = KINDS.iter().find(|(_, name)| *name == text).map(|(kind, _)| *kind);
        found.ok_or_else(|| format!("{text:?} is none of versioned, atomics, broadcast, queue, map and frames"))
    }
}

/// A part has no message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MessageError {
    /// The type is no part of an object, or another one than messages of atomics have.
    #[error("`{part}` is {found}, which has no such message")]
    NotAPart {
        /// The path of the part.
        part: String,
        /// Its type.
        found: String,
    },
    /// A value in the part cannot be encoded.
    #[error(transparent)]
    Unfit(#[from] Unfit),
    /// The message is nested too deep or too large.
    #[error("the message of `{part}` has no layout: {cause}")]
    Layout {
        /// The path of the part.
        part: String,
        /// The reason.
        cause: SchemaError,
    },
}

/// The messages of a part, or of all atomics of an object. Each has pieces, one after the other:
///
/// | kind | pieces |
/// |---|---|
/// | `versioned`, `broadcast`, `queue` | the value |
/// | `atomics` | one for each part in the list: the value of an atomic, a byte for a lock, 8 for the count of an event |
/// | `map` | a byte, see [`PRESENT`](Self::PRESENT); the key; the value |
/// | `frames` | the metadata; the bytes of all elements of the frame, which may be fewer than there is room for |
///
/// The byte of a lock has [`LOCKED`](Self::LOCKED) and [`INCONSISTENT`](Self::INCONSISTENT).
///
/// ```
/// use shmstore::schema::OwnedSchema;
/// use shmstore::{Map, ShmLayout};
/// use shmstore_record::{Definitions, Message};
///
/// let part = OwnedSchema::from(Map::<u32, f64, 8>::SCHEMA);
/// let message = Message::of(&"prices".parse()?, &part)?;
/// let definition = Definitions::new("market").define(message.schema())?;
/// assert!(definition.text.ends_with("uint8 op\nuint32 key\nfloat64 value\n"));
///
/// let mut bytes = Vec::new();
/// let pieces = [&[Message::SET][..], &7_u32.to_le_bytes(), &1.5_f64.to_le_bytes()];
/// _ = message.encode(pieces, &mut bytes);
/// assert_eq!(message.decode(&bytes)?, pieces);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Message {
    kind: Kind,
    schema: OwnedSchema,
    pieces: Vec<Piece>,
}

#[derive(Debug, Clone)]
enum Piece {
    Value(Plan),
    List { element: Plan, capacity: usize },
}

impl Message {
    /// The key of a map was there when the recording began, or a file of it.
    pub const PRESENT: u8 = 0;
    /// The key of a map was inserted, or its value stored.
    pub const SET: u8 = 1;
    /// The key of a map was removed.
    pub const REMOVED: u8 = 2;
    /// The bit of a lock that a process has.
    pub const LOCKED: u8 = 1;
    /// The bit of a lock whose owner died, as long as no process has repaired its changes.
    pub const INCONSISTENT: u8 = 2;

    /// The messages of a part at a path that is no atomic, lock or event.
    ///
    /// # Errors
    ///
    /// [`MessageError`] if the type is another one, or if its message cannot be described.
    pub fn of(path: &FieldPath, part: &OwnedSchema) -> Result<Self, MessageError> {
        let layout = |cause| MessageError::Layout { part: path.to_string(), cause };
        let name = |of: &str| {
            let path = path.to_string();
            if path == "." { of.to_owned() } else { cut(&camel(&path)) + of }
        };
        let kind = Kind::of(part).ok_or_else(|| not_a_part(path, part))?;
        let (schema, pieces) = match part.kind() {
            OwnedKind::CacheAligned { object } => return Self::of(path, object),
            OwnedKind::Versioned { value } | OwnedKind::Broadcast { value, .. } | OwnedKind::Queue { value, .. } => {
                ((**value).clone(), vec![Piece::Value(Plan::of(value)?)])
            }
            OwnedKind::Map { key, value, .. } => {
                let variants = [("Present", Self::PRESENT), ("Set", Self::SET), ("Removed", Self::REMOVED)];
                let variants = variants.map(|(name, op)| (name.to_owned(), op.into())).to_vec();
                let op = OwnedSchema::enumeration("Op", Primitive::U8, variants).map_err(layout)?;
                let pieces = [&op, key, value].map(Plan::of).into_iter().map(|plan| Ok(Piece::Value(plan?)));
                let pieces = pieces.collect::<Result<Vec<_>, Unfit>>()?;
                let fields = [("op", op), ("key", (**key).clone()), ("value", (**value).clone())];
                let fields = fields.map(|(name, of)| (name.to_owned(), of)).to_vec();
                (OwnedSchema::structure(name("Entry"), fields, 1, vec![]).map_err(layout)?, pieces)
            }
            OwnedKind::Frames { capacity, element, meta, .. } => {
                let size = element.size().checked_mul(*capacity).and_then(|bytes| bytes.checked_add(8));
                // Its elements need no alignment, because no such list is ever in memory.
                let kind = OwnedKind::FixedVec { capacity: *capacity, element: element.clone() };
                let data = OwnedSchema::new(size.unwrap_or(u64::MAX), 1, kind).map_err(layout)?;
                let mut fields = match meta.kind() {
                    OwnedKind::Struct { fields, .. } if !is_time(meta) => {
                        fields.iter().map(|field| (field.name.clone(), field.schema.clone())).collect()
                    }
                    _ => vec![("meta".to_owned(), (**meta).clone())],
                };
                let mut names = Unique::default();
                fields.iter().for_each(|(name, _): &(String, _)| _ = names.give(name));
                fields.push((names.give("data"), data));
                let list = Piece::List { element: Plan::of(element)?, capacity: *capacity as usize };
                let schema = OwnedSchema::structure(name("Frame"), fields, 1, vec![]).map_err(layout)?;
                (schema, vec![Piece::Value(Plan::of(meta)?), list])
            }
            _ => return Err(not_a_part(path, part)),
        };
        Ok(Self { kind, schema, pieces })
    }

    /// The messages of the atomics, locks and events of an object at these paths.
    ///
    /// # Errors
    ///
    /// [`MessageError`] if the type of one is another one, or if the message cannot be described.
    pub fn of_atomics<'s>(
        parts: impl IntoIterator<Item = (&'s FieldPath, &'s OwnedSchema)>,
    ) -> Result<Self, MessageError> {
        let (mut fields, mut pieces, mut names) = (Vec::new(), Vec::new(), Unique::default());
        for (path, part) in parts {
            let mut of = part;
            while let OwnedKind::CacheAligned { object } = of.kind() {
                of = object;
            }
            let value = match of.kind() {
                OwnedKind::Atomic(integer) => OwnedSchema::primitive(*integer),
                OwnedKind::AtomicCell { value } => (**value).clone(),
                OwnedKind::Lock => OwnedSchema::primitive(Primitive::U8),
                OwnedKind::Event => OwnedSchema::primitive(Primitive::U64),
                _ => return Err(not_a_part(path, part)),
            };
            pieces.push(Piece::Value(Plan::of(&value)?));
            fields.push((names.give(&cut(&snake(&path.to_string()))), value));
        }
        let layout = |cause| MessageError::Layout { part: "atomics".into(), cause };
        let schema = OwnedSchema::structure("Atomics", fields, 1, vec![]).map_err(layout)?;
        Ok(Self { kind: Kind::Atomics, schema, pieces })
    }

    /// The kind of the messages.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The type of a message as a whole, for [`Definitions::define`](crate::Definitions::define).
    #[must_use]
    pub fn schema(&self) -> &OwnedSchema {
        &self.schema
    }

    /// The most bytes that the pieces of one message have.
    #[must_use]
    pub fn most_bytes(&self) -> usize {
        let sizes = self.pieces.iter().map(|piece| match piece {
            Piece::Value(plan) => plan.size(),
            Piece::List { element, capacity } => element.size().saturating_mul(*capacity),
        });
        sizes.fold(0, usize::saturating_add)
    }

    /// The sizes of the pieces, in bytes. `None` for the elements of a frame.
    pub fn sizes(&self) -> impl Iterator<Item = Option<usize>> {
        self.pieces.iter().map(|piece| match piece {
            Piece::Value(plan) => Some(plan.size()),
            Piece::List { .. } => None,
        })
    }

    /// Appends the message of these pieces to `to`, which is most often empty. The bytes may be any.
    ///
    /// # Panics
    ///
    /// Panics if there are more or fewer pieces, or if one has another size than its type.
    pub fn encode<'p>(&self, pieces: impl IntoIterator<Item = &'p [u8]>, to: &mut Vec<u8>) -> Encoded {
        let (mut writer, mut pieces) = (Writer::start(to), pieces.into_iter());
        for piece in &self.pieces {
            let bytes = pieces.next().expect("there are bytes for each piece");
            match piece {
                Piece::Value(plan) => plan.write_to(&mut writer, bytes),
                Piece::List { element, .. } => element.write_list_to(&mut writer, bytes),
            }
        }
        assert!(pieces.next().is_none(), "there are bytes for more pieces than the message has");
        writer.end()
    }

    /// The pieces of a message. Padding and unused room are zero.
    ///
    /// # Errors
    ///
    /// [`DecodeError`] if the bytes are anything else than one message of the type.
    pub fn decode<'m>(&self, message: &'m [u8]) -> Result<Vec<Cow<'m, [u8]>>, DecodeError> {
        let mut reader = Reader::start(message)?;
        let mut pieces = Vec::with_capacity(self.pieces.len());
        for piece in &self.pieces {
            pieces.push(match piece {
                Piece::Value(plan) => plan.read_from(&mut reader)?,
                Piece::List { element, capacity } => {
                    let elements = element.read_list_from(&mut reader, *capacity)?;
                    element.check_list(&elements)?;
                    elements
                }
            });
        }
        reader.end()?;
        Ok(pieces)
    }
}

fn not_a_part(path: &FieldPath, part: &OwnedSchema) -> MessageError {
    MessageError::NotAPart { part: path.to_string(), found: part.to_string() }
}

/// The first part of a long name, so that a name of 255 bytes can be made of it.
fn cut(name: &str) -> String {
    name.chars().take(200).collect()
}

#[cfg(test)]
mod tests;
