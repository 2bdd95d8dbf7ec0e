//! The code that the demo's programs share: the state of this machine as one shared object, its writer and its readers.
//!
//! Each module imports only from those above it.

#![forbid(unsafe_code)]

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
