use std::sync::atomic::Ordering::{Relaxed, Release};
use std::sync::atomic::{AtomicBool, AtomicU64, fence};
use std::thread;
use std::time::Duration;

use super::samples::{FramesBytes, number};
use super::{Frames, FramesPlaces, Waits};
use crate::inspect::decode::Decoder;
use crate::inspect::memory::{Live, Memory};
use crate::inspect::ring::tests::{Stop, object};
use crate::inspect::saved::values;
use crate::inspect::value::Value;
use crate::inspect::{FieldPath, Limits};
use crate::layout::schema::Primitive;
use crate::sync::frames::word::{FREE, FrameAt, pin, published, writing};
use crate::sync::frames_words;
use crate::sys::readable::ReadablePages;

/// The elements of a frame. All have its number.
const WORDS: u64 = 512;
const SLOTS: u64 = 3;
const LOOKS: u64 = 3000;

fn types() -> FramesBytes {
    FramesBytes::of(number(Primitive::U64), WORDS, SLOTS, number(Primitive::U64))
}

/// A process that publishes frames, by the protocol of one process alone.
struct Peer<'a> {
    live: Live<'a>,
    places: FramesPlaces,
}

impl Peer<'_> {
    fn store(&self, at: u64, word: u64) {
        self.live.to_write::<AtomicU64>(at).store(word, Release);
    }

    fn publish(&self, number: u64) {
        let (slot, len) = (number % SLOTS, WORDS - number % 7);
        self.store(self.places.word(slot), writing(9));
        fence(Release);
        let words = (0..WORDS).map(|index| self.places.elements(slot) + 8 * index);
        for at in words.chain([self.places.meta(slot)]) {
            self.live.to_write::<AtomicU64>(at).store(number, Relaxed);
        }
        self.store(self.places.frame(slot), len);
        self.store(self.places.word(slot), published(number));
        self.store(frames_words::NEWEST, FrameAt { number, slot }.word());
    }
}

fn word(bytes: &[u8], at: u64) -> u64 {
    u64::from_le_bytes(bytes[at as usize..][..8].try_into().unwrap())
}

#[test]
fn the_newest_frame_of_a_live_part_is_whole_and_so_is_a_copy_of_it() {
    let types = types();
    let (attached, places) = (object(&types.schema), types.places());
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            let pages = ReadablePages::of(attached.mapping());
            let peer = Peer { live: Live::of(&attached, &pages), places };
            (1..).take_while(|_| !stop.load(Relaxed)).for_each(|number| peer.publish(number));
        });
        let _stop = Stop(&stop);
        let pages = ReadablePages::of(attached.mapping());
        let memory = Memory::Live(Live::of(&attached, &pages));
        let (limits, mut last, mut seen) = (Limits::full(), 0, 0);
        let at = |path: &str| Decoder::new(memory, &limits).at(&types.schema, &path.parse::<FieldPath>().unwrap());
        while seen < LOOKS {
            let value = Decoder::new(memory, &limits).all(&types.schema);
            let Value::Frames { newest, len, meta, first, pins: 0, .. } = value else { panic!("{value}") };
            assert!(newest >= last, "{newest} after {last}");
            last = newest;
            if newest == 0 {
                thread::yield_now();
                continue;
            }
            assert_eq!((*meta, len), (Value::Unsigned(newest), WORDS - newest % 7));
            assert!(first.len() as u64 == len && first.iter().all(|word| *word == Value::Unsigned(newest)), "{newest}");
            let (Value::Unsigned(meta), Value::Unsigned(element)) = (at("meta").unwrap(), at("[9]").unwrap()) else {
                panic!("numbers")
            };
            assert!(newest <= meta && meta <= element, "{newest} {meta} {element}");

            let saved = values::of(&types.schema, memory, Duration::from_millis(100)).unwrap();
            let number = FrameAt::of(word(&saved, frames_words::NEWEST)).number;
            assert!(element <= number && word(&saved, places.word(0)) == published(number), "{number}");
            assert_eq!(word(&saved, places.frame(0)), WORDS - number % 7);
            let words = (0..WORDS - number % 7).map(|index| places.elements(0) + 8 * index);
            assert!(words.chain([places.meta(0)]).all(|at| word(&saved, at) == number), "a torn frame in a copy");
            last = number;
            seen += 1;
        }
    });
}

#[test]
fn a_frame_that_is_always_reused_costs_the_wait_and_no_more() {
    let types = types();
    let attached = object(&types.schema);
    let pages = ReadablePages::of(attached.mapping());
    let live = Live::of(&attached, &pages);
    let peer = Peer { live, places: types.places() };
    peer.publish(7);
    let frames = Frames::of(types.types(), Memory::Live(live), 0).unwrap();
    let mut waits = Waits::of(Duration::from_millis(2));
    let mut number = 7;
    let disturbed = frames.copy_newest(&mut waits, |_| {
        (number + 1..=number + SLOTS).for_each(|number| peer.publish(number));
        number += SLOTS;
        Ok(())
    });
    assert!(disturbed.unwrap_err().starts_with("no copy of one frame within 2 ms: "));
    assert_eq!(frames.copy_newest(&mut waits, |frame| frame.len()), Ok(Some((number, WORDS - number % 7))));
    // Words that no process stores.
    peer.store(types.places().word(number % SLOTS), FREE);
    let damaged = Decoder::new(Memory::Live(live), &Limits::default()).all(&types.schema).to_string();
    assert_eq!(damaged, format!("frame {number} <its newest frame is not in its slot> []"));
    let saved = values::of(&types.schema, Memory::Live(live), Duration::ZERO).unwrap_err().to_string();
    assert!(saved.contains("its newest frame is not in its slot"), "{saved}");
    peer.store(frames_words::NEWEST, FrameAt { number, slot: 15 }.word());
    let damaged = Decoder::new(Memory::Live(live), &Limits::default()).all(&types.schema).to_string();
    assert_eq!(damaged, format!("frame {number} <its newest frame is in slot 15, and it has 3> []"));
}

#[test]
fn used_pin_entries_and_filled_slots_are_counted() {
    let mut frames = FramesBytes::bytes(8, 4);
    frames.set_slots(&[published(1), writing(3), FREE, writing(4)]);
    frames.set_pins(&[pin(5, 0), 0, pin(5, 0), pin(6, 9)]);
    let uses = |frames: &FramesBytes| Frames::of(frames.types(), Memory::Copy(&frames.bytes), 0).unwrap().uses();
    assert_eq!(uses(&frames), Ok([3, 2]));
    frames.bytes.fill(0xff);
    assert_eq!(uses(&frames), Ok([64, 0]));
}
