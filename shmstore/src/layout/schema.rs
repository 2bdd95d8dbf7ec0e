//! The description of a type's layout as a constant, from which its hash and its JSON are made.

mod below;
mod canonical;
mod check;
mod error;
mod json;
mod kind_tag;
mod owned;
mod part_path;
mod primitive;
mod type_name;

#[cfg(test)]
pub(crate) mod samples;

use crate::layout::hash::LayoutHash;

use below::{all_bits_are_valid, check_below, depth_below, is_refused_below};

pub(crate) use below::has_refused;
pub use error::SchemaError;
pub(crate) use kind_tag::KindTag;
pub(crate) use owned::Bits;
pub use owned::{OwnedConstArg, OwnedField, OwnedKind, OwnedSchema, OwnedVariant};
pub use primitive::Primitive;

/// The greatest depth of nested types. It bounds every recursion over a schema from another program.
///
/// A struct takes three levels of JSON, and serde's reader stops at 128 levels.
pub(crate) const MAX_DEPTH: u8 = 40;
/// The greatest alignment of a type, which is that of the start of an object.
pub(crate) const MAX_ALIGN: u64 = 4096;

/// The layout of a type: its size, alignment and kind, down to the last primitive.
///
/// The derives build it at compile time, as [`ShmLayout::SCHEMA`](crate::ShmLayout::SCHEMA). Names of structs, fields,
/// enums and variants are part of it. Module paths and crate names are not.
///
/// ```
/// use shmstore::schema::Kind;
/// use shmstore::ShmLayout;
///
/// let schema = <[f64; 4]>::SCHEMA;
/// assert_eq!((schema.size(), schema.align()), (32, 8));
/// assert!(matches!(schema.kind(), Kind::Array { len: 4, .. }));
/// ```
#[derive(Debug)]
pub struct Schema {
    size: usize,
    align: usize,
    kind: Kind,
    hash: LayoutHash,
    depth: u8,
    any_bits: bool,
    /// Whether a derive has refused the type, or a type in it. Its alignment is 0 then, which no other type has.
    refused: bool,
}

/// The kind of type that a [`Schema`] describes, with its components.
#[derive(Debug)]
#[non_exhaustive]
pub enum Kind {
    /// A number, `bool` or `char`.
    Primitive(Primitive),
    /// One of std's atomic integers.
    Atomic(Primitive),
    /// An array.
    Array {
        /// The number of elements, at least 1.
        len: usize,
        /// The layout of an element.
        element: &'static Schema,
    },
    /// A struct.
    Struct {
        /// The struct's own name, or the one given by `#[shm(name = "…")]`.
        name: &'static str,
        /// The values of its const parameters, in order.
        const_args: &'static [ConstArg],
        /// Its fields, in the order of their declaration.
        fields: &'static [Field],
    },
    /// An enum without fields.
    Enum {
        /// The enum's own name, or the one given by `#[shm(name = "…")]`.
        name: &'static str,
        /// The integer that stores it.
        repr: Primitive,
        /// Its variants, in the order of their declaration.
        variants: &'static [Variant],
    },
    /// A [`Pad`](crate::Pad): bytes that mean nothing and are zero.
    Pad,
    /// `PhantomData` or `()`, which have no bytes.
    Phantom,
    /// A [`FixedString`](crate::FixedString).
    FixedString {
        /// The capacity, in bytes of text.
        capacity: usize,
    },
    /// A [`FixedVec`](crate::FixedVec).
    FixedVec {
        /// The capacity, in elements.
        capacity: usize,
        /// The layout of an element.
        element: &'static Schema,
    },
    /// An [`AtomicValue`](crate::AtomicValue) value.
    AtomicCell {
        /// The layout of the value.
        value: &'static Schema,
    },
    /// A [`Versioned`](crate::Versioned) value. Offsets below it are relative to the value, not to the part.
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
    /// A [`Queue`](crate::Queue) of values. Offsets below it are relative to a value, not to the part.
    Queue {
        /// The capacity, in items: 1 to 2^31 − 1.
        capacity: usize,
        /// The layout of an item.
        value: &'static Schema,
    },
    /// A [`Broadcast`](crate::Broadcast) of values. Offsets below it are relative to a value, not to the part.
    Broadcast {
        /// The capacity, in items: 2 to 2^31 − 1.
        capacity: usize,
        /// The layout of an item.
        value: &'static Schema,
    },
    /// A [`Map`](crate::Map). Offsets below it are relative to a key or a value, not to the part.
    Map {
        /// The capacity, in entries: 1 to 2^31 − 1.
        capacity: usize,
        /// The layout of a key.
        key: &'static Schema,
        /// The layout of a value.
        value: &'static Schema,
    },
    /// A [`Frames`](crate::Frames). Offsets below it are relative to an element or the metadata, not to the part.
    Frames {
        /// The capacity of a frame, in elements: at least 1.
        capacity: usize,
        /// The number of slots: 3 to 16.
        slots: usize,
        /// The layout of an element, which has at least one byte.
        element: &'static Schema,
        /// The layout of the metadata. That of `()` is a [`Phantom`](Self::Phantom).
        meta: &'static Schema,
    },
}

