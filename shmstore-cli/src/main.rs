//! See inside the objects that programs share with shmstore: see the library's documentation.

use std::process::ExitCode;

fn main() -> ExitCode {
    shmstore_cli::commands::run()
}
