//! `shmstore mirror`: the program that copies objects from one machine to another.

use std::ffi::OsString;
use std::io::ErrorKind;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use crate::failure::{Failure, Outcome};

/// The program, which is a package of its own.
const PROGRAM: &str = "shmstore-mirror";

/// Copy objects from this machine to others, or from others to this one
///
///   shmstore mirror --help
///
/// Runs the program shmstore-mirror with all arguments. It is a package of its own, because it
/// brings a network stack.
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment, disable_help_flag = true)]
pub struct Args {
    /// The arguments of shmstore-mirror
    #[arg(value_name = "ARGS", trailing_var_arg = true, allow_hyphen_values = true)]
    args: Vec<OsString>,
}

/// Runs the program in place of this one.
///
/// # Errors
///
/// [`Failure::NotFound`] if the program is not installed.
pub fn run(args: &Args) -> Result<Outcome, Failure> {
    let cause = Command::new(PROGRAM).args(&args.args).exec();
    Err(match cause.kind() {
        ErrorKind::NotFound => Failure::NotFound(format!(
            "the program `{PROGRAM}` is not in PATH: install it by `cargo install --path {PROGRAM}` in \
             the clone of shmstore"
        )),
        _ => Failure::at(Path::new(PROGRAM))(cause),
    })
}
