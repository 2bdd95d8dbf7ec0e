//! `shmstore show`: what is in an object.

use serde::Serialize;
use shmstore::inspect::Participant;
use shmstore::inspect::{Limits, Object, Value};

use super::ls;
use crate::about::{Listed, Users, place, times};
use crate::clock;
use crate::failure::{Failure, Outcome};
use crate::output::{Look, Output};
use crate::table::{self, Align, Cell};
use crate::target::Target;
use crate::text::{shown, shown_lines};
use crate::tree::{self, Holders};

/// Show what is in an object: its header, its processes, and every field
///
/// Of a `Versioned`, a whole value is shown, and its version. Fields are read one after the other: what must fit together stands in one
/// `Versioned`.
///
/// With --json an object of three keys. `object`: as an element of `shmstore ls --json`, with `attached` counted without this program.
/// `processes`: an array of objects with the keys pid, pid_namespace, since (seconds since 1970), left, alive, holding (paths of fields).
/// `value`: numbers, true, false and text as JSON has them (NaN and infinities as text); enums as the variant's name; structs as objects;
/// arrays, {"len", "first"} if shortened; {"version", "locked", "value"}; {"locked", "inconsistent"} of a lock; of an event the number of
/// its notifications; {"invalid"} for bytes that are no value of their type, with the reason; null for what was left out.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    target: Target,
    /// All elements of arrays and lists, not just the first eight
    #[arg(long)]
    full: bool,
    /// As JSON
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Shown<'a> {
    object: Listed,
    processes: Vec<Process<'a>>,
    value: &'a Value,
}

#[derive(Serialize)]
struct Process<'a> {
    pid: u32,
    pid_namespace: u32,
    since: u64,
    left: bool,
    alive: bool,
    holding: &'a [String],
}

/// Shows it.
///
/// # Errors
///
/// No such object, or one that cannot be read.
pub fn run(args: &Args) -> Result<Outcome, Failure> {
    let object = args.target.object()?;
    // First who holds what, so that a holder is known of a lock that is then seen held.
    let participants = object.participants();
    let value = object.read(&if args.full { Limits::full() } else { Limits::default() });
    let mut output = Output::standard();
    if args.json {
        output.json(&json(&object, &participants, &value))?;
    } else {
        text(&mut output, &object, &participants, &value)?;
    }
    output.finish()?;
    Ok(Outcome::Done)
}

fn json<'a>(object: &Object, participants: &'a [Participant], value: &'a Value) -> Shown<'a> {
    let process = |participant: &'a Participant| Process {
        pid: participant.pid,
        pid_namespace: participant.pid_namespace,
        since: clock::seconds(participant.since),
        left: participant.left,
        alive: participant.alive,
        holding: &participant.holding,
    };
    let object = Listed::new(object.segment(), &mut Users::default());
    Shown { object, processes: participants.iter().map(process).collect(), value }
}

fn text(output: &mut Output, object: &Object, participants: &[Participant], value: &Value) -> Result<(), Failure> {
    for line in header(object, output) {
        output.line(&line)?;
    }
    output.line("")?;
    output.line(&output.look(Look::Heading, "processes"))?;
    for line in processes(participants, output) {
        output.line(&format!("  {line}"))?;
    }
    output.line("")?;
    output.line(&output.look(Look::Heading, "fields"))?;
    for line in tree::lines(value, &Holders::of(participants), output) {
        output.line(&format!("  {line}"))?;
    }
    Ok(())
}

fn header(object: &Object, output: &Output) -> Vec<String> {
    let segment = object.segment();
    let mut users = Users::default();
    let mut rows: Vec<(&str, Cell)> = Vec::new();
    if let Some(of) = &segment.description {
        let (path, name) = place(of);
        rows.push(("path", shown(&path).into()));
        rows.extend(name.map(|name| ("name", shown(&name).into())));
        rows.push(("type", shown_lines(&object.schema().to_string()).into()));
        rows.push(("id", of.id.to_string().into()));
        rows.push(("hash", of.layout_hash.to_string().into()));
        let size = format!("{} bytes, in a segment of {}", of.object_size, segment.size);
        rows.push(("size", size.into()));
        let creator = format!("pid {}, user {}", of.creator.pid, users.shown(of.creator.uid));
        rows.push(("creator", creator.into()));
        let created = of.creator.created;
        rows.push(("created", format!("{} ({} ago)", clock::utc(created), clock::age(clock::since(created))).into()));
    }
    let owner = format!("{}, mode {:04o}", users.shown(segment.owner), segment.mode);
    rows.push(("owner", owner.into()));
    rows.push(("segment", format!("{}, key {}", segment.shmid, segment.key).into()));
    let detail = segment.detail.as_ref().map(|detail| format!(": {}", shown(detail))).unwrap_or_default();
    rows.push(("state", Cell::new(ls::look(segment.state), format!("{}{detail}", segment.state))));
    rows.push(("attached", format!("{}, without this program", times(segment.attached)).into()));
    let rows: Vec<Vec<Cell>> =
        rows.into_iter().map(|(name, cell)| vec![Cell::new(Look::Heading, name), cell]).collect();
    table::lines(output, &[Align::Left; 2], &rows)
}

fn processes(participants: &[Participant], output: &Output) -> Vec<String> {
    if participants.is_empty() {
        return vec!["none that writes".into()];
    }
    let row = |of: &Participant| {
        let (state, look) = match (of.alive, of.left) {
            (true, false) => ("alive", Look::Good),
            (true, true) => ("alive, has let go of it", Look::Plain),
            (false, true) => ("ended", Look::Faint),
            (false, false) => ("dead", Look::Bad),
        };
        let holding: Vec<String> = of.holding.iter().map(|part| shown(part)).collect();
        let holding = if holding.is_empty() { String::new() } else { format!("holds {}", holding.join(", ")) };
        vec![
            format!("pid {}", of.pid).into(),
            Cell::new(look, state),
            format!("since {}", clock::utc(of.since)).into(),
            holding.into(),
        ]
    };
    let rows: Vec<Vec<Cell>> = participants.iter().map(row).collect();
    table::lines(output, &[Align::Left; 4], &rows)
}
