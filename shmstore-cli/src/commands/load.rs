//! `shmstore load`: creating an object from a file.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use nix::unistd::Uid;
use shmstore::inspect::{Object, SavedObject, Segment, SegmentState};
use shmstore::migrate::MigrateError;
use shmstore::schema::LayoutDiff;
use shmstore::{CreateError, OpenError, Store};

use crate::about::{self, called};
use crate::anchors::{Anchors, is_certain, is_name};
use crate::failure::{Failure, Outcome};
use crate::layouts;
use crate::migration::{Before, Extent, Report};
use crate::output::Output;
use crate::removal::would_be_split;
use crate::saved;
use crate::text::{shown, shown_lines, shown_path};

/// Create an object from a file that `shmstore save` has written
///
/// If PATH does not exist, load creates a directory of mode 0700. The parent must
/// exist. In a directory that holds objects or names, use --named or create the
/// directory first. If the load fails, the new directory or name is removed.
///
/// If PATH has an object of the same id, load keeps it and fails. --replace removes
/// the old object first, on these conditions:
///   the layouts are the same; otherwise their differences are shown
///   no process has the old object attached
///   the limits of the kernel allow the new object
///
/// If this program is killed between the removal and the creation, no object is
/// left: load the file again.
///
/// The new object has the room of the file, and none if the file has none. An object
/// that has grown since the file was saved has another layout: use --convert.
///
/// --convert first converts the values by the rules of `shmstore migrate`, and says what
/// became of each field. They get the layout of the object that exists, or the layout in
/// the file of --to. If an object exists, --to must be its layout. The new object has
/// the room of the old one, if that is larger. Then load goes on as with --replace.
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Args {
    /// The file
    file: PathBuf,
    /// The anchor of the new object: a directory or file, or `DIR/NAME` for a name that exists or --named
    #[arg(value_name = "PATH[/NAME]")]
    path: PathBuf,
    /// PATH is DIR/NAME: create the name if it does not exist
    #[arg(long)]
    named: bool,
    /// Replace an object that exists
    #[arg(long)]
    replace: bool,
    /// Convert the values to the layout of the object that exists, or to --to, and replace the object
    #[arg(long)]
    convert: bool,
    /// The layout to convert to: a file of `shmstore schema --json`, a saved object, or the path of another object
    #[arg(long, value_name = "SCHEMA.json", requires = "convert")]
    to: Option<PathBuf>,
    /// The permission bits of the object and of a new PATH; the default is 600, or the mode of the replaced object
    #[arg(long, value_name = "MODE", value_parser = octal)]
    mode: Option<u32>,
    /// How many processes can have the object attached for writing; the default is 128, or the number of the replaced
    /// object
    #[arg(long, value_name = "N")]
    max_processes: Option<u32>,
}

fn octal(mode: &str) -> Result<u32, String> {
    u32::from_str_radix(mode, 8).map_err(|_| "write an octal number, such as 660".into())
}

/// Creates the object.
///
/// # Errors
///
/// The file is not a saved object; [`Failure::Refused`] if an object exists; an error of the store.
pub fn run(args: &Args) -> Result<Outcome, Failure> {
    let saved = saved::read(&args.file)?;
    let destination = Destination::of(args, saved.id())?;
    let old = destination.object(saved.id())?;
    let (saved, report) = match args.convert {
        true => converted(saved, args, old.as_ref()).map(|(saved, report)| (saved, Some(report)))?,
        false => (saved, None),
    };
    if let Some(old) = &old {
        must_be_replaceable(old, &saved, args)?;
    }
    let made = destination.store(args, old.as_ref()).map_err(Failure::from).and_then(|store| {
        let made = if args.replace || args.convert { saved.replace_in(&store) } else { saved.create_in(&store) };
        made.map_err(|error| refused(error, old.as_ref()))
    });
    if let Err(failure) = made {
        destination.clear();
        return Err(failure);
    }
    let mut output = Output::standard();
    if destination.is_new {
        output.line(&destination.made())?;
    }
    output.line(&format!("loaded {} to {}", shown(&saved.schema().to_string()), shown_path(&args.path)))?;
    for line in report.filter(Report::is_needed).map_or_else(Vec::new, |report| report.lines(&output)) {
        output.line(&line)?;
    }
    output.finish()
}

/// Converts the values. The new object has the room of the file or of the object that exists, whichever is larger.
fn converted(saved: SavedObject, args: &Args, old: Option<&Segment>) -> Result<(SavedObject, Report), Failure> {
    let schema = match (&args.to, old) {
        (Some(file), _) => layouts::file_or_object(file, None)?,
        (None, Some(old)) => Object::attach(old)?.schema().clone(),
        (None, None) => {
            let why = "has no object of this id whose layout the values could get: give a layout with --to";
            return Err(Failure::NotFound(format!("{} {why}", shown_path(&args.path))));
        }
    };
    let (converted, migration) = saved.convert_to(&schema).map_err(MigrateError::from)?;
    let room = old.and_then(|old| old.description.as_ref()?.room);
    let room = converted.room().max(room);
    let converted = converted.with_room(room);
    let was = Before { values: saved.read(&Before::limits()), schema: saved.schema().clone() };
    let report = Report::new(&migration, Extent::of(&saved), Extent::of(&converted)).with_notes(&was, &schema);
    Ok((converted, report))
}

/// The anchor of the new object.
struct Destination<'a> {
    path: &'a Path,
    /// The name of a named object.
    name: Option<&'a str>,
    anchor: PathBuf,
    /// Whether the anchor does not exist yet.
    is_new: bool,
}

