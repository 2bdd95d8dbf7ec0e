//! Schemas of types that a program describes while it runs, with the sizes that the compiler gives the same types.

use super::untyped::{FramesOffsets, MapOffsets, RingOffsets, VersionedOffsets};
use crate::error::SchemaError;
use crate::layout::schema::{OwnedConstArg, OwnedField, OwnedKind, OwnedSchema, OwnedVariant, Primitive};

/// Types that a program describes while it runs. Size, alignment and hash are those of the Rust type.
///
/// They are checked as [`new`](OwnedSchema::new) does. What only a derive refuses, such as padding in a value, is
/// accepted here.
///
/// ```
/// use shmstore::schema::{OwnedSchema, Primitive};
/// use shmstore::{Queue, ShmLayout, ShmValue, Versioned};
///
/// #[derive(Clone, Copy, ShmValue)]
/// #[repr(C)]
/// struct Position { x: f64, y: f64 }
///
/// let f64 = OwnedSchema::primitive(Primitive::F64);
/// let fields = vec![("x".into(), f64.clone()), ("y".into(), f64)];
/// let position = OwnedSchema::structure("Position", fields, 1, vec![])?;
/// assert_eq!(position.hash(), Position::LAYOUT_HASH);
/// assert_eq!(OwnedSchema::versioned(position.clone())?.hash(), Versioned::<Position>::LAYOUT_HASH);
/// assert_eq!(OwnedSchema::queue(position, 64)?.hash(), Queue::<Position, 64>::LAYOUT_HASH);
/// # Ok::<(), shmstore::error::SchemaError>(())
/// ```
///
/// # Errors
///
/// All that return a `Result`: [`SchemaError::Inconsistent`] if there is no such type, for example because a capacity
/// is 0, or because it is larger than memory.
impl OwnedSchema {
    /// A number, `bool` or `char`.
    ///
    /// # Panics
    ///
    /// Never panics, because each of these types has a schema.
    #[must_use]
    pub fn primitive(primitive: Primitive) -> Self {
        let size = primitive.size() as u64;
        Self::new(size, size, OwnedKind::Primitive(primitive)).expect("each primitive has a schema")
    }

    /// One of std's atomic integers.
    pub fn atomic(integer: Primitive) -> Result<Self, SchemaError> {
        let size = integer.size() as u64;
        Self::new(size, size, OwnedKind::Atomic(integer))
    }

    /// `[element; len]`.
    pub fn array(element: Self, len: u64) -> Result<Self, SchemaError> {
        let align = element.align();
        let size = product(element.size(), len)?;
        Self::new(size, align, OwnedKind::Array { len, element: Box::new(element) })
    }

    /// A `#[repr(C)]` struct of fields with these names and types, aligned to at least `min_align` bytes. `const_args`
    /// are its const arguments with their names.
    ///
    /// The offset of each field is the end of the one before, rounded up to its alignment.
    pub fn structure(
        name: impl Into<String>,
        fields: Vec<(String, Self)>,
        min_align: u64,
        const_args: Vec<(String, i128)>,
    ) -> Result<Self, SchemaError> {
        let (mut end, mut align) = (0_u64, min_align);
        let mut placed = Vec::with_capacity(fields.len());
        for (name, schema) in fields {
            let offset = end.checked_next_multiple_of(schema.align()).ok_or_else(too_large)?;
            end = offset.checked_add(schema.size()).ok_or_else(too_large)?;
            align = align.max(schema.align());
            placed.push(OwnedField { name, offset, schema });
        }
        let size = end.checked_next_multiple_of(align.max(1)).ok_or_else(too_large)?;
        let const_args = const_args.into_iter().map(|(name, value)| OwnedConstArg { name, value }).collect();
        Self::new(size, align, OwnedKind::Struct { name: name.into(), const_args, fields: placed })
    }

    /// An enum without fields that `repr` stores, with its variants.
    pub fn enumeration(
        name: impl Into<String>,
        repr: Primitive,
        variants: Vec<(String, i128)>,
    ) -> Result<Self, SchemaError> {
        let size = repr.size() as u64;
        let variants = variants.into_iter().map(|(name, discriminant)| OwnedVariant { name, discriminant }).collect();
        Self::new(size, size, OwnedKind::Enum { name: name.into(), repr, variants })
    }

    /// [`Pad<N>`](crate::Pad) with N = `bytes`.
    pub fn pad(bytes: u64) -> Result<Self, SchemaError> {
        at_least_one(bytes, "a `Pad`", "byte")?;
        Self::new(bytes, 1, OwnedKind::Pad)
    }

    /// `()` or `PhantomData`.
    ///
    /// # Panics
    ///
    /// Never panics, because the type has a schema.
    #[must_use]
    pub fn phantom() -> Self {
        Self::new(0, 1, OwnedKind::Phantom).expect("`()` has a schema")
    }

