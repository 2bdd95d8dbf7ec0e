//! The checks that make a schema from another program harmless: each of its nodes can be the layout of a type.
//!
//! A schema is refused only for errors that could harm a reader: a child outside its parent, a number that overflows, a
//! name that is used twice. The inner layout of shmstore's own parts is not checked, but there has to be room in them
//! for their value.

use std::collections::HashSet;
use std::fmt;

use super::SchemaError;
use super::{MAX_ALIGN, MAX_DEPTH, OwnedConstArg, OwnedField, OwnedKind, OwnedSchema, OwnedVariant, Primitive};
use crate::layout::hash::MAX_NAME;

type Check = Result<(), SchemaError>;

/// Checks one node. Its children were checked when they were made.
pub(super) fn check_node(size: u64, align: u64, kind: &OwnedKind) -> Check {
    ensure(align.is_power_of_two() && align <= MAX_ALIGN, format_args!("align {align} is no power of two up to 4096"))?;
    ensure(size % align == 0, format_args!("size {size} is no multiple of align {align}"))?;
    ensure(size <= i64::MAX as u64, format_args!("size {size} is larger than any type"))?;
    ensure(kind.depth() < MAX_DEPTH, format_args!("types are nested more than {MAX_DEPTH} levels deep"))?;
    match kind {
        OwnedKind::Primitive(primitive) => check_number(size, *primitive),
        OwnedKind::Atomic(integer) => check_integer(*integer).and(check_number(size, *integer)),
        OwnedKind::Array { len, element } => check_array(size, align, *len, element),
        OwnedKind::Struct { name, const_args, fields } => check_struct((size, align), name, const_args, fields),
        OwnedKind::Enum { name, repr, variants } => check_number(size, *repr).and(check_enum(name, *repr, variants)),
        OwnedKind::Pad => ensure(align == 1, format_args!("padding has align 1")),
        OwnedKind::Phantom => ensure(size == 0 && align == 1, format_args!("`PhantomData` has size 0 and align 1")),
        OwnedKind::FixedString { capacity } => check_room(size, Some(*capacity)),
        OwnedKind::FixedVec { capacity, element } => check_room(size, element.size().checked_mul(*capacity)),
        OwnedKind::AtomicCell { value } | OwnedKind::Versioned { value } => check_room(size, Some(value.size())),
        OwnedKind::CacheAligned { object } => check_part((size, align), 0, object),
        OwnedKind::Lock => ensure((size, align) == (8, 8), format_args!("a `Lock` has size 8 and align 8")),
        OwnedKind::Event => ensure((size, align) == (16, 8), format_args!("an `Event` has size 16 and align 8")),
        OwnedKind::Queue { capacity, value } => check_ring("a `Queue`", size, 1, *capacity, value),
        OwnedKind::Broadcast { capacity, value } => check_ring("a `Broadcast`", size, 2, *capacity, value),
        OwnedKind::Map { capacity, key, value } => check_map(size, *capacity, key, value),
        OwnedKind::Frames { capacity, slots, element, meta } => check_frames(size, (*capacity, *slots), element, meta),
    }
}

fn ensure(holds: bool, problem: fmt::Arguments<'_>) -> Check {
    if holds { Ok(()) } else { Err(SchemaError::inconsistent(problem)) }
}

// The alignment of a number depends on the target, so any is accepted. Some targets align eight bytes to four.
fn check_number(size: u64, primitive: Primitive) -> Check {
    ensure(size == primitive.size() as u64, format_args!("size {size} is not that of `{primitive}`"))
}

fn check_integer(primitive: Primitive) -> Check {
    ensure(primitive.range().is_some(), format_args!("`{primitive}` is no integer"))
}

fn check_array(size: u64, align: u64, len: u64, element: &OwnedSchema) -> Check {
    ensure(len > 0, format_args!("an array has at least one element"))?;
    let fits = element.size().checked_mul(len) == Some(size) && element.align() == align;
    ensure(fits, format_args!("size {size} and align {align} are not those of {len} elements"))
}

