use super::*;
use crate::inspect::Limits;
use crate::inspect::frames::samples::{FramesBytes, info, info_of, nothing, number, u16s};
use crate::layout::schema::{OwnedSchema, Primitive};
use crate::sync::frames::word::{FREE, pin, published, writing};
use crate::sync::frames_words;

fn with_limits(frames: &FramesBytes, limits: &Limits) -> Value {
    Decoder::new(Memory::Copy(&frames.bytes), limits).all(&frames.schema)
}

fn decoded(frames: &FramesBytes) -> Value {
    with_limits(frames, &Limits::default())
}

fn at(frames: &FramesBytes, path: &str) -> Result<String, String> {
    let path: FieldPath = path.parse().unwrap();
    let found = Decoder::new(Memory::Copy(&frames.bytes), &Limits::default()).at(&frames.schema, &path);
    found.map(|value| value.to_string()).map_err(|error| error.to_string())
}

/// Frames 7 and 8 of four slots.
fn images() -> FramesBytes {
    FramesBytes::images(100, 4).with(7, 3, &info_of(1, 1), &u16s([9])).with(8, 1, &info_of(5, 4), &u16s(0..20))
}

#[test]
fn new_frames_have_no_frame() {
    let meta = Box::new(Value::Nothing);
    let new = Value::Frames { newest: 0, capacity: 100, slots: 4, pins: 0, loans: 0, len: 0, meta, first: vec![] };
    let frames = FramesBytes::images(100, 4);
    assert_eq!(decoded(&frames), new);
    assert_eq!(new.to_string(), "no frame");
    for path in ["[0]", "meta", "meta.width"] {
        assert_eq!(at(&frames, path), Err("the object has no frame yet".into()));
    }
    assert_eq!(at(&frames, "newest"), Ok("0".into()));
}

#[test]
fn the_newest_frame_is_decoded_with_its_metadata() {
    let mut frames = images();
    frames.set_slots(&[writing(5), published(8), FREE, published(7)]);
    frames.set_pins(&[pin(5, 1), 0, 0, pin(6, 3)]);
    let shown = decoded(&frames);
    assert_eq!(shown.to_string(), "frame 8 { width: 5, height: 4 } [0, 1, 2, 3, 4, 5, 6, 7, … 12 more]");
    let counts = [("newest", 8), ("capacity", 100), ("slots", 4), ("pins", 2), ("loans", 1), ("len", 20)];
    assert_eq!(shown.counts(), counts);
    for (name, count) in counts {
        assert_eq!(at(&frames, name), Ok(count.to_string()));
    }
    assert_eq!(at(&frames, "[19]"), Ok("19".into()));
    assert_eq!(at(&frames, "[20]"), Err("the object has 20 elements: the last is [19]".into()));
    assert_eq!(at(&frames, "meta"), Ok("{ width: 5, height: 4 }".into()));
    assert_eq!(at(&frames, "meta.height"), Ok("4".into()));
    let says = "no field `x` in the object, a `Frames<u16, 100, 4, Info>`: there are `newest`, `capacity`, `slots`, \
                `pins`, `loans`, `len`, `meta`";
    assert_eq!(at(&frames, "x"), Err(says.into()));
    assert_eq!(at(&frames, "newest.x"), Err("`newest` is a `u64`, which has no fields".into()));
    let says = "the object is a `Frames<u16, 100, 4, Info>`, which has no keys";
    assert_eq!(at(&frames, "[\"a\"]"), Err(says.into()));
}

#[test]
fn frames_without_metadata_have_none_to_show() {
    let frames = FramesBytes::bytes(4, 3).with(1, 0, &[], &[3, 4]);
    assert_eq!(decoded(&frames).to_string(), "frame 1 [3, 4]");
    let says = "no field `meta` in the object, a `Frames<u8, 4, 3>`: there are `newest`, `capacity`, `slots`, `pins`, \
                `loans`, `len`";
    assert_eq!(at(&frames, "meta"), Err(says.into()));
}

