//! The const description of a type's layout, from which its hash and its JSON are made.

mod canonical;
mod check;
mod error;
mod json;
mod owned;
mod part_path;
mod primitive;
mod type_name;

#[cfg(test)]
pub(crate) mod samples;

use crate::layout::hash::LayoutHash;

pub use error::SchemaError;
pub use owned::{OwnedConstArg, OwnedField, OwnedKind, OwnedSchema, OwnedVariant};
pub use primitive::Primitive;

/// How many types may be nested in each other. A struct costs three levels of JSON, and readers of JSON stop at 128;
/// it also bounds every recursion over a schema that somebody else wrote.
pub(crate) const MAX_DEPTH: u8 = 40;
/// The largest alignment of a type in shared memory: that of a page, where an object starts.
pub(crate) const MAX_ALIGN: u64 = 4096;

/// The layout of a type: its size, alignment and kind, down to the last primitive.
///
/// Built at compile time by the derives and found at [`ShmLayout::SCHEMA`](crate::ShmLayout::SCHEMA). Module paths and
/// crate names are no part of it; names of structs, fields, enums and variants are.
#[derive(Debug)]
pub struct Schema {
    size: usize,
    align: usize,
    kind: Kind,
    hash: LayoutHash,
    depth: u8,
    any_bits: bool,
}

/// What a [`Schema`] describes.
#[derive(Debug)]
#[non_exhaustive]
pub enum Kind {
    /// A number, `bool` or `char`.
    Primitive(Primitive),
    /// One of std's atomic integers.
    Atomic(Primitive),
    /// An array of `len` elements, `len` ≥ 1.
    Array {
        /// How many elements.
        len: usize,
        /// The layout of each.
        element: &'static Schema,
    },
    /// A struct, of named or numbered fields.
    Struct {
        /// The struct's own name, or the one given by `#[shm(name = "…")]`.
        name: &'static str,
        /// The values of its const parameters, in order.
        const_args: &'static [ConstArg],
        /// Its fields, in the order they are declared.
        fields: &'static [Field],
    },
    /// An enum without fields.
    Enum {
        /// The enum's own name, or the one given by `#[shm(name = "…")]`.
        name: &'static str,
        /// The integer that stores it.
        repr: Primitive,
        /// Its variants, in the order they are declared.
        variants: &'static [Variant],
    },
    /// Bytes that mean nothing and are zero: [`Pad`](crate::Pad).
    Pad,
    /// No bytes at all: `PhantomData`.
    Phantom,
    /// A [`FixedString`](crate::FixedString).
    FixedString {
        /// How many bytes of text it has room for.
        capacity: usize,
    },
    /// A [`FixedVec`](crate::FixedVec).
    FixedVec {
        /// How many elements it has room for.
        capacity: usize,
        /// The layout of each.
        element: &'static Schema,
    },
    /// An [`Atomic`](crate::Atomic) value.
    AtomicCell {
        /// The layout of the value.
        value: &'static Schema,
    },
    /// A [`Versioned`](crate::Versioned) value. Offsets below it are relative to the value, not to one of its slots.
    Versioned {
        /// The layout of the value.
        value: &'static Schema,
    },
    /// A [`CacheAligned`](crate::CacheAligned) object.
    CacheAligned {
        /// The layout of the object.
        object: &'static Schema,
    },
    /// A [`Lock`](crate::Lock).
    Lock,
    /// An [`Event`](crate::Event).
    Event,
}

/// One field of a struct.
#[derive(Debug)]
pub struct Field {
    /// Its name; `0`, `1`, … in a tuple struct.
    pub name: &'static str,
    /// Its distance from the start of the struct, in bytes.
    pub offset: usize,
    /// The layout of its type.
    pub schema: &'static Schema,
}

/// One variant of an enum.
#[derive(Debug)]
pub struct Variant {
    /// Its name.
    pub name: &'static str,
    /// The number that stands for it.
    pub discriminant: i128,
}

/// The value of one const parameter.
#[derive(Debug)]
pub struct ConstArg {
    /// The parameter's name.
    pub name: &'static str,
    /// The argument; `bool` and `char` as numbers.
    pub value: i128,
}

impl Schema {
    /// Describes a type of `size` bytes, aligned to `align` bytes.
    ///
    /// # Panics
    ///
    /// While compiling, if types are nested more than 40 levels deep, if a name is empty or longer than 255 bytes, or
    /// if the alignment is more than 4096: no other process could read such a schema back.
    #[must_use]
    pub const fn new(size: usize, align: usize, kind: Kind) -> Self {
        let depth = 1 + depth_below(&kind);
        assert!(depth <= MAX_DEPTH, "types in shared memory are nested at most 40 levels deep");
        assert!(align as u64 <= MAX_ALIGN, "types in shared memory are aligned to at most 4096 bytes");
        below(&kind);
        let hash = canonical::hash_node(size as u64, align as u64, &kind);
        let any_bits = all_bits_are_valid(&kind);
        Self { size, align, kind, hash, depth, any_bits }
    }

    /// Describes `T`, which is of the given kind.
    #[must_use]
    pub const fn of<T>(kind: Kind) -> Self {
        Self::new(size_of::<T>(), align_of::<T>(), kind)
    }

