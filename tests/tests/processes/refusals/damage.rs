//! Headers and schemas that no creator writes.

use shmstore::inspect::SegmentState;
use shmstore::{AttachError, CreateError, Shared};
use shmstore_tests::objects::{Telemetry, drifted};
use shmstore_tests::raw::field::*;
use shmstore_tests::raw::{Field, Raw, SIZE_TAG, plant};
use shmstore_tests::scratch::Scratch;

use super::{impatient, make_object, object, refusals};
use shmstore_tests::assert_says;

/// Numbers in the header that are refused, each with the field that the refusal names: itself, or one that contradicts it.
const CORRUPT: &[(Field, &[u64], &str)] = &[
    (STATE, &[4, 7, u64::MAX], "state"),
    (BYTE_ORDER, &[0x0403_0201], "byte_order"),
    (BIRTH_KNOWN, &[2], "birth_known"),
    // No segment has such lengths, and no table such a number of slots.
    (PAYLOAD_LEN, &[1 << 20, 1 << 40, u64::MAX - 4096, u64::MAX], "payload_len"),
    (SCHEMA_LEN, &[1 << 20, 1 << 40, u64::MAX - 4096, u64::MAX], "schema_len"),
    (HEADER_LEN, &[512], "header_len"),
    (SLOT_SIZE, &[0, 1 << 60], "slot_size"),
    (SLOT_COUNT, &[0, 65_537, u32::MAX as u64], "slot_count"),
    (SLOT_COUNT, &[65_536], "segment_size"),
    // They contradict the size of the segment.
    (PAYLOAD_LEN, &[0, 8192], "schema_offset"),
    (SCHEMA_LEN, &[0], "slots_offset"),
    (SCHEMA_LEN, &[4096], "schema_offset"),
    // The parts overlap, or lie outside.
    (SCHEMA_OFFSET, &[0, 1 << 40, u64::MAX - 7], "schema_offset"),
    (SLOTS_OFFSET, &[1024, 1 << 40, u64::MAX - 7], "slots_offset"),
    (PAYLOAD_OFFSET, &[0, 1088, 4096, 1 << 40, u64::MAX - 7], "payload_offset"),
    (SEGMENT_SIZE, &[1 << 40, u64::MAX - 7], "segment_size"),
];

#[test]
fn number_that_no_creator_writes_is_refused_by_its_name_left_alone_and_replaced() {
    for (patched, values, named) in CORRUPT {
        values.iter().for_each(|value| assert_corrupt(*patched, *value, named));
    }
}

fn assert_corrupt(patched: Field, value: u64, named: &str) {
    let scratch = Scratch::new();
    let store = impatient(&scratch);
    make_object(&store);
    object(&store).set(patched, value);
    let before = object(&store).bytes();
    let path = scratch.path().display().to_string();
    let check = |error: AttachError| {
        let AttachError::Corrupt { field, .. } = &error else { panic!("{error}") };
        assert_eq!(*field, named, "{} is {value}: {error}", patched.name);
        let what = format!("is damaged: `{named}` of its header is ");
        assert_says(&error, &["`Telemetry` (id 'T', key 0x", &path, &what, "`store.replace::<Telemetry>()`"]);
    };
    check(store.attach::<Telemetry>().unwrap_err());
    for error in [store.create::<Telemetry>().unwrap_err(), store.attach_or_create::<Telemetry>().unwrap_err()] {
        let CreateError::Existing(error) = error else { panic!("{error}") };
        check(error);
    }
    assert_eq!(store.list().unwrap()[0].state, SegmentState::Damaged);
    assert!(object(&store).bytes() == before, "it was touched");
    assert!(Shared::was_created(&store.replace::<Telemetry>().unwrap()));
}

#[test]
fn flag_of_the_lower_half_that_is_not_known_is_refused_with_the_advice_to_update() {
    let scratch = Scratch::new();
    let store = impatient(&scratch);
    make_object(&store);
    for bit in [4, 7, 15] {
        object(&store).set(FLAGS, 0xffff_0000 | 1 << bit);
        let before = object(&store).bytes();
        let check = |error: AttachError| {
            assert!(matches!(error, AttachError::NewerFormat { flags, .. } if flags == 1 << bit), "{error}");
            let what = format!("uses features that this program does not know (flags {:#06x} in its header)", 1 << bit);
            assert_says(&error, &["key 0x", &what, "Update this program", "`ipcrm -m "]);
        };
        refusals(&store).into_iter().for_each(|(_, error)| check(error));
        check(store.attach_read_only::<Telemetry>().unwrap_err());
        assert_eq!(store.list().unwrap()[0].state, SegmentState::NewerFormat);
        assert!(object(&store).bytes() == before, "it was touched");
    }
    object(&store).set(FLAGS, 0);
    store.remove::<Telemetry>().unwrap();
}

