//! What the program can be asked to do, one module for each.

pub mod completions;
pub mod diff;
pub mod doctor;
pub mod gc;
pub mod get;
pub mod load;
pub mod ls;
pub mod man;
pub mod rm;
pub mod save;
pub mod schema;
pub mod show;
pub mod watch;

use std::io::{self, ErrorKind};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::failure::{Failure, Outcome};
use crate::output::say;
use crate::text::shown_lines;

/// See inside the objects that programs share with shmstore, and look after them.
#[derive(Debug, Parser)]
#[command(name = "shmstore", version, after_long_help = after(), subcommand_value_name = "COMMAND")]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

/// What the exit codes mean.
const EXIT_CODES: [&str; 6] = [
    "done; nobody reads the output any more",
    "what was asked about is not so (diff: they differ; doctor: something needs mending), or it failed otherwise",
    "wrong usage; more than one object is meant",
    "no such object, field, path or file",
    "refused: it is in use, or not shmstore's, or would overwrite something, or nobody has agreed",
    "not permitted",
];

/// What else all commands have in common, a paragraph each.
const NOTES: [&str; 2] = [
    "Objects are named by the directory or file that they stand at, or DIR/NAME for a named one, and the TYPE (its name, or \
     its letter), where more than one stand there. DIR/ with a slash at its end is the directory alone, DIR.shm the file of the name \
     beside it. If nothing stands at a path, an object that was made there, and whose directory or file is gone, is meant.",
    "Colours are used on a terminal only, and not if NO_COLOR is set. What segments say of themselves is shown with control \
     characters escaped, \\u{1b}. What goes to the standard output without --json is for people, one object or field a line; \
     --json is for programs: keys are added, never removed.",
];

/// What stands below the help.
fn after() -> String {
    let codes = EXIT_CODES.iter().enumerate().map(|(code, meaning)| format!("  {code}  {meaning}"));
    format!("Exit codes:\n{}\n\n{}", codes.collect::<Vec<_>>().join("\n"), NOTES.join("\n\n"))
}

#[derive(Debug, Subcommand)]
enum Command {
    Ls(ls::Args),
    Show(show::Args),
    Get(get::Args),
    Watch(watch::Args),
    Schema(schema::Args),
    Diff(diff::Args),
    Rm(rm::Args),
    Gc(gc::Args),
    Doctor(doctor::Args),
    Save(save::Args),
    Load(load::Args),
    Completions(completions::Args),
    Man(man::Args),
}

impl Command {
    fn run(&self) -> Result<Outcome, Failure> {
        match self {
            Self::Ls(args) => ls::run(args),
            Self::Show(args) => show::run(args),
            Self::Get(args) => get::run(args),
            Self::Watch(args) => watch::run(args),
            Self::Schema(args) => schema::run(args),
            Self::Diff(args) => diff::run(args),
            Self::Rm(args) => rm::run(args),
            Self::Gc(args) => gc::run(args),
            Self::Doctor(args) => doctor::run(args),
            Self::Save(args) => save::run(args),
            Self::Load(args) => load::run(args),
            Self::Completions(args) => completions::run(args),
            Self::Man(args) => man::run(args),
        }
    }
}

/// Does what the command line says.
pub fn run() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(told) => return tell(&told),
    };
    match cli.command.run() {
        Ok(Outcome::Done) => ExitCode::SUCCESS,
        Ok(Outcome::Differs) => ExitCode::from(1),
        // Whoever read our output has seen enough: `shmstore ls | head -1`.
        Err(Failure::Io(error)) if error.kind() == ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(failure) => {
            say(&shown_lines(&format!("error: {failure}")));
            failure.exit_code()
        }
    }
}

/// Tells what was asked of clap itself, such as `--help`, or what is wrong with the command line.
fn tell(told: &clap::Error) -> ExitCode {
    match told.print().and_then(|()| io::Write::flush(&mut io::stdout())) {
        Err(error) if !told.use_stderr() && error.kind() != ErrorKind::BrokenPipe => {
            say(&format!("error: {error}"));
            ExitCode::FAILURE
        }
        _ => ExitCode::from(u8::try_from(told.exit_code()).unwrap_or(2)),
    }
}
