//! Two anchors with one key.

use shmstore::AttachError;
use shmstore::inspect::SegmentState;
use shmstore_tests::raw::{Raw, field, plant};
use shmstore_tests::scratch::Scratch;

use super::{impatient, make_object, object, refusals};

#[test]
fn object_of_another_anchor_is_a_collision_that_names_both_and_is_not_touched() {
    let (ours, theirs) = (Scratch::new(), Scratch::new());
    let (store, other) = (impatient(&ours), impatient(&theirs));
    let bytes = make_object(&other);
    let planted = plant(ours.key('T'), bytes.len(), 0o600, &bytes);
    let (uid, gid) = (nix::unistd::geteuid(), nix::unistd::getegid());
    let pid = std::process::id();
    for (operation, error) in refusals(&store) {
        assert!(matches!(error, AttachError::Collision { .. }), "{operation}: {error}");
        let subject =
            if operation == "remove_id" { "the object with id 'T' (key " } else { "`Telemetry` (id 'T', key " };
        let expected = format!(
            "the key of {subject}{:#010x}) at {ours} is taken by another anchor's object, as a key has only 24 bits of \
             the path. This store's anchor is {ours} (device {:#x}, inode {}), the other is {theirs} (device {:#x}, \
             inode {}), segment {} of {} bytes, owner uid {uid}, group {gid}, mode 0600, made by pid {pid}. It was not \
             touched. Use another path, or `Store::open_or_create_named`, which chooses a free key",
            ours.key('T'),
            dev(&ours),
            ino(&ours),
            dev(&theirs),
            ino(&theirs),
            planted.shmid,
            bytes.len(),
            ours = ours.path().display(),
            theirs = theirs.path().display(),
        );
        assert_eq!(error.to_string(), expected);
    }
    assert_eq!(store.list().unwrap()[0].state, SegmentState::Foreign);
    assert!(Raw::attach(planted.shmid).bytes() == bytes, "it was touched");
}

#[test]
fn first_word_that_fits_by_chance_does_not_hide_a_collision() {
    let (ours, theirs) = (Scratch::new(), Scratch::new());
    let (store, other) = (impatient(&ours), impatient(&theirs));
    make_object(&store);
    let first_word = object(&store).get(field::FIRST_WORD);
    store.remove_id('T').unwrap();
    let bytes = make_object(&other);
    let planted = plant(ours.key('T'), bytes.len(), 0o600, &bytes);
    Raw::attach(planted.shmid).set(field::FIRST_WORD, first_word);
    let before = Raw::attach(planted.shmid).bytes();
    for (operation, error) in refusals(&store) {
        assert!(matches!(error, AttachError::Collision { .. }), "{operation}: {error}");
    }
    assert!(Raw::attach(planted.shmid).bytes() == before, "it was touched");
}

#[test]
fn hostile_path_hint_is_shown_escaped() {
    let (ours, theirs) = (Scratch::new(), Scratch::new());
    let (store, other) = (impatient(&ours), impatient(&theirs));
    let bytes = make_object(&other);
    let planted = plant(ours.key('T'), bytes.len(), 0o600, &bytes);
    let raw = Raw::attach(planted.shmid);
    raw.write(field::HINT.offset, b"/a\x1b[2J\nb\xff");
    raw.set(field::HINT_LEN, 10);
    drop(raw);
    for (_, error) in refusals(&store) {
        shmstore_tests::assert_says(&error, &[r"the other is /a\u{1b}[2J\nb"]);
        assert!(!error.to_string().contains(char::is_control), "{error}");
    }
}

fn dev(scratch: &Scratch) -> u64 {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata(scratch.path()).unwrap().dev()
}

fn ino(scratch: &Scratch) -> u64 {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata(scratch.path()).unwrap().ino()
}
