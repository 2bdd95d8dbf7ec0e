//! Objects of any type, for reading and writing, by programs that are built without the type.
//!
//! Layers it may use: all.
//!
//! Read first: [`Object`], which attaches an object by the schema in its segment, and [`create`]. Then the handles of
//! parts: [`Atomic`], [`Versioned`], [`Lock`], [`Event`], [`Queue`], [`Broadcast`], [`Map`] and [`Frames`].
//! [`MirroredObject`] is a copy of another machine's object.
//!
//! A value is a [`Value`](crate::inspect::Value), or the bytes that its type has in memory. [`encode`] and [`decode`] are
//! between them. [`from_text`] reads a value from JSON or a word, [`overlay`] writes some fields of a value, and [`check`]
//! only checks bytes. Nothing is cut or rounded. What does not fit the type of a field is refused, and an error names its
//! path.
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
//!
//! Typed programs and programs of this module write each part by the same code. A process that is killed in a store
//! leaves the old value or the new one, as any other.

mod at;
mod atomic;
mod broadcast;
mod decode;
mod encode;
mod error;
mod frames;
mod json;
mod kept;
mod key;
mod locks;
mod map;
mod mirrored;
mod object;
mod place;
mod queue;
mod strict;
mod unfit;
mod unique;
mod value;
mod versioned;
mod wait;
mod write;

pub use crate::error::ValueError;
pub use crate::sync::Limit;
pub use atomic::Atomic;
pub use broadcast::{Broadcast, Subscriber};
pub use decode::{check, decode};
pub use encode::{encode, overlay};
pub use error::DynamicError;
pub use frames::{FrameMut, Frames, Pinned};
pub(crate) use json::key_from_json;
pub use json::{from_text, overlay_from_text};
pub use locks::{Event, Lock, LockGuard};
pub use map::{Entry, Map};
pub use mirrored::MirroredObject;
pub use object::{Object, Options, Part, create};
pub use queue::{Job, Queue};
pub use versioned::{Transaction, Versioned};
pub use wait::Wait;
