//! `shmstore pop`: taking items from a queue.

use std::path::PathBuf;
use std::time::Duration;

use crate::failure::{Failure, Outcome};
use crate::output::Output;
use crate::patience::{Patience, seconds};
use crate::printed;
use crate::target;
use crate::writing::{self, Place};

/// Take items from a Queue, and print them
///
///   while item=$(shmstore pop ./plant jobs); do handle "$item"; done
///   shmstore pop ./plant jobs --count 1000 --timeout 0 --json > jobs.txt
///
/// Each item is a line, as `get` prints it. While the queue is empty, pop waits for its
/// producers. If nothing comes within --timeout, the exit code is 6.
///
/// An item leaves the queue when it is printed. If pop is killed before, the item is
/// delivered again. Other consumers can take items in between.
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Args {
    /// The anchor of the object: a directory or file, or `DIR/NAME` for a named object
    #[arg(value_name = "PATH[/NAME]")]
    path: PathBuf,
    /// The field with the queue, as in `lines[3].jobs`; `.` is the whole object
    #[arg(value_name = "FIELD.PATH", value_parser = target::not_empty)]
    field: String,
    /// The name of the type, or its letter, if the path has more than one object: the last argument
    #[arg(value_name = "TYPE")]
    type_name: Option<String>,
    /// How many items to take
    #[arg(long, value_name = "N", default_value_t = 1)]
    count: u64,
    /// How many seconds to wait for each item (exit code 6); without it, pop waits as long as it takes
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    timeout: Option<Duration>,
    /// Print each item as JSON on a line
    #[arg(long)]
    json: bool,
}

/// Takes the items.
///
/// # Errors
///
/// The object or the queue does not exist or may not be written, the output cannot be written, or
/// [`Failure::Late`].
pub fn run(args: &Args) -> Result<Outcome, Failure> {
    let field = target::field_path(&args.field, args.type_name.as_ref())?;
    let found = target::with_field("pop", &args.path, &args.field, args.type_name.as_ref())?;
    // A signal that comes after the object is attached has to let go of it.
    let mut patience = Patience::to_print(args.timeout);
    let object = writing::attach(&args.path, &found)?;
    let place = Place { path: args.path.clone(), field: args.field.clone(), type_name: None };
    let refused = place.refused(&object, &field);
    let queue = object.queue(&field).map_err(&refused)?;
    for _ in 0..args.count {
        patience.again();
        let job = patience.until(|limit| queue.take(limit), &refused)?;
        let mut output = Output::standard();
        printed::one_of(&mut output, &job.value()?, args.json)?;
        output.finish()?;
        job.done()?;
        patience.signals().check()?;
    }
    Ok(Outcome::Done)
}
