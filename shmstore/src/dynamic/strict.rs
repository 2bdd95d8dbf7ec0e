//! The strict check of a schema: whether the derives would have written it for a type of this platform.

use std::fmt;

use crate::layout::SchemaError;
use crate::layout::schema::{OwnedConstArg, OwnedField, OwnedKind, OwnedSchema, Primitive};
use crate::sync::{FramesOffsets, MapOffsets, RingOffsets, VersionedOffsets};

type Check = Result<(), SchemaError>;

/// The place where a type stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    /// In an object, which is referenced in shared memory.
    Object,
    /// In a value, which is copied through shared memory.
    Value,
}

impl OwnedSchema {
    /// Checks that a type with this layout can be created as an object by itself. A derive writes exactly these layouts
    /// for a type with a type-id-char on this platform.
    ///
    /// A schema that was read is only consistent: a program can read bytes by its offsets. This check is the one for
    /// writing. It refuses what no type has:
    ///
    /// - A root that is neither a struct of parts, nor an `AtomicValue`, `Versioned`, `Queue`, `Broadcast`, `Map` or
    ///   `Frames` of a struct or an enum.
    /// - Fields that are not where `#[repr(C)]` puts them, in order, or a size or an alignment that it does not give.
    ///   `#[repr(C, align(…))]` permits a greater alignment.
    /// - A value in place of a part, a part in a value, or a gap in a value.
    /// - An enum without a variant of value 0.
    /// - A part or a number of another size or alignment than this platform's.
    /// - An `AtomicValue` of more than 8 bytes, or a key of a map that has a float or a `FixedVec` in it.
    /// - Names that are no identifiers. The name of a struct or an enum may be any.
    ///
    /// ```
    /// use shmstore::schema::{OwnedField, OwnedKind, OwnedSchema, Primitive};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let rover = |offset| {
    ///     let schema = OwnedSchema::new(8, 8, OwnedKind::Atomic(Primitive::U64))?;
    ///     let fields = vec![OwnedField { name: "frames".into(), offset, schema }];
    ///     OwnedSchema::new(offset + 8, 8, OwnedKind::Struct { name: "Rover".into(), const_args: vec![], fields })
    /// };
    /// rover(0)?.is_an_object()?;
    /// let error = rover(8)?.is_an_object().unwrap_err().to_string();
    /// assert_eq!(error, "the schema is wrong at `$.fields[0]`: offset 8, where `#[repr(C)]` has offset 0");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`SchemaError::Inconsistent`] with the first node that no type has, and the rule that it breaks.
    pub fn is_an_object(&self) -> Result<(), SchemaError> {
        let value = match self.kind() {
            OwnedKind::Struct { .. } => None,
            OwnedKind::AtomicCell { value }
            | OwnedKind::Versioned { value }
            | OwnedKind::Queue { value, .. }
            | OwnedKind::Broadcast { value, .. }
            | OwnedKind::Map { value, .. }
            | OwnedKind::Frames { element: value, .. } => Some(value),
            _ => return refuse(format_args!("{} is no object by itself: put it into a struct", self.with_article())),
        };
        if let Some(value) = value {
            let has_id = matches!(value.kind(), OwnedKind::Struct { .. } | OwnedKind::Enum { .. });
            let [whole, value] = [self.with_article(), value.with_article()];
            ensure(has_id, format_args!("{whole} is no object by itself, because {value} has no type-id-char"))?;
        }
        check(self, Role::Object)
    }

    /// Returns `true` if values of this type can be the keys of a map.
    pub(crate) fn is_key(&self) -> bool {
        match self.kind() {
            OwnedKind::Primitive(of) => !matches!(of, Primitive::F32 | Primitive::F64),
            OwnedKind::Enum { .. } | OwnedKind::FixedString { .. } | OwnedKind::Pad | OwnedKind::Phantom => true,
            OwnedKind::Array { element, .. } => element.is_key(),
            OwnedKind::Struct { fields, .. } => fields.iter().all(|field| field.schema.is_key()),
            _ => false,
        }
    }
}

fn ensure(holds: bool, problem: fmt::Arguments<'_>) -> Check {
    if holds { Ok(()) } else { refuse(problem) }
}

fn refuse(problem: fmt::Arguments<'_>) -> Check {
    Err(SchemaError::inconsistent(problem))
}

