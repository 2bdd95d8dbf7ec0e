//! Little that is written, and much that is made of it.

use shmstore::inspect::SegmentState;
use shmstore::{AttachError, Shared, ShmObject, Store, Versioned};
use shmstore_tests::raw::{Raw, field};
use shmstore_tests::scratch::Scratch;

use super::harm::{LOCK_WORD, TOKEN, place};

/// Many parts, of which each has a lock.
#[derive(ShmObject)]
#[repr(C)]
#[shm(id = 'M')]
struct Many {
    parts: [Versioned<u64>; 16_384],
}

#[test]
fn one_token_in_all_slots_and_all_locks_is_told_of_once_for_each_lock() {
    let scratch = Scratch::new();
    let many: Shared<Many> = Store::open(scratch.path()).unwrap().create().unwrap();
    let raw = Raw::at_key(scratch.key('M'));
    let (slots, count) = (raw.get(field::SLOTS_OFFSET) as usize, raw.get(field::SLOT_COUNT) as usize);
    raw.set(field::SLOTS_USED, count as u64);
    let ours = raw.read(slots..slots + 32 * count);
    let ours = ours.chunks(32).find(|slot| slot.iter().any(|&byte| byte != 0)).unwrap();
    let token = u32::from_le_bytes(ours[..4].try_into().unwrap()) & TOKEN;
    (0..count).for_each(|at| raw.write(slots + 32 * at, ours));
    (0..16_384).for_each(|at| raw.write(place(&many, &many.parts[at], &raw) + LOCK_WORD, &token.to_le_bytes()));
    let participants = Shared::participants(&many);
    assert_eq!(participants.len(), count);
    assert_eq!(participants.iter().map(|participant| participant.holding.len()).sum::<usize>(), 16_384);
}

/// Another type of the same id.
#[derive(ShmObject)]
#[repr(C)]
#[shm(id = 'M')]
struct Few {
    parts: [Versioned<u64>; 3],
}

#[test]
fn object_that_is_called_a_schema_is_not_read() {
    let scratch = Scratch::new();
    let store = Store::open(scratch.path()).unwrap();
    drop(store.create_with(|_: &Large| ()).unwrap());
    let raw = Raw::at_key(scratch.key('M'));
    // What a creator would have written of an object of one page, and a schema of the rest.
    let schema_len = raw.get(field::PAYLOAD_LEN);
    let schema = 1024 + raw.get(field::SLOT_COUNT) * 32;
    let payload = (schema + schema_len).next_multiple_of(4096);
    raw.set(field::SCHEMA_LEN, schema_len);
    raw.set(field::SCHEMA_OFFSET, schema);
    raw.set(field::SLOTS_OFFSET, 1024);
    raw.set(field::PAYLOAD_OFFSET, payload);
    raw.set(field::PAYLOAD_LEN, raw.get(field::SEGMENT_SIZE) - 1357 - payload);
    let error = store.attach::<Few>().map(drop).unwrap_err();
    assert!(matches!(error, AttachError::Corrupt { field: "schema", .. }), "{error}");
    assert!(error.to_string().contains("at most 1048576"), "{error}");
    let listed = store.list().unwrap();
    assert_eq!((listed.len(), listed[0].state, &listed[0].type_name), (1, SegmentState::Damaged, &None));
}

#[derive(ShmObject)]
#[repr(C)]
#[shm(id = 'M')]
struct Large {
    parts: [Versioned<u64>; 131_072],
}
