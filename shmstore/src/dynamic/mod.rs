//! Objects of any type by their schema, for writing too.
//!
//! Layers it may use: all.
//!
//! Read first: [`encode`] and [`decode`], between a [`Value`](crate::inspect::Value) and the bytes that a type has of
//! it. [`from_text`] reads a value from JSON or a word. [`overlay`] writes some fields of a value, and [`check`] only
//! checks bytes. [`OwnedSchema::is_an_object`](crate::schema::OwnedSchema::is_an_object) checks a schema before an
//! object is made of it.
//!
//! ```
//! use shmstore::dynamic::{decode, encode, from_text};
//! use shmstore::schema::OwnedSchema;
//! use shmstore::{ShmLayout, ShmValue};
//!
//! #[derive(Clone, Copy, ShmValue)]
//! #[repr(C)]
//! struct Position { x: f64, y: f64 }
//!
//! // Another program reads this schema from a segment.
//! let schema = OwnedSchema::from(Position::SCHEMA);
//! let bytes = encode(&schema, &from_text(&schema, r#"{"x": 1.5, "y": 2}"#)?)?;
//! assert_eq!(bytes, [1.5f64.to_le_bytes(), 2f64.to_le_bytes()].concat());
//! assert_eq!(decode(&schema, &bytes)?.to_string(), "{ x: 1.5, y: 2.0 }");
//! # Ok::<(), shmstore::Error>(())
//! ```

mod decode;
mod encode;
mod json;
mod strict;
mod unfit;

pub use crate::error::ValueError;
pub use decode::{check, decode};
pub use encode::{encode, overlay};
pub(crate) use json::key_from_json;
pub use json::{from_text, overlay_from_text};
