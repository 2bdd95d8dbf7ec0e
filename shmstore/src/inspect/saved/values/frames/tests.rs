use std::time::Duration;

use crate::inspect::frames::samples::{FramesBytes, info_of, u16s};
use crate::inspect::memory::Memory;
use crate::inspect::saved::values;
use crate::sync::frames::word::{FREE, pin, published, writing};
use crate::sync::frames_words;

/// The saved frames, which are saved once more in the same way.
fn saved(frames: &FramesBytes) -> Vec<u8> {
    let of = |bytes: &[u8]| values::of(&frames.schema, Memory::Copy(bytes), Duration::ZERO).unwrap();
    let once = of(&frames.bytes);
    assert_eq!(of(&once), once, "a saved object is as it is when it is loaded");
    once
}

fn images() -> FramesBytes {
    FramesBytes::images(10, 4)
}

#[test]
fn the_newest_frame_is_saved_without_pins_and_loans() {
    let (seven, eight) = ((info_of(1, 1), u16s([9; 10])), (info_of(5, 4), u16s(1..6)));
    let mut frames = images().with(7, 3, &seven.0, &seven.1).with(8, 1, &eight.0, &eight.1);
    // A publisher of frame 9 died before the frame was visible.
    frames.set_slots(&[writing(5), published(8), published(9), published(7)]);
    frames.set_pins(&[pin(5, 1), 0, pin(6, 3)]);
    for at in [frames_words::LOCK, 8, frames_words::ROOM, 24, 64] {
        frames.put(at, u64::MAX);
    }
    assert_eq!(saved(&frames), images().with(8, 0, &eight.0, &eight.1).bytes);
}

#[test]
fn new_frames_are_saved_as_zeros() {
    let mut frames = images();
    assert_eq!(saved(&frames), frames.bytes);
    frames.set_slots(&[writing(5), published(1)]);
    assert_eq!(saved(&frames), images().bytes);
}

#[test]
fn damaged_words_in_a_file_are_no_frame() {
    for (number, slot) in [(7, 1), (8, 2), (8, 4), (8, 15), (u64::MAX >> 4, 1)] {
        let mut frames = images().with(8, 1, &info_of(5, 4), &u16s(1..6));
        frames.set_newest(number, slot);
        assert_eq!(saved(&frames), images().bytes, "{number} {slot}");
    }
    let mut frames = images().with(8, 1, &info_of(5, 4), &u16s(1..6));
    frames.set_slots(&[FREE; 4]);
    frames.set_pins(&[u64::MAX; 64]);
    assert_eq!(saved(&frames), images().bytes);
    // A length beyond the capacity.
    let frames = FramesBytes::images(3, 4).with(8, 1, &info_of(5, 4), &u16s([1, 2, 3]));
    let mut longer = FramesBytes { bytes: frames.bytes.clone(), ..FramesBytes::images(3, 4) };
    longer.put(longer.places().frame(1), u64::MAX);
    assert_eq!(saved(&longer), saved(&frames));
}
