//! The reasons why an object of any type cannot be attached, read or written.

use thiserror::Error;

use super::ValueError;
use crate::error::{
    AttachError, Busy, CreateError, FrameLost, InsertError, JobLost, LoanError, LockError, PinError, PopError,
    PushError, RecvError, SchemaError, TooLong, WaitError,
};
use crate::inspect::{FieldError, InspectError};
use crate::layout::InvalidValue;
use crate::layout::invalid_value::debug_is_display;

/// The reason why an object of any type cannot be attached, read or written.
#[derive(Error)]
#[non_exhaustive]
pub enum DynamicError {
    /// The object cannot be found or inspected.
    #[error(transparent)]
    Inspect(#[from] InspectError),
    /// No derive makes such a layout. Its objects can be read, and not written.
    #[error("cannot write objects of this schema: {0}")]
    Schema(SchemaError),
    /// The object is larger than memory can be.
    #[error("cannot make an object of {size} bytes: it is larger than memory can be. Make its parts smaller")]
    TooLarge {
        /// Its size in bytes.
        size: u64,
    },
    /// The object cannot be attached.
    #[error(transparent)]
    Attach(#[from] AttachError),
    /// The object cannot be created.
    #[error(transparent)]
    Create(#[from] CreateError),
    /// There is no such field.
    #[error(transparent)]
    Field(#[from] FieldError),
    /// The part at a path is of another kind.
    #[error("`{path}` is {found}, and not {expected}: use the handle of that part")]
    WrongPart {
        /// The path of the part.
        path: String,
        /// The kind that was asked for.
        expected: &'static str,
        /// Its type.
        found: String,
    },
    /// The path leads to nothing that is stored or changed as a whole.
    #[error(
        "`{path}` is not one value that can be stored: name an atomic, a `Versioned`, the key of a map, or a field of one of these"
    )]
    NotAPart {
        /// The path.
        path: String,
    },
    /// The path leads to nothing that counts its changes.
    #[error(
        "no change of `{path}` can be waited for: name a `Versioned`, an `Event`, a `Queue`, a `Broadcast`, a `Map`, \
         one of its keys, or a `Frames`"
    )]
    NotAwaited {
        /// The path.
        path: String,
    },
    /// A `Versioned` has another version than the one that was to be replaced.
    #[error("`{path}` has version {found}, and not {expected}: it was stored meanwhile. Load it again, and then store")]
    OtherVersion {
        /// The path of the part.
        path: String,
        /// The version that was to be replaced.
        expected: u64,
        /// Its version.
        found: u64,
    },
    /// A value is not of the type of its field.
    #[error(transparent)]
    Value(Box<ValueError>),
    /// Bytes are not a valid value of their type.
    #[error(transparent)]
    InvalidValue(#[from] InvalidValue),
    /// The bytes at a path are not a valid value, or cannot be read.
    #[error("`{path}` has no valid value: {why}. A store of the whole value repairs it")]
    InvalidField {
        /// The path.
        path: String,
        /// The reason.
        why: String,
    },
    /// Bytes have another size than the type.
    #[error("{found} bytes for a value of {expected}: pass exactly that many")]
    Length {
        /// The size of the type in bytes.
        expected: usize,
        /// The number of bytes that were passed.
        found: usize,
    },
    /// A number was to be added to a value that is no integer.
    #[error("cannot add to `{path}`: it is a `{found}`, and only integers are added to. Store a new value")]
    NoInteger {
        /// The path.
        path: String,
        /// The type.
        found: String,
    },
    /// A number that was to be added is too large.
    #[error("cannot add {by} to `{path}`: a number from -9223372036854775808 to 18446744073709551615 is expected")]
    TooMuch {
        /// The path.
        path: String,
        /// The number.
        by: Box<i128>,
    },
    /// No item can have this number.
    #[error("no item of the broadcast can have number {position}: the largest number to skip to is {last}")]
    Position {
        /// The number.
        position: u64,
        /// The largest number.
        last: u64,
    },
    /// The name of an origin is empty or too long.
    #[error("the name of an origin has 1 to 64 bytes, and this one has {len}: pass the host name of the origin")]
    Origin {
        /// The length of the name in bytes.
        len: usize,
    },
    /// Another process or thread has the part.
    #[error(transparent)]
    Busy(#[from] Busy),
    /// An item was not pushed.
    #[error(transparent)]
    Push(#[from] PushError),
    /// No item was popped.
    #[error(transparent)]
    Pop(PopError),
    /// No item was received.
    #[error(transparent)]
    Recv(RecvError),
    /// A key was not inserted.
    #[error(transparent)]
    Insert(#[from] InsertError),
    /// A lock was not taken.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// A change did not come.
    #[error(transparent)]
    Wait(WaitError),
    /// No slot was loaned.
    #[error(transparent)]
    Loan(#[from] LoanError),
    /// No frame was pinned.
    #[error(transparent)]
    Pin(#[from] PinError),
    /// This process no longer has an item.
    #[error(transparent)]
    Job(#[from] JobLost),
    /// This process no longer has a slot.
    #[error(transparent)]
    Frame(#[from] FrameLost),
    /// Elements do not fit into a frame.
    #[error(transparent)]
    TooLong(#[from] TooLong),
    /// A handle was inherited by `fork`.
    #[error("a process that was forked with {what} must not use it. It belongs to the parent")]
    OfParent {
        /// The handle.
        what: &'static str,
    },
}

impl From<ValueError> for DynamicError {
    fn from(error: ValueError) -> Self {
        Self::Value(Box::new(error))
    }
}

impl From<PopError> for DynamicError {
    fn from(error: PopError) -> Self {
        match error {
            PopError::InvalidValue(invalid) => Self::InvalidValue(invalid),
            error => Self::Pop(error),
        }
    }
}

impl From<RecvError> for DynamicError {
    fn from(error: RecvError) -> Self {
        match error {
            RecvError::InvalidValue(invalid) => Self::InvalidValue(invalid),
            error => Self::Recv(error),
        }
    }
}

impl From<WaitError> for DynamicError {
    fn from(error: WaitError) -> Self {
        match error {
            WaitError::InvalidValue(invalid) => Self::InvalidValue(invalid),
            error => Self::Wait(error),
        }
    }
}

debug_is_display!(DynamicError);
