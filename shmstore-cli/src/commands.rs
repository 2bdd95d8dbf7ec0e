//! What the program can be asked to do, one module for each.

use std::process::ExitCode;

/// Does what the command line says.
pub fn run() -> ExitCode {
    ExitCode::SUCCESS
}
