//! Typed shared objects for processes on one Linux machine: derive a macro on a `#[repr(C)]` struct, and any process that
//! opens the same path attaches to the same live struct, by type, checked, without a line of `unsafe`.
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
//! - What may be *copied* through shared memory is a value: [`ShmValue`](macro@ShmValue), [`FixedString`], [`FixedVec`], [`Pad`],
//!   [`Timestamp`]; [types of other crates](trait@ShmValue#types-of-other-crates) are, by features or as a struct.
//! - What may be *referenced* in it is an object: [`ShmObject`](macro@ShmObject), made of std's atomics, [`Atomic`],
//!   [`Versioned`], [`Lock`], [`Event`], [`CacheAligned`] and other objects.
//! - Where processes meet is a [`Store`]; what they hold is a [`Shared`] object, or a [`ReadOnly`] one.
//! - What a type looks like in memory is its [`Schema`], hashed to a [`LayoutHash`]; how two differ, a [`LayoutDiff`] shows.
//!
//! Underneath is System V shared memory, keyed by `ftok(path, type-id-char)`. The design, the format byte for byte and the
//! soundness argument are in the repository's `docs/`.

#[cfg(not(all(
    target_os = "linux",
    target_pointer_width = "64",
    target_endian = "little",
    any(target_arch = "x86_64", target_arch = "aarch64"),
)))]
compile_error!(
    "shmstore supports 64-bit little-endian Linux on x86_64 and aarch64 only: on other targets neither the layout of its segments \
     nor its system calls were tried"
);

// In the order of their layers: each module imports only from those above it.
mod key;
mod hash;
mod schema;
mod diff;
mod calendar;
mod error;
mod view;
mod layout;
mod text;
mod layout_check;
mod field;
mod derive;
mod fixed;
mod timestamp;
mod foreign;
mod bits;
mod atomic;
mod cache_aligned;
mod sys;
mod failpoint;
mod identity;
mod participants;
mod header;
mod copy;
mod process;
mod anchor;
mod sync;
mod refusals;
mod handshake;
mod store;
mod attached;
mod shared;
mod read_only;
mod objects;
pub mod inspect;

#[doc(hidden)]
pub mod __private;

pub use atomic::Atomic;
pub use attached::Participant;
pub use cache_aligned::CacheAligned;
pub use derive::{ShmObject, ShmValue};
pub use diff::{Change, DiffTable, Difference, LayoutDiff, Offset, Side};
pub use error::{
    AbandonedReason, AnchorClaim, AttachError, Awaited, Busy, CapacityError, CreateError, Creator, Error, FileOwner,
    Holder, InvalidValue, LayoutMismatch, LayoutSummary, LockError, OpenError, PartName, RemoveError, SchemaError,
    SegmentOwner, Subject, TimestampError, WaitError,
};
pub use fixed::{FixedString, FixedVec, Pad};
pub use hash::LayoutHash;
pub use key::Key;
pub use layout::{Any, AnyBits, Checked, ShmId, ShmLayout, ShmObject, ShmValue, Validity};
pub use read_only::ReadOnly;
pub use schema::{
    ConstArg, Field, Kind, OwnedConstArg, OwnedField, OwnedKind, OwnedSchema, OwnedVariant, Primitive, Schema, Variant,
};
pub use shared::Shared;
pub use store::{ObjectInfo, ObjectState, Store, StoreOptions, Warning};
pub use sync::{Event, EventView, Lock, LockGuard, LockView, Transaction, Versioned, VersionedView, Writer};
pub use timestamp::Timestamp;
pub use view::AtomicView;

#[cfg(feature = "failpoints")]
#[doc(hidden)]
pub use failpoint::{PART_STEPS, STEPS};
