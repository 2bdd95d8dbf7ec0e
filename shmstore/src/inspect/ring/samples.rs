//! The bytes of queues and broadcasts in any state, for unit tests.

use crate::layout::schema::{OwnedKind, OwnedSchema, Primitive};
use crate::sync::{RingOffsets, broadcast_words, queue_words};

fn item() -> Box<OwnedSchema> {
    Box::new(OwnedSchema::new(8, 8, OwnedKind::Primitive(Primitive::U64)).unwrap())
}

/// `Queue<u64, capacity>`.
pub(crate) fn queue(capacity: u64) -> OwnedSchema {
    let size = RingOffsets::of_queue(8, 8, capacity).unwrap().size;
    OwnedSchema::new(size, 64, OwnedKind::Queue { capacity, value: item() }).unwrap()
}

/// `Broadcast<u64, capacity>`.
pub(crate) fn broadcast(capacity: u64) -> OwnedSchema {
    let size = RingOffsets::of_broadcast(8, 8, capacity).unwrap().size;
    OwnedSchema::new(size, 64, OwnedKind::Broadcast { capacity, value: item() }).unwrap()
}

/// The words of a queue, and the word and value of each slot.
pub(crate) fn queue_bytes([head, cursor, tail]: [u64; 3], slots: &[(u64, u64)]) -> Vec<u8> {
    let words = [(queue_words::HEAD, head), (queue_words::CURSOR, cursor), (queue_words::TAIL, tail)];
    bytes(RingOffsets::of_queue(8, 8, slots.len() as u64).unwrap(), &words, slots)
}

/// The tail of a broadcast, and the sequence number and value of each slot.
pub(crate) fn broadcast_bytes(tail: u64, slots: &[(u64, u64)]) -> Vec<u8> {
    bytes(RingOffsets::of_broadcast(8, 8, slots.len() as u64).unwrap(), &[(broadcast_words::TAIL, tail)], slots)
}

fn bytes(offsets: RingOffsets, words: &[(u64, u64)], slots: &[(u64, u64)]) -> Vec<u8> {
    let mut bytes = vec![0; offsets.size as usize];
    words.iter().for_each(|&(at, word)| put(&mut bytes, at, word));
    for (index, &(word, value)) in slots.iter().enumerate() {
        let slot = offsets.slots + index as u64 * offsets.stride;
        put(&mut bytes, slot, word);
        put(&mut bytes, slot + offsets.value, value);
    }
    bytes
}

/// Writes a word.
pub(crate) fn put(bytes: &mut [u8], at: u64, word: u64) {
    bytes[at as usize..][..8].copy_from_slice(&word.to_le_bytes());
}
