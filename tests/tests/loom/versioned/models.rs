//! What is modelled: a `Versioned` of two words, its writers, and a reader.

use loom::cell::UnsafeCell;
use loom::sync::Arc;
use loom::thread;

use super::atomics::Ordering::{Acquire, Relaxed};
use super::atomics::{AtomicU32, AtomicU64};
use super::{lock_word, seqlock};
use crate::harness::{check, die, is_killed};

const TOKEN: u32 = 7;

struct Part {
    sequence: AtomicU64,
    lock: AtomicU32,
    /// The sequence number, for whoever holds the lock: loom fails if two use it at a time, or unordered.
    now: UnsafeCell<u64>,
    slots: [[AtomicU64; 2]; 2],
}

impl Part {
    fn new() -> Self {
        Self { sequence: AtomicU64::new(0), lock: AtomicU32::new(0), now: UnsafeCell::new(0), slots: Default::default() }
    }

    /// Stores a value of two equal words after the sequence number `now`, and returns the new version.
    fn write_after(&self, now: u64, word: u64) -> u64 {
        seqlock::write_after(&self.sequence, now, |slot| self.slots[slot].iter().for_each(|to| to.store(word, Relaxed)))
    }

    /// Begins to do so, and is killed after the odd number and so many words.
    fn die_writing_after(&self, now: u64, word: u64, words: usize) {
        assert!(is_killed(|| {
            seqlock::write_after(&self.sequence, now, |slot| {
                self.slots[slot].iter().take(words).for_each(|to| to.store(word, Relaxed));
                die();
            });
        }));
    }

    fn store(&self, word: u64) {
        while !lock_word::try_take(&self.lock, TOKEN) {
            thread::yield_now();
        }
        self.now.with_mut(|now| {
            // SAFETY: loom checks that nobody else uses it, and would fail the model.
            let now = unsafe { &mut *now };
            *now = 2 * self.write_after(*now, word);
        });
        assert!(lock_word::try_release(&self.lock, TOKEN));
    }

    /// Adds one to the newest value, for the holder of the lock, and frees it.
    fn transact(&self, token: u32) {
        let mut words = [0; 2];
        let version = seqlock::read_locked(&self.sequence, |slot| {
            for (word, from) in words.iter_mut().zip(&self.slots[slot]) {
                *word = from.load(Relaxed);
            }
        });
        assert_eq!(words, [version; 2]);
        assert_eq!(seqlock::write_after(&self.sequence, self.sequence.load(Acquire), |slot| {
            self.slots[slot].iter().for_each(|to| to.store(version + 1, Relaxed));
        }), version + 1);
        assert!(lock_word::release(&self.lock, token, 0).is_some());
    }

    /// Tries to read, once, and returns version and words.
    fn try_read(&self) -> Option<(u64, [u64; 2])> {
        let mut words = [0; 2];
        let version = seqlock::try_read(&self.sequence, |slot| {
            for (word, from) in words.iter_mut().zip(&self.slots[slot]) {
                *word = from.load(Relaxed);
            }
        })?;
        Some((version, words))
    }
}

/// Versions 1, 2 and 3: the third is written into the slot of the first.
pub(crate) fn one_writer_reuses_slots() {
    check(3, || {
        let part = Arc::new(Part::new());
        let writer = thread::spawn({
            let part = part.clone();
            move || (0..3).for_each(|version| assert_eq!(part.write_after(2 * version, version + 1), version + 1))
        });
        if let Some((version, words)) = part.try_read() {
            assert_eq!(words, [version; 2]);
        }
        writer.join().unwrap();
        assert_eq!(part.try_read(), Some((3, [3; 2])));
    });
}

/// Two processes store once each, a third one reads.
pub(crate) fn two_writers_take_turns() {
    check(3, || {
        let part = Arc::new(Part::new());
        let writers = [10, 20].map(|word| {
            let part = part.clone();
            thread::spawn(move || part.store(word))
        });
        if let Some((version, [first, second])) = part.try_read() {
            assert_eq!(first, second);
            assert_eq!(first == 0, version == 0);
        }
        writers.into_iter().for_each(|writer| writer.join().unwrap());
        let (version, [first, second]) = part.try_read().expect("nobody writes");
        assert_eq!((version, first), (2, second));
        assert_ne!(first, 0);
    });
}

/// A writer is killed half-way. The next one, which knows of its death from the kernel, writes twice; a reader that was
/// there from the start reads.
pub(crate) fn a_writer_dies_and_another_takes_over() {
    for words in 0..=2 {
        check(3, move || {
            let part = Arc::new(Part::new());
            let writers = thread::spawn({
                let part = part.clone();
                move || {
                    let dying = thread::spawn({
                        let part = part.clone();
                        move || {
                            part.write_after(0, 1);
                            part.die_writing_after(2, 99, words);
                        }
                    });
                    dying.join().unwrap();
                    assert_eq!(part.write_after(3, 2), 2);
                    assert_eq!(part.write_after(4, 3), 3);
                }
            });
            if let Some((version, words)) = part.try_read() {
                assert_eq!(words, [version; 2]);
            }
            writers.join().unwrap();
            assert_eq!(part.try_read(), Some((3, [3; 2])));
        });
    }
}

/// A lease stores a version and is killed while it writes the next. Whoever inherits the lock changes what was valid, in
/// a transaction; and so does one more. Nothing that was stored is lost, and a reader sees every version whole.
pub(crate) fn a_lease_dies_and_two_transactions_follow() {
    for words in 0..=2 {
        check(2, move || {
            let part = Arc::new(Part::new());
            assert!(lock_word::try_take(&part.lock, TOKEN));
            let heir = thread::spawn({
                let part = part.clone();
                move || {
                    // In one thread with the dead, as the kernel tells of a death after all that the dead has done.
                    part.write_after(0, 1);
                    part.die_writing_after(2, 99, words);
                    assert!(lock_word::take_over(&part.lock, TOKEN, TOKEN + 1));
                    part.transact(TOKEN + 1);
                }
            });
            let other = thread::spawn({
                let part = part.clone();
                move || {
                    while !lock_word::try_take(&part.lock, TOKEN + 2) {
                        if lock_word::take(&part.lock, TOKEN + 2, lock_word::Claim::Slept) == lock_word::Attempt::Taken {
                            break;
                        }
                        thread::yield_now();
                    }
                    part.transact(TOKEN + 2);
                }
            });
            if let Some((version, words)) = part.try_read() {
                assert_eq!(words, [version; 2]);
            }
            [heir, other].into_iter().for_each(|thread| thread.join().unwrap());
            assert_eq!(part.try_read(), Some((3, [3; 2])));
        });
    }
}
