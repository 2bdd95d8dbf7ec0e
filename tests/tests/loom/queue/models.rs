//! What is modelled: a queue of N slots, and the processes that push, pop, take, finish, return, reap, look and wait.

mod deaths;
mod part;
mod passing;
#[path = "../side.rs"]
mod side;
mod waits;

pub(crate) use deaths::*;
pub(crate) use passing::*;
pub(crate) use waits::*;

use super::{atomics, delivery, lock_word, protocol, version_waiters, word};
