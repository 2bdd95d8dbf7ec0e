//! Segments that are in the way of a move: another object, or something else at the journal's key.

use std::time::{Duration, Instant};

use shmstore::inspect::{Limits, Object, Segment, SegmentState};
use shmstore::migrate::MigrateError;
use shmstore::{AttachError, CreateError, RemoveError, Store};
use shmstore_tests::moves::{Ledger, World, v1, v2};
use shmstore_tests::peer::Peer;
use shmstore_tests::raw::{Field, Raw, SIZE_TAG, field, find, plant};
use shmstore_tests::scratch::{Planted, remove_segment};

/// A step of the migrator, at which it is killed.
#[track_caller]
fn kill_at(world: &World, step: &str) {
    let mut mover: Peer = world.mover(&[("SHMSTORE_FAILPOINT", &format!("{step}=kill"))]);
    mover.tell("migrate2");
    mover.wait_until_killed();
}

#[track_caller]
fn refused_by_migrate<T: std::fmt::Debug>(moved: Result<T, MigrateError>) -> AttachError {
    match moved {
        Err(MigrateError::Object(CreateError::Existing(error))) => error,
        found => panic!("{found:?}"),
    }
}

/// A program that knows no journals makes an object where a move was interrupted.
#[test]
fn third_object_at_the_key_is_used_and_both_segments_stay() {
    let world = World::new();
    let mut third = Raw::at_key(world.key()).bytes();
    third[field::NONCE.offset] ^= 1;
    kill_at(&world, "RemoveDone");
    let journal = find(world.journal_key()).unwrap();
    let third = plant(world.key(), third.len(), 0o600, &third);
    let store = &world.store;
    let refused: [AttachError; 5] = [
        match store.create::<v1::Ledger>() {
            Err(CreateError::Existing(error)) => error,
            found => panic!("{found:?}"),
        },
        match store.replace::<v1::Ledger>() {
            Err(CreateError::Existing(error)) => error,
            found => panic!("{found:?}"),
        },
        match store.remove::<v1::Ledger>() {
            Err(RemoveError::Existing(error)) => error,
            found => panic!("{found:?}"),
        },
        refused_by_migrate(store.migrate::<v1::Ledger>()),
        refused_by_migrate(store.migrate::<v2::Ledger>()),
    ];
    for error in refused {
        let AttachError::MigrationConflict { object, journal: of_move, .. } = &error else { panic!("{error}") };
        assert_eq!((object.shmid, of_move.shmid), (third.shmid, journal));
    }
    // It works, and so does looking at the values of the journal.
    let object = store.attach::<v1::Ledger>().unwrap();
    object.add(1);
    assert_eq!(store.attach_or_create::<v1::Ledger>().unwrap().count(), 4);
    assert_eq!(store.attach_read_only::<v1::Ledger>().unwrap().note.load(), [4; 4]);
    let segment = Segment::of_shmid(journal).unwrap();
    assert_eq!((segment.state, segment.type_name()), (SegmentState::Journal, Some("Ledger")));
    let shown = Object::attach(&segment).unwrap().read(&Limits::full()).to_string();
    assert!(shown.contains("stores: 3"), "{shown}");
    // Without the journal there is no conflict.
    drop(object);
    remove_segment(journal);
    store.remove::<v1::Ledger>().unwrap();
    world.assert_empty();
}

/// Checks that everything but a move goes on beside a segment at the journal's key, and what a move says.
#[track_caller]
fn check_beside(world: &World, planted: &Planted, is_the_reason: impl Fn(&AttachError) -> bool) {
    let before = Raw::attach(planted.shmid).bytes();
    let store = &world.store;
    let error = refused_by_migrate(store.migrate::<v2::Ledger>());
    assert!(is_the_reason(&error), "{error}");
    assert_eq!(Raw::at_key(world.key()).get(field::FLAGS) & 1, 0, "the object is open again");
    assert_eq!(store.attach::<v1::Ledger>().unwrap().count(), 3);
    store.remove::<v1::Ledger>().unwrap();
    let started = Instant::now();
    for error in [store.attach::<v1::Ledger>().err(), store.attach_read_only::<v1::Ledger>().map(drop).err()] {
        assert!(matches!(error, Some(AttachError::NotFound { .. })), "{error:?}");
    }
    assert!(started.elapsed() < Duration::from_secs(1));
    store.create::<v1::Ledger>().unwrap().add(3);
    store.replace::<v1::Ledger>().unwrap().add(3);
    assert!(store.follow::<v1::Ledger>().unwrap().current().is_ok());
    assert_eq!(Raw::attach(planted.shmid).bytes(), before, "nobody touches it");
}

#[test]
fn foreign_segment_at_the_key_of_the_journal_is_only_in_the_way_of_a_move() {
    let world = World::new();
    let planted = plant(world.journal_key(), 4096, 0o600, b"something else");
    check_beside(&world, &planted, |error| matches!(error, AttachError::Foreign { .. }));
}

#[test]
fn segment_of_the_same_size_class_with_foreign_data_is_only_in_the_way_of_a_move() {
    let world = World::new();
    let planted = plant(world.journal_key(), 8192 + SIZE_TAG, 0o600, b"something else");
    check_beside(&world, &planted, |error| matches!(error, AttachError::Foreign { .. }));
}

#[test]
fn journal_of_another_anchor_with_the_same_key_is_only_in_the_way_of_a_move() {
    let (world, other) = (World::new(), World::new());
    kill_at(&other, "RemoveDone");
    let bytes = Raw::at_key(other.journal_key()).bytes();
    let planted = plant(world.journal_key(), bytes.len(), 0o600, &bytes);
    check_beside(&world, &planted, |error| matches!(error, AttachError::Collision { .. }));
    other.assert_whole();
}

