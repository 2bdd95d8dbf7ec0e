//! What is left of a file that was deleted and made again on the same inode.

use std::fs::{self, File};
use std::path::Path;
use std::sync::atomic::Ordering::Relaxed;

use shmstore::inspect::SegmentState;
use shmstore::{AttachError, CreateError, RemoveError, Shared, Store};
use shmstore_tests::objects::Telemetry;
use shmstore_tests::peer::Peer;
use shmstore_tests::privilege::skip;
use shmstore_tests::raw::field;
use shmstore_tests::scratch::{Planted, Scratch};

use super::{FRAMES, impatient, make_object, object};
use shmstore_tests::assert_says;

/// Makes an object, and then its anchor's birth another one, where births are known.
fn orphan() -> Option<(Scratch, Store)> {
    let scratch = Scratch::new();
    let store = impatient(&scratch);
    make_object(&store);
    let raw = object(&store);
    if raw.get(field::BIRTH_KNOWN) == 0 {
        skip("the file system of the temporary directory knows no birth times");
        return None;
    }
    raw.set(field::BIRTH_SECONDS, raw.get(field::BIRTH_SECONDS) - 1);
    Some((scratch, store))
}

#[test]
fn orphan_that_nobody_uses_is_removed_by_whoever_creates() {
    let Some((scratch, store)) = orphan() else { return };
    assert_eq!(store.list().unwrap()[0].state, SegmentState::Orphaned);
    let created = store.attach_or_create::<Telemetry>().unwrap();
    assert!(Shared::was_created(&created));
    assert_eq!(created.frames.load(Relaxed), 0);
    assert_eq!(scratch.segments().len(), 1);
}

#[test]
fn orphan_that_nobody_uses_is_not_found_and_cleaned_up() {
    let Some((scratch, store)) = orphan() else { return };
    let error = store.attach::<Telemetry>().unwrap_err();
    assert!(matches!(error, AttachError::NotFound { .. }), "{error}");
    assert_eq!(scratch.segments(), []);
}

#[test]
fn orphan_that_is_in_use_is_a_stale_anchor() {
    let Some((scratch, store)) = orphan() else { return };
    let user = object(&store);
    let before = user.bytes();
    let parts = ["is left from an earlier file of this path", "attachments still use it", "`ipcs -m -p`"];
    let error = store.attach::<Telemetry>().unwrap_err();
    assert!(matches!(error, AttachError::StaleAnchor { attached: 1.., .. }), "{error}");
    assert_says(error, &parts);
    let error = store.create::<Telemetry>().unwrap_err();
    assert!(matches!(error, CreateError::Existing(AttachError::StaleAnchor { .. })), "{error}");
    assert_says(error, &parts);
    let error = store.remove::<Telemetry>().unwrap_err();
    assert!(matches!(error, RemoveError::Existing(AttachError::StaleAnchor { .. })), "{error}");
    assert!(user.bytes() == before, "it was touched");
    assert_eq!(scratch.segments().len(), 1);
}

#[test]
fn birth_that_one_side_does_not_know_proves_nothing() {
    let Some((_scratch, store)) = orphan() else { return };
    object(&store).set(field::BIRTH_KNOWN, 0);
    let attached = store.attach::<Telemetry>().unwrap();
    assert_eq!(attached.frames.load(Relaxed), FRAMES);
}

#[test]
fn file_that_was_deleted_and_made_again_does_not_bring_its_objects_back() {
    let scratch = Scratch::new();
    let path = scratch.join("anchor");
    for _ in 0..100 {
        File::create(&path).unwrap();
        let store = Store::open(&path).unwrap();
        // By a process that ends: one that lives keeps the anchor open, for its lock byte, and with it the inode.
        let mut creator = Peer::start(&path);
        creator.expect_ok("create 1");
        creator.kill();
        let _removed_at_last = Planted { shmid: object(&store).shmid() };
        if object(&store).get(field::BIRTH_KNOWN) == 0 {
            return skip("the file system of the temporary directory knows no birth times");
        }
        let before = inode(&path);
        fs::remove_file(&path).unwrap();
        File::create(&path).unwrap();
        if inode(&path) != before {
            fs::remove_file(&path).unwrap();
            continue;
        }
        let error = store.attach::<Telemetry>().unwrap_err();
        assert!(matches!(error, AttachError::NotFound { .. }), "{error}");
        return assert_eq!(scratch.segments(), []);
    }
    skip("the file system of the temporary directory does not use an inode again");
}

#[test]
fn object_that_was_marked_removed_but_kept_its_key_is_cleaned_up() {
    let scratch = Scratch::new();
    let store = impatient(&scratch);
    make_object(&store);
    object(&store).set(field::STATE, 3);
    let user = object(&store);
    assert_eq!(store.list().unwrap()[0].state, SegmentState::Removed);
    let error = store.attach::<Telemetry>().unwrap_err();
    assert!(matches!(error, AttachError::NotFound { .. }), "{error}");
    assert_eq!(scratch.segments(), []);
    let created = store.attach_or_create::<Telemetry>().unwrap();
    assert!(Shared::was_created(&created));
    drop(user);
}

fn inode(path: &Path) -> u64 {
    use std::os::unix::fs::MetadataExt;
    fs::metadata(path).unwrap().ino()
}
