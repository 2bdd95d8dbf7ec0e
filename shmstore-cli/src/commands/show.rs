//! `shmstore show`: the contents of an object.

use serde::Serialize;
use shmstore::inspect::Participant;
use shmstore::inspect::{Limits, Object, Value};
use shmstore::schema::OwnedSchema;

use super::{ls, show_table};
use crate::about::{self, Listed, Users, counted, path_and_name, state, times};
use crate::clock;
use crate::failure::{Failure, Outcome};
use crate::growth;
use crate::output::{Look, Output, json_document};
use crate::rates::Rates;
use crate::table::{self, Align, Cell};
use crate::target::{self, Target};
use crate::text::{shown, shown_lines};
use crate::tree::{self, Holders};

/// Show the contents of an object: its header, its processes, and every field
///
/// The values in one `Versioned` belong to one version. Different fields are read
/// one after the other.
///
/// Processes that attached the object for writing are listed until others need their
/// place in it:
///   alive            the process has the object attached
///   alive, detached  the process runs, and has dropped the object
///   ended            the process dropped the object, and has ended
///   dead             the process ended without dropping it: killed, or by `exit`
/// `2 of 5 fields` marks a process with an older type: it knows only the first fields.
///
/// A Queue shows how many items wait, its capacity, how many items were pushed, how
/// many are taken and by which processes, and the first items. A Broadcast shows how
/// many items were sent, its capacity, and the newest items. A Map shows how many keys
/// it has, its capacity, its changes (how often keys were inserted and removed), and
/// the first keys with their values. Frames show the number of the newest frame, how many
/// frames come in a second (measured for half a second), how many elements it has, the
/// slots, how many of them are being filled and by which processes, the pins and whose
/// they are, and the metadata and the first elements of the newest frame.
///
/// --table FIELD... shows one line for each object in the directory PATH and at its names,
/// with these fields as `get` prints them: `shmstore show /srv/robots --table frames mode`.
/// An object without the field has a `-`. With --json, it is an array of objects with the
/// keys path, name, type, id, segment, state, and values, an object with a key for each
/// field. A missing field is null.
///
/// --json prints an object with three keys:
///   object     as in `shmstore ls --json`; attached does not count this program
///   processes  an array of objects with the keys pid, pid_namespace, since (in
///              seconds since 1970), left, alive, fields (how many fields of the
///              object it knows, or null), holding (an array of fields)
///   value      the fields
///
/// In value, the types of Rust become:
///   number, bool, char, text   the same in JSON; NaN and infinities become text
///   enum                       the name of the variant
///   struct                     an object
///   array, list                an array, or {"len", "first"} if it is shortened
///   Versioned                  {"version", "locked", "value"}
///   Lock                       {"locked", "inconsistent"}
///   Event                      the count of notifications
///   Queue                      {"len", "capacity", "pushed", "outstanding", "first"}
///   Broadcast                  {"sent", "capacity", "last"}, last being an array of
///                              {"position", "value"}
///   Map                        {"len", "capacity", "changes", "first"}, first being an
///                              array of {"key", "version", "locked", "value"}
///   Frames                     {"newest", "capacity", "slots", "pins", "loans", "len",
///                              "meta", "first"}, first being the elements of the newest
///   bytes that are not a value {"invalid"} with the reason
///   omitted value              null
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Args {
    #[command(flatten)]
    target: Target,
    /// Show all elements of arrays and lists, and all keys of maps, not only the first eight
    #[arg(long)]
    full: bool,
    /// Show these fields of all objects in the directory and at its names, as a table
    #[arg(long, value_name = "FIELD", num_args = 1.., value_parser = target::not_empty, conflicts_with = "full")]
    table: Vec<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Shown<'a> {
    object: Listed,
    processes: Vec<Process<'a>>,
    value: &'a Value,
}

/// A process of an object, as JSON.
#[derive(Debug, Serialize)]
pub struct Process<'a> {
    pid: u32,
    pid_namespace: u32,
    since: u64,
    left: bool,
    alive: bool,
    fields: Option<u32>,
    holding: &'a [String],
}

/// Shows the object.
///
/// # Errors
///
/// The object does not exist or cannot be read.
pub fn run(args: &Args) -> Result<Outcome, Failure> {
    if !args.table.is_empty() {
        return show_table::run(&args.target, &args.table, args.json);
    }
    let object = args.target.object()?;
    let limits = if args.full { Limits::full() } else { Limits::default() };
    let mut output = Output::standard();
    if args.json {
        output.text(&document(&object, &limits))?;
    } else {
        let (participants, value) = look_at(&object, &limits);
        text(&mut output, &object, &participants, &value)?;
    }
    output.finish()
}

/// Reads the processes and the fields of an object.
#[must_use]
pub fn look_at(object: &Object, limits: &Limits) -> (Vec<Participant>, Value) {
    // The participants come first, so that a lock that is then seen held has a known holder.
    let participants = object.participants();
    let value = object.read(limits);
    (participants, value)
}

