//! The bytes of objects with given values, as `docs/format.md` says.

use shmstore::inspect::{SavedObject, Value};
use shmstore::schema::{OwnedKind, OwnedSchema, Primitive};

use crate::fuzz::saved::file_of;
use crate::schemas::FramePlaces;

/// A saved object with these values.
pub fn saved(schema: &OwnedSchema, value: &Value) -> SavedObject {
    let mut bytes = vec![0; schema.size() as usize];
    encode(&mut bytes, 0, schema, value);
    saved_bytes(schema, &bytes)
}

/// A saved object with these bytes.
pub fn saved_bytes(schema: &OwnedSchema, bytes: &[u8]) -> SavedObject {
    SavedObject::parse(&file_of(b'M', &schema.to_json(), schema.hash(), bytes, 7)).expect("all of it is right")
}

/// A `FixedVec`, whose elements begin at 8.
pub fn vec_of(element: OwnedSchema, capacity: u64) -> OwnedSchema {
    let align = element.align().max(8);
    let size = (8 + element.size() * capacity).next_multiple_of(align);
    crate::schemas::build(size, align, OwnedKind::FixedVec { capacity, element: Box::new(element) })
}

fn put(bytes: &mut [u8], at: u64, part: &[u8]) {
    bytes[at as usize..][..part.len()].copy_from_slice(part);
}

fn put64(bytes: &mut [u8], at: u64, word: u64) {
    put(bytes, at, &word.to_le_bytes());
}

fn put_number(bytes: &mut [u8], at: u64, of: Primitive, number: i128) {
    put(bytes, at, &number.to_le_bytes()[..of.size()]);
}

