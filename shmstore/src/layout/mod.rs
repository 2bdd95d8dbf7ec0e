//! What a type looks like in memory: its schema, the hash of it, how two differ, and what the derives check.
//!
//! Layers it may use: none.

pub(crate) mod check;
pub(crate) mod derive;
pub(crate) mod diff;
pub(crate) mod field;
pub(crate) mod hash;
pub(crate) mod invalid_value;
pub(crate) mod key;
pub(crate) mod path;
pub(crate) mod schema;
mod std_types;
mod text;
mod traits;
pub(crate) mod view;

pub use invalid_value::InvalidValue;
pub use schema::SchemaError;
pub use traits::{Any, AnyBits, Checked, ShmId, ShmLayout, ShmObject, ShmValue, Validity};
pub(crate) use traits::{DebugValue, is_described, is_described_value};
