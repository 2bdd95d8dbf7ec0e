//! Errors of the program, and their exit codes.

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use shmstore::dynamic::DynamicError;
use shmstore::error::{InsertError, PopError, PushError, RecvError};
use shmstore::inspect::{FieldError, InspectError, PartError, SavedError};
use shmstore::migrate::MigrateError;
use shmstore::{AttachError, CreateError, OpenError, RemoveError, WaitError};
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
    /// Arguments do not go together. Exit code 2.
    #[error("{0}")]
    Usage(String),
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
    /// An object cannot be written. Exit code 5 without the permission, 4 if a value is refused, 3 if the object or the
    /// part does not exist, 6 if another process had the part for too long, otherwise 1.
    #[error("{}{advice}", shown(&.error.to_string()))]
    Write {
        /// The reason.
        error: Box<DynamicError>,
        /// What to do next, after a blank. It may be empty.
        advice: String,
    },
    /// Nothing came in time, or another process was at work for too long. Exit code 6.
    #[error("{0}")]
    Late(String),
    /// A signal ended the command, which has let go of everything. The program ends by the signal.
    #[error("ended by signal {0}")]
    Signal(i32),
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
    /// One or more of several objects failed. Exit code of the first failure.
    #[error("{text}")]
    Several {
        /// The failures and what was done, on lines.
        text: String,
        /// The first failure.
        first: Box<Failure>,
    },
    /// Any other error. Exit code 1.
    #[error("{0}")]
    Other(String),
}

impl From<PartError> for Failure {
    fn from(error: PartError) -> Self {
        match error {
            PartError::Field(error) => Self::Field(error),
            other => Self::Other(shown(&other.to_string())),
        }
    }
}

impl From<DynamicError> for Failure {
    fn from(error: DynamicError) -> Self {
        match error {
            DynamicError::Field(error) => Self::Field(error),
            DynamicError::Inspect(error) => Self::Inspect(error),
            DynamicError::Create(error) => Self::Create(error),
            DynamicError::Attach(AttachError::Anchor(error)) => Self::Open(error),
            error => Self::Write { error: Box::new(error), advice: String::new() },
        }
    }
}

impl Failure {
    /// Makes a [`File`](Self::File) of the error of a file.
    pub fn at(path: &Path) -> impl Fn(io::Error) -> Self {
        |cause| Self::File { path: path.into(), cause }
    }

    /// Collects the failures of several objects. `end` says what was done. Without a failure, it returns `Ok`.
    ///
    /// # Errors
    ///
    /// [`Failure::Several`].
    pub fn several(failures: Vec<Self>, end: &str) -> Result<(), Self> {
        let text: String = failures.iter().map(|failure| format!("{failure}\n")).collect();
        match failures.into_iter().next() {
            Some(first) => Err(Self::Several { text: text + end, first: Box::new(first) }),
            None => Ok(()),
        }
    }

    /// Returns the exit code.
    #[must_use]
    pub fn exit_code(&self) -> ExitCode {
        ExitCode::from(self.code())
    }

    /// Returns the same as a number.
    pub(crate) fn code(&self) -> u8 {
        match self {
            Self::Several { first, .. } => first.code(),
            Self::Ambiguous(_) | Self::Usage(_) => 2,
            Self::Write { error, .. } => of_write(error),
            Self::Late(_) => 6,
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
        }
    }
}

fn of_write(error: &DynamicError) -> u8 {
    use DynamicError as E;
    match error {
        E::Attach(AttachError::AccessDenied { .. } | AttachError::Untrusted { .. }) => 5,
        E::WrongPart { .. } | E::NotAPart { .. } | E::NotAwaited { .. } => 3,
        E::Attach(AttachError::NotFound { .. }) | E::Wait(WaitError::Removed { .. } | WaitError::AnchorLost { .. }) => {
            3
        }
        E::Push(PushError::Removed { .. } | PushError::AnchorLost { .. }) => 3,
        E::Pop(PopError::Removed { .. } | PopError::AnchorLost { .. }) => 3,
        E::Value(_)
        | E::InvalidValue(_)
        | E::OtherVersion { .. }
        | E::NoInteger { .. }
        | E::TooMuch { .. }
        | E::Schema(_) => 4,
        E::Attach(AttachError::Foreign { .. } | AttachError::Collision { .. } | AttachError::Mirrored { .. })
        | E::Insert(InsertError::Full { .. }) => 4,
        error if is_late(error) => 6,
        _ => 1,
    }
}

/// Returns `true` if a call has waited as long as it might, and another one may succeed.
#[must_use]
pub fn is_late(error: &DynamicError) -> bool {
    use DynamicError as E;
    matches!(
        error,
        E::Busy(_)
            | E::Push(PushError::Full { .. } | PushError::Busy(_))
            | E::Pop(PopError::Empty { .. } | PopError::Busy(_))
            | E::Insert(InsertError::Busy(_))
            | E::Recv(RecvError::Empty { .. })
            | E::Wait(WaitError::Timeout { .. })
    )
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
    use AttachError::{AccessDenied, Collision, Foreign, LayoutMismatch, Mirrored};
    match error {
        CreateError::AlreadyExists { .. } | CreateError::InUse { .. } => 4,
        CreateError::Existing(LayoutMismatch(_) | Foreign { .. } | Collision { .. } | Mirrored { .. }) => 4,
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
