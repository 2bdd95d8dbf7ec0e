//! What can go wrong, and what a shell is told of it.

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use shmstore::inspect::{FieldError, InspectError, SavedError};
use shmstore::{AttachError, CreateError, OpenError, RemoveError};
use thiserror::Error;

use crate::text::{shown, shown_path};

/// How the program ends when nothing failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// What was asked for was done: exit code 0.
    Done,
    /// What was asked about is not so: two layouts differ, a machine has something to mend. Exit code 1.
    Differs,
}

/// Why it could not be done: told on the standard error, after `error: `. Text and paths of others are escaped; those of a variant that
/// holds a `String`, by who makes it.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Failure {
    /// No object stands there. Exit code 3.
    #[error("{0}")]
    NotFound(String),
    /// More than one stands there. Exit code 2.
    #[error("{0}")]
    Ambiguous(String),
    /// It was not done, because it would harm somebody, or nobody has agreed to it. Exit code 4.
    #[error("{0}")]
    Refused(String),
    /// A segment cannot be looked into or removed. Exit code 5 if that is not allowed, 4 if it is in use or none of shmstore's, 3 if it is
    /// gone, otherwise 1.
    #[error("{}", shown(&.0.to_string()))]
    Inspect(#[from] InspectError),
    /// There is no such field. Exit code 3.
    #[error("{}", shown(&.0.to_string()))]
    Field(#[from] FieldError),
    /// No store can be opened, or a name not be forgotten. Exit code 5 if that is not allowed, 4 if it is in use, 3 if there is nothing,
    /// otherwise 1.
    #[error("{}", shown(&.0.to_string()))]
    Open(#[from] OpenError),
    /// An object cannot be made. Exit code 5 if that is not allowed, 4 if another is in its way, otherwise 1.
    #[error("{}", shown(&.0.to_string()))]
    Create(#[from] CreateError),
    /// A file is no saved object, or an object cannot be saved. Exit code 1.
    #[error("{}: {}", shown_path(.path), shown(&.source.to_string()))]
    Saved {
        /// Which file, or object.
        path: PathBuf,
        /// Why.
        source: SavedError,
    },
    /// A file cannot be read or written. Exit code 5 if that is not allowed, otherwise 1.
    #[error("{}: {source}", shown_path(.path))]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The terminal, or a pipe. Exit code 1.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// Anything else. Exit code 1.
    #[error("{0}")]
    Other(String),
}

impl Failure {
    /// What a shell is told.
    #[must_use]
    pub fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self {
            Self::Ambiguous(_) => 2,
            Self::NotFound(_) | Self::Field(_) => 3,
            Self::Inspect(InspectError::NotFound { .. } | InspectError::Gone { .. }) => 3,
            Self::Refused(_)
            | Self::Inspect(
                InspectError::InUse { .. }
                | InspectError::Changed { .. }
                | InspectError::Rewritten { .. }
                | InspectError::Foreign { .. },
            ) => 4,
            Self::Inspect(InspectError::AccessDenied { .. }) => 5,
            Self::File { source, .. } if source.kind() == io::ErrorKind::PermissionDenied => 5,
            Self::Open(error) | Self::Create(CreateError::Existing(AttachError::Anchor(error))) => of_open(error),
            Self::Create(error) => of_create(error),
            _ => 1,
        })
    }
}

fn of_open(error: &OpenError) -> u8 {
    match error {
        OpenError::NotFound { .. } | OpenError::DanglingLink { .. } => 3,
        OpenError::InUse { .. } => 4,
        OpenError::AccessDenied { .. } | OpenError::NotWritable { .. } => 5,
        _ => 1,
    }
}

fn of_create(error: &CreateError) -> u8 {
    use AttachError::{AccessDenied, Collision, Foreign, LayoutMismatch};
    match error {
        CreateError::AlreadyExists { .. } | CreateError::InUse { .. } => 4,
        CreateError::Existing(LayoutMismatch(_) | Foreign { .. } | Collision { .. }) => 4,
        CreateError::Existing(AccessDenied { .. }) => 5,
        CreateError::NotReplaceable(RemoveError::NotPermitted { .. }) => 5,
        _ => 1,
    }
}
