//! Signals that end a command while it waits.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::{SigId, flag, low_level};

use crate::failure::Failure;

/// While it lives, SIGINT, SIGTERM and SIGHUP do not end the program at once.
///
/// So a command lets go of its object, and its process is not listed as one that was killed. A signal that the parent
/// has set to be ignored is still ignored.
pub struct Signals {
    caught: Arc<AtomicUsize>,
    registered: Vec<SigId>,
}

impl Signals {
    /// Catches the signals.
    #[must_use]
    pub fn catch() -> Self {
        let caught = Arc::new(AtomicUsize::new(0));
        let signals = [SIGINT, SIGTERM, SIGHUP].into_iter().filter(|signal| !is_ignored(*signal));
        // If a signal cannot be caught, it ends the program at once.
        let register = |signal: i32| flag::register_usize(signal, caught.clone(), signal.unsigned_abs() as usize).ok();
        Self { registered: signals.filter_map(register).collect(), caught }
    }

    /// Catches the first of the signals only. The second one ends the program at once.
    #[must_use]
    pub fn catch_first() -> Self {
        let (has_come, ignored) = (Arc::new(AtomicBool::new(false)), ignored());
        let mut registered = Vec::new();
        for signal in [SIGINT, SIGTERM, SIGHUP].into_iter().filter(|signal| ignored >> (signal - 1) & 1 == 0) {
            // The actions of a signal run in this order.
            registered.extend(flag::register_conditional_default(signal, has_come.clone()).ok());
            registered.extend(flag::register(signal, has_come.clone()).ok());
        }
        let mut signals = Self::catch();
        signals.registered.extend(registered);
        signals
    }

    /// Returns the error for a signal that has come.
    ///
    /// # Errors
    ///
    /// [`Failure::Signal`].
    pub fn check(&self) -> Result<(), Failure> {
        match i32::try_from(self.caught.load(Relaxed)) {
            Ok(signal) if signal != 0 => Err(Failure::Signal(signal)),
            _ => Ok(()),
        }
    }
}

impl Drop for Signals {
    fn drop(&mut self) {
        for id in self.registered.drain(..) {
            low_level::unregister(id);
        }
    }
}

/// Returns `true` if the parent has set a signal to be ignored.
#[must_use]
pub fn is_ignored(signal: i32) -> bool {
    ignored() >> (signal - 1) & 1 != 0
}

/// Returns the signals that are ignored. Signal 1 is the lowest bit.
fn ignored() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0)
}
