//! Ctrl-C, and other ways to be asked to end, or to be told that a batch never does: a run cleans up first.

use std::fs;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use clap::Args;
use nix::errno::Errno;
use nix::sys::signal::{SigSet, Signal, kill};
use nix::sys::wait::wait;
use nix::unistd::Pid;

use crate::{Failure, place};

/// What is left to be done after a signal.
#[derive(Debug, Clone, Args)]
pub struct Clean {
    /// What to remove.
    place: PathBuf,
    /// The signal that had come.
    signal: i32,
}

/// From here on, who ends this process by a signal that can be caught has the place cleaned. To be called before there are
/// other threads.
pub fn clean_first(place: &Path) -> Result<(), Failure> {
    let signals = [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP, Signal::SIGALRM];
    let signals = signals.into_iter().collect::<SigSet>();
    signals.thread_block()?;
    let place = place.to_owned();
    std::thread::spawn(move || {
        let signal = signals.wait().unwrap_or(Signal::SIGTERM);
        if signal == Signal::SIGALRM {
            eprintln!("error: the other process does not answer");
        }
        // With another program in this process nothing goes on measuring what is being removed, and no lock is held by
        // who was interrupted. Its children are the same, and the signals stay blocked.
        let clean = Command::new("/proc/self/exe").arg("clean").arg(&place).arg((signal as i32).to_string()).exec();
        eprintln!("error: {} is not cleaned up: {clean}", place.display());
        std::process::exit(128 + signal as i32);
    });
    Ok(())
}

/// Ends the children of this process and removes the place. Ends as who was ended by the signal.
pub fn clean(clean: &Clean) -> Result<(), Failure> {
    if !place::is_one(&clean.place) {
        return Err(format!("{} is no place of a run", clean.place.display()).into());
    }
    end_children();
    place::clean(&clean.place);
    std::process::exit(128 + clean.signal);
}

/// Ends the children, and their children too if they have a process group of their own.
fn end_children() {
    loop {
        for child in children() {
            for whom in [child, -child] {
                let _ = kill(Pid::from_raw(whom), Signal::SIGKILL);
            }
        }
        if wait() == Err(Errno::ECHILD) {
            return;
        }
    }
}

fn children() -> Vec<i32> {
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    pids.filter(|pid| parent(*pid) == Some(std::process::id())).collect()
}

/// The second field behind the name, which may have anything in it.
fn parent(pid: i32) -> Option<u32> {
    let status = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    status.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
}
