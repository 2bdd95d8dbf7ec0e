//! The models have frames of two or three slots, and the processes that loan, publish, pin, read, reap and wait.

mod deaths;
mod part;
mod passing;
#[path = "../side.rs"]
mod side;
mod waits;

pub(crate) use deaths::*;
pub(crate) use passing::*;
pub(crate) use waits::*;

use super::{atomics, event_word, lock_word, pins, protocol, version_waiters, word};
