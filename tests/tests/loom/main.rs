//! The protocols of the runtime, checked by loom, and mutations of them, each of which loom must notice. A recorder of
//! stores checks what loom does not show.

mod broadcast;
mod broadcast_crashes;
mod explorer;
mod frames;
mod frames_crashes;
mod frames_deaths;
mod harness;
mod header;
mod hub;
mod map;
mod map_crashes;
mod participants;
mod queue;
mod queue_crashes;
mod recorder;
mod versioned;
mod waiting;