#[test]
fn as_many_elements_are_copied_as_the_limits_allow() {
    let frames = images();
    let limits = |elements, nodes, bytes| {
        let mut limits = Limits::default().with_elements(elements);
        (limits.nodes, limits.bytes) = (nodes, bytes);
        limits
    };
    let with = |limits: Limits| with_limits(&frames, &limits).to_string();
    assert_eq!(with(limits(2, 100, 100)), "frame 8 { width: 5, height: 4 } [0, 1, … 18 more]");
    assert_eq!(with(limits(20, 7, 100)), "frame 8 { width: 5, height: 4 } [0, 1, 2, … 17 more]");
    assert_eq!(with(limits(20, 100, 13)), "frame 8 { width: 5, height: 4 } [0, 1, … 18 more]");
    assert_eq!(with(limits(0, 100, 100)), "frame 8 { width: 5, height: 4 } [… 20 more]");
    let why = "<not decoded: more bytes than the limit, or fields that overlap>";
    assert_eq!(with(limits(20, 3, 0)), format!("frame 8 {why} [… 20 more]"));
    assert_eq!(with(limits(20, 1, 0)), "frame 8 … [… 20 more]");
    let length =
        Decoder::new(Memory::Copy(&frames.bytes), &limits(0, 1, 0)).at(&frames.schema, &"len".parse().unwrap());
    assert_eq!(length, Ok(Value::Unsigned(20)));
}

#[test]
fn frames_of_another_layout_are_invalid() {
    let kind = || images().schema.kind().clone();
    let schema = OwnedSchema::new(4096, 64, kind()).unwrap();
    let frames = FramesBytes { schema, bytes: vec![0; 4096] };
    let why = "<no `Frames` of this program is 4096 bytes, aligned to 64>";
    assert_eq!(decoded(&frames).to_string(), why);
    for path in ["[0]", "meta", "len"] {
        assert_eq!(at(&frames, path), Ok(why.into()));
    }
}

#[test]
fn words_of_any_content_are_decoded_within_bounds() {
    const ODD: [u64; 8] = [0, 1, 15, 16, 1 << 62 | 3, 2 << 62 | 3, 1 << 63, u64::MAX];
    for (newest, slot) in ODD.iter().flat_map(|&newest| ODD.map(|slot| (newest, slot))) {
        for len in ODD {
            let mut frames = FramesBytes::images(5, 3);
            frames.bytes.fill(0x55);
            frames.put(frames_words::NEWEST, newest);
            frames.set_slots(&[slot; 3]);
            let places = frames.places();
            (0..3).for_each(|slot| frames.put(places.frame(slot), len));
            let Value::Frames { first, len, .. } = decoded(&frames) else { panic!("frames") };
            assert!(first.len() as u64 == len && len <= 5, "{newest:x} {slot:x} {len}");
            for path in ["[0]", "[5]", "meta.width", "pins"] {
                let _ = at(&frames, path);
            }
        }
    }
    // The newest frame is where no frame is.
    let mut frames = images();
    frames.set_newest(9, 2);
    assert_eq!(decoded(&frames).to_string(), "frame 9 <its newest frame is not in its slot> []");
    frames.set_newest(9, 4);
    assert_eq!(decoded(&frames).to_string(), "frame 9 <its newest frame is in slot 4, and it has 4> []");
    assert_eq!(at(&frames, "[0]"), Ok("<its newest frame is in slot 4, and it has 4>".into()));
}

#[test]
fn elements_are_values_of_any_type_and_invalid_ones_are_shown() {
    let frames = FramesBytes::of(number(Primitive::Bool), 4, 3, info()).with(1, 2, &info_of(1, 2), &[0, 1, 7]);
    assert_eq!(decoded(&frames).to_string(), "frame 1 { width: 1, height: 2 } [false, true, <7 is not a `bool`>]");
    let frames = FramesBytes::of(info(), 4, 3, nothing()).with(1, 2, &[], &[info_of(1, 2), info_of(3, 4)].concat());
    assert_eq!(at(&frames, "[1].height"), Ok("4".into()));
}
