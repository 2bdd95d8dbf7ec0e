//! The standard output, with colors, and with JSON that is safe to show on a terminal.

use std::env;
use std::io::{self, BufWriter, IsTerminal, StdoutLock, Write};
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use serde::Serialize;

use crate::failure::{Failure, Outcome};
use crate::text::shown_json;

/// The standard output.
pub struct Output {
    to: BufWriter<StdoutLock<'static>>,
    colored: bool,
}

/// A style, where colors are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// Ordinary text.
    Plain,
    /// A heading.
    Heading,
    /// In order.
    Good,
    /// Needs attention.
    Bad,
    /// Less important.
    Faint,
}

/// Returns `true` if the output is a terminal with colors, and `NO_COLOR` is not set.
#[must_use]
pub fn may_be_colored() -> bool {
    let is_set = |name| env::var_os(name).is_some_and(|value| !value.is_empty());
    io::stdout().is_terminal() && !is_set("NO_COLOR") && env::var_os("TERM").is_none_or(|term| term != "dumb")
}

/// Writes a note to the standard error. Errors are ignored, because the output does not depend on the note.
pub fn say(text: &str) {
    drop(writeln!(io::stderr(), "{text}"));
}

/// Formats JSON on one line, with control characters escaped.
///
/// # Panics
///
/// Panics if a key is not text.
#[must_use]
pub fn json_line(of: &impl Serialize) -> String {
    let json = serde_json::to_string(of).expect("text, numbers, and objects whose keys are text");
    shown_json(&json) + "\n"
}

/// Formats a JSON document on lines of its own, with control characters escaped.
///
/// # Panics
///
/// Panics if a key is not text.
#[must_use]
pub fn json_document(of: &impl Serialize) -> String {
    let json = serde_json::to_string_pretty(of).expect("text, numbers, and objects whose keys are text");
    shown_json(&json) + "\n"
}

/// Waits. Returns `true` at once if the reader closes the output. Otherwise only a write would notice that.
///
/// # Errors
///
/// The output cannot be asked.
pub fn is_closed_within(out: &impl AsFd, wait: Duration) -> Result<bool, Failure> {
    let end = Instant::now() + wait;
    loop {
        let left = end.saturating_duration_since(Instant::now());
        // Rounded up, so that the last fraction of a millisecond is not a busy loop.
        let millis = i32::try_from(left.as_micros().div_ceil(1000)).unwrap_or(i32::MAX);
        let timeout = PollTimeout::try_from(millis).unwrap_or(PollTimeout::MAX);
        let mut asked = [PollFd::new(out.as_fd(), PollFlags::empty())];
        match poll(&mut asked, timeout) {
            Ok(0) if left.is_zero() || Instant::now() >= end => return Ok(false),
            Ok(0) | Err(nix::errno::Errno::EINTR) => {}
            Ok(_) => return Ok(true),
            Err(errno) => return Err(io::Error::from(errno).into()),
        }
    }
}

impl Output {
    /// Locks the standard output of this process.
    #[must_use]
    pub fn standard() -> Self {
        Self { to: BufWriter::with_capacity(1 << 16, io::stdout().lock()), colored: may_be_colored() }
    }

    /// Styles a text, which must be fit for a terminal.
    #[must_use]
    pub fn look(&self, look: Look, text: &str) -> String {
        let code = match look {
            Look::Good => "32",
            Look::Bad => "31;1",
            Look::Heading => "1",
            Look::Faint => "2",
            Look::Plain => "",
        };
        if !self.colored || code.is_empty() || text.is_empty() {
            return text.to_owned();
        }
        format!("\u{1b}[{code}m{text}\u{1b}[0m")
    }

    /// Writes a line.
    ///
    /// # Errors
    ///
    /// The output cannot be written.
    pub fn line(&mut self, line: &str) -> io::Result<()> {
        self.text(line)?;
        self.text("\n")
    }

    /// Writes lines to the standard output, and flushes it.
    ///
    /// # Errors
    ///
    /// The output cannot be written.
    pub fn lines(lines: &[String]) -> io::Result<()> {
        let mut output = Self::standard();
        lines.iter().try_for_each(|line| output.line(line))?;
        output.to.flush()
    }

    /// Writes lines about work that is done and cannot be undone. If the output fails, the error contains the lines.
    ///
    /// # Errors
    ///
    /// The output cannot be written.
    pub fn done(lines: &[String]) -> Result<(), Failure> {
        Self::lines(lines).map_err(|error| match error.kind() {
            // The reader has closed the output on purpose.
            io::ErrorKind::BrokenPipe => Failure::Io(error),
            _ => Failure::Other(format!("{}; but writing this to the output failed: {error}", lines.join("; "))),
        })
    }

    /// Writes a text without a change.
    ///
    /// # Errors
    ///
    /// The output cannot be written.
    pub fn text(&mut self, text: &str) -> io::Result<()> {
        self.to.write_all(text.as_bytes())
    }

    /// Writes a JSON document on lines of its own.
    ///
    /// # Errors
    ///
    /// The output cannot be written.
    pub fn json(&mut self, value: &impl Serialize) -> io::Result<()> {
        self.text(&json_document(value))
    }

    /// Flushes, then waits. Returns `true` at once if the reader closes the output.
    ///
    /// # Errors
    ///
    /// The output cannot be written.
    pub fn flush_and_wait(&mut self, wait: Duration) -> Result<bool, Failure> {
        self.to.flush()?;
        is_closed_within(self.to.get_ref(), wait)
    }

    /// Flushes and unlocks the output, at the end of a command.
    ///
    /// # Errors
    ///
    /// The output cannot be written.
    pub fn finish(mut self) -> Result<Outcome, Failure> {
        self.to.flush()?;
        Ok(Outcome::Done)
    }
}
