//! What a wait is for, and how its waiter is woken.
//!
//! The loom models build this file a second time.

/// A word on which the thread of the hub can sleep.
pub(super) trait Bell: Copy {
    fn address(&self) -> usize;

    /// The value of the word.
    fn now(&self) -> u32;

    /// Returns `true` if a change wakes only one of the sleepers on the word.
    fn wakes_one(&self) -> bool;
}

/// What a wait is for.
pub(super) trait Subject: Copy {
    type Bell: Bell;

    /// The word that changes.
    fn bell(&self) -> Self::Bell;

    /// Returns `true` if a change wakes the sleepers on the word. Otherwise only slices find it.
    fn can_announce(&self) -> bool;

    /// Announces a waiter again, and returns the value of the word before that. `None` if the condition holds.
    fn announce(&self) -> Option<u32>;

    /// Returns `true` if the condition holds.
    fn holds(&self) -> bool;

    /// Returns `true` if a waiter must complete what a dead process may have left.
    fn is_unsettled(&self) -> bool;
}

/// How a waiter is woken.
#[derive(Debug)]
pub(super) enum Waiter<W> {
    /// By its waker, once.
    Task(W),
    /// By the word on which its thread sleeps, as often as needed.
    Sleeper,
}

/// A waiter to wake, after the table is unlocked.
#[derive(Debug)]
pub(super) enum Wake<W> {
    Task(W),
    /// The sleepers on the word at this address, or at most one of them.
    Word {
        address: usize,
        only_one: bool,
    },
}

/// What has become of a wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    Waiting,
    Woken(Why),
}

/// Why a waiter was woken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Why {
    /// Its condition held, or the waiter must see for itself.
    Holds,
    /// A dead process may have left something that this waiter must complete.
    Unsettled,
    /// The object may be removed, or may have lost its anchor.
    Object,
}
