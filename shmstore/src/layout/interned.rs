//! Layouts that were read from segments and files, kept as those of types of this program are.

use super::schema::{
    ConstArg, Field, Kind, OwnedConstArg, OwnedField, OwnedKind, OwnedSchema, OwnedVariant, Schema, Variant,
};

/// The layout of an object, in both forms. It is kept until the program ends.
#[derive(Debug)]
pub(crate) struct Interned {
    pub(crate) schema: &'static Schema,
    pub(crate) owned: OwnedSchema,
}

impl Interned {
    /// Makes the other form of a layout. `None` if it does not fit into memory.
    pub(crate) fn new(owned: &OwnedSchema) -> Option<Self> {
        Some(Self { schema: leak(owned)?, owned: owned.clone() })
    }
}

fn leak(owned: &OwnedSchema) -> Option<&'static Schema> {
    let (size, align) = (usize::try_from(owned.size()).ok()?, usize::try_from(owned.align()).ok()?);
    Some(Box::leak(Box::new(Schema::new(size, align, kind(owned.kind())?))))
}

fn kind(kind: &OwnedKind) -> Option<Kind> {
    let number = |number: &u64| usize::try_from(*number).ok();
    Some(match kind {
        OwnedKind::Primitive(primitive) => Kind::Primitive(*primitive),
        OwnedKind::Atomic(primitive) => Kind::Atomic(*primitive),
        OwnedKind::Array { len, element } => Kind::Array { len: number(len)?, element: leak(element)? },
        OwnedKind::Struct { name, const_args, fields } => Kind::Struct {
            name: text(name),
            const_args: leak_all(
                const_args
                    .iter()
                    .map(|OwnedConstArg { name, value }| Some(ConstArg { name: text(name), value: *value })),
            )?,
            fields: leak_all(fields.iter().map(|OwnedField { name, offset, schema }| {
                Some(Field { name: text(name), offset: number(offset)?, schema: leak(schema)? })
            }))?,
        },
        OwnedKind::Enum { name, repr, variants } => Kind::Enum {
            name: text(name),
            repr: *repr,
            variants: leak_all(variants.iter().map(|OwnedVariant { name, discriminant }| {
                Some(Variant { name: text(name), discriminant: *discriminant })
            }))?,
        },
        OwnedKind::Pad => Kind::Pad,
        OwnedKind::Phantom => Kind::Phantom,
        OwnedKind::FixedString { capacity } => Kind::FixedString { capacity: number(capacity)? },
        OwnedKind::FixedVec { capacity, element } => {
            Kind::FixedVec { capacity: number(capacity)?, element: leak(element)? }
        }
        OwnedKind::AtomicCell { value } => Kind::AtomicCell { value: leak(value)? },
        OwnedKind::Versioned { value } => Kind::Versioned { value: leak(value)? },
        OwnedKind::CacheAligned { object } => Kind::CacheAligned { object: leak(object)? },
        OwnedKind::Lock => Kind::Lock,
        OwnedKind::Event => Kind::Event,
        OwnedKind::Queue { capacity, value } => Kind::Queue { capacity: number(capacity)?, value: leak(value)? },
        OwnedKind::Broadcast { capacity, value } => {
            Kind::Broadcast { capacity: number(capacity)?, value: leak(value)? }
        }
        OwnedKind::Map { capacity, key, value } => {
            Kind::Map { capacity: number(capacity)?, key: leak(key)?, value: leak(value)? }
        }
        OwnedKind::Frames { capacity, slots, element, meta } => Kind::Frames {
            capacity: number(capacity)?,
            slots: number(slots)?,
            element: leak(element)?,
            meta: leak(meta)?,
        },
    })
}

fn text(text: &str) -> &'static str {
    Box::leak(text.into())
}

fn leak_all<T>(items: impl Iterator<Item = Option<T>>) -> Option<&'static [T]> {
    let items: Vec<T> = items.collect::<Option<_>>()?;
    Some(Box::leak(items.into()))
}