fn check_struct(parent: (u64, u64), name: &str, args: &[OwnedConstArg], fields: &[OwnedField]) -> Check {
    check_name(name)?;
    check_names("const_args", args.iter().map(|arg| arg.name.as_str()))?;
    check_names("fields", fields.iter().map(|field| field.name.as_str()))?;
    fields.iter().enumerate().try_for_each(|(at, field)| {
        check_part(parent, field.offset, &field.schema).map_err(|error| error.below(format_args!(".fields[{at}]")))
    })
}

/// Checks that a child lies within its parent, and is aligned wherever the parent's alignment lets the parent start.
fn check_part((size, align): (u64, u64), offset: u64, part: &OwnedSchema) -> Check {
    let within = offset.checked_add(part.size()).is_some_and(|end| end <= size);
    ensure(within, format_args!("{} bytes at offset {offset} end after the {size} bytes around them", part.size()))?;
    let aligned = offset % part.align() == 0 && part.align() <= align;
    ensure(aligned, format_args!("offset {offset} in a type of align {align} does not keep align {}", part.align()))
}

fn check_enum(name: &str, repr: Primitive, variants: &[OwnedVariant]) -> Check {
    check_name(name)?;
    check_integer(repr)?;
    check_names("variants", variants.iter().map(|variant| variant.name.as_str()))?;
    let mut used = HashSet::new();
    variants.iter().enumerate().try_for_each(|(at, &OwnedVariant { discriminant, .. })| {
        let fits = repr.range().is_some_and(|(least, most)| (least..=most).contains(&discriminant));
        ensure(fits, format_args!("{discriminant} is no `{repr}`"))
            .and_then(|()| ensure(used.insert(discriminant), format_args!("{discriminant} is used twice")))
            .map_err(|error| error.below(format_args!(".variants[{at}]")))
    })
}

/// Checks that one of shmstore's own parts has room for its content. `None` is a content of more than `u64::MAX` bytes.
fn check_room(size: u64, needed: Option<u64>) -> Check {
    ensure(needed.is_some_and(|needed| needed <= size), format_args!("size {size} has no room for its content"))
}

/// Returns `true` if a queue, broadcast or map of at least `least` items may have this capacity.
pub(super) const fn is_capacity(capacity: u64, least: u64) -> bool {
    least <= capacity && capacity < 1 << 31
}

/// Checks a part with `capacity` slots. Each has a word of 16 bytes and a value.
fn check_ring(part: &str, size: u64, least: u64, capacity: u64, value: &OwnedSchema) -> Check {
    ensure(is_capacity(capacity, least), format_args!("{part} has {least} to 2147483647 slots"))?;
    check_room(size, value.size().checked_add(16).and_then(|slot| slot.checked_mul(capacity)))
}

/// Checks a map of `capacity` entries. Each has 48 bytes of words, a key and two values, and 8 bytes elsewhere.
fn check_map(size: u64, capacity: u64, key: &OwnedSchema, value: &OwnedSchema) -> Check {
    ensure(is_capacity(capacity, 1), format_args!("a `Map` has room for 1 to 2147483647 entries"))?;
    let entry = value.size().checked_mul(2).and_then(|values| values.checked_add(key.size())?.checked_add(48 + 8));
    check_room(size, entry.and_then(|entry| entry.checked_mul(capacity)))
}

/// Returns `true` if a `Frames` may have this number of slots.
pub(super) const fn is_slots(slots: u64) -> bool {
    3 <= slots && slots <= 16
}

/// Checks frames. Each of the `slots` has two words, metadata and up to `capacity` elements.
fn check_frames(size: u64, (capacity, slots): (u64, u64), element: &OwnedSchema, meta: &OwnedSchema) -> Check {
    ensure(capacity > 0, format_args!("a frame of a `Frames` has room for at least one element"))?;
    ensure(is_slots(slots), format_args!("a `Frames` has 3 to 16 slots"))?;
    ensure(element.size() > 0, format_args!("an element of a `Frames` has at least one byte"))?;
    let frame = element.size().checked_mul(capacity).and_then(|bytes| bytes.checked_add(meta.size())?.checked_add(16));
    check_room(size, frame.and_then(|frame| frame.checked_mul(slots)))
}

fn check_name(name: &str) -> Check {
    let fits = (1..=MAX_NAME).contains(&name.len());
    ensure(fits, format_args!("a name of {} bytes: a name has 1 to {MAX_NAME} bytes", name.len()))
}

