//! The `shmstore` program: shows what is in shared objects, of any type, live, and looks after them.
//!
//! What it knows of segments it has from [`shmstore::inspect`]; what is here is how that is shown, and asked for.

pub mod commands;
pub mod export;
pub mod failure;
pub mod target;
pub mod text;
pub mod watch;
