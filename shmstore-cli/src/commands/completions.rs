//! `shmstore completions`: what a shell needs to complete the command line.

use clap::CommandFactory;
use clap_complete::Shell;

use super::Cli;
use crate::failure::{Failure, Outcome};
use crate::output::Output;

/// Print what a shell needs to complete this program's command line
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
/// What the pipe or terminal refuses.
pub fn run(args: &Args) -> Result<Outcome, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "shmstore", &mut script);
    let mut output = Output::standard();
    output.text(&String::from_utf8_lossy(&script))?;
    output.finish()?;
    Ok(Outcome::Done)
}
