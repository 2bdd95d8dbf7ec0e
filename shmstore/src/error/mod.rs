//! Errors: an enum for each phase, and what errors carry.
//!
//! Read first: [`Error`], to which `?` turns every other error of the crate. The enums are [`OpenError`],
//! [`CreateError`], [`AttachError`] and [`RemoveError`] of a store, [`WaitError`], [`LockError`], [`Busy`],
//! [`PushError`], [`PopError`], [`RecvError`], [`InsertError`], [`EntryError`], [`LoanError`] and [`PinError`] of an
//! object's parts.
//!
//! A message says what was attempted, on what object, what was expected and found, and what to do next. It is complete:
//! [`source`](std::error::Error::source) of an error is `None`, and the cause of an error is printed in its message.
//! `Debug` prints what `Display` prints, so that `unwrap` and `fn main() -> Result<…>` show the message.

// Layers it may use: layout, value.

mod attach;
mod create;
mod frames;
mod init;
mod io;
mod layout_mismatch;
mod map;
mod open;
mod part;
mod part_name;
mod remove;
mod stream;
mod subject;
mod value;
mod wait;

use crate::layout::invalid_value::debug_is_display;
pub use crate::layout::{InvalidValue, SchemaError};
pub use crate::value::{CapacityError, TimestampError};
pub use attach::{AbandonedReason, AttachError};
pub use create::CreateError;
pub use frames::{FrameLost, LoanError, Overrun, PinError, SlotUsers, TooLong};
pub use init::InitResult;
pub(crate) use layout_mismatch::Conflict;
pub use layout_mismatch::{LayoutMismatch, LayoutSummary};
pub use map::{EntryError, InsertError, Removed};
pub use open::{OpenError, Warning};
pub use part::{BeginError, Busy, Holder, LockError};
pub(crate) use part_name::KeyText;
pub use part_name::PartName;
pub use remove::RemoveError;
pub use stream::{JobLost, PopError, PushError, RecvError};
pub use subject::{AnchorClaim, Creator, FileOwner, SegmentOwner, Subject};
pub(crate) use subject::{if_refused, link_target, moment};
pub use value::ValueError;
pub use wait::{Awaited, WaitAnyError, WaitError};

/// Any error of the crate. `?` turns each of the crate's errors into it, and it into [`std::io::Error`].
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
    /// Another process or thread holds a part.
    #[error(transparent)]
    Busy(#[from] Busy),
    /// A lock was not taken.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// A wait ended without a result.
    #[error(transparent)]
    Wait(#[from] WaitError),
    /// A wait for several changes ended without one.
    #[error(transparent)]
    WaitAny(#[from] WaitAnyError),
    /// An item was not pushed to a queue.
    #[error(transparent)]
    Push(#[from] PushError),
    /// No item was popped or taken from a queue.
    #[error(transparent)]
    Pop(#[from] PopError),
    /// A job was not finished, because its process no longer had it.
    #[error(transparent)]
    JobLost(#[from] JobLost),
    /// No item was received from a broadcast.
    #[error(transparent)]
    Recv(#[from] RecvError),
    /// A key was not inserted into a map.
    #[error(transparent)]
    Insert(#[from] InsertError),
    /// The key of an entry is no longer in the map.
    #[error(transparent)]
    Removed(#[from] Removed),
    /// No slot was loaned for a frame.
    #[error(transparent)]
    Loan(#[from] LoanError),
    /// No frame was pinned.
    #[error(transparent)]
    Pin(#[from] PinError),
    /// A frame was not published, because its process no longer had its slot.
    #[error(transparent)]
    FrameLost(#[from] FrameLost),
    /// A frame has room for fewer elements.
    #[error(transparent)]
    TooLong(#[from] TooLong),
    /// A frame was overwritten while it was read.
    #[error(transparent)]
    Overrun(#[from] Overrun),
    /// Bytes in an object are not valid for their type.
    #[error(transparent)]
    InvalidValue(#[from] InvalidValue),
    /// A value does not fit its type.
    #[error(transparent)]
    Value(#[from] ValueError),
    /// A layout description cannot be read.
    #[error(transparent)]
    Schema(#[from] SchemaError),
    /// A text or list is too long for its container.
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

impl From<EntryError> for Error {
    fn from(error: EntryError) -> Self {
        match error {
            EntryError::Removed(removed) => removed.into(),
            EntryError::Busy(busy) => busy.into(),
            EntryError::InvalidValue(invalid) => invalid.into(),
        }
    }
}

impl From<BeginError> for EntryError {
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
    LayoutMismatch,
    Busy,
    BeginError,
    PartName,
    Awaited,
    LockError,
    WaitAnyError,
    WaitError,
    PushError,
    PopError,
    JobLost,
    RecvError,
    InsertError,
    EntryError,
    Removed,
    LoanError,
    PinError,
    FrameLost,
    TooLong,
    Overrun,
    ValueError
);
