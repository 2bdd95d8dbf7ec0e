//! `shmstore rm`: removing an object.

use std::fs;
use std::path::{Path, PathBuf};

use shmstore::Store;
use shmstore::inspect::{Segment, SegmentState, WhileAttached};

use super::rm_all;
use crate::about::{called, times};
use crate::anchors::Anchors;
use crate::failure::{Failure, Outcome};
use crate::leftovers;
use crate::output::Output;
use crate::removal::{agreed, settled, would_be_split};
use crate::saved::parent;
use crate::target::Target;
use crate::text::shown_path;

/// Remove an object, or all objects of a directory
///
/// rm asks before it removes the object. Without a terminal to ask at, it needs --yes.
///
/// An object that a process has attached is removed only with --force. Programs that only read it, such as `shmstore
/// watch`, count, too. These processes keep the removed object, and other processes can no longer find it.
///
/// If a migration of the object was interrupted, rm also removes its journal, with the values in it. If the journal has
/// the only copy of the values, this needs --force. `shmstore save --interrupted` saves them before.
///
/// --recursive removes every object that `shmstore ls PATH` lists: at the directory, at its names, and below it. It
/// names them before it asks. If one is in use, it removes none without --force. It keeps an object whose anchor this
/// program cannot see, as in a container.
///
/// rm keeps the directory or file of the object. It keeps the file `NAME.shm` of a named object, too, unless
/// --remove-name is given. It never removes segments of other programs.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The anchor of the object: a directory or file, or `DIR/NAME` for a named object
    #[arg(value_name = "PATH[/NAME]", required_unless_present = "segment")]
    path: Option<PathBuf>,
    /// The name of the type, or its letter, if the path has more than one object
    #[arg(value_name = "TYPE")]
    pub(super) type_name: Option<String>,
    /// Remove all objects in a directory and below it
    #[arg(short, long, conflicts_with = "segment")]
    recursive: bool,
    /// Remove the segment with this number, if it has no usable path; `ls --json` and `show` print the number
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(i32).range(0..))]
    #[arg(conflicts_with_all = ["path", "type_name", "remove_name"])]
    segment: Option<i32>,
    /// Remove the file of the name, too, if it has no other object; works without an object, too
    #[arg(long)]
    pub(super) remove_name: bool,
    /// Remove without asking
    #[arg(short, long)]
    pub(super) yes: bool,
    /// Remove the object even if a process has it attached, or if only an interrupted migration has its values
    #[arg(short, long)]
    pub(super) force: bool,
}

/// The object and the name that the command line means.
struct Meant {
    /// `None` if only the name is left.
    segment: Option<Segment>,
    /// The segments that an interrupted creation or migration has left beside the object.
    left: Vec<Segment>,
    /// The file of the object's name.
    name: Option<PathBuf>,
}

/// Removes the object.
///
/// # Errors
///
/// No object matches, or more than one; [`Failure::Refused`] if it is in use or not shmstore's, or if the user does not
/// agree.
pub fn run(args: &Args) -> Result<Outcome, Failure> {
    if let (true, Some(path)) = (args.recursive, &args.path) {
        return rm_all::run(args, path);
    }
    let Meant { segment, left, name } = find(args)?;
    let mut what = Vec::new();
    if let Some(segment) = &segment {
        if segment.state == SegmentState::Foreign {
            return Err(Failure::Refused(format!("{} does not belong to shmstore", called(segment))));
        }
        let in_use = segment.attached > 0;
        if in_use && !args.force {
            let why = would_be_split(segment, segment.attached);
            let cure =
                "Programs that only read it, such as `shmstore watch`, count, too. End them first, or use --force";
            return Err(Failure::Refused(format!("{why}. {cure}")));
        }
        let users = if in_use { format!(", which is attached {}", times(segment.attached)) } else { String::new() };
        if is_only_copy(segment) && !args.force && args.segment.is_none() {
            return Err(only_copy(segment, args));
        }
        what.push(format!("{}{users}", described(segment)));
    }
    let name_removal =
        if args.remove_name { Some(NameRemoval::new(args, name.as_deref(), segment.as_ref())?) } else { None };
    what.extend(name_removal.as_ref().map(NameRemoval::called));
    if !agreed(args.yes, &format!("Remove {}?", what.join(", and ")))? {
        return Err(Failure::Refused("nothing was removed".into()));
    }
    let mut done = Vec::new();
    if let Some(segment) = segment {
        segment.remove(if args.force { WhileAttached::Remove } else { WhileAttached::Refuse })?;
        done.push(format!("removed {}", described(&segment)));
        // The next program that creates the object removes the others.
        let removed = left.iter().filter(|left| left.remove(WhileAttached::Refuse).is_ok());
        done.extend(removed.map(|left| format!("removed the leftover {}", called(left))));
    }
    let name_removed = name_removal.as_ref().map_or(Ok(()), NameRemoval::run);
    match (&name_removal, &name_removed, &name) {
        (Some(name_removal), Ok(()), _) => done.push(format!("removed {}", name_removal.called())),
        (None, _, Some(name)) => {
            done.push(format!("kept the name's file {}: `shmstore rm --remove-name` removes it", shown_path(name)))
        }
        _ => {}
    }
    let told = Output::done(&done);
    name_removed.and(told).map(|()| Outcome::Done)
}

