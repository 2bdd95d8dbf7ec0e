//! Signals that end a run, such as Ctrl-C, or the alarm of a batch that never ends: the run cleans up first.

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

/// The task that remains after a signal.
#[derive(Debug, Clone, Args)]
pub struct Clean {
    /// The directory of the run.
    place: PathBuf,
    /// The signal.
    signal: i32,
}

/// From here on, a signal that ends this process cleans up the directory of the run. Must be called before there are
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
        // A new program in this process cannot go on with the measurement, and needs no lock of an interrupted thread.
        // Its children stay, and the signals stay blocked.
        let clean = Command::new("/proc/self/exe").arg("clean").arg(&place).arg((signal as i32).to_string()).exec();
        eprintln!("error: {} is not cleaned up: {clean}", place.display());
        std::process::exit(128 + signal as i32);
    });
    Ok(())
}

/// Ends the children of this process, removes the directory of the run, and exits as if ended by the signal.
pub fn clean(clean: &Clean) -> Result<(), Failure> {
    if !place::is_one(&clean.place) {
        return Err(format!("{} is no directory of a run", clean.place.display()).into());
    }
    end_children();
    place::clean(&clean.place);
    std::process::exit(128 + clean.signal);
}

/// Ends the children, and the process groups that they lead.
fn end_children() {
    loop {
        for child in children() {
            for target in [child, -child] {
                let _ = kill(Pid::from_raw(target), Signal::SIGKILL);
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

/// Reads the second field after the name, which may contain any character.
fn parent(pid: i32) -> Option<u32> {
    let status = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    status.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
}
