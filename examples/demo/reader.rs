//! Shows what `writer` puts into shared memory: `cargo run --example reader -- --help`.

#![forbid(unsafe_code)]

use std::process::ExitCode;

use clap::Parser;
use shmstore_examples::failure::exit_code;
use shmstore_examples::reader::{ReaderArgs, read};

/// Shows the live state of this machine, as `writer` puts it into shared memory: a table in a terminal, lines in a
/// pipe.
#[derive(Parser)]
#[command(name = "reader")]
struct Command {
    #[command(flatten)]
    args: ReaderArgs,
}

fn main() -> ExitCode {
    exit_code(read(&Command::parse().args))
}