#[test]
fn flags_of_the_upper_half_are_ignored() {
    let scratch = Scratch::new();
    let store = impatient(&scratch);
    make_object(&store);
    object(&store).set(FLAGS, 0xffff_0000);
    store.attach::<Telemetry>().unwrap();
    store.attach_read_only::<Telemetry>().unwrap();
    assert_eq!(store.list().unwrap()[0].state, SegmentState::Ready);
    assert!(Shared::was_created(&store.replace::<Telemetry>().unwrap()));
}

#[test]
fn object_shorter_than_its_type_is_never_handed_out() {
    let scratch = Scratch::new();
    let store = impatient(&scratch);
    make_object(&store);
    let size = size_of::<Telemetry>() as u64;
    for len in [1, 8, size - 1, size + 1, 1024] {
        let raw = object(&store);
        raw.set(PAYLOAD_LEN, len);
        // As a creator would have laid out the rest behind it.
        raw.set(SCHEMA_OFFSET, 1024 + len);
        raw.set(SLOTS_OFFSET, (1024 + len + raw.get(SCHEMA_LEN)).next_multiple_of(128));
        let what = format!("`payload_len` of its header is {len}, expected {}", size_of::<Telemetry>());
        assert_says(store.attach::<Telemetry>().unwrap_err(), &[&what]);
        assert_says(store.attach_or_create::<Telemetry>().unwrap_err(), &[&what]);
    }
}

#[test]
fn truncated_segment_is_corrupt() {
    let scratch = Scratch::new();
    let store = impatient(&scratch);
    let bytes = make_object(&store);
    store.remove_id('T').unwrap();
    // The smallest segment with our tag: the header fits, nothing else does.
    let planted = plant(scratch.key('T'), SIZE_TAG, 0o600, &bytes[..SIZE_TAG]);
    let error = store.attach::<Telemetry>().unwrap_err();
    assert!(matches!(error, AttachError::Corrupt { .. }), "{error}");
    assert!(Raw::attach(planted.shmid).bytes() == bytes[..SIZE_TAG], "it was touched");
    store.remove::<Telemetry>().unwrap();
}

#[test]
fn damaged_schema_is_corrupt_where_it_is_needed() {
    let scratch = Scratch::new();
    let store = impatient(&scratch);
    make_object(&store);
    let raw = object(&store);
    let (start, len) = (raw.get(SCHEMA_OFFSET) as usize, raw.get(SCHEMA_LEN) as usize);
    let json = raw.read(start..start + len);
    let of_frames = json.windows(6).position(|part| part == b"frames").unwrap();
    let cases: [(&[u8], usize, &str); 3] =
        [(b"{{{{", 0, "schema"), (b"\xff\xfe", len / 2, "schema"), (b"f", of_frames + 5, "layout_hash")];
    for (garbage, at, named) in cases {
        raw.write(start, &json);
        raw.write(start + at, garbage);
        let error = store.attach::<drifted::Telemetry>().unwrap_err();
        let AttachError::Corrupt { field, .. } = &error else { panic!("{error}") };
        assert_eq!(*field, named, "{error}");
        assert!(!error.to_string().contains(char::is_control), "{error:?}");
    }
    // Whoever has the layout needs no schema.
    store.attach::<Telemetry>().unwrap();
}

#[test]
fn segment_of_another_format_is_named_and_can_be_removed_or_replaced() {
    let scratch = Scratch::new();
    let store = impatient(&scratch);
    for remove in [true, false] {
        make_object(&store);
        object(&store).set(VERSION, 2);
        let before = object(&store).bytes();
        let error = store.attach::<Telemetry>().unwrap_err();
        assert!(matches!(error, AttachError::FormatVersion { segment: 2, ours: 1, .. }), "{error}");
        let what = "has segment format 2, but this program's shmstore reads format 1";
        assert_says(&error, &["`Telemetry` (id 'T', key 0x", what, "newer shmstore", "`store.replace::<Telemetry>()`"]);
        let error = store.create::<Telemetry>().unwrap_err();
        assert!(matches!(error, CreateError::Existing(AttachError::FormatVersion { .. })), "{error}");
        let error = store.attach_or_create::<Telemetry>().unwrap_err();
        assert!(matches!(error, CreateError::Existing(AttachError::FormatVersion { .. })), "{error}");
        assert_eq!(store.list().unwrap()[0].state, SegmentState::OtherFormat);
        assert!(object(&store).bytes() == before, "it was touched");
        if remove {
            store.remove::<Telemetry>().unwrap();
            assert_eq!(scratch.segments(), []);
        } else {
            assert!(Shared::was_created(&store.replace::<Telemetry>().unwrap()));
        }
    }
}
