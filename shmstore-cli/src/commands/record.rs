//! `shmstore record`: what changes in objects, recorded to a file.

use std::fmt::Write as _;
use std::io::{self, ErrorKind, IsTerminal};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

use clap::{Args as ClapArgs, ValueEnum};
use shmstore::inspect::{FieldPath, InspectError, Object, Part, Segment, SegmentState};
use shmstore_record::capture::{self, Capture, Encoding, Next, Settings};
use shmstore_record::output::{self, Output, OutputError, RepairError, Split};
use signal_hook::consts::SIGUSR1;

use crate::about::{bytes, counted};
use crate::anchors::is_certain;
use crate::failure::{Failure, Outcome};
use crate::output::say;
use crate::selection;
use crate::signals::Signals;
use crate::text::{shown, shown_path};
use crate::units;

use super::record_report as report;

/// Record what changes in objects to a file, for Foxglove, PlotJuggler, rosbags and others
///
/// A PATH is an object, or a directory: then all objects in it and below it are recorded, also
/// those that are created later. The file is MCAP, with messages as ROS 2 has them (CDR). The
/// topic of a part is /OBJECT/PART. All atomics, locks and events of an object are one topic,
/// /OBJECT/atomics, which has a message when any of them has changed.
///
/// The recorder only reads. It takes no slot, and no program waits for it. It looks each
/// millisecond, and each 10 ms after a second without a change. A `Versioned` that is stored more
/// often is recorded with gaps, which are counted exactly. A `Broadcast` is recorded without gaps
/// if it has room for some milliseconds of its items. Of a `Queue`, the items are recorded that are there at a
/// look, and none is taken.
///
/// The recording ends on Ctrl-C or SIGTERM, after --for, or when the disk is full. Then it prints
/// what was recorded, missed and dropped of each part. A second signal ends it at once. SIGUSR1
/// writes a snapshot, with --snapshot.
///
/// `shmstore record --repair FILE` completes the file of a recorder that was killed.
#[derive(Debug, ClapArgs)]
#[command(verbatim_doc_comment)]
pub struct Args {
    /// Objects, or directories with objects
    #[arg(value_name = "PATH", required_unless_present = "repair", conflicts_with = "repair")]
    paths: Vec<PathBuf>,
    /// The file to write
    #[arg(short, long, value_name = "FILE", required_unless_present = "repair", conflicts_with = "repair")]
    output: Option<PathBuf>,
    /// Record only this part, or the parts below it; can be repeated
    #[arg(long, value_name = "PART", value_parser = field)]
    only: Vec<FieldPath>,
    /// How often atomics, locks and events are sampled in a second, from 0.001 to 1000
    #[arg(long, value_name = "HZ", default_value = "10", value_parser = hertz)]
    hz: Duration,
    /// Write FILE_0001, and begin FILE_0002 at this size or age: 1GiB, 10min
    #[arg(long, value_name = "SIZE|TIME", value_parser = split)]
    split: Option<Split>,
    /// Keep only this many of the newest files
    #[arg(long, value_name = "N", requires = "split")]
    keep: Option<usize>,
    /// The memory between the objects and the disk. When it is full, messages are dropped and counted
    #[arg(long, value_name = "SIZE", default_value = "64MiB", value_parser = units::size)]
    buffer: u64,
    /// Write the file to the disk this often. By default, the system chooses when; the recorder does it at the end
    #[arg(long, value_name = "TIME", value_parser = units::time)]
    sync: Option<Duration>,
    /// End after this time
    #[arg(long = "for", value_name = "TIME", value_parser = units::time)]
    time: Option<Duration>,
    /// Keep the last messages of this time in memory, and write them to FILE_0001 at SIGUSR1
    #[arg(long, value_name = "TIME", conflicts_with = "split", value_parser = units::time)]
    snapshot: Option<Duration>,
    /// How messages are encoded. JSON is for programs that cannot read CDR, and cannot be replayed
    #[arg(long, value_enum, default_value_t)]
    encoding: Messages,
    /// Record `Frames` as the standard message sensor_msgs/Image
    #[arg(long = "as", value_name = "PART=TYPE", value_parser = image)]
    images: Vec<FieldPath>,
    /// End when the objects are removed, and do not wait for others in their place
    #[arg(long)]
    once: bool,
    /// Replace a file that exists
    #[arg(long)]
    force: bool,
    /// Leave out parts with larger messages
    #[arg(long, value_name = "SIZE", default_value = "64MiB", value_parser = units::size)]
    max_message: u64,
    /// Print the summary as JSON: files, messages, bytes, dropped, seconds, and parts with topic, object, part,
    /// recorded, missed, dropped
    #[arg(long)]
    json: bool,
    /// Complete the file of a recorder that was killed, and print what is in it
    #[arg(long, value_name = "FILE")]
    repair: Option<PathBuf>,
}

