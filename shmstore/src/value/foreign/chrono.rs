//! `chrono::DateTime`, to and from `Timestamp`.

use chrono::{DateTime, TimeZone, Utc};

use crate::value::Timestamp;
use crate::value::TimestampError;

impl<Tz: TimeZone> TryFrom<DateTime<Tz>> for Timestamp {
    type Error = TimestampError;

    fn try_from(time: DateTime<Tz>) -> Result<Self, TimestampError> {
        Self::of(i128::from(time.timestamp()) * 1_000_000_000 + i128::from(time.timestamp_subsec_nanos()))
    }
}

impl From<Timestamp> for DateTime<Utc> {
    fn from(time: Timestamp) -> Self {
        Self::from_timestamp_nanos(time.as_nanos())
    }
}
