//! The error for times that are out of range.

use super::calendar::Civil;
use crate::layout::invalid_value::debug_is_display;

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

debug_is_display!(TimestampError);
