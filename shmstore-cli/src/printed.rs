//! Values as lines for scripts.

use std::io::{self, IsTerminal};

use shmstore::inspect::Value;

use crate::failure::Failure;
use crate::output::{Output, json_line};
use crate::text::{shown, shown_lines};

/// Returns a value as `get` prints it: text without quotes, an enum as the name of its variant.
#[must_use]
pub fn raw(value: &Value) -> String {
    match value.settled() {
        Value::Text(text) => text.clone(),
        Value::Char(letter) => letter.to_string(),
        Value::Variant { name, .. } => name.clone(),
        other => other.to_string(),
    }
}

/// Refuses bytes that are not a value of their type.
///
/// # Errors
///
/// [`Failure::Other`], which names the field.
pub fn must_be_valid(value: &Value, field: &str) -> Result<(), Failure> {
    match value.settled() {
        Value::Invalid(why) => {
            Err(Failure::Other(format!("`{}` is not a value of its type: {}", shown(field), shown(why))))
        }
        _ => Ok(()),
    }
}

/// Writes a value on a line, or as a JSON document.
///
/// # Errors
///
/// The output cannot be written.
pub fn value(output: &mut Output, value: &Value, json: bool) -> io::Result<()> {
    if json { output.json(value) } else { line(output, &raw(value)) }
}

/// Writes one of several values: on a line, also as JSON.
///
/// # Errors
///
/// The output cannot be written.
pub fn one_of(output: &mut Output, value: &Value, json: bool) -> io::Result<()> {
    if json { output.text(&json_line(value)) } else { line(output, &raw(value)) }
}

fn line(output: &mut Output, raw: &str) -> io::Result<()> {
    if io::stdout().is_terminal() { output.line(&shown_lines(raw)) } else { output.line(raw) }
}
