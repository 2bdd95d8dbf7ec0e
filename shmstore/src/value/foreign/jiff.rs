//! `jiff::Timestamp`, to and from `Timestamp`.

use crate::value::Timestamp;
use crate::value::TimestampError;

impl TryFrom<jiff::Timestamp> for Timestamp {
    type Error = TimestampError;

    fn try_from(time: jiff::Timestamp) -> Result<Self, TimestampError> {
        Self::of(time.as_nanosecond())
    }
}

impl From<Timestamp> for jiff::Timestamp {
    fn from(time: Timestamp) -> Self {
        Self::from_nanosecond(time.as_nanos().into()).expect("jiff's years reach from -9999 to 9999")
    }
}
