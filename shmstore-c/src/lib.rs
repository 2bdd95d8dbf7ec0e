//! The C library of shmstore.
//!
//! Read first: `include/shmstore.h`, which is made of the comments here, with the rules for all functions at its
//! beginning. A Rust program uses `shmstore::dynamic` instead.
//!
//! Each function takes its arguments apart by the macros of `arguments.rs`, calls `shmstore::dynamic`, and returns a
//! [`shmstore_code`]. No panic crosses the boundary.
//!
//! # Safety
//!
//! Assumes of the caller what `shmstore.h` demands: a pointer is NULL, or points to memory for what is named, which
//! stays during the call and is not used by another thread meanwhile. A handle is NULL, or comes from this library and
//! is not closed.
#![allow(unsafe_code, non_camel_case_types)]
// The rules are the same for all functions, and the header has them once.
#![allow(clippy::missing_safety_doc)]

mod aligned;
#[macro_use]
mod arguments;
mod atomic;
mod broadcast;
mod call;
mod code;
mod entries;
mod error;
mod frames;
mod handle;
mod locks;
mod map;
mod object;
mod part;
mod queue;
mod store;
mod text;
mod transaction;
mod versioned;
mod wait;

pub use atomic::*;
pub use broadcast::*;
pub use code::*;
pub use entries::*;
pub use error::*;
pub use frames::*;
pub use handle::*;
pub use locks::*;
pub use map::*;
pub use object::*;
pub use part::*;
pub use queue::*;
pub use store::*;
pub use text::*;
pub use transaction::*;
pub use versioned::*;
pub use wait::*;
