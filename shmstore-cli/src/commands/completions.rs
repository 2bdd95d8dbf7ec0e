//! `shmstore completions`: a script that completes the command line in a shell.

use clap::CommandFactory;
use clap_complete::Shell;

use super::Cli;
use crate::failure::{Failure, Outcome};
use crate::output::Output;

/// Print a script that completes this program's command line in a shell
///
/// For bash: `shmstore completions bash > ~/.local/share/bash-completion/completions/shmstore`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The shell
    shell: Shell,
}

/// Prints the script.
///
/// # Errors
///
/// The output cannot be written.
pub fn run(args: &Args) -> Result<Outcome, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "shmstore", &mut script);
    let mut output = Output::standard();
    output.text(&String::from_utf8_lossy(&script))?;
    output.finish()
}
