//! `shmstore man`: manual pages.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use clap::{Command, CommandFactory};
use clap_mangen::Man;
use clap_mangen::roff::{Roff, roman};

use super::{Cli, EXIT_CODES, NOTES};
use crate::failure::{Failure, Outcome};
use crate::output::Output;
use crate::saved;

/// Print the manual page, or write a page for each command
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Write shmstore.1, shmstore-ls.1 and so on into this directory
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

/// Prints or writes the pages.
///
/// # Errors
///
/// The output or the files cannot be written.
pub fn run(args: &Args) -> Result<Outcome, Failure> {
    if let Some(dir) = &args.dir {
        saved::must_be_there(dir)?;
        write(dir).map_err(Failure::at(dir))?;
        return Ok(Outcome::Done);
    }
    let mut output = Output::standard();
    output.text(&String::from_utf8_lossy(&page()?))?;
    output.finish()
}

fn write(dir: &Path) -> io::Result<()> {
    clap_mangen::generate_to(command(), dir)?;
    fs::write(dir.join("shmstore.1"), page()?)
}

/// Returns the page of the program itself.
fn page() -> io::Result<Vec<u8>> {
    let (page, mut text) = (Man::new(command()), Vec::new());
    page.render_title(&mut text)?;
    page.render_name_section(&mut text)?;
    page.render_synopsis_section(&mut text)?;
    page.render_description_section(&mut text)?;
    page.render_options_section(&mut text)?;
    page.render_subcommands_section(&mut text)?;
    let mut more = Roff::new();
    more.control("SH", ["EXIT STATUS"]);
    for (code, meaning) in EXIT_CODES.iter().enumerate() {
        more.control("TP", []).text([roman(code.to_string())]).text([roman(*meaning)]);
    }
    more.control("SH", ["NOTES"]);
    for note in NOTES {
        more.control("PP", []).text([roman(note)]);
    }
    more.to_writer(&mut text)?;
    Ok(text)
}

fn command() -> Command {
    // Each command has a page, but `help` has nothing to say.
    Cli::command().disable_help_subcommand(true)
}
