//! `shmstore push`: adding items to a queue.

use std::time::Duration;

use crate::failure::{Failure, Outcome};
use crate::items;
use crate::patience::{Patience, seconds};
use crate::writing::Place;

/// Add items to a Queue
///
///   shmstore push ./plant jobs '{"id": 7, "speed": 2}'
///   generate-jobs | shmstore push ./plant jobs -
///
/// An item is written as the VALUE of `set`. With `-` alone, each line of the standard
/// input is an item. Put `--` before items if one begins with `-` and is no number.
///
/// While the queue is full, push waits for its consumers. The items before an error or the
/// end of --timeout stay in the queue. An error in a line names the line.
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Args {
    #[command(flatten)]
    place: Place,
    /// The items, or `-`
    #[arg(value_name = "VALUE", required = true, allow_negative_numbers = true)]
    values: Vec<String>,
    /// How many seconds to wait for room for an item (exit code 6); without it, push waits as long as it takes
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    timeout: Option<Duration>,
}

/// Pushes the items.
///
/// # Errors
///
/// The object or the queue does not exist or may not be written, or an item is not of the type.
pub fn run(args: &Args) -> Result<Outcome, Failure> {
    // A signal that comes after the object is attached has to let go of it.
    let mut patience = Patience::of(args.timeout);
    let (object, field) = args.place.object()?;
    let refused = args.place.refused(&object, &field);
    let queue = object.queue(&field).map_err(&refused)?;
    items::each(
        &args.values,
        &mut patience,
        |text| args.place.value(queue.schema(), text),
        |patience, item| patience.until(|limit| queue.push(item, limit), &refused),
    )?;
    Ok(Outcome::Done)
}
