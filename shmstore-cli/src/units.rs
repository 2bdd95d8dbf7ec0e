//! Sizes and times on the command line: `64MiB`, `10min`.

use std::time::Duration;

const SIZES: [(&str, u64); 7] = [
    ("B", 1),
    ("kB", 1000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
];

const TIMES: [(&str, f64); 5] = [("ms", 0.001), ("s", 1.0), ("min", 60.0), ("h", 3600.0), ("d", 86_400.0)];

/// Splits a text into a number and its unit.
fn split(text: &str) -> Option<(f64, &str)> {
    let end = text.find(|letter: char| !letter.is_ascii_digit() && letter != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    Some((number.parse().ok()?, unit.trim_start()))
}

/// Parses a number of bytes. Without a unit, it is one of bytes.
///
/// ```
/// assert_eq!(shmstore_cli::units::size("64MiB"), Ok(64 << 20));
/// ```
///
/// # Errors
///
/// The message for a text that is none.
pub fn size(text: &str) -> Result<u64, String> {
    let bytes = split(text).and_then(|(number, unit)| {
        let unit = if unit.is_empty() { "B" } else { unit };
        let (_, bytes) = SIZES.iter().find(|(name, _)| *name == unit)?;
        Some(number * *bytes as f64).filter(|bytes| *bytes < (1_u64 << 60) as f64)
    });
    bytes.map(|bytes| bytes as u64).ok_or_else(|| "write a size, such as 64MiB, 1GiB or 500kB".into())
}

/// Parses a time. Without a unit, it is one of seconds.
///
/// ```
/// assert_eq!(shmstore_cli::units::time("1.5min"), Ok(std::time::Duration::from_secs(90)));
/// ```
///
/// # Errors
///
/// The message for a text that is none.
pub fn time(text: &str) -> Result<Duration, String> {
    let time = split(text).and_then(|(number, unit)| {
        let unit = if unit.is_empty() { "s" } else { unit };
        let (_, seconds) = TIMES.iter().find(|(name, _)| *name == unit)?;
        Duration::try_from_secs_f64(number * seconds).ok().filter(|time| time.as_secs() < 1_000_000_000)
    });
    time.ok_or_else(|| "write a time, such as 500ms, 10s, 5min or 1h".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_times_have_units() {
        assert_eq!([size("7"), size("1.5 kB"), size("2GiB")], [Ok(7), Ok(1500), Ok(2 << 30)]);
        let times = [time("7"), time("250ms"), time("1h")];
        assert_eq!(times, [7.0, 0.25, 3600.0].map(|seconds| Ok(Duration::from_secs_f64(seconds))));
        for wrong in ["", "x", "-1", "1 MiBs", "1e3", "..", "99999999999999999999GiB"] {
            assert!(size(wrong).is_err() && time(wrong).is_err(), "{wrong}");
        }
    }
}
