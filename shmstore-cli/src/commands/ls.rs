//! `shmstore ls`: a list of objects.

use std::path::PathBuf;

use shmstore::inspect::{Object, Segment, SegmentState};

use crate::about::{self, Listed, Users, path_and_name};
use crate::clock;
use crate::failure::{Failure, Outcome};
use crate::fill;
use crate::output::{Look, Output, json_document, say};
use crate::selection;
use crate::table::{self, Align, Cell};
use crate::text::{shortened, shown, shown_path};
use crate::watch;

/// List the objects on this machine, or under a path
///
/// STATE is one of:
///   ready         complete: programs can attach it
///   initializing  its creator has not finished it yet
///   abandoned     its creator died before it was complete
///   removed       removed, but a process still has it attached
///   orphaned      its anchor no longer exists, or is a different file
///   elsewhere     unknown: its anchor is in a mount namespace or under a root
///                 directory that this program cannot see, as in a container
///   journal       the values of a migration that is at work or was interrupted: the
///                 next process that attaches the object for writing, or creates,
///                 removes or replaces it, finishes the migration or undoes it
///   other format  its format version is not the one of this program
///   newer format  it uses features that this program does not know: update it
///   damaged       its header was overwritten
///   unreadable    it cannot be read; the kernel's data are shown
///   foreign       not shmstore's (shown only with --all)
///
/// SIZE is the size of the segment, in bytes or in K, M, G of 1024. If an object in the
/// list has a Map, there is the column KEYS: `quotes 3/64 +2` means that its fullest
/// map, quotes, has 3 keys of at most 64, and that the object has 2 other maps. If
/// the path of an object is unknown or too long, its segment number is shown.
/// `shmstore rm --segment` takes this number.
///
/// --json prints an array of objects that always have all of these keys: path,
/// name, path_hex, type, id, layout_hash, segment, key, size, object_size, room (to
/// which the object can grow), owner, owner_name, mode, attached, created, age,
/// creator_pid, creator_uid, state, detail, maps (at most 64 objects with the keys
/// field, len, capacity). An unknown value is null. Sizes are in bytes. `created` is
/// in seconds since 1970, `age` in seconds. If a path is not UTF-8, `path` shows the other
/// bytes as \xff, and `path_hex` has all bytes.
///
/// --watch shows the list live. On a terminal, rates are in k, M, G, T of 1000. On
/// a pipe, it writes a line for each object, and another one when the line changes.
/// A rate counts as changed if it changes by more than a quarter, was 0, or becomes
/// 0. With --json, the keys of a line are at (a time in UTC), path, name, type,
/// segment, updates_per_second, attached, size, dead, state. Each object is
/// attached only while it is read.
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Args {
    /// List only the objects at this file or directory, and below it
    path: Option<PathBuf>,
    /// List segments of other programs, too
    #[arg(short, long, conflicts_with = "path")]
    all: bool,
    /// Print JSON: an array, or with --watch one object a line
    #[arg(long)]
    json: bool,
    /// Show update rates, attachments, memory and dead participants live; on a pipe, write a line for each change
    #[arg(short, long, conflicts_with = "all")]
    watch: bool,
    /// With --watch: how many times a second to read, from 0.1 to 60
    #[arg(long, requires = "watch", default_value_t = watch::DEFAULT_HZ, value_parser = watch::hz)]
    hz: f64,
}

/// Prints the list.
///
/// # Errors
///
/// As [`selection::under`], and if the output cannot be written.
pub fn run(args: &Args) -> Result<Outcome, Failure> {
    if args.watch {
        return watch::objects(args.path.as_deref(), args.hz, args.json);
    }
    let listed = match &args.path {
        Some(path) => selection::under(path)?,
        None => selection::all(args.all)?,
    };
    let mut users = Users::default();
    let mut output = Output::standard();
    if args.json {
        output.text(&document(&listed, &mut users, |segment| Object::attach(segment).ok()))?;
    } else {
        for line in table(&listed, &mut users, &output) {
            output.line(&line)?;
        }
    }
    output.finish()?;
    if listed.is_empty() && !args.json {
        say(&nothing(args));
    }
    if !args.json {
        elsewhere(&listed).iter().for_each(|note| say(note));
    }
    Ok(Outcome::Done)
}

/// Returns the list as JSON. `attach` attaches an object that can be used, or returns `None` if it cannot be read.
pub fn document(listed: &[Segment], users: &mut Users, mut attach: impl FnMut(&Segment) -> Option<Object>) -> String {
    let entry = |segment: &Segment| {
        let object = if segment.state.is_usable() { attach(segment) } else { None };
        Listed::of(segment, object.as_ref(), users)
    };
    json_document(&listed.iter().map(entry).collect::<Vec<Listed>>())
}

