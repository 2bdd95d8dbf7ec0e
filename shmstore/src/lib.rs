//! Typed shared objects between processes of one machine.
//!
//! Modules, each importing only from those above it.

mod error;
mod hash;
mod schema;
mod diff;
mod layout;
mod view;
mod fixed;

pub use diff::{Change, DiffTable, Difference, LayoutDiff, Offset, Side};
pub use error::{CapacityError, InvalidValue, SchemaError};
pub use fixed::{FixedString, FixedVec, Pad};
pub use hash::LayoutHash;
pub use layout::{Any, AnyBits, Checked, ShmId, ShmLayout, ShmObject, ShmValue, Validity};
pub use schema::{
    ConstArg, Field, Kind, OwnedConstArg, OwnedField, OwnedKind, OwnedSchema, OwnedVariant, Primitive, Schema, Variant,
};
pub use view::AtomicView;
