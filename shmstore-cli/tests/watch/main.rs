//! The output of `shmstore watch`, on a terminal and on a pipe.

mod lines;
mod pty;
mod objects;
#[path = "../commands/scratch.rs"]
mod scratch;
#[path = "../commands/planted.rs"]
mod planted;
#[path = "../commands/planted_map.rs"]
mod planted_map;
mod screen;

const PROGRAM: &str = env!("CARGO_BIN_EXE_shmstore");