fn check_names<'a>(list: &str, names: impl Iterator<Item = &'a str>) -> Check {
    let mut used = HashSet::new();
    names.enumerate().try_for_each(|(at, name)| {
        check_name(name)
            .and_then(|()| ensure(used.insert(name), format_args!("the name {name:?} is used twice")))
            .map_err(|error| error.below(format_args!(".{list}[{at}]")))
    })
}

#[cfg(test)]
mod tests {
    use super::super::samples;
    use super::*;
    use crate::layout::schema::OwnedKind as Of;

    fn number(primitive: Primitive) -> OwnedSchema {
        let size = primitive.size() as u64;
        OwnedSchema::new(size, size, Of::Primitive(primitive)).unwrap()
    }

    fn field(name: &str, offset: u64, primitive: Primitive) -> OwnedField {
        OwnedField { name: name.into(), offset, schema: number(primitive) }
    }

    fn structure(fields: Vec<OwnedField>) -> OwnedKind {
        Of::Struct { name: "S".into(), const_args: vec![], fields }
    }

    fn enumeration(repr: Primitive, variants: &[(&str, i128)]) -> OwnedKind {
        let variant = |&(name, discriminant): &(&str, i128)| OwnedVariant { name: name.into(), discriminant };
        Of::Enum { name: "E".into(), repr, variants: variants.iter().map(variant).collect() }
    }

    fn map(capacity: u64, key: OwnedSchema, value: OwnedSchema) -> OwnedKind {
        Of::Map { capacity, key: Box::new(key), value: Box::new(value) }
    }

    fn frames(capacity: u64, slots: u64, element: OwnedSchema, meta: OwnedSchema) -> OwnedKind {
        Of::Frames { capacity, slots, element: Box::new(element), meta: Box::new(meta) }
    }

    fn nothing() -> OwnedSchema {
        OwnedSchema::new(0, 1, Of::Phantom).unwrap()
    }

    /// A value so large that two of them have more bytes than a number counts.
    fn vast() -> OwnedSchema {
        OwnedSchema::new(i64::MAX as u64, 1, Of::Pad).unwrap()
    }

    #[test]
    fn a_schema_of_each_kind_is_accepted() {
        for schema in samples::EVERY_KIND {
            check_node(schema.size() as u64, schema.align() as u64, &schema.kind().into()).unwrap();
        }
    }

