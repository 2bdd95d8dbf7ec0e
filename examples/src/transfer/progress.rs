//! One line that changes in a terminal; in a pipe or file, a new one each second.

use std::env;
use std::io::{self, IsTerminal, Write, stdout};
use std::time::{Duration, Instant};

const CLEAR_TO_END_OF_LINE: &str = "\x1b[K";

/// Shows how far something has come.
pub(super) struct Progress {
    is_terminal: bool,
    every: Duration,
    next: Instant,
}

impl Progress {
    pub(super) fn of_stdout() -> Self {
        let is_dumb = env::var_os("TERM").is_some_and(|term| term == "dumb");
        let is_terminal = stdout().is_terminal() && !is_dumb;
        let every = if is_terminal { Duration::from_millis(50) } else { Duration::from_secs(1) };
        Self { is_terminal, every, next: Instant::now() + every }
    }

    /// Shows a line, if it is time to.
    pub(super) fn show(&mut self, line: impl FnOnce() -> String) -> io::Result<()> {
        let now = Instant::now();
        if now < self.next {
            return Ok(());
        }
        self.next = now + self.every;
        if !self.is_terminal {
            return writeln!(stdout(), "{}", line());
        }
        write!(stdout(), "\r{}{CLEAR_TO_END_OF_LINE}", line())?;
        stdout().flush()
    }

    /// Shows the last line.
    pub(super) fn end(&self, line: &str) -> io::Result<()> {
        let (start, clear) = if self.is_terminal { ("\r", CLEAR_TO_END_OF_LINE) } else { ("", "") };
        writeln!(stdout(), "{start}{line}{clear}")
    }
}
