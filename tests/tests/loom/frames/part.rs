//! Frames of one element, and what a process does with them.

use loom::cell::UnsafeCell;
use loom::sync::Arc;
use loom::thread;

use super::atomics::Ordering::Relaxed;
use super::atomics::{AtomicU32, AtomicU64};
use super::event_word;
use super::pins::{self, Pin, Pinning};
use super::protocol::{self, FrameWords, Loaned, Reached};
use super::side::Side;
use super::word::{FREE, FrameAt, published};
use crate::harness::{Futex, die, is_killed};

/// The moment at which a process is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Death {
    Never,
    At(Reached),
}

/// The content of a frame is its number, twice. A number that was not given yet is known to its only writer.
struct Frame {
    /// For a process that has the slot or a pin: loom fails if another one writes it meanwhile, or unordered.
    element: UnsafeCell<u64>,
    /// The same, for readers without a pin.
    halves: [AtomicU64; 2],
}

pub(super) struct Part<const K: usize, const PINS: usize> {
    pub(super) writers: Side,
    pub(super) room: AtomicU64,
    room_futex: Futex,
    newest: AtomicU64,
    slots: [AtomicU64; K],
    pub(super) pins: [AtomicU64; PINS],
    frames: [Frame; K],
    is_read_without_pins: bool,
    /// Changed before and after each operation and each use of the words, without ordering anything. Loom remembers only
    /// the last access of a word, so without this the load of a process just before its store would hide the loads of
    /// others, and with them most of the orders there are.
    turn: AtomicU32,
}

impl<const K: usize, const PINS: usize> Part<K, PINS> {
    /// Frames with the numbers 1 to `published`, one in each slot.
    pub(super) fn new(published: u64) -> Arc<Self> {
        Arc::new(Self::build(published, false))
    }

    /// Frames that are read without pins.
    pub(super) fn for_views(published: u64) -> Arc<Self> {
        Arc::new(Self::build(published, true))
    }

    fn build(last: u64, is_read_without_pins: bool) -> Self {
        assert!(last <= K as u64);
        let number = |slot: usize| if slot < last as usize { slot as u64 + 1 } else { 0 };
        Self {
            writers: Side::new(),
            room: AtomicU64::new(0),
            room_futex: Futex::new(),
            newest: AtomicU64::new(FrameAt { number: last, slot: last.saturating_sub(1) }.word()),
            slots: std::array::from_fn(|slot| match number(slot) {
                0 => AtomicU64::new(FREE),
                number => AtomicU64::new(published(number)),
            }),
            pins: std::array::from_fn(|_| AtomicU64::new(0)),
            frames: std::array::from_fn(|slot| Frame {
                element: UnsafeCell::new(number(slot)),
                halves: [number(slot), number(slot)].map(AtomicU64::new),
            }),
            is_read_without_pins,
            turn: AtomicU32::new(0),
        }
    }

    pub(super) fn turn(&self) {
        self.turn.store(0, Relaxed);
    }

