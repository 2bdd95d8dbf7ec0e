//! No process dies: frames pass from writers to readers.

use loom::cell::UnsafeCell;
use loom::sync::Arc;
use loom::thread;

use super::part::{Part, spawn};
use crate::harness::check;

/// The processes, by their tokens.
const WRITER: u32 = 2;
const OTHER: u32 = 3;
const READER: u32 = 4;

/// A writer publishes two frames, the second one in the slot that the reader may have pinned.
pub(crate) fn a_writer_meets_a_reader() {
    check(3, || {
        let part = Part::<2, 1>::new(1);
        let reader = spawn(&part, |part| {
            let pin = part.pin_newest(READER).expect("a frame");
            part.read_and_unpin(pin);
        });
        let is_written = [(); 2].map(|()| part.write(WRITER));
        reader.join().unwrap();
        assert!(is_written[0]);
        part.ends(OTHER);
    });
}

/// As before, with as many pins as a loan reads at a time.
pub(crate) fn a_writer_meets_a_line_of_pins() {
    check(2, || {
        let part = Part::<2, 8>::new(1);
        let reader = spawn(&part, |part| {
            let pin = part.pin_newest(READER).expect("a frame");
            part.read_and_unpin(pin);
        });
        let is_written = [(); 2].map(|()| part.write(WRITER));
        reader.join().unwrap();
        assert!(is_written[0]);
        part.ends(OTHER);
    });
}

/// A reader pins twice, with the same entry. The frame of its first attempt may be replaced, so its pin moves on.
pub(crate) fn a_pin_moves() {
    check(2, || {
        let part = Part::<2, 1>::new(2);
        let reader = spawn(&part, |part| {
            let mut last = 0;
            for _ in 0..2 {
                let pin = part.pin_newest(READER).expect("a frame");
                assert!(pin.frame.number >= last, "the newest frame is never an older one");
                last = pin.frame.number;
                part.read_and_unpin(pin);
            }
        });
        for _ in 0..2 {
            part.write(WRITER);
        }
        reader.join().unwrap();
        part.ends(OTHER);
    });
}

/// A writer loans a slot whose frame two readers pin. If it sees a pin, it gives way, and the frame is there again. A
/// reader that sees the writer gives way, too.
pub(crate) fn a_writer_backs_off() {
    check(2, || {
        let part = Part::<2, 2>::new(2);
        let readers = [READER, OTHER].map(|token| {
            spawn(&part, move |part| {
                let Some(pin) = part.pin(token, 1) else { return };
                part.read_and_unpin(pin);
            })
        });
        let slot = part.loan(WRITER);
        slot.inspect(|slot| part.fill(*slot, 9));
        readers.into_iter().for_each(|reader| reader.join().unwrap());
        if let Some(slot) = slot {
            part.give_back(WRITER, slot);
        } else {
            let pin = part.pin(READER, 1).expect("no process has overwritten it");
            part.read_and_unpin(pin);
        }
        part.ends(OTHER);
    });
}

/// A reader pins a frame by its number, while it is published, or overwritten.
pub(crate) fn an_older_frame_is_pinned() {
    for number in [1, 3] {
        check(3, move || {
            let part = Part::<2, 1>::new(2);
            let reader = spawn(&part, move |part| {
                let Some(pin) = part.pin(READER, number) else { return };
                assert!(part.newest().number >= number, "it was published before");
                part.read_and_unpin(pin);
            });
            part.write(WRITER);
            reader.join().unwrap();
            part.ends(OTHER);
        });
    }
}

/// A reader follows. It misses only frames that were overwritten, or loaned.
pub(crate) fn a_follower_goes_on() {
    check(2, || {
        let part = Part::<3, 1>::new(2);
        let reader = spawn(&part, |part| {
            let mut seen = 0;
            for _ in 0..2 {
                let pin = part.pin_after(READER, seen).expect("there is a newer one, or the newest");
                assert!(pin.frame.number > seen || part.newest().number == seen);
                seen = pin.frame.number;
                part.read_and_unpin(pin);
            }
            seen
        });
        assert!(part.write(WRITER));
        assert!(reader.join().unwrap() >= 2);
        let pin = part.pin_after(READER, 1).expect("a frame");
        assert_eq!(pin.frame.number, 2, "the next one, and not the newest");
        part.read_and_unpin(pin);
        part.ends(OTHER);
    });
}

/// A reader reads without a pin. A writer may overwrite the frame meanwhile.
pub(crate) fn a_reader_has_no_pin() {
    check(3, || {
        let part = Part::<2, 1>::for_views(1);
        let reader = spawn(&part, |part| part.read_without_pin());
        assert!(part.write(WRITER) && part.write(WRITER));
        reader.join().unwrap();
        assert_eq!(part.read_without_pin(), Some(3));
    });
}

/// A process that finds the number of a frame sees what its writer did before.
pub(crate) fn a_number_is_news() {
    check(3, || {
        let part = Arc::new((Part::<2, 1>::new(1), UnsafeCell::new(0)));
        let writer = thread::spawn({
            let part = part.clone();
            move || {
                let slot = part.0.loan(WRITER).expect("a slot");
                // SAFETY: loom checks that no other process uses it, and would fail the model.
                part.1.with_mut(|before| unsafe { *before = 5 });
                assert_eq!(part.0.publish(WRITER, slot), 2);
            }
        });
        if part.0.newest().number == 2 {
            // SAFETY: loom checks that no process writes it, and would fail the model.
            part.1.with(|before| assert_eq!(unsafe { *before }, 5));
        }
        writer.join().unwrap();
    });
}

/// A writer fills a slot, and gives it back without the lock. The next one fills it again.
pub(crate) fn a_loan_is_given_back() {
    check(3, || {
        let part = Part::<2, 1>::new(1);
        let slot = part.loan(WRITER).expect("a slot");
        let writer = spawn(&part, move |part| {
            part.fill(slot, 8);
            part.give_back(WRITER, slot);
        });
        part.writers.lock(OTHER);
        let is_written = part.write(OTHER);
        part.writers.unlock(OTHER);
        writer.join().unwrap();
        assert!(is_written || part.write(OTHER));
        part.ends(OTHER);
    });
}
