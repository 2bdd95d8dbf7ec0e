//! Which thread holds a part, so that locking one twice is told at once, and not a hang.
//!
//! A lock word knows the process that holds it, not the thread. So a thread that holds a part for longer than one store
//! leaves its *mark* in the part, in a word beside the lock word, and takes it back before it frees the lock:
//!
//! | bits | what |
//! |---|---|
//! | 0 | the part's own: *inconsistent* in a `Lock`, 0 in a `Versioned` |
//! | 1–30 | the thread's number, mixed with the process's token |
//! | 31 | 1: there is a mark |
//!
//! The mark has the lifetime of the lock, as it is part of its memory. If a guard is forgotten, both stay. If the
//! memory becomes another lock, both are gone.
//!
//! Only a thread that finds its own process's token in the lock word looks at the mark. It finds its own number only if
//! it holds the part: nobody else writes that number with that token, and the thread itself has removed it if it has
//! freed the lock. The token distinguishes the numbers of different processes, a child of `fork` included. A process
//! that ignores the protocol can forge a mark: then a thread that would wait forever is told that it would.

use std::cell::Cell;
use std::marker::PhantomData;

use super::atomics::AtomicU32;
use super::atomics::Ordering::{Acquire, Relaxed};

/// The bit that is the part's own.
const OWN: u32 = 1 << 0;

/// A bit above all tokens: a mark is never 0.
const MARKED: u32 = 1 << 30;

/// This thread's number; 0 if it has not needed one yet.
#[inline(always)]
fn number() -> u32 {
    thread_local! {
        static NUMBER: Cell<u32> = const { Cell::new(0) };
    }
    NUMBER.with(|number| if number.get() == 0 { draw(number) } else { number.get() })
}

#[cold]
fn draw(number: &Cell<u32>) -> u32 {
    static DRAWN: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
    number.set(MARKED | DRAWN.fetch_add(1, Relaxed) & (MARKED - 1));
    number.get()
}

#[inline(always)]
fn mark(token: u32) -> u32 {
    (token ^ number()) << 1
}

/// Leaves the mark of this thread, of the process `token`, which holds the lock, until it [leaves](leave).
#[inline(always)]
pub(super) fn enter(word: &AtomicU32, token: u32) {
    word.store(word.load(Relaxed) & OWN | mark(token), Relaxed);
}

/// Takes the mark back, whoever has left it, for one who holds the lock.
#[inline(always)]
pub(super) fn leave(word: &AtomicU32) {
    word.store(word.load(Relaxed) & OWN, Relaxed);
}

/// Returns `true` if this thread, of the process `token`, whose token is in the lock word, has left its mark.
pub(super) fn by_this_thread(word: &AtomicU32, token: u32) -> bool {
    word.load(Relaxed) & !OWN == mark(token)
}

/// A mark of this thread, for as long as it lives.
pub(super) struct ThreadMark<'a> {
    word: &'a AtomicU32,
    token: u32,
    token_now: &'static std::sync::atomic::AtomicU32,
    /// Belongs to the thread that made it.
    _not_send: PhantomData<*const ()>,
}

impl<'a> ThreadMark<'a> {
    /// Leaves the mark of this thread, of the process `token`, which is in `token_now` until it forks.
    #[inline]
    pub(super) fn enter(word: &'a AtomicU32, token: u32, token_now: &'static std::sync::atomic::AtomicU32) -> Self {
        enter(word, token);
        Self { word, token, token_now, _not_send: PhantomData }
    }
}

impl Drop for ThreadMark<'_> {
    /// In a child that was forked since, the parent's lock and mark stay the parent's.
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
    fn mark_is_of_one_thread_of_one_process_and_leaves_the_own_bit_alone() {
        for own in [0, OWN] {
            let word = AtomicU32::new(own);
            assert!(!by_this_thread(&word, 1));
            enter(&word, 1);
            assert!(by_this_thread(&word, 1) && word.load(Relaxed) & OWN == own);
            assert!(!by_this_thread(&word, 2), "a child of `fork` is another process");
            std::thread::scope(|scope| scope.spawn(|| assert!(!by_this_thread(&word, 1))).join().unwrap());
            leave(&word);
            assert!(!by_this_thread(&word, 1) && word.load(Relaxed) == own);
        }
    }

    #[test]
    fn no_token_makes_a_mark_of_nothing() {
        let word = AtomicU32::new(0);
        for token in [1, number() & (MARKED - 1), number() & (MARKED - 1) ^ 1, (1 << 29) - 1] {
            assert!(!by_this_thread(&word, token), "{token}");
        }
    }
}
