//! Typed shared objects between processes of one machine.
//!
//! Modules, each importing only from those above it.

mod error;
mod fixed;
mod hash;
mod layout;
mod schema;
mod view;

pub use error::{CapacityError, InvalidValue};
pub use fixed::{FixedString, FixedVec, Pad};
pub use hash::LayoutHash;
pub use layout::{Any, AnyBits, Checked, ShmId, ShmLayout, ShmObject, ShmValue, Validity};
pub use schema::{ConstArg, Field, Kind, Primitive, Schema, Variant};
pub use view::AtomicView;
