//! `shmstore rm`: removing an object.

use shmstore::inspect::{Segment, WhileAttached};

use crate::about::{called, times};
use crate::ask;
use crate::failure::{Failure, Outcome};
use crate::output::Output;
use crate::removal::settled;
use crate::target::Target;

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
    // What the kernel has removed already is only waited for.
    let segment = target.segment(|segment| segment.key.to_raw() != 0)?;
    Ok(settled(vec![segment]).remove(0))
}
