//! The output for snapshots: a terminal, redrawn in place, or a pipe or file, a line each.

use std::env;
use std::io::{self, IsTerminal, Write, stdout};

use crate::snapshot::Snapshot;
use crate::table::{Style, line, table};

const CLEAR: &str = "\x1b[2J";
const HOME: &str = "\x1b[H";
const CLEAR_TO_END_OF_LINE: &str = "\x1b[K\n";
const CLEAR_BELOW: &str = "\x1b[J";

/// The output for snapshots.
#[derive(Debug)]
pub struct Screen {
    is_terminal: bool,
    style: Style,
    is_fresh: bool,
}

impl Screen {
    /// Looks at what standard output is. `NO_COLOR` (see <https://no-color.org>) is respected, and so is `TERM=dumb`.
    #[must_use]
    pub fn of_stdout() -> Self {
        let is_dumb = env::var_os("TERM").is_some_and(|term| term == "dumb");
        let is_terminal = stdout().is_terminal() && !is_dumb;
        let no_color = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let style = if is_terminal && !no_color { Style::Colored } else { Style::Plain };
        Self { is_terminal, style, is_fresh: true }
    }

    /// Shows a table once, wherever it goes.
    ///
    /// # Errors
    ///
    /// If the output cannot be written.
    pub fn print(&self, snapshot: &Snapshot) -> io::Result<()> {
        write!(stdout(), "{}", table(snapshot, self.style))
    }

    /// Shows a snapshot in place of the one before; on what is no terminal, in a line below it.
    ///
    /// # Errors
    ///
    /// If the output cannot be written.
    pub fn refresh(&mut self, snapshot: &Snapshot) -> io::Result<()> {
        if !self.is_terminal {
            return writeln!(stdout(), "{}", line(snapshot));
        }
        let table = table(snapshot, self.style).replace('\n', CLEAR_TO_END_OF_LINE);
        let clear = if self.is_fresh { CLEAR } else { "" };
        self.is_fresh = false;
        let mut out = stdout().lock();
        write!(out, "{clear}{HOME}{table}{CLEAR_TO_END_OF_LINE}Ctrl-C ends this reader only{CLEAR_TO_END_OF_LINE}")?;
        write!(out, "{CLEAR_BELOW}")?;
        out.flush()
    }
}
