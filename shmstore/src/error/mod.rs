//! Errors, one enum for each phase. A message says what was attempted, on what, what was found, and what to do next.
//!
//! Layers it may use: layout, value.

mod attach;
mod create;
mod layout_mismatch;
mod open;
mod part;
mod remove;
mod subject;

use crate::layout::invalid_value::debug_is_display;
pub use crate::layout::{InvalidValue, SchemaError};
pub use crate::value::{CapacityError, TimestampError};
pub use attach::{AbandonedReason, AttachError};
pub use create::CreateError;
pub use layout_mismatch::{LayoutMismatch, LayoutSummary};
pub use open::OpenError;
pub use part::{Awaited, BeginError, Busy, Holder, LockError, PartName, WaitError};
pub use remove::RemoveError;
pub use subject::{AnchorClaim, Creator, FileOwner, SegmentOwner, Subject};
pub(crate) use subject::{if_refused, link_target, moment};

/// Anything that can go wrong: what `?` turns each of the crate's errors into.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An anchor cannot be used.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// An object cannot be attached.
    #[error(transparent)]
    Attach(#[from] AttachError),
    /// An object cannot be created.
    #[error(transparent)]
    Create(#[from] CreateError),
    /// An object cannot be removed.
    #[error(transparent)]
    Remove(#[from] RemoveError),
    /// A part is held by somebody else.
    #[error(transparent)]
    Busy(#[from] Busy),
    /// A lock was not taken.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// Waiting brought nothing.
    #[error(transparent)]
    Wait(#[from] WaitError),
    /// What was read is no value of its type.
    #[error(transparent)]
    InvalidValue(#[from] InvalidValue),
    /// A layout description cannot be read.
    #[error(transparent)]
    Schema(#[from] SchemaError),
    /// Something is too long for its container.
    #[error(transparent)]
    Capacity(#[from] CapacityError),
    /// A time is out of range.
    #[error(transparent)]
    Timestamp(#[from] TimestampError),
}

impl From<BeginError> for Error {
    fn from(error: BeginError) -> Self {
        match error {
            BeginError::Busy(busy) => busy.into(),
            BeginError::InvalidValue(invalid) => invalid.into(),
        }
    }
}

debug_is_display!(
    Error,
    OpenError,
    AttachError,
    CreateError,
    RemoveError,
    Busy,
    BeginError,
    PartName,
    Awaited,
    LockError,
    WaitError
);
