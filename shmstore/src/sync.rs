//! The parts that processes share in place, and the protocols under them.

mod atomics;
mod held;
mod patience;
mod lock_word;
mod word_lock;
mod refusal;
mod waiting;
mod seqlock;
mod untyped;
mod version_waiters;
mod versioned_cell;
mod versioned;
mod view;
mod lock;
mod event_word;
mod event;

pub use event::{Event, EventView};
pub use lock::{Lock, LockGuard, LockView};
pub(crate) use untyped::{VersionedPlaces, holder, newest, stable_at, try_copy};
pub use versioned::{Transaction, Versioned, Writer};
pub use view::VersionedView;

#[cfg(test)]
mod lock_word_tests;
