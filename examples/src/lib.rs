//! What the examples share: the state of this machine as one shared object, and those who write and read it; a bank that
//! survives its clerks; a process that waits for another's values; a part
//! for values of any type.
//!
//! Modules, each importing only from those above it.

#![forbid(unsafe_code)]

pub mod ring;
pub mod host_stats;
pub mod drifted;
pub mod place;
pub mod host;
pub mod stop;
pub mod failure;
pub mod writer;
pub mod snapshot;
pub mod table;
pub mod screen;
pub mod reader;
pub mod observer;
pub mod demo;
mod stage;
mod worker;
pub mod transfer;
pub mod waiting;
