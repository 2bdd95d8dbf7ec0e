//! Runs of `shmstore serve`, with a client that knows only sockets.

mod api;
mod client;
mod events;
mod limits;
mod metrics;
mod objects;
#[path = "../commands/planted.rs"]
mod planted;
#[path = "../commands/scratch.rs"]
mod scratch;
mod security;
mod server;
mod start;
mod writes;
