//! How fast a process wakes that waits for another's update: `cargo run --release --example wait -- --help`.

#![forbid(unsafe_code)]

use std::process::ExitCode;

use clap::Parser;
use shmstore_examples::failure::exit_code;
use shmstore_examples::waiting::{Producer, WaitArgs, measure};

/// Sleeps until another process stores a new value, again and again, and shows how long it took from the store until this
/// process had the value: first with a lock for each store, then with the write side leased. Leaves nothing behind.
#[derive(Parser)]
#[command(name = "wait")]
struct Command {
    #[command(flatten)]
    args: WaitArgs,
    /// The program starts itself once more for the process that stores.
    #[command(subcommand)]
    producer: Option<Producer>,
}

fn main() -> ExitCode {
    let Command { args, producer } = Command::parse();
    exit_code(match producer {
        Some(producer) => producer.produce(),
        None => measure(&args),
    })
}
