//! `shmstore tail`: the items of a broadcast, as they come.

use std::path::PathBuf;
use std::time::Duration;

use serde::Serialize;
use shmstore::inspect::{Items, Limits, Object, Value};

use crate::about::{called, counted};
use crate::failure::{Failure, Outcome};
use crate::output::{Output, json_line, say};
use crate::target;
use crate::text::shown;

/// Print the items of a broadcast as they come
///
/// Each item is a line: its position, counted from 0, and its value. If tail is too slow,
/// senders overwrite items before it reads them. Then it says which ones it has missed:
///   1204 { price: 1.5, amount: 7 }
///   missed 48 items: 1205 to 1252
///
/// tail only reads the object, once a millisecond, and slows no sender. It ends after
/// --count items, when the object is removed, when the reader closes the output, or on
/// Ctrl-C. With --json, the keys of a line are:
///   for an item        position, value (as in `shmstore show --json`)
///   for missed items   event ("missed"), position (of the first), count
///   for a removal      event ("removed"), segment
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Args {
    /// The anchor of the object: a directory or file, or `DIR/NAME` for a named object
    #[arg(value_name = "PATH[/NAME]")]
    path: PathBuf,
    /// The field with the broadcast, as in `feeds[3].quotes`; `.` is the whole object
    #[arg(value_name = "FIELD.PATH", value_parser = target::not_empty)]
    field: String,
    /// The name of the type, or its letter, if the path has more than one object: the last argument
    #[arg(value_name = "TYPE")]
    type_name: Option<String>,
    /// Where to begin: at the `oldest` item that is still there, with `new` items only, or at a position
    #[arg(long, value_name = "oldest|new|POSITION", default_value = "new", value_parser = start)]
    from: Start,
    /// End after this many items
    #[arg(long, value_name = "N")]
    count: Option<u64>,
    /// Print one JSON object a line
    #[arg(long)]
    json: bool,
}

/// The first item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Start {
    Oldest,
    New,
    Position(u64),
}

fn start(text: &str) -> Result<Start, &'static str> {
    match text {
        "oldest" => Ok(Start::Oldest),
        "new" => Ok(Start::New),
        number => number.parse().map(Start::Position).map_err(|_| "write `oldest`, `new` or the number of an item"),
    }
}

/// How long tail waits until it looks for new items again.
const PERIOD: Duration = Duration::from_millis(1);

/// The most items, and about the most bytes, that are read before they are written.
const MOST_ITEMS: u64 = 1000;
const MOST_BYTES: u64 = 16 << 20;

/// Prints the items.
///
/// # Errors
///
/// The object or the field does not exist, the field is no broadcast, or the output cannot be written.
pub fn run(args: &Args) -> Result<Outcome, Failure> {
    let field = target::field_path(&args.field, args.type_name.as_ref())?;
    let object = target::with_field("tail", &args.path, &args.field, args.type_name.as_ref())?;
    let positions = object.positions(&field)?;
    let mut next = match args.from {
        Start::Oldest => positions.start,
        Start::New => positions.end,
        Start::Position(position) => position,
    };
    let mut limits = Limits::full();
    limits.bytes = MOST_BYTES;
    let mut left = args.count.unwrap_or(u64::MAX);
    let mut output = Output::standard();
    while left > 0 {
        // This check comes first, so that all items from before the removal are printed.
        let is_removed = object.is_removed();
        let items = object.items(&field, next, left.min(MOST_ITEMS) as usize, &limits)?;
        write(&mut output, &items, next, args.json)?;
        next = items.next();
        left -= items.values.len() as u64;
        match items.values.is_empty() {
            true if is_removed && items.missed == 0 => return removed(output, &object, args.json),
            true if output.flush_and_wait(PERIOD)? => break,
            true => {}
            // Items may come faster than they are written.
            false if output.flush_and_wait(Duration::ZERO)? => break,
            false => {}
        }
    }
    output.finish()
}

#[derive(Serialize)]
struct ItemLine<'a> {
    position: u64,
    value: &'a Value,
}

#[derive(Serialize)]
struct MissedLine {
    event: &'static str,
    position: u64,
    count: u64,
}

#[derive(Serialize)]
struct RemovedLine {
    event: &'static str,
    segment: i32,
}

/// Writes which items were missed from a position on, then the items that are there.
fn write(output: &mut Output, items: &Items, from: u64, json: bool) -> Result<(), Failure> {
    if items.missed > 0 && json {
        output.text(&json_line(&MissedLine { event: "missed", position: from, count: items.missed }))?;
    } else if items.missed > 0 {
        let last = items.first.wrapping_sub(1);
        let which = if from == last { from.to_string() } else { format!("{from} to {last}") };
        let count = usize::try_from(items.missed).unwrap_or(usize::MAX);
        output.line(&format!("missed {}: {which}", counted(count, "item")))?;
    }
    let mut position = items.first;
    for value in &items.values {
        if json {
            output.text(&json_line(&ItemLine { position, value }))?;
        } else {
            output.line(&format!("{position} {}", shown(&value.to_string())))?;
        }
        position = position.wrapping_add(1);
    }
    Ok(())
}

fn removed(mut output: Output, object: &Object, json: bool) -> Result<Outcome, Failure> {
    let segment = object.segment();
    if json {
        output.text(&json_line(&RemovedLine { event: "removed", segment: segment.shmid }))?;
    }
    let done = output.finish()?;
    say(&format!("note: {} was removed", called(segment)));
    Ok(done)
}
