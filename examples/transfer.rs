//! Money that survives its movers: `cargo run --release --example transfer -- --help`.

#![forbid(unsafe_code)]

use std::process::ExitCode;

use clap::Parser;
use shmstore_examples::failure::exit_code;
use shmstore_examples::transfer::{Clerk, TransferArgs, show};

/// Has processes move money between accounts in shared memory, kills them again and again (SIGKILL, whenever it happens to be),
/// and counts the money after each kill. First the accounts are one value, changed by transactions; then they are parts
/// by themselves, under a lock, with a journal from which a half-done transfer is repaired. Leaves nothing behind.
#[derive(Parser)]
#[command(name = "transfer")]
struct Command {
    #[command(flatten)]
    args: TransferArgs,
    /// The program starts itself once more for each process that moves money.
    #[command(subcommand)]
    clerk: Option<Clerk>,
}

fn main() -> ExitCode {
    let Command { args, clerk } = Command::parse();
    exit_code(match clerk {
        Some(clerk) => clerk.work(),
        None => show(&args),
    })
}
