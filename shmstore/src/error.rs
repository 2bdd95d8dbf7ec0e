//! What can go wrong, an enum a phase: each message says what was attempted, on what, what was found, what to do next.

mod attach;
mod create;
mod layout_mismatch;
mod open;
mod part;
mod remove;
mod subject;

use std::fmt;

use crate::calendar::Civil;
pub use crate::schema::SchemaError;
pub use attach::{AbandonedReason, AttachError};
pub use create::CreateError;
pub use layout_mismatch::{LayoutMismatch, LayoutSummary};
pub use open::OpenError;
pub use part::{Awaited, Busy, Holder, LockError, PartName, WaitError};
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

/// `fn main() -> Result<…>` and `unwrap` show `Debug`: it prints what `Display` prints.
macro_rules! debug_is_display {
    ($($error:ty),*) => {$(
        impl fmt::Debug for $error {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }
    )*};
}

debug_is_display!(
    Error,
    OpenError,
    AttachError,
    CreateError,
    RemoveError,
    Busy,
    PartName,
    Awaited,
    LockError,
    WaitError,
    InvalidValue,
    CapacityError,
    TimestampError
);

/// Bytes in shared memory that are no valid value of their type: another process wrote them, against the protocol.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[error("{} is not a valid {type_name}: found {found}", self.place())]
pub struct InvalidValue {
    /// Which field, from the value that was read: `mode`, `samples[3].kind`; empty if it is the value itself.
    path: String,
    type_name: &'static str,
    found: i128,
}

impl InvalidValue {
    /// Says that the number `found` is no valid `type_name`.
    #[must_use]
    pub fn new(type_name: &'static str, found: i128) -> Self {
        Self { path: String::new(), type_name, found }
    }

    /// Adds the name of the field in which it was found.
    #[must_use]
    pub fn in_field(self, name: &str) -> Self {
        let separator = if self.path.is_empty() || self.path.starts_with('[') { "" } else { "." };
        Self { path: format!("{name}{separator}{}", self.path), ..self }
    }

    /// Adds the place in the array in which it was found.
    #[must_use]
    pub fn in_element(self, at: usize) -> Self {
        self.in_field(&format!("[{at}]"))
    }

    /// Which field it is, from the value that was read: `mode`, `samples[3].kind`; empty if it is the value itself.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    fn place(&self) -> String {
        if self.path.is_empty() { "the value".into() } else { format!("`{}`", self.path) }
    }
}

/// More text or more elements than a [`FixedString`](crate::FixedString) or [`FixedVec`](crate::FixedVec) has room for.
///
/// Nothing is ever cut off silently: the string or vector is as it was before.
///
/// ```
/// use shmstore::FixedString;
/// let error = FixedString::<4>::try_from("rover").unwrap_err();
/// assert_eq!((error.capacity(), error.needed()), (4, 5));
/// assert!(error.to_string().starts_with("cannot put 5 bytes of text into a `FixedString<4>`"));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "cannot put {needed} {} into a `{}`: declare it with a capacity of at least {needed}, or {}",
    self.content.unit(), self.content.container(self.capacity), self.content.cure()
)]
pub struct CapacityError {
    content: Content,
    capacity: usize,
    needed: usize,
}

impl CapacityError {
    pub(crate) const fn new(content: Content, capacity: usize, needed: usize) -> Self {
        Self { content, capacity, needed }
    }

    /// How much it has room for: bytes of text, or elements.
    #[must_use]
    pub const fn capacity(&self) -> usize {
        self.capacity
    }

    /// How much it would have had to hold, what was already in it included: bytes of text, or elements. At least so
    /// much: an iterator is not asked for more once it has given one element too many.
    #[must_use]
    pub const fn needed(&self) -> usize {
        self.needed
    }
}

/// What a [`CapacityError`] is about.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Content {
    /// The text of a `FixedString`.
    Text,
    /// The elements of a `FixedVec`.
    Elements,
}

impl Content {
    fn unit(self) -> &'static str {
        match self {
            Self::Text => "bytes of text",
            Self::Elements => "elements",
        }
    }

    fn container(self, capacity: usize) -> String {
        match self {
            Self::Text => format!("FixedString<{capacity}>"),
            Self::Elements => format!("FixedVec<_, {capacity}>"),
        }
    }

    fn cure(self) -> &'static str {
        match self {
            Self::Text => "cut the text with `FixedString::from_truncated`",
            Self::Elements => "put in fewer",
        }
    }
}

/// A time before 1677-09-21 or after 2262-04-11, which is out of range for a [`Timestamp`](crate::Timestamp).
///
/// ```
/// use std::time::{Duration, UNIX_EPOCH};
/// use shmstore::Timestamp;
/// let error = Timestamp::try_from(UNIX_EPOCH + Duration::from_secs(10_000_000_000)).unwrap_err();
/// assert!(error.to_string().starts_with("cannot make a `Timestamp` of 2286-11-20T17:46:40Z: "));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "cannot make a `Timestamp` of {}Z: a `Timestamp` holds 1677-09-21T00:12:43.145224192Z to 2262-04-11T23:47:16.854775807Z",
    Civil { seconds: *.seconds, separator: 'T' }
)]
pub struct TimestampError {
    seconds: i64,
}

impl TimestampError {
    /// For a time so many nanoseconds after 1970.
    pub(crate) fn new(nanoseconds: i128) -> Self {
        let seconds = nanoseconds.div_euclid(1_000_000_000);
        Self { seconds: seconds.clamp(i64::MIN.into(), i64::MAX.into()) as i64 }
    }
}