fn find(args: &Args) -> Result<Meant, Failure> {
    let Some(path) = &args.path else {
        let segment = Some(numbered(args.segment.unwrap_or_default())?);
        return Ok(Meant { segment, left: Vec::new(), name: None });
    };
    let anchors = Anchors::of(path);
    let target = Target { path: path.clone(), type_name: args.type_name.clone() };
    // Without a key, a segment is removed already, and disappears when the last process detaches it.
    let segment = match target.segment(|segment| segment.key.to_raw() != 0) {
        Err(Failure::NotFound(_)) if args.remove_name && args.type_name.is_none() && anchors.name().is_some() => {
            return Ok(Meant { segment: None, left: Vec::new(), name: anchors.name().map(Path::to_owned) });
        }
        found => found?,
    };
    let stands_at = anchors.of_segment(&segment).map(|anchor| anchor.path.as_path());
    let name = anchors.name().filter(|name| stands_at == Some(name)).map(Path::to_owned);
    let mut left = anchors.segments()?;
    left.retain(|left| {
        let is_other = left.shmid != segment.shmid && left.state == SegmentState::Abandoned;
        is_other && leftovers::are_of_one_object(left, &segment)
    });
    Ok(Meant { segment: Some(settled(vec![segment]).remove(0)), left, name })
}

/// Returns `true` for a journal. [`Target::segment`] returns one only if its object is not there.
pub(super) fn is_only_copy(segment: &Segment) -> bool {
    segment.state == SegmentState::Journal
}

fn only_copy(segment: &Segment, args: &Args) -> Failure {
    let path = shown_path(args.path.as_deref().unwrap_or(Path::new("")));
    let id = segment.description.as_ref().map(|of| format!(" {}", of.id)).unwrap_or_default();
    Failure::Refused(format!(
        "a migration of {} was interrupted, and its journal has the only copy of the values. The next program that \
         attaches the object finishes the migration. `shmstore save --interrupted {path} FILE{id}` saves the values. \
         To remove them, use --force",
        called(segment)
    ))
}

/// Names a segment, and says what it was.
pub(super) fn described(segment: &Segment) -> String {
    if is_only_copy(segment) {
        return format!("the journal of {}, with the values of an interrupted migration", called(segment));
    }
    called(segment)
}

fn numbered(shmid: i32) -> Result<Segment, Failure> {
    let none =
        || Failure::NotFound(format!("segment {shmid} does not exist: `shmstore ls --json` lists the numbers of all"));
    let segment = Segment::of_shmid(shmid).map_err(|_| none())?;
    if segment.key.to_raw() == 0 && segment.state == SegmentState::Removed {
        let why = "is removed already, and disappears when the last process detaches it";
        return Err(Failure::NotFound(format!("{} {why}", called(&segment))));
    }
    Ok(settled(vec![segment]).remove(0))
}

/// The removal of a name.
struct NameRemoval {
    store: Store,
    file: PathBuf,
    name: String,
}

impl NameRemoval {
    /// Checks that the name can be removed, before anything is.
    fn new(args: &Args, file: Option<&Path>, going: Option<&Segment>) -> Result<Self, Failure> {
        let asked = args.path.as_deref().unwrap_or(Path::new(""));
        let no_name =
            || Failure::Refused(format!("{} is not a name that exists: leave out --remove-name", shown_path(asked)));
        let file = file.ok_or_else(no_name)?;
        let name = file.file_stem().and_then(|name| name.to_str()).ok_or_else(no_name)?;
        let store = Store::open(parent(file))?;
        let stays = |why: &str| {
            let file = shown_path(file);
            Failure::Refused(format!("the name's file {file} cannot be removed: {why}. Leave out --remove-name"))
        };
        let stat = fs::symlink_metadata(file).map_err(Failure::at(file))?;
        if !stat.is_file() || stat.len() > 0 {
            return Err(stays("the file of a name is empty, and this one is not"));
        }
        drop(store.open_named(name)?);
        let going = going.map(|segment| segment.shmid);
        let others = Anchors::exactly(file).standing()?.into_iter().filter(|one| Some(one.shmid) != going);
        let others: Vec<String> = others.filter(|one| one.key.to_raw() != 0).map(|one| called(&one)).collect();
        if !others.is_empty() {
            return Err(stays(&format!("{} may belong to it, too", others.join(", "))));
        }
        Ok(Self { store, file: file.into(), name: name.into() })
    }

    fn called(&self) -> String {
        format!("the name's file {}", shown_path(&self.file))
    }

    fn run(&self) -> Result<(), Failure> {
        self.store.remove_name(&self.name)?;
        Ok(())
    }
}
