//! The layout of an object's type in the form in which the handshake compares it and writes it into a segment.

use std::fmt;
use std::sync::OnceLock;

use crate::layout::hash::{LayoutHash, LayoutHasher};
use crate::layout::schema::{Field, Kind, KindTag, OwnedKind, OwnedSchema, Schema};

/// The layout of the type of an object that is to be created or attached, and the room that a new object has.
#[derive(Debug)]
pub(crate) struct TypeLayout {
    described: Described,
    hash: LayoutHash,
    size: usize,
    /// The size of a new object's payload, at least `size`. 0 if a new object is exactly as large as the type.
    room: usize,
    json: OnceLock<String>,
    prefixes: OnceLock<Vec<LayoutHash>>,
}

#[derive(Debug)]
enum Described {
    /// The type of a program.
    Type(&'static Schema),
    /// The type of a saved object.
    Owned(OwnedSchema),
}

impl TypeLayout {
    /// The layout of a program's type, with the room that its [`ShmId`](crate::ShmId) gives it.
    pub(crate) fn of_type(schema: &'static Schema, room: usize) -> Self {
        Self::new(Described::Type(schema), schema.hash(), schema.size(), room)
    }

    /// The layout that a file or a segment describes. `None` if an object of this type does not fit into memory.
    pub(crate) fn of_owned(schema: OwnedSchema, room: Option<u64>) -> Option<Self> {
        let (hash, size) = (schema.hash(), usize::try_from(schema.size()).ok()?);
        let room = usize::try_from(room.unwrap_or(0)).ok()?;
        Some(Self::new(Described::Owned(schema), hash, size, room))
    }

    fn new(described: Described, hash: LayoutHash, size: usize, room: usize) -> Self {
        let room = room_of(size, room);
        Self { described, hash, size, room, json: OnceLock::new(), prefixes: OnceLock::new() }
    }

    /// Returns `true` if this is the layout of a type with that schema and [`ROOM`](crate::ShmId::ROOM).
    pub(crate) fn is_of_type(&self, schema: &'static Schema, room: usize) -> bool {
        self.schema().is_some_and(|own| std::ptr::eq(own, schema)) && self.room == room_of(schema.size(), room)
    }

    /// The schema, if it is that of a type in this program.
    pub(crate) fn schema(&self) -> Option<&'static Schema> {
        match self.described {
            Described::Type(schema) => Some(schema),
            Described::Owned(_) => None,
        }
    }

    pub(crate) fn to_owned_schema(&self) -> OwnedSchema {
        match &self.described {
            Described::Type(schema) => OwnedSchema::from(*schema),
            Described::Owned(schema) => schema.clone(),
        }
    }

    pub(crate) fn hash(&self) -> LayoutHash {
        self.hash
    }

    /// The size of the type, in bytes.
    pub(crate) fn size(&self) -> usize {
        self.size
    }

    /// The room of a new object, in bytes. `None` if it is exactly as large as the type.
    pub(crate) fn room(&self) -> Option<usize> {
        Some(self.room).filter(|room| *room != 0)
    }

    /// The schema as JSON, made at the first call.
    pub(crate) fn json(&self) -> &str {
        self.json.get_or_init(|| match &self.described {
            Described::Type(schema) => schema.to_json(),
            Described::Owned(schema) => schema.to_json(),
        })
    }

    /// The hashes of the first field, of the first two, and so on to all fields of a struct. Empty for any other type.
    pub(crate) fn prefixes(&self) -> &[LayoutHash] {
        self.prefixes.get_or_init(|| match &self.described {
            Described::Type(schema) => prefixes(schema),
            Described::Owned(schema) => schema.prefix_hashes(),
        })
    }

    /// The name and the offset of each field of a struct. Empty for any other type.
    pub(crate) fn fields(&self) -> Vec<(&str, usize)> {
        match &self.described {
            Described::Type(schema) => fields(schema).iter().map(|field| (field.name, field.offset)).collect(),
            Described::Owned(schema) => match schema.kind() {
                OwnedKind::Struct { fields, .. } => {
                    fields.iter().map(|field| (field.name.as_str(), field.offset as usize)).collect()
                }
                _ => Vec::new(),
            },
        }
    }
}

impl fmt::Display for TypeLayout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.described {
            Described::Type(schema) => schema.fmt(f),
            Described::Owned(schema) => schema.fmt(f),
        }
    }
}

/// The room of a new object of a type with a size and a room, where a room of 0 stands for none.
fn room_of(size: usize, room: usize) -> usize {
    if room == 0 { 0 } else { room.max(size) }
}

/// The fields of a struct. None for any other type.
pub(crate) fn fields(schema: &Schema) -> &'static [Field] {
    match schema.kind() {
        Kind::Struct { fields, .. } => fields,
        _ => &[],
    }
}

