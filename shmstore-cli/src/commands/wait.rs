//! `shmstore wait`: waiting for a change.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use shmstore::inspect::{FieldError, FieldPath, Limits, Object, Value};

use crate::about::called;
use crate::failure::{Failure, Outcome};
use crate::output::{Output, is_closed_within};
use crate::patience::{Patience, seconds};
use crate::printed;
use crate::target;
use crate::text::shown;
use crate::writing;

/// Wait until a value changes, and print the new one
///
///   shmstore wait ./rover position
///   shmstore wait ./rover position.x --newer 17 --timeout 2.5
///   shmstore wait ./market 'quotes["EURUSD"]' --json
///
/// The value is printed as by `get`. If nothing comes within --timeout, the exit code is 6.
/// The wait ends with
///   Versioned   a newer version. FIELD.PATH may lead into its value
///   a key       a newer version of the key of a Map, also its insertion:
///               'quotes["EURUSD"]'
///   Event       a notification
///   Queue       an item that waits, which another process may take first
///   Broadcast   an item that is sent
///   Map         an insertion or removal of a key
///   Frames      a newer frame
///   any other   another value. Two changes that undo each other may be missed
///
/// --newer N begins after the change with this number, which may have come already:
/// version, count, sent, changes or newest, as `get --json` prints them. So no change is
/// missed between two waits.
///
/// A process that may write the object sleeps until it is woken. Otherwise, and for values
/// without a number, wait looks once a millisecond. Ctrl-C ends it.
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Args {
    /// The anchor of the object: a directory or file, or `DIR/NAME` for a named object
    #[arg(value_name = "PATH[/NAME]")]
    path: PathBuf,
    /// The field, as in `accounts[3].value`
    #[arg(value_name = "FIELD.PATH", value_parser = target::not_empty)]
    field: String,
    /// The name of the type, or its letter, if the path has more than one object: the last argument
    #[arg(value_name = "TYPE")]
    type_name: Option<String>,
    /// The number of the last change that is known
    #[arg(long, value_name = "N")]
    newer: Option<u64>,
    /// How many seconds to wait; without it, wait waits as long as it takes
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    timeout: Option<Duration>,
    /// Print JSON, as `get --json`
    #[arg(long)]
    json: bool,
}

/// How long a reader sleeps until it looks again.
const PERIOD: Duration = Duration::from_millis(1);

/// Waits, and prints the value.
///
/// # Errors
///
/// The object or the field does not exist, [`Failure::Late`], or the output cannot be written.
pub fn run(args: &Args) -> Result<Outcome, Failure> {
    let field = target::field_path(&args.field, args.type_name.as_ref())?;
    let found = target::with_field("wait", &args.path, &args.field, args.type_name.as_ref())?;
    let patience = Patience::to_print(args.timeout);
    // A process that may not write, or finds no slot, can still look.
    let writer = writing::attach(&args.path, &found).ok();
    let object: &Object = writer.as_deref().unwrap_or(&found);
    let now = look(object, &field)?;
    let is_queue = matches!(now, Some(Value::Queue { .. }));
    match (object.changes_at(&field)?, args.newer) {
        (_, Some(_)) if is_queue => return Err(no_number(args, "it is a queue, and an item is waited for")),
        (None, Some(_)) => return Err(no_number(args, "its changes have no number")),
        (None, None) => {
            let before = whole(object, &field)?;
            poll(args, object, &patience, || Ok(whole(object, &field)? != before))?;
        }
        (Some(count), newer) => match &writer {
            Some(writer) => {
                let wait = writer.newer(&field, newer.unwrap_or(count))?;
                patience.until(|limit| wait.wait(limit), Failure::from)?;
            }
            None => {
                let seen = newer.unwrap_or(count);
                poll(args, object, &patience, || match is_queue {
                    true => Ok(matches!(look(object, &field)?, Some(Value::Queue { len: 1.., .. }))),
                    false => Ok(object.changes_at(&field)?.is_some_and(|count| count > seen)),
                })?;
            }
        },
    }
    let value = object.read_at(&field, &Limits::full())?;
    printed::must_be_valid(&value, &args.field)?;
    let mut output = Output::standard();
    printed::value(&mut output, &value, args.json)?;
    output.finish()
}

/// Returns the value without what is in it. `None` for a key that is not in its map.
fn look(object: &Object, field: &FieldPath) -> Result<Option<Value>, Failure> {
    let mut limits = Limits::default().with_elements(0);
    limits.nodes = 1;
    match object.read_at(field, &limits) {
        Ok(value) => Ok(Some(value)),
        Err(FieldError::NoKey { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Returns a text of the whole value, in which two NaN are alike.
fn whole(object: &Object, field: &FieldPath) -> Result<String, Failure> {
    Ok(format!("{:?}", object.read_at(field, &Limits::full())?))
}

fn no_number(args: &Args, why: &str) -> Failure {
    Failure::Other(format!("--newer does not fit `{}`: {why}. Leave out --newer", shown(&args.field)))
}

/// Looks again and again.
fn poll(
    args: &Args,
    object: &Object,
    patience: &Patience,
    mut is_there: impl FnMut() -> Result<bool, Failure>,
) -> Result<(), Failure> {
    loop {
        // This check comes first, so that a change from before the removal is seen.
        let is_removed = object.is_removed();
        if is_there()? {
            return Ok(());
        }
        if is_removed {
            return Err(Failure::NotFound(format!("{} was removed during the wait", called(object.segment()))));
        }
        if let Some(waited) = patience.is_over() {
            let waited = Duration::from_millis(waited.as_millis() as u64);
            return Err(Failure::Late(format!(
                "waited {waited:?} for a change of `{}`, and it did not come. Check that the process that changes it \
                 is running",
                shown(&args.field)
            )));
        }
        is_closed_within(&io::stdout(), PERIOD)?;
        patience.check()?;
    }
}
