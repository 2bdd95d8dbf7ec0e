//! `shmstore put`: storing the value of a key.

use std::time::Duration;

use crate::failure::{Failure, Outcome};
use crate::patience::{FOR_WRITERS, Patience, seconds};
use crate::writing::Place;

/// Store the value of a key of a Map, and insert the key if it is new
///
///   shmstore put ./market quotes EURUSD '{"bid": 1.08, "ask": 1.09}'
///   shmstore put ./market positions '{"account": 7, "symbol": "EURUSD"}' 1500
///
/// KEY and VALUE are written as the VALUE of `set`. A key that is there keeps its place,
/// and its value gets all of its fields at once. `set PATH 'quotes["EURUSD"].bid' VALUE`
/// changes one field of a value.
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Args {
    #[command(flatten)]
    place: Place,
    /// The key
    #[arg(allow_hyphen_values = true)]
    key: String,
    /// The value, with all fields
    #[arg(allow_hyphen_values = true)]
    value: String,
    /// How many seconds to wait for another process that writes the value or the keys; the default is 10
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    timeout: Option<Duration>,
}

/// Stores the value.
///
/// # Errors
///
/// The object or the map does not exist or may not be written, the map is full, or the key or the value is not of its
/// type.
pub fn run(args: &Args) -> Result<Outcome, Failure> {
    // A signal that comes after the object is attached has to let go of it.
    let patience = Patience::of(Some(args.timeout.unwrap_or(FOR_WRITERS)));
    let (object, field) = args.place.object()?;
    let refused = args.place.refused(&object, &field);
    let map = object.map(&field).map_err(&refused)?;
    let key = args.place.key(map.key_schema(), &args.key)?;
    let value = args.place.value(map.schema(), &args.value)?;
    patience.until(|limit| map.insert(&key, &value, limit), &refused)?;
    Ok(Outcome::Done)
}
