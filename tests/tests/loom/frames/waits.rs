//! Waits for a slot and for a frame. Nothing here sleeps in slices, so a lost wake-up is a deadlock, which loom finds.

use loom::thread;

use super::part::{Part, spawn};
use super::pins;
use crate::harness::check;

/// The processes, by their tokens.
const WRITER: u32 = 2;
const OTHER: u32 = 3;
const READER: u32 = 4;

impl<const K: usize, const PINS: usize> Part<K, PINS> {
    fn lock_and_loan(&self, token: u32) -> Option<u64> {
        self.writers.lock(token);
        let loaned = self.loan_or_back_off(token);
        self.writers.unlock_without_news(token);
        if loaned.has_backed_off {
            self.tell_room();
        }
        loaned.slot
    }

    fn loan_and_wait(&self, token: u32) -> u64 {
        loop {
            match self.lock_and_loan(token) {
                Some(slot) => return slot,
                None => self.wait_for_room(),
            }
        }
    }

    fn lock_and_publish(&self, token: u32, slot: u64) {
        self.writers.lock(token);
        self.publish(token, slot);
        self.writers.unlock(token);
        self.tell_room();
    }
}

/// A writer waits for a slot, which a reader has pinned.
pub(crate) fn dropped_pins_are_waited_for() {
    check(3, || {
        let part = Part::<2, 1>::new(2);
        let pin = part.pin(READER, 1).expect("a frame");
        let writer = spawn(&part, |part| part.loan_and_wait(WRITER));
        assert!(pins::unpin(&part.words(), pin));
        part.tell_room();
        writer.join().unwrap();
    });
}

/// A writer waits for a slot, which another writer has loaned.
pub(crate) fn given_back_loans_are_waited_for() {
    check(3, || {
        let part = Part::<2, 1>::new(1);
        let slot = part.loan(OTHER).expect("a slot");
        let writer = spawn(&part, |part| part.loan_and_wait(WRITER));
        part.give_back(OTHER, slot);
        part.tell_room();
        writer.join().unwrap();
    });
}

/// A writer waits for a slot. A reader pins it for a moment, and another writer tries to loan it, and gives way.
pub(crate) fn loans_that_back_off_are_waited_for() {
    check(2, || {
        let part = Part::<2, 1>::new(2);
        let reader = spawn(&part, |part| {
            let Some(pin) = part.pin(READER, 1) else { return };
            // Loom lets another process go on here, for free.
            thread::yield_now();
            assert!(pins::unpin(&part.words(), pin));
            part.tell_room();
        });
        let other = spawn(&part, |part| {
            let Some(slot) = part.lock_and_loan(OTHER) else { return };
            part.give_back(OTHER, slot);
            part.tell_room();
        });
        // It has tried to loan before, when there was another pin.
        part.wait_for_room();
        [reader, other].into_iter().for_each(|process| process.join().unwrap());
    });
}

/// A writer waits for the slot of a frame that another process tries to pin. It gives up, or pins a newer frame.
pub(crate) fn pins_without_a_frame_are_waited_for() {
    check(3, || {
        let part = Part::<2, 1>::new(2);
        let reader = spawn(&part, |part| {
            let Some(pin) = part.pin(READER, 1) else { return };
            assert!(pins::unpin(&part.words(), pin));
            part.tell_room();
        });
        part.loan_and_wait(WRITER);
        reader.join().unwrap();
    });
    check(3, || {
        let part = Part::<2, 1>::new(2);
        let reader = spawn(&part, |part| {
            let pin = part.pin_newest(READER).expect("a frame");
            if pin.frame.number == 2 {
                assert!(pins::unpin(&part.words(), pin));
                part.tell_room();
            }
        });
        let slot = part.loan_and_wait(WRITER);
        part.lock_and_publish(WRITER, slot);
        part.loan_and_wait(WRITER);
        reader.join().unwrap();
    });
    check(2, || {
        let part = Part::<3, 1>::new(3);
        let reader = spawn(&part, |part| {
            let pin = part.pin_after(READER, 0).expect("a frame");
            if pin.frame.number < 3 {
                assert!(pins::unpin(&part.words(), pin));
                part.tell_room();
            }
        });
        for _ in 0..2 {
            part.loan_and_wait(WRITER);
        }
        reader.join().unwrap();
    });
}

/// A reader waits for a frame, and a writer for the slot of the frame before.
pub(crate) fn publications_are_waited_for() {
    check(2, || {
        let part = Part::<2, 1>::new(1);
        let slot = part.loan(OTHER).expect("a slot");
        let reader = spawn(&part, |part| {
            while part.newest().number < 2 {
                part.writers.wait(|| part.newest().number >= 2);
            }
        });
        part.lock_and_publish(OTHER, slot);
        reader.join().unwrap();
    });
    check(3, || {
        let part = Part::<2, 1>::new(1);
        let slot = part.loan(OTHER).expect("a slot");
        let writer = spawn(&part, |part| part.loan_and_wait(WRITER));
        part.lock_and_publish(OTHER, slot);
        writer.join().unwrap();
    });
}
