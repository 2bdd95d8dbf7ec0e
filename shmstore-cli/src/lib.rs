//! The `shmstore` program: shows what is in shared objects, of any type, live, and looks after them.
//!
//! What it knows of segments it has from [`shmstore::inspect`]; what is here is how that is shown, and asked for.

pub mod about;
pub mod anchors;
pub mod ask;
pub mod clock;
pub mod commands;
pub mod export;
pub mod failure;
pub mod findings;
pub mod output;
pub mod removal;
pub mod saved;
pub mod selection;
pub mod table;
pub mod target;
pub mod text;
pub mod watch;
pub mod tree;
