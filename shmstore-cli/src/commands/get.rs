//! `shmstore get`: one value, for scripts.

use std::io::{self, IsTerminal};
use std::path::PathBuf;

use shmstore::inspect::{FieldPath, Limits, Value};

use crate::failure::{Failure, Outcome};
use crate::output::Output;
use crate::target::Target;
use crate::text::{shown, shown_lines};

/// Print one value of an object, for scripts
///
/// Numbers, true and false as they are; text and characters without quotes; of an enum the variant's name; of a lock `free` or `locked`,
/// and `, inconsistent`; of an event its count; structs and arrays whole, on one line. Text is printed byte for byte into a pipe or a
/// file; on a terminal, what it would act upon is escaped.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The directory or file that the object stands at; `DIR/NAME` for a named one
    #[arg(value_name = "PATH[/NAME]")]
    path: PathBuf,
    /// The field: names with dots between them, indices in brackets, as in `accounts[3].value`; `.` for the whole object
    #[arg(value_name = "FIELD.PATH", value_parser = not_empty)]
    field: String,
    /// The type, or its letter, where more than one object stands at the path
    #[arg(value_name = "TYPE")]
    type_name: Option<String>,
    /// As JSON: text with quotes, structs as objects, a `Versioned` with its version
    #[arg(long)]
    json: bool,
}

fn not_empty(field: &str) -> Result<String, &'static str> {
    if field.is_empty() { Err("no field is named so: `.` is the whole object") } else { Ok(field.into()) }
}

/// Prints the value.
///
/// # Errors
///
/// No such object, no such field, or bytes that are no value of their type.
pub fn run(args: &Args) -> Result<Outcome, Failure> {
    let field: FieldPath = args.field.parse()?;
    let target = Target { path: args.path.clone(), type_name: args.type_name.clone() };
    let value = target.object()?.read_at(&field, &Limits::full())?;
    if let Value::Invalid(why) = value.settled() {
        return Err(Failure::Other(format!("`{}` is no value of its type: {}", shown(&args.field), shown(why))));
    }
    let mut output = Output::standard();
    if args.json {
        output.json(&value)?;
    } else {
        let raw = match value.settled() {
            Value::Text(text) => text.clone(),
            Value::Char(letter) => letter.to_string(),
            Value::Variant { name, .. } => name.clone(),
            other => other.to_string(),
        };
        output.line(&if io::stdout().is_terminal() { shown_lines(&raw) } else { raw })?;
    }
    output.finish()?;
    Ok(Outcome::Done)
}
