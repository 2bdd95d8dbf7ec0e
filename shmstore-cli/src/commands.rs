//! What the program can be asked to do, one module for each.

pub mod ls;
pub mod watch;

use std::io::{self, ErrorKind};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::failure::{Failure, Outcome};

/// See inside the objects that programs share with shmstore, and look after them.
#[derive(Debug, Parser)]
#[command(name = "shmstore", version)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Watch(watch::Args),
    #[command(hide = true)]
    Ls(ls::Args),
}

/// Does what the command line says.
pub fn run() -> ExitCode {
    let done: Result<Outcome, Failure> = match Cli::parse().command {
        Command::Watch(args) => watch::run(&args),
        Command::Ls(args) => ls::run(&args),
    };
    match done {
        Ok(Outcome::Done) => ExitCode::SUCCESS,
        Ok(Outcome::Differs) => ExitCode::from(1),
        // Whoever read our output has seen enough: `shmstore ls | head -1`.
        Err(Failure::Io(error)) if error.kind() == ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(failure) => {
            drop(io::Write::write_all(&mut io::stderr(), format!("error: {failure}\n").as_bytes()));
            failure.exit_code()
        }
    }
}
