//! `shmstore rm`: removing an object.

use std::fs;
use std::path::{Path, PathBuf};

use shmstore::Store;
use shmstore::inspect::{Segment, SegmentState, WhileAttached};

use crate::about::{called, times};
use crate::anchors::Anchors;
use crate::ask;
use crate::failure::{Failure, Outcome};
use crate::output::Output;
use crate::removal::settled;
use crate::target::Target;
use crate::text::shown_path;

/// Remove an object
///
/// Asks first, unless --yes is given; without a terminal it is refused then. One that somebody has attached is removed only with
/// --force: it lives on for those who have it, and nobody else finds it; who only looks, as `shmstore watch` does, has it attached, too. What is
/// none of shmstore's is never removed. The directory or file that the object stands at is left, and so is the file `NAME.shm` of a name, but for
/// --forget.
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
    #[arg(conflicts_with_all = ["path", "type_name", "forget"])]
    segment: Option<i32>,
    /// The name's file, too, if no other object stands at it; also if none is left
    #[arg(long)]
    forget: bool,
    /// Do not ask
    #[arg(short, long)]
    yes: bool,
    /// Also if somebody has it attached
    #[arg(short, long)]
    force: bool,
}

/// What is to be removed.
struct Meant {
    /// `None` if only the name is left.
    segment: Option<Segment>,
    /// The file of the name that it stands at.
    name: Option<PathBuf>,
}

/// Removes it.
///
/// # Errors
///
/// No such object, or more than one; [`Failure::Refused`] if it is not ours, or in use, or nobody has agreed.
pub fn run(args: &Args) -> Result<Outcome, Failure> {
    let Meant { segment, name } = find(args)?;
    let mut what = Vec::new();
    if let Some(segment) = &segment {
        if segment.state == SegmentState::Foreign {
            return Err(Failure::Refused(format!("{} is none of shmstore's", called(segment))));
        }
        let in_use = segment.attached > 0;
        if in_use && !args.force {
            return Err(in_use_by_others(segment));
        }
        let users = if in_use { format!(", which is attached {}", times(segment.attached)) } else { String::new() };
        what.push(format!("{}{users}", called(segment)));
    }
    let forgetting = if args.forget { Some(Forgetting::new(args, name.as_deref(), segment.as_ref())?) } else { None };
    what.extend(forgetting.as_ref().map(Forgetting::called));
    if !ask::agreed(args.yes, &format!("Remove {}?", what.join(", and ")))? {
        return Err(Failure::Refused("nothing was removed".into()));
    }
    let mut done = Vec::new();
    if let Some(segment) = segment {
        segment.remove(if args.force { WhileAttached::Remove } else { WhileAttached::Refuse })?;
        done.push(format!("removed {}", called(&segment)));
    }
    let forgotten = forgetting.as_ref().map_or(Ok(()), Forgetting::forget);
    match (&forgetting, &forgotten, &name) {
        (Some(forgetting), Ok(()), _) => done.push(format!("removed {}", forgetting.called())),
        (None, _, Some(name)) => {
            done.push(format!("left the name's file {}: `shmstore rm --forget` removes it", in_words(name)))
        }
        _ => {}
    }
    let told = Output::done(&done);
    forgotten.and(told).map(|()| Outcome::Done)
}

fn in_words(path: &Path) -> String {
    shown_path(path)
}

fn in_use_by_others(segment: &Segment) -> Failure {
    Failure::Refused(format!(
        "{} is attached {}: whoever has it attached would keep it, and nobody else would find it. Programs that only look, such as \
         `shmstore watch`, count, too. End them first, or say --force",
        called(segment),
        times(segment.attached)
    ))
}

fn find(args: &Args) -> Result<Meant, Failure> {
    let Some(path) = &args.path else {
        return Ok(Meant { segment: Some(numbered(args.segment.unwrap_or_default())?), name: None });
    };
    let anchors = Anchors::of(path);
    let target = Target { path: path.clone(), type_name: args.type_name.clone() };
    // What the kernel has removed already is only waited for.
    let segment = match target.segment(|segment| segment.key.to_raw() != 0) {
        Err(Failure::NotFound(_)) if args.forget && args.type_name.is_none() && anchors.name().is_some() => {
            return Ok(Meant { segment: None, name: anchors.name().map(Path::to_owned) });
        }
        found => found?,
    };
    let stands_at = anchors.of_segment(&segment).map(|anchor| anchor.path.as_path());
    let name = anchors.name().filter(|name| stands_at == Some(name)).map(Path::to_owned);
    Ok(Meant { segment: Some(settled(vec![segment]).remove(0)), name })
}

fn numbered(shmid: i32) -> Result<Segment, Failure> {
    let none =
        || Failure::NotFound(format!("there is no segment {shmid}: `shmstore ls --json` shows the numbers of all"));
    let segment = Segment::of_shmid(shmid).map_err(|_| none())?;
    if segment.key.to_raw() == 0 && segment.state == SegmentState::Removed {
        let why = "was removed already: it lives on for those who have it attached";
        return Err(Failure::NotFound(format!("{} {why}", called(&segment))));
    }
    Ok(settled(vec![segment]).remove(0))
}

/// The removal of a name, that was asked for.
struct Forgetting {
    store: Store,
    file: PathBuf,
    name: String,
}

impl Forgetting {
    /// Sees whether it can be done, before anything is removed.
    fn new(args: &Args, file: Option<&Path>, going: Option<&Segment>) -> Result<Self, Failure> {
        let asked = args.path.as_deref().unwrap_or(Path::new(""));
        let no_name =
            || Failure::Refused(format!("{} is no name that is there: say it without --forget", in_words(asked)));
        let file = file.ok_or_else(no_name)?;
        let name = file.file_stem().and_then(|name| name.to_str()).ok_or_else(no_name)?;
        let directory = file.parent().filter(|directory| !directory.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let store = Store::open(directory)?;
        let stays = |why: &str| {
            Failure::Refused(format!("the name's file {} must stay: {why}. Say it without --forget", in_words(file)))
        };
        let stat = fs::symlink_metadata(file).map_err(|source| Failure::File { path: file.into(), source })?;
        if !stat.is_file() || stat.len() > 0 {
            return Err(stays("it is no empty file, as those of names are"));
        }
        drop(store.open_named(name)?);
        let going = going.map(|segment| segment.shmid);
        let others = Anchors::exactly(file).standing()?.into_iter().filter(|one| Some(one.shmid) != going);
        let others: Vec<String> = others.filter(|one| one.key.to_raw() != 0).map(|one| called(&one)).collect();
        if !others.is_empty() {
            return Err(stays(&format!("{} may stand at it, too", others.join(", "))));
        }
        Ok(Self { store, file: file.into(), name: name.into() })
    }

    fn called(&self) -> String {
        format!("the name's file {}", in_words(&self.file))
    }

    fn forget(&self) -> Result<(), Failure> {
        self.store.remove_name(&self.name)?;
        Ok(())
    }
}
