//! The description of a layout with names and children of its own, as it is read from a segment or a file.

use super::SchemaError;
use super::{ConstArg, Field, Kind, Primitive, Schema, Variant, canonical, check};
use crate::layout::hash::LayoutHash;

/// The layout of a type that this program may not know. It is read from a segment or a file, or made of a [`Schema`].
///
/// A schema from [`new`](Self::new) or [`from_json`](Self::from_json) is consistent, even if it is hostile. Children
/// lie within their parents, no number overflows, names are unique within their list, and at most 40 types are nested.
/// So a program can walk it recursively, and read bytes by its offsets.
///
/// ```
/// use shmstore::schema::OwnedSchema;
/// use shmstore::ShmLayout;
///
/// let schema = OwnedSchema::from(<[f64; 4]>::SCHEMA);
/// assert_eq!(schema.to_string(), "[f64; 4]");
/// assert_eq!(schema.hash(), <[f64; 4]>::LAYOUT_HASH);
/// assert_eq!(OwnedSchema::from_json(schema.to_json())?, schema);
/// # Ok::<(), shmstore::error::SchemaError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct OwnedSchema {
    // The first field, because the derived equality compares it first, and unequal schemas mostly differ in it.
    hash: LayoutHash,
    size: u64,
    align: u64,
    kind: OwnedKind,
    depth: u8,
    bits: Bits,
}

/// The bits that the bytes of a type may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Bits {
    /// Any bits: numbers, text, padding.
    Any,
    /// Those of a value with a `bool`, `char` or enum in it.
    Checked,
    /// Those of a part of an object, which are its own matter.
    Part,
}

/// The kind of type that an [`OwnedSchema`] describes: a [`Kind`] with names and children of its own.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum OwnedKind {
    /// A number, `bool` or `char`.
    Primitive(Primitive),
    /// One of std's atomic integers.
    Atomic(Primitive),
    /// An array.
    Array {
        /// The number of elements, at least 1.
        len: u64,
        /// The layout of an element.
        element: Box<OwnedSchema>,
    },
    /// A struct.
    Struct {
        /// The struct's own name, or the one given by `#[shm(name = "…")]`.
        name: String,
        /// The values of its const parameters, in order.
        const_args: Vec<OwnedConstArg>,
        /// Its fields, in the order of their declaration.
        fields: Vec<OwnedField>,
    },
    /// An enum without fields.
    Enum {
        /// The enum's own name, or the one given by `#[shm(name = "…")]`.
        name: String,
        /// The integer that stores it.
        repr: Primitive,
        /// Its variants, in the order of their declaration.
        variants: Vec<OwnedVariant>,
    },
    /// A `Pad`: bytes that mean nothing and are zero.
    Pad,
    /// `PhantomData` or `()`, which have no bytes.
    Phantom,
    /// A `FixedString`.
    FixedString {
        /// The capacity, in bytes of text.
        capacity: u64,
    },
    /// A `FixedVec`.
    FixedVec {
        /// The capacity, in elements.
        capacity: u64,
        /// The layout of an element.
        element: Box<OwnedSchema>,
    },
    /// An `AtomicValue` value.
    AtomicCell {
        /// The layout of the value.
        value: Box<OwnedSchema>,
    },
    /// A `Versioned` value. Offsets below it are relative to the value, not to the part.
    Versioned {
        /// The layout of the value.
        value: Box<OwnedSchema>,
    },
    /// A `CacheAligned` object.
    CacheAligned {
        /// The layout of the object.
        object: Box<OwnedSchema>,
    },
    /// A `Lock`.
    Lock,
    /// An `Event`.
    Event,
    /// A `Queue` of values. Offsets below it are relative to a value, not to the part.
    Queue {
        /// The capacity, in items.
        capacity: u64,
        /// The layout of an item.
        value: Box<OwnedSchema>,
    },
    /// A `Broadcast` of values. Offsets below it are relative to a value, not to the part.
    Broadcast {
        /// The capacity, in items.
        capacity: u64,
        /// The layout of an item.
        value: Box<OwnedSchema>,
    },
    /// A `Map`. Offsets below it are relative to a key or a value, not to the part.
    Map {
        /// The capacity, in entries.
        capacity: u64,
        /// The layout of a key.
        key: Box<OwnedSchema>,
        /// The layout of a value.
        value: Box<OwnedSchema>,
    },
    /// A `Frames`. Offsets below it are relative to an element or the metadata, not to the part.
    Frames {
        /// The capacity of a frame, in elements: at least 1.
        capacity: u64,
        /// The number of slots: 3 to 16.
        slots: u64,
        /// The layout of an element, which has at least one byte.
        element: Box<OwnedSchema>,
        /// The layout of the metadata. That of `()` is a [`Phantom`](Self::Phantom).
        meta: Box<OwnedSchema>,
    },
}

