//! `shmstore load`: creating an object from a file.

use std::path::PathBuf;

use shmstore::CreateError;
use shmstore::inspect::{Object, SavedObject, Segment};
use shmstore::migrate::MigrateError;
use shmstore::schema::LayoutDiff;

use super::load_group;
use crate::about::called;
use crate::destination::{Destination, Making, octal};
use crate::failure::{Failure, Outcome};
use crate::group::Group;
use crate::layouts;
use crate::migration::{Before, Extent, Report};
use crate::output::Output;
use crate::removal::would_be_split;
use crate::saved;
use crate::text::{shown, shown_lines, shown_path};

/// Create an object from a file that `shmstore save` has written, or many objects
///
/// A file of `save --recursive` has the objects of a directory. load creates all of them
/// in the directory PATH, with the names and directories that they had. First it checks
/// every object in the file, and every place where one goes. If one is damaged or cannot
/// be created there, load names it and creates none. If a creation fails then, load says
/// which objects were loaded.
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
    pub(super) file: PathBuf,
    /// The anchor of the new object: a directory or file, or `DIR/NAME` for a name that exists or --named
    #[arg(value_name = "PATH[/NAME]")]
    pub(super) path: PathBuf,
    /// PATH is DIR/NAME: create the name if it does not exist
    #[arg(long)]
    pub(super) named: bool,
    /// Replace an object that exists
    #[arg(long)]
    pub(super) replace: bool,
    /// Convert the values to the layout of the object that exists, or to --to, and replace the object
    #[arg(long)]
    pub(super) convert: bool,
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

impl Args {
    fn making(&self) -> Making {
        Making { mode: self.mode, max_processes: self.max_processes }
    }
}

/// Creates the object.
///
/// # Errors
///
/// The file is not a saved object; [`Failure::Refused`] if an object exists; an error of the store.
pub fn run(args: &Args) -> Result<Outcome, Failure> {
    if let Some(group) = Group::open(&args.file)? {
        return load_group::run(args, &group);
    }
    let saved = saved::read(&args.file)?;
    let destination = Destination::of(&args.path, args.named, saved.id())?;
    let old = destination.object(saved.id())?;
    let (saved, report) = match args.convert {
        true => converted(saved, args, old.as_ref()).map(|(saved, report)| (saved, Some(report)))?,
        false => (saved, None),
    };
    if let Some(old) = &old {
        must_be_replaceable(old, &saved, args)?;
    }
    make(args, &destination, &saved, old.as_ref())?;
    let mut output = Output::standard();
    if destination.is_new() {
        output.line(&destination.made())?;
    }
    output.line(&format!("loaded {} to {}", shown(&saved.schema().to_string()), shown_path(&args.path)))?;
    for line in report.filter(Report::is_needed).map_or_else(Vec::new, |report| report.lines(&output)) {
        output.line(&line)?;
    }
    output.finish()
}

/// Makes the object. If that fails, a new anchor is removed.
pub(super) fn make(
    args: &Args,
    destination: &Destination,
    saved: &SavedObject,
    old: Option<&Segment>,
) -> Result<(), Failure> {
    let made = destination.store(&args.making(), old).and_then(|store| {
        let made = if args.replace || args.convert { saved.replace_in(&store) } else { saved.create_in(&store) };
        made.map_err(|error| refused(error, old))
    });
    made.inspect_err(|_| destination.clear())
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

/// Refuses to replace an object of another layout, or to replace it without `--replace`.
pub(super) fn must_be_replaceable(old: &Segment, saved: &SavedObject, args: &Args) -> Result<(), Failure> {
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
