//! `shmstore get`: one value.

use std::io::{self, IsTerminal};
use std::path::PathBuf;

use shmstore::inspect::{FieldPath, Limits, Object, Value};

use crate::failure::{Failure, Outcome};
use crate::output::Output;
use crate::target::Target;
use crate::text::{shown, shown_lines, shown_path};

/// Print one value of an object, for scripts
///
/// The output is one line:
///   text, char  without quotes
///   enum        the name of the variant
///   Lock        free or locked, followed by ", inconsistent" if it is
///   Event       the count of notifications
///   struct, array, list
///               all of it
///
/// On a terminal, control characters in a text are escaped. Into a pipe or a file,
/// the text is written byte for byte.
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Args {
    /// The anchor of the object: a directory or file, or `DIR/NAME` for a named object
    #[arg(value_name = "PATH[/NAME]")]
    path: PathBuf,
    /// The field, as in `accounts[3].value`; `.` is the whole object
    #[arg(value_name = "FIELD.PATH", value_parser = not_empty)]
    field: String,
    /// The name of the type, or its letter, if the path has more than one object: the last argument
    #[arg(value_name = "TYPE")]
    type_name: Option<String>,
    /// Print JSON: text with quotes, structs as objects, a `Versioned` with its version
    #[arg(long)]
    json: bool,
}

fn not_empty(field: &str) -> Result<String, &'static str> {
    if field.is_empty() { Err("a field has a name: `.` is the whole object") } else { Ok(field.into()) }
}

/// Prints the value.
///
/// # Errors
///
/// The object or the field does not exist, or its bytes are not a value of its type.
pub fn run(args: &Args) -> Result<Outcome, Failure> {
    let field: FieldPath = args.field.parse()?;
    let value = object(args)?.read_at(&field, &Limits::full())?;
    if let Value::Invalid(why) = value.settled() {
        return Err(Failure::Other(format!("`{}` is not a value of its type: {}", shown(&args.field), shown(why))));
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
    output.finish()
}

/// Attaches the object. If the last argument is no type at the path, but the field is one, the error says so.
fn object(args: &Args) -> Result<Object, Failure> {
    let of_type = |type_name: Option<&String>| Target { path: args.path.clone(), type_name: type_name.cloned() };
    let is_type = |name| of_type(Some(name)).segments().is_ok_and(|found| !found.is_empty());
    of_type(args.type_name.as_ref()).object().map_err(|failure| match (failure, &args.type_name) {
        (Failure::NotFound(why), Some(last)) if is_type(&args.field) => {
            let [path, field, of_type] = [shown_path(&args.path), shown(last), shown(&args.field)];
            Failure::NotFound(format!("{why}. The type is the last argument: `shmstore get {path} {field} {of_type}`"))
        }
        (other, _) => other,
    })
}
