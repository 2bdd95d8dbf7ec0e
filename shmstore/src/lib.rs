//! Typed objects in shared memory, for the processes of one Linux machine.
//!
//! Derive [`ShmObject`](macro@ShmObject) for a `#[repr(C)]` struct. Any process that opens the same path then attaches
//! to the same live struct, by its type, checked, without a line of `unsafe`.
//!
//! ```
//! use shmstore::{ShmObject, ShmValue, Store, Versioned};
//! use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
//!
//! #[derive(Clone, Copy, Debug, ShmValue)]
//! #[repr(C)]
//! struct Position { x: f64, y: f64, z: f64 }
//!
//! #[derive(ShmObject)]
//! #[repr(C)]
//! #[shm(id = 'T')]
//! struct Telemetry { frames: AtomicU64, position: Versioned<Position> }
//!
//! # let dir = tempfile::tempdir()?; let path = dir.path().join("rover");
//! let store = Store::open_or_create(path)?;
//! let t = store.attach_or_create::<Telemetry>()?;         // Shared<Telemetry>: Deref<Target = Telemetry>
//! t.frames.fetch_add(1, Relaxed);
//! t.position.store(Position { x: 1.0, y: 2.0, z: 3.0 });
//! # store.remove::<Telemetry>()?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! - A value is *copied* through shared memory: [`ShmValue`](macro@ShmValue), [`FixedString`], [`FixedVec`], [`Pad`],
//!   [`Timestamp`]. [Types of other crates](trait@ShmValue#types-of-other-crates) are values by features or as a
//!   struct.
//! - An object is *referenced* in shared memory: [`ShmObject`](macro@ShmObject). It is made of std's atomics, other
//!   objects, and parts. [`AtomicValue`] and [`Versioned`] keep the newest value, and a [`Map`] that of each key. A
//!   [`Queue`] gives each item to one process, and a [`Broadcast`] to all. [`Frames`] hold large arrays, such as
//!   images. A [`Lock`] lets one process in at a time, and an [`Event`] wakes processes. [`CacheAligned`] puts a part
//!   on cache lines of its own.
//! - Processes meet at a [`Store`], and hold a [`Shared`] object, or a [`ReadOnly`] one. [`Following`] goes on with the
//!   new object after a replacement.
//! - An object with [room](macro@ShmObject#room) grows by the fields that authors append to its struct. Programs of
//!   several versions use it at once. [`Store::migrate`] migrates an object to any other layout, with its values.
//! - The layout of a type in memory is its [`Schema`](schema::Schema), which is hashed to a [`LayoutHash`].
//!
//! Modules: [`queue`], [`broadcast`], [`map`] and [`frames`] have the handles of these parts, [`view`] the parts of a
//! [`ReadOnly`] object. [`wait`] has waits for many parts at once, and from async. [`error`] has all error types,
//! [`schema`] describes layouts, [`inspect`] looks into segments of any type, [`dynamic`] also writes them, and
//! [`migrate`] has what a migration returns.
//!
//! Features: `chrono`, `glam`, `jiff` and `uuid` add types of these crates. `futures-core` makes streams of waits that
//! go on. None is on by default, and async code needs none.
//!
//! Underneath is System V shared memory, keyed by `ftok(path, type-id-char)`. The design, the format byte for byte and
//! the soundness argument are in the repository's `docs/`.

#[cfg(not(all(
    target_os = "linux",
    target_pointer_width = "64",
    target_endian = "little",
    any(target_arch = "x86_64", target_arch = "aarch64"),
)))]
compile_error!(
    "shmstore supports 64-bit little-endian Linux on x86_64 and aarch64 only: on other targets neither the layout of \
     its segments nor its system calls were tried"
);

// In the order of their layers: each uses only those that its page names.
mod layout;
mod value;
pub mod error;
mod sys;
mod segment;
mod sync;
mod store;
pub mod inspect;
pub mod migrate;
pub mod dynamic;

#[doc(hidden)]
pub mod __private;

pub use error::{AttachError, CreateError, Error, InvalidValue, LockError, OpenError, RemoveError, WaitError};
pub use layout::derive::{ShmKey, ShmObject, ShmValue};
pub use layout::hash::LayoutHash;
pub use layout::key::Key;
pub use layout::{AnyBits, ShmId, ShmKey, ShmLayout, ShmObject, ShmValue};
pub use store::{Following, ObjectInfo, ReadOnly, Shared, Store, StoreOptions};
pub use sync::{
    AtomicValue, Awaitable, Broadcast, CacheAligned, Event, Frames, Lock, LockGuard, Map, Queue, Ready, Transaction,
    Versioned, Writer, wait_any, wait_any_while,
};
pub use value::{FixedString, FixedVec, Pad, Timestamp};

pub mod schema {
    //! What a type looks like in memory, and how two layouts differ.
    //!
    //! Read first: [`Schema`], which the derives make of each type as [`ShmLayout::SCHEMA`]. [`OwnedSchema`] is a
    //! schema that was read from a segment or a file, and [`LayoutDiff`] shows how two of them differ. Whether all
    //! bytes are valid for a type, its [`Validity`] says, which is [`Any`] or [`Checked`].

    #[cfg(doc)]
    use crate::ShmLayout;
    pub use crate::layout::diff::{Change, DiffTable, Difference, LayoutDiff, Offset, Side};
    pub use crate::layout::schema::{
        ConstArg, Field, Kind, OwnedConstArg, OwnedField, OwnedKind, OwnedSchema, OwnedVariant, Primitive, Schema,
        Variant,
    };
    pub use crate::layout::{Any, Checked, Validity};
}