fn check(schema: &OwnedSchema, role: Role) -> Check {
    use OwnedKind as Of;
    let below = |part: &OwnedSchema, role: Role, name: &str| {
        check(part, role).map_err(|error| error.below(format_args!(".{name}")))
    };
    let value_in = |name: &str, value: &OwnedSchema| below(value, Role::Value, name);
    match (schema.kind(), role) {
        (Of::Array { element, .. }, _) => below(element, role, "element"),
        (Of::Struct { const_args, fields, .. }, _) => {
            check_const_args(const_args)?;
            check_fields(schema, fields, role)
        }
        (Of::Phantom, _) => Ok(()),

        (Of::Atomic(of), Role::Object) => has_layout(schema, Some(of.size() as u64), of.size() as u64),
        (Of::AtomicCell { value }, Role::Object) => {
            value_in("value", value)?;
            // So the value has at most 8 bytes, because there is room for it.
            has_layout(schema, Some(8), 8)
        }
        (Of::Versioned { value }, Role::Object) => {
            value_in("value", value)?;
            let at = VersionedOffsets::of(value.size(), value.align());
            has_layout_of(schema, at.map(|at| (at.size, at.align)))
        }
        (Of::CacheAligned { object }, Role::Object) => {
            below(object, Role::Object, "object")?;
            let align = object.align().max(128);
            has_layout(schema, object.size().checked_next_multiple_of(align), align)
        }
        // Their sizes were checked when the schema was made.
        (Of::Lock | Of::Event, Role::Object) => Ok(()),
        (Of::Queue { capacity, value }, Role::Object) => {
            value_in("value", value)?;
            let at = RingOffsets::of_queue(value.size(), value.align(), *capacity);
            has_layout_of(schema, at.map(|at| (at.size, at.align)))
        }
        (Of::Broadcast { capacity, value }, Role::Object) => {
            value_in("value", value)?;
            let at = RingOffsets::of_broadcast(value.size(), value.align(), *capacity);
            has_layout_of(schema, at.map(|at| (at.size, at.align)))
        }
        (Of::Map { capacity, key, value }, Role::Object) => {
            value_in("key", key)?;
            let name = key.with_article();
            ensure(
                key.is_key(),
                format_args!("{name} cannot be a key of a map, because there is a float or a `FixedVec` in it"),
            )
            .map_err(|error| error.below(format_args!(".key")))?;
            value_in("value", value)?;
            let at = MapOffsets::of((key.size(), key.align()), (value.size(), value.align()), *capacity);
            has_layout_of(schema, at.map(|at| (at.size, at.align)))
        }
        (Of::Frames { capacity, slots, element, meta }, Role::Object) => {
            value_in("element", element)?;
            value_in("meta", meta)?;
            let [element, meta] = [element, meta].map(|part| (part.size(), part.align()));
            let at = FramesOffsets::of(element, *capacity, *slots, meta);
            has_layout_of(schema, at.map(|at| (at.size, at.align)))
        }

        (Of::Primitive(of), Role::Value) => has_layout(schema, Some(of.size() as u64), of.size() as u64),
        (Of::Enum { repr, variants, .. }, Role::Value) => {
            check_names("variants", variants.iter().map(|variant| variant.name.as_str()))?;
            let has_zero = variants.iter().any(|variant| variant.discriminant == 0);
            ensure(has_zero, format_args!("an enum has a variant of value 0, because shared memory starts as zeros"))?;
            has_layout(schema, Some(repr.size() as u64), repr.size() as u64)
        }
        (Of::Pad, Role::Value) => ensure(schema.size() > 0, format_args!("a `Pad` has at least one byte")),
        (Of::FixedString { capacity }, Role::Value) => {
            let is_possible = (1..=u64::from(u32::MAX)).contains(capacity);
            ensure(is_possible, format_args!("a `FixedString` has room for 1 to 4294967295 bytes"))?;
            has_layout(schema, capacity.checked_add(4), 1)
        }
        (Of::FixedVec { capacity, element }, Role::Value) => {
            value_in("element", element)?;
            ensure(*capacity > 0, format_args!("a `FixedVec` has room for at least one element"))?;
            // So the elements are aligned to at most 8 bytes, because a size is a multiple of its alignment.
            let size = element.size().checked_mul(*capacity).and_then(|all| all.checked_add(8));
            has_layout(schema, size, element.align())
        }

        (_, Role::Object) => refuse(format_args!(
            "{} is a value, and an object is made of parts: put it into a `Versioned` or an `AtomicValue`",
            schema.with_article()
        )),
        (_, Role::Value) => {
            refuse(format_args!("{} is a part of an object, and cannot be in a value", schema.with_article()))
        }
    }
}

