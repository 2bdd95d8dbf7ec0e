//! `shmstore set`: storing a value.

use std::time::Duration;

use crate::failure::{Failure, Outcome};
use crate::output::Output;
use crate::patience::{FOR_WRITERS, Patience, seconds};
use crate::printed;
use crate::writing::Place;

/// Store a value in an object
///
/// FIELD.PATH leads to an atomic, a `Versioned`, a key of a Map, or a field of one of these:
///   shmstore set ./rover position '{"x": 1.5, "y": 2}'
///   shmstore set ./rover position.x -1.5
///   shmstore set ./rover mode Driving
///   shmstore set ./market 'quotes["EURUSD"].bid' 1.08
///   shmstore set ./rover frames --add 1
///
/// A whole value gets all of its fields at once. A field of a value changes alone, and no
/// other store comes in between. A key that is not in its Map is inserted with a whole
/// value; `put` does the same.
///
/// VALUE is one of these, or what `get --json` prints:
///   number        7, -7, 0x1f, 1.5, NaN, inf
///   bool          true, false
///   char, text    as it is; a whole JSON text such as "7" is read as JSON
///   enum          the name of the variant
///   struct        JSON with all fields: {"x": 1.5, "y": 2}
///   array, list   JSON: [1, 2, 3]
///
/// Nothing is cut or rounded. A value that the type does not have is refused (exit code 4).
/// Events, queues, broadcasts and maps have commands of their own: notify, push, send, put.
///
/// --add prints the number that was there before, and wraps around at the end of the type.
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Args {
    #[command(flatten)]
    place: Place,
    /// The new value
    #[arg(required_unless_present = "add", allow_hyphen_values = true)]
    value: Option<String>,
    /// Add this number to the integer that is there, and print the number before; no other store comes in between
    #[arg(long, value_name = "N", allow_hyphen_values = true, conflicts_with = "value")]
    add: Option<i128>,
    /// With --add, print the number before as JSON
    #[arg(long, requires = "add")]
    json: bool,
    /// How many seconds to wait for another process that writes the value; the default is 10
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    timeout: Option<Duration>,
}

/// Stores the value.
///
/// # Errors
///
/// The object or the field does not exist or may not be written, or the value is not of the type.
pub fn run(args: &Args) -> Result<Outcome, Failure> {
    // A signal that comes after the object is attached has to let go of it.
    let patience = Patience::of(Some(args.timeout.unwrap_or(FOR_WRITERS)));
    let (object, field) = args.place.object()?;
    let refused = args.place.refused(&object, &field);
    match (&args.value, args.add) {
        (_, Some(by)) => {
            let before = patience.until(|limit| object.fetch_add_within(&field, by, limit), &refused)?;
            let mut output = Output::standard();
            printed::value(&mut output, &before, args.json)?;
            output.finish()
        }
        (value, None) => {
            let schema = object.value_schema(&field).map_err(&refused)?;
            let value = args.place.value(schema, value.as_deref().unwrap_or_default())?;
            patience.until(|limit| object.store_within(&field, &value, limit), &refused)?;
            Ok(Outcome::Done)
        }
    }
}
