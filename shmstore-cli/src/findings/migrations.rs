//! Checks for migrations that were interrupted.

use shmstore::inspect::{Segment, SegmentState};

use super::{Finding, anchor};
use crate::about::{called, path};
use crate::failure::Failure;
use crate::leftovers;
use crate::selection;

/// Names the migrations whose journals are there.
pub(super) fn all() -> Result<Vec<Finding>, Failure> {
    let all = selection::all(false)?;
    let journals = all.iter().filter(|segment| segment.state == SegmentState::Journal);
    let begun = all.iter().filter(|segment| segment.state == SegmentState::Abandoned);
    let begun = begun.filter_map(|left| of_leftover(left, &all));
    Ok(journals.filter_map(|journal| of_journal(journal, &all)).chain(begun).collect())
}

/// Names what a migration has left that was interrupted before its journal was complete. With a journal, the journal
/// is named.
fn of_leftover(left: &Segment, all: &[Segment]) -> Option<Finding> {
    let object = leftovers::object_of(left, all).filter(|object| object.state.is_usable())?;
    let found = format!(
        "a migration was interrupted at its beginning, and has left segment {}. The object has its values",
        left.shmid
    );
    let advice = "nothing to do: the next program that attaches the object removes the segment";
    Some(Finding::note(&called(object), found, advice))
}

fn of_journal(journal: &Segment, all: &[Segment]) -> Option<Finding> {
    let (name, of) = (called(journal), journal.description.as_ref()?);
    if let Some(user) = leftovers::stranger(journal) {
        let found = format!(
            "user {user} has put segment {} at the key of its journal. No program believes it, and no program can \
             migrate the object while it is there",
            journal.shmid
        );
        let advice = format!("as that user or root, run `shmstore rm --segment {}`", journal.shmid);
        return Some(Finding::mend(&name, found, advice));
    }
    let object = all.iter().find(|segment| segment.state.is_usable() && is_same_object(segment, journal));
    if let Some(object) = object.filter(|object| !journal.is_journal_of(object)) {
        let (path, number) = (path(of), journal.shmid);
        let found = format!(
            "its migration was interrupted, and another object has taken its place (segment {}). Programs can attach \
             this one, but not create, replace, remove, extend or migrate it",
            object.shmid
        );
        let advice = format!(
            "`shmstore save --interrupted {path} FILE {}` saves the values of the migration; then `shmstore rm \
             --segment {number}` removes its journal",
            of.id
        );
        return Some(Finding::mend(&name, found, advice));
    }
    Some(match anchor::holder(&of.path).filter(|_| of.path_is_whole) {
        Some(holder) => {
            let found = format!("a migration is at work, or is being finished: {holder} has the anchor locked");
            Finding::note(&name, found, "nothing to do, unless this lasts for minutes")
        }
        None => {
            let found = "its migration was interrupted, and its values are complete";
            let advice = "nothing to do: the next process that attaches the object for writing, or creates, removes or \
                          replaces it, finishes the migration or undoes it";
            Finding::note(&name, found, advice)
        }
    })
}

/// Returns `true` if both have one anchor and one id.
fn is_same_object(one: &Segment, other: &Segment) -> bool {
    let place = |segment: &Segment| segment.description.as_ref().map(|of| (of.device, of.inode, of.id));
    place(one).is_some() && place(one) == place(other)
}
