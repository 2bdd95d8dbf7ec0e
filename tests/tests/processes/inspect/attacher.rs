//! Schemas that are read once, of objects that change.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use shmstore::inspect::{Attacher, InspectError, Limits, Segment, Value};
use shmstore::{Shared, ShmObject};
use shmstore_tests::scratch::Scratch;

#[derive(ShmObject)]
#[repr(C)]
#[shm(id = 'Z')]
struct Narrow {
    one: AtomicU64,
}

#[derive(ShmObject)]
#[repr(C)]
#[shm(id = 'Z')]
struct Other {
    another: AtomicU64,
}

#[test]
fn attacher_reads_each_object_by_its_own_schema() {
    let scratch = Scratch::new();
    let (store, mut attacher) = (scratch.store(), Attacher::new());
    let narrow = store.create::<Narrow>().unwrap();
    narrow.one.store(7, Relaxed);
    let first = Segment::of_shmid(Shared::info(&narrow).unwrap().shmid).unwrap();
    for _ in 0..2 {
        let object = attacher.attach(&first).unwrap();
        assert_eq!(object.read(&Limits::default()).field("one"), Some(&Value::Unsigned(7)));
    }
    drop(narrow);
    store.remove::<Narrow>().unwrap();
    assert!(matches!(attacher.attach(&first), Err(InspectError::Gone { .. })));
    let other = store.create::<Other>().unwrap();
    other.another.store(8, Relaxed);
    let shmid = Shared::info(&other).unwrap().shmid;
    let listed = attacher.segments().unwrap().into_iter().find(|segment| segment.shmid == shmid).unwrap();
    let object = attacher.attach(&listed).unwrap();
    assert_eq!(object.read(&Limits::default()).to_string(), "{ another: 8 }");
    assert_eq!(listed.type_name(), Some("Other"));
    store.remove::<Other>().unwrap();
}
