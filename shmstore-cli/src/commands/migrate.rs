//! `shmstore migrate`: migrating an object to another layout.

use std::path::PathBuf;

use serde::Serialize;
use shmstore::inspect::{Limits, Object, SavedObject};
use shmstore::migrate::{MigrateError, Migration, is_needed};
use shmstore::schema::OwnedSchema;

use crate::about::{called, times};
use crate::anchors::Anchors;
use crate::failure::{Failure, Outcome};
use crate::layouts;
use crate::leftovers;
use crate::migration::{Before, Extent, Report};
use crate::output::{Output, say};
use crate::target::Target;
use crate::text::{shown, shown_path};
use crate::writing;

/// Migrate an object to another layout, with the values of all fields that both have
///
/// A field keeps its value if the new layout has a field with its name, and if its value
/// fits the new type. A field that only the new layout has is zero. The value of a field
/// that only the old layout has is lost. A value that does not fit, such as 300 for a u8,
/// is refused, and nothing is changed. --dry-run shows what would be done. The output has
/// the value of a field that is lost, unless it is zero, and the types of a field that change.
///
/// The new layout is a file. `shmstore schema --json` writes it for an object of the new
/// type, and so does a program with `use shmstore::ShmLayout` and
/// `println!("{}", Type::SCHEMA.to_json())`. A file of `shmstore save`, and the path of an
/// object of the new type, will do, too.
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
    /// The new layout: a file with the JSON of its schema, a saved object, or the path of another object
    #[arg(long, value_name = "SCHEMA.json")]
    to: PathBuf,
    /// The size to which the new object can grow in all, such as 4096, 4K or 16M; the default is the room of the
    /// old object
    #[arg(long, value_name = "BYTES", value_parser = room)]
    room: Option<u64>,
    /// Only show what would be done
    #[arg(short = 'n', long)]
    dry_run: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Reads a number of bytes, with K, M, G or T for powers of 1024.
pub(super) fn room(text: &str) -> Result<u64, String> {
    let digits = text.trim_end_matches(['K', 'M', 'G', 'T']);
    let shift = match &text[digits.len()..] {
        "" => 0,
        "K" => 10,
        "M" => 20,
        "G" => 30,
        "T" => 40,
        _ => u32::MAX,
    };
    let bytes = digits.parse::<u64>().ok().and_then(|number| number.checked_mul(1_u64.checked_shl(shift)?));
    bytes.filter(|bytes| *bytes > 0).ok_or_else(|| "write a number of bytes from 1 on, such as 4096, 4K or 16M".into())
}

/// Migrates the object.
///
/// # Errors
///
/// The object or the file does not exist; [`Failure::Migrate`] if the object is in use, or if a value does not fit.
pub fn run(args: &Args) -> Result<Outcome, Failure> {
    let schema = layouts::file_or_object(&args.to, args.target.type_name.as_ref())?;
    must_have_room(args, &schema)?;
    let object = args.target.object()?;
    let segment = object.segment().clone();
    let interrupted = leftovers::is_interrupted(&segment, &Anchors::of(&args.target.path).segments()?);
    let name = shown(&object.schema().to_string());
    let of = object.segment().description.as_ref();
    let (id, room) = of.map_or(('?', None), |of| (of.id, of.room));
    let before = Extent { size: object.schema().size(), room };
    let was = Before { values: object.read(&Before::limits()), schema: object.schema().clone() };
    let migration = if args.dry_run {
        converted(args, &object, &schema)?
    } else {
        // It would count as a process that uses the object.
        drop(object);
        writing::store(&args.target.path, &segment, "migrated")?.migrate_to(id, &schema, args.room)?
    };
    let after = if migration.was_needed() { Extent::new(schema.size(), args.room.or(room)) } else { before };
    let report = Report::new(&migration, before, after).with_notes(&was, &schema);
    let mut output = Output::standard();
    if args.json {
        output.json(&Told { dry_run: args.dry_run, report })?;
    } else {
        tell(&mut output, args, &name, &report, interrupted)?;
    }
    let done = output.finish()?;
    if let (false, Some(asked), stays) = (migration.was_needed(), args.room, after.room)
        && stays != Some(asked)
    {
        let stays = stays.map_or_else(|| "without room".to_owned(), |room| format!("with its room of {room} bytes"));
        let why = "to enlarge the room alone, give the object's own layout (`shmstore schema --json`)";
        say(&format!("note: --room {asked} is not followed, and the object stays {stays}: {why}"));
    }
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

fn tell(output: &mut Output, args: &Args, name: &str, report: &Report, interrupted: bool) -> Result<(), Failure> {
    let path = shown_path(&args.target.path);
    if interrupted {
        let would = if args.dry_run { "would finish or undo" } else { "finished or undid" };
        output.line(&format!("{would} an interrupted migration of {name} at {path}"))?;
    }
    if !report.is_needed() {
        let nothing = if interrupted { "nothing more to do" } else { "nothing to do" };
        output.line(&format!("{nothing}: {name} at {path} has all fields of the layout already"))?;
        return Ok(());
    }
    let would = if args.dry_run { "would migrate" } else { "migrated" };
    output.line(&format!("{would} {name} at {path}"))?;
    for line in report.lines(output) {
        output.line(&line)?;
    }
    Ok(())
}

/// Refuses a room that is smaller than the type.
fn must_have_room(args: &Args, schema: &OwnedSchema) -> Result<(), Failure> {
    match args.room {
        Some(room) if room < schema.size() => Err(Failure::Other(format!(
            "--room {room} is too small: it is the size of the whole object, and {} takes {} bytes",
            shown(&schema.to_string()),
            schema.size()
        ))),
        _ => Ok(()),
    }
}

/// Converts a copy of the values.
fn converted(args: &Args, object: &Object, schema: &OwnedSchema) -> Result<Migration, Failure> {
    let old = SavedObject::of(object, &Limits::full());
    let old = old.map_err(|cause| Failure::Saved { path: args.target.path.clone(), cause })?;
    if !is_needed((old.schema(), old.room()), (schema, args.room)) {
        return Ok(Migration::default());
    }
    Ok(old.convert_to(schema).map_err(MigrateError::from)?.1)
}
