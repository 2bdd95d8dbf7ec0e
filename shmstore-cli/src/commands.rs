//! The commands of the program, one module each.

pub mod completions;
pub mod create;
pub mod del;
pub mod diff;
pub mod doctor;
pub mod frame;
pub mod gc;
pub mod get;
pub mod load;
mod load_group;
pub mod ls;
pub mod man;
pub mod migrate;
pub mod mirror;
pub mod notify;
pub mod pop;
pub mod push;
pub mod put;
#[cfg(feature = "record")]
pub mod record;
#[cfg(feature = "record")]
mod record_report;
#[cfg(feature = "record")]
pub mod replay;
#[cfg(feature = "record")]
mod replay_report;
pub mod rm;
mod rm_all;
pub mod save;
mod save_group;
pub mod schema;
pub mod send;
pub mod set;
pub mod show;
mod show_table;
pub mod tail;
pub mod wait;
pub mod watch;

use std::io::{self, ErrorKind};
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use signal_hook::low_level;

use crate::failure::{Failure, Outcome};
use crate::output::say;
use crate::text::shown_lines;

/// Show and write the objects that programs share with shmstore, and clean up after them.
#[derive(Debug, Parser)]
#[command(name = "shmstore", version, after_long_help = after(), subcommand_value_name = "COMMAND")]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

/// The meanings of the exit codes, from 0.
const EXIT_CODES: [&str; 7] = [
    "success, also if the reader of the output has closed it",
    "diff: the layouts differ; doctor: something needs fixing; every command: any other error",
    "wrong usage, or more than one object matches",
    "no such object, field, key, path or file",
    "refused: the object is in use, a copy of another machine's or not shmstore's, a value does not fit its type, a \
     map is full, something would be overwritten, or the question was not answered with y",
    "permission denied",
    "wait, pop, push: nothing came in time; every command: another process was at work for too long",
];

/// Paragraphs about all commands.
const NOTES: [&str; 4] = [
    "An object is named by its anchor, the directory or file that it was created for. A named object is DIR/NAME. \
     Where one anchor has several objects, add TYPE: the name of the type, or its letter. Commands that take values \
     have the option --type instead.",
    "DIR/ with a slash at its end means only the directory. DIR.shm means only the file of the name beside it. If a \
     path does not exist, it means an object that was created there and has lost its anchor.",
    "Colors are used on a terminal only, and not if NO_COLOR is set. Control characters in names and values are \
     escaped, as in \\u{1b}.",
    "The output without --json is for people and may change. The output with --json is for programs: a new version \
     may add keys, but removes none.",
];

/// Returns the text below the help.
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
    Tail(tail::Args),
    Wait(wait::Args),
    Set(set::Args),
    Put(put::Args),
    Del(del::Args),
    Push(push::Args),
    Pop(pop::Args),
    Send(send::Args),
    Notify(notify::Args),
    Frame(frame::Args),
    Schema(schema::Args),
    Diff(diff::Args),
    Create(create::Args),
    Rm(rm::Args),
    Gc(gc::Args),
    Doctor(doctor::Args),
    Save(save::Args),
    Load(load::Args),
    Migrate(migrate::Args),
    #[cfg(feature = "record")]
    Record(record::Args),
    #[cfg(feature = "record")]
    Replay(replay::Args),
    Mirror(mirror::Args),
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
            Self::Tail(args) => tail::run(args),
            Self::Wait(args) => wait::run(args),
            Self::Set(args) => set::run(args),
            Self::Put(args) => put::run(args),
            Self::Del(args) => del::run(args),
            Self::Push(args) => push::run(args),
            Self::Pop(args) => pop::run(args),
            Self::Send(args) => send::run(args),
            Self::Notify(args) => notify::run(args),
            Self::Frame(args) => frame::run(args),
            Self::Schema(args) => schema::run(args),
            Self::Diff(args) => diff::run(args),
            Self::Create(args) => create::run(args),
            Self::Rm(args) => rm::run(args),
            Self::Gc(args) => gc::run(args),
            Self::Doctor(args) => doctor::run(args),
            Self::Save(args) => save::run(args),
            Self::Load(args) => load::run(args),
            Self::Migrate(args) => migrate::run(args),
            #[cfg(feature = "record")]
            Self::Record(args) => record::run(args),
            #[cfg(feature = "record")]
            Self::Replay(args) => replay::run(args),
            Self::Mirror(args) => mirror::run(args),
            Self::Completions(args) => completions::run(args),
            Self::Man(args) => man::run(args),
        }
    }
}

impl Cli {
    /// Runs the command.
    ///
    /// ```no_run
    /// use clap::Parser;
    /// use shmstore_cli::commands::Cli;
    ///
    /// Cli::parse_from(["shmstore", "set", "/run/rover", "frames", "7"]).run()?;
    /// # Ok::<(), shmstore_cli::failure::Failure>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The error that the program prints.
    pub fn run(&self) -> Result<Outcome, Failure> {
        self.command.run()
    }
}

/// Runs the command line.
pub fn run() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(told) => return tell(&told),
    };
    match cli.run() {
        Ok(Outcome::Done) => ExitCode::SUCCESS,
        Ok(Outcome::Differs) => ExitCode::from(1),
        Err(Failure::Signal(signal)) => {
            drop(low_level::emulate_default_handler(signal));
            ExitCode::FAILURE
        }
        // The reader has seen enough: `shmstore ls | head -1`.
        Err(Failure::Io(error)) if error.kind() == ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(failure) => {
            say(&shown_lines(&format!("error: {failure}")));
            failure.exit_code()
        }
    }
}

/// Prints the answer of clap: to `--help`, or to a wrong command line.
fn tell(told: &clap::Error) -> ExitCode {
    match told.print().and_then(|()| io::Write::flush(&mut io::stdout())) {
        Err(error) if !told.use_stderr() && error.kind() != ErrorKind::BrokenPipe => {
            say(&format!("error: {error}"));
            ExitCode::FAILURE
        }
        _ => ExitCode::from(u8::try_from(told.exit_code()).unwrap_or(2)),
    }
}
