//! The protocols of the runtime, checked by loom, and mutations of them, each of which loom must notice.

/// The slots of participants.
mod participants;
/// `Versioned`.
mod versioned;
/// Lock words, events, and waiting for versions.
mod waiting;