fn has_layout_of(schema: &OwnedSchema, of_part: Option<(u64, u64)>) -> Check {
    let (size, align) = of_part.map_or((None, schema.align()), |(size, align)| (Some(size), align));
    has_layout(schema, size, align)
}

/// Checks size and alignment. `None` is a size that no memory has.
fn has_layout(schema: &OwnedSchema, size: Option<u64>, align: u64) -> Check {
    let Some(size) = size else { return refuse(format_args!("`{schema}` has more bytes than any memory")) };
    let found = (schema.size(), schema.align());
    ensure(
        found == (size, align),
        format_args!("size {} and align {}, where `{schema}` has size {size} and align {align}", found.0, found.1),
    )
}

/// Checks that `#[repr(C)]` puts the fields where they are, and that a value has no gap.
fn check_fields(schema: &OwnedSchema, fields: &[OwnedField], role: Role) -> Check {
    ensure(schema.size() > 0, format_args!("a struct has at least one byte"))?;
    let is_tuple = fields.iter().enumerate().all(|(at, field)| field.name == at.to_string());
    if !is_tuple {
        check_names("fields", fields.iter().map(|field| field.name.as_str()))?;
    }
    let mut end = 0;
    fields.iter().enumerate().try_for_each(|(at, field)| {
        let part = &field.schema;
        let here = |error: SchemaError| error.below(format_args!(".fields[{at}]"));
        let is_there = part.size() > 0 || has_no_bytes(part);
        ensure(is_there, format_args!("a field has at least one byte, or is `PhantomData`")).map_err(here)?;
        // Each field lies within the struct, so nothing overflows.
        let offset = u64::next_multiple_of(end, part.align());
        let found = field.offset;
        ensure(found == offset, format_args!("offset {found}, where `#[repr(C)]` has offset {offset}"))
            .map_err(here)?;
        no_gap(role, end, offset).map_err(here)?;
        end = offset + part.size();
        check(part, role).map_err(|error| error.below(format_args!(".fields[{at}].type")))
    })?;
    let (size, whole) = (schema.size(), end.next_multiple_of(schema.align()));
    ensure(size == whole, format_args!("size {size}, where `#[repr(C)]` has size {whole}"))?;
    no_gap(role, end, whole)
}

/// Checks that a value has no bytes that belong to no field, from one offset to another.
fn no_gap(role: Role, from: u64, to: u64) -> Result<(), SchemaError> {
    let bytes = to - from;
    ensure(
        bytes == 0 || role == Role::Object,
        format_args!("a gap of {bytes} bytes at offset {from}, where a value has a `Pad`"),
    )
}

/// Returns `true` for `PhantomData`, `()` and arrays of them.
fn has_no_bytes(schema: &OwnedSchema) -> bool {
    match schema.kind() {
        OwnedKind::Phantom => true,
        OwnedKind::Array { element, .. } => has_no_bytes(element),
        _ => false,
    }
}

fn check_names<'a>(list: &str, names: impl Iterator<Item = &'a str>) -> Check {
    names.enumerate().try_for_each(|(at, name)| {
        ensure(is_identifier(name), format_args!("{name:?} is no identifier"))
            .map_err(|error| error.below(format_args!(".{list}[{at}]")))
    })
}

fn check_const_args(args: &[OwnedConstArg]) -> Check {
    check_names("const_args", args.iter().map(|arg| arg.name.as_str()))?;
    args.iter().enumerate().try_for_each(|(at, OwnedConstArg { value, .. })| {
        let has_64_bits = i64::try_from(*value).is_ok() || u64::try_from(*value).is_ok();
        ensure(has_64_bits, format_args!("{value} has more than 64 bits"))
            .map_err(|error| error.below(format_args!(".const_args[{at}]")))
    })
}

/// Returns `true` if Rust may accept the name. Beyond ASCII it depends on the version of Unicode, so it is not decided
/// here.
fn is_identifier(name: &str) -> bool {
    let is_letter = |letter: char| letter == '_' || letter.is_ascii_alphabetic() || !letter.is_ascii();
    let is_part = |letter: char| is_letter(letter) || letter.is_ascii_digit();
    let is_visible = |letter: char| !letter.is_whitespace() && !letter.is_control();
    let is_reserved = name.get(..5).is_some_and(|start| start.eq_ignore_ascii_case("__shm"));
    name != "_"
        && !is_reserved
        && name.starts_with(is_letter)
        && name.chars().all(|one| is_part(one) && is_visible(one))
}
