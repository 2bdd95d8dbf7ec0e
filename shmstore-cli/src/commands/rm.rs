//! `shmstore rm`: removing an object.

use std::fs;
use std::os::unix::fs::MetadataExt;

use shmstore::inspect::{Segment, SegmentState, WhileAttached, segments};

use crate::about::{called, times};
use crate::ask;
use crate::failure::{Failure, Outcome};
use crate::output::Output;
use crate::removal::settled;
use crate::selection;
use crate::target::{Target, anchor, key_bits, none_of_type};
use crate::text::shown;

/// Remove an object
///
/// Asks first, unless --yes is given; without a terminal it is refused then. One that somebody has attached is removed only with
/// --force: it lives on for those who have it, and nobody else finds it; who only looks, as `shmstore watch` does, has it attached, too. What is
/// none of shmstore's is never removed.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    target: Target,
    /// Do not ask
    #[arg(short, long)]
    yes: bool,
    /// Also if somebody has it attached
    #[arg(short, long)]
    force: bool,
}

/// Removes it.
///
/// # Errors
///
/// No such object, or more than one; [`Failure::Refused`] if it is not ours, or in use, or nobody has agreed.
pub fn run(args: &Args) -> Result<Outcome, Failure> {
    let segment = find(&args.target)?;
    let in_use = segment.attached > 0;
    if in_use && !args.force {
        return Err(Failure::Refused(format!(
            "{} is attached {}: whoever has it attached would keep it, and nobody else would find it. Programs that only look, such as \
             `shmstore watch`, count, too. End them first, or say --force",
            called(&segment),
            times(segment.attached)
        )));
    }
    let users = if in_use { format!(", which is attached {}", times(segment.attached)) } else { String::new() };
    if !ask::agreed(args.yes, &format!("Remove {}{users}?", called(&segment)))? {
        return Err(Failure::Refused("nothing was removed".into()));
    }
    segment.remove(if args.force { WhileAttached::Remove } else { WhileAttached::Refuse })?;
    Output::done(&[format!("removed {}", called(&segment))])?;
    Ok(Outcome::Done)
}

fn find(target: &Target) -> Result<Segment, Failure> {
    let path = shown(&target.path.display().to_string());
    let mut there = selection::at(&target.path).or_else(|failure| match failure {
        Failure::NotFound(_) => Ok(Vec::new()),
        other => Err(other),
    })?;
    // What stands at the names in a directory does not stand at the directory. What the kernel has removed already is only waited for.
    there.retain(|segment| segment.key.to_raw() != 0);
    target.keep_those_there(&mut there);
    let (mut there, others): (Vec<_>, Vec<_>) = there.into_iter().partition(|segment| target.is_type_of(segment));
    // Orphans are of an earlier file at the path: `gc` is for them, unless there is nothing else.
    if there.iter().any(|segment| segment.state != SegmentState::Orphaned) {
        there.retain(|segment| segment.state != SegmentState::Orphaned);
    }
    if there.is_empty() {
        there = half_made(target)?;
    }
    match there.len() {
        1 => Ok(settled(there).remove(0)),
        0 => Err(Failure::NotFound(match &target.type_name {
            Some(asked) => none_of_type(asked, &target.path, &others),
            None => format!("no object to remove is at {path}: `shmstore ls` shows what there is"),
        })),
        count if are_alike(&there) => {
            let all =
                there.iter().filter_map(|segment| Some(shown(&anchor_of(segment)?))).collect::<Vec<_>>().join("; ");
            Err(Failure::Ambiguous(format!(
                "{count} objects of one type and id are at {path}: say which, by anchor: {all}"
            )))
        }
        count => {
            let all: Vec<String> = there.iter().map(called).collect();
            let all = all.join("; ");
            Err(Failure::Ambiguous(format!("{count} objects are at {path}: say which, by type or id: {all}")))
        }
    }
}

/// Whether two of them are told apart by their anchors alone: by the directory `foo`, and the file `foo.shm` of a name beside it.
fn are_alike(there: &[Segment]) -> bool {
    let of = |segment: &Segment| (segment.type_name().map(str::to_owned), segment.description.as_ref().map(|of| of.id));
    (1..there.len()).any(|at| there[..at].iter().any(|before| of(before) == of(&there[at])))
}

/// The anchor in words that `rm` takes: a directory with a `/`, or the name beside it would be meant, too.
fn anchor_of(segment: &Segment) -> Option<String> {
    let path = &segment.description.as_ref()?.path;
    Some(format!("{}{}", path.display(), if path.is_dir() { "/" } else { "" }))
}

/// What has the key of an object at the path, and does not say that it is one.
fn half_made(target: &Target) -> Result<Vec<Segment>, Failure> {
    let Ok(anchor) = anchor(&target.path) else { return Ok(Vec::new()) };
    let stat = fs::metadata(&anchor).map_err(|source| Failure::File { path: anchor, source })?;
    let bits = key_bits(stat.dev(), stat.ino());
    let mut there = segments()?;
    there.retain(|segment| {
        let key = segment.key.to_raw();
        let id = char::from(key.to_be_bytes()[0]).to_string();
        let is_asked_for = target.type_name.as_ref().is_none_or(|asked| *asked == id);
        segment.description.is_none() && key & 0x00ff_ffff == bits && is_asked_for
    });
    Ok(there)
}
