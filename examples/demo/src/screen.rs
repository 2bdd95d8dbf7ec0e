//! The output for snapshots: a terminal, redrawn in place, or a pipe or file, a line each.

use std::env;
use std::io::{self, IsTerminal, Write, stdout};

use crate::snapshot::Snapshot;
use crate::table::{line, table};

const CLEAR: &str = "\x1b[2J";
const HOME: &str = "\x1b[H";
const CLEAR_TO_END_OF_LINE: &str = "\x1b[K\n";
const CLEAR_BELOW: &str = "\x1b[J";

/// The output for snapshots.
#[derive(Debug)]
pub struct Screen {
    is_terminal: bool,
    is_fresh: bool,
}

impl Screen {
    /// Finds out what standard output is. A terminal with `TERM=dumb` counts as a pipe.
    #[must_use]
    pub fn of_stdout() -> Self {
        let is_dumb = env::var_os("TERM").is_some_and(|term| term == "dumb");
        Self { is_terminal: stdout().is_terminal() && !is_dumb, is_fresh: true }
    }

    /// Shows a table once, wherever it goes.
    ///
    /// # Errors
    ///
    /// If the output cannot be written.
    pub fn print(&self, snapshot: &Snapshot) -> io::Result<()> {
        write!(stdout(), "{}", table(snapshot))
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
        let table = table(snapshot).replace('\n', CLEAR_TO_END_OF_LINE);
        let clear = if self.is_fresh { CLEAR } else { "" };
        self.is_fresh = false;
        let mut out = stdout().lock();
        write!(out, "{clear}{HOME}{table}{CLEAR_TO_END_OF_LINE}Ctrl-C ends this reader only{CLEAR_TO_END_OF_LINE}")?;
        write!(out, "{CLEAR_BELOW}")?;
        out.flush()
    }
}
