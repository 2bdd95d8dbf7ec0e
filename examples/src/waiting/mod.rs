//! A process that waits for another's values, and how long each takes to reach it.

mod clock;
mod histogram;
mod producer;
mod consumer;

pub use consumer::{WaitArgs, measure};
pub use producer::Producer;
