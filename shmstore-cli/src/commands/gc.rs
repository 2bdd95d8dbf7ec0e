//! `shmstore gc`: removing abandoned and orphaned objects.

use nix::unistd::Uid;
use shmstore::inspect::{InspectError, Removal, Segment, SegmentState, WhileAttached, segments};

use crate::about::{self, called, counted, times};
use crate::failure::{Failure, Outcome};
use crate::output::Output;
use crate::removal::{agreed, settled};
use crate::text::shown;

/// Remove abandoned and orphaned objects that no process has attached
///
/// Abandoned: the creator died before the object was complete.
/// Orphaned: the anchor no longer exists, or its path names a different file. No
/// program can find the object any more.
///
/// gc lists these objects and asks before it removes them. Without a terminal to
/// ask at, it needs --yes.
///
/// These objects are kept, because their anchors may still exist:
///   the anchor was renamed within its directory
///   the file system of the anchor is not mounted
///   a symbolic link now leads to the path of the anchor
///   the creator ran in another mount namespace or under another root directory,
///   as in a container, or that is unknown; `shmstore ls` calls it "elsewhere"
///
/// These count as orphaned, so read the list before you agree:
///   the anchor was moved to another directory
///   the directory of the anchor was renamed
///   the anchor was visible through a bind mount that no longer exists
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Args {
    /// Only list what would be removed, and why
    #[arg(short = 'n', long)]
    dry_run: bool,
    /// Remove without asking
    #[arg(short, long)]
    yes: bool,
}

/// Removes the objects.
///
/// # Errors
///
/// [`Failure::Refused`] if the user does not agree; [`Failure::Other`] if a removal fails.
pub fn run(args: &Args) -> Result<Outcome, Failure> {
    let (garbage, in_the_way): (Vec<Segment>, Vec<Segment>) =
        leftovers()?.into_iter().partition(|segment| kept(segment).is_none());
    let why_kept = |segment: &Segment| {
        let why = kept(segment).unwrap_or_default();
        format!("kept {}: {}, but {why}", called(segment), why_garbage(segment))
    };
    let mut lines: Vec<String> = in_the_way.iter().map(why_kept).collect();
    lines.extend(garbage.iter().map(|segment| format!("to remove: {}: {}", called(segment), why_garbage(segment))));
    if garbage.is_empty() {
        lines.push("nothing to remove".into());
    }
    let told = Output::lines(&lines);
    if garbage.is_empty() || args.dry_run {
        return Ok(told.map(|()| Outcome::Done)?);
    }
    if !args.yes {
        // The question is about these lines.
        told?;
    }
    let size = about::bytes(garbage.iter().map(|segment| segment.size).sum());
    if !agreed(args.yes, &format!("Remove {}, {size}?", segments_of(garbage.len())))? {
        return Err(Failure::Refused("nothing was removed".into()));
    }
    let (mut done, mut failed) = (Vec::new(), 0);
    let mut removal = Removal::new();
    for segment in &garbage {
        done.push(match remove(segment, &mut removal) {
            Ok(None) => format!("removed {}", called(segment)),
            Ok(Some(why)) => format!("kept {}: {why}", called(segment)),
            Err(error) => {
                failed += 1;
                format!("failed to remove {}: {}", called(segment), shown(&error.to_string()))
            }
        });
    }
    let told = Output::done(&done);
    match failed {
        0 => told.map(|()| Outcome::Done),
        _ => Err(Failure::Other(format!("{failed} of {} could not be removed", counted(garbage.len(), "segment")))),
    }
}

fn segments_of(count: usize) -> String {
    if count == 1 { "this segment".into() } else { format!("these {count} segments") }
}

/// Returns the abandoned and the orphaned segments, also those in use.
///
/// # Errors
///
/// An error of the kernel.
pub fn leftovers() -> Result<Vec<Segment>, Failure> {
    let mut left = segments()?;
    left.retain(is_garbage);
    Ok(settled(left))
}

fn is_garbage(segment: &Segment) -> bool {
    matches!(segment.state, SegmentState::Abandoned | SegmentState::Orphaned)
}

fn why_garbage(segment: &Segment) -> String {
    let detail = segment.detail.as_ref().map(|detail| shown(detail));
    match segment.state {
        SegmentState::Abandoned => "abandoned: its creator died before it was complete".into(),
        state => format!("{state}: {}", detail.unwrap_or_else(|| "its anchor has changed".into())),
    }
}

/// Returns why `gc` keeps such a segment; `None` if it removes it.
#[must_use]
pub fn kept(segment: &Segment) -> Option<String> {
    let (uid, owner) = (Uid::effective(), segment.owner);
    if segment.attached > 0 {
        Some(format!("attached {}", times(segment.attached)))
    } else if segment.description.is_none() && segment.state == SegmentState::Abandoned {
        Some("it is empty, and may belong to another program; the next object with its key replaces it".into())
    } else if !uid.is_root() && ![segment.owner, segment.creator].contains(&uid.as_raw()) {
        Some(format!("it belongs to user {owner}, and user {uid} may not remove it"))
    } else {
        None
    }
}

/// Removes a segment, or returns why it is kept: a process may have started to use it while we asked.
fn remove(segment: &Segment, removal: &mut Removal) -> Result<Option<String>, InspectError> {
    let now = match Segment::of_shmid(segment.shmid) {
        Ok(now) => now,
        Err(InspectError::Gone { .. }) => return Ok(Some("it no longer exists".into())),
        Err(error) => return Err(error),
    };
    if !is_garbage(&now) {
        return Ok(Some(format!("it is {} now", now.state)));
    }
    match removal.remove(segment, WhileAttached::Refuse) {
        Ok(()) => Ok(None),
        Err(InspectError::Gone { .. }) => Ok(Some("it no longer exists".into())),
        Err(InspectError::InUse { attached, .. }) => Ok(Some(format!("attached {} now", times(attached)))),
        Err(error) => Err(error),
    }
}
