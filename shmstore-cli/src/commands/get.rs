//! `shmstore get`: one value.

use std::path::PathBuf;

use shmstore::inspect::{FieldPath, Limits, Object, Value};

use crate::failure::{Failure, Outcome};
use crate::output::{Output, json_document};
use crate::printed;
use crate::target;
#[cfg(feature = "serve")]
use crate::text::shown;

/// Print one value of an object, for scripts
///
/// The output is one line:
///   text, char  without quotes
///   enum        the name of the variant
///   Lock        free or locked, followed by ", inconsistent" if it is
///   Event       the count of notifications
///   struct, array, list, Queue, Broadcast, Map, Frames
///               all of it, of Frames the newest frame
///
/// For a Queue, `jobs[0]` is the next item. The counts are jobs.len, jobs.capacity,
/// jobs.pushed, jobs.delivered and jobs.outstanding (taken, not done).
/// For a Broadcast, `quotes[17]` is the item with position 17. The counts are
/// quotes.sent and quotes.capacity.
/// For a Map, `prices["EURUSD"]` is the value of a key, written as JSON. Put the path in
/// single quotes: 'prices["EURUSD"].bid'. Without them, the shell takes the other quotes
/// away, and makes several words of a key in braces. The counts are prices.len,
/// prices.capacity and prices.changes (how often keys were inserted and removed).
/// For Frames, `images[5]` is an element of the newest frame, and images.meta its metadata.
/// The counts are images.newest (its number), images.len (its elements), images.capacity,
/// images.slots, images.pins and images.loans (slots that are being filled).
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
    #[arg(value_name = "FIELD.PATH", value_parser = target::not_empty)]
    field: String,
    /// The name of the type, or its letter, if the path has more than one object: the last argument
    #[arg(value_name = "TYPE")]
    type_name: Option<String>,
    /// Print JSON: text with quotes, structs as objects, a `Versioned` with its version
    #[arg(long)]
    json: bool,
}

/// Prints the value.
///
/// # Errors
///
/// The object or the field does not exist, or its bytes are not a value of its type.
pub fn run(args: &Args) -> Result<Outcome, Failure> {
    let field = target::field_path(&args.field, args.type_name.as_ref())?;
    let object = target::with_field("get", &args.path, &args.field, args.type_name.as_ref())?;
    let mut output = Output::standard();
    if args.json {
        output.text(&document(&object, &field)?)?;
    } else {
        printed::value(&mut output, &value(&object, &field, &Limits::full())?, false)?;
    }
    output.finish()
}

/// Returns the value of a field as JSON.
///
/// # Errors
///
/// The field does not exist, or its bytes are not a value of its type.
pub fn document(object: &Object, field: &FieldPath) -> Result<String, Failure> {
    Ok(json_document(&value(object, field, &Limits::full())?))
}

/// Returns the same for a value that is not too large to be sent.
///
/// # Errors
///
/// As [`document`], and [`Failure::Refused`] if it has more than a million values or 64 MiB.
#[cfg(feature = "serve")]
pub fn short_document(object: &Object, field: &FieldPath) -> Result<String, Failure> {
    let mut limits = Limits::full();
    (limits.nodes, limits.bytes) = (1_000_000, 64 << 20);
    let value = value(object, field, &limits)?;
    if is_cut(&value) {
        let why = "has more than a million values: name an element of it, or use `shmstore get`";
        return Err(Failure::Refused(format!("`{}` {why}", shown(&field.to_string()))));
    }
    Ok(json_document(&value))
}

/// Returns `true` if some values are left out.
#[cfg(feature = "serve")]
fn is_cut(value: &Value) -> bool {
    match value {
        Value::Omitted => true,
        Value::List { len, first } => *len > first.len() as u64 || first.iter().any(is_cut),
        Value::Struct { fields, .. } => fields.iter().any(|(_, value)| is_cut(value)),
        Value::Versioned { value, .. } => is_cut(value),
        Value::Queue { first, .. } => first.iter().any(is_cut),
        Value::Frames { len, first, .. } => *len > first.len() as u64,
        Value::Map { first, .. } => first.iter().any(|(_, value)| is_cut(value)),
        _ => false,
    }
}

fn value(object: &Object, field: &FieldPath, limits: &Limits) -> Result<Value, Failure> {
    let value = object.read_at(field, limits)?;
    printed::must_be_valid(&value, &field.to_string())?;
    Ok(value)
}
