//! The parts that processes share in place, and the protocols under them.
//!
//! Layers it may use: layout, value, error, sys, segment.
//!
//! The parts are `atomic`, `versioned`, `lock`, `event`, `queue`, `broadcast`, `map`, `frames` and `cache_aligned`. The
//! protocols are `seqlock` (whole copies), `lock_word` (exclusion), `version_waiters` and `event_word` (waiting),
//! `queue/protocol` and `broadcast/protocol` (items), `map/protocol` (keys) and `frames/protocol` (loans and pins). They
//! contain no system call and no pointer, so loom can build them. `locking`, `side`, `waiting`, `value_ref`, `ring` and
//! the `memory` of each part put memory and the kernel under them.

mod atomic;
mod atomics {
    //! The atomics of the protocols. The loom models replace this module.

    pub(super) use std::sync::atomic::{AtomicU32, AtomicU64, Ordering, compiler_fence, fence};

    /// A full barrier just after a read-modify-write, which is one already on x86_64.
    #[inline(always)]
    pub(super) fn fence_after_rmw() {
        if cfg!(target_arch = "x86_64") {
            compiler_fence(Ordering::SeqCst);
        } else {
            fence(Ordering::SeqCst);
        }
    }
}
mod backoff;
mod broadcast;
mod cache_aligned;
pub(crate) mod copy;
mod describe;
mod event;
mod event_word;
pub(crate) mod frames;
mod hub;
mod judge;
mod lock;
mod lock_word;
mod locking;
pub(crate) mod map;
mod new_schemas;
pub(crate) mod queue;
pub(crate) mod raw;
mod ring;
mod seqlock;
mod shape;
mod side;
mod thread_mark;
mod untyped;
mod unwritable;
mod value_ref;
mod version_waiters;
mod versioned;
mod versioned_cell;
pub(crate) mod waiting;

pub use atomic::AtomicValue;
pub use backoff::Limit;
#[cfg(feature = "futures-core")]
pub use broadcast::SubscriberStream;
pub use broadcast::{Broadcast, BroadcastView, ItemSent, Recv, Sender, Subscriber, SubscriberIter, SubscriberTryIter};
pub(crate) use broadcast::{LAST as LAST_OF_BROADCAST, margin as broadcast_margin, next_in_slot};
pub use cache_aligned::CacheAligned;
pub use event::{Event, EventView, Past};
pub use frames::{Follower, FrameMut, Frames, FramesView, NewerFrame, Pinned, Racy, ReadFrame};
pub use lock::{Lock, LockGuard, LockView};
pub use map::{Entry, Iter, Keys, KeysChanged, Map, MapView, NewerOfEntry, NewerOfKey};
pub(crate) use map::{key_hash, state as map_state};
pub use queue::{Consumer, Job, NotEmpty, NotFull, Pop, Producer, Push, Queue, QueueView, Take};
pub(crate) use untyped::{
    FramesOffsets, MapOffsets, RingOffsets, VersionedOffsets, broadcast_words, entry_words, frames_words, holder,
    map_words, newest, queue_words, stable_at, try_copy,
};
pub use versioned::{Newer, Transaction, Versioned, VersionedView, Writer};
pub use waiting::{Awaitable, Changes, Ready, wait_any, wait_any_while};

#[cfg(test)]
mod lock_word_tests;
