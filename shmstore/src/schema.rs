//! The const description of a type's layout, from which its hash and its JSON are made.

use crate::hash::{LayoutHash, LayoutHasher};

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
}

/// A type that is not made of others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
#[allow(missing_docs)] // each is the Rust type of its name
pub enum Primitive {
    U8 = 1,
    U16,
    U32,
    U64,
    I8,
    I16,
    I32,
    I64,
    F32,
    F64,
    Bool,
    Char,
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
    #[must_use]
    pub const fn new(size: usize, align: usize, kind: Kind) -> Self {
        let hash = hash_node(size as u64, align as u64, &kind);
        Self { size, align, kind, hash }
    }

    /// Describes `T`, which is of the given kind.
    #[must_use]
    pub const fn of<T>(kind: Kind) -> Self {
        Self::new(size_of::<T>(), align_of::<T>(), kind)
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

/// Hashes a node from its own numbers and names and the finished hashes of its children.
const fn hash_node(size: u64, align: u64, kind: &Kind) -> LayoutHash {
    let node = LayoutHasher::node(kind.tag()).u64(size).u64(align);
    match kind {
        Kind::Primitive(primitive) | Kind::Atomic(primitive) => node.byte(*primitive as u8),
        Kind::Array { len, element } => node.u64(*len as u64).child(element.hash),
        Kind::Struct { name, const_args, fields } => hash_fields(hash_args(node.str(name), const_args), fields),
        Kind::Enum { name, repr, variants } => hash_variants(node.str(name).byte(*repr as u8), variants),
        Kind::Pad | Kind::Phantom => node,
        Kind::FixedString { capacity } => node.u64(*capacity as u64),
        Kind::FixedVec { capacity, element } => node.u64(*capacity as u64).child(element.hash),
        Kind::AtomicCell { value } | Kind::Versioned { value } => node.child(value.hash),
        Kind::CacheAligned { object } => node.child(object.hash),
    }
    .finish()
}

const fn hash_args(node: LayoutHasher, args: &[ConstArg]) -> LayoutHasher {
    let mut node = node.u64(args.len() as u64);
    let mut at = 0;
    while at < args.len() {
        node = node.str(args[at].name).i128(args[at].value);
        at += 1;
    }
    node
}

const fn hash_fields(node: LayoutHasher, fields: &[Field]) -> LayoutHasher {
    let mut node = node.u64(fields.len() as u64);
    let mut at = 0;
    while at < fields.len() {
        let field = &fields[at];
        node = node.str(field.name).u64(field.offset as u64).child(field.schema.hash);
        at += 1;
    }
    node
}

const fn hash_variants(node: LayoutHasher, variants: &[Variant]) -> LayoutHasher {
    let mut node = node.u64(variants.len() as u64);
    let mut at = 0;
    while at < variants.len() {
        node = node.str(variants[at].name).i128(variants[at].discriminant);
        at += 1;
    }
    node
}

impl Kind {
    /// The number that starts the canonical bytes of a node of this kind: never reused, never renumbered.
    pub(crate) const fn tag(&self) -> u8 {
        match self {
            Self::Primitive(_) => 1,
            Self::Atomic(_) => 2,
            Self::Array { .. } => 3,
            Self::Struct { .. } => 4,
            Self::Enum { .. } => 5,
            Self::Pad => 6,
            Self::Phantom => 7,
            Self::FixedString { .. } => 8,
            Self::FixedVec { .. } => 9,
            Self::AtomicCell { .. } => 10,
            Self::Versioned { .. } => 11,
            Self::CacheAligned { .. } => 12,
        }
    }
}