pub mod queue {
    //! The handles of a [`Queue`].
    //!
    //! Read first: [`Job`], an item that a process has taken. While a [`Producer`] or [`Consumer`] exists, only its
    //! thread pushes, or only its thread pops and takes.

    #[cfg(doc)]
    use crate::Queue;
    pub use crate::error::{JobLost, PopError, PushError};
    pub use crate::sync::{Consumer, Job, Producer};
}

pub mod broadcast {
    //! The handles of a [`Broadcast`].
    //!
    //! Read first: [`Subscriber`], which receives items. While a [`Sender`] exists, only its thread sends.

    #[cfg(doc)]
    use crate::Broadcast;
    pub use crate::error::RecvError;
    pub use crate::sync::{Sender, Subscriber, SubscriberIter, SubscriberTryIter};
}

pub mod map {
    //! The handles and errors of a [`Map`].
    //!
    //! Read first: [`Entry`], which loads and stores the value of one key without a search.

    #[cfg(doc)]
    use crate::Map;
    pub use crate::error::{EntryError, InsertError, Removed};
    pub use crate::sync::{Entry, Iter, Keys};
}

pub mod frames {
    //! The handles and errors of [`Frames`].
    //!
    //! Read first: [`FrameMut`], a slot that a writer fills, and [`Pinned`], a frame that a reader reads.

    #[cfg(doc)]
    use crate::Frames;
    pub use crate::error::{FrameLost, LoanError, Overrun, PinError, SlotUsers, TooLong};
    pub use crate::sync::{Follower, FrameMut, Pinned, Racy, ReadFrame};
}

pub mod wait {
    //! Waits of one thread for many parts, and waits of async tasks.
    //!
    //! Read first: [`Awaitable`], which [`wait_any`] takes. Each awaitable type is also a future, for any async
    //! runtime. [`Pop`], [`Take`], [`Push`] and [`Recv`] are futures only. [`Changes`] waits for one version after
    //! another.
    //!
    //! ```
    //! use shmstore::{Event, Versioned, wait_any};
    //! use std::time::Duration;
    //!
    //! let (position, stop) = (Versioned::<[f64; 3]>::default(), Event::new());
    //! position.store([1.0, 2.0, 3.0]); // most often another process
    //!
    //! // In a thread:
    //! let ready = wait_any(&[&position.newer(0), &stop.past(0)], Duration::from_secs(1))?;
    //! assert!(ready.contains(0) && !ready.contains(1));
    //!
    //! // In a task. This runtime is the smallest, any other does as well:
    //! let (version, value) = pollster::block_on(position.newer(0))?;
    //! assert_eq!((version, value), (1, [1.0, 2.0, 3.0]));
    //! # Ok::<(), shmstore::Error>(())
    //! ```
    //!
    //! # How futures are woken
    //!
    //! The first future that has to wait starts one thread, `shmstore-hub`, which wakes all tasks of the process. It
    //! sleeps on up to 127 words at a time, and checks for all other changes every millisecond. Each `Versioned`,
    //! event, broadcast, `Frames`, key of a map and side of a queue has one word. Every 5 ms the thread checks for
    //! changes of killed processes and for removed objects, and once a second for lost anchors. With very many changes
    //! that it checks for, it checks less often, so that this takes at most 5 % of one processor. While nothing is
    //! awaited, it sleeps. All signals are blocked in it.
    //!
    //! - A wake-up by the thread takes up to about twice as long as one of [`wait_any`] or a plain wait in a thread.
    //! - Dropping a future ends its wait. No item is lost, and no version or notification is consumed.
    //! - Futures of parts in ordinary memory, and of handles of [`Store::attach_read_only`], are woken by a look every
    //!   millisecond. Futures of [`Store::attach_view`] are woken at once.
    //! - If several tasks wait for an item of one queue, each item wakes them all. One gets it, and the others wait
    //!   again.
    //! - A child of `fork` starts a thread of its own. A future that was polled before can be polled in the child.
    //! - A time limit is that of the runtime, such as `tokio::time::timeout`.
    //! - With the feature `futures-core`, [`Changes`] and what `Subscriber::stream` returns are streams.

    #[cfg(doc)]
    use crate::Store;
    #[cfg(feature = "futures-core")]
    pub use crate::sync::SubscriberStream;
    pub use crate::sync::{
        Awaitable, Changes, ItemSent, KeysChanged, Newer, NewerFrame, NewerOfEntry, NewerOfKey, NotEmpty, NotFull,
        Past, Pop, Push, Ready, Recv, Take, wait_any, wait_any_while,
    };
}

pub mod view {
    //! Parts of an object as a [`ReadOnly`] handle shows them.
    //!
    //! Read first: [`VersionedView`]. Each view has those methods of its part that only load, under the same names.
    //! [`FramesView`] can also pin, on a handle of `attach_view`.

    #[cfg(doc)]
    use crate::ReadOnly;
    pub use crate::layout::view::AtomicView;
    pub use crate::sync::{BroadcastView, EventView, FramesView, LockView, MapView, QueueView, VersionedView};
}

#[cfg(feature = "failpoints")]
#[doc(hidden)]
pub use sys::failpoint::{PART_STEPS, STEPS};
