//! `shmstore send`: sending items of a broadcast.

use std::time::Duration;

use crate::failure::{Failure, Outcome};
use crate::items;
use crate::patience::{FOR_WRITERS, Patience, seconds};
use crate::writing::Place;

/// Send items to the subscribers of a Broadcast
///
///   shmstore send ./market ticks '{"bid": 1.08, "ask": 1.09}'
///   replay ticks.log | shmstore send ./market ticks -
///
/// An item is written as the VALUE of `set`. With `-` alone, each line of the standard
/// input is an item. Put `--` before items if one begins with `-` and is no number.
///
/// send does not wait for subscribers: slow ones miss items. `shmstore tail` is one.
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Args {
    #[command(flatten)]
    place: Place,
    /// The items, or `-`
    #[arg(value_name = "VALUE", required = true, allow_negative_numbers = true)]
    values: Vec<String>,
    /// How many seconds to wait for another process that sends an item; the default is 10
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    timeout: Option<Duration>,
}

/// Sends the items.
///
/// # Errors
///
/// The object or the broadcast does not exist or may not be written, or an item is not of the type.
pub fn run(args: &Args) -> Result<Outcome, Failure> {
    // A signal that comes after the object is attached has to let go of it.
    let mut patience = Patience::of(Some(args.timeout.unwrap_or(FOR_WRITERS)));
    let (object, field) = args.place.object()?;
    let refused = args.place.refused(&object, &field);
    let broadcast = object.broadcast(&field).map_err(&refused)?;
    items::each(
        &args.values,
        &mut patience,
        |text| args.place.value(broadcast.schema(), text),
        |patience, item| patience.until(|limit| broadcast.send(item, limit), &refused).map(drop),
    )?;
    Ok(Outcome::Done)
}
