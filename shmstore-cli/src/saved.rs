//! Files that commands write, and files with saved objects or schemas.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Seek};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use nix::libc::{O_NOCTTY, O_NONBLOCK};
use shmstore::error::SchemaError;
use shmstore::inspect::{SavedError, SavedObject, SegmentState};
use shmstore::schema::OwnedSchema;
use tempfile::NamedTempFile;

use crate::about::called;
use crate::anchors::Anchors;
use crate::failure::Failure;
use crate::group;
use crate::text::{shown, shown_path};

/// More than any schema has.
const MAX_JSON: u64 = 1 << 20;

/// Writes a file in one step, by renaming a temporary file. Only its owner may read it. Returns its length.
///
/// # Errors
///
/// - [`Failure::NotFound`]: the directory does not exist.
/// - [`Failure::File`]: the path exists and is not a regular file, or an error of the file system.
pub fn write(path: &Path, write: impl FnOnce(&mut File) -> io::Result<()>) -> Result<u64, Failure> {
    if fs::symlink_metadata(path).is_ok_and(|stat| !stat.is_file()) {
        let why = "it exists and is not a regular file";
        return Err(Failure::at(path)(io::Error::new(ErrorKind::AlreadyExists, why)));
    }
    let directory = parent(path);
    must_be_there(directory)?;
    let written = || {
        // The full error would name the temporary file, which the user does not know.
        let mut file = NamedTempFile::new_in(directory).map_err(|error| io::Error::from(error.kind()))?;
        write(file.as_file_mut())?;
        let len = file.as_file().metadata()?.len();
        file.as_file().sync_all()?;
        file.persist(path).map_err(|error| error.error)?;
        // The name, too, survives a loss of power, if we may open the directory.
        match File::open(directory) {
            Err(error) if error.kind() == ErrorKind::PermissionDenied => {}
            directory => directory?.sync_all()?,
        }
        Ok(len)
    };
    written().map_err(Failure::at(path))
}

/// Refuses to replace an anchor, because no process could find its objects any more. The file of a name counts without
/// an object, too: another process may be about to create one.
///
/// # Errors
///
/// [`Failure::Refused`] if the file is an anchor.
pub fn must_be_no_anchor(file: &Path) -> Result<(), Failure> {
    let path = shown_path(file);
    if file.extension().is_some_and(|extension| extension == "shm") {
        return Err(Failure::Refused(format!(
            "{path} would be the file of a name, because it ends in `.shm`: choose another file"
        )));
    }
    // Unreadable segments with the key of the file count, too.
    let there = Anchors::exactly(file).standing()?;
    match there.iter().find(|segment| segment.state != SegmentState::Foreign) {
        None => Ok(()),
        Some(there) => {
            let there = called(there);
            Err(Failure::Refused(format!("{path} is the anchor of {there}, which would be lost: choose another file")))
        }
    }
}

/// Returns the directory of a path.
#[must_use]
pub fn parent(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Checks that a directory exists.
///
/// # Errors
///
/// - [`Failure::NotFound`]: it does not exist, or is not a directory.
/// - [`Failure::File`]: a missing permission hides whether it exists.
pub fn must_be_there(directory: &Path) -> Result<(), Failure> {
    match fs::metadata(directory) {
        Ok(stat) if stat.is_dir() => Ok(()),
        Err(source) if source.kind() == ErrorKind::PermissionDenied => Err(Failure::at(directory)(source)),
        _ => {
            let directory = shown_path(directory);
            Err(Failure::NotFound(format!("directory {directory} does not exist: create it first (`mkdir -p`)")))
        }
    }
}

/// Reads a saved object.
///
/// # Errors
///
/// - [`Failure::NotFound`]: the file does not exist.
/// - [`Failure::File`]: it cannot be read.
/// - [`Failure::Saved`]: it is not a saved object.
pub fn read(path: &Path) -> Result<SavedObject, Failure> {
    parse(path, &open(path)?)
}

/// Reads a saved object, if the path is a file that begins as saved objects do. Other files may be anchors.
///
/// # Errors
///
/// - [`Failure::File`]: it cannot be read.
/// - [`Failure::Saved`]: it is damaged.
pub fn read_if_saved(path: &Path) -> Result<Option<SavedObject>, Failure> {
    open_if_saved(path).map(|file| parse(path, &file)).transpose()
}

/// Returns `true` if the path is a file that begins as saved objects or groups of them do.
#[must_use]
pub fn is_saved(path: &Path) -> bool {
    open_if_saved(path).is_some() || open_if_begins(path, &group::MAGIC).is_some()
}

/// Opens a file if it begins with these bytes.
pub(crate) fn open_if_begins(path: &Path, begin: &[u8; 8]) -> Option<File> {
    let (mut file, mut magic) = (open(path).ok()?, [0; 8]);
    file.read_exact(&mut magic).ok()?;
    file.rewind().ok()?;
    (magic == *begin).then_some(file)
}

fn open_if_saved(path: &Path) -> Option<File> {
    open_if_begins(path, b"shmsaved")
}

fn parse(path: &Path, file: &File) -> Result<SavedObject, Failure> {
    let len = file.metadata().map_err(Failure::at(path))?.len();
    parse_from(path, file, len)
}

/// Reads a saved object of `len` bytes. `path` names it in an error.
pub(crate) fn parse_from(path: &Path, from: impl Read, len: u64) -> Result<SavedObject, Failure> {
    SavedObject::read_from(from, len).map_err(|error| match error {
        SavedError::Read(source) => Failure::at(path)(source),
        cause => Failure::Saved { path: path.into(), cause },
    })
}

/// Reads the JSON of a schema.
///
/// # Errors
///
/// - [`Failure::NotFound`]: the file does not exist.
/// - [`Failure::File`]: it cannot be read, or is longer than any schema.
pub fn read_json(path: &Path) -> Result<Vec<u8>, Failure> {
    let mut json = Vec::new();
    open(path)?.take(MAX_JSON + 1).read_to_end(&mut json).map_err(Failure::at(path))?;
    if json.len() as u64 > MAX_JSON {
        let why = "it is longer than 1 MiB, and no schema is";
        return Err(Failure::at(path)(io::Error::new(ErrorKind::InvalidData, why)));
    }
    Ok(json)
}

/// Reads a schema from a file with its JSON.
///
/// # Errors
///
/// - The errors of [`read_json`].
/// - [`Failure::Other`]: it is no schema.
pub fn read_schema(path: &Path) -> Result<OwnedSchema, Failure> {
    let refused = |error: SchemaError| Failure::Other(format!("{}: {}", shown_path(path), shown(&error.to_string())));
    OwnedSchema::from_json(read_json(path)?).map_err(refused)
}

/// Opens a regular file. Refuses devices and pipes, which may have no end or wait.
fn open(path: &Path) -> Result<File, Failure> {
    let refused = |source: io::Error| match source.kind() {
        ErrorKind::NotFound => Failure::NotFound(format!("file {} does not exist", shown_path(path))),
        _ => Failure::at(path)(source),
    };
    // The flags keep `open` from waiting for a pipe.
    let file = OpenOptions::new().read(true).custom_flags(O_NONBLOCK | O_NOCTTY).open(path).map_err(refused)?;
    if !file.metadata().map_err(refused)?.is_file() {
        return Err(refused(io::Error::new(ErrorKind::InvalidInput, "it is not a regular file")));
    }
    Ok(file)
}
