//! Why a recording cannot be replayed.

use std::io;
use std::path::PathBuf;

use shmstore::OpenError;
use shmstore::dynamic::DynamicError;

use crate::reading::ReadError;

/// Why a recording cannot be replayed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReplayError {
    /// A file cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// A directory cannot be made.
    #[error("{}: {cause}", .path.display())]
    Directory {
        /// The directory.
        path: PathBuf,
        /// The reason.
        cause: io::Error,
    },
    /// The anchor of an object cannot be opened or made.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// An object cannot be created, attached or written.
    #[error(transparent)]
    Object(#[from] DynamicError),
    /// There is an object already.
    #[error(
        "{} has an object {id:?} already: replay into another directory, or use it with `--into-existing`",
        .path.display()
    )]
    Exists {
        /// Its anchor.
        path: PathBuf,
        /// Its type-id-char.
        id: char,
    },
    /// The object that is there has another layout than the recorded one.
    #[error(
        "the object {id:?} of {} has the layout {found}, and {expected} was recorded: replay into another directory",
        .path.display()
    )]
    OtherLayout {
        /// Its anchor.
        path: PathBuf,
        /// Its type-id-char.
        id: char,
        /// The hash of its layout.
        found: String,
        /// The hash of the recorded layout.
        expected: String,
    },
    /// Another process is the exclusive writer of a part.
    #[error("the object {id:?} of {} has another writer: {cause}. End it, and replay again", .path.display())]
    HasWriter {
        /// The anchor of the object.
        path: PathBuf,
        /// Its type-id-char.
        id: char,
        /// Which part has which writer.
        cause: Box<DynamicError>,
    },
    /// A process removed an object while it was replayed.
    #[error("the object of {} was removed while messages were stored in it", .path.display())]
    Removed {
        /// Its path.
        path: PathBuf,
    },
    /// A part that was asked for is in no recorded object.
    #[error("no recorded object has a part `{part}`: `shmstore replay FILE` lists the parts")]
    NoSuchPart {
        /// The part.
        part: String,
    },
}