    pub(super) fn words(&self) -> Words<'_, K, PINS> {
        self.words_until(Death::Never)
    }

    pub(super) fn words_until(&self, death: Death) -> Words<'_, K, PINS> {
        Words { part: self, death }
    }

    pub(super) fn newest(&self) -> FrameAt {
        self.turn();
        protocol::newest(&self.words())
    }

    /// Loans a slot. The process has the lock.
    pub(super) fn loan(&self, token: u32) -> Option<u64> {
        self.loan_or_back_off(token).slot
    }

    pub(super) fn loan_or_back_off(&self, token: u32) -> Loaned {
        self.turn();
        protocol::recover(&self.words());
        let loaned = protocol::loan(&self.words(), token);
        self.turn();
        loaned
    }

    /// Fills a loaned slot with a number.
    pub(super) fn fill(&self, slot: u64, number: u64) {
        let frame = &self.frames[slot as usize];
        // SAFETY: loom checks that no other process uses it, and would fail the model.
        frame.element.with_mut(|element| unsafe { *element = number });
        if self.is_read_without_pins {
            frame.halves.iter().for_each(|half| half.store(number, Relaxed));
        }
    }

    /// Publishes a loaned slot. The process has the lock.
    pub(super) fn publish(&self, token: u32, slot: u64) -> u64 {
        self.turn();
        protocol::recover(&self.words());
        let number = protocol::publish(&self.words(), token, slot).expect("no process takes it from the living");
        self.turn();
        number
    }

    /// Loans, fills and publishes, as the only writer. Returns `false` if there is no slot.
    pub(super) fn write(&self, token: u32) -> bool {
        protocol::recover(&self.words());
        let next = protocol::newest(&self.words()).number + 1;
        let Some(slot) = self.loan(token) else { return false };
        self.fill(slot, next);
        assert_eq!(self.publish(token, slot), next);
        true
    }

    /// Writes, and is killed there, or goes on until the end.
    pub(super) fn write_until(&self, token: u32, death: Death) {
        let words = self.words_until(death);
        is_killed(|| {
            protocol::recover(&words);
            let next = protocol::newest(&words).number + 1;
            let Some(slot) = protocol::loan(&words, token).slot else { return };
            self.fill(slot, next);
            protocol::recover(&words);
            protocol::publish(&words, token, slot);
        });
        self.turn();
    }

    pub(super) fn give_back(&self, token: u32, slot: u64) {
        self.turn();
        assert!(protocol::give_back(&self.words(), token, slot), "no process takes it from the living");
        self.turn();
    }

    pub(super) fn pin_newest(&self, token: u32) -> Option<Pin> {
        self.pin_by(|words| pins::pin_newest(words, token))
    }

    /// Pins the frame with this number if it is there.
    pub(super) fn pin(&self, token: u32, number: u64) -> Option<Pin> {
        self.pin_by(|words| pins::pin(words, token, number))
    }

    pub(super) fn pin_after(&self, token: u32, seen: u64) -> Option<Pin> {
        self.pin_by(|words| pins::pin_after(words, token, seen))
    }

    fn pin_by(&self, pin: impl FnOnce(&Words<'_, K, PINS>) -> Pinning) -> Option<Pin> {
        self.turn();
        let pinning = pin(&self.words());
        self.turn();
        if !matches!(pinning, Pinning::Pinned(_)) {
            self.tell_room();
        }
        match pinning {
            Pinning::Pinned(pin) | Pinning::Moved(pin) => Some(pin),
            Pinning::NoFrame | Pinning::Full => None,
            Pinning::Disturbed => panic!("it is replaced a few times at most"),
        }
    }

    /// Checks the content of a pinned frame.
    pub(super) fn read(&self, pin: Pin) {
        // SAFETY: loom checks that no process writes it, and would fail the model.
        self.frames[pin.frame.slot as usize].element.with(|element| assert_eq!(unsafe { *element }, pin.frame.number));
    }

    pub(super) fn read_and_unpin(&self, pin: Pin) {
        self.read(pin);
        assert!(pins::unpin(&self.words(), pin), "no process takes it from the living");
        self.turn();
    }

    /// Reads the newest frame without a pin. Returns its number if no writer has reused the slot meanwhile.
    pub(super) fn read_without_pin(&self) -> Option<u64> {
        let frame = self.newest();
        let halves = [0, 1].map(|half: usize| self.frames[frame.slot as usize].halves[half].load(Relaxed));
        let is_there = pins::is_still_there(&self.words(), frame);
        self.turn();
        assert!(!is_there || halves == [frame.number; 2], "an accepted frame is whole");
        is_there.then_some(frame.number)
    }

    pub(super) fn reap(&self, dead: u32) -> bool {
        self.turn();
        let has_reaped = protocol::reap(&self.words(), |token| token == dead);
        self.turn();
        has_reaped
    }

    /// Waits until a slot can be loaned. No slice ends the sleep.
    pub(super) fn wait_for_room(&self) {
        let announced = event_word::announce_any(&self.room);
        if !protocol::has_room(&self.words()) {
            self.room_futex.wait(|| self.room.load(Relaxed) == announced);
        }
    }

    /// Wakes the writers that wait for a slot, after one became free.
    pub(super) fn tell_room(&self) {
        if event_word::notify_after_rmw(&self.room) {
            self.room_futex.wake_all();
        }
    }

    /// Checks, for a process that comes last, that all slots but that of the newest frame can be loaned, and that the
    /// newest frame is whole.
    pub(super) fn ends(&self, token: u32) {
        protocol::recover(&self.words());
        let newest = self.newest().number;
        let slots = std::iter::from_fn(|| self.loan(token)).count();
        assert_eq!(slots, if newest == 0 { K } else { K - 1 }, "a slot is lost");
        if newest != 0 {
            let pin = self.pin_newest(token).expect("a frame");
            assert_eq!(pin.frame.number, newest);
            self.read_and_unpin(pin);
        }
    }
}

/// The words, for a process that is killed.
#[derive(Clone, Copy)]
pub(super) struct Words<'a, const K: usize, const PINS: usize> {
    part: &'a Part<K, PINS>,
    death: Death,
}

impl<const K: usize, const PINS: usize> FrameWords for Words<'_, K, PINS> {
    fn newest(&self) -> &AtomicU64 {
        self.part.turn();
        &self.part.newest
    }

    fn slots(&self) -> &[AtomicU64] {
        self.part.turn();
        &self.part.slots
    }

    fn pins(&self) -> &[AtomicU64] {
        self.part.turn();
        &self.part.pins
    }

    fn reached(&self, at: Reached) {
        self.part.turn();
        if self.death == Death::At(at) {
            die();
        }
    }
}

/// Starts a process.
pub(super) fn spawn<const K: usize, const PINS: usize, R: 'static>(
    part: &Arc<Part<K, PINS>>,
    process: impl FnOnce(&Part<K, PINS>) -> R + 'static,
) -> thread::JoinHandle<R> {
    let part = part.clone();
    thread::spawn(move || process(&part))
}