/// One field of a struct.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct OwnedField {
    /// Its name, which is `0`, `1`, … in a tuple struct.
    pub name: String,
    /// Its distance from the start of the struct, in bytes.
    pub offset: u64,
    /// The layout of its type.
    pub schema: OwnedSchema,
}

/// One variant of an enum.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct OwnedVariant {
    /// Its name.
    pub name: String,
    /// Its number.
    pub discriminant: i128,
}

/// The value of one const parameter.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct OwnedConstArg {
    /// The parameter's name.
    pub name: String,
    /// The argument. `bool` and `char` are numbers here.
    pub value: i128,
}

impl OwnedSchema {
    /// Describes a type of `size` bytes, aligned to `align` bytes.
    ///
    /// # Errors
    ///
    /// [`SchemaError::Inconsistent`] if no type can have this layout.
    pub fn new(size: u64, align: u64, kind: OwnedKind) -> Result<Self, SchemaError> {
        check::check_node(size, align, &kind)?;
        Ok(Self::unchecked(size, align, kind))
    }

    fn unchecked(size: u64, align: u64, kind: OwnedKind) -> Self {
        let hash = canonical::hash_owned_node(size, align, &kind);
        let (depth, bits) = (1 + kind.depth(), kind.bits());
        Self { hash, size, align, kind, depth, bits }
    }

    /// Returns `true` for `PhantomData` and `()`.
    pub(crate) fn is_phantom(&self) -> bool {
        matches!(self.kind, OwnedKind::Phantom)
    }

    /// Returns the bits that its bytes may have.
    pub(crate) fn bits(&self) -> Bits {
        self.bits
    }

    /// Returns the size of the type, in bytes.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Returns the alignment of the type in bytes, a power of two up to 4096.
    #[must_use]
    pub fn align(&self) -> u64 {
        self.align
    }

    /// Returns the kind of the type.
    #[must_use]
    pub fn kind(&self) -> &OwnedKind {
        &self.kind
    }

    /// Returns the hash of the whole layout, computed by the rule of [`Schema::hash`].
    ///
    /// Byte order and pointer width in it are those of this program.
    #[must_use]
    pub fn hash(&self) -> LayoutHash {
        self.hash
    }
}

impl OwnedKind {
    /// The depth of the types nested below a node of this kind.
    pub(super) fn depth(&self) -> u8 {
        match self {
            Self::Primitive(_)
            | Self::Atomic(_)
            | Self::Enum { .. }
            | Self::Pad
            | Self::Phantom
            | Self::FixedString { .. }
            | Self::Lock
            | Self::Event => 0,
            Self::Struct { fields, .. } => fields.iter().map(|field| field.schema.depth).max().unwrap_or(0),
            Self::Array { element: child, .. }
            | Self::FixedVec { element: child, .. }
            | Self::AtomicCell { value: child }
            | Self::Versioned { value: child }
            | Self::Queue { value: child, .. }
            | Self::Broadcast { value: child, .. }
            | Self::CacheAligned { object: child } => child.depth,
            Self::Map { key: one, value: other, .. } | Self::Frames { element: one, meta: other, .. } => {
                one.depth.max(other.depth)
            }
        }
    }

