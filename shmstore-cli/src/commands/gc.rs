//! `shmstore gc`: removing what nobody can use any more.

use nix::unistd::Uid;
use shmstore::inspect::{InspectError, Removal, Segment, SegmentState, WhileAttached, segments};

use crate::about::{self, called, counted, times};
use crate::ask;
use crate::failure::{Failure, Outcome};
use crate::output::Output;
use crate::removal::settled;
use crate::text::shown;

/// Remove what is abandoned or orphaned, and attached by nobody
///
/// Abandoned: its creator died before it was whole. Orphaned: its anchor is gone, or another file is at its path, so that nobody can
/// find it. An object is never taken for an orphan because of its path if its creator had another mount namespace or another root directory
/// than this program, as in a container, or if that is not known: `shmstore ls` calls it "elsewhere". An anchor that was renamed within its directory, or whose file
/// system is not mounted, or to whose path a symbolic link leads now, is not taken for gone; one that was moved to another directory is, and so is
/// one in a directory that was renamed, or that a mount which is gone had bound there: look at what is to be removed. Asks first, unless --yes is given; without a terminal it is refused then.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Only say what would be removed, and why
    #[arg(short = 'n', long)]
    dry_run: bool,
    /// Do not ask
    #[arg(short, long)]
    yes: bool,
}

/// Removes.
///
/// # Errors
///
/// [`Failure::Refused`] if nobody has agreed; [`Failure::Other`] if something could not be removed.
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
        // Who is asked must have seen what about.
        told?;
    }
    let size = about::bytes(garbage.iter().map(|segment| segment.size).sum());
    if !ask::agreed(args.yes, &format!("Remove {}, {size}?", segments_of(garbage.len())))? {
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
                format!("not removed: {}: {}", called(segment), shown(&error.to_string()))
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

/// The segments that are abandoned or orphaned, in use or not.
///
/// # Errors
///
/// What the kernel refuses.
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
        SegmentState::Abandoned => "abandoned: its creator died before it was whole".into(),
        state => format!("{state}: {}", detail.unwrap_or_else(|| "its anchor is not what it was".into())),
    }
}

/// Why such a segment is not removed.
#[must_use]
pub fn kept(segment: &Segment) -> Option<String> {
    let (uid, owner) = (Uid::effective(), segment.owner);
    if segment.attached > 0 {
        Some(format!("attached {}", times(segment.attached)))
    } else if segment.description.is_none() && segment.state == SegmentState::Abandoned {
        Some("nothing is written in it: whoever creates an object at its key next takes it away".into())
    } else if !uid.is_root() && ![segment.owner, segment.creator].contains(&uid.as_raw()) {
        Some(format!("of user {owner}, whom user {uid} may not remove it from"))
    } else {
        None
    }
}

/// Removes it, if it still is what it was: somebody may have come to use it while we asked. Otherwise tells why not.
fn remove(segment: &Segment, removal: &mut Removal) -> Result<Option<String>, InspectError> {
    let now = match Segment::of_shmid(segment.shmid) {
        Ok(now) => now,
        Err(InspectError::Gone { .. }) => return Ok(Some("it is gone already".into())),
        Err(error) => return Err(error),
    };
    if !is_garbage(&now) {
        return Ok(Some(format!("it is {} now", now.state)));
    }
    match removal.remove(segment, WhileAttached::Refuse) {
        Ok(()) => Ok(None),
        Err(InspectError::Gone { .. }) => Ok(Some("it is gone already".into())),
        Err(InspectError::InUse { attached, .. }) => Ok(Some(format!("attached {} now", times(attached)))),
        Err(error) => Err(error),
    }
}
