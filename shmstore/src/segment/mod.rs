//! A segment and the processes that have it attached: its anchor, its header, its participants, their liveness.
//!
//! Layers it may use: layout, value, error, sys.
//!
//! Read first: `header`, the bytes of a segment, and `classify`, the state that they give. `anchor` and `identity` say
//! to which file a segment belongs. `participants` are the slots of its processes, and `liveness` tells which of them
//! have ended. `this_process` has the token, the attachments and the locks of the process that asks.

pub(crate) mod anchor;
pub(crate) mod classify;
pub(crate) mod header;
pub(crate) mod identity;
pub(crate) mod liveness;
pub(crate) mod mirrored;
pub(crate) mod participants;
pub(crate) mod this_process;
pub(crate) mod type_names;
