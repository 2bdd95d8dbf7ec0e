//! The store, where objects are created, attached, replaced, removed and listed, and the handshake between processes.
//!
//! Layers it may use: layout, value, error, sys, segment, sync.
//!
//! Read first: `open`, the `Store`, and `objects`, its calls for objects of a type. Each step of the handshake has a
//! file: `create`, `attach`, `enter`, `recover`, `replace`, `remove`. `any` attaches by the layout in the segment.
//! `mirrored` has the copies of other machines' objects. `moving` moves an object to another layout, which is what a
//! migration does in the store. `journal` recovers from a move whose process has died. `shared`, `read_only` and
//! `following` are the handles.
//!
//! The anchor's `flock` is held to create, recover and remove. Attaching to a complete object takes no lock. Attaching
//! for reading changes nothing, and takes the lock for a moment to learn whether the creator of an incomplete object is
//! alive.

mod anchor_lock;
mod any;
mod attach;
pub(crate) mod attached;
mod create;
mod deadline;
mod directory;
mod enter;
mod exclude;
mod find;
mod following;
mod journal;
mod limits;
mod list;
mod mirrored;
mod moving;
mod named;
mod new_name;
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

pub(crate) use anchor_lock::AnchorLock;
pub use attached::Participant;
pub(crate) use create::IfExists;
pub(crate) use deadline::Deadline;
use enter::Purpose;
pub(crate) use enter::{Entered, Origin};
pub(crate) use exclude::{Excluded, attached_by_others};
pub(crate) use find::Found;
pub use following::Following;
pub use list::ObjectInfo;
pub(crate) use mirrored::Ownership;
pub(crate) use moving::MoveError;
pub use open::Store;
pub use options::StoreOptions;
pub use read_only::ReadOnly;
pub(crate) use replace::GRACE_PERIOD;
pub use shared::Shared;
pub(crate) use target::{Policy, Target, layout_of};
