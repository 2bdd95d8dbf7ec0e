//! `shmstore save`: saving the values of an object to a file.

use std::path::PathBuf;

use shmstore::inspect::{Limits, Object, SavedObject, Segment, SegmentState};

use super::save_group;
use crate::about::bytes;
use crate::failure::{Failure, Outcome};
use crate::leftovers;
use crate::output::Output;
use crate::saved;
use crate::target::Target;
use crate::text::{shown, shown_path};

/// Save the values and the schema of an object to a file, or all objects of a directory
///
/// --recursive saves every object in the directory PATH, at its names and below it, to one file. `shmstore load FILE
/// DIRECTORY` creates all of them again. If one cannot be saved, it is named, and no file is written. Orphaned and
/// removed objects are left out, and a note names them.
///
/// System V shared memory does not survive a reboot. `shmstore load` creates the object again from the file.
///
/// The values of one `Versioned` belong together. Different fields are read microseconds apart. In the file, items
/// that processes have taken from a `Queue` wait again.
///
/// If the file exists, it is replaced in one step: it always holds the old object or the new one. Only its owner may
/// read it.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The anchor of the object: a directory or file, or `DIR/NAME` for a named object
    #[arg(value_name = "PATH[/NAME]")]
    pub(super) path: PathBuf,
    /// The file to write; not the anchor of an object, nor any file that ends in `.shm`
    pub(super) file: PathBuf,
    /// The name of the type, or its letter, if the path has more than one object
    #[arg(value_name = "TYPE")]
    pub(super) type_name: Option<String>,
    /// Save the values of a migration that is at work or was interrupted, in the new layout; for a migration whose
    /// place another object has taken, see `shmstore doctor`
    #[arg(long, conflicts_with = "recursive")]
    interrupted: bool,
    /// Save all objects in a directory and below it
    #[arg(short, long)]
    recursive: bool,
}

/// Saves the object.
///
/// # Errors
///
/// The object does not exist or cannot be copied; [`Failure::Refused`] if the file is an anchor; an error of the file
/// system.
pub fn run(args: &Args) -> Result<Outcome, Failure> {
    if args.recursive {
        return save_group::run(args);
    }
    let target = Target { path: args.path.clone(), type_name: args.type_name.clone() };
    let object = if args.interrupted { journal(&target)? } else { target.object()? };
    saved::must_be_no_anchor(&args.file)?;
    let saved = SavedObject::of(&object, &Limits::full());
    let saved = saved.map_err(|cause| Failure::Saved { path: args.path.clone(), cause })?;
    let len = saved::write(&args.file, |file| saved.write_to(file).map(drop))?;
    let mut output = Output::standard();
    let of = shown(&object.schema().to_string());
    let room = saved.room().map(|room| format!(", with its room of {room} bytes")).unwrap_or_default();
    output.line(&format!("saved {of} to {}, {}{room}", shown_path(&args.file), bytes(len)))?;
    output.finish()
}

/// Attaches the journal of an interrupted migration.
fn journal(target: &Target) -> Result<Object, Failure> {
    let is_journal = |segment: &Segment| segment.state == SegmentState::Journal;
    let segments = target.segments()?;
    let path = shown_path(&target.path);
    let Some(journal) = segments.iter().find(|segment| is_journal(segment)) else {
        return Err(Failure::NotFound(format!("{path} has no interrupted migration: leave out --interrupted")));
    };
    if let Some(user) = leftovers::stranger(journal) {
        return Err(Failure::Refused(format!(
            "user {user} has put a segment at the key of a journal of {path}, and no program believes it: \
             `shmstore doctor {path}` says what to do"
        )));
    }
    target.object_among(is_journal)
}
