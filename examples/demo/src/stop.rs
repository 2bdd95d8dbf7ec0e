//! Ending when asked to: Ctrl-C, `kill`, or the end of the process that started this one.

use std::io;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

/// A request to stop, for which the program sleeps.
#[derive(Debug)]
pub struct Stop {
    asked: Receiver<()>,
    ask: Sender<()>,
}

impl Stop {
    /// Listens to SIGINT (Ctrl-C), SIGTERM and SIGHUP. Once a process.
    ///
    /// # Errors
    ///
    /// The system's error if there can be no handler.
    pub fn on_signal() -> Result<Self, ctrlc::Error> {
        let (ask, asked) = channel();
        let on_signal = ask.clone();
        ctrlc::set_handler(move || ask_to_stop(&on_signal))?;
        Ok(Self { asked, ask })
    }

    /// Stops also when standard input ends: for a child whose parent holds the other end of the pipe, and may die.
    #[must_use]
    pub fn or_end_of_input(self) -> Self {
        let ask = self.ask.clone();
        thread::spawn(move || {
            // An error is an end, too.
            let _ = io::copy(&mut io::stdin(), &mut io::sink());
            ask_to_stop(&ask);
        });
        self
    }

    /// Sleeps until `moment`. Returns `true` if it was asked to stop before.
    #[must_use]
    pub fn asked_before(&self, moment: Instant) -> bool {
        self.asked_within(moment.saturating_duration_since(Instant::now()))
    }

    /// Sleeps for `duration`. Returns `true` if it was asked to stop meanwhile.
    #[must_use]
    pub fn asked_within(&self, duration: Duration) -> bool {
        self.asked.recv_timeout(duration) != Err(RecvTimeoutError::Timeout)
    }
}

fn ask_to_stop(ask: &Sender<()>) {
    // An error means that the program is stopping already.
    let _ = ask.send(());
}
