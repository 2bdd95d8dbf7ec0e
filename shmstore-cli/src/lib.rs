//! The `shmstore` program: it shows shared objects of any type, watches and writes them, and cleans up.
//!
//! [`shmstore::inspect`] reads and classifies the segments, and [`shmstore::dynamic`] writes them. This crate has the
//! command line and the output.

pub mod about;
pub mod anchors;
pub mod clock;
pub mod commands;
pub mod destination;
pub mod export;
pub mod failure;
pub mod fill;
pub mod findings;
pub mod group;
pub mod growth;
pub mod items;
pub mod layouts;
pub mod leftovers;
pub mod migration;
pub mod output;
pub mod patience;
pub mod picture;
pub mod printed;
pub mod rates;
pub mod removal;
pub mod saved;
pub mod selection;
#[cfg(feature = "serve")]
pub mod serve;
pub mod signals;
pub mod table;
pub mod target;
pub mod text;
pub mod tree;
pub mod units;
pub mod watch;
pub mod writing;
