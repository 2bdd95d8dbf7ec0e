//! Typed shared objects between processes of one machine.
//!
//! Modules, each importing only from those above it.

mod derive;
mod error;
mod field;
mod hash;
mod layout;
mod layout_check;
mod schema;
mod standin;
mod text;
mod view;

#[doc(hidden)]
pub mod __private;

pub use derive::{ShmObject, ShmValue};
pub use error::InvalidValue;
pub use hash::LayoutHash;
pub use layout::{Any, AnyBits, Checked, ShmId, ShmLayout, ShmObject, ShmValue, Validity};
pub use schema::{ConstArg, Field, Kind, Primitive, Schema, Variant};
pub use standin::{Atomic, CacheAligned, FixedString, FixedVec, Pad, Versioned};
pub use view::AtomicView;
