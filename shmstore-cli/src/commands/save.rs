//! `shmstore save`: an object's values to a file.

use std::path::{Path, PathBuf};

use shmstore::inspect::{Limits, SavedObject, SegmentState};

use crate::about::{bytes, called};
use crate::anchors::Anchors;
use crate::failure::{Failure, Outcome};
use crate::output::Output;
use crate::saved;
use crate::target::Target;
use crate::text::{shown, shown_path};

/// Save an object's values, with its schema, to a file
///
/// System V shared memory does not survive a reboot: what was saved does, and `shmstore load` makes an object of it again. The file is
/// written beside itself and renamed, so that it is there whole or as it was; only its owner may read it. Every `Versioned` is
/// saved whole, and different fields are from moments that are microseconds apart.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The directory or file that the object stands at; `DIR/NAME` for a named one
    #[arg(value_name = "PATH[/NAME]")]
    path: PathBuf,
    /// The file; one that is there is replaced, but not one that objects stand at, and none of a name ending with `.shm`
    file: PathBuf,
    /// The type, or its letter, where more than one object stands at the path
    #[arg(value_name = "TYPE")]
    type_name: Option<String>,
}

/// Saves it.
///
/// # Errors
///
/// No such object; one that cannot be copied; [`Failure::Refused`] if the file is an anchor; what the file system refuses.
pub fn run(args: &Args) -> Result<Outcome, Failure> {
    let target = Target { path: args.path.clone(), type_name: args.type_name.clone() };
    let object = target.object()?;
    must_be_no_anchor(&args.file)?;
    let saved = SavedObject::of(&object, &Limits::full());
    let saved = saved.map_err(|source| Failure::Saved { path: args.path.clone(), source })?;
    let len = saved::write(&args.file, &saved)?;
    let mut output = Output::standard();
    let of = shown(&object.schema().to_string());
    output.line(&format!("saved {of} to {}, {}", shown_path(&args.file), bytes(len)))?;
    output.finish()?;
    Ok(Outcome::Done)
}

/// Refuses a file to be replaced at which objects stand: nobody would find them any more. The file of a name may be one at which
/// somebody is about to make some.
fn must_be_no_anchor(file: &Path) -> Result<(), Failure> {
    let path = shown_path(file);
    if file.extension().is_some_and(|extension| extension == "shm") {
        return Err(Failure::Refused(format!(
            "{path} would be the file of a name, as all that end with `.shm`: choose another"
        )));
    }
    // Those too that cannot be read, and have its key.
    let there = Anchors::exactly(file).standing()?;
    match there.iter().find(|segment| segment.state != SegmentState::Foreign) {
        None => Ok(()),
        Some(there) => {
            Err(Failure::Refused(format!("{} stands at {path}, and would be lost: choose another", called(there))))
        }
    }
}
