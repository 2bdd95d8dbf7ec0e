//! Times and durations as text.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use shmstore::Timestamp;

/// Returns the seconds since 1970, or 0 for an earlier time.
#[must_use]
pub fn seconds(moment: SystemTime) -> u64 {
    moment.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

/// Returns the time since a moment, or zero if the moment is in the future.
#[must_use]
pub fn since(moment: SystemTime) -> Duration {
    moment.elapsed().unwrap_or_default()
}

/// Formats a duration with its two largest units: `5s`, `3m20s`, `2h5m`, `12d3h`.
#[must_use]
pub fn age(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds}s"),
        (0, 0, _) => format!("{minutes}m{}s", seconds % 60),
        (0, ..) => format!("{hours}h{minutes}m"),
        _ => format!("{days}d{hours}h"),
    }
}

/// Formats a time for people: `2024-02-29 13:05:07 UTC`.
#[must_use]
pub fn utc(moment: SystemTime) -> String {
    let time = Timestamp::try_from(moment).unwrap_or_default();
    format!("{time:.0}").replace('T', " ").replace('Z', " UTC")
}

/// Formats a time for programs by RFC 3339, in UTC with milliseconds: `2026-11-23T14:29:10.123Z`.
#[must_use]
pub fn timestamp(moment: SystemTime) -> String {
    format!("{:.3}", Timestamp::try_from(moment).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn utc_agrees_with_the_calendar() {
        let at = |seconds| utc(UNIX_EPOCH + Duration::from_secs(seconds));
        assert_eq!(at(0), "1970-01-01 00:00:00 UTC");
        assert_eq!(at(951_827_696), "2000-02-29 12:34:56 UTC");
        assert_eq!(at(1_709_211_907), "2024-02-29 13:05:07 UTC");
        assert_eq!(at(4_107_542_399), "2100-02-28 23:59:59 UTC");
        assert_eq!(at(4_107_542_400), "2100-03-01 00:00:00 UTC");
    }

    #[test]
    fn timestamps_agree_with_the_calendar() {
        for (millis, expected) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (1_709_251_199_999, "2024-02-29T23:59:59.999Z"),
            (1_709_251_200_000, "2024-03-01T00:00:00.000Z"),
            (4_102_444_799_001, "2099-12-31T23:59:59.001Z"),
        ] {
            assert_eq!(timestamp(UNIX_EPOCH + Duration::from_millis(millis)), expected);
        }
    }

    #[test]
    fn ages_have_their_two_largest_units() {
        let of = |seconds| age(Duration::from_secs(seconds));
        assert_eq!([of(0), of(59), of(200), of(7500), of(1_047_600)], ["0s", "59s", "3m20s", "2h5m", "12d3h"]);
    }
}
