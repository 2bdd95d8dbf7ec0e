//! What a node of a schema takes from the nodes below it.

use super::{Field, Kind, Primitive, check};

/// Checks the children of a node. The derives check the fields of a struct, so that the message is shown at the field.
pub(super) const fn check_below(kind: &Kind) {
    match kind {
        Kind::Array { element, .. } | Kind::FixedVec { element, .. } => element.has_elements(),
        Kind::AtomicCell { value } | Kind::Versioned { value } => value.has_elements(),
        Kind::CacheAligned { object } => object.has_elements(),
        Kind::Queue { capacity, value } => {
            assert!(check::is_capacity(*capacity as u64, 1), "a `Queue` has 1 to 2147483647 slots");
            value.has_elements();
        }
        Kind::Broadcast { capacity, value } => {
            assert!(check::is_capacity(*capacity as u64, 2), "a `Broadcast` has 2 to 2147483647 slots");
            value.has_elements();
        }
        Kind::Map { capacity, key, value } => {
            assert!(check::is_capacity(*capacity as u64, 1), "a `Map` has room for 1 to 2147483647 entries");
            key.has_elements();
            value.has_elements();
        }
        Kind::Frames { capacity, slots, element, meta } => {
            assert!(*capacity > 0, "a frame of a `Frames` has room for at least one element");
            assert!(check::is_slots(*slots as u64), "a `Frames` has 3 to 16 slots");
            element.has_elements();
            meta.has_elements();
            assert!(
                element.refused || element.size() > 0,
                "an element of a `Frames` has at least one byte: use another type"
            );
        }
        _ => {}
    }
}

pub(super) const fn depth_below(kind: &Kind) -> u8 {
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
        Kind::AtomicCell { value }
        | Kind::Versioned { value }
        | Kind::Queue { value, .. }
        | Kind::Broadcast { value, .. } => value.depth,
        Kind::Map { key: one, value: other, .. } | Kind::Frames { element: one, meta: other, .. } => {
            if one.depth > other.depth { one.depth } else { other.depth }
        }
        Kind::CacheAligned { object } => object.depth,
    }
}

pub(super) const fn is_refused_below(kind: &Kind) -> bool {
    match kind {
        Kind::Struct { fields, .. } => has_refused(fields),
        Kind::Array { element, .. } | Kind::FixedVec { element, .. } => element.refused,
        Kind::AtomicCell { value }
        | Kind::Versioned { value }
        | Kind::Queue { value, .. }
        | Kind::Broadcast { value, .. } => value.refused,
        Kind::Map { key: one, value: other, .. } | Kind::Frames { element: one, meta: other, .. } => {
            one.refused || other.refused
        }
        Kind::CacheAligned { object } => object.refused,
        _ => false,
    }
}

/// Returns `true` if a derive has refused the type of a field.
pub(crate) const fn has_refused(fields: &[Field]) -> bool {
    let mut at = 0;
    while at < fields.len() {
        if fields[at].schema.refused {
            return true;
        }
        at += 1;
    }
    false
}

/// Parts of objects check their value on every load, so any bits are valid in them.
pub(super) const fn all_bits_are_valid(kind: &Kind) -> bool {
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
