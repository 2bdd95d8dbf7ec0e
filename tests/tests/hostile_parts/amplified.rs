//! Little that is written, and much that is made of it.

use shmstore::{Shared, ShmObject, Store, Versioned};
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
    let ours = raw.read(slots..raw.get(field::PAYLOAD_OFFSET) as usize);
    let ours = ours.chunks(32).find(|slot| slot.iter().any(|&byte| byte != 0)).unwrap();
    let token = u32::from_le_bytes(ours[..4].try_into().unwrap()) & TOKEN;
    (0..count).for_each(|at| raw.write(slots + 32 * at, ours));
    (0..16_384).for_each(|at| raw.write(place(&many, &many.parts[at], &raw) + LOCK_WORD, &token.to_le_bytes()));
    let participants = Shared::participants(&many);
    assert_eq!(participants.len(), count);
    assert_eq!(participants.iter().map(|participant| participant.holding.len()).sum::<usize>(), 16_384);
}