    /// [`FixedString<N>`](crate::FixedString) with N = `capacity`.
    pub fn fixed_string(capacity: u64) -> Result<Self, SchemaError> {
        at_least_one(capacity, "a `FixedString`", "byte of text")?;
        if capacity > u32::MAX.into() {
            return Err(SchemaError::inconsistent(format_args!("a `FixedString` has a capacity below 2^32")));
        }
        Self::new(4 + capacity, 1, OwnedKind::FixedString { capacity })
    }

    /// [`FixedVec<element, N>`](crate::FixedVec) with N = `capacity`.
    pub fn fixed_vec(element: Self, capacity: u64) -> Result<Self, SchemaError> {
        at_least_one(capacity, "a `FixedVec`", "element")?;
        let align = element.align();
        if align > 8 {
            return Err(SchemaError::inconsistent(format_args!(
                "elements of a `FixedVec` are aligned to at most 8 bytes"
            )));
        }
        let size = product(element.size(), capacity)?.checked_add(8).ok_or_else(too_large)?;
        Self::new(size, align, OwnedKind::FixedVec { capacity, element: Box::new(element) })
    }

    /// [`AtomicValue<value>`](crate::AtomicValue).
    pub fn atomic_value(value: Self) -> Result<Self, SchemaError> {
        if value.size() > 8 {
            let size = value.size();
            return Err(SchemaError::inconsistent(format_args!(
                "an `AtomicValue` has a value of at most 8 bytes, not of {size}"
            )));
        }
        Self::new(8, 8, OwnedKind::AtomicCell { value: Box::new(value) })
    }

    /// [`Versioned<value>`](crate::Versioned).
    pub fn versioned(value: Self) -> Result<Self, SchemaError> {
        let at = VersionedOffsets::of(value.size(), value.align()).ok_or_else(too_large)?;
        Self::new(at.size, at.align, OwnedKind::Versioned { value: Box::new(value) })
    }

    /// [`CacheAligned<object>`](crate::CacheAligned).
    pub fn cache_aligned(object: Self) -> Result<Self, SchemaError> {
        const LINES: u64 = 128;
        let align = object.align().max(LINES);
        let size = object.size().checked_next_multiple_of(align).ok_or_else(too_large)?;
        Self::new(size, align, OwnedKind::CacheAligned { object: Box::new(object) })
    }

    /// A [`Lock`](crate::Lock).
    ///
    /// # Panics
    ///
    /// Never panics, because the type has a schema.
    #[must_use]
    pub fn lock() -> Self {
        Self::new(8, 8, OwnedKind::Lock).expect("`Lock` has a schema")
    }

    /// An [`Event`](crate::Event).
    ///
    /// # Panics
    ///
    /// Never panics, because the type has a schema.
    #[must_use]
    pub fn event() -> Self {
        Self::new(16, 8, OwnedKind::Event).expect("`Event` has a schema")
    }

    /// [`Queue<value, N>`](crate::Queue) with N = `capacity`.
    pub fn queue(value: Self, capacity: u64) -> Result<Self, SchemaError> {
        let at = RingOffsets::of_queue(value.size(), value.align(), capacity).ok_or_else(too_large)?;
        Self::new(at.size, at.align, OwnedKind::Queue { capacity, value: Box::new(value) })
    }

    /// [`Broadcast<value, N>`](crate::Broadcast) with N = `capacity`.
    pub fn broadcast(value: Self, capacity: u64) -> Result<Self, SchemaError> {
        let at = RingOffsets::of_broadcast(value.size(), value.align(), capacity).ok_or_else(too_large)?;
        Self::new(at.size, at.align, OwnedKind::Broadcast { capacity, value: Box::new(value) })
    }

    /// [`Map<key, value, N>`](crate::Map) with N = `capacity`.
    pub fn map(key: Self, value: Self, capacity: u64) -> Result<Self, SchemaError> {
        let sizes = |of: &Self| (of.size(), of.align());
        let at = MapOffsets::of(sizes(&key), sizes(&value), capacity).ok_or_else(too_large)?;
        Self::new(at.size, at.align, OwnedKind::Map { capacity, key: Box::new(key), value: Box::new(value) })
    }

    /// [`Frames<element, N, K, meta>`](crate::Frames) with N = `capacity` and K = `slots`.
    pub fn frames(element: Self, capacity: u64, slots: u64, meta: Self) -> Result<Self, SchemaError> {
        let sizes = |of: &Self| (of.size(), of.align());
        let at = FramesOffsets::of(sizes(&element), capacity, slots, sizes(&meta)).ok_or_else(too_large)?;
        let (element, meta) = (Box::new(element), Box::new(meta));
        Self::new(at.size, at.align, OwnedKind::Frames { capacity, slots, element, meta })
    }
}

