//! Typed shared objects between processes of one machine.
//!
//! Modules, each importing only from those above it.

mod key;
mod hash;
mod schema;
mod diff;
mod error;
mod view;
mod layout;
mod text;
mod layout_check;
mod field;
mod derive;
mod fixed;
mod bits;
mod atomic;
mod cache_aligned;
mod sys;
mod identity;
mod copy;
mod process;
mod header;
mod failpoint;
mod anchor;
mod sync;
mod handshake;
mod store;
mod shared;

#[doc(hidden)]
pub mod __private;

pub use atomic::Atomic;
pub use cache_aligned::CacheAligned;
pub use derive::{ShmObject, ShmValue};
pub use diff::{Change, DiffTable, Difference, LayoutDiff, Offset, Side};
pub use error::{
    AbandonedReason, AnchorClaim, AttachError, CapacityError, CreateError, Creator, Error, InvalidValue,
    LayoutMismatch, LayoutSummary, OpenError, RemoveError, SchemaError, SegmentOwner, Subject,
};
pub use fixed::{FixedString, FixedVec, Pad};
pub use hash::LayoutHash;
pub use key::Key;
pub use layout::{Any, AnyBits, Checked, ShmId, ShmLayout, ShmObject, ShmValue, Validity};
pub use schema::{
    ConstArg, Field, Kind, OwnedConstArg, OwnedField, OwnedKind, OwnedSchema, OwnedVariant, Primitive, Schema, Variant,
};
pub use shared::{Participant, Shared};
pub use store::{ObjectInfo, ObjectState, Store, StoreOptions, Warning};
pub use sync::{Versioned, VersionedView};
pub use view::AtomicView;

#[cfg(feature = "failpoints")]
#[doc(hidden)]
pub use failpoint::STEPS;