impl<'a> Destination<'a> {
    /// Finds the anchor. Refuses to create a directory where the user probably means a name.
    fn of(args: &'a Args, id: char) -> Result<Self, Failure> {
        let (path, parent) = (args.path.as_path(), saved::parent(&args.path));
        if args.named {
            let name = path.file_name().and_then(|name| name.to_str());
            let name = name.ok_or_else(|| Failure::Other(format!("{} does not end in a name", shown_path(path))))?;
            saved::must_be_there(parent)?;
            let anchor = parent.join(format!("{name}.shm"));
            let is_new = !is_there(&anchor)?;
            return Ok(Self { path, name: Some(name), anchor, is_new });
        }
        if let Some(anchor) = the_one_there(path, id)? {
            if saved::is_saved(&anchor) {
                let why = "is a saved object, and cannot be the anchor of a shared object";
                return Err(Failure::Refused(format!("{} {why}", shown_path(&anchor))));
            }
            return Ok(Self { path, name: None, anchor, is_new: false });
        }
        is_there(path)?;
        saved::must_be_there(parent)?;
        if is_of_a_store(parent)? {
            return Err(Failure::Refused(format!(
                "{} does not exist, and {} holds objects or names: use --named, or create the directory first",
                shown_path(path),
                shown_path(parent)
            )));
        }
        Ok(Self { path, name: None, anchor: path.into(), is_new: true })
    }

    /// Returns the object of that id at the anchor, or the journal of which it is going to be made. Remains of a dead
    /// creator do not count.
    fn object(&self, id: char) -> Result<Option<Segment>, Failure> {
        use SegmentState::{Abandoned, Initializing, Journal, Orphaned, Removed};
        if self.is_new {
            return Ok(None);
        }
        let there = Anchors::exactly(&self.anchor).standing()?;
        let is_object = |segment: &Segment| {
            let is_complete = !matches!(segment.state, Removed | Orphaned | Initializing | Abandoned);
            about::id(segment) == Some(id) && is_complete && is_believed(segment)
        };
        Ok(there.into_iter().filter(is_object).min_by_key(|segment| segment.state == Journal))
    }

    /// Opens the store, and creates the anchor. The defaults of the options are those of the replaced object.
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

    /// Says what was created.
    fn made(&self) -> String {
        match self.name {
            None => format!("created directory {}", shown_path(self.path)),
            Some(name) => format!("created name {} in {}", shown(name), shown_path(saved::parent(self.path))),
        }
    }

    /// Removes a new anchor, if it has no object. Errors are ignored, because the load has failed already.
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

/// Returns `false` for a segment at the key of a journal that the store ignores. Any user can make one there, and would
/// choose mode, layout and room of the new object.
fn is_believed(segment: &Segment) -> bool {
    let trusted = [0, Uid::effective().as_raw()];
    let is_at_journal_key = segment.key.to_raw() < 0;
    !is_at_journal_key || [segment.owner, segment.creator].iter().all(|user| trusted.contains(user))
}

/// Returns the anchor that a path means, if it exists. Of a directory and the name beside it, it is the one with an
/// object of that id.
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
            let (path, all) = (shown_path(path), all.join(" or "));
            return Err(Failure::Ambiguous(format!("{path} may mean {all}: write one of them")));
        }
    }
    Ok(there.first().map(|anchor| anchor.components().collect()))
}

fn is_there(path: &Path) -> Result<bool, Failure> {
    match path.try_exists() {
        Err(source) if source.kind() == ErrorKind::PermissionDenied => Err(Failure::at(path)(source)),
        there => Ok(there.unwrap_or(false)),
    }
}

/// Returns `true` if a directory has objects or names. A name is a file `….shm` that is empty or has objects.
fn is_of_a_store(directory: &Path) -> Result<bool, Failure> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten().filter(|entry| is_name(&entry.path()));
    let mut files = entries.filter_map(|entry| entry.metadata().ok()).filter(fs::Metadata::is_file);
    Ok(files.any(|file| file.len() == 0) || Anchors::with_names(&directory.join("")).standing()?.iter().any(is_certain))
}

/// Refuses to replace an object of another layout, or to replace it without `--replace`.
fn must_be_replaceable(old: &Segment, saved: &SavedObject, args: &Args) -> Result<(), Failure> {
    let object = Object::attach(old)?;
    let diff = LayoutDiff::between(saved.schema(), object.schema());
    if !diff.is_empty() {
        let table = shown_lines(&diff.table("the file", "the object").to_string());
        let cure = if args.convert { "" } else { "\n--convert converts the values to the layout of the object" };
        return Err(Failure::Refused(format!(
            "{} has another layout than {}, and was not replaced\n{table}{cure}",
            called(old),
            shown_path(args.to.as_ref().unwrap_or(&args.file))
        )));
    }
    if !args.replace && !args.convert {
        return Err(Failure::Refused(format!("{} exists already: use --replace to remove it first", called(old))));
    }
    Ok(())
}

fn refused(error: CreateError, old: Option<&Segment>) -> Failure {
    match (error, old) {
        (CreateError::InUse { attached, .. }, Some(old)) => Failure::Refused(format!(
            "{}. `shmstore show` lists these processes. End them, or remove the object with `shmstore rm --force`, \
             and load again",
            would_be_split(old, attached)
        )),
        (error, _) => Failure::Create(error),
    }
}
