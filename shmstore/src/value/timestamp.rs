//! A date and time that means the same in every process, and the error for times that are out of its range.

use std::fmt;
use std::time::{Duration, SystemTime, SystemTimeError, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use crate::layout::derive::{ShmKey, ShmValue};
use crate::layout::invalid_value::debug_is_display;
use crate::value::calendar::Civil;

const NANOS_PER_SECOND: i64 = 1_000_000_000;

/// A time that can be copied through shared memory.
///
/// It is a number of nanoseconds since 1970-01-01T00:00:00Z, as [`SystemTime`] counts them.
///
/// ```
/// use std::time::{Duration, SystemTime};
/// use shmstore::{Timestamp, Versioned};
///
/// let taken = Versioned::<Timestamp>::default();
/// assert_eq!(taken.load(), Timestamp::UNIX_EPOCH); // never stored
/// taken.store(Timestamp::now());
/// assert!(taken.load().elapsed()? < Duration::from_secs(3600));
///
/// let time = Timestamp::from_nanos(1_795_354_802_000_000_007);
/// assert_eq!(time.to_string(), "2026-11-22T13:40:02.000000007Z");
/// assert_eq!(format!("{time:.0} {time:.3}"), "2026-11-22T13:40:02Z 2026-11-22T13:40:02.000Z");
/// assert_eq!(Timestamp::try_from(SystemTime::from(time))?, time);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// The range is [`MIN`](Self::MIN), 1677-09-21T00:12:43.145224192Z, to [`MAX`](Self::MAX),
/// 2262-04-11T23:47:16.854775807Z. Every bit pattern is a valid time, and zero is 1970. Leap seconds are not counted.
///
/// `Display` and `Debug` show the time by RFC 3339, in universal time. Nine digits follow the second, or fewer by the
/// precision: `{time:.3}`. Further digits are cut off. For serde a timestamp is its number of nanoseconds.
///
/// # Conversions
///
/// | type | `Timestamp` to this type | this type to `Timestamp` |
/// |---|---|---|
/// | [`SystemTime`] | `From` | `TryFrom` |
/// | `jiff::Timestamp`, feature `jiff` | `From` | `TryFrom` |
/// | `chrono::DateTime<Tz>`, feature `chrono` | `From`, to `DateTime<Utc>` | `TryFrom` |
///
/// So `SystemTime::now().try_into()?` makes a timestamp. A time out of range is a [`TimestampError`].
///
/// There is no `+` and no `-`, because they could go out of range. [`checked_add`](Self::checked_add) and
/// [`checked_sub`](Self::checked_sub) return an `Option`. `std::time::Instant` has no meaning in another process, so
/// there is no conversion. A `Duration` is stored as a `u64` of nanoseconds.
///
/// # Shape
///
/// 8 bytes, aligned to 8: an `i64` named `nanoseconds`.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ShmValue, ShmKey)]
#[serde(transparent)]
#[shm(crate = "crate")]
#[repr(transparent)]
pub struct Timestamp {
    nanoseconds: i64,
}

impl Timestamp {
    /// 1970-01-01T00:00:00Z, with which a new object begins.
    pub const UNIX_EPOCH: Self = Self::from_nanos(0);
    /// The earliest time, 1677-09-21T00:12:43.145224192Z.
    pub const MIN: Self = Self::from_nanos(i64::MIN);
    /// The latest time, 2262-04-11T23:47:16.854775807Z.
    pub const MAX: Self = Self::from_nanos(i64::MAX);

    /// Returns the time of the machine's clock, as [`SystemTime::now`] does.
    ///
    /// The time goes back if the clock is set back. It is [`MAX`](Self::MAX) if the clock is out of range.
    #[must_use]
    pub fn now() -> Self {
        SystemTime::now().try_into().unwrap_or(Self::MAX)
    }

    /// Makes the time that is `nanoseconds` after 1970-01-01T00:00:00Z, or before it if the number is negative.
    #[must_use]
    #[inline]
    pub const fn from_nanos(nanoseconds: i64) -> Self {
        Self { nanoseconds }
    }

    /// Returns the nanoseconds since 1970-01-01T00:00:00Z. The number is negative for times before.
    ///
    /// ```
    /// assert_eq!(shmstore::Timestamp::from_nanos(-1).as_nanos(), -1);
    /// ```
    #[must_use]
    #[inline]
    pub const fn as_nanos(self) -> i64 {
        self.nanoseconds
    }

    /// Returns the time that is `duration` later, or `None` if that is after [`MAX`](Self::MAX).
    ///
    /// ```
    /// use std::time::Duration;
    /// use shmstore::Timestamp;
    /// assert_eq!(Timestamp::from_nanos(5).checked_add(Duration::from_nanos(2)), Some(Timestamp::from_nanos(7)));
    /// assert_eq!(Timestamp::MAX.checked_add(Duration::from_nanos(1)), None);
    /// ```
    #[must_use]
    pub fn checked_add(self, duration: Duration) -> Option<Self> {
        Self::of(i128::from(self.nanoseconds) + nanos(duration)).ok()
    }

    /// Returns the time that is `duration` earlier, or `None` if that is before [`MIN`](Self::MIN).
    ///
    /// ```
    /// use std::time::Duration;
    /// use shmstore::Timestamp;
    /// assert_eq!(Timestamp::from_nanos(5).checked_sub(Duration::from_nanos(7)), Some(Timestamp::from_nanos(-2)));
    /// ```
    #[must_use]
    pub fn checked_sub(self, duration: Duration) -> Option<Self> {
        Self::of(i128::from(self.nanoseconds) - nanos(duration)).ok()
    }

    /// Returns the time from `earlier` to this time.
    ///
    /// # Errors
    ///
    /// [`SystemTimeError`] if `earlier` is later. Its `duration()` is the difference.
    ///
    /// ```
    /// use std::time::Duration;
    /// use shmstore::Timestamp;
    /// let (first, second) = (Timestamp::from_nanos(5), Timestamp::from_nanos(7));
    /// assert_eq!(second.duration_since(first)?, Duration::from_nanos(2));
    /// assert_eq!(first.duration_since(second).unwrap_err().duration(), Duration::from_nanos(2));
    /// # Ok::<(), std::time::SystemTimeError>(())
    /// ```
    pub fn duration_since(self, earlier: Self) -> Result<Duration, SystemTimeError> {
        SystemTime::from(self).duration_since(earlier.into())
    }

    /// Returns the time since this time, by the machine's clock.
    ///
    /// # Errors
    ///
    /// [`SystemTimeError`] if this time is in the future, for example because the clock was set back.
    pub fn elapsed(self) -> Result<Duration, SystemTimeError> {
        SystemTime::from(self).elapsed()
    }

    /// Makes the time that is `nanoseconds` after 1970-01-01T00:00:00Z.
    pub(super) fn of(nanoseconds: i128) -> Result<Self, TimestampError> {
        i64::try_from(nanoseconds).map(Self::from_nanos).map_err(|_| TimestampError::new(nanoseconds))
    }
}

/// Returns the nanoseconds, at most 2^94.
fn nanos(duration: Duration) -> i128 {
    duration.as_nanos() as i128
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.nanoseconds.div_euclid(NANOS_PER_SECOND);
        write!(f, "{}", Civil { seconds, separator: 'T' })?;
        let digits = f.precision().unwrap_or(9).min(9);
        if digits > 0 {
            let fraction = self.nanoseconds.rem_euclid(NANOS_PER_SECOND) / 10_i64.pow(9 - digits as u32);
            write!(f, ".{fraction:0digits$}")?;
        }
        f.write_str("Z")
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl TryFrom<SystemTime> for Timestamp {
    type Error = TimestampError;

    fn try_from(time: SystemTime) -> Result<Self, TimestampError> {
        Self::of(match time.duration_since(UNIX_EPOCH) {
            Ok(since) => nanos(since),
            Err(before) => -nanos(before.duration()),
        })
    }
}

impl From<Timestamp> for SystemTime {
    fn from(Timestamp { nanoseconds }: Timestamp) -> Self {
        let distance = Duration::from_nanos(nanoseconds.unsigned_abs());
        if nanoseconds < 0 { UNIX_EPOCH - distance } else { UNIX_EPOCH + distance }
    }
}

/// A time before 1677-09-21 or after 2262-04-11, which is out of range for a [`Timestamp`].
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
    /// Makes the error for the time that is `nanoseconds` after 1970-01-01T00:00:00Z.
    fn new(nanoseconds: i128) -> Self {
        let seconds = nanoseconds.div_euclid(1_000_000_000);
        Self { seconds: seconds.clamp(i64::MIN.into(), i64::MAX.into()) as i64 }
    }
}

debug_is_display!(TimestampError);
