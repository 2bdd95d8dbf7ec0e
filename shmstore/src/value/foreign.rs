//! Types of other crates, each crate behind the feature of its name.
//!
//! The implementations for values have `#[diagnostic::do_not_recommend]`. Otherwise rustc would name these types first
//! in its list of types that are values.

#[cfg(feature = "glam")]
mod glam;
#[cfg(feature = "uuid")]
mod uuid;

#[cfg(any(feature = "chrono", feature = "jiff"))]
use super::{Timestamp, TimestampError};

#[cfg(feature = "chrono")]
impl<Tz: chrono::TimeZone> TryFrom<chrono::DateTime<Tz>> for Timestamp {
    type Error = TimestampError;

    fn try_from(time: chrono::DateTime<Tz>) -> Result<Self, TimestampError> {
        Self::of(i128::from(time.timestamp()) * 1_000_000_000 + i128::from(time.timestamp_subsec_nanos()))
    }
}

#[cfg(feature = "chrono")]
impl From<Timestamp> for chrono::DateTime<chrono::Utc> {
    fn from(time: Timestamp) -> Self {
        Self::from_timestamp_nanos(time.as_nanos())
    }
}

#[cfg(feature = "jiff")]
impl TryFrom<jiff::Timestamp> for Timestamp {
    type Error = TimestampError;

    fn try_from(time: jiff::Timestamp) -> Result<Self, TimestampError> {
        Self::of(time.as_nanosecond())
    }
}

#[cfg(feature = "jiff")]
impl From<Timestamp> for jiff::Timestamp {
    fn from(time: Timestamp) -> Self {
        Self::from_nanosecond(time.as_nanos().into()).expect("jiff's years reach from -9999 to 9999")
    }
}
