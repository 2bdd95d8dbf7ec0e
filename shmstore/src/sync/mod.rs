//! The parts that processes share in place, and the protocols under them.
//!
//! Layers it may use: layout, value, error, sys, segment.

mod atomic;
mod atomics {
    //! The atomics of the protocols, imported from this one place, so that a model checker can put its own here.

    pub(super) use std::sync::atomic::{AtomicU32, AtomicU64, Ordering, compiler_fence, fence};
}
mod cache_aligned;
pub(crate) mod copy;
mod held;
mod backoff;
mod lock_word;
mod word_lock;
mod refusal;
mod waiting;
mod seqlock;
mod untyped;
mod unwritable;
mod version_waiters;
mod versioned_cell;
mod versioned;
mod view;
mod lock;
mod event_word;
mod event;

pub use atomic::AtomicValue;
pub use cache_aligned::CacheAligned;
pub use event::{Event, EventView};
pub use lock::{Lock, LockGuard, LockView};
pub(crate) use untyped::{VersionedPlaces, holder, newest, stable_at, try_copy};
pub use versioned::{Transaction, Versioned, Writer};
pub use view::VersionedView;

#[cfg(test)]
mod lock_word_tests;
