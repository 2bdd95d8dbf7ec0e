//! The mark of the thread that holds a part. A thread that would wait for itself gets an error instead of a hang.
//!
//! A lock word names the process that holds it, not the thread. So a thread that holds a part for longer than one store
//! leaves its *mark* in the part, in a word beside the lock word. It removes the mark before it frees the lock.
//!
//! | bits | what |
//! |---|---|
//! | 0 | belongs to the part: *inconsistent* in a `Lock`, 0 in a `Versioned` |
//! | 1–30 | the thread's number, mixed with the process's token |
//! | 31 | 1 if there is a mark |
//!
//! The mark is part of the lock's memory, so it lives as long as the lock. If a guard is forgotten, both stay. If the
//! memory becomes another lock, both are gone.
//!
//! A thread checks the mark only if its own process's token is in the lock word. It finds its own number only if it
//! holds the part. No other thread writes that number with that token, and the thread itself removes it before it frees
//! the lock. The token distinguishes the numbers of different processes, a child of `fork` included. A process that
//! breaks the protocol can forge a mark. Then a thread that would wait forever gets the error.

use std::cell::Cell;
use std::marker::PhantomData;

use super::atomics::AtomicU32;
use super::atomics::Ordering::{Acquire, Relaxed};

/// The bit that belongs to the part.
const OF_PART: u32 = 1 << 0;

/// A bit above all tokens, so a mark is never 0.
const MARKED: u32 = 1 << 30;

/// Returns the number of this thread.
#[inline(always)]
fn number() -> u32 {
    thread_local! {
        static NUMBER: Cell<u32> = const { Cell::new(0) };
    }
    NUMBER.with(|number| if number.get() == 0 { draw(number) } else { number.get() })
}

#[cold]
fn draw(number: &Cell<u32>) -> u32 {
    static DRAWN: AtomicU32 = AtomicU32::new(0);
    number.set(MARKED | DRAWN.fetch_add(1, Relaxed) & (MARKED - 1));
    number.get()
}

#[inline(always)]
fn mark(token: u32) -> u32 {
    (token ^ number()) << 1
}

/// Writes the mark of this thread of the process `token`. The thread holds the lock.
#[inline(always)]
pub(super) fn enter(word: &AtomicU32, token: u32) {
    word.store(word.load(Relaxed) & OF_PART | mark(token), Relaxed);
}

/// Removes the mark, whichever thread wrote it. The caller holds the lock.
#[inline(always)]
pub(super) fn leave(word: &AtomicU32) {
    word.store(word.load(Relaxed) & OF_PART, Relaxed);
}

/// Returns `true` if the mark is that of this thread. `token` is the process's token, and is in the lock word.
pub(super) fn by_this_thread(word: &AtomicU32, token: u32) -> bool {
    word.load(Relaxed) & !OF_PART == mark(token)
}

/// Keeps the mark of this thread in a part until it is dropped.
pub(super) struct ThreadMark<'a> {
    word: &'a AtomicU32,
    token: u32,
    token_now: &'static AtomicU32,
    /// The mark belongs to this thread.
    _not_send: PhantomData<*const ()>,
}

impl<'a> ThreadMark<'a> {
    /// Writes the mark of this thread of the process `token`. `token_now` contains another token after a fork.
    #[inline]
    pub(super) fn enter(word: &'a AtomicU32, token: u32, token_now: &'static AtomicU32) -> Self {
        enter(word, token);
        Self { word, token, token_now, _not_send: PhantomData }
    }
}

impl Drop for ThreadMark<'_> {
    /// Does nothing in a child that was forked since. Lock and mark belong to its parent.
    #[inline]
    fn drop(&mut self) {
        if self.token_now.load(Acquire) == self.token {
            leave(self.word);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mark_is_of_one_thread_of_one_process_and_leaves_the_bit_of_the_part_alone() {
        for of_part in [0, OF_PART] {
            let word = AtomicU32::new(of_part);
            assert!(!by_this_thread(&word, 1));
            enter(&word, 1);
            assert!(by_this_thread(&word, 1) && word.load(Relaxed) & OF_PART == of_part);
            assert!(!by_this_thread(&word, 2), "a child of `fork` is another process");
            std::thread::scope(|scope| scope.spawn(|| assert!(!by_this_thread(&word, 1))).join().unwrap());
            leave(&word);
            assert!(!by_this_thread(&word, 1) && word.load(Relaxed) == of_part);
        }
    }

    #[test]
    fn no_token_makes_zero_a_mark() {
        let word = AtomicU32::new(0);
        for token in [1, number() & (MARKED - 1), number() & (MARKED - 1) ^ 1, (1 << 29) - 1] {
            assert!(!by_this_thread(&word, token), "{token}");
        }
    }
}
