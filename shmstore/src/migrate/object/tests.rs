use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;

use super::*;
use crate::inspect::SegmentState;
use crate::{AttachError, Shared, ShmLayout, ShmObject, Versioned};

mod v1 {
    use super::*;

    #[derive(ShmObject)]
    #[repr(C)]
    #[shm(id = 'R', crate = "crate")]
    pub(super) struct Rover {
        pub(super) frames: AtomicU64,
        pub(super) position: Versioned<[u16; 2]>,
    }
}

mod v2 {
    use super::*;

    #[derive(ShmObject)]
    #[repr(C)]
    #[shm(id = 'R', room = 4096, crate = "crate")]
    pub(super) struct Rover {
        pub(super) position: Versioned<[u8; 2]>,
        pub(super) frames: AtomicU64,
        pub(super) speed: AtomicU64,
    }
}

fn store() -> (tempfile::TempDir, Store) {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path()).unwrap();
    let rover = store.create::<v1::Rover>().unwrap();
    rover.frames.store(9, Relaxed);
    for step in 1..=5 {
        rover.position.store([step, 200]);
    }
    (directory, store)
}

fn shown(paths: &[crate::inspect::FieldPath]) -> Vec<String> {
    paths.iter().map(ToString::to_string).collect()
}

#[test]
fn object_is_moved_with_its_values_versions_and_a_new_room() {
    let (_directory, store) = store();
    let moved = store.migrate::<v2::Rover>().unwrap();
    assert!(moved.was_needed());
    assert_eq!((shown(&moved.new), shown(&moved.gone)), (vec!["speed".into()], vec![]));
    let rover = store.attach::<v2::Rover>().unwrap();
    assert_eq!((rover.frames.load(Relaxed), rover.position.load_versioned()), (9, (5, [5, 200])));
    assert_eq!(Shared::info(&rover).unwrap().room, Some(4096));
    assert!(!store.migrate::<v2::Rover>().unwrap().was_needed());
    let AttachError::LayoutMismatch(_) = store.attach::<v1::Rover>().err().unwrap() else { panic!("another layout") };
    store.remove::<v2::Rover>().unwrap();
}

#[test]
fn object_in_use_or_with_values_that_do_not_fit_stays() {
    let (_directory, store) = store();
    let rover = store.attach::<v1::Rover>().unwrap();
    let error = store.migrate::<v2::Rover>().unwrap_err();
    let MigrateError::InUse { processes, others: 0, .. } = &error else { panic!("{error}") };
    assert_eq!(*processes, [std::process::id()]);
    rover.position.store([1, 300]);
    drop(rover);
    let error = store.migrate::<v2::Rover>().unwrap_err();
    let MigrateError::Refused(refused) = &error else { panic!("{error}") };
    assert_eq!(refused.path.to_string(), "position[1]");
    assert_eq!(store.attach::<v1::Rover>().unwrap().position.load(), [1, 300]);
    store.remove::<v1::Rover>().unwrap();
    assert!(matches!(store.migrate::<v2::Rover>(), Err(MigrateError::Object(_))));
}

#[test]
fn new_object_is_filled_before_any_process_attaches_it() {
    let (_directory, store) = store();
    let moved = store.migrate_with::<v2::Rover, _>(|old, new| {
        new.speed.store(new.frames.load(Relaxed) + old.schema().size(), Relaxed);
        assert!(matches!(store.attach::<v2::Rover>(), Err(AttachError::WouldDeadlock { .. })));
        std::mem::forget(new.position.begin());
    });
    assert!(moved.unwrap().was_needed());
    let rover = store.attach::<v2::Rover>().unwrap();
    assert_eq!(rover.speed.load(Relaxed), 9 + v1::Rover::SCHEMA.size() as u64);
    rover.position.store([1, 1]);
    drop(rover);
    let failed = store.migrate_with::<v1::Rover, _>(|_, _| Err("not today".into())).unwrap_err();
    assert!(failed.to_string().ends_with("failed: not today"), "{failed}");
    assert_eq!(store.attach::<v2::Rover>().unwrap().position.load(), [1, 1]);
    store.remove::<v2::Rover>().unwrap();
}

#[test]
fn object_without_room_gets_it_by_its_schema() {
    let (directory, store) = store();
    let moved = store.migrate_to('R', &v1::Rover::SCHEMA.into(), Some(8192)).unwrap();
    assert!(moved.was_needed());
    let rover = store.attach::<v1::Rover>().unwrap();
    assert_eq!((Shared::info(&rover).unwrap().room, rover.frames.load(Relaxed)), (Some(8192), 9));
    let object = Object::find(&directory.path().canonicalize().unwrap(), Some('R')).unwrap();
    assert_eq!(object.segment().state, SegmentState::Ready);
    store.remove::<v1::Rover>().unwrap();
}