/// How messages are encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
enum Messages {
    /// CDR, as ROS 2 has it
    #[default]
    Cdr,
    /// JSON, with JSON Schema
    Json,
}

fn field(text: &str) -> Result<FieldPath, String> {
    text.parse().map_err(|error| format!("{error}"))
}

fn hertz(text: &str) -> Result<Duration, &'static str> {
    let hertz = text.parse::<f64>().ok().filter(|hertz| (0.001..=1000.0).contains(hertz));
    hertz.map(|hertz| Duration::from_secs_f64(1.0 / hertz)).ok_or("write a number from 0.001 to 1000")
}

fn split(text: &str) -> Result<Split, &'static str> {
    let has_unit = text.ends_with(|last: char| !last.is_ascii_digit());
    let size = units::size(text).map(Split::Size);
    size.or_else(|_| units::time(text).map(Split::Time))
        .ok()
        .filter(|_| has_unit)
        .ok_or("write a size or a time with its unit, such as 1GiB or 10min")
}

fn image(text: &str) -> Result<FieldPath, String> {
    match text.split_once('=') {
        Some((path, "sensor_msgs/Image" | "sensor_msgs/msg/Image")) => field(path),
        _ => Err("write PART=sensor_msgs/Image, which is the only type so far".into()),
    }
}

/// Records the objects, or repairs a file.
///
/// # Errors
///
/// An object cannot be read, a part does not exist, the file exists, or it cannot be written.
pub fn run(args: &Args) -> Result<Outcome, Failure> {
    if let Some(path) = &args.repair {
        return repair(path, args.json);
    }
    let signals = Signals::catch_first();
    let snapshot = Arc::new(AtomicBool::new(false));
    signal_hook::flag::register(SIGUSR1, snapshot.clone())?;
    let mut settings = Settings::default();
    (settings.only, settings.images) = (args.only.clone(), args.images.clone());
    (settings.sample, settings.most_bytes, settings.once) = (args.hz, args.max_message, args.once);
    settings.encoding = if args.encoding == Messages::Json { Encoding::Json } else { Encoding::Cdr };
    let first = first_list(args, &settings)?;
    let path = args.output.clone().unwrap_or_default();
    let output = Output {
        split: args.split,
        keep: args.keep,
        buffer: usize::try_from(args.buffer).unwrap_or(usize::MAX),
        sync: args.sync,
        snapshot: args.snapshot,
        force: args.force,
        ..Output::to(&path)
    };
    let mut capture = Capture::start(output, settings).map_err(of_output)?;
    capture.offer(&first).map_err(of_output)?;
    let mut line = StatusLine::new();
    let since = Instant::now();
    let ended = capture::run(
        &mut capture,
        || list(&args.paths),
        |capture| {
            if snapshot.swap(false, Relaxed) && !capture.save_snapshot() {
                line.note(
                    "no snapshot is written: the one before is not complete yet, or --snapshot TIME was not given",
                );
            }
            line.show(capture, since);
            let is_late = args.time.is_some_and(|time| since.elapsed() >= time);
            if is_late || signals.check().is_err() { Next::End } else { Next::Poll }
        },
    );
    let notes = capture.take_notes();
    line.end(&notes);
    let report = capture.finish();
    ended.map_err(of_output)?;
    report::print(&report.map_err(of_output)?, since.elapsed(), args.json)
}