    fn bits(&self) -> Bits {
        match self {
            Self::Primitive(Primitive::Bool | Primitive::Char) | Self::Enum { .. } => Bits::Checked,
            Self::Primitive(_) | Self::Atomic(_) | Self::Pad | Self::Phantom | Self::FixedString { .. } => Bits::Any,
            Self::Struct { fields, .. } => fields.iter().map(|field| field.schema.bits).max().unwrap_or(Bits::Any),
            Self::Array { element, .. } | Self::FixedVec { element, .. } => element.bits,
            Self::AtomicCell { .. }
            | Self::Versioned { .. }
            | Self::CacheAligned { .. }
            | Self::Lock
            | Self::Event
            | Self::Queue { .. }
            | Self::Broadcast { .. }
            | Self::Map { .. }
            | Self::Frames { .. } => Bits::Part,
        }
    }
}

impl OwnedField {
    /// Returns `true` if the field has a value of its own, because it is neither padding nor `PhantomData`.
    pub(crate) fn has_meaning(&self) -> bool {
        !matches!(self.schema.kind, OwnedKind::Pad | OwnedKind::Phantom)
    }
}

impl From<&Schema> for OwnedSchema {
    fn from(schema: &Schema) -> Self {
        Self::unchecked(schema.size() as u64, schema.align() as u64, OwnedKind::from(schema.kind()))
    }
}

impl From<&Kind> for OwnedKind {
    fn from(kind: &Kind) -> Self {
        let boxed = |schema: &Schema| Box::new(OwnedSchema::from(schema));
        match *kind {
            Kind::Primitive(primitive) => Self::Primitive(primitive),
            Kind::Atomic(primitive) => Self::Atomic(primitive),
            Kind::Array { len, element } => Self::Array { len: len as u64, element: boxed(element) },
            Kind::Struct { name, const_args, fields } => Self::Struct {
                name: name.into(),
                const_args: const_args.iter().map(OwnedConstArg::from).collect(),
                fields: fields.iter().map(OwnedField::from).collect(),
            },
            Kind::Enum { name, repr, variants } => {
                Self::Enum { name: name.into(), repr, variants: variants.iter().map(OwnedVariant::from).collect() }
            }
            Kind::Pad => Self::Pad,
            Kind::Phantom => Self::Phantom,
            Kind::FixedString { capacity } => Self::FixedString { capacity: capacity as u64 },
            Kind::FixedVec { capacity, element } => {
                Self::FixedVec { capacity: capacity as u64, element: boxed(element) }
            }
            Kind::AtomicCell { value } => Self::AtomicCell { value: boxed(value) },
            Kind::Versioned { value } => Self::Versioned { value: boxed(value) },
            Kind::CacheAligned { object } => Self::CacheAligned { object: boxed(object) },
            Kind::Lock => Self::Lock,
            Kind::Event => Self::Event,
            Kind::Queue { capacity, value } => Self::Queue { capacity: capacity as u64, value: boxed(value) },
            Kind::Broadcast { capacity, value } => Self::Broadcast { capacity: capacity as u64, value: boxed(value) },
            Kind::Map { capacity, key, value } => {
                Self::Map { capacity: capacity as u64, key: boxed(key), value: boxed(value) }
            }
            Kind::Frames { capacity, slots, element, meta } => Self::Frames {
                capacity: capacity as u64,
                slots: slots as u64,
                element: boxed(element),
                meta: boxed(meta),
            },
        }
    }
}

impl From<&Field> for OwnedField {
    fn from(field: &Field) -> Self {
        Self { name: field.name.into(), offset: field.offset as u64, schema: field.schema.into() }
    }
}

impl From<&Variant> for OwnedVariant {
    fn from(variant: &Variant) -> Self {
        Self { name: variant.name.into(), discriminant: variant.discriminant }
    }
}

impl From<&ConstArg> for OwnedConstArg {
    fn from(arg: &ConstArg) -> Self {
        Self { name: arg.name.into(), value: arg.value }
    }
}
