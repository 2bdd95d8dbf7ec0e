//! Objects of any type, for reading and writing, by programs that are built without the type.
//!
//! Layers it may use: all.
//!
//! Read first: [`Object`], which attaches an object by the schema in its segment, and [`create`]. Then the handles of
//! parts: [`Atomic`], [`Versioned`], [`Lock`], [`Event`], [`Queue`], [`Broadcast`], [`Map`] and [`Frames`].
//!
//! A value is a [`Value`](crate::inspect::Value), or the bytes that its type has in memory. Nothing is cut or rounded.
//! What does not fit the type of a field is refused, and an error names its path.
//!
//! Typed programs and programs of this module write each part by the same code. A process that is killed in a store
//! leaves the old value or the new one, as any other.

mod at;
mod atomic;
mod broadcast;
mod error;
mod frames;
mod kept;
mod locks;
mod map;
mod object;
mod place;
mod queue;
mod shim;
mod strict;
mod value;
mod versioned;
mod wait;
mod write;

pub use crate::sync::Limit;
pub use atomic::Atomic;
pub use broadcast::{Broadcast, Subscriber};
pub use error::DynamicError;
pub use frames::{FrameMut, Frames, Pinned};
pub use locks::{Event, Lock, LockGuard};
pub use map::{Entry, Map};
pub use object::{Object, Options, Part, create};
pub use queue::{Job, Queue};
pub use shim::{ValueError, check, decode, encode};
pub use versioned::{Transaction, Versioned};
pub use wait::Wait;
