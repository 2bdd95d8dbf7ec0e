//! `shmstore load`: an object from a file.

use std::fs;
use std::path::{Path, PathBuf};

use shmstore::inspect::{Object, SavedObject, Segment, SegmentState, WhileAttached};
use shmstore::{LayoutDiff, Store};

use crate::about::called;
use crate::anchors::{Anchors, anchor, is_certain, is_name};
use crate::failure::{Failure, Outcome};
use crate::output::Output;
use crate::saved;
use crate::text::{shown, shown_lines};

/// Make an object of a file that `shmstore save` has written
///
/// If there is no PATH, a directory is made, of mode 0700, but not in a directory that holds objects or names: there, say --named, or make
/// the directory first. An object of the same id that is there already is kept: with --replace it is removed
/// first, if it has the same layout and nobody has it attached. Where the layout differs, the difference is shown.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The file
    file: PathBuf,
    /// The directory or file that the object is to stand at; `DIR/NAME` for a name that is there, or with --named
    #[arg(value_name = "PATH[/NAME]")]
    path: PathBuf,
    /// PATH is DIR/NAME: make the name if there is none
    #[arg(long)]
    named: bool,
    /// Remove the object that is there
    #[arg(long)]
    replace: bool,
    /// The permission bits of the object, and of a PATH that is made
    #[arg(long, value_name = "MODE", value_parser = octal, default_value = "600")]
    mode: u32,
}

fn octal(mode: &str) -> Result<u32, String> {
    u32::from_str_radix(mode, 8).map_err(|_| "an octal number, such as 660".into())
}

/// Makes it.
///
/// # Errors
///
/// The file is no saved object; [`Failure::Refused`] if an object is there; what the store refuses.
pub fn run(args: &Args) -> Result<Outcome, Failure> {
    let saved = saved::read(&args.file)?;
    let made = missing(args)?;
    let store = store(args)?;
    for there in at(store.path(), saved.id())? {
        make_way(&there, &saved, args)?;
    }
    saved.create_in(&store).map_err(|error| Failure::Other(error.to_string()))?;
    let mut output = Output::standard();
    let (of, path) = (shown(&saved.schema().to_string()), shown(&args.path.display().to_string()));
    for made in made {
        output.line(&format!("made {made}"))?;
    }
    output.line(&format!("loaded {of} to {path}"))?;
    output.finish()?;
    Ok(Outcome::Done)
}

/// What is to be made for the object to stand at, in words. Refused if that would be a directory where most likely a name was meant.
fn missing(args: &Args) -> Result<Vec<String>, Failure> {
    let in_words = |path: &Path| shown(&path.display().to_string());
    let parent = args.path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if !args.named {
        if anchor(&args.path).is_ok() {
            return Ok(Vec::new());
        }
        if is_of_a_store(parent)? {
            return Err(Failure::Refused(format!(
                "nothing is at {}, and {} is a store's directory: say --named, or make the directory first",
                in_words(&args.path),
                in_words(parent)
            )));
        }
        return Ok(vec![format!("directory {}", in_words(&args.path))]);
    }
    let Some(name) = args.path.file_name() else { return Ok(Vec::new()) };
    let mut file = args.path.clone().into_os_string();
    file.push(".shm");
    let mut made = Vec::new();
    if !parent.exists() {
        made.push(format!("directory {}", in_words(parent)));
    }
    if !Path::new(&file).exists() {
        made.push(format!("name {} in {}", in_words(Path::new(name)), in_words(parent)));
    }
    Ok(made)
}

/// Whether a directory has names in it, or objects stand at it.
fn is_of_a_store(directory: &Path) -> Result<bool, Failure> {
    if fs::read_dir(directory).into_iter().flatten().flatten().any(|entry| is_name(&entry.path())) {
        return Ok(true);
    }
    Ok(Anchors::exactly(directory).standing()?.iter().any(is_certain))
}

fn store(args: &Args) -> Result<Store, Failure> {
    let refused = |error: shmstore::OpenError| Failure::Other(error.to_string());
    let options = Store::options().mode(args.mode);
    if !args.named {
        let path = anchor(&args.path).unwrap_or_else(|_| args.path.clone());
        return options.open_or_create(path).map_err(refused);
    }
    let directory = args.path.parent().filter(|directory| !directory.as_os_str().is_empty());
    let name = args.path.file_name().and_then(|name| name.to_str());
    let name = name.ok_or_else(|| Failure::Other(format!("no name: {}", shown(&args.path.display().to_string()))))?;
    let directory = options.open_or_create(directory.unwrap_or(Path::new("."))).map_err(refused)?;
    directory.named(name).map_err(refused)
}

fn at(path: &Path, id: char) -> Result<Vec<Segment>, Failure> {
    let mut there = Anchors::exactly(path).standing()?;
    there.retain(|segment| {
        let is_it = segment.description.as_ref().is_some_and(|of| of.id == id);
        is_it && !matches!(segment.state, SegmentState::Retired | SegmentState::Orphaned)
    });
    Ok(there)
}

/// Removes an object that is there, if that was asked for and harms nobody.
fn make_way(there: &Segment, saved: &SavedObject, args: &Args) -> Result<(), Failure> {
    let file = shown(&args.file.display().to_string());
    {
        // Looking at it is using it, as the kernel counts.
        let object = Object::attach(there)?;
        let diff = LayoutDiff::between(saved.schema(), object.schema());
        if !diff.is_empty() {
            let table = shown_lines(&diff.table("the file", "the object").to_string());
            let of = called(there);
            return Err(Failure::Refused(format!(
                "{of} has another layout than {file}; it was left as it is\n{table}"
            )));
        }
    }
    if !args.replace {
        return Err(Failure::Refused(format!("{} is there; to remove it first, say --replace", called(there))));
    }
    Ok(there.remove(WhileAttached::Refuse)?)
}
