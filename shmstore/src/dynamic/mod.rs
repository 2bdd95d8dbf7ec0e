//! Objects of any type, for reading and writing, by programs that are built without the type.
//!
//! Read first: [`Object`], which attaches an object by the schema in its segment, and [`create`]. Then the handles of
//! parts: [`Atomic`], [`Versioned`], [`Lock`], [`Event`], [`Queue`], [`Broadcast`], [`Map`] and [`Frames`].
//! [`MirroredObject`] is a copy of another machine's object.
//!
//! ```
//! use shmstore::dynamic::{Limit, Object};
//! use shmstore::inspect::Value;
//! use shmstore::{Queue, ShmObject, Store, Versioned};
//!
//! #[derive(ShmObject)]
//! #[repr(C)]
//! #[shm(id = 'R')]
//! struct Rover { position: Versioned<[f64; 2]>, jobs: Queue<u32, 8> }
//!
//! # let dir = tempfile::tempdir()?;
//! let store = Store::open(dir.path())?;
//! let rover = store.create::<Rover>()?; // most often in another process
//!
//! // Any other program, built without `Rover`:
//! let object = Object::attach(&store, 'R')?;
//! println!("{}: {}", object.schema(), object.load(&"position".parse()?)?);
//! object.store(&"position[0]".parse()?, &Value::F64(1.5))?; // the other element stays
//! let jobs = object.queue(&"jobs".parse()?)?;
//! jobs.push(&Value::Unsigned(7), Limit::Never)?;
//! assert_eq!((rover.position.load(), rover.jobs.pop()?), ([1.5, 0.0], 7));
//! # store.remove::<Rover>()?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Typed programs and programs of this module write each part by the same code. A process that is killed in a store
//! leaves the old value or the new one, as any other.
//!
//! # Values
//!
//! A value is a [`Value`](crate::inspect::Value), or the bytes that its type has in memory. [`encode`] turns a value
//! into bytes, and [`decode`] bytes into a value. [`from_text`] reads a value from JSON or a word. [`overlay`] writes
//! some fields of a value. [`check`] returns an error if bytes are not a valid value of a schema. Nothing is cut or
//! rounded. A value that does not fit the type of a field is refused, and the error names the path of the field.
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
//! # Limits and threads
//!
//! - Calls that may wait take a [`Limit`].
//! - A handle of a part keeps the object attached, and threads may share it.
//! - A [`Transaction`] and a [`LockGuard`] stay in their thread.

// Layers it may use: all.

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
