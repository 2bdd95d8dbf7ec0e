//! Objects live: full screen on a terminal, otherwise a line for each change.
//!
//! - A source reads on its own thread, so that keys work while it reads.
//! - A model keeps what is shown. It knows no terminal.
//! - A screen draws the model.

mod all;
mod board;
mod fields;
mod lines;
mod list;
mod model;
mod reader;
mod run;
mod screen;
mod source;
mod terminal;

use std::io::{self, IsTerminal};
use std::path::Path;
use std::time::Duration;

use crate::failure::{Failure, Outcome};
use crate::target::Target;

/// The default of reads a second.
pub const DEFAULT_HZ: f64 = 4.0;

/// Parses a number of reads a second.
///
/// # Errors
///
/// The message for a text that is not a number from 0.1 to 60.
pub fn hz(text: &str) -> Result<f64, String> {
    let hz: f64 = text.parse().map_err(|_| "write a number".to_owned())?;
    if (0.1..=60.0).contains(&hz) { Ok(hz) } else { Err("write a number from 0.1 to 60".into()) }
}

/// Watches one object.
///
/// # Errors
///
/// The object or a field does not exist at first, or the output cannot be written.
pub fn object(target: &Target, fields: &[String], hz: f64, json: bool) -> Result<Outcome, Failure> {
    if is_on_terminal() && !json {
        let source = source::Source::of(target, fields, source::Choice::Any)?;
        return run::on_screen(model::Model::new(hz), source, period(hz));
    }
    lines::changes(source::Source::of(target, fields, source::Choice::One)?, period(hz), json)
}

/// Watches all objects, or the objects at a path and below it, for `shmstore ls --watch`.
///
/// # Errors
///
/// The segments cannot be listed, or the output cannot be written.
pub fn objects(path: Option<&Path>, hz: f64, json: bool) -> Result<Outcome, Failure> {
    let source = all::Source::under(path)?;
    if is_on_terminal() && !json {
        return run::on_screen(board::Board::new(path, hz), source, period(hz));
    }
    lines::objects(source, period(hz), json)
}

fn period(hz: f64) -> Duration {
    Duration::from_secs_f64(1.0 / hz.clamp(0.1, 60.0))
}

/// Returns `true` if there is a screen to draw on and a keyboard to read.
fn is_on_terminal() -> bool {
    let is_dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    io::stdin().is_terminal() && io::stdout().is_terminal() && !is_dumb
}
