//! The reasons why a saved object cannot be made, read or written.

use std::io;

use thiserror::Error;

use crate::layout::schema::SchemaError;

/// The reason why bytes are not a saved object, or an object cannot be saved.
#[derive(Error)]
#[non_exhaustive]
pub enum SavedError {
    /// The bytes are something else.
    #[error("not a saved object: it does not begin with `shmsaved`")]
    NotSaved,
    /// The file has another version.
    #[error("a saved object of version {found}: this program reads versions 1 and 2. Use the shmstore that saved it")]
    Version {
        /// The version of the file.
        found: u32,
    },
    /// The file is shorter or longer than its file header says.
    #[error("cut short or extended: {found} bytes, where its lengths say {expected}. Copy it again")]
    Length {
        /// The length by the file header, in bytes.
        expected: u64,
        /// The length of the file, in bytes.
        found: u64,
    },
    /// The checksum is wrong, so the file was changed.
    #[error("damaged: its checksum is {stored:032x}, but that of its bytes is {computed:032x}. Copy it again")]
    Checksum {
        /// The checksum in the file.
        stored: u128,
        /// The checksum of its bytes.
        computed: u128,
    },
    /// The file header has an impossible number.
    #[error("damaged: its {field} is {found}")]
    Field {
        /// The name of the number.
        field: &'static str,
        /// The number.
        found: String,
    },
    /// The schema in the file cannot be read.
    #[error("damaged: {0}")]
    Schema(SchemaError),
    /// The file cannot be read, or does not fit into memory.
    #[error("cannot be read: {0}")]
    Read(io::Error),
    /// A part of the object cannot be copied.
    #[error("`{path}` cannot be saved: {why}")]
    Part {
        /// The path of the part.
        path: String,
        /// The reason.
        why: String,
    },
}

impl From<SchemaError> for SavedError {
    fn from(error: SchemaError) -> Self {
        Self::Schema(error)
    }
}
