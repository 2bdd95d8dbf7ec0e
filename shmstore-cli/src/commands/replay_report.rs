//! What `shmstore replay` prints.

use std::path::PathBuf;
use std::time::{Duration, UNIX_EPOCH};

use serde::Serialize;
use shmstore_record::reading::{Channel, Recording};
use shmstore_record::replay::{Counts, Report};

use crate::about::counted;
use crate::clock::{timestamp, utc};
use crate::failure::Failure;
use crate::output::{Look, Output};
use crate::table::{self, Align, Cell};
use crate::text::{exact, shown, shown_path};

/// The facts that are printed at the end.
pub(super) struct Told<'a> {
    pub(super) files: &'a [PathBuf],
    pub(super) recording: &'a Recording,
    pub(super) report: &'a Report,
    /// Where each object is, and whether it was created. `None` if the messages were only checked.
    pub(super) places: Option<Vec<Option<(PathBuf, bool)>>>,
    pub(super) took: Duration,
}

#[derive(Serialize)]
struct Document {
    files: Vec<String>,
    start: Option<String>,
    seconds: f64,
    objects: Vec<ObjectRow>,
    channels: Vec<ChannelRow>,
    damaged: u64,
    damage: Option<String>,
    #[serde(flatten)]
    replayed: Option<Replayed>,
}

#[derive(Serialize)]
struct ObjectRow {
    topic: String,
    #[serde(rename = "type")]
    type_name: String,
    id: char,
    layout_hash: String,
    room: Option<u64>,
    host: String,
    place: Option<String>,
    created: bool,
}

#[derive(Serialize)]
struct ChannelRow {
    topic: String,
    object: usize,
    kind: String,
    parts: Vec<String>,
    stored: u64,
    refused: u64,
    blocked: u64,
    left_out: u64,
    repeated: u64,
    reason: Option<String>,
}

#[derive(Serialize)]
struct Replayed {
    rounds: u64,
    took_seconds: f64,
    late_p99_seconds: Option<f64>,
    late_worst_seconds: Option<f64>,
}

/// Prints what was found or done.
///
/// # Errors
///
/// The output cannot be written.
pub(super) fn written(told: &Told<'_>, json: bool) -> Result<(), Failure> {
    let mut output = Output::standard();
    if json {
        output.json(&document(told))?;
    } else {
        for line in lines(told, &output) {
            output.line(&line)?;
        }
    }
    output.finish().map(drop)
}

impl Told<'_> {
    /// The first message, since 1970, and the time from there to the last one.
    fn times(&self) -> Option<(Duration, Duration)> {
        let (first, last) = self.recording.times()?;
        Some((Duration::from_nanos(first), Duration::from_nanos(last.saturating_sub(first))))
    }

    fn counts(&self, channel: usize) -> Counts {
        self.report.channels.get(channel).copied().unwrap_or_default()
    }
}

fn document(told: &Told<'_>) -> Document {
    let lateness = &told.report.lateness;
    let p99 = lateness.p99();
    let objects = told.recording.objects().iter().enumerate().map(|(number, object)| {
        let place = told.places.iter().flatten().nth(number).and_then(Option::as_ref);
        ObjectRow {
            topic: object.topic.clone(),
            type_name: object.type_name.clone(),
            id: object.id,
            layout_hash: object.schema.hash().to_string(),
            room: object.room,
            host: object.host.clone(),
            place: place.map(|(path, _)| exact(path)),
            created: place.is_some_and(|(_, is_new)| *is_new),
        }
    });
    let channels = told.recording.channels().iter().enumerate().map(|(number, channel)| {
        let counts = told.counts(number);
        ChannelRow {
            topic: channel.topic.clone(),
            object: channel.object,
            kind: channel.kind.to_string(),
            parts: channel.parts.iter().map(ToString::to_string).collect(),
            stored: counts.stored,
            refused: counts.refused,
            blocked: counts.blocked,
            left_out: counts.left_out,
            repeated: counts.repeated,
            reason: told.report.reasons.get(&number).cloned(),
        }
    });
    Document {
        files: told.files.iter().map(|file| exact(file)).collect(),
        start: told.times().map(|(start, _)| timestamp(UNIX_EPOCH + start)),
        seconds: told.times().map_or(0.0, |(_, length)| length.as_secs_f64()),
        objects: objects.collect(),
        channels: channels.collect(),
        damaged: told.report.damaged,
        damage: told.report.damage.clone(),
        replayed: told.places.is_some().then(|| Replayed {
            rounds: told.report.rounds,
            took_seconds: told.took.as_secs_f64(),
            late_p99_seconds: p99.map(|late| late.as_secs_f64()),
            late_worst_seconds: p99.map(|_| lateness.worst().as_secs_f64()),
        }),
    }
}

