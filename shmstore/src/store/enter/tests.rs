use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;

use super::*;
use crate::{Shared, ShmId, ShmObject, Store, Versioned};

/// Types of several versions of one program.
macro_rules! versions {
    ($($version:ident: $room:literal { $($field:ident: $of:ty),* })*) => {
        $(mod $version {
            use super::*;

            #[derive(ShmObject)]
            #[repr(C)]
            #[shm(crate = "crate")]
            pub(super) struct Rover {
                $(pub(super) $field: $of),*
            }

            impl ShmId for Rover {
                const ID: char = 'R';
                const ROOM: usize = $room;
            }
        })*
    };
}

versions! {
    v1: 4096 { frames: AtomicU64, position: Versioned<u64> }
    v2: 8192 { frames: AtomicU64, position: Versioned<u64>, speed: AtomicU64 }
    v3: 4096 { frames: AtomicU64, position: Versioned<u64>, speed: AtomicU64, log: [AtomicU64; 400] }
    other: 4096 { frames: AtomicU64, position: Versioned<u64>, level: AtomicU64 }
    reordered: 4096 { position: Versioned<u64>, frames: AtomicU64 }
    huge: 4096 { frames: AtomicU64, position: Versioned<u64>, log: [AtomicU64; 600] }
    roomless: 0 { frames: AtomicU64, position: Versioned<u64> }
}

fn store() -> (tempfile::TempDir, Store) {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path()).unwrap();
    (directory, store)
}

#[test]
fn versions_of_one_type_share_an_object_in_one_mapping() {
    let (_directory, store) = store();
    let first = store.create::<v1::Rover>().unwrap();
    first.position.store(7);
    let second = store.attach::<v2::Rover>().unwrap();
    assert_eq!((Shared::grown_from(&second), second.speed.load(Relaxed)), (Some(2), 0));
    let third = store.attach::<v3::Rover>().unwrap();
    assert_eq!(Shared::grown_from(&third), Some(3));
    let again = store.attach::<v1::Rover>().unwrap();
    assert_eq!((Shared::grown_from(&again), again.position.load()), (None, 7));
    third.speed.store(9, Relaxed);
    assert_eq!((second.speed.load(Relaxed), third.position.load()), (9, 7));
    assert!(std::ptr::addr_eq(&*first, &*third), "one mapping");
    let participants = Shared::participants(&third);
    assert_eq!(participants.iter().map(|process| process.fields).collect::<Vec<_>>(), [Some(4)]);
    assert_eq!(Shared::info(&first).unwrap().room, Some(4096));
    let seen = store.attach_read_only::<v2::Rover>().unwrap();
    assert_eq!(seen.speed.load(Relaxed), 9);
    store.remove::<v1::Rover>().unwrap();
}

#[test]
fn object_without_room_or_with_other_fields_does_not_grow() {
    let (_directory, store) = store();
    let object = store.create::<v1::Rover>().unwrap();
    let refused = store.attach::<huge::Rover>().err().unwrap();
    assert!(matches!(refused, AttachError::NoRoom { room: 4096, needed: 4992, log_is_full: false, .. }), "{refused}");
    let refused = store.attach::<reordered::Rover>().err().unwrap();
    let AttachError::LayoutMismatch(mismatch) = refused else { panic!("{refused}") };
    assert_eq!(mismatch.first_conflict(), Some("frames"));
    drop(store.attach::<other::Rover>().unwrap());
    let refused = store.attach::<v2::Rover>().err().unwrap();
    let AttachError::LayoutMismatch(mismatch) = refused else { panic!("{refused}") };
    assert_eq!(mismatch.first_conflict(), Some("level"));
    drop((object, store.replace::<roomless::Rover>().unwrap()));
    let refused = store.attach::<v2::Rover>().err().unwrap();
    assert!(matches!(refused, AttachError::NoRoom { room: 0, .. }), "{refused}");
    drop(store.attach::<v1::Rover>().unwrap());
    store.remove::<v1::Rover>().unwrap();
}

#[test]
fn process_that_does_not_grow_objects_says_what_is_missing() {
    let (directory, store) = store();
    let object = store.create::<v1::Rover>().unwrap();
    let tool = Store::options().grows(false).open(directory.path()).unwrap();
    let cases = [
        (tool.attach::<v3::Rover>().err(), true),
        (store.attach_read_only::<v3::Rover>().err(), false),
        (store.attach_view::<v3::Rover>().err(), false),
        (tool.attach_view::<v3::Rover>().err(), false),
    ];
    for (refused, by_option) in cases {
        let Some(AttachError::Shorter { missing, to_write, .. }) = refused else { panic!("{refused:?}") };
        assert_eq!((missing, to_write), (["speed", "log"].map(String::from).to_vec(), by_option));
    }
    drop((object, store.attach::<v3::Rover>().unwrap()));
    assert_eq!(Shared::grown_from(&tool.attach::<v2::Rover>().unwrap()), None);
    store.remove::<v1::Rover>().unwrap();
}
