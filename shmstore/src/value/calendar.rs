//! The Gregorian calendar in universal time, for messages and for [`Timestamp`](crate::Timestamp).

use std::fmt;

/// Seconds since 1970, shown as a date and a time of day with `separator` between them: `2026-11-22 13:40:02`.
pub(crate) struct Civil {
    pub(crate) seconds: i64,
    pub(crate) separator: char,
}

impl fmt::Display for Civil {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seconds, separator } = self;
        let (year, month, day) = civil_date(seconds.div_euclid(86_400));
        let second_of_day = seconds.rem_euclid(86_400);
        let (hour, minute, second) = (second_of_day / 3_600, second_of_day / 60 % 60, second_of_day % 60);
        write!(f, "{year:04}-{month:02}-{day:02}{separator}{hour:02}:{minute:02}:{second:02}")
    }
}

/// Returns year, month and day of a number of days since 1970-01-01. It counts years from March, so leap days come
/// last.
fn civil_date(days: i64) -> (i64, i64, i64) {
    let days_since_0000_03_01 = days + 719_468;
    let era = days_since_0000_03_01.div_euclid(146_097);
    let day_of_era = days_since_0000_03_01.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    (era * 400 + year_of_era + i64::from(month <= 2), month, day)
}
