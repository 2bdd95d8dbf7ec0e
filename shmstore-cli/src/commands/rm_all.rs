//! `shmstore rm --recursive`: removing the objects of a directory.

use std::collections::BTreeSet;
use std::path::Path;

use shmstore::Store;
use shmstore::inspect::{Segment, SegmentState, WhileAttached};

use super::rm::{Args, described, is_only_copy};
use crate::about::{self, called, counted};
use crate::anchors::{is_certain, is_name};
use crate::failure::{Failure, Outcome};
use crate::leftovers;
use crate::output::Output;
use crate::removal::{agreed, settled, would_be_split};
use crate::saved::parent;
use crate::selection;
use crate::target::Target;
use crate::text::{shown, shown_path};

/// Removes the objects.
///
/// # Errors
///
/// [`Failure::Refused`] if one is in use, or if the user does not agree; the failures of all that could not be removed.
pub(super) fn run(args: &Args, path: &Path) -> Result<Outcome, Failure> {
    let target = Target { path: path.into(), type_name: args.type_name.clone() };
    let (going, kept): (Vec<Segment>, Vec<Segment>) =
        selection::under(&path.join(""))?.into_iter().filter(|one| target.is_type_of(one)).partition(is_meant);
    let kept = kept.iter().map(|one| format!("kept {}: {}", called(one), why_kept(one)));
    let going = settled(going);
    if going.is_empty() {
        let lines: Vec<String> = kept.chain([format!("no objects in {}", shown_path(path))]).collect();
        return Ok(Output::lines(&lines).map(|()| Outcome::Done)?);
    }
    if !args.force {
        must_be_free(&going)?;
    }
    let list: Vec<String> = kept.chain(going.iter().map(|one| format!("to remove: {}", described(one)))).collect();
    let told = Output::lines(&list);
    if !args.yes {
        // The question is about these lines.
        told?;
    }
    let size = about::bytes(going.iter().map(|one| one.size).sum());
    if !agreed(args.yes, &format!("Remove {}, {size}?", counted(going.len(), "object")))? {
        return Err(Failure::Refused("nothing was removed".into()));
    }
    let while_attached = if args.force { WhileAttached::Remove } else { WhileAttached::Refuse };
    let (mut done, mut failures, mut names) = (Vec::new(), Vec::new(), BTreeSet::new());
    for segment in &going {
        match segment.remove(while_attached) {
            Ok(()) => {
                done.push(format!("removed {}", described(segment)));
                names.extend(segment.path().filter(|path| is_name(path)).map(Path::to_owned));
            }
            Err(error) => failures.push(Failure::Inspect(error)),
        }
    }
    if args.remove_name {
        for name in names {
            match remove_name(&name) {
                Ok(()) => done.push(format!("removed the name's file {}", shown_path(&name))),
                Err(failure) => failures.push(failure),
            }
        }
    }
    let told = Output::done(&done);
    Failure::several(failures, &format!("the others of {} were removed", counted(going.len(), "object")))?;
    told.map(|()| Outcome::Done)
}

/// Returns `true` for an object that belongs to the directory without doubt.
fn is_meant(segment: &Segment) -> bool {
    is_certain(segment) && segment.state != SegmentState::Elsewhere && segment.key.to_raw() != 0
}

fn why_kept(segment: &Segment) -> String {
    match segment.state {
        SegmentState::Elsewhere => "its anchor is where this program cannot see it, as in a container".into(),
        SegmentState::Removed => "it is removed already, and disappears when the last process detaches it".into(),
        state => format!("only its key fits, and it is {state}"),
    }
}

/// Refuses to remove any of them if one is in use, or is the only copy of values.
fn must_be_free(going: &[Segment]) -> Result<(), Failure> {
    let mut objects = going.to_vec();
    leftovers::leave_aside(&mut objects);
    let in_use = going.iter().filter(|one| one.attached > 0).map(|one| would_be_split(one, one.attached));
    let copies = objects
        .iter()
        .filter(|one| is_only_copy(one))
        .map(|one| format!("{} has the only copy of the values of an interrupted migration", called(one)));
    let why: Vec<String> = in_use.chain(copies).collect();
    if why.is_empty() {
        return Ok(());
    }
    let cure = "Programs that only read, such as `shmstore watch`, count, too. End them first, or use --force";
    Err(Failure::Refused(format!("{}\nnothing was removed. {cure}", why.join("\n"))))
}

fn remove_name(file: &Path) -> Result<(), Failure> {
    let why = |why: &str| Failure::Refused(format!("the name's file {} was kept: {why}", shown_path(file)));
    let name = file.file_stem().and_then(|name| name.to_str()).ok_or_else(|| why("its name is no text"))?;
    let store = Store::open(parent(file))?;
    match store.remove_name(name) {
        Ok(true) => Ok(()),
        Ok(false) => Err(why("it is gone already")),
        Err(error) => Err(why(&shown(&error.to_string()))),
    }
}
