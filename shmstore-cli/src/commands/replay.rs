//! `shmstore replay`: storing a recording in objects again.

use std::io::ErrorKind;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use shmstore_record::reading::{ReadError, Recording};
use shmstore_record::replay::{self, Only, Opened, Replay, ReplayError, Settings};

use super::replay_report::{Told, written};
use crate::about::called;
use crate::failure::{Failure, Outcome};
use crate::output::Output;
use crate::patience::seconds;
use crate::signals::Signals;
use crate::target;
use crate::text::{shown_lines, shown_path};

/// Store what `shmstore record` has recorded, in new objects
///
///   shmstore replay drive.mcap
///   shmstore replay drive.mcap --into /run/replayed
///
/// Without --into, replay checks each message, and prints what the recording has.
///
/// With --into, it creates the recorded objects in a directory, and stores the messages at the
/// times at which they were recorded, relative to the first one. The objects stay at the end.
/// Named objects get their names. Objects of several directories go to directories of these
/// names in DIR. The files of a recording that was split are given in their order.
///
/// Values, items, entries of maps and frames are stored by the protocols of other writers, so
/// that processes that wait for them wake up. An event is notified as often as it was in the
/// recording, at most 1000 times a message. Locks are not replayed, and versions are counted
/// from 1.
///
/// A message that is damaged is not stored. Neither is one that the object does not take within
/// a second, for example because a queue is full. Such messages are counted, and the exit code
/// is 1. Ctrl-C ends the replay after a whole message.
///
/// With --json, the keys are: files, start, seconds, objects (topic, type, id, layout_hash, room,
/// host, place, created), channels (topic, object, kind, parts, stored, refused, blocked, left_out,
/// repeated, reason), damaged, damage, and with --into: rounds, took_seconds, late_p99_seconds,
/// late_worst_seconds.
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Args {
    /// The files of one recording, in their order
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// The directory for the objects; if it does not exist, it is made with mode 0700
    #[arg(long, value_name = "DIR")]
    into: Option<PathBuf>,
    /// Store in objects that exist, if they have the recorded layout and no exclusive writer
    #[arg(long, requires = "into")]
    into_existing: bool,
    /// How many seconds of the recording are replayed in a second; 0 is as fast as possible
    #[arg(long, value_name = "RATE", default_value = "1", value_parser = rate, allow_negative_numbers = true)]
    rate: f64,
    /// Begin again at the end, until Ctrl-C
    #[arg(long = "loop", requires = "into")]
    repeats: bool,
    /// Only the part at this path, or the parts below it; can be repeated
    #[arg(long, value_name = "PART", value_parser = target::not_empty)]
    only: Vec<String>,
    /// Begin so many seconds after the first message, with the state of then
    #[arg(long, value_name = "SECONDS", value_parser = seconds, allow_negative_numbers = true)]
    from: Option<Duration>,
    /// End so many seconds after the first message
    #[arg(long, value_name = "SECONDS", value_parser = seconds, allow_negative_numbers = true)]
    to: Option<Duration>,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

fn rate(text: &str) -> Result<f64, &'static str> {
    let rate = text.parse::<f64>().ok().filter(|rate| (0.0..=1e6).contains(rate));
    rate.ok_or("write a number from 0 to 1e6, such as 0.5")
}

/// Checks or replays the recording.
///
/// # Errors
///
/// A file is no recording or damaged, an object cannot be created or exists, or a message was not stored.
pub fn run(args: &Args) -> Result<Outcome, Failure> {
    let signals = Signals::catch();
    let mut recording = Recording::open(&args.files).map_err(|error| failure(error.into()))?;
    check_range(args, recording.times())?;
    let paths = args.only.iter().map(|path| target::field_path(path, None)).collect::<Result<Vec<_>, _>>()?;
    let only = Only::of(paths, recording.objects()).map_err(failure)?;
    let settings =
        Settings { rate: args.rate, only: only.clone(), from: args.from, to: args.to, repeats: args.repeats };
    let (mut replay, places) = match &args.into {
        None => (Replay::check(settings), None),
        Some(into) => {
            let opened =
                replay::open(recording.objects(), into, args.into_existing, |object| only.has_some_of(&object.schema));
            let opened = opened.map_err(failure)?;
            if !args.json {
                Output::lines(&opened.iter().flatten().map(begin).collect::<Vec<_>>())?;
            }
            let places = opened.iter().map(|one| one.as_ref().map(|one| (one.place.path(), one.is_new))).collect();
            (Replay::into_objects(opened, settings), Some(places))
        }
    };
    let since = Instant::now();
    let ended = replay.run(&mut recording, &mut || signals.check().is_err());
    let told =
        Told { files: &args.files, recording: &recording, report: replay.report(), places, took: since.elapsed() };
    written(&told, args.json)?;
    ended.map_err(failure)?;
    if replay.report().is_complete() {
        return Ok(Outcome::Done);
    }
    let not_stored = if args.into.is_some() { "stored" } else { "valid" };
    Err(Failure::Other(format!("not every message was {not_stored}")))
}

/// Refuses a range that no message is in. `times` are those of the first and the last message.
fn check_range(args: &Args, times: Option<(u64, u64)>) -> Result<(), Failure> {
    let Some(from) = args.from else { return Ok(()) };
    if let Some(to) = args.to.filter(|to| *to < from) {
        let (from, to) = (from.as_secs_f64(), to.as_secs_f64());
        return Err(Failure::Usage(format!("--to {to} is before --from {from}")));
    }
    match times.map(|(first, last)| Duration::from_nanos(last.saturating_sub(first))) {
        Some(length) if from > length => {
            let (from, length) = (from.as_secs_f64(), length.as_secs_f64());
            Err(Failure::Usage(format!("--from {from} is after the end of the recording, which has {length:.3} s")))
        }
        _ => Ok(()),
    }
}

/// Says which object is used.
fn begin(opened: &Opened) -> String {
    let what = if opened.is_new { "created" } else { "storing in" };
    format!("{what} {}", called(opened.object.segment()))
}

/// Makes the error of the program of one of the library.
fn failure(error: ReplayError) -> Failure {
    let text = shown_lines(&error.to_string());
    match error {
        ReplayError::Read(ReadError::File { path, cause }) => match cause.kind() {
            ErrorKind::NotFound => Failure::NotFound(format!("file {} does not exist", shown_path(&path))),
            _ => Failure::File { path, cause },
        },
        ReplayError::Read(ReadError::Order { .. }) => Failure::Usage(text),
        ReplayError::Read(ReadError::Foreign { .. })
        | ReplayError::Exists { .. }
        | ReplayError::OtherLayout { .. }
        | ReplayError::HasWriter { .. } => Failure::Refused(text),
        ReplayError::Directory { path, cause } if cause.kind() == ErrorKind::NotFound => {
            let why = "does not exist, and the directory above it neither: create it first (`mkdir -p`)";
            Failure::NotFound(format!("directory {} {why}", shown_path(&path)))
        }
        ReplayError::Directory { path, cause } => Failure::File { path, cause },
        ReplayError::Removed { .. } | ReplayError::NoSuchPart { .. } => Failure::NotFound(text),
        ReplayError::Open(error) => Failure::Open(error),
        ReplayError::Object(error) => error.into(),
        _ => Failure::Other(text),
    }
}
