//! The end of a program.

use std::error::Error;
use std::io;
use std::process::ExitCode;

/// Anything that can go wrong in an example.
pub type Failure = Box<dyn Error + Send + Sync>;

/// Ends the program as users expect it: silently, or with `error: …` and exit code 1.
#[must_use]
pub fn exit_code(result: Result<(), Failure>) -> ExitCode {
    match result {
        Err(error) if !is_broken_pipe(&error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
        _ => ExitCode::SUCCESS,
    }
}

/// The reader of our output has seen enough, as in `reader | head`.
fn is_broken_pipe(error: &Failure) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}
