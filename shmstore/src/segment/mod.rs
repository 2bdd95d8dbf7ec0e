//! A segment and the processes that have it attached: its anchor, its header, its participants, their liveness.
//!
//! Layers it may use: layout, value, error, sys.

pub(crate) mod anchor;
pub(crate) mod classify;
pub(crate) mod header;
pub(crate) mod identity;
pub(crate) mod liveness;
pub(crate) mod participants;
pub(crate) mod process;
pub(crate) mod type_names;