/// Returns the object as JSON.
#[must_use]
pub fn document(object: &Object, limits: &Limits) -> String {
    let (participants, value) = look_at(object, limits);
    let listed = Listed::of(object.segment(), Some(object), &mut Users::default());
    json_document(&Shown { object: listed, processes: processes_of(&participants), value: &value })
}

/// Returns the processes of an object as they are in JSON.
#[must_use]
pub fn processes_of(participants: &[Participant]) -> Vec<Process<'_>> {
    let process = |participant| Process::of(participant);
    participants.iter().map(process).collect()
}

impl<'a> Process<'a> {
    fn of(participant: &'a Participant) -> Self {
        Self {
            pid: participant.pid,
            pid_namespace: participant.pid_namespace,
            since: clock::seconds(participant.since),
            left: participant.left,
            alive: participant.alive,
            fields: participant.fields,
            holding: &participant.holding,
        }
    }
}

fn text(output: &mut Output, object: &Object, participants: &[Participant], value: &Value) -> Result<(), Failure> {
    for line in header(object, output) {
        output.line(&line)?;
    }
    output.line("")?;
    output.line(&output.look(Look::Heading, "processes"))?;
    for line in processes(participants, object.schema(), output) {
        output.line(&format!("  {line}"))?;
    }
    output.line("")?;
    output.line(&output.look(Look::Heading, "fields"))?;
    let rates = Rates::measure(object, value);
    for line in tree::lines(value, &Holders::of(participants), &rates, output) {
        output.line(&format!("  {line}"))?;
    }
    Ok(())
}

fn header(object: &Object, output: &Output) -> Vec<String> {
    let segment = object.segment();
    let mut users = Users::default();
    let mut rows: Vec<(&str, Cell)> = Vec::new();
    if let Some(of) = &segment.description {
        let (path, name) = path_and_name(of);
        rows.push(("path", shown(&path).into()));
        rows.extend(name.map(|name| ("name", shown(&name).into())));
        rows.push(("type", shown_lines(&object.schema().to_string()).into()));
        rows.push(("id", of.id.to_string().into()));
        rows.push(("hash", of.layout_hash.to_string().into()));
        let size = format!("{} bytes, in a segment of {}", of.object_size, segment.size);
        rows.push(("size", size.into()));
        let room = of.room.map(|room| format!("{room} bytes, {} used", of.object_size));
        rows.push(("room", room.unwrap_or_else(|| "none".into()).into()));
        let creator = format!("pid {}, user {}", of.creator.pid, users.shown(of.creator.uid));
        rows.push(("creator", creator.into()));
        let created = of.creator.created;
        rows.push(("created", format!("{} ({} ago)", clock::utc(created), clock::age(clock::since(created))).into()));
    }
    let owner = format!("{}, mode {:04o}", users.shown(segment.owner), segment.mode);
    rows.push(("owner", owner.into()));
    rows.push(("segment", format!("{}, key {}", segment.shmid, segment.key).into()));
    rows.push(("state", Cell::new(ls::look(segment.state), state(segment))));
    if let Some(of) = about::copy_of(segment) {
        let look = if about::is_stale(of) { Look::Bad } else { Look::Good };
        rows.push(("copy of", Cell::new(look, about::copied(of))));
    }
    rows.push(("attached", format!("{}, not counting this program", times(segment.attached)).into()));
    let rows: Vec<Vec<Cell>> =
        rows.into_iter().map(|(name, cell)| vec![Cell::new(Look::Heading, name), cell]).collect();
    table::lines(output, &[Align::Left; 2], &rows)
}

fn processes(participants: &[Participant], schema: &OwnedSchema, output: &Output) -> Vec<String> {
    if participants.is_empty() {
        return vec!["none attached for writing".into()];
    }
    let row = |of: &Participant| {
        let (state, look) = match (of.alive, of.left) {
            (true, false) => ("alive", Look::Good),
            (true, true) => ("alive, detached", Look::Plain),
            (false, true) => ("ended", Look::Faint),
            (false, false) => ("dead", Look::Bad),
        };
        let holding: Vec<String> = of.holding.iter().map(|part| shown(part)).collect();
        let holding = (!holding.is_empty()).then(|| format!("holds {}", holding.join(", ")));
        let known = growth::knows_only(of, schema).filter(|_| of.alive && !of.left);
        let known = known.map(|known| format!("{known} of {}", counted(growth::fields(schema).len(), "field")));
        vec![
            format!("pid {}", of.pid).into(),
            Cell::new(look, state),
            format!("since {}", clock::utc(of.since)).into(),
            [known, holding].into_iter().flatten().collect::<Vec<_>>().join(", ").into(),
        ]
    };
    let rows: Vec<Vec<Cell>> = participants.iter().map(row).collect();
    table::lines(output, &[Align::Left; 4], &rows)
}
