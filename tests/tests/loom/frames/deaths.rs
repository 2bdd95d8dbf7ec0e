//! A process is killed. The kernel tells of a death after all that the process has done, so what others do afterwards is
//! in the same thread. Every interleaving with a death at every step is in `frames_deaths`.

use super::part::{Death, Part, spawn};
use super::protocol::Reached;
use crate::harness::check;

/// The processes, by their tokens.
const DEAD: u32 = 2;
const HEIR: u32 = 3;
const OTHER: u32 = 4;
const READER: u32 = 5;

const IN_A_WRITE: [Death; 4] =
    [Death::At(Reached::Claimed), Death::At(Reached::Looked), Death::At(Reached::Word), Death::At(Reached::Newest)];

/// A writer is killed under the lock. The next one publishes. Readers are there meanwhile.
pub(crate) fn a_publisher_dies() {
    for death in IN_A_WRITE {
        let publishes = matches!(death, Death::At(Reached::Word | Reached::Newest));
        let newest = if publishes { 3 } else { 2 };
        let write = move |part: &Part<3, 1>| {
            part.writers.lock(DEAD);
            part.write_until(DEAD, death);
            part.writers.inherit(DEAD, HEIR);
            part.reap(DEAD);
            assert!(part.write(HEIR));
            part.writers.unlock(HEIR);
        };
        check(2, move || {
            let part = Part::new(1);
            let writers = spawn(&part, write);
            let pin = part.pin_newest(READER).expect("a frame");
            part.read_and_unpin(pin);
            writers.join().unwrap();
            assert_eq!(part.newest().number, newest, "each number is given once");
            part.ends(OTHER);
        });
        check(2, move || {
            let part = Part::for_views(1);
            let writers = spawn(&part, write);
            part.read_without_pin();
            writers.join().unwrap();
            assert_eq!(part.read_without_pin(), Some(newest));
        });
    }
}

/// A reader is killed with a pin, which another process removes. A third one loans the slot.
pub(crate) fn a_reader_dies() {
    check(3, || {
        let part = Part::<2, 1>::new(2);
        let pin = part.pin(DEAD, 1).expect("a frame");
        let reader = spawn(&part, move |part| {
            part.read(pin);
            assert!(part.reap(DEAD));
        });
        part.write(OTHER);
        reader.join().unwrap();
        part.ends(OTHER);
    });
}

/// A writer is killed while it fills a slot, which another process makes free. A third one loans it. A living reader
/// still has a pin on it.
pub(crate) fn a_writer_dies() {
    check(3, || {
        let part = Part::<2, 2>::new(1);
        let slot = part.loan(DEAD).expect("a slot");
        let writer = spawn(&part, move |part| {
            part.fill(slot, 9);
            assert!(part.reap(DEAD));
        });
        part.write(OTHER);
        writer.join().unwrap();
        part.ends(OTHER);
    });
    check(2, || {
        let part = Part::<2, 1>::new(2);
        let reader = spawn(&part, |part| {
            let Some(pin) = part.pin(READER, 1) else { return };
            part.read_and_unpin(pin);
        });
        part.write_until(DEAD, Death::At(Reached::Claimed));
        part.reap(DEAD);
        part.write(OTHER);
        reader.join().unwrap();
        part.ends(OTHER);
    });
}

/// Two processes find the pin of a dead reader. A living reader takes its entry.
pub(crate) fn two_reap() {
    check(3, || {
        let part = Part::<2, 1>::new(2);
        part.pin(DEAD, 1).expect("a frame");
        let other = spawn(&part, |part| part.reap(DEAD));
        let has_reaped = part.reap(DEAD);
        let pin = part.pin(READER, 1).expect("its frame is there, and an entry");
        assert_ne!(other.join().unwrap(), has_reaped, "one of them has removed it");
        part.read_and_unpin(pin);
        part.ends(OTHER);
    });
    check(3, || {
        let part = Part::<2, 1>::new(1);
        part.loan(DEAD).expect("a slot");
        let other = spawn(&part, |part| part.reap(DEAD));
        let has_reaped = part.reap(DEAD);
        let slot = part.loan(OTHER).expect("it is free");
        assert_ne!(other.join().unwrap(), has_reaped, "one of them has removed it");
        part.give_back(OTHER, slot);
        part.ends(OTHER);
    });
}