    /// Returns `true` if every bit pattern is valid in it: there is no `bool`, `char` or enum that would be read without a check.
    pub(crate) const fn has_any_bits(&self) -> bool {
        self.any_bits
    }

    /// Returns `true` for `PhantomData`, and for arrays of it: the only types without bytes.
    pub(crate) const fn is_phantom(&self) -> bool {
        match &self.kind {
            Kind::Phantom => true,
            Kind::Array { len, element } => *len > 0 && element.is_phantom(),
            _ => false,
        }
    }

    /// Checks that this is not an array without elements: no other process could read its schema back.
    pub(crate) const fn has_elements(&self) {
        assert!(!matches!(self.kind, Kind::Array { len: 0, .. }), "an array in shared memory has at least one element");
    }

    /// The size of the type, in bytes.
    #[must_use]
    pub const fn size(&self) -> usize {
        self.size
    }

    /// The alignment of the type, in bytes: a power of two.
    #[must_use]
    pub const fn align(&self) -> usize {
        self.align
    }

    /// What the type is.
    #[must_use]
    pub const fn kind(&self) -> &Kind {
        &self.kind
    }

    /// The hash of the whole layout, computed when the schema was built.
    #[must_use]
    pub const fn hash(&self) -> LayoutHash {
        self.hash
    }
}

/// Checks what a node holds, but the fields of a struct: those the derives check, where the message stands on the field.
const fn below(kind: &Kind) {
    match kind {
        Kind::Array { element, .. } | Kind::FixedVec { element, .. } => element.has_elements(),
        Kind::AtomicCell { value } | Kind::Versioned { value } => value.has_elements(),
        Kind::CacheAligned { object } => object.has_elements(),
        _ => {}
    }
}

const fn depth_below(kind: &Kind) -> u8 {
    match kind {
        Kind::Primitive(_)
        | Kind::Atomic(_)
        | Kind::Enum { .. }
        | Kind::Pad
        | Kind::Phantom
        | Kind::FixedString { .. }
        | Kind::Lock
        | Kind::Event => 0,
        Kind::Struct { fields, .. } => deepest(fields),
        Kind::Array { element, .. } | Kind::FixedVec { element, .. } => element.depth,
        Kind::AtomicCell { value } | Kind::Versioned { value } => value.depth,
        Kind::CacheAligned { object } => object.depth,
    }
}

/// Parts of objects check what they hold when they load it, so any bits are valid in them.
const fn all_bits_are_valid(kind: &Kind) -> bool {
    match kind {
        Kind::Primitive(Primitive::Bool | Primitive::Char) | Kind::Enum { .. } => false,
        Kind::Struct { fields, .. } => {
            let mut at = 0;
            while at < fields.len() {
                if !fields[at].schema.any_bits {
                    return false;
                }
                at += 1;
            }
            true
        }
        Kind::Array { element, .. } | Kind::FixedVec { element, .. } => element.any_bits,
        _ => true,
    }
}

const fn deepest(fields: &[Field]) -> u8 {
    let mut deepest = 0;
    let mut at = 0;
    while at < fields.len() {
        if fields[at].schema.depth > deepest {
            deepest = fields[at].schema.depth;
        }
        at += 1;
    }
    deepest
}

macro_rules! tags {
    ($($kind:ident)*) => {$(
        impl $kind {
            pub(crate) const fn tag(&self) -> KindTag {
                match self {
                    Self::Primitive(_) => KindTag::Primitive,
                    Self::Atomic(_) => KindTag::Atomic,
                    Self::Array { .. } => KindTag::Array,
                    Self::Struct { .. } => KindTag::Struct,
                    Self::Enum { .. } => KindTag::Enum,
                    Self::Pad => KindTag::Pad,
                    Self::Phantom => KindTag::Phantom,
                    Self::FixedString { .. } => KindTag::FixedString,
                    Self::FixedVec { .. } => KindTag::FixedVec,
                    Self::AtomicCell { .. } => KindTag::AtomicCell,
                    Self::Versioned { .. } => KindTag::Versioned,
                    Self::CacheAligned { .. } => KindTag::CacheAligned,
                    Self::Lock => KindTag::Lock,
                    Self::Event => KindTag::Event,
                }
            }
        }
    )*};
}

tags! { Kind OwnedKind }

/// Which kind a node is: the number that starts its canonical bytes, and the `kind` of its JSON. Numbers and names are
/// never reused and never changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum KindTag {
    Primitive = 1,
    Atomic = 2,
    Array = 3,
    Struct = 4,
    Enum = 5,
    Pad = 6,
    Phantom = 7,
    FixedString = 8,
    FixedVec = 9,
    AtomicCell = 10,
    Versioned = 11,
    CacheAligned = 12,
    Lock = 13,
    Event = 14,
}

impl KindTag {
    /// What people call the kind.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Primitive => "a primitive",
            Self::Atomic => "std's atomic",
            Self::Array => "an array",
            Self::Struct => "a struct",
            Self::Enum => "an enum",
            Self::Phantom => "std's marker",
            Self::Pad
            | Self::FixedString
            | Self::FixedVec
            | Self::AtomicCell
            | Self::Versioned
            | Self::CacheAligned
            | Self::Lock
            | Self::Event => "shmstore's own",
        }
    }
}

#[cfg(test)]
mod tests;
