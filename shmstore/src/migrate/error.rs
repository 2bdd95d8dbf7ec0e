//! Errors of migrating an object to another layout.

use std::error::Error;

use super::Refused;
use crate::error::{CreateError, Subject};
use crate::inspect::{InspectError, SavedError};
use crate::layout::invalid_value::debug_is_display;

/// Why an object was not migrated. The object is unchanged, except for [`Interrupted`](Self::Interrupted).
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum MigrateError {
    /// A process has the object attached.
    #[error("{subject} was not migrated, because it is in use: {}. End these processes first",
        users(.processes, *.others))]
    InUse {
        /// Which object.
        subject: Box<Subject>,
        /// The processes that have it attached for writing, as their own PID namespaces number them. This process may
        /// be one of them.
        processes: Vec<u32>,
        /// How many more times it is attached, for example for reading only.
        others: u64,
    },
    /// A value does not fit the new layout.
    #[error(transparent)]
    Refused(Box<Refused>),
    /// The values cannot be copied or written.
    #[error(transparent)]
    Values(#[from] SavedError),
    /// The object cannot be read.
    #[error(transparent)]
    Read(#[from] InspectError),
    /// There is no object, it cannot be used or replaced, or the kernel's limits do not allow the migration.
    #[error(transparent)]
    Object(#[from] CreateError),
    /// The closure that fills the new object returned an error.
    #[error("the object was not migrated: the closure that fills the new one failed: {cause}")]
    Fill {
        /// The error of the closure.
        cause: Box<dyn Error + Send + Sync>,
    },
    /// The old object was removed, and the new one could not be made yet. Its values are in the journal.
    #[error(
        "the migration of {subject} is not finished: {cause}. No value is lost. Remove the cause, and attach the \
         object: that finishes the migration"
    )]
    Interrupted {
        /// Which object.
        subject: Box<Subject>,
        /// Why the new object cannot be made.
        cause: Box<CreateError>,
    },
}

impl From<Refused> for MigrateError {
    fn from(refused: Refused) -> Self {
        Self::Refused(Box::new(refused))
    }
}

impl From<Box<dyn Error + Send + Sync>> for MigrateError {
    fn from(cause: Box<dyn Error + Send + Sync>) -> Self {
        Self::Fill { cause }
    }
}

debug_is_display!(MigrateError);

/// The users of an object.
fn users(processes: &[u32], others: u64) -> String {
    let own = std::process::id();
    let name = |pid: &u32| if *pid == own { format!("{pid} (this process)") } else { pid.to_string() };
    let pids: Vec<String> = processes.iter().map(name).collect();
    let times = |count: u64| if count == 1 { "once".into() } else { format!("{count} times") };
    match (pids.is_empty(), others) {
        (true, others) => format!("it is attached {}", times(others)),
        (false, 0) => format!("by process {}", pids.join(", ")),
        (false, others) => format!("by process {}, and it is attached {} more", pids.join(", "), times(others)),
    }
}
