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
//! - What may be *referenced* in it is an object: [`ShmObject`](macro@ShmObject), made of std's atomics, [`AtomicValue`],
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

// In the order of their layers: each uses only those that its page names.
mod layout;
mod value;
mod error;
mod sys;
mod segment;
mod sync;
mod store;
pub mod inspect;

#[doc(hidden)]
pub mod __private;

pub use error::{
    AbandonedReason, AnchorClaim, AttachError, Awaited, BeginError, Busy, CapacityError, CreateError, Creator, Error,
    FileOwner, Holder, InvalidValue, LayoutMismatch, LayoutSummary, LockError, OpenError, PartName, RemoveError,
    SchemaError, SegmentOwner, Subject, TimestampError, WaitError,
};
pub use layout::derive::{ShmObject, ShmValue};
pub use layout::diff::{Change, DiffTable, Difference, LayoutDiff, Offset, Side};
pub use layout::hash::LayoutHash;
pub use layout::key::Key;
pub use layout::schema::{
    ConstArg, Field, Kind, OwnedConstArg, OwnedField, OwnedKind, OwnedSchema, OwnedVariant, Primitive, Schema, Variant,
};
pub use layout::view::AtomicView;
pub use layout::{Any, AnyBits, Checked, ShmId, ShmLayout, ShmObject, ShmValue, Validity};
pub use store::{ObjectInfo, ObjectState, Participant, ReadOnly, Shared, Store, StoreOptions, Warning};
pub use sync::{
    AtomicValue, CacheAligned, Event, EventView, Lock, LockGuard, LockView, Transaction, Versioned, VersionedView,
    Writer,
};
pub use value::{FixedString, FixedVec, Pad, Timestamp};

#[cfg(feature = "failpoints")]
#[doc(hidden)]
pub use sys::failpoint::{PART_STEPS, STEPS};

/// The example of the README, which must compile.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
