//! The layout that a derive writes for a type of the same names and parts, by the rules of `docs/format.md`.

use shmstore::schema::{OwnedField, OwnedKind, OwnedSchema, Primitive};
use shmstore_tests::schemas::{FramePlaces, build};

/// Returns the layout with the same names and parts as it is laid out anew, or `None` if no derive accepts these parts.
pub(super) fn derived(schema: &OwnedSchema) -> Option<OwnedSchema> {
    use OwnedKind as Of;
    let is_root = match schema.kind() {
        Of::Struct { .. } => true,
        Of::AtomicCell { value } | Of::Versioned { value } | Of::Queue { value, .. } => is_named(value),
        Of::Broadcast { value, .. } | Of::Map { value, .. } => is_named(value),
        Of::Frames { element, .. } => is_named(element),
        _ => false,
    };
    if is_root { object(schema) } else { None }
}

fn is_named(schema: &OwnedSchema) -> bool {
    matches!(schema.kind(), OwnedKind::Struct { .. } | OwnedKind::Enum { .. })
}

fn object(schema: &OwnedSchema) -> Option<OwnedSchema> {
    use OwnedKind as Of;
    let boxed = |schema: OwnedSchema| Box::new(schema);
    Some(match schema.kind() {
        Of::Atomic(of) => build(of.size() as u64, of.size() as u64, Of::Atomic(*of)),
        Of::Array { len, element } => array(object(element)?, *len),
        Of::Struct { .. } => structure(schema, object)?,
        Of::Phantom => build(0, 1, Of::Phantom),
        Of::Lock => build(8, 8, Of::Lock),
        Of::Event => build(16, 8, Of::Event),
        Of::AtomicCell { value } => {
            let value = value_type(value)?;
            if value.size() > 8 {
                return None;
            }
            build(8, 8, Of::AtomicCell { value: boxed(value) })
        }
        Of::Versioned { value } => shmstore_tests::fuzz::types::real_versioned(value_type(value)?),
        Of::CacheAligned { object: of } => shmstore_tests::schemas::cache_aligned(object(of)?),
        Of::Queue { capacity, value } => shmstore_tests::schemas::queue(value_type(value)?, *capacity),
        Of::Broadcast { capacity, value } => shmstore_tests::schemas::broadcast(value_type(value)?, *capacity),
        Of::Map { capacity, key, value } => {
            if has_float_or_list(key) {
                return None;
            }
            shmstore_tests::schemas::map(value_type(key)?, value_type(value)?, *capacity)
        }
        Of::Frames { capacity, slots, element, meta } => {
            let (element, meta) = (value_type(element)?, value_type(meta)?);
            let places = FramePlaces::of((&element, *capacity), *slots, &meta);
            let align = element.align().max(meta.align()).max(64);
            let kind = Of::Frames { capacity: *capacity, slots: *slots, element: boxed(element), meta: boxed(meta) };
            build(places.first + slots * places.stride, align, kind)
        }
        _ => return None,
    })
}

fn value_type(schema: &OwnedSchema) -> Option<OwnedSchema> {
    use OwnedKind as Of;
    Some(match schema.kind() {
        Of::Primitive(of) => build(of.size() as u64, of.size() as u64, Of::Primitive(*of)),
        Of::Array { len, element } => array(value_type(element)?, *len),
        Of::Struct { fields, .. } => {
            let made = structure(schema, value_type)?;
            let bytes: u64 = fields.iter().map(|field| field.schema.size()).sum();
            if bytes != made.size() {
                return None;
            }
            made
        }
        Of::Enum { repr, variants, .. } => {
            if variants.iter().all(|variant| variant.discriminant != 0) {
                return None;
            }
            build(repr.size() as u64, repr.size() as u64, schema.kind().clone())
        }
        Of::Pad if schema.size() > 0 => build(schema.size(), 1, Of::Pad),
        Of::Phantom => build(0, 1, Of::Phantom),
        Of::FixedString { capacity: capacity @ 1..=0xffff_ffff } => {
            build(4 + capacity, 1, Of::FixedString { capacity: *capacity })
        }
        Of::FixedVec { capacity: capacity @ 1.., element } if element.align() <= 8 => {
            let element = value_type(element)?;
            let (size, align) = (8 + capacity * element.size(), element.align());
            build(size, align, Of::FixedVec { capacity: *capacity, element: Box::new(element) })
        }
        _ => return None,
    })
}

fn has_float_or_list(key: &OwnedSchema) -> bool {
    let json = key.to_json();
    [r#""primitive":"f32""#, r#""primitive":"f64""#, r#""kind":"fixed_vec""#].iter().any(|part| json.contains(part))
}

fn array(element: OwnedSchema, len: u64) -> OwnedSchema {
    build(element.size() * len, element.align(), OwnedKind::Array { len, element: Box::new(element) })
}

/// Lays the fields out. An alignment that is more than theirs is one that the type asks for.
fn structure(schema: &OwnedSchema, of: fn(&OwnedSchema) -> Option<OwnedSchema>) -> Option<OwnedSchema> {
    let OwnedKind::Struct { name, const_args, fields } = schema.kind() else { return None };
    let is_numbered = fields.iter().any(|field| field.name.starts_with(|letter: char| letter.is_ascii_digit()));
    if is_numbered && (0..).zip(fields).any(|(at, field): (usize, _)| field.name != at.to_string()) {
        return None;
    }
    let (mut end, mut align) = (0_u64, schema.align());
    let mut laid_out = Vec::new();
    for field in fields {
        let of_field = of(&field.schema)?;
        if of_field.size() == 0 && !is_nothing(&of_field) {
            return None;
        }
        let offset = end.next_multiple_of(of_field.align());
        (end, align) = (offset + of_field.size(), align.max(of_field.align()));
        laid_out.push(OwnedField { name: field.name.clone(), offset, schema: of_field });
    }
    if end == 0 {
        return None;
    }
    let kind = OwnedKind::Struct { name: name.clone(), const_args: const_args.clone(), fields: laid_out };
    Some(build(end.next_multiple_of(align), align, kind))
}

fn is_nothing(schema: &OwnedSchema) -> bool {
    match schema.kind() {
        OwnedKind::Array { element, .. } => is_nothing(element),
        kind => matches!(kind, OwnedKind::Phantom),
    }
}

/// The kinds of number that have the size of this one.
pub(super) fn numbers_of_size(size: u64) -> impl Iterator<Item = Primitive> {
    use Primitive::*;
    [U8, U16, U32, U64, I8, I16, I32, I64, F32, F64, Bool, Char].into_iter().filter(move |of| of.size() as u64 == size)
}
