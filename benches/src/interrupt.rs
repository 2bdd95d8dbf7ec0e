//! Ctrl-C, and other ways to be asked to end, or to be told that a batch never does: a run cleans up first.

use std::path::Path;

use nix::sys::signal::{SigSet, Signal};

use crate::{Failure, place};

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
        place::clean(&place);
        // The others end with this process.
        std::process::exit(128 + signal as i32);
    });
    Ok(())
}
