//! `shmstore save`: an object's values to a file.

use std::path::PathBuf;

use shmstore::inspect::{Limits, SavedObject};

use crate::about::bytes;
use crate::failure::{Failure, Outcome};
use crate::output::Output;
use crate::saved;
use crate::target::Target;
use crate::text::shown;

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
    /// The file; one that is there is replaced
    file: PathBuf,
    /// The type, or its letter, where more than one object stands at the path
    #[arg(value_name = "TYPE")]
    type_name: Option<String>,
}

/// Saves it.
///
/// # Errors
///
/// No such object; one that can not be copied; what the file system refuses.
pub fn run(args: &Args) -> Result<Outcome, Failure> {
    let target = Target { path: args.path.clone(), type_name: args.type_name.clone() };
    let object = target.object()?;
    let image = SavedObject::of(&object, &Limits::full());
    let image = image.map_err(|source| Failure::Saved { path: args.path.clone(), source })?.to_bytes();
    saved::write(&args.file, &image)?;
    let (of, file) = (shown(&object.schema().to_string()), shown(&args.file.display().to_string()));
    let mut output = Output::standard();
    output.line(&format!("saved {of} to {file}, {}", bytes(image.len() as u64)))?;
    output.finish()?;
    Ok(Outcome::Done)
}
