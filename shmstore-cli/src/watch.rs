//! Objects live: full screen on a terminal, otherwise a line a change.
//!
//! A source reads on a thread of its own, so that keys work however long a read takes, and sends what it has read. A model, which knows
//! no terminal, keeps what is shown. A screen draws it.

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

/// How often to look, unless told otherwise: four times a second.
pub const DEFAULT_HZ: f64 = 4.0;

/// The time between two looks, of a rate as the command line gives it.
///
/// # Errors
///
/// What to say if it is no rate from 0.1 to 60 a second.
pub fn hz(text: &str) -> Result<f64, String> {
    let hz: f64 = text.parse().map_err(|_| "not a number".to_owned())?;
    if (0.1..=60.0).contains(&hz) { Ok(hz) } else { Err("from 0.1 to 60 a second".into()) }
}

/// Watches one object.
///
/// # Errors
///
/// [`Failure`] if there is no such object at first, or no such field, and what the terminal or the pipe refuses.
pub fn object(target: &Target, fields: &[String], hz: f64, json: bool) -> Result<Outcome, Failure> {
    if is_on_terminal() && !json {
        let source = source::Source::of(target, fields, source::Choice::Any)?;
        return run::on_screen(model::Model::new(hz), source, period(hz));
    }
    lines::changes(source::Source::of(target, fields, source::Choice::One)?, period(hz), json)
}

/// Watches all objects, or those at a path and below it: what `shmstore ls --watch` does.
///
/// # Errors
///
/// [`Failure`] if segments cannot be listed, and what the terminal or the pipe refuses.
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

/// Whether there is a screen to draw on, and keys to read.
fn is_on_terminal() -> bool {
    let is_dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    io::stdin().is_terminal() && io::stdout().is_terminal() && !is_dumb
}
