//! The date.

use std::time::{SystemTime, UNIX_EPOCH};

/// Today, in UTC.
pub(super) fn today() -> String {
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    date(seconds / 86_400)
}

/// So many days after 1970-01-01. Years begin in March here, so that a leap day is the last of its year.
fn date(days: u64) -> String {
    const OF_400_YEARS: u64 = 146_097;
    let days = days + 719_468;
    let (era, day) = (days / OF_400_YEARS, days % OF_400_YEARS);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (month, next) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    format!("{:04}-{month:02}-{day:02}", era * 400 + year + next)
}

#[cfg(test)]
mod tests {
    use super::date;

    #[test]
    fn days_are_dates() {
        let dates = [0, 59, 11_016, 11_017, 20_088, 47_540].map(date);
        assert_eq!(dates, ["1970-01-01", "1970-03-01", "2000-02-29", "2000-03-01", "2024-12-31", "2100-02-28"]);
        assert_eq!(date(47_541), "2100-03-01");
    }
}