    #[test]
    fn layout_that_no_type_can_have_is_refused_with_its_json_path_and_the_reason() {
        use Primitive::{F32, U8, U32, U64};
        let boxed = |primitive| Box::new(number(primitive));
        let cases: Vec<(u64, u64, OwnedKind, &str)> = vec![
            (3, 3, Of::Pad, "`$`: align 3 is no power"),
            (0, 8192, structure(vec![]), "`$`: align 8192 is no power"),
            (6, 4, structure(vec![]), "`$`: size 6 is no multiple"),
            (1 << 63, 1, Of::Pad, "is larger than any type"),
            (4, 4, Of::Primitive(U8), "size 4 is not that of `u8`"),
            (4, 4, Of::Atomic(F32), "`f32` is no integer"),
            (0, 1, Of::Array { len: 0, element: boxed(U8) }, "at least one element"),
            (8, 4, Of::Array { len: 3, element: boxed(U32) }, "are not those of 3 elements"),
            (8, 8, Of::Array { len: u64::MAX, element: boxed(U64) }, "are not those of"),
            (4, 4, structure(vec![field("a", 4, U32)]), "`$.fields[0]`: 4 bytes at offset 4 end after the 4 bytes"),
            (4, 4, structure(vec![field("a", u64::MAX - 3, U32)]), "end after the 4 bytes"),
            (8, 4, structure(vec![field("a", 2, U32)]), "does not keep align 4"),
            (4, 1, structure(vec![field("a", 0, U32)]), "does not keep align 4"),
            (
                2,
                1,
                structure(vec![field("a", 0, U8), field("a", 1, U8)]),
                "`$.fields[1]`: the name \"a\" is used twice",
            ),
            (1, 1, structure(vec![field("", 0, U8)]), "`$.fields[0]`: a name of 0 bytes"),
            (1, 1, structure(vec![field(&"n".repeat(256), 0, U8)]), "a name of 256 bytes"),
            (4, 4, enumeration(F32, &[]), "`f32` is no integer"),
            (1, 1, enumeration(U8, &[("A", 256)]), "`$.variants[0]`: 256 is no `u8`"),
            (1, 1, enumeration(U8, &[("A", 0), ("B", 0)]), "`$.variants[1]`: 0 is used twice"),
            (1, 1, enumeration(U8, &[("A", 0), ("A", 1)]), "the name \"A\" is used twice"),
            (1, 1, Of::Phantom, "`PhantomData` has size 0"),
            (4, 4, Of::Pad, "padding has align 1"),
            (4, 4, Of::FixedString { capacity: 5 }, "has no room"),
            (8, 8, Of::FixedVec { capacity: u64::MAX, element: boxed(U64) }, "has no room"),
            (4, 4, Of::Versioned { value: boxed(U64) }, "has no room"),
            (4, 4, Of::AtomicCell { value: boxed(U64) }, "has no room"),
            (64, 4, Of::CacheAligned { object: boxed(U64) }, "does not keep align 8"),
            (16, 8, Of::Lock, "`$`: a `Lock` has size 8 and align 8"),
            (8, 4, Of::Lock, "a `Lock` has size 8"),
            (8, 8, Of::Event, "`$`: an `Event` has size 16 and align 8"),
            (16, 16, Of::Event, "an `Event` has size 16"),
            (256, 64, Of::Queue { capacity: 0, value: boxed(U64) }, "a `Queue` has 1 to 2147483647 slots"),
            (1 << 40, 64, Of::Queue { capacity: 1 << 31, value: boxed(U64) }, "a `Queue` has 1 to 2147483647"),
            (192, 64, Of::Broadcast { capacity: 1, value: boxed(U64) }, "a `Broadcast` has 2 to 2147483647"),
            (1 << 40, 64, Of::Broadcast { capacity: u64::MAX, value: boxed(U64) }, "a `Broadcast` has 2 to"),
            (64, 64, Of::Queue { capacity: 3, value: boxed(U64) }, "size 64 has no room for its content"),
            (64, 64, Of::Broadcast { capacity: 3, value: boxed(U64) }, "size 64 has no room for its content"),
            (64, 64, Of::Queue { capacity: 9, value: Box::new(vast()) }, "has no room for its content"),
            (256, 64, map(0, number(U64), number(U64)), "a `Map` has room for 1 to 2147483647 entries"),
            (1 << 40, 64, map(1 << 31, number(U64), number(U64)), "a `Map` has room for 1 to 2147483647 entries"),
            (64, 64, map(1, number(U64), number(U64)), "size 64 has no room for its content"),
            (64, 64, map(1, vast(), number(U8)), "has no room for its content"),
            (64, 64, map(2, number(U8), vast()), "has no room for its content"),
            (1024, 64, frames(0, 3, number(U8), number(U8)), "has room for at least one element"),
            (1024, 64, frames(1, 2, number(U8), number(U8)), "a `Frames` has 3 to 16 slots"),
            (1024, 64, frames(1, 17, number(U8), number(U8)), "a `Frames` has 3 to 16 slots"),
            (1024, 64, frames(1, 3, nothing(), number(U8)), "an element of a `Frames` has at least one byte"),
            (64, 64, frames(8, 3, number(U8), nothing()), "size 64 has no room for its content"),
            (1024, 64, frames(3, 3, vast(), nothing()), "has no room for its content"),
            (1024, 64, frames(1, 3, number(U8), vast()), "has no room for its content"),
        ];
        for (size, align, kind, says) in cases {
            let error = OwnedSchema::new(size, align, kind.clone()).expect_err(&format!("{kind:?}")).to_string();
            assert!(error.contains(says), "{kind:?}: {error}");
        }
    }

    #[test]
    fn types_nest_forty_levels_deep_and_no_deeper() {
        let mut schema = number(Primitive::U8);
        for _ in 1..MAX_DEPTH {
            schema = OwnedSchema::new(1, 1, Of::Array { len: 1, element: Box::new(schema) }).unwrap();
        }
        let error = OwnedSchema::new(1, 1, Of::Array { len: 1, element: Box::new(schema) }).unwrap_err();
        assert!(error.to_string().contains("more than 40 levels"), "{error}");
    }
}
