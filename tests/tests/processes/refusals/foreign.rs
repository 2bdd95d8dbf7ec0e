//! A segment of another program on our key.

use shmstore::inspect::SegmentState;
use shmstore::{AttachError, Shared};
use shmstore_tests::objects::Telemetry;
use shmstore_tests::raw::{Raw, SIZE_TAG, plant};
use shmstore_tests::scratch::Scratch;

use super::{assert_says, impatient, refusals};

const MAGIC: &[u8] = b"shmS";

/// Plants a segment, and asserts that every operation refuses it as foreign and leaves it as it is.
#[track_caller]
fn assert_foreign(size: usize, bytes: &[u8]) {
    let scratch = Scratch::new();
    let store = impatient(&scratch);
    let planted = plant(scratch.key('T'), size, 0o600, bytes);
    let before = Raw::attach(planted.shmid).bytes();
    for (operation, error) in refusals(&store) {
        assert!(matches!(error, AttachError::Foreign { .. }), "{operation}: {error}");
        let shmid = planted.shmid;
        let foreign = format!("belongs to a foreign segment {shmid} of {size} bytes, owner uid ");
        let cure = format!("`ipcrm -m {shmid}`");
        let path = scratch.path().display().to_string();
        assert_says(error, &[&foreign, "mode 0600", "It was not touched", &cure, &path, "another path"]);
    }
    assert_eq!(store.list().unwrap()[0].state, SegmentState::Foreign);
    assert!(Raw::attach(planted.shmid).bytes() == before, "it was touched");
    assert_eq!(scratch.segments().len(), 1);
}

#[test]
fn segment_without_our_magic_is_foreign() {
    assert_foreign(8192, b"another program's data");
}

#[test]
fn zeroed_segment_without_our_size_tag_is_foreign() {
    assert_foreign(8192, &[]);
}

#[test]
fn segment_of_our_size_with_other_data_is_foreign() {
    assert_foreign(8192 + SIZE_TAG, b"another program's data");
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
fn segment_too_small_for_a_header_is_foreign() {
    assert_foreign(1, b"x");
    assert_foreign(1000, MAGIC);
}

#[test]
fn segment_with_our_magic_but_not_our_size_is_foreign() {
    assert_foreign(4096, MAGIC);
}

#[test]
fn segment_with_half_our_magic_is_foreign() {
    assert_foreign(8192 + SIZE_TAG, &MAGIC[..3]);
}