fn lines(told: &Told<'_>, output: &Output) -> Vec<String> {
    let mut lines = Vec::new();
    let is_check = told.places.is_none();
    if is_check {
        let files: Vec<String> = told.files.iter().map(|file| shown_path(file)).collect();
        let time = told.times().map_or_else(
            || "no messages".into(),
            |(start, length)| format!("{:.1} s from {}", length.as_secs_f64(), utc(UNIX_EPOCH + start)),
        );
        lines.push(format!("{}: {time}", files.join(", ")));
        for object in told.recording.objects() {
            let host = if object.host.is_empty() { String::new() } else { format!(" of {}", shown(&object.host)) };
            let (type_name, path) = (shown(&object.type_name), shown_path(&object.path));
            lines.push(format!("{type_name} {:?} at {path}{host}, layout {}", object.id, object.schema.hash()));
        }
        lines.extend(channels(told, output));
    }
    lines.extend(problems(told));
    let total = told.report.total();
    let messages = |count: u64| counted(usize::try_from(count).unwrap_or(usize::MAX), "message");
    let mut end = match is_check {
        true => format!("{} can be replayed", messages(total.stored)),
        false => format!("stored {} in {:.1} s", messages(total.stored), told.took.as_secs_f64()),
    };
    let lateness = &told.report.lateness;
    if let Some(p99) = lateness.p99() {
        let millis = |time: Duration| time.as_secs_f64() * 1e3;
        end += &format!(", 99 % at most {:.2} ms late, the worst {:.2} ms", millis(p99), millis(lateness.worst()));
    }
    lines.push(end);
    lines
}

/// The table of the channels.
fn channels(told: &Told<'_>, output: &Output) -> Vec<String> {
    let heading = |text: &str| Cell::new(Look::Heading, text);
    let mut rows = vec![["TOPIC", "KIND", "MESSAGES", "REFUSED"].map(heading).to_vec()];
    for (number, channel) in told.recording.channels().iter().enumerate() {
        let Counts { stored, refused, .. } = told.counts(number);
        let look = if refused > 0 { Look::Bad } else { Look::Faint };
        let row = [
            shown(&channel.topic).into(),
            channel.kind.to_string().into(),
            (stored + refused).to_string().into(),
            Cell::new(look, refused.to_string()),
        ];
        rows.push(row.to_vec());
    }
    table::lines(output, &[Align::Left, Align::Left, Align::Right, Align::Right], &rows)
}

/// What was not stored, and why.
fn problems(told: &Told<'_>) -> Vec<String> {
    let mut lines = Vec::new();
    for (number, why) in &told.report.reasons {
        let Counts { refused, blocked, .. } = told.counts(*number);
        let topic = told.recording.channels().get(*number).map_or("", |channel: &Channel| &channel.topic);
        let of = |count: u64, what: &str| (count > 0).then(|| format!("{what} {count}"));
        let counts = [of(refused, "refused"), of(blocked, "could not store")].into_iter().flatten();
        let counts = counts.collect::<Vec<_>>().join(", ");
        lines.push(format!("{counts} of {}: {}", shown(topic), shown(why)));
    }
    if let Some(why) = &told.report.damage {
        lines.push(format!("skipped {} damaged records. The first one: {}", told.report.damaged, shown(why)));
    }
    lines
}
