//! What a look at an object costs in memory: nothing, where no process has written.

use std::sync::atomic::AtomicU64;

use shmstore::inspect::{Limits, Object, Value};
use shmstore::{Broadcast, Event, Frames, Lock, Map, Queue, Shared, ShmObject, Versioned};
use shmstore_tests::scratch::Scratch;
use shmstore_tests::segments::resident_pages;

const MIB: usize = 1 << 20;

#[derive(ShmObject)]
#[repr(C)]
#[shm(id = 'L')]
struct Large {
    first: Versioned<[u8; MIB]>,
    second: Versioned<[u8; MIB]>,
    numbers: [AtomicU64; 4096],
    lock: Lock,
    event: Event,
    jobs: Queue<[u8; 8192], 64>,
    news: Broadcast<[u8; 8192], 64>,
    images: Frames<u8, MIB, 3>,
    quotes: Map<u64, [u8; 8192], 64>,
}

fn look(object: &Object) -> Value {
    let value = object.read(&Limits::full());
    let _ = object.participants();
    for part in ["first", "second", "event", "jobs", "news", "images", "quotes"] {
        let path = part.parse().expect("a path");
        assert!(object.changes_at(&path).expect("a part").is_some(), "{part}");
    }
    value
}

#[test]
fn look_at_parts_that_nobody_has_written_makes_no_page() {
    let scratch = Scratch::new();
    let large = scratch.store().create::<Large>().unwrap();
    let shmid = Shared::info(&large).unwrap().shmid;
    let object = Object::find(scratch.path(), Some('L')).unwrap();
    let pages = resident_pages(shmid);
    for _ in 0..3 {
        let value = look(&object);
        let Some(Value::Versioned { version: 0, .. }) = value.field("second") else { panic!("{value}") };
    }
    assert_eq!(resident_pages(shmid), pages, "a look has made pages");

    // What is stored later is seen by the next look, and only its pages are there.
    large.second.update(|bytes| bytes[MIB - 1] = 7);
    let written = resident_pages(shmid);
    let value = look(&object);
    let Some(Value::Versioned { version: 1, value, .. }) = value.field("second") else { panic!("{value}") };
    assert!(matches!(&**value, Value::List { first, .. } if first[MIB - 1] == Value::Unsigned(7)));
    assert_eq!(resident_pages(shmid), written, "a look has made pages");
    scratch.store().remove::<Large>().unwrap();
}
