//! The protocols of the runtime, checked by loom, and mutations of them, each of which loom must notice.

mod broadcast;
mod harness;
mod participants;
mod queue;
mod versioned;
mod waiting;
