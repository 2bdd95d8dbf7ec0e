//! `shmstore del`: removing a key.

use std::time::Duration;

use shmstore::dynamic::DynamicError;

use crate::failure::{Failure, Outcome};
use crate::output::Output;
use crate::patience::{FOR_WRITERS, Patience, seconds};
use crate::printed;
use crate::removal::agreed;
use crate::text::{shortened, shown, shown_path};
use crate::writing::Place;

/// Remove a key from a Map, and print the value that it had
///
///   shmstore del ./market quotes EURUSD --yes
///
/// del asks before it removes the key. Without a terminal to ask at, it needs --yes. KEY
/// is written as the VALUE of `set`. If the bytes of the value are not valid, the key is
/// removed, and an error says so.
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Args {
    #[command(flatten)]
    place: Place,
    /// The key
    #[arg(allow_hyphen_values = true)]
    key: String,
    /// Remove without asking
    #[arg(short, long)]
    yes: bool,
    /// Print the value as JSON
    #[arg(long)]
    json: bool,
    /// How many seconds to wait for another process that writes the value or the keys; the default is 10
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    timeout: Option<Duration>,
}

/// The most characters of a value in a question.
const SHOWN: usize = 100;

/// Removes the key.
///
/// # Errors
///
/// The object, the map or the key does not exist, or may not be written; [`Failure::Refused`] if the user does not
/// agree.
pub fn run(args: &Args) -> Result<Outcome, Failure> {
    let (object, field) = args.place.object()?;
    let refused = args.place.refused(&object, &field);
    let map = object.map(&field).map_err(&refused)?;
    let key = args.place.key(map.key_schema(), &args.key)?;
    let [name, of, path] = [shown(&key.to_string()), shown(&args.place.field), shown_path(&args.place.path)];
    let none =
        || Failure::NotFound(format!("`{of}` of {path} has no key {name}: `shmstore get {path} {of}` shows its keys"));
    let value = match map.get(&key) {
        Ok(Some((_, value))) => shown(&shortened(&value.to_string(), SHOWN)),
        Ok(None) => return Err(none()),
        // Its removal makes room.
        Err(DynamicError::InvalidValue(_)) => "that is not valid".into(),
        Err(error) => return Err(refused(error)),
    };
    if !agreed(args.yes, &format!("Remove the key {name} with its value {value} from `{of}` of {path}?"))? {
        return Err(Failure::Refused("nothing was removed".into()));
    }
    let patience = Patience::of(Some(args.timeout.unwrap_or(FOR_WRITERS)));
    let removed = patience.until(
        |limit| map.remove(&key, limit),
        |error| match error {
            DynamicError::InvalidValue(invalid) => Failure::Other(format!(
                "the key {name} was removed, but its value was not valid: {}",
                shown(&invalid.to_string())
            )),
            error => refused(error),
        },
    )?;
    let mut output = Output::standard();
    printed::value(&mut output, &removed.ok_or_else(none)?, args.json)?;
    output.finish()
}