/// Returns the note for an empty list.
fn nothing(args: &Args) -> String {
    match (&args.path, args.all) {
        (Some(path), _) => format!("no objects under {}: `shmstore ls` lists all objects", shown_path(path)),
        (None, true) => "no segments in this IPC namespace".into(),
        (None, false) => {
            "no objects in this IPC namespace: `shmstore ls --all` lists segments of other programs, too".into()
        }
    }
}

/// Explains the state `elsewhere`; returns `None` if no object has it.
#[must_use]
pub fn elsewhere(listed: &[Segment]) -> Option<String> {
    let count = listed.iter().filter(|segment| segment.state == SegmentState::Elsewhere).count();
    let objects = about::counted(count, "object");
    let (are, them) = if count == 1 {
        ("is elsewhere: its anchor is", "it is orphaned")
    } else {
        ("are elsewhere: their anchors are", "they are orphaned")
    };
    let unseen = "in a mount namespace or under a root directory that this program cannot see";
    (count > 0).then(|| format!("{objects} {are} {unseen}, so it is unknown whether {them}"))
}

/// Returns the lines of a table of segments, the heading first.
#[must_use]
pub fn table(listed: &[Segment], users: &mut Users, output: &Output) -> Vec<String> {
    use Align::{Left, Right};
    let columns = [Left, Left, Left, Left, Right, Left, Left, Right, Right, Left];
    let heading = ["PATH", "NAME", "TYPE", "ID", "SIZE", "OWNER", "MODE", "ATTACHED", "AGE", "STATE"];
    let mut rows = vec![heading.map(|name| Cell::new(Look::Heading, name)).to_vec()];
    rows.extend(listed.iter().map(|segment| row(segment, users)));
    let mut columns = columns.to_vec();
    let maps = |segment: &Segment| {
        let object = if segment.state.is_usable() { Object::attach(segment).ok()? } else { return None };
        fill::fullest(&fill::of(&object)?)
    };
    let keys: Vec<_> = listed.iter().map(maps).collect();
    if keys.iter().any(Option::is_some) {
        const AFTER_SIZE: usize = 5;
        columns.insert(AFTER_SIZE, Left);
        let cell = |of: Option<(String, bool)>| match of {
            Some((text, is_full)) => Cell::new(if is_full { Look::Bad } else { Look::Plain }, text),
            None => "-".into(),
        };
        let heading = Cell::new(Look::Heading, "KEYS");
        let cells = [heading].into_iter().chain(keys.into_iter().map(cell));
        rows.iter_mut().zip(cells).for_each(|(row, cell)| row.insert(AFTER_SIZE, cell));
    }
    table::lines(output, &columns, &rows)
}

fn row(segment: &Segment, users: &mut Users) -> Vec<Cell> {
    // Types can be long: `Grid<Cell<4>, 16>` and longer.
    const LONGEST_TYPE: usize = 48;
    let of = segment.description.as_ref();
    // The header holds only the end of a long path, so a user can only write the segment number.
    let number = format!("(segment {})", segment.shmid);
    let (path, name) = match of {
        Some(of) if of.path_is_whole => path_and_name(of),
        Some(of) => (format!("{number} {}", path_and_name(of).0), None),
        None => (number, None),
    };
    let or_none = |text: Option<String>| text.map_or_else(|| "-".to_owned(), |text| shown(&text));
    let type_name = segment.type_name().map(|name| shortened(&shown(name), LONGEST_TYPE));
    vec![
        shown(&path).into(),
        or_none(name).into(),
        type_name.unwrap_or_else(|| "-".into()).into(),
        or_none(of.map(|of| of.id.to_string())).into(),
        about::bytes(segment.size).into(),
        users.shown(segment.owner).into(),
        format!("{:04o}", segment.mode).into(),
        segment.attached.to_string().into(),
        clock::age(clock::since(about::created(segment))).into(),
        Cell::new(look_of(segment), about::state_in_table(segment)),
    ]
}

/// Returns the look of a segment's state. A copy that may be old is not good.
#[must_use]
pub fn look_of(segment: &Segment) -> Look {
    match look(segment.state) {
        Look::Good if about::copy_of(segment).is_some_and(about::is_stale) => Look::Plain,
        look => look,
    }
}

/// Returns the look of a state.
#[must_use]
pub fn look(state: SegmentState) -> Look {
    match state {
        SegmentState::Ready => Look::Good,
        SegmentState::Abandoned | SegmentState::Orphaned | SegmentState::Damaged => Look::Bad,
        SegmentState::Foreign | SegmentState::Removed | SegmentState::Unreadable | SegmentState::Elsewhere => {
            Look::Faint
        }
        _ => Look::Plain,
    }
}
