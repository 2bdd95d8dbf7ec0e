//! `shmstore migrate`: migrating an object to another layout.

use std::path::PathBuf;

use serde::Serialize;
use shmstore::Store;
use shmstore::inspect::{Limits, Object, SavedObject, Segment};
use shmstore::migrate::{MigrateError, Migration};
use shmstore::schema::OwnedSchema;

use crate::about::{called, times};
use crate::anchors::Anchors;
use crate::failure::{Failure, Outcome};
use crate::migration::{self, Extent, Report};
use crate::output::{Output, say};
use crate::saved;
use crate::target::Target;
use crate::text::{shown, shown_path};

/// Migrate an object to another layout, with the values of all fields that both have
///
/// A field keeps its value if the new layout has a field with its name, and if its value
/// fits the new type. A field that only the new layout has is zero. The value of a field
/// that only the old layout has is lost. A value that does not fit, such as 300 for a u8,
/// is refused, and nothing is changed. --dry-run shows what would be done.
///
/// The new layout is a file. `shmstore schema --json` writes it for an object of the new
/// type, and so does a program with `println!("{}", Type::SCHEMA.to_json())`.
///
/// There is nothing to do if the object has the layout and the room already, or if it has
/// room and all fields of the layout, also if it has more. To enlarge the room alone, give
/// --room and the object's own layout. A room never shrinks without a change of layout.
///
/// No process may have the object attached. If this program is killed meanwhile, the object
/// is the old one or the new one, complete. The next process that attaches the object for
/// writing, or creates, removes or replaces it, finishes the migration or undoes it. A
/// read-only process does neither.
///
/// --json prints an object with the keys dry_run, needed (false if there is nothing to do),
/// size_before, size, room_before, room (in bytes, or null), carried, new, gone (arrays of
/// fields).
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Args {
    #[command(flatten)]
    target: Target,
    /// The new layout: a file with the JSON of its schema
    #[arg(long, value_name = "SCHEMA.json")]
    to: PathBuf,
    /// The size to which the new object can grow in all; the default is the room of the old object
    #[arg(long, value_name = "BYTES", value_parser = clap::value_parser!(u64).range(1..))]
    room: Option<u64>,
    /// Only show what would be done
    #[arg(short = 'n', long)]
    dry_run: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Migrates the object.
///
/// # Errors
///
/// The object or the file does not exist; [`Failure::Migrate`] if the object is in use, or if a value does not fit.
pub fn run(args: &Args) -> Result<Outcome, Failure> {
    let schema = saved::read_schema(&args.to)?;
    let segment = args.target.segment(|_| true)?;
    let object = Object::attach(&segment)?;
    let name = shown(&object.schema().to_string());
    let of = object.segment().description.as_ref();
    let (id, room) = of.map_or(('?', None), |of| (of.id, of.room));
    let before = Extent { size: object.schema().size(), room };
    let migration = if args.dry_run {
        converted(args, &object, &schema)?
    } else {
        // It would count as a process that uses the object.
        drop(object);
        store(args, &segment)?.migrate_to(id, &schema, args.room)?
    };
    let after = if migration.was_needed() { Extent::new(schema.size(), args.room.or(room)) } else { before };
    let report = Report::new(&migration, before, after);
    let mut output = Output::standard();
    if args.json {
        output.json(&Told { dry_run: args.dry_run, report })?;
    } else {
        tell(&mut output, args, &name, &report)?;
    }
    let done = output.finish()?;
    if args.dry_run && segment.attached > 0 {
        let often = times(segment.attached);
        say(&format!("note: {} is attached {often}, and is not migrated while it is in use", called(&segment)));
    }
    Ok(done)
}

#[derive(Serialize)]
struct Told {
    dry_run: bool,
    #[serde(flatten)]
    report: Report,
}

fn tell(output: &mut Output, args: &Args, name: &str, report: &Report) -> Result<(), Failure> {
    let path = shown_path(&args.target.path);
    if !report.is_needed() {
        output.line(&format!("nothing to do: {name} at {path} has all fields of the layout already"))?;
        if args.room > report.room() {
            output.line("To enlarge the room alone, give the object's own layout (`shmstore schema --json`).")?;
        }
        return Ok(());
    }
    let would = if args.dry_run { "would migrate" } else { "migrated" };
    output.line(&format!("{would} {name} at {path}"))?;
    for line in report.lines(output) {
        output.line(&line)?;
    }
    Ok(())
}

/// Converts a copy of the values.
fn converted(args: &Args, object: &Object, schema: &OwnedSchema) -> Result<Migration, Failure> {
    let old = SavedObject::of(object, &Limits::full());
    let old = old.map_err(|cause| Failure::Saved { path: args.target.path.clone(), cause })?;
    if !migration::is_needed(&old, schema, args.room) {
        return Ok(Migration::default());
    }
    Ok(old.convert_to(schema).map_err(MigrateError::from)?.1)
}

/// Opens the store at the anchor of a segment.
fn store(args: &Args, segment: &Segment) -> Result<Store, Failure> {
    let anchors = Anchors::of(&args.target.path);
    let lost = || {
        let why = "its anchor no longer exists, so no program could find the new object: save and load it instead";
        Failure::Refused(format!("{} cannot be migrated: {why}", called(segment)))
    };
    Ok(Store::open(&anchors.of_segment(segment).ok_or_else(lost)?.path)?)
}
