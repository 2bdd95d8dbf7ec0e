//! Processes that do everything the store can do, and are killed at random instants; and what must hold after every kill.
//!
//! | process | what it does |
//! |---|---|
//! | the supervisor | forks, kills, reaps and counts; it never touches a store, so that its children start from nothing |
//! | workers | open, attach, and do one operation after the other until they are killed |
//! | the victim | takes one part that nobody else wants, and is killed with it |
//! | the measurer | waits for what the victim has, and says when it got it |
//! | the checker | looks at every invariant after every kill |
//! | three waiters | wait for versions and notifications that the workers bring |
//! | two subscribers | receive what the workers send |
//! | three waiters | wait for keys of maps that come and go, and for a value of one |
//!
//! What the processes tell each other goes by the `board`, in memory that is no segment, and by a pipe.
//!
//! Every decision comes from the seed, the place of a worker and its generation; the instants at which the scheduler
//! lets them run do not.

mod arena;
mod board;
mod book;
mod check;
mod churn;
mod feeding;
mod filming;
mod films;
mod herd;
mod holds;
mod job;
mod leaks;
mod ledger;
mod looks;
mod map_checks;
mod map_holds;
mod mapping;
mod maps;
mod measure;
mod million;
mod mixed;
mod op;
mod os;
mod own_keys;
mod places;
mod queueing;
mod recovery;
mod register;
mod report;
mod slots;
mod stamp;
mod streams;
mod supervisor;
mod victim;
mod waiters;
mod worker;

use std::process::ExitCode;

#[derive(Debug, Clone)]
pub struct Options {
    pub seconds: u64,
    /// Where all decisions come from.
    pub seed: u64,
    /// How many workers there are at a time, beside the victim.
    pub workers: usize,
    /// Whether others use the machine, too: then the time for which somebody was runnable and not scheduled does not count
    /// against the limits. Everything is printed all the same.
    pub busy: bool,
    /// Whether there is a map of a million entries, too, which takes some 200 MB.
    pub large_map: bool,
}

/// Tortures the store, prints what came of it, and tells whether everything held.
pub fn run(options: &Options) -> ExitCode {
    let report = supervisor::run(options);
    print!("{report}");
    if report.is_clean() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Looks at this object after the death of all workers, and fills what is free. Returns what is wrong.
pub fn look_at_mixed(object: &shmstore::Shared<crate::mixed::Mixed>) -> Vec<String> {
    mixed::look_at_rest(object)
}

/// Works on this object until it is killed. The first of `arguments` says which worker this is.
pub fn work_mixed(arguments: &[String]) -> ! {
    mixed::work(arguments)
}

/// Tortures one object by workers in several languages, of which `others` are commands. Prints what came of it.
pub fn run_mixed(seconds: u64, seed: u64, others: &[String]) -> ExitCode {
    mixed::run(seconds, seed, others)
}

/// Tortures frames: writers and readers are killed and stopped. Prints what came of it.
pub fn run_frames(seconds: u64, seed: u64) -> ExitCode {
    filming::run(seconds, seed)
}

/// What a worker becomes that replaces itself by `exec`.
pub fn run_image(argument: &str) -> ExitCode {
    worker::image(argument)
}
