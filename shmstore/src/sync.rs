//! The parts that processes share in place, and the protocols under them.

mod atomics;
mod event;
mod held;
mod lock;
mod lock_word;
mod seqlock;
mod versioned;
mod versioned_cell;
mod view;
mod writer_lock;

pub use event::{Event, EventView};
pub use lock::{Lock, LockView};
pub use versioned::Versioned;
pub use view::VersionedView;

#[cfg(test)]
mod lock_word_tests;
