//! The program: see the library beside it.

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use shmstore_bench::report::keep;
use shmstore_bench::waiting::{idle, pending, wakeups};
use shmstore_bench::{compare, frames, instructions, interrupt, migration, partner, work};

#[derive(Parser)]
#[command(about)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Measures shmstore, its peers and the bare machine in one run, and prints a table with ratios.
    Compare(compare::Options),
    /// Writes the page of a run that was measured before.
    Report(keep::Again),
    /// Counts the instructions of single operations, and shows changes.
    Instructions(instructions::Options),
    /// Measures the time and memory of moves to another layout.
    #[command(hide = true)]
    Migration(migration::Options),
    /// Measures the cost of waiters while nothing happens.
    #[command(hide = true)]
    Idle(idle::Options),
    /// Measures the time until a waiter runs, by each way of waiting.
    #[command(hide = true)]
    Wakeups(wakeups::Options),
    /// Measures the time and memory of many pending futures.
    #[command(hide = true)]
    Pending(pending::Options),
    /// Measures the time to hand frames over, and to fill and read their elements.
    #[command(hide = true)]
    Frames(frames::Options),
    /// One operation, repeated: started by `instructions`.
    #[command(hide = true)]
    Operate(instructions::Operate),
    /// The other process of a comparison: started by `compare`.
    #[command(hide = true)]
    Partner(partner::Role),
    /// The last step of an interrupted `compare`.
    #[command(hide = true)]
    Clean(interrupt::Clean),
}

fn main() -> ExitCode {
    let done = match Arguments::parse().command {
        Command::Compare(options) => compare::run(&options),
        Command::Report(again) => keep::again(&again),
        Command::Instructions(options) => instructions::run(&options),
        Command::Migration(options) => migration::run(&options),
        Command::Idle(options) => idle::run(&options),
        Command::Wakeups(options) => wakeups::run(&options),
        Command::Pending(options) => pending::run(&options),
        Command::Frames(options) => frames::run(&options),
        Command::Operate(operate) => instructions::operate(&operate),
        Command::Partner(role) if role.work == wakeups::WORK => partner::play(&role, wakeups::partner),
        Command::Partner(role) => partner::play(&role, work::partner),
        Command::Clean(clean) => interrupt::clean(&clean),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("error: {failure}");
            ExitCode::FAILURE
        }
    }
}
