//! The parts that processes share in place, and the protocols under them.

mod atomics;
mod held;
mod lock_word;
mod seqlock;
mod versioned;
mod versioned_cell;
mod view;
mod writer_lock;

pub use versioned::Versioned;
pub use view::VersionedView;

#[cfg(test)]
mod lock_word_tests;
