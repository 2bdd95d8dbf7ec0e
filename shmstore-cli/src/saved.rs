//! Saved objects, and other files that are read.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Seek};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use nix::libc::{O_NOCTTY, O_NONBLOCK};
use shmstore::inspect::{SavedError, SavedObject};
use tempfile::NamedTempFile;

use crate::failure::Failure;
use crate::text::shown_path;

/// The longest schema there is.
const MAX_JSON: u64 = 1 << 20;

/// Writes a file whole or not at all: to a temporary one beside it, which then takes its name. Only its owner may read it. Returns its
/// length.
///
/// # Errors
///
/// [`Failure::NotFound`]: no such directory. [`Failure::File`]: something other than a file has the name, or what the directory
/// refuses.
pub fn write(path: &Path, saved: &SavedObject) -> Result<u64, Failure> {
    let refused = |source| Failure::File { path: path.into(), source };
    match fs::symlink_metadata(path) {
        Ok(stat) if !stat.is_file() => {
            return Err(refused(io::Error::new(ErrorKind::AlreadyExists, "it is there, and no regular file")));
        }
        _ => {}
    }
    let directory = parent(path);
    must_be_there(directory)?;
    let written = || {
        // What it says itself names the temporary file, which nobody has asked for.
        let mut file = NamedTempFile::new_in(directory).map_err(|error| io::Error::from(error.kind()))?;
        let len = saved.write_to(file.as_file_mut())?;
        file.as_file().sync_all()?;
        file.persist(path).map_err(|error| error.error)?;
        // So that the name survives a loss of power, too: if we may open the directory.
        match File::open(directory) {
            Err(error) if error.kind() == ErrorKind::PermissionDenied => {}
            directory => directory?.sync_all()?,
        }
        Ok(len)
    };
    written().map_err(refused)
}

/// The directory that a path is in.
#[must_use]
pub fn parent(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Refuses a directory to write into that is none.
///
/// # Errors
///
/// [`Failure::NotFound`]; [`Failure::File`] if that cannot be found out.
pub fn must_be_there(directory: &Path) -> Result<(), Failure> {
    match fs::metadata(directory) {
        Ok(stat) if stat.is_dir() => Ok(()),
        Err(source) if source.kind() == ErrorKind::PermissionDenied => {
            Err(Failure::File { path: directory.into(), source })
        }
        _ => Err(Failure::NotFound(format!("no directory {0}: make it first (`mkdir -p`)", shown_path(directory)))),
    }
}

/// Reads a saved object.
///
/// # Errors
///
/// [`Failure::NotFound`]; [`Failure::File`] if the file cannot be read, [`Failure::Saved`] if it is none.
pub fn read(path: &Path) -> Result<SavedObject, Failure> {
    parse(path, &open(path)?)
}

/// Reads a saved object, if a regular file is there that begins as they do: an anchor may be a file, too.
///
/// # Errors
///
/// [`Failure::File`], [`Failure::Saved`]: it is damaged.
pub fn read_if_saved(path: &Path) -> Result<Option<SavedObject>, Failure> {
    open_if_saved(path).map(|file| parse(path, &file)).transpose()
}

/// Whether a regular file is there that begins as saved objects do.
#[must_use]
pub fn is_saved(path: &Path) -> bool {
    open_if_saved(path).is_some()
}

fn open_if_saved(path: &Path) -> Option<File> {
    let (mut file, mut magic) = (open(path).ok()?, [0; 8]);
    file.read_exact(&mut magic).ok()?;
    file.rewind().ok()?;
    (magic == *b"shmsaved").then_some(file)
}

fn parse(path: &Path, file: &File) -> Result<SavedObject, Failure> {
    let refused = |source| Failure::File { path: path.into(), source };
    let len = file.metadata().map_err(refused)?.len();
    SavedObject::read_from(file, len).map_err(|error| match error {
        SavedError::Read(source) => refused(source),
        source => Failure::Saved { path: path.into(), source },
    })
}

/// Reads the JSON of a schema.
///
/// # Errors
///
/// [`Failure::NotFound`]; [`Failure::File`], also if it is longer than any schema.
pub fn read_json(path: &Path) -> Result<Vec<u8>, Failure> {
    let refused = |source| Failure::File { path: path.into(), source };
    let mut json = Vec::new();
    open(path)?.take(MAX_JSON + 1).read_to_end(&mut json).map_err(refused)?;
    if json.len() as u64 > MAX_JSON {
        return Err(refused(io::Error::new(ErrorKind::InvalidData, "it is longer than 1 MiB, which no schema is")));
    }
    Ok(json)
}

/// Opens a regular file: nothing that has no end, or waits.
fn open(path: &Path) -> Result<File, Failure> {
    let refused = |source: io::Error| match source.kind() {
        ErrorKind::NotFound => Failure::NotFound(format!("no file is at {}", shown_path(path))),
        _ => Failure::File { path: path.into(), source },
    };
    // A pipe is not waited for, whoever has put it there a moment ago.
    let file = OpenOptions::new().read(true).custom_flags(O_NONBLOCK | O_NOCTTY).open(path).map_err(refused)?;
    if !file.metadata().map_err(refused)?.is_file() {
        return Err(refused(io::Error::new(ErrorKind::InvalidInput, "it is no regular file")));
    }
    Ok(file)
}
