//! Saved objects in files.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::Path;

use shmstore::inspect::SavedObject;
use tempfile::NamedTempFile;

use crate::failure::Failure;
use crate::text::shown;

/// Writes a file whole or not at all: to a temporary one beside it, which then takes its name. Only its owner may read it.
///
/// # Errors
///
/// [`Failure::NotFound`]: no such directory. [`Failure::File`]: something other than a file has the name, or what the directory
/// refuses.
pub fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let refused = |source| Failure::File { path: path.into(), source };
    match fs::symlink_metadata(path) {
        Ok(stat) if !stat.is_file() => {
            return Err(refused(io::Error::new(io::ErrorKind::AlreadyExists, "it is there, and no regular file")));
        }
        _ => {}
    }
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    must_be_there(directory)?;
    let written = || {
        // What it says itself names the temporary file, which nobody has asked for.
        let mut file = NamedTempFile::new_in(directory).map_err(|error| io::Error::from(error.kind()))?;
        file.write_all(bytes)?;
        file.as_file().sync_all()?;
        file.persist(path).map_err(|error| error.error)?;
        // So that the name survives a loss of power, too.
        File::open(directory)?.sync_all()
    };
    written().map_err(refused)
}

/// Refuses a directory to write into that is none.
///
/// # Errors
///
/// [`Failure::NotFound`].
pub fn must_be_there(directory: &Path) -> Result<(), Failure> {
    if directory.is_dir() {
        return Ok(());
    }
    Err(Failure::NotFound(format!("no directory {}", shown(&directory.display().to_string()))))
}

/// Reads a saved object.
///
/// # Errors
///
/// [`Failure::File`] if the file can not be read, [`Failure::Saved`] if it is none.
pub fn read(path: &Path) -> Result<SavedObject, Failure> {
    let bytes = read_bytes(path)?;
    SavedObject::parse(&bytes).map_err(|source| Failure::Saved { path: path.into(), source })
}

/// Reads a regular file: nothing that has no end, or waits.
///
/// # Errors
///
/// [`Failure::NotFound`], [`Failure::File`].
pub fn read_bytes(path: &Path) -> Result<Vec<u8>, Failure> {
    let refused = |source: io::Error| match source.kind() {
        io::ErrorKind::NotFound => Failure::NotFound(format!("no file is at {}", path.display())),
        _ => Failure::File { path: path.into(), source },
    };
    if !fs::metadata(path).map_err(refused)?.is_file() {
        return Err(refused(io::Error::new(io::ErrorKind::InvalidInput, "it is no regular file")));
    }
    fs::read(path).map_err(refused)
}

/// Whether a regular file begins as saved objects do: an anchor may be a file, too.
#[must_use]
pub fn is_saved(path: &Path) -> bool {
    let mut magic = [0; 8];
    path.is_file() && File::open(path).and_then(|mut file| file.read_exact(&mut magic)).is_ok() && magic == *b"shmsaved"
}