/// Writes a value of a type.
///
/// # Panics
///
/// Panics if the value is of another type.
pub fn encode(bytes: &mut [u8], at: u64, schema: &OwnedSchema, value: &Value) {
    use OwnedKind as Of;
    match (schema.kind(), value) {
        (Of::Primitive(of) | Of::Atomic(of), Value::Unsigned(number)) => put_number(bytes, at, *of, (*number).into()),
        (Of::Primitive(of) | Of::Atomic(of), Value::Signed(number)) => put_number(bytes, at, *of, (*number).into()),
        (Of::Primitive(_), Value::F32(number)) => put(bytes, at, &number.to_le_bytes()),
        (Of::Primitive(_), Value::F64(number)) => put(bytes, at, &number.to_le_bytes()),
        (Of::Primitive(_), Value::Bool(flag)) => put(bytes, at, &[u8::from(*flag)]),
        (Of::Primitive(_), Value::Char(letter)) => put(bytes, at, &u32::from(*letter).to_le_bytes()),
        (Of::Enum { repr, .. }, Value::Variant { discriminant, .. }) => put_number(bytes, at, *repr, *discriminant),
        (Of::Array { element, .. }, Value::List { first, .. }) => elements(bytes, at, element, first),
        (Of::FixedVec { element, .. }, Value::List { first, .. }) => {
            put64(bytes, at, first.len() as u64);
            elements(bytes, at + 8, element, first);
        }
        (Of::Struct { fields, .. }, Value::Struct { fields: values, .. }) => {
            for (name, value) in values {
                let field = fields.iter().find(|field| field.name == *name).expect("a field of the type");
                encode(bytes, at + field.offset, &field.schema, value);
            }
        }
        (Of::FixedString { .. }, Value::Text(text)) => {
            put(bytes, at, &(text.len() as u32).to_le_bytes());
            put(bytes, at + 4, text.as_bytes());
        }
        (Of::AtomicCell { value: of }, value) => encode(bytes, at, of, value),
        (Of::CacheAligned { object }, value) => encode(bytes, at, object, value),
        (Of::Versioned { value: of }, Value::Versioned { version, value, .. }) => {
            let unit = of.align().max(16);
            let slot = of.size().next_multiple_of(unit);
            let slots = 80_u64.next_multiple_of(unit);
            let slots = if slot % 64 == 0 { slots.next_multiple_of(64) } else { slots };
            put64(bytes, at + 64, 2 * version);
            encode(bytes, at + slots + version % 2 * slot, of, value);
        }
        (Of::Lock, Value::Lock { inconsistent, .. }) => put(bytes, at + 4, &[u8::from(*inconsistent)]),
        (Of::Event, Value::Event { count }) => put64(bytes, at, count << 1),
        (Of::Queue { capacity, value: of }, Value::Queue { pushed, first, .. }) => {
            let cursor = pushed - first.len() as u64;
            for position in pushed.saturating_sub(*capacity)..*pushed {
                let (slot, lap) = (at + slot_of(256, of, position % capacity), position / capacity);
                match first.get(position.wrapping_sub(cursor) as usize) {
                    Some(value) => {
                        put64(bytes, slot, lap << 33 | 1 << 32);
                        encode(bytes, slot + of.align().max(16), of, value);
                    }
                    None => put64(bytes, slot, (lap + 1) << 33),
                }
            }
            for (word, position) in [(16, *pushed), (152, cursor), (160, cursor)] {
                put64(bytes, at + word, position);
            }
        }
        (Of::Broadcast { capacity, value: of }, Value::Broadcast { sent, last, .. }) => {
            for position in sent.saturating_sub(*capacity)..*sent {
                let slot = at + slot_of(128, of, position % capacity);
                match last.iter().find(|(there, _)| *there == position) {
                    Some((_, value)) => {
                        put64(bytes, slot, 2 * position + 2);
                        encode(bytes, slot + of.align().max(16), of, value);
                    }
                    None => put64(bytes, slot, 2 * (position + capacity) + 1),
                }
            }
            put64(bytes, at + 16, *sent);
        }
        (Of::Map { capacity, key, value: of }, Value::Map { changes, first, .. }) => {
            let align = schema.align();
            let (unit, key_at) = (of.align().max(16), 48_u64.next_multiple_of(key.align()));
            let slots = (key_at + key.size().next_multiple_of(16)).next_multiple_of(unit);
            let slot = of.size().next_multiple_of(unit);
            let entries = at + (256 + 16 * capacity).next_multiple_of(align);
            for (index, (name, value)) in (0..).zip(first) {
                let entry = entries + index * (slots + 2 * slot).next_multiple_of(align);
                let Value::Versioned { version, value, .. } = value else { panic!("{value:?}") };
                // The first key of the entry, which is in the map.
                put64(bytes, entry, 1 << 2 | 2);
                put64(bytes, entry + 32, 2 * version);
                encode(bytes, entry + key_at, key, name);
                encode(bytes, entry + slots + version % 2 * slot, of, value);
            }
            // The chains are made when the file is read.
            put(bytes, at + 28, &(first.len() as u32).to_le_bytes());
            put64(bytes, at + 40, *changes);
            put64(bytes, at + 128, if first.is_empty() { 0 } else { 0x5eed });
        }
        (Of::Frames { .. }, Value::Frames { newest: 0, .. }) => {}
        (Of::Frames { capacity, slots, element, meta: of }, Value::Frames { newest, meta, first, .. }) => {
            let places = FramePlaces::of((element, *capacity), *slots, of);
            let slot = newest % slots;
            let frame = at + places.first + slot * places.stride;
            put64(bytes, at + 128, newest << 4 | slot);
            put64(bytes, at + 136 + 8 * slot, 2 << 62 | newest);
            put64(bytes, frame, first.len() as u64);
            encode(bytes, frame + places.meta, of, meta);
            elements(bytes, frame + places.elements, element, first);
        }
        (Of::Pad | Of::Phantom, Value::Nothing) => {}
        (kind, value) => panic!("{value:?} is no {kind:?}"),
    }
}

fn elements(bytes: &mut [u8], at: u64, element: &OwnedSchema, values: &[Value]) {
    for (index, value) in (0..).zip(values) {
        encode(bytes, at + index * element.size(), element, value);
    }
}

/// The offset of a slot in a queue or broadcast.
fn slot_of(words: u64, value: &OwnedSchema, index: u64) -> u64 {
    let align = value.align().max(64);
    let slot = (value.align().max(16) + value.size().next_multiple_of(16)).next_multiple_of(align);
    words.next_multiple_of(align) + index * slot
}
