//! `shmstore ls`: what there is.

use std::path::PathBuf;

use shmstore::inspect::{Segment, SegmentState};

use crate::about::{self, Listed, Users, place};
use crate::clock;
use crate::failure::{Failure, Outcome};
use crate::output::{Look, Output, say};
use crate::selection;
use crate::table::{self, Align, Cell};
use crate::text::{shortened, shown, shown_path};
use crate::watch;

/// List the objects on this machine, or under a path
///
/// STATE is ready, initializing (its creator is at work), abandoned (its creator died before it was whole), removed (but
/// still attached), orphaned (its anchor is gone or another), elsewhere (its anchor is in a mount namespace or under a root
/// directory that this program cannot see, as in a container, so nothing is known of it), other format, newer format
/// (update this program), damaged, unreadable (you may not look into it: what the kernel tells is shown), or foreign (none
/// of shmstore's; with --all). Where the path is not known, or too long to be kept whole, the number of the segment is
/// shown, which `shmstore rm --segment` takes. Sizes are those of segments, in bytes, or in K, M, G of 1024.
///
/// With --json an array of objects, with the keys path, name, path_hex, type, id, layout_hash, segment, key, size, object_size, owner, owner_name,
/// mode, attached, created, age, creator_pid, creator_uid, state, detail: always all of them, null for what is not known; sizes in
/// bytes, times in seconds (created: since 1970). A path that is no UTF-8 has its other bytes as `\xff`, and all of them in path_hex. With
/// --watch, the keys of each line are at (a time in UTC), path, name, type, segment,
/// updates_per_second, attached, size, dead, state.
///
/// With --watch on a pipe, a line is written for each object at first, and then whenever what stands in it has changed: the rate of updates
/// by more than a quarter, or from or to 0. On a terminal, rates are in k, M, G, T of 1000. Each object is attached for a look only.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Only the objects at this file or directory, and below it
    path: Option<PathBuf>,
    /// Segments too that are none of shmstore's
    #[arg(short, long, conflicts_with = "path")]
    all: bool,
    /// As a JSON array; with --watch a line of JSON for each change
    #[arg(long)]
    json: bool,
    /// Live: rates of updates, attach counts, memory, dead participants; on a pipe a line for each change
    #[arg(short, long, conflicts_with = "all")]
    watch: bool,
    /// With --watch: how often to look, in times a second, 0.1 to 60
    #[arg(long, requires = "watch", default_value_t = watch::DEFAULT_HZ, value_parser = watch::hz)]
    hz: f64,
}

/// Lists.
///
/// # Errors
///
/// As [`selection::under`]; what the pipe or terminal refuses.
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
        let array: Vec<Listed> = listed.iter().map(|segment| Listed::new(segment, &mut users)).collect();
        output.json(&array)?;
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

/// What to say if nothing is listed, beside the output.
fn nothing(args: &Args) -> String {
    let under = args.path.as_deref().map(|path| format!(" under {}", shown_path(path)));
    match (under, args.all) {
        (Some(under), _) => format!("no objects{under}: `shmstore ls` shows those of all places"),
        (None, true) => "no segments in this IPC namespace".into(),
        (None, false) => {
            "no objects in this IPC namespace: `shmstore ls --all` shows segments of other programs, too".into()
        }
    }
}

/// Explains the state of objects whose anchors cannot be seen from here; `None` if there are none.
#[must_use]
pub fn elsewhere(listed: &[Segment]) -> Option<String> {
    let count = listed.iter().filter(|segment| segment.state == SegmentState::Elsewhere).count();
    let objects = about::counted(count, "object");
    let (are, them) =
        if count == 1 { ("is elsewhere: its anchor is", "it") } else { ("are elsewhere: their anchors are", "them") };
    let unseen = "in a mount namespace or under a root directory that this program cannot see";
    (count > 0).then(|| format!("{objects} {are} {unseen}, so nothing is known of {them}"))
}

/// The lines of a table of segments, the heading first.
#[must_use]
pub fn table(listed: &[Segment], users: &mut Users, output: &Output) -> Vec<String> {
    use Align::{Left, Right};
    let columns = [Left, Left, Left, Left, Right, Left, Left, Right, Right, Left];
    let heading = ["PATH", "NAME", "TYPE", "ID", "SIZE", "OWNER", "MODE", "ATTACHED", "AGE", "STATE"];
    let mut rows = vec![heading.map(|name| Cell::new(Look::Heading, name)).to_vec()];
    rows.extend(listed.iter().map(|segment| row(segment, users)));
    table::lines(output, &columns, &rows)
}

fn row(segment: &Segment, users: &mut Users) -> Vec<Cell> {
    // A type may be long without anybody meaning harm: `Grid<Cell<4>, 16>` and more.
    const LONGEST_TYPE: usize = 48;
    let of = segment.description.as_ref();
    // Of a long path there is only the end: nobody can name it, but by its number.
    let number = format!("(segment {})", segment.shmid);
    let (path, name) = match of {
        Some(of) if of.path_is_whole => place(of),
        Some(of) => (format!("{number} {}", place(of).0), None),
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
        Cell::new(look(segment.state), segment.state.name()),
    ]
}

/// How a state stands out.
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
