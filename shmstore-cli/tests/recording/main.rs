//! `shmstore record`: real recorders beside real writers, and what is in their files.

mod again;
mod counts;
mod files;
mod guide;
mod kinds;
mod life;
mod objects;
mod recorder;
#[path = "../commands/scratch.rs"]
mod scratch;
mod splits;
mod unchanged;
mod usage;
