//! The store, where objects are created, attached, replaced, removed and listed, and the handshake between processes.
//!
//! Layers it may use: layout, value, error, sys, segment, sync.
//!
//! The anchor's `flock` is held to create, recover and remove; attaching to what is ready takes no lock. Who attaches for
//! reading only changes nothing: it takes the lock for a moment, to learn whether a creator that has not finished lives.

mod attach;
mod attach_read_only;
pub(crate) mod attached;
mod candidate;
mod create;
mod directory;
mod json;
mod limits;
mod list;
mod lock;
mod mismatch;
mod named;
mod objects;
mod open;
mod options;
mod ownership;
mod read_only;
mod recover;
mod remove;
mod replace;
mod shared;
mod target;
mod worlds;

pub(crate) use attach::{Condition, Found, creator};
pub use attached::Participant;
pub(crate) use create::{Created, IfExists};
pub use list::{ObjectInfo, ObjectState};
pub(crate) use lock::AnchorLock;
pub use open::Store;
pub use options::{StoreOptions, Warning};
pub use read_only::ReadOnly;
pub(crate) use replace::LOOKED_AT;
pub use shared::Shared;
pub(crate) use target::{Patience, Policy, Target};
