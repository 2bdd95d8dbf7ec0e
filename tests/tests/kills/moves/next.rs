//! What each kind of process finds that comes next.

use std::time::Instant;

use shmstore::inspect::{self, SegmentState};
use shmstore::{AttachError, CreateError, Shared};
use shmstore_tests::moves::{AtKey, LIMIT, Ledger, World, v1, v2};
use shmstore_tests::scratch::remove_segment;

use super::after_each_death;

/// Runs a check in a world in which the migrator has died, which takes no longer than the limits. Afterwards the
/// object is whole and alone, in each case.
fn next(check: impl Fn(&World, AtKey) + Sync) {
    after_each_death(|world, _| {
        world.assert_no_journal_of_an_open_object();
        let expected = world.expected();
        let started = Instant::now();
        check(world, expected);
        assert!(started.elapsed() < LIMIT, "{:?}", started.elapsed());
        world.assert_no_journal_of_an_open_object();
        assert!(world.write_if_open(), "a writing process came");
        world.assert_whole();
        assert_eq!(world.at_key(), expected);
    });
}

#[test]
fn process_that_attaches_finds_the_old_object_or_the_new_one() {
    next(|world, expected| match (world.store.attach::<v1::Ledger>(), expected) {
        (Ok(object), AtKey::Old) => assert_eq!(object.count(), 3),
        (Err(AttachError::LayoutMismatch(_)), AtKey::New) => {}
        (found, _) => panic!("{expected:?}, but {found:?}"),
    });
    next(|world, expected| match (world.store.attach::<v2::Ledger>(), expected) {
        (Ok(object), AtKey::New) => assert_eq!(object.count(), 3),
        (Err(AttachError::LayoutMismatch(_)), AtKey::Old) => {}
        (found, _) => panic!("{expected:?}, but {found:?}"),
    });
}

/// It recovers nothing, so it is told of an object that is not there again.
#[test]
fn process_that_only_reads_finds_what_is_complete_and_changes_nothing() {
    after_each_death(|world, n| {
        let before = world.scratch.segments().into_iter().map(|found| (found.key, found.shmid)).collect::<Vec<_>>();
        let at_key = world.at_key();
        let started = Instant::now();
        match (world.store.attach_read_only::<v1::Ledger>(), at_key) {
            (Ok(object), AtKey::Old) => assert_eq!(object.note.load(), [3; 4]),
            (Err(AttachError::LayoutMismatch(_)), AtKey::New)
            | (Err(AttachError::MigrationUnfinished { .. }), AtKey::Nothing) => {}
            (found, _) => panic!("{at_key:?} at {n}, but {found:?}"),
        }
        match (world.store.attach_read_only::<v2::Ledger>(), at_key) {
            (Ok(object), AtKey::New) => assert_eq!(object.note.load(), [3; 4]),
            (Err(AttachError::LayoutMismatch(_)), AtKey::Old)
            | (Err(AttachError::MigrationUnfinished { .. }), AtKey::Nothing) => {}
            (found, _) => panic!("{at_key:?} at {n}, but {found:?}"),
        }
        assert!(started.elapsed() < LIMIT);
        let after = world.scratch.segments().into_iter().map(|found| (found.key, found.shmid)).collect::<Vec<_>>();
        assert_eq!(after, before);
        world.assert_whole();
    });
}

#[test]
fn process_that_creates_is_told_of_the_object() {
    next(|world, _| {
        let refused = world.store.create::<v1::Ledger>();
        assert!(matches!(refused, Err(CreateError::AlreadyExists { .. })), "{refused:?}");
    });
    next(|world, expected| match (world.store.attach_or_create::<v2::Ledger>(), expected) {
        (Ok(object), AtKey::New) => assert_eq!((Shared::was_created(&object), object.count()), (false, 3)),
        (Err(CreateError::Existing(AttachError::LayoutMismatch(_))), AtKey::Old) => {}
        (found, _) => panic!("{expected:?}, but {found:?}"),
    });
}

