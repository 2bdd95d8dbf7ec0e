//! `shmstore load`: an object from a file.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use shmstore::inspect::{Object, SavedObject, Segment, SegmentState};
use shmstore::schema::LayoutDiff;
use shmstore::{CreateError, OpenError, Store};

use crate::about::{self, called, times};
use crate::anchors::{Anchors, is_certain, is_name};
use crate::failure::{Failure, Outcome};
use crate::output::Output;
use crate::saved;
use crate::text::{shown, shown_lines, shown_path};

/// Make an object of a file that `shmstore save` has written
///
/// If there is no PATH, a directory is made, of mode 0700, but not in a directory that holds objects or names: there, say --named, or make
/// the directory first. The directory above must be there. What was made is removed again if there is no object in the end.
///
/// An object of the same id that is there already is kept: with --replace it is removed first, if it has the same layout, nobody has it
/// attached, and the kernel's limits allow the new one. Where the layout differs, the difference is shown. Whoever ends this program
/// by force in that moment leaves no object: load the file again.
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
    /// The permission bits of the object, and of a PATH that is made: 600, or those of the object that is replaced
    #[arg(long, value_name = "MODE", value_parser = octal)]
    mode: Option<u32>,
    /// How many processes can have the object attached for writing: 128, or as many as the one that is replaced
    #[arg(long, value_name = "N")]
    max_processes: Option<u32>,
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
    let place = Place::of(args, saved.id())?;
    let old = place.object(saved.id())?;
    if let Some(old) = &old {
        must_be_replaceable(old, &saved, args)?;
    }
    let made = place.store(args, old.as_ref()).map_err(Failure::from).and_then(|store| {
        let made = if args.replace { saved.replace_in(&store) } else { saved.create_in(&store) };
        made.map_err(|error| refused(error, old.as_ref()))
    });
    if let Err(failure) = made {
        place.clear();
        return Err(failure);
    }
    let mut output = Output::standard();
    if place.is_new {
        output.line(&place.made())?;
    }
    output.line(&format!("loaded {} to {}", shown(&saved.schema().to_string()), shown_path(&args.path)))?;
    output.finish()?;
    Ok(Outcome::Done)
}

/// Where the object is to stand.
struct Place<'a> {
    path: &'a Path,
    /// If it is a name of the directory that it is in.
    name: Option<&'a str>,
    anchor: PathBuf,
    /// Whether the anchor is to be made.
    is_new: bool,
}

impl<'a> Place<'a> {
    /// Refused if a directory would be made where most likely a name was meant.
    fn of(args: &'a Args, id: char) -> Result<Self, Failure> {
        let (path, parent) = (args.path.as_path(), saved::parent(&args.path));
        if args.named {
            let name = path.file_name().and_then(|name| name.to_str());
            let name = name.ok_or_else(|| Failure::Other(format!("no name: {}", shown_path(path))))?;
            saved::must_be_there(parent)?;
            let anchor = parent.join(format!("{name}.shm"));
            let is_new = !is_there(&anchor)?;
            return Ok(Self { path, name: Some(name), anchor, is_new });
        }
        if let Some(anchor) = the_one_there(path, id)? {
            if saved::is_saved(&anchor) {
                let why = "a saved object, and no place for a shared one";
                return Err(Failure::Refused(format!("{} is {why}", shown_path(&anchor))));
            }
            return Ok(Self { path, name: None, anchor, is_new: false });
        }
        is_there(path)?;
        saved::must_be_there(parent)?;
        if is_of_a_store(parent)? {
            return Err(Failure::Refused(format!(
                "nothing is at {}, and {} is a store's directory: say --named, or make the directory first",
                shown_path(path),
                shown_path(parent)
            )));
        }
        Ok(Self { path, name: None, anchor: path.into(), is_new: true })
    }

    /// The object of that id that stands there. What a dead creator has left is nobody's.
    fn object(&self, id: char) -> Result<Option<Segment>, Failure> {
        use SegmentState::{Abandoned, Initializing, Orphaned, Removed};
        if self.is_new {
            return Ok(None);
        }
        let there = Anchors::exactly(&self.anchor).standing()?;
        Ok(there.into_iter().find(|segment| {
            about::id(segment) == Some(id) && !matches!(segment.state, Removed | Orphaned | Initializing | Abandoned)
        }))
    }

