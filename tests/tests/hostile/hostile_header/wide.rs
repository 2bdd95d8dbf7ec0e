//! A header that was checked once is not believed when it has changed since.

use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;

use shmstore::{ShmLayout, ShmObject, Store};
use shmstore_tests::objects::Telemetry;
use shmstore_tests::raw::{Raw, SIZE_TAG, field};
use shmstore_tests::scratch::Scratch;

use super::is_mapped;

/// As large as a table of 4096 participants.
#[derive(ShmObject)]
#[repr(C)]
#[shm(id = 'T')]
struct Wide {
    words: [AtomicU64; 16_384],
}

#[test]
fn header_that_changes_while_attached_does_not_lead_a_second_attach_out_of_bounds() {
    let scratch = Scratch::new();
    let store = Store::options().max_processes(4096).open(scratch.path()).unwrap();
    let held = store.create::<Telemetry>().unwrap();
    let looked = store.attach_read_only::<Telemetry>().unwrap();
    let raw = Raw::at_key(scratch.key('T'));
    // Without the table, the same segment has room for the larger object, as a header of its own would say.
    let payload = 4096;
    assert_eq!(payload + size_of::<Wide>() as u64, raw.get(field::SEGMENT_SIZE) - SIZE_TAG as u64);
    raw.set(field::SLOT_COUNT, 1);
    raw.set(field::SCHEMA_OFFSET, 1024);
    raw.set(field::SLOTS_OFFSET, (1024 + raw.get(field::SCHEMA_LEN)).next_multiple_of(128));
    raw.set(field::PAYLOAD_OFFSET, payload);
    raw.set(field::PAYLOAD_LEN, size_of::<Wide>() as u64);
    raw.write(field::LAYOUT_HASH.offset, &Wide::LAYOUT_HASH.to_u128().to_le_bytes());
    raw.write(raw.get(field::SLOTS_OFFSET) as usize, &[0; 32]);
    raw.write(payload as usize, &7_u64.to_le_bytes());
    let wide = store.attach::<Wide>().expect("a header that a creator could have written");
    assert!(is_mapped(&*wide), "out of bounds");
    assert!(wide.words.iter().all(|word| word.load(Relaxed) != u64::MAX));
    let seen = store.attach_read_only::<Wide>().expect("likewise, for reading");
    assert!(is_mapped(&*seen), "out of bounds");
    assert_eq!([wide.words[0].load(Relaxed), seen.words[0].load(Relaxed)], [7; 2], "by the header as it was before");
    assert!(seen.words.iter().all(|word| word.load(Relaxed) != u64::MAX));
    assert_eq!((held.frames.load(Relaxed), looked.frames.load(Relaxed)), (0, 0));
}
