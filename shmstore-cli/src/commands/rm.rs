//! `shmstore rm`: removing an object.

use std::path::PathBuf;

use shmstore::inspect::{Segment, SegmentState, WhileAttached};

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
    /// The directory or file that the object stands at; `DIR/NAME` for a named one
    #[arg(value_name = "PATH[/NAME]", required_unless_present = "segment")]
    path: Option<PathBuf>,
    /// The type, or its letter, where more than one object stands at the path
    #[arg(value_name = "TYPE")]
    type_name: Option<String>,
    /// The segment with this number, as `ls --json` and `show` tell it: for one that no path leads to
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(i32).range(0..))]
    #[arg(conflicts_with_all = ["path", "type_name"])]
    segment: Option<i32>,
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
    let segment = find(args)?;
    let in_use = segment.attached > 0;
    if in_use && !args.force {
        return Err(in_use_by_others(&segment));
    }
    let users = if in_use { format!(", which is attached {}", times(segment.attached)) } else { String::new() };
    if !ask::agreed(args.yes, &format!("Remove {}{users}?", called(&segment)))? {
        return Err(Failure::Refused("nothing was removed".into()));
    }
    segment.remove(if args.force { WhileAttached::Remove } else { WhileAttached::Refuse })?;
    Output::done(&[format!("removed {}", called(&segment))])?;
    Ok(Outcome::Done)
}

fn in_use_by_others(segment: &Segment) -> Failure {
    Failure::Refused(format!(
        "{} is attached {}: whoever has it attached would keep it, and nobody else would find it. Programs that only look, such as \
         `shmstore watch`, count, too. End them first, or say --force",
        called(segment),
        times(segment.attached)
    ))
}

fn find(args: &Args) -> Result<Segment, Failure> {
    let Some(path) = &args.path else { return numbered(args.segment.unwrap_or_default()) };
    let target = Target { path: path.clone(), type_name: args.type_name.clone() };
    // What the kernel has removed already is only waited for.
    let segment = target.segment(|segment| segment.key.to_raw() != 0)?;
    Ok(settled(vec![segment]).remove(0))
}

fn numbered(shmid: i32) -> Result<Segment, Failure> {
    let none =
        || Failure::NotFound(format!("there is no segment {shmid}: `shmstore ls --json` shows the numbers of all"));
    let segment = Segment::of_shmid(shmid).map_err(|_| none())?;
    if segment.key.to_raw() == 0 && segment.state == SegmentState::Retired {
        let why = "was removed already: it lives on for those who have it attached";
        return Err(Failure::NotFound(format!("{} {why}", called(&segment))));
    }
    Ok(settled(vec![segment]).remove(0))
}
