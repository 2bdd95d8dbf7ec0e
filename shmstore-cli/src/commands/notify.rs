//! `shmstore notify`: notifying an event.

use std::path::PathBuf;

use crate::failure::{Failure, Outcome};
use crate::target;
use crate::writing::{self, Place};

/// Notify an Event, and wake its waiters
///
///   shmstore notify ./rover stopped
///
/// `shmstore get ./rover stopped` prints how many notifications there were, and
/// `shmstore wait ./rover stopped` waits for the next one.
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Args {
    /// The anchor of the object: a directory or file, or `DIR/NAME` for a named object
    #[arg(value_name = "PATH[/NAME]")]
    path: PathBuf,
    /// The field with the event, as in `doors[3].opened`
    #[arg(value_name = "FIELD.PATH", value_parser = target::not_empty)]
    field: String,
    /// The name of the type, or its letter, if the path has more than one object: the last argument
    #[arg(value_name = "TYPE")]
    type_name: Option<String>,
    /// Wake one waiter only
    #[arg(long)]
    one: bool,
}

/// Notifies the event.
///
/// # Errors
///
/// The object or the event does not exist or may not be written.
pub fn run(args: &Args) -> Result<Outcome, Failure> {
    let field = target::field_path(&args.field, args.type_name.as_ref())?;
    let found = target::with_field("notify", &args.path, &args.field, args.type_name.as_ref())?;
    let object = writing::attach(&args.path, &found)?;
    let place = Place { path: args.path.clone(), field: args.field.clone(), type_name: None };
    let event = object.event(&field).map_err(place.refused(&object, &field))?;
    if args.one {
        event.notify_one()
    } else {
        event.notify_all()
    };
    Ok(Outcome::Done)
}
