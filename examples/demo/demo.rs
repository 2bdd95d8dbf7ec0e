//! The life of a shared object in a few seconds: `cargo run --example demo`.

#![forbid(unsafe_code)]

use std::process::ExitCode;

use clap::Parser;
use shmstore_examples::demo::{Role, tell};
use shmstore_examples::failure::exit_code;

/// Shows one object in shared memory from its creation to its end, with a writer and two readers in processes of their
/// own. Takes a few seconds, and leaves nothing behind.
#[derive(Parser)]
#[command(name = "demo")]
struct Command {
    /// The demo starts itself once more for each process that takes part.
    #[command(subcommand)]
    role: Option<Role>,
}

fn main() -> ExitCode {
    exit_code(match Command::parse().role {
        Some(role) => role.play(),
        None => tell(),
    })
}
