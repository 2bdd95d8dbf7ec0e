//! Logs and records that are long, and of which nothing was written.

use std::time::Duration;

use shmstore::inspect::{Object, Segment};
use shmstore_tests::raw::{Raw, field, plant};
use shmstore_tests::rovers;
use shmstore_tests::scratch::Scratch;
use shmstore_tests::segments::resident_pages;

use super::FIXED;

/// A page of it takes memory once it was read.
#[test]
fn long_record_takes_no_memory_for_pages_that_are_not_needed() {
    const LOG: usize = 256 << 20;
    let scratch = Scratch::new();
    drop(rovers::create(&scratch.store(), "v1", 7).unwrap());
    let raw = Raw::at_key(scratch.key('R'));
    let number = |field| raw.get(field) as usize;
    let (log, old, room) = (number(field::LOG_OFFSET), number(field::LOG_CAPACITY), number(field::PAYLOAD_LEN));
    assert!(room > 1024, "the payload is behind the log");
    let front = raw.read(0..log + old);
    let shift = (LOG - old) as u64;
    let old_sizes = [field::PAYLOAD_OFFSET, field::SEGMENT_SIZE].map(|field| (field, raw.get(field)));
    let size = raw.len() + shift as usize;
    drop(raw);
    drop(shmstore_tests::scratch::Planted { shmid: shmstore_tests::raw::find(scratch.key('R')).unwrap() });
    let planted = plant(scratch.key('R'), size, 0o600, &front);
    let raw = Raw::attach(planted.shmid);
    raw.set(field::LOG_CAPACITY, LOG as u64);
    old_sizes.iter().for_each(|&(field, old)| raw.set(field, old + shift));
    // All of the log, as prefixes and as a schema.
    let prefixes = (LOG - FIXED) / 16;
    for (fields, json_len) in [(prefixes, 0), (2, LOG - FIXED - 32)] {
        raw.write(log + 24, &(json_len as u32).to_le_bytes());
        raw.write(log + 28, &(fields as u32).to_le_bytes());
        raw.set(field::LAYOUT, (log as u64) << 32 | LOG as u64);
        for version in ["v1", "v2", "left"] {
            let _ = rovers::attach(&scratch.store(), version, Duration::ZERO).map_err(|error| error.to_string());
            let _ = rovers::see(&scratch.store(), version, Duration::ZERO).map_err(|error| error.to_string());
        }
        let _ = scratch.store().list().unwrap();
        let segment = Segment::of_shmid(planted.shmid).unwrap();
        let _ = Object::attach(&segment).map_err(|error| error.to_string());
        let pages = resident_pages(planted.shmid);
        assert!(pages < 64, "{fields} fields: {pages} pages");
    }
}
