//! The models have frames in three slots, and a writer that is killed while it loans, fills and publishes.

use super::atomics::AtomicU64;
use super::atomics::Ordering::Relaxed;
use super::pins::{self, Pinning};
use super::protocol::{self, FrameWords};
use super::word::{FrameAt, number, published};
use crate::recorder::each_crash;

const K: usize = 3;
/// The processes, by their tokens.
const DEAD: u32 = 2;
const HEIR: u32 = 3;

struct Part {
    newest: AtomicU64,
    slots: [AtomicU64; K],
    pins: [AtomicU64; 1],
    /// The content of a frame is its number, twice.
    frames: [[AtomicU64; 2]; K],
}

impl FrameWords for &Part {
    fn newest(&self) -> &AtomicU64 {
        &self.newest
    }

    fn slots(&self) -> &[AtomicU64] {
        &self.slots
    }

    fn pins(&self) -> &[AtomicU64] {
        &self.pins
    }
}

impl Part {
    /// Frames 1, 2 and 3.
    fn new() -> Self {
        let numbers = [1, 2, 3];
        Self {
            newest: AtomicU64::new(FrameAt { number: 3, slot: 2 }.word()),
            slots: numbers.map(|number| AtomicU64::new(published(number))),
            pins: [AtomicU64::new(0)],
            frames: numbers.map(|number| [number, number].map(AtomicU64::new)),
        }
    }

    /// Loans, fills and publishes.
    fn write(&self, token: u32) {
        let words = &self;
        protocol::recover(words);
        let slot = protocol::loan(words, token).slot.expect("a slot");
        let next = protocol::newest(words).number + 1;
        self.frames[slot as usize].iter().for_each(|half| half.store(next, Relaxed));
        protocol::recover(words);
        assert_eq!(protocol::publish(words, token, slot), Some(next));
    }

    /// Checks that each frame that is published is whole, and that the next writers go on after the newest one.
    fn is_in_order(&self) {
        for (word, halves) in self.slots.iter().zip(&self.frames) {
            let number = number(word.load(Relaxed));
            let is_whole = halves.iter().all(|half| half.load(Relaxed) == number);
            assert!(number == 0 || is_whole, "a frame that is published is whole");
        }
        protocol::recover(&self);
        protocol::reap(&self, |token| token == DEAD);
        let Pinning::Pinned(pin) = pins::pin_newest(&self, HEIR) else { panic!("there is always a newest frame") };
        assert!(pins::unpin(&self, pin));
        for number in pin.frame.number + 1..pin.frame.number + 4 {
            self.write(HEIR);
            assert_eq!(protocol::newest(&self).number, number);
        }
        let loans = [(); K].map(|()| protocol::loan(&self, HEIR).slot);
        assert_eq!(loans.iter().flatten().count(), K - 1, "a slot is lost");
    }
}

/// The frames 4 and 5 are published, or one of them, or none.
pub(crate) fn publications_are_cut_short() {
    let process = |part: &Part| [(); 2].iter().for_each(|()| part.write(DEAD));
    each_crash(Part::new, process, Part::is_in_order);
}

/// The next process is killed, too.
pub(crate) fn recoveries_are_cut_short() {
    each_crash(
        Part::new,
        |part| part.write(DEAD),
        |part| {
            let left = part.copy();
            each_crash(|| left.copy(), |part| part.write(DEAD), Part::is_in_order);
        },
    );
}

impl Part {
    fn copy(&self) -> Self {
        let copy = |word: &AtomicU64| AtomicU64::new(word.load(Relaxed));
        Self {
            newest: copy(&self.newest),
            slots: self.slots.each_ref().map(copy),
            pins: self.pins.each_ref().map(copy),
            frames: self.frames.each_ref().map(|halves| halves.each_ref().map(copy)),
        }
    }
}
