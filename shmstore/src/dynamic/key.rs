//! The bytes of keys of maps.

use std::borrow::Cow;
use std::ops::Range;

use crate::layout::map_key;
use crate::layout::schema::{OwnedKind, OwnedSchema};

/// Returns the bytes that all equal keys have, as [`ShmKey`](crate::ShmKey) does in a typed program: padding, and what
/// follows a text, is zero. `key` has the size of the type.
pub(super) fn clean<'b>(schema: &OwnedSchema, key: &'b [u8]) -> Cow<'b, [u8]> {
    let mut key = Cow::Borrowed(key);
    visit(schema, 0, &mut key);
    key
}

fn visit(schema: &OwnedSchema, at: usize, key: &mut Cow<'_, [u8]>) {
    match schema.kind() {
        OwnedKind::Pad => zero(key, at..at + schema.size() as usize),
        OwnedKind::FixedString { capacity } => {
            let (len, text, capacity) = (map_key::bits(&key[at..at + 4]), at + 4, *capacity as usize);
            if len > capacity as u64 {
                key.to_mut()[at..text].copy_from_slice(&(capacity as u32).to_le_bytes());
            }
            zero(key, text + capacity.min(len as usize)..text + capacity);
        }
        OwnedKind::Array { len, element } if !is_clean(element) => {
            (0..*len as usize).for_each(|index| visit(element, at + index * element.size() as usize, key));
        }
        OwnedKind::Struct { fields, .. } => {
            fields.iter().for_each(|field| visit(&field.schema, at + field.offset as usize, key));
        }
        _ => {}
    }
}

fn zero(key: &mut Cow<'_, [u8]>, range: Range<usize>) {
    if key[range.clone()].iter().any(|byte| *byte != 0) {
        key.to_mut()[range].fill(0);
    }
}

/// Returns `true` if all bytes of a key distinguish it.
fn is_clean(schema: &OwnedSchema) -> bool {
    match schema.kind() {
        OwnedKind::Pad | OwnedKind::FixedString { .. } => false,
        OwnedKind::Array { element, .. } => is_clean(element),
        OwnedKind::Struct { fields, .. } => fields.iter().all(|field| is_clean(&field.schema)),
        _ => true,
    }
}