/// One field of a struct.
#[derive(Debug)]
pub struct Field {
    /// Its name, which is `0`, `1`, … in a tuple struct.
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
    /// Its number.
    pub discriminant: i128,
}

/// The value of one const parameter.
#[derive(Debug)]
pub struct ConstArg {
    /// The parameter's name.
    pub name: &'static str,
    /// The argument. `bool` and `char` are numbers here.
    pub value: i128,
}

impl Schema {
    /// Describes a type of `size` bytes, aligned to `align` bytes.
    ///
    /// # Panics
    ///
    /// Panics in each of these cases, in which no other process could read the schema. In a constant that is a compile
    /// error.
    ///
    /// - Types are nested more than 40 levels deep.
    /// - A name is empty or longer than 255 bytes.
    /// - The alignment is more than 4096.
    /// - An array below this type has no elements.
    /// - A queue or map has a capacity of 0, a broadcast one of 0 or 1, or one of them a capacity of 2^31 or more.
    /// - Frames have a capacity of 0, less than 3 or more than 16 slots, or elements without bytes.
    #[must_use]
    pub const fn new(size: usize, align: usize, kind: Kind) -> Self {
        let depth = 1 + depth_below(&kind);
        assert!(depth <= MAX_DEPTH, "types in shared memory are nested at most 40 levels deep: use fewer levels");
        assert!(
            align as u64 <= MAX_ALIGN,
            "types in shared memory are aligned to at most 4096 bytes: lower `align(…)`"
        );
        check_below(&kind);
        let hash = canonical::hash_node(size as u64, align as u64, &kind);
        let any_bits = all_bits_are_valid(&kind);
        let refused = align == 0 || is_refused_below(&kind);
        Self { size, align, kind, hash, depth, any_bits, refused }
    }

    /// Describes `T`, which is of the given kind.
    ///
    /// # Panics
    ///
    /// Panics in the same cases as [`new`](Self::new).
    #[must_use]
    pub const fn of<T>(kind: Kind) -> Self {
        Self::new(size_of::<T>(), align_of::<T>(), kind)
    }

    /// Returns `true` if every bit pattern is valid, because no `bool`, `char` or enum is read without a check.
    pub(crate) const fn has_any_bits(&self) -> bool {
        self.any_bits
    }

    /// Returns `true` for `PhantomData`, `()` and arrays of them, which are the only types without bytes.
    pub(crate) const fn is_phantom(&self) -> bool {
        match &self.kind {
            Kind::Phantom => true,
            Kind::Array { len, element } => *len > 0 && element.is_phantom(),
            _ => false,
        }
    }

    /// Checks that this is not an array without elements. No other process could read the schema of such an array.
    pub(crate) const fn has_elements(&self) {
        assert!(
            !matches!(self.kind, Kind::Array { len: 0, .. }),
            "an array in shared memory has at least one element: remove it, or make it longer"
        );
    }

    /// Returns the size of the type, in bytes.
    #[must_use]
    pub const fn size(&self) -> usize {
        self.size
    }

    /// Returns the alignment of the type in bytes, a power of two up to 4096.
    #[must_use]
    pub const fn align(&self) -> usize {
        self.align
    }

    /// Returns the kind of the type.
    #[must_use]
    pub const fn kind(&self) -> &Kind {
        &self.kind
    }

    /// Returns the hash of the whole layout, which was computed when the schema was built.
    #[must_use]
    pub const fn hash(&self) -> LayoutHash {
        self.hash
    }
}

#[cfg(test)]
mod tests;
