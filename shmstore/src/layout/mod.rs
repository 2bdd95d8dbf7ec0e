//! The layout of a type in memory: its schema, the hash of it, the difference of two, and the checks of the derives.
//!
//! Layers it may use: none.
//!
//! Read first: `traits.rs`, the promises that everything rests on. Then `schema.rs`, the description of a layout, and
//! `check.rs`, the proof at compile time that a description is true.

pub(crate) mod check;
pub(crate) mod derive;
pub(crate) mod diff;
pub(crate) mod field;
pub(crate) mod hash;
pub(crate) mod interned;
pub(crate) mod invalid_value;
pub(crate) mod key;
pub(crate) mod map_key;
pub(crate) mod path;
pub(crate) mod schema;
mod shm_key;
mod std_types;
mod text;
mod traits;
pub(crate) mod type_layout;
pub(crate) mod view;

pub use invalid_value::InvalidValue;
pub use schema::SchemaError;
pub use shm_key::ShmKey;
pub use traits::{Any, AnyBits, Checked, ShmId, ShmLayout, ShmObject, ShmValue, Validity};
pub(crate) use traits::{DebugValue, is_described, is_described_value};
