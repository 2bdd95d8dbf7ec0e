//! What goes to the standard output: whether it has colours, and JSON that is safe to look at.

use std::env;
use std::io::{self, BufWriter, IsTerminal, StdoutLock, Write};

use serde::Serialize;

use crate::failure::Failure;
use crate::text::shown_json;

/// The standard output.
pub struct Output {
    to: BufWriter<StdoutLock<'static>>,
    coloured: bool,
}

/// How something stands out, where there are colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// As everything else.
    Plain,
    /// A heading.
    Heading,
    /// As it should be.
    Good,
    /// To be looked at.
    Bad,
    /// Of less interest.
    Faint,
}

/// Whether colours may be used: on a terminal, unless `NO_COLOR` is set or the terminal is a dumb one.
#[must_use]
pub fn may_be_coloured() -> bool {
    let is_set = |name| env::var_os(name).is_some_and(|value| !value.is_empty());
    io::stdout().is_terminal() && !is_set("NO_COLOR") && env::var_os("TERM").is_none_or(|term| term != "dumb")
}

/// Says something on the standard error, beside the output; what that refuses is nobody's concern.
pub fn say(text: &str) {
    drop(writeln!(io::stderr(), "{text}"));
}

impl Output {
    /// The standard output of this process.
    #[must_use]
    pub fn standard() -> Self {
        Self { to: BufWriter::with_capacity(1 << 16, io::stdout().lock()), coloured: may_be_coloured() }
    }

    /// Text in a look. It must be fit for a terminal already.
    #[must_use]
    pub fn look(&self, look: Look, text: &str) -> String {
        let code = match look {
            Look::Good => "32",
            Look::Bad => "31;1",
            Look::Heading => "1",
            Look::Faint => "2",
            Look::Plain => "",
        };
        if !self.coloured || code.is_empty() || text.is_empty() {
            return text.to_owned();
        }
        format!("\u{1b}[{code}m{text}\u{1b}[0m")
    }

    /// Writes a line.
    ///
    /// # Errors
    ///
    /// What the pipe or terminal refuses.
    pub fn line(&mut self, line: &str) -> io::Result<()> {
        self.text(line)?;
        self.text("\n")
    }

    /// Writes lines to the standard output, and hands them over.
    ///
    /// # Errors
    ///
    /// What the pipe or terminal refuses.
    pub fn lines(lines: &[String]) -> io::Result<()> {
        let mut output = Self::standard();
        lines.iter().try_for_each(|line| output.line(line))?;
        output.finish()
    }

    /// The same for lines about what was done and cannot be undone: who cannot be told so there, is told by the failure.
    ///
    /// # Errors
    ///
    /// What the pipe or terminal refuses, with all the lines.
    pub fn done(lines: &[String]) -> Result<(), Failure> {
        Self::lines(lines).map_err(|error| match error.kind() {
            // Nobody reads it.
            io::ErrorKind::BrokenPipe => Failure::Io(error),
            _ => Failure::Other(format!("{}; but that cannot be written to the output: {error}", lines.join("; "))),
        })
    }

    /// Writes text as it is.
    ///
    /// # Errors
    ///
    /// What the pipe or terminal refuses.
    pub fn text(&mut self, text: &str) -> io::Result<()> {
        self.to.write_all(text.as_bytes())
    }

    /// Writes a JSON document on lines of its own.
    ///
    /// # Errors
    ///
    /// What the pipe or terminal refuses.
    pub fn json(&mut self, value: &impl Serialize) -> io::Result<()> {
        let json = serde_json::to_string_pretty(value).map_err(io::Error::other)?;
        self.line(&shown_json(&json))
    }

    /// Hands over what was written so far.
    ///
    /// # Errors
    ///
    /// What the pipe or terminal refuses.
    pub fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }

    /// Hands everything over.
    ///
    /// # Errors
    ///
    /// What the pipe or terminal refuses.
    pub fn finish(mut self) -> io::Result<()> {
        self.to.flush()
    }
}