const OLD_NONCE: Field = Field { name: "old_nonce", offset: 280, len: 8 };
const NEW_NONCE: Field = Field { name: "new_nonce", offset: 288, len: 8 };
const LAYOUT: Field = Field { name: "layout", offset: 248, len: 8 };
const LOG_OFFSET: Field = Field { name: "log_offset", offset: 256, len: 8 };
const LOG_CAPACITY: Field = Field { name: "log_capacity", offset: 264, len: 8 };

/// Fields by which a segment says that it is no journal of this object, or not complete, so that it holds nothing.
const DECISIVE: [Field; 5] = [field::FIRST_WORD, field::STATE, field::ID, field::BIRTH_SECONDS, field::BIRTH_KNOWN];

/// The bytes of a complete journal whose old object is gone.
struct Journal {
    world: World,
    store: Store,
    bytes: Vec<u8>,
}

impl Journal {
    fn new() -> Self {
        let world = World::new();
        kill_at(&world, "RemoveDone");
        let bytes = Raw::at_key(world.journal_key()).bytes();
        remove_segment(find(world.journal_key()).unwrap());
        let store = Store::options().wait(Duration::from_millis(200)).open(world.scratch.path()).unwrap();
        Self { world, store, bytes }
    }

    /// Has processes meet it with other bytes. They find the new object, or say why not, and then the journal is as it
    /// was. Or, if it `may_go`, there is no object.
    #[track_caller]
    fn meet(&self, what: &str, size: usize, may_go: bool, damage: impl FnOnce(&mut Vec<u8>)) {
        let mut bytes = self.bytes.clone();
        damage(&mut bytes);
        bytes.truncate(size);
        let planted = plant(self.world.journal_key(), size, 0o600, &bytes);
        let started = Instant::now();
        let seen = self.store.attach_read_only::<v2::Ledger>().map(drop);
        assert!(seen.is_err(), "{what}: a process that only reads finishes nothing");
        match self.store.attach::<v2::Ledger>() {
            Ok(object) => assert_eq!(object.count(), 3, "{what}"),
            Err(AttachError::NotFound { .. }) if may_go => {}
            Err(error) => {
                assert!(!matches!(error, AttachError::NotFound { .. }), "{what}: {error}");
                let _ = self.store.create::<v1::Ledger>().map_err(|error| error.to_string()).map(drop);
                let _ = self.store.migrate::<v1::Ledger>().map_err(|error| error.to_string());
                let _ = self.store.remove::<v1::Ledger>().map_err(|error| error.to_string());
                assert_eq!(Raw::attach(planted.shmid).bytes(), bytes, "{what}: it was changed");
            }
        }
        assert!(started.elapsed() < Duration::from_secs(3), "{what}: {:?}", started.elapsed());
        drop(planted);
        if let Some(made) = find(self.world.key()) {
            remove_segment(made);
        }
    }
}

#[test]
fn damaged_field_of_a_journal_is_an_error_that_loses_nothing() {
    let journal = Journal::new();
    let more = [OLD_NONCE, NEW_NONCE, LAYOUT, LOG_OFFSET, LOG_CAPACITY];
    for field in field::ALL.iter().copied().chain(more) {
        let len = field.len.min(8);
        let there = journal.bytes[field.offset..field.offset + len]
            .iter()
            .rev()
            .fold(0, |sum, &byte| sum << 8 | u64::from(byte));
        for value in [0, 1, 2, 3, there ^ 1, there + 16, there + 4096, there << 32, 1 << 31, u64::MAX / 2, u64::MAX] {
            journal.meet(
                &format!("{} = {value:#x}", field.name),
                journal.bytes.len(),
                DECISIVE.contains(&field),
                |bytes| {
                    bytes[field.offset..field.offset + len].copy_from_slice(&value.to_le_bytes()[..len]);
                },
            );
        }
    }
}

#[test]
fn damaged_schema_of_a_journal_is_an_error_that_loses_nothing() {
    let journal = Journal::new();
    let layout = u64::from_le_bytes(journal.bytes[LAYOUT.offset..LAYOUT.offset + 8].try_into().unwrap());
    let (record, len) = ((layout >> 32) as usize, layout as u32 as usize);
    for at in (record..record + len).step_by(3) {
        for flip in [1, 0x80] {
            journal.meet(&format!("byte {at} ^ {flip}"), journal.bytes.len(), false, |bytes| bytes[at] ^= flip);
        }
    }
}

#[test]
fn journal_of_another_size_is_an_error_that_loses_nothing() {
    let journal = Journal::new();
    for size in [SIZE_TAG, 4096 + SIZE_TAG, journal.bytes.len() - 4096] {
        journal.meet(&format!("{size} bytes"), size, false, |_| {});
    }
    journal.meet("as it was", journal.bytes.len(), false, |_| {});
}

/// Its values are whatever they are: the new object has them.
#[test]
fn damaged_values_of_a_journal_do_no_harm() {
    let journal = Journal::new();
    let payload = u64::from_le_bytes(journal.bytes[160..168].try_into().unwrap()) as usize;
    for at in (payload..payload + size_of::<v2::Ledger>()).step_by(8) {
        let mut bytes = journal.bytes.clone();
        bytes[at..at + 8].fill(0xff);
        let planted = plant(journal.world.journal_key(), bytes.len(), 0o600, &bytes);
        let object = journal.store.attach::<v2::Ledger>().unwrap();
        let _ = (object.stores(), format!("{object:?}"));
        drop(object);
        journal.store.remove::<v2::Ledger>().unwrap();
        drop(planted);
    }
}
