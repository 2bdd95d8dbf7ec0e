//! The models have a map of three entries, and the processes that insert, remove, store, search and wait.

mod changes;
mod deaths;
mod locks;
mod order;
mod part;
mod searches;
#[path = "../side.rs"]
mod side;
mod waits;

pub(crate) use changes::*;
pub(crate) use deaths::*;
pub(crate) use searches::*;
pub(crate) use waits::*;

use super::{atomics, lock_word, protocol, seqlock, state, version_waiters};
