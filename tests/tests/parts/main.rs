//! The parts of an object: values that are read and stored flat out, locks, events, and waiting for each of them.

mod dynamic;
mod fairness;
mod lost_awaited_wakeups;
mod lost_frame_wakeups;
mod lost_map_wakeups;
mod lost_stream_wakeups;
mod lost_wakeups;
mod many_processes;
mod map_processes;
mod short_sleeps;
mod stream_processes;
mod versioned_processes;
mod versioned_threads;
mod waiting_processes;
