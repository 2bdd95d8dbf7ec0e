//! Watches what `writer` puts into shared memory, without the right to write: `cargo run --example observe -- --help`.

#![forbid(unsafe_code)]

use std::process::ExitCode;

use clap::Parser;
use shmstore_examples::failure::exit_code;
use shmstore_examples::observer::{ObserverArgs, observe};
use shmstore_examples::stop::Stop;

/// Prints each new sample that `writer` puts into shared memory, until the object is removed. Only reads: the kernel
/// would stop any write, the writer does not notice, and the two may be different users.
#[derive(Parser)]
#[command(name = "observe", after_help = TWO_USERS, after_long_help = TWO_USERS)]
struct Command {
    #[command(flatten)]
    args: ObserverArgs,
}

const TWO_USERS: &str = "\
Two users, one writing, one looking; the object, and the directory made for it, may be read by everybody:
  user 1001:  writer  --path /tmp/host --mode 644
  user 1002:  observe --path /tmp/host --trust 1001
Without --trust the observer refuses what user 1001 has made, and says so.";

fn main() -> ExitCode {
    let Command { args } = Command::parse();
    exit_code(Stop::on_signal().map_err(Into::into).and_then(|stop| observe(&args, &stop)))
}