/// The objects at the start. What cannot work is refused before the file is made.
fn first_list(args: &Args, settings: &Settings) -> Result<Vec<Segment>, Failure> {
    let (mut all, mut parts) = (Vec::new(), Vec::<Part>::new());
    for path in &args.paths {
        let segments = match selection::under(path) {
            Ok(segments) => segments,
            Err(Failure::NotFound(_)) if !args.once => Vec::new(),
            Err(failure) => return Err(failure),
        };
        let (mut has_object, mut refused) = (false, None);
        let is_meant =
            |one: &&Segment| one.state.is_usable() || one.state == SegmentState::Unreadable || !is_certain(one);
        for segment in segments.iter().filter(is_meant) {
            match Object::attach(segment) {
                Ok(object) => {
                    has_object = true;
                    parts.extend(object.parts().unwrap_or_default());
                }
                Err(error @ InspectError::AccessDenied { .. }) => refused = Some(error),
                Err(_) => {}
            }
        }
        match refused {
            Some(error) if !has_object => return Err(error.into()),
            _ if has_object => {}
            _ if args.once => {
                let path = shown_path(path);
                return Err(Failure::NotFound(format!("{path} has no object: without --once, record waits for one")));
            }
            _ => say(&format!("note: {} has no object yet: record waits for one", shown_path(path))),
        }
        all.extend(segments);
    }
    if !parts.is_empty() {
        settings.check(&parts).map_err(|error| Failure::NotFound(shown(&error.to_string())))?;
    }
    Ok(all)
}

/// The objects now. A path that does not exist has none.
fn list(paths: &[PathBuf]) -> Vec<Segment> {
    paths.iter().flat_map(|path| selection::under(path).unwrap_or_default()).collect()
}

fn of_output(error: OutputError) -> Failure {
    match error {
        OutputError::Exists { path } => Failure::Refused(format!(
            "{} exists: choose another name for the recording, or replace it by --force",
            shown_path(&path)
        )),
        OutputError::Create { path, source } => Failure::at(&path)(source),
        error => Failure::Other(shown(&with_causes(&error))),
    }
}

/// The error, and what caused it.
fn with_causes(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

fn repair(path: &Path, json: bool) -> Result<Outcome, Failure> {
    let repaired = output::repair(path).map_err(|error| match error {
        RepairError::Open { source, .. } if source.kind() == ErrorKind::NotFound => {
            Failure::NotFound(format!("{} does not exist", shown_path(path)))
        }
        RepairError::Open { source, .. } => Failure::at(path)(source),
        error @ (RepairError::InUse { .. } | RepairError::NotMcap { .. }) => {
            Failure::Refused(shown(&error.to_string()))
        }
        error => Failure::Other(shown(&with_causes(&error))),
    })?;
    report::print_repaired(path, &repaired, json)
}

/// The line on a terminal about a recording, and notes above it.
struct StatusLine {
    is_terminal: bool,
    next: Instant,
}

/// The most parts that have missed something in the line.
const MOST_PARTS: usize = 3;

impl StatusLine {
    fn new() -> Self {
        Self { is_terminal: io::stderr().is_terminal(), next: Instant::now() }
    }

    fn show(&mut self, capture: &mut Capture, since: Instant) {
        if Instant::now() < self.next {
            return;
        }
        self.next = Instant::now() + Duration::from_secs(1);
        for note in capture.take_notes() {
            self.note(&note);
        }
        if !self.is_terminal {
            return;
        }
        let progress = capture.progress();
        let objects = counted(capture.attached(), "object");
        let (messages, size) = (progress.messages, bytes(progress.bytes));
        let mut text = format!("{:.0} s  {objects}  {messages} messages  {size}", since.elapsed().as_secs_f64());
        let mut parts = capture.counted();
        parts.sort_by_key(|part| std::cmp::Reverse(part.counts.missed));
        for part in parts.iter().take(MOST_PARTS).filter(|part| part.counts.missed > 0) {
            let _ = write!(text, "  {} missed {}", part.topic, part.counts.missed);
        }
        if progress.dropped > 0 {
            let _ = write!(text, "  dropped {}: the disk is slow", progress.dropped);
        }
        self.write(&format!("\r\u{1b}[K{}", shown(&text)));
    }

    fn note(&self, note: &str) {
        let start = if self.is_terminal { "\r\u{1b}[K" } else { "" };
        self.write(&format!("{start}note: {}\n", shown(note)));
    }

    fn end(&self, notes: &[String]) {
        notes.iter().for_each(|note| self.note(note));
        if self.is_terminal {
            self.write("\r\u{1b}[K");
        }
    }

    /// Errors are ignored, because the recording does not depend on the line.
    fn write(&self, text: &str) {
        drop(io::Write::write_all(&mut io::stderr(), text.as_bytes()));
    }
}