#[test]
fn process_that_moves_the_object_again_finds_its_values() {
    after_each_death(|world, _| {
        let expected = world.expected();
        let moved = world.store.migrate::<v1::Ledger>().unwrap();
        assert_eq!(moved.was_needed(), expected == AtKey::New);
        assert_eq!(world.store.attach::<v1::Ledger>().unwrap().count(), 3);
        world.assert_alone();
        let moved = world.store.migrate::<v2::Ledger>().unwrap();
        assert!(moved.was_needed());
        assert!(world.write_if_open());
        assert_eq!(world.store.attach::<v2::Ledger>().unwrap().count(), 4);
        world.assert_whole();
    });
}

#[test]
fn replacement_and_removal_leave_no_journal() {
    after_each_death(|world, _| {
        let new = world.store.replace::<v2::Ledger>().unwrap();
        assert_eq!(new.count(), 0);
        world.assert_alone();
        drop(new);
        world.store.remove::<v2::Ledger>().unwrap();
        world.assert_empty();
    });
    after_each_death(|world, _| {
        world.store.remove::<v1::Ledger>().unwrap();
        world.assert_empty();
        let found = world.store.attach::<v1::Ledger>();
        assert!(matches!(found, Err(AttachError::NotFound { .. })), "{found:?}");
    });
}

#[test]
fn removal_by_number_stays_a_removal() {
    after_each_death(|world, _| {
        let at_key = || world.scratch.segments().into_iter().find(|found| found.key == world.key());
        let Some(there) = at_key() else { return };
        let segment = inspect::Segment::of_shmid(there.shmid).unwrap();
        if segment.state != SegmentState::Ready {
            return;
        }
        segment.remove(inspect::WhileAttached::Refuse).unwrap();
        let found = world.store.attach::<v1::Ledger>();
        assert!(matches!(found, Err(AttachError::NotFound { .. })), "{found:?}");
        world.assert_empty();
    });
}

/// A program that knows no journals removes the object after a process has stored to it.
#[test]
fn object_that_was_stored_to_and_removed_from_outside_does_not_come_back() {
    after_each_death(|world, _| {
        drop(world.store.attach::<v1::Ledger>());
        assert!(world.write_if_open());
        let object = world.scratch.segments().into_iter().find(|found| found.key == world.key()).unwrap();
        remove_segment(object.shmid);
        let found = world.store.attach::<v1::Ledger>();
        assert!(matches!(found, Err(AttachError::NotFound { .. })), "{found:?}");
        world.assert_empty();
    });
}

#[test]
fn process_that_lists_shows_whole_states_and_changes_nothing() {
    next(|world, expected| {
        let listed = world.store.list().unwrap();
        assert!(listed.len() <= 1, "{listed:?}");
        for segment in inspect::segments().unwrap() {
            if segment.key.to_raw() != world.journal_key() {
                continue;
            }
            let known = [SegmentState::Journal, SegmentState::Abandoned, SegmentState::Removed];
            assert!(known.contains(&segment.state), "{segment:?}");
            if segment.state == SegmentState::Journal {
                let journal = inspect::Object::attach(&segment).unwrap();
                let shown = journal.read(&inspect::Limits::full()).to_string();
                assert!(shown.contains("note"), "{shown}");
            }
        }
        assert_eq!(world.expected(), expected);
        // A process that only looks has cleaned up nothing.
        drop(world.store.attach::<v1::Ledger>());
    });
}

#[test]
fn process_that_follows_goes_on_with_the_object_that_is_there() {
    next(|world, expected| match (world.store.follow::<v2::Ledger>(), expected) {
        (Ok(mut object), AtKey::New) => assert_eq!(object.current().unwrap().count(), 3),
        (Err(AttachError::LayoutMismatch(_)), AtKey::Old) => {}
        (found, _) => panic!("{expected:?}, but {:?}", found.map(|_| "attached")),
    });
}

/// It is attached while the object is moved away and back, so the mover finds it in use, until it detaches.
#[test]
fn process_that_follows_keeps_an_object_from_being_moved() {
    let world = World::new();
    let mut following = world.store.follow::<v1::Ledger>().unwrap();
    let mut mover = world.mover(&[]);
    let message = mover.expect_err("migrate2", "InUse");
    assert!(message.contains(&std::process::id().to_string()), "{message}");
    assert_eq!(following.current().unwrap().count(), 3);
    drop(following);
    assert_eq!(mover.expect_ok("migrate2"), "moved");
    world.assert_whole();
}
