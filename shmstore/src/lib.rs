//! Typed shared objects between processes of one machine.
//!
//! Modules, each importing only from those above it.

mod error;
mod hash;
mod layout;
mod schema;
mod standin;
mod view;

pub use error::InvalidValue;
pub use hash::LayoutHash;
pub use layout::{Any, AnyBits, Checked, ShmId, ShmLayout, ShmObject, ShmValue, Validity};
pub use schema::{ConstArg, Field, Kind, Primitive, Schema, Variant};
pub use standin::{Atomic, CacheAligned, FixedString, FixedVec, Pad, Versioned};
pub use view::AtomicView;
