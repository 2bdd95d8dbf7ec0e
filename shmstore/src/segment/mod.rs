//! A segment and the processes that have it attached: which file it belongs to, its header, its participants.
//!
//! Layers it may use: layout, value, error, sys.

pub(crate) mod anchor;
pub(crate) mod header;
pub(crate) mod identity;
pub(crate) mod liveness;
pub(crate) mod participants;
pub(crate) mod process;
