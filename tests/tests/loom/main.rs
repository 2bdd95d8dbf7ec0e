//! The protocols of the runtime, checked by loom, and mutations of them, each of which loom must notice.

mod participants;
mod versioned;
mod waiting;
