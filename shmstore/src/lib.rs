//! Typed shared objects between processes of one machine.
//!
//! Modules, each importing only from those above it.

mod error;
mod hash;
mod layout;
mod schema;
mod view;

mod bits;

mod atomic;
mod cache_aligned;

mod sys;

mod copy;

mod process;

mod sync;

pub use atomic::Atomic;
pub use cache_aligned::CacheAligned;
pub use error::InvalidValue;
pub use hash::LayoutHash;
pub use layout::{Any, AnyBits, Checked, ShmId, ShmLayout, ShmObject, ShmValue, Validity};
pub use schema::{ConstArg, Field, Kind, Primitive, Schema, Variant};
pub use sync::{Versioned, VersionedView};
pub use view::AtomicView;
