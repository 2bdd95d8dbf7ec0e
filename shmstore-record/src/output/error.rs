//! What can go wrong with files.

use std::io;
use std::path::PathBuf;

/// Why a recording did not begin, or ended.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OutputError {
    /// A file of this name exists. Nothing was changed.
    #[error(
        "cannot record to {path}: the file exists. Choose another name, or replace it by force",
        path = path.display()
    )]
    Exists {
        /// The file that exists.
        path: PathBuf,
    },
    /// The file could not be created.
    #[error("cannot create {path}", path = path.display())]
    Create {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The settings contradict each other.
    #[error("cannot record: {reason}")]
    Settings {
        /// What is wrong.
        reason: &'static str,
    },
    /// The format numbers channels with 16 bits.
    #[error("cannot add {topic}: a recording has at most {limit} channels. Record fewer objects or parts at once")]
    TooManyChannels {
        /// The topic that found no place.
        topic: String,
        /// The most channels.
        limit: usize,
    },
    /// The disk is full or broken. What was recorded before can be read, and the last file may lack its summary.
    #[error(
        "cannot write to {path}: recording ended after {messages} messages ({bytes} bytes). What was recorded can be \
         read. Make room, and record again",
        path = path.display()
    )]
    Stopped {
        /// The last file.
        path: PathBuf,
        /// The messages in all files of this recording, deleted ones included.
        messages: u64,
        /// The bytes in all files of this recording, deleted ones included.
        bytes: u64,
        /// What the system said.
        source: io::Error,
    },
    /// The thread that writes could not be started, or it panicked.
    #[error("cannot write to {path}: its thread failed", path = path.display())]
    Thread {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// Why a file was not repaired. The file is as it was, if not said otherwise.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RepairError {
    /// The file cannot be opened for reading and writing.
    #[error("cannot open {path}", path = path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file does not begin as MCAP files do.
    #[error(
        "cannot repair {path}: it is no MCAP file, which begins with 89 4d 43 41 50 30 0d 0a and a header",
        path = path.display()
    )]
    NotMcap {
        /// The file.
        path: PathBuf,
    },
    /// A recorder has the file open.
    #[error("cannot repair {path}: a recorder writes to it. End the recorder first", path = path.display())]
    InUse {
        /// The file.
        path: PathBuf,
    },
    /// The file has chunks that are compressed, which no recorder of this crate writes.
    #[error(
        "cannot repair {path}: its chunks are compressed with {compression}. Use `mcap recover`",
        path = path.display()
    )]
    Compressed {
        /// The file.
        path: PathBuf,
        /// The compression's name.
        compression: String,
    },
    /// A chunk that defines channels is damaged, and complete messages behind it cannot be read without them.
    #[error(
        "cannot repair {path}: the chunk at byte {at} is damaged, and it defines channels of messages behind it",
        path = path.display()
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Where the damaged chunk begins.
        at: u64,
    },
    /// The file cannot be read.
    #[error("cannot read {path} at byte {at}", path = path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Where.
        at: u64,
        /// What the system said.
        source: io::Error,
    },
    /// The summary cannot be written. The file is cut after its last complete record, and can be repaired again.
    #[error("cannot write the summary of {path} at byte {at}. Make room, and repair it again", path = path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Where the file was cut.
        at: u64,
        /// What the system said.
        source: io::Error,
    },
}