fn too_large() -> SchemaError {
    SchemaError::inconsistent(format_args!("the type is larger than memory, or has too many items"))
}

fn product(size: u64, count: u64) -> Result<u64, SchemaError> {
    size.checked_mul(count).ok_or_else(too_large)
}

fn at_least_one(count: u64, of: &str, what: &str) -> Result<(), SchemaError> {
    if count > 0 {
        Ok(())
    } else {
        Err(SchemaError::inconsistent(format_args!("{of} has room for at least one {what}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layout::schema::samples;

    /// Makes a schema again, of its kind alone.
    fn made_again(schema: &OwnedSchema) -> OwnedSchema {
        let again = |schema: &OwnedSchema| made_again(schema);
        let made = match schema.kind() {
            OwnedKind::Primitive(of) => Ok(OwnedSchema::primitive(*of)),
            OwnedKind::Atomic(of) => OwnedSchema::atomic(*of),
            OwnedKind::Array { len, element } => OwnedSchema::array(again(element), *len),
            OwnedKind::Struct { name, const_args, fields } => {
                let fields = fields.iter().map(|field| (field.name.clone(), again(&field.schema))).collect();
                let args = const_args.iter().map(|arg| (arg.name.clone(), arg.value)).collect();
                OwnedSchema::structure(name, fields, 1, args)
            }
            OwnedKind::Enum { name, repr, variants } => {
                let variants = variants.iter().map(|variant| (variant.name.clone(), variant.discriminant)).collect();
                OwnedSchema::enumeration(name, *repr, variants)
            }
            OwnedKind::Pad => OwnedSchema::pad(schema.size()),
            OwnedKind::Phantom => Ok(OwnedSchema::phantom()),
            OwnedKind::FixedString { capacity } => OwnedSchema::fixed_string(*capacity),
            OwnedKind::FixedVec { capacity, element } => OwnedSchema::fixed_vec(again(element), *capacity),
            OwnedKind::AtomicCell { value } => OwnedSchema::atomic_value(again(value)),
            OwnedKind::Versioned { value } => OwnedSchema::versioned(again(value)),
            OwnedKind::CacheAligned { object } => OwnedSchema::cache_aligned(again(object)),
            OwnedKind::Lock => Ok(OwnedSchema::lock()),
            OwnedKind::Event => Ok(OwnedSchema::event()),
            OwnedKind::Queue { capacity, value } => OwnedSchema::queue(again(value), *capacity),
            OwnedKind::Broadcast { capacity, value } => OwnedSchema::broadcast(again(value), *capacity),
            OwnedKind::Map { capacity, key, value } => OwnedSchema::map(again(key), again(value), *capacity),
            OwnedKind::Frames { capacity, slots, element, meta } => {
                OwnedSchema::frames(again(element), *capacity, *slots, again(meta))
            }
        };
        made.unwrap_or_else(|error| panic!("{schema}: {error}"))
    }

    #[test]
    fn schema_of_each_kind_is_made_again_of_its_parts() {
        for schema in samples::EVERY_KIND.map(OwnedSchema::from) {
            assert_eq!(made_again(&schema), schema);
        }
    }

    #[test]
    fn types_that_rust_does_not_have_are_refused() {
        let byte = || OwnedSchema::primitive(Primitive::U8);
        let vast = || OwnedSchema::pad(i64::MAX as u64).unwrap();
        let quad = OwnedSchema::structure("Quad", vec![("a".into(), byte())], 16, vec![]).unwrap();
        assert_eq!((quad.size(), quad.align()), (16, 16));
        let refused = [
            OwnedSchema::atomic(Primitive::F64),
            OwnedSchema::array(byte(), 0),
            OwnedSchema::array(vast(), 3),
            OwnedSchema::structure(
                "S",
                vec![("a".into(), vast()), ("b".into(), vast()), ("c".into(), vast())],
                1,
                vec![],
            ),
            OwnedSchema::structure("S", vec![], 0, vec![]),
            OwnedSchema::pad(0),
            OwnedSchema::fixed_string(0),
            OwnedSchema::fixed_string(1 << 32),
            OwnedSchema::fixed_vec(byte(), 0),
            OwnedSchema::fixed_vec(quad, 1),
            OwnedSchema::atomic_value(OwnedSchema::pad(9).unwrap()),
            OwnedSchema::versioned(vast()),
            OwnedSchema::queue(byte(), 0),
            OwnedSchema::queue(byte(), 1 << 31),
            OwnedSchema::broadcast(byte(), 1),
            OwnedSchema::map(byte(), byte(), 0),
            OwnedSchema::frames(byte(), 0, 3, byte()),
            OwnedSchema::frames(byte(), 1, 17, byte()),
        ];
        for schema in refused {
            schema.expect_err("there is no such type");
        }
    }
}
