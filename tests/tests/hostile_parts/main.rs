//! A peer that may write a segment writes what it likes over all of it, while others use every part in every way:
//! nothing that a process does panics, crashes, outlives its limit, leaves the segment, or hands out an invalid value.

mod amplified;
mod copies;
mod harm;

use std::time::Duration;

use shmstore::Store;
use shmstore_tests::scratch::Scratch;

fn store(scratch: &Scratch) -> Store {
    Store::options().wait(Duration::ZERO).max_processes(8).open(scratch.path()).unwrap()
}
