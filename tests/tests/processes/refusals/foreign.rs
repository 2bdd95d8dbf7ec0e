//! A segment of another program on our key.

use shmstore::inspect::SegmentState;
use shmstore::{AttachError, CreateError, Shared};
use shmstore_tests::objects::Telemetry;
use shmstore_tests::raw::{Raw, SIZE_TAG, plant};
use shmstore_tests::scratch::Scratch;

use super::{impatient, refusals};
use shmstore_tests::{assert_says, wait};

const MAGIC: &[u8] = b"shmS";

#[test]
fn foreign_segment_is_refused_by_every_operation_and_left_as_it_is() {
    for (what, size, bytes) in [
        ("neither our size nor our magic", 8192, &b"another program's data"[..]),
        ("zeros without our size tag", 8192, b""),
        ("our size with other data", 8192 + SIZE_TAG, b"another program's data"),
        ("too small for a header", 1, b"x"),
        ("too small for a header, with our magic", 1000, MAGIC),
        ("our magic, and not our size", 4096, MAGIC),
        ("half our magic", 8192 + SIZE_TAG, &MAGIC[..3]),
    ] {
        assert_foreign(what, size, bytes);
    }
}

/// Plants a segment, and asserts that every operation refuses it as foreign and leaves it as it is.
fn assert_foreign(what: &str, size: usize, bytes: &[u8]) {
    let scratch = Scratch::new();
    let store = impatient(&scratch);
    let planted = plant(scratch.key('T'), size, 0o600, bytes);
    let before = Raw::attach(planted.shmid).bytes();
    for (operation, error) in refusals(&store) {
        assert!(matches!(error, AttachError::Foreign { .. }), "{what}: {operation}: {error}");
        let shmid = planted.shmid;
        let foreign = format!("belongs to a foreign segment {shmid} of {size} bytes, owner uid ");
        let cure = format!("`ipcrm -m {shmid}`");
        let path = scratch.path().display().to_string();
        assert_says(error, &[&foreign, "mode 0600", "It was not touched", &cure, &path, "another path"]);
    }
    assert_eq!(store.list().unwrap()[0].state, SegmentState::Foreign, "{what}");
    assert!(Raw::attach(planted.shmid).bytes() == before, "it was touched: {what}");
    assert_eq!(scratch.segments().len(), 1, "{what}");
}

#[test]
fn segment_of_our_size_with_data_behind_a_zero_word_is_foreign_once_no_creator_is_at_work() {
    let scratch = Scratch::new();
    let store = impatient(&scratch);
    let planted = plant(scratch.key('T'), 8192 + SIZE_TAG, 0o600, b"\0\0\0\0\0\0\0\0\0data of another program");
    let before = Raw::attach(planted.shmid).bytes();
    for (operation, error) in refusals(&store) {
        assert!(matches!(error, AttachError::Foreign { .. }), "{operation}: {error}");
    }
    assert!(Raw::attach(planted.shmid).bytes() == before, "it was touched");
}

#[test]
fn empty_segment_of_our_size_is_left_alone_while_its_creator_may_still_come() {
    let scratch = Scratch::new();
    let store = impatient(&scratch);
    let planted = plant(scratch.key('T'), 8192 + SIZE_TAG, 0o600, &[]);
    for (operation, error) in refusals(&store) {
        assert!(matches!(error, AttachError::Abandoned { .. }), "{operation}: {error}");
        assert_says(error, &["nothing is written in it, and it stays until it is 2s old"]);
    }
    assert_eq!(scratch.segments()[0].shmid, planted.shmid);
}

#[test]
fn empty_segment_of_our_size_that_nobody_comes_for_is_cleaned_up() {
    // The first word is the first thing that a creator writes: what has our tag in its size, and nothing in it, is
    // ours.
    let scratch = Scratch::new();
    let planted = plant(scratch.key('T'), 8192 + SIZE_TAG, 0o600, &[]);
    let created = scratch.store().attach_or_create::<Telemetry>().unwrap();
    assert!(Shared::was_created(&created));
    assert_ne!(Shared::info(&created).unwrap().shmid, planted.shmid);
}

#[test]
fn segment_of_our_size_with_data_behind_a_header_of_zeros_is_never_removed() {
    for at in [1024, 5000] {
        let scratch = Scratch::new();
        let mut bytes = vec![0; at + 1];
        bytes[at] = 42;
        let planted = plant(scratch.key('T'), 8192 + SIZE_TAG, 0o600, &bytes);
        // While it is young, it may be that of a creator.
        let error = wait::until("the segment to be old enough", || {
            match impatient(&scratch).create::<Telemetry>().unwrap_err() {
                CreateError::Existing(AttachError::Abandoned { .. }) => None,
                error => Some(error),
            }
        });
        assert!(matches!(error, CreateError::Existing(AttachError::Foreign { .. })), "{error}");
        assert_eq!(Raw::attach(planted.shmid).bytes()[at], 42);
    }
}

#[test]
fn object_without_a_first_word_is_foreign_in_a_list_too() {
    let scratch = Scratch::new();
    let created = scratch.store().create::<Telemetry>().unwrap();
    let raw = Raw::at_key(scratch.key('T'));
    raw.write(0, &[0; 8]);
    assert_eq!(scratch.store().list().unwrap()[0].state, SegmentState::Foreign);
    drop(created);
}
