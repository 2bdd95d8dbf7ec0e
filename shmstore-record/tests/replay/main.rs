//! Recordings that are read and replayed, with real segments.

mod recording;
#[path = "../../../shmstore-cli/tests/commands/scratch.rs"]
mod scratch;

mod exact;
mod hostile;
mod values;
