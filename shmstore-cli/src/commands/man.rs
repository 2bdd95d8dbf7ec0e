//! `shmstore man`: the manual.

use std::path::{Path, PathBuf};

use clap::{Command, CommandFactory};
use clap_mangen::Man;

use super::Cli;
use crate::failure::{Failure, Outcome};
use crate::output::Output;
use crate::saved;

/// Print the manual page, or write one for each command
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Write shmstore.1, shmstore-ls.1, … into this directory
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

/// Prints or writes it.
///
/// # Errors
///
/// What the pipe, terminal or directory refuses.
pub fn run(args: &Args) -> Result<Outcome, Failure> {
    if let Some(dir) = &args.dir {
        saved::must_be_there(dir)?;
        write(dir).map_err(|source| Failure::File { path: dir.clone(), source })?;
        return Ok(Outcome::Done);
    }
    let mut page = Vec::new();
    Man::new(command()).render(&mut page)?;
    let mut output = Output::standard();
    output.text(&String::from_utf8_lossy(&page))?;
    output.finish()?;
    Ok(Outcome::Done)
}

fn write(dir: &Path) -> std::io::Result<()> {
    clap_mangen::generate_to(command(), dir)
}

fn command() -> Command {
    // There is a page for each command; `help` has none to tell.
    Cli::command().disable_help_subcommand(true)
}
