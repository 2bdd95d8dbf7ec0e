//! Why a recording cannot be read.

use std::io;
use std::path::PathBuf;

use shmstore::error::SchemaError;

/// Why a recording cannot be read. Each message begins with the path of the file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The file cannot be opened or read.
    #[error("{}: {cause}", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The reason.
        cause: io::Error,
    },
    /// It is no regular file, so it cannot be read twice.
    #[error("{}: it is no regular file, and only those are read", .path.display())]
    NoFile {
        /// The path.
        path: PathBuf,
    },
    /// It is no MCAP file.
    #[error("{}: it is no MCAP file: it does not begin with \u{89}MCAP0", .path.display())]
    NotMcap {
        /// The file.
        path: PathBuf,
    },
    /// It is an MCAP file that no recorder of shmstore wrote.
    #[error(
        "{}: it is an MCAP file of `{library}` (profile `{profile}`) and no recording of shmstore: it has no metadata \
         `shmstore.object`", .path.display()
    )]
    Foreign {
        /// The file.
        path: PathBuf,
        /// The library that wrote it, by its own words.
        library: String,
        /// Its profile.
        profile: String,
    },
    /// It begins before the file in front of it ends.
    #[error(
        "{}: it begins before the file in front of it ends: give each file of one recording once, in their order",
        .path.display()
    )]
    Order {
        /// The file.
        path: PathBuf,
    },
    /// The file ends in the middle.
    #[error(
        "{path}: it ends {place}, because its recorder was killed or its disk was full. `shmstore record --repair \
         {path}` mends it", path = .path.display()
    )]
    Truncated {
        /// The file.
        path: PathBuf,
        /// Where it ends.
        place: String,
    },
    /// A record is not valid MCAP, or is larger than any record of a recorder.
    #[error("{}: the record at byte {at} is damaged: {why}", .path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// The offset of the record, in bytes.
        at: u64,
        /// The reason.
        why: String,
    },
    /// The description of an object lacks something, or is wrong.
    #[error("{}: the metadata `shmstore.object` at byte {at} is wrong: {why}", .path.display())]
    Object {
        /// The file.
        path: PathBuf,
        /// The offset of the record, in bytes.
        at: u64,
        /// The reason.
        why: String,
    },
    /// The layout of an object cannot be parsed, or is not one of an object.
    #[error("{}: the layout of {topic} is wrong: {cause}", .path.display())]
    Schema {
        /// The file.
        path: PathBuf,
        /// The topic of the object.
        topic: String,
        /// The reason.
        cause: SchemaError,
    },
    /// An object has layouts that did not grow from each other.
    #[error(
        "{}: {topic} has two layouts, {old} and {new}. Neither grew from the other: the object was replaced between \
         them. Replay the files before and after that one by one", .path.display()
    )]
    Replaced {
        /// The file.
        path: PathBuf,
        /// The topic of the object.
        topic: String,
        /// The hash of the first layout.
        old: String,
        /// The hash of the other.
        new: String,
    },
}
