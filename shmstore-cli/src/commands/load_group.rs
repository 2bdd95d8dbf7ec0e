//! `shmstore load` of a file with the objects of a directory.

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;

use shmstore::inspect::Segment;

use super::load::{Args, make, must_be_replaceable};
use crate::about::counted;
use crate::destination::Destination;
use crate::failure::{Failure, Outcome};
use crate::group::{Group, Member};
use crate::output::Output;
use crate::saved;
use crate::text::{shown, shown_path};

/// A place of a member, and the object that is there.
type Place = (Destination, Option<Segment>);

/// Creates the objects.
///
/// # Errors
///
/// A member is damaged or cannot be created, which is named. Then none is created, or the error says which ones were.
pub(super) fn run(args: &Args, group: &Group) -> Result<Outcome, Failure> {
    if args.convert || args.named {
        let (file, option) = (shown_path(&args.file), if args.named { "--named" } else { "--convert" });
        let why = format!("{file} has the objects of a directory, and {option} is for one object: leave it out");
        return Err(Failure::Refused(why));
    }
    if args.path.exists() && !args.path.is_dir() {
        let why = "is not a directory, and the file has the objects of one";
        return Err(Failure::Refused(format!("{} {why}", shown_path(&args.path))));
    }
    saved::must_be_there(saved::parent(&args.path))?;
    let places = check(args, group)?;
    let mut lines = Vec::new();
    for (at, (destination, old)) in places.iter().enumerate() {
        let made = group.read(at).and_then(|saved| {
            make_directory(saved::parent(destination.path()))?;
            make(args, destination, &saved, old.as_ref())?;
            Ok(shown(&saved.schema().to_string()))
        });
        match made {
            Ok(name) => lines.push(format!("loaded {name} to {}", shown_path(destination.path()))),
            Err(failure) => {
                Output::done(&lines)?;
                let rest: Vec<String> = group.members()[at..].iter().map(Member::shown).collect();
                let done = counted(lines.len(), "object");
                return Failure::several(vec![failure], &format!("{done} loaded; not loaded: {}", rest.join(", ")))
                    .map(|()| Outcome::Done);
            }
        }
    }
    Output::done(&lines).map(|()| Outcome::Done)
}

/// Checks all members and all places. The error names each one that cannot be loaded.
fn check(args: &Args, group: &Group) -> Result<Vec<Place>, Failure> {
    let (mut places, mut failures) = (Vec::new(), Vec::new());
    for (at, member) in group.members().iter().enumerate() {
        let place = group.read(at).and_then(|saved| {
            let destination = Destination::of_member(&args.path, member)?;
            let old = destination.object(member.id)?;
            if let Some(old) = &old {
                must_be_replaceable(old, &saved, args)?;
            }
            Ok((destination, old))
        });
        match place {
            Ok(place) => places.push(place),
            Err(failure) => failures.push(failure),
        }
    }
    let of = counted(group.members().len(), "object");
    let end = format!("nothing was loaded: {} of {of} cannot be", failures.len());
    Failure::several(failures, &end)?;
    Ok(places)
}

/// Makes a directory of mode 0700, and those above it.
fn make_directory(directory: &Path) -> Result<(), Failure> {
    DirBuilder::new().recursive(true).mode(0o700).create(directory).map_err(Failure::at(directory))
}
