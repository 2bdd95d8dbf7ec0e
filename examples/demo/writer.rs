//! Samples this machine into shared memory: `cargo run --example writer -- --help`.

#![forbid(unsafe_code)]

use std::process::ExitCode;

use clap::Parser;
use shmstore_examples::failure::exit_code;
use shmstore_examples::stop::Stop;
use shmstore_examples::writer::{WriterArgs, write};

/// Puts samples of this machine (CPUs, memory, load) into a shared object that any number of readers can look at.
#[derive(Parser)]
#[command(name = "writer")]
struct Command {
    #[command(flatten)]
    args: WriterArgs,
}

fn main() -> ExitCode {
    let Command { args } = Command::parse();
    exit_code(Stop::on_signal().map_err(Into::into).and_then(|stop| write(&args, &stop)))
}