fn prefixes(schema: &Schema) -> Vec<LayoutHash> {
    let Kind::Struct { name, const_args, fields } = schema.kind() else { return Vec::new() };
    let args = const_args.iter().map(|arg| (arg.name, arg.value));
    let fields = fields.iter().map(|field| (field.name, field.offset as u64, field.schema.hash()));
    struct_prefixes(name, args, fields)
}

impl OwnedSchema {
    /// Returns the hashes of the first field, of the first two, and so on to all fields of a struct. Empty for any
    /// other type.
    ///
    /// An object with room may grow from one layout to another if, and only if, the last hash of the first layout is
    /// also one of the other's.
    ///
    /// ```
    /// use shmstore::schema::{OwnedField, OwnedKind, OwnedSchema, Primitive};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let count = OwnedSchema::new(8, 8, OwnedKind::Atomic(Primitive::U64))?;
    /// let rover = |names: &[&str]| {
    ///     let field = |(name, offset): (&&str, u64)| OwnedField { name: (*name).into(), offset, schema: count.clone() };
    ///     let fields: Vec<_> = names.iter().zip((0..).step_by(8)).map(field).collect();
    ///     let size = 8 * names.len() as u64;
    ///     OwnedSchema::new(size, 8, OwnedKind::Struct { name: "Rover".into(), const_args: vec![], fields })
    /// };
    /// let (before, after) = (rover(&["frames"])?, rover(&["frames", "errors"])?);
    /// assert_eq!(before.prefix_hashes(), after.prefix_hashes()[..1]);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn prefix_hashes(&self) -> Vec<LayoutHash> {
        let OwnedKind::Struct { name, const_args, fields } = self.kind() else { return Vec::new() };
        let args = const_args.iter().map(|arg| (arg.name.as_str(), arg.value));
        let fields = fields.iter().map(|field| (field.name.as_str(), field.offset, field.schema.hash()));
        struct_prefixes(name, args, fields)
    }
}

/// Two structs have the same hash for their first k fields if, and only if, their names, const arguments and first k
/// fields are the same. Size, alignment and the number of fields do not count.
fn struct_prefixes<'a>(
    name: &str,
    args: impl ExactSizeIterator<Item = (&'a str, i128)>,
    fields: impl Iterator<Item = (&'a str, u64, LayoutHash)>,
) -> Vec<LayoutHash> {
    let start = LayoutHasher::prefix(KindTag::Struct as u8).name(name).u64(args.len() as u64);
    let start = args.fold(start, |hash, (name, value)| hash.named_number(name, value));
    let running = fields.scan(start, |hash, (name, offset, of)| {
        *hash = hash.field(name, offset, of);
        Some(hash.finish())
    });
    running.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layout::schema::{OwnedField, Primitive};

    fn schema(fields: &[(&str, Primitive)]) -> OwnedSchema {
        let mut end = 0;
        let fields: Vec<_> = fields
            .iter()
            .map(|&(name, of)| {
                let size = of.size() as u64;
                let offset = u64::next_multiple_of(end, size);
                end = offset + size;
                let schema = OwnedSchema::new(size, size, OwnedKind::Atomic(of)).unwrap();
                OwnedField { name: name.into(), offset, schema }
            })
            .collect();
        let kind = OwnedKind::Struct { name: "Rover".into(), const_args: Vec::new(), fields };
        OwnedSchema::new(end.next_multiple_of(8), 8, kind).unwrap()
    }

    #[test]
    fn longer_struct_begins_with_the_prefixes_of_the_shorter() {
        let (a, b, c) = (("a", Primitive::U64), ("b", Primitive::U8), ("c", Primitive::U64));
        let short = schema(&[a, b]).prefix_hashes();
        let long = schema(&[a, b, c]).prefix_hashes();
        assert_eq!((short.len(), long.len()), (2, 3));
        assert_eq!(short, long[..2]);
        let other = schema(&[a, ("b", Primitive::I8), c]).prefix_hashes();
        assert_eq!(other[0], long[0]);
        assert!(other[1] != long[1] && other[2] != long[2]);
    }

    #[test]
    fn prefixes_are_those_that_every_build_has_computed() {
        let prefixes = schema(&[("frames", Primitive::U64), ("level", Primitive::I32)]).prefix_hashes();
        let shown: Vec<String> = prefixes.iter().map(ToString::to_string).collect();
        assert_eq!(shown, ["00886fd68dc4b0ba3ee038009e778138", "bba5649f879ec20afe9ef793d8487fb4"]);
    }

    #[test]
    fn room_is_never_less_than_the_type() {
        let of = |room| TypeLayout::of_owned(schema(&[("a", Primitive::U64), ("b", Primitive::U8)]), room).unwrap();
        assert_eq!([of(None).room(), of(Some(1)).room(), of(Some(64)).room()], [None, Some(16), Some(64)]);
    }
}