    /// Opens the store, making the anchor. What the options do not say, an object that is to be replaced hands on.
    fn store(&self, args: &Args, old: Option<&Segment>) -> Result<Store, OpenError> {
        let mut options = Store::options();
        if let Some(mode) = args.mode.or(old.map(|old| old.mode & 0o666 | 0o600)) {
            options = options.mode(mode);
        }
        let slots = old.and_then(|old| Some(old.description.as_ref()?.max_processes));
        if let Some(slots) = args.max_processes.or(slots) {
            options = options.max_processes(slots);
        }
        match self.name {
            None => options.open_or_create(&self.anchor),
            Some(name) => options.open(saved::parent(self.path))?.open_or_create_named(name),
        }
    }

    /// What was made for it, in words.
    fn made(&self) -> String {
        match self.name {
            None => format!("made directory {}", shown_path(self.path)),
            Some(name) => format!("made name {} in {}", shown(name), shown_path(saved::parent(self.path))),
        }
    }

    /// Removes what was made, if nothing stands there: no more can be done.
    fn clear(&self) {
        if !self.is_new {
            return;
        }
        match self.name {
            Some(name) => drop(Store::open(saved::parent(self.path)).and_then(|directory| directory.remove_name(name))),
            None => {
                if Anchors::exactly(&self.anchor).standing().is_ok_and(|there| there.is_empty()) {
                    drop(fs::remove_dir(&self.anchor));
                }
            }
        }
    }
}

/// The anchor that a path means, if one is there: of a directory and the name beside it, the one at which an object of that id stands.
fn the_one_there(path: &Path, id: char) -> Result<Option<PathBuf>, Failure> {
    let anchors = Anchors::of(path);
    let mut there = anchors.there();
    if there.len() > 1 {
        there.retain(|anchor| {
            let standing = Anchors::exactly(anchor).standing();
            standing.is_ok_and(|there| there.iter().any(|one| about::id(one) == Some(id) && is_certain(one)))
        });
        if there.len() != 1 {
            let all: Vec<String> = anchors.there().into_iter().map(shown_path).collect();
            return Err(Failure::Ambiguous(format!("{} may be {}: say which", shown_path(path), all.join(" or "))));
        }
    }
    Ok(there.first().map(|anchor| anchor.components().collect()))
}

fn is_there(path: &Path) -> Result<bool, Failure> {
    match path.try_exists() {
        Err(source) if source.kind() == ErrorKind::PermissionDenied => Err(Failure::File { path: path.into(), source }),
        there => Ok(there.unwrap_or(false)),
    }
}

/// Whether objects stand at a directory, or it has names: files that end with `.shm`, and are empty, or objects stand at them.
fn is_of_a_store(directory: &Path) -> Result<bool, Failure> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten().filter(|entry| is_name(&entry.path()));
    let mut files = entries.filter_map(|entry| entry.metadata().ok()).filter(fs::Metadata::is_file);
    Ok(files.any(|file| file.len() == 0) || Anchors::with_names(&directory.join("")).standing()?.iter().any(is_certain))
}

/// Refuses to replace an object of another layout, or one that was not to be replaced.
fn must_be_replaceable(old: &Segment, saved: &SavedObject, args: &Args) -> Result<(), Failure> {
    let object = Object::attach(old)?;
    let diff = LayoutDiff::between(saved.schema(), object.schema());
    if !diff.is_empty() {
        let table = shown_lines(&diff.table("the file", "the object").to_string());
        return Err(Failure::Refused(format!(
            "{} has another layout than {}; it was left as it is\n{table}",
            called(old),
            shown_path(&args.file)
        )));
    }
    if !args.replace {
        return Err(Failure::Refused(format!("{} is there; to remove it first, say --replace", called(old))));
    }
    Ok(())
}

fn refused(error: CreateError, old: Option<&Segment>) -> Failure {
    match (error, old) {
        (CreateError::InUse { attached, .. }, Some(old)) => Failure::Refused(format!(
            "{} is attached {}: whoever has it attached would keep it, and nobody else would find it. End these processes first (`shmstore show` lists them), or \
             remove it with `shmstore rm --force`, and load again",
            called(old),
            times(attached)
        )),
        (error, _) => Failure::Create(error),
    }
}
