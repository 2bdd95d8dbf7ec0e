//! The program `shmstore`. Everything is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    shmstore_cli::commands::run()
}
