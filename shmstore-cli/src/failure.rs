//! Errors of the program, and their exit codes.

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use shmstore::inspect::{FieldError, InspectError, ItemsError, SavedError};
use shmstore::migrate::MigrateError;
use shmstore::{AttachError, CreateError, OpenError, RemoveError};
use thiserror::Error;

use crate::text::{shown, shown_path};

/// How the program ends without an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The program did its work. Exit code 0.
    Done,
    /// The answer is negative: two layouts differ, or a machine needs fixing. Exit code 1.
    Differs,
}

/// An error. The program prints it on the standard error, after `error: `.
///
/// The message is fit for a terminal. A variant that holds a `String` expects escaped text.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Failure {
    /// No object matches the command line. Exit code 3.
    #[error("{0}")]
    NotFound(String),
    /// More than one object matches the command line. Exit code 2.
    #[error("{0}")]
    Ambiguous(String),
    /// The work would harm another program, or the user does not agree to it. Exit code 4.
    #[error("{0}")]
    Refused(String),
    /// A segment cannot be read or removed. Exit code 5 without the permission, 4 if it is in use or not shmstore's, 3
    /// if it no longer exists, otherwise 1.
    #[error("{}", shown(&.0.to_string()))]
    Inspect(#[from] InspectError),
    /// The field does not exist. Exit code 3.
    #[error("{}{}", shown(&.0.to_string()), without_quotes(.0))]
    Field(#[from] FieldError),
    /// A store cannot be opened, or a name cannot be removed. Exit code 5 without the permission, 4 if it is in use, 3
    /// if it does not exist, otherwise 1.
    #[error("{}", shown(&.0.to_string()))]
    Open(#[from] OpenError),
    /// An object cannot be created. Exit code 5 without the permission, 4 if another object is in its way, otherwise 1.
    #[error("{}", shown(&.0.to_string()))]
    Create(#[from] CreateError),
    /// An object cannot be migrated. Exit code 4 if it is in use or if a value does not fit, otherwise the exit code of
    /// its cause.
    #[error("{}", shown(&.0.to_string()))]
    Migrate(#[from] MigrateError),
    /// A file is not a saved object, or an object cannot be saved. Exit code 1.
    #[error("{}: {}", shown_path(.path), shown(&.cause.to_string()))]
    Saved {
        /// The file or the object.
        path: PathBuf,
        /// The reason.
        cause: SavedError,
    },
    /// A file cannot be read or written. Exit code 5 without the permission, otherwise 1.
    #[error("{}: {cause}", shown_path(.path))]
    File {
        /// The file.
        path: PathBuf,
        /// The reason.
        cause: io::Error,
    },
    /// The terminal or the pipe fails. Exit code 1.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// Any other error. Exit code 1.
    #[error("{0}")]
    Other(String),
}

impl From<ItemsError> for Failure {
    fn from(error: ItemsError) -> Self {
        match error {
            ItemsError::Field(error) => Self::Field(error),
            other => Self::Other(shown(&other.to_string())),
        }
    }
}

impl Failure {
    /// Makes a [`File`](Self::File) of the error of a file.
    pub fn at(path: &Path) -> impl Fn(io::Error) -> Self {
        |cause| Self::File { path: path.into(), cause }
    }

    /// Returns the exit code.
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
            Self::File { cause, .. } if cause.kind() == io::ErrorKind::PermissionDenied => 5,
            Self::Open(error) | Self::Create(CreateError::Existing(AttachError::Anchor(error))) => of_open(error),
            Self::Create(error) | Self::Migrate(MigrateError::Object(error)) => of_create(error),
            Self::Migrate(MigrateError::InUse { .. } | MigrateError::Refused(_)) => 4,
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

/// Says how to write a path on the command line whose quotes the shell has probably taken away.
fn without_quotes(error: &FieldError) -> String {
    let as_in = |path: &str| format!("{TAKEN}: {}", in_single_quotes(path));
    match error {
        FieldError::Syntax { instead: Some(path), .. } => as_in(path),
        FieldError::Syntax { path, .. } if path.contains("[{") && !path.contains('"') => TAKEN.into(),
        FieldError::WrongKey { path, key, expected } if expected.contains("in quotes") => match key.chars().next() {
            // The quotes in its JSON show that the shell has left all of them.
            _ if key.contains('"') => String::new(),
            // Which of the elements had quotes is unknown.
            Some('[') => TAKEN.into(),
            _ => as_in(&format!("{path}[\"{key}\"]")),
        },
        _ => String::new(),
    }
}

const TAKEN: &str = ". The shell takes quotes away and splits the path at braces, unless the path is in single quotes";

/// Returns a path as it is written on the command line, with control characters escaped.
#[must_use]
pub fn in_single_quotes(path: &str) -> String {
    format!("'{}'", shown(path).replace('\'', r"'\''"))
}
