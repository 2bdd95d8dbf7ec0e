//! `shmstore save --recursive`: saving the objects of a directory to one file.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use shmstore::inspect::{Limits, Object, SavedObject, Segment, SegmentState};

use super::save::Args;
use crate::about::{bytes, called, counted};
use crate::anchors::{Anchors, is_name};
use crate::failure::{Failure, Outcome};
use crate::group::{self, Kind, Member};
use crate::leftovers;
use crate::output::{Output, say};
use crate::saved;
use crate::selection;
use crate::target::Target;
use crate::text::{shown, shown_path};

/// Saves the objects.
///
/// # Errors
///
/// The directory does not exist or has no object, or the failures of all objects that cannot be saved.
pub(super) fn run(args: &Args) -> Result<Outcome, Failure> {
    let mut objects = objects(args)?;
    saved::must_be_no_anchor(&args.file)?;
    let mut members: Vec<Member> = objects.iter().map(|(member, _)| member.clone()).collect();
    let mut names = Vec::new();
    let (mut rest, mut failure) = (objects.drain(..), None);
    let written = saved::write(&args.file, |file| {
        let save = |member: &Member| {
            let (_, object) = rest.next().expect("an object for each member");
            let saved = SavedObject::of(&object, &Limits::full());
            let saved = saved.map_err(|cause| Failure::Saved { path: args.path.join(&member.path), cause })?;
            names.push((shown(&object.schema().to_string()), saved.room()));
            Ok(saved)
        };
        group::write(file, &mut members, save).map_err(|cause| {
            failure = Some(cause);
            io::Error::other("an object cannot be saved")
        })
    });
    let len = match failure {
        Some(Failure::Io(cause)) => return Err(Failure::at(&args.file)(cause)),
        Some(failure) => return Err(failure),
        None => written?,
    };
    let mut output = Output::standard();
    for (member, (name, room)) in members.iter().zip(names) {
        let room = room.map(|room| format!(", with its room of {room} bytes")).unwrap_or_default();
        output.line(&format!("saved {name} of {}, {}{room}", member.shown(), bytes(member.len)))?;
    }
    output.line(&format!(
        "saved {} to {}, {}",
        counted(members.len(), "object"),
        shown_path(&args.file),
        bytes(len)
    ))?;
    output.finish()
}

/// Attaches all objects that are saved, sorted by path and id.
fn objects(args: &Args) -> Result<Vec<(Member, Object)>, Failure> {
    let directory = args.path.join("");
    saved::must_be_there(&directory)?;
    let target = Target { path: args.path.clone(), type_name: args.type_name.clone() };
    let mut segments: Vec<Segment> =
        selection::under(&directory)?.into_iter().filter(|one| target.is_type_of(one)).collect();
    leftovers::leave_aside(&mut segments);
    let (mut found, mut failures) = (Vec::new(), Vec::new());
    let places = Places::of(&directory)?;
    for segment in &segments {
        use SegmentState::{Abandoned, Elsewhere, Initializing, Orphaned, Removed};
        if let Abandoned | Elsewhere | Initializing | Orphaned | Removed = segment.state {
            say(&format!("note: {} is {}, and is not saved", called(segment), segment.state));
            continue;
        }
        let member = places.member(segment);
        match Object::attach(segment).map_err(Failure::from).and_then(|object| Ok((member?, object))) {
            Ok(object) => found.push(object),
            Err(failure) => failures.push(failure),
        }
    }
    Failure::several(failures, "nothing was saved")?;
    if found.is_empty() {
        let path = shown_path(&args.path);
        return Err(Failure::NotFound(format!("{path} has no objects: `shmstore ls` lists all objects")));
    }
    found.sort_by(|(one, _), (other, _)| (&one.path, one.id).cmp(&(&other.path, other.id)));
    Ok(found)
}

/// The paths below a directory.
struct Places {
    directory: PathBuf,
    /// The same without links, as headers contain it.
    whole: PathBuf,
    anchors: Anchors,
}

impl Places {
    fn of(directory: &Path) -> Result<Self, Failure> {
        let whole = fs::canonicalize(directory).map_err(Failure::at(directory))?;
        Ok(Self { directory: directory.into(), whole, anchors: Anchors::with_names(directory) })
    }

    /// Returns the place of an object below the directory.
    fn member(&self, segment: &Segment) -> Result<Member, Failure> {
        let here = self.anchors.of_segment(segment).map(|anchor| anchor.path.as_path());
        let below = match here {
            Some(path) => path.strip_prefix(&self.directory).ok(),
            None => segment.path().and_then(|path| path.strip_prefix(&self.whole).ok()),
        };
        let unknown = || {
            let why = "its path below the directory is unknown";
            Failure::Other(format!("{} cannot be saved with others: {why}. Save it alone", called(segment)))
        };
        let path: PathBuf = below.ok_or_else(unknown)?.components().collect();
        let kind = match fs::metadata(self.directory.join(&path)) {
            Ok(stat) if stat.is_dir() => Kind::Directory,
            Ok(_) if is_name(&path) => Kind::Name,
            Ok(_) => Kind::File,
            Err(_) => return Err(unknown()),
        };
        let id = segment.description.as_ref().map(|of| of.id).ok_or_else(unknown)?;
        Ok(Member { path, kind, id, len: 0 })
    }
}
