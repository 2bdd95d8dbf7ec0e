//! `Timestamp`, and its conversions from and to the times of std, `chrono` and `jiff`.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use chrono::{DateTime, FixedOffset, TimeZone, Utc};
use proptest::prelude::*;
use shmstore::error::TimestampError;
use shmstore::{AnyBits, Error, Timestamp};

const NANOSECOND: Duration = Duration::from_nanos(1);

fn at(nanoseconds: i64) -> Timestamp {
    Timestamp::from_nanos(nanoseconds)
}

#[test]
fn every_bit_pattern_is_a_time_and_they_are_ordered_as_their_numbers() {
    const fn all_bits_are_valid<V: AnyBits + Eq + std::hash::Hash + Default>() {}
    const { all_bits_are_valid::<Timestamp>() };
    assert_eq!(Timestamp::default(), Timestamp::UNIX_EPOCH);
    assert!([Timestamp::MIN, at(-1), Timestamp::UNIX_EPOCH, at(1), Timestamp::MAX].is_sorted());
}

#[test]
fn times_are_shown_by_rfc_3339_in_universal_time() {
    for (nanoseconds, shown) in [
        (i64::MIN, "1677-09-21T00:12:43.145224192Z"),
        (-1, "1969-12-31T23:59:59.999999999Z"),
        (0, "1970-01-01T00:00:00.000000000Z"),
        (951_782_400_000_000_001, "2000-02-29T00:00:00.000000001Z"),
        (i64::MAX, "2262-04-11T23:47:16.854775807Z"),
    ] {
        assert_eq!(at(nanoseconds).to_string(), shown);
        assert_eq!(format!("{:?}", at(nanoseconds)), shown);
    }
}

#[test]
fn precision_says_how_many_digits_are_shown_and_rounds_none_up() {
    assert_eq!(format!("{:.0}", at(-1)), "1969-12-31T23:59:59Z");
    assert_eq!(format!("{:.3}", at(1_999_999)), "1970-01-01T00:00:00.001Z");
    assert_eq!(format!("{:.12}", at(7)), "1970-01-01T00:00:00.000000007Z");
}

#[test]
fn now_is_between_two_looks_at_the_clock() {
    let before = SystemTime::now();
    let now = SystemTime::from(Timestamp::now());
    assert!(before <= now && now <= SystemTime::now());
}

#[test]
fn system_times_are_converted_up_to_the_last_nanosecond_of_the_range() {
    let (first, last) = (SystemTime::from(Timestamp::MIN), SystemTime::from(Timestamp::MAX));
    assert_eq!(UNIX_EPOCH.duration_since(first).unwrap(), Duration::from_nanos(1 << 63));
    assert_eq!(last.duration_since(UNIX_EPOCH).unwrap(), Duration::from_nanos((1 << 63) - 1));
    assert_eq!(Timestamp::try_from(first), Ok(Timestamp::MIN));
    assert_eq!(Timestamp::try_from(last), Ok(Timestamp::MAX));
    let range = "a `Timestamp` holds 1677-09-21T00:12:43.145224192Z to 2262-04-11T23:47:16.854775807Z";
    for (time, shown) in [(first - NANOSECOND, "1677-09-21T00:12:43Z"), (last + NANOSECOND, "2262-04-11T23:47:16Z")] {
        let error = Timestamp::try_from(time).unwrap_err();
        assert_eq!(error.to_string(), format!("cannot make a `Timestamp` of {shown}: {range}"));
        assert_eq!(Error::from(error).to_string(), error.to_string());
    }
    let furthest = Duration::from_secs(i64::MAX as u64);
    assert!(Timestamp::try_from(UNIX_EPOCH + furthest).unwrap_err().to_string().contains("of 292277026596-12-04T"));
    assert!(Timestamp::try_from(UNIX_EPOCH - furthest).unwrap_err().to_string().contains("of -292277022657-01-27T"));
}

#[test]
fn durations_are_added_within_the_range_and_nowhere_else() {
    assert_eq!(at(-3).checked_add(Duration::from_nanos(5)), Some(at(2)));
    assert_eq!(at(2).checked_sub(Duration::from_nanos(5)), Some(at(-3)));
    let all = Duration::from_nanos(u64::MAX);
    assert_eq!(Timestamp::MIN.checked_add(all), Some(Timestamp::MAX));
    assert_eq!(Timestamp::MAX.checked_sub(all), Some(Timestamp::MIN));
    for too_long in [all + NANOSECOND, Duration::MAX] {
        assert_eq!(Timestamp::MIN.checked_add(too_long), None);
        assert_eq!(Timestamp::MAX.checked_sub(too_long), None);
    }
    assert_eq!(Timestamp::MAX.duration_since(Timestamp::MIN).unwrap(), all);
    assert_eq!(Timestamp::MIN.duration_since(Timestamp::MAX).unwrap_err().duration(), all);
    assert!(Timestamp::MAX.elapsed().is_err() && Timestamp::MIN.elapsed().is_ok());
}

#[test]
fn serde_has_them_as_numbers_of_nanoseconds() {
    assert_eq!(serde_json::to_string(&[at(-1), at(7)]).unwrap(), "[-1,7]");
    assert_eq!(serde_json::from_str::<Timestamp>("-9223372036854775808").unwrap(), Timestamp::MIN);
}

#[test]
fn times_of_jiff_that_are_out_of_range_are_refused() {
    for (jiff, year) in [(jiff::Timestamp::MIN, "of -9999-"), (jiff::Timestamp::MAX, "of 9999-")] {
        let error = Timestamp::try_from(jiff).unwrap_err();
        assert!(error.to_string().contains(year), "{error}");
    }
    for time in [Timestamp::MIN, Timestamp::MAX] {
        let one_further =
            jiff::Timestamp::from_nanosecond(i128::from(time.as_nanos()) + i128::from(time.as_nanos().signum()));
        assert!(Timestamp::try_from(one_further.unwrap()).is_err());
    }
}

#[test]
fn times_of_chrono_are_converted_from_any_zone_and_refused_out_of_range() {
    let zone = FixedOffset::east_opt(2 * 3600).unwrap();
    let local = zone.with_ymd_and_hms(2026, 11, 22, 15, 40, 2).unwrap();
    let time = Timestamp::try_from(local).unwrap();
    assert_eq!(time, at(1_795_354_802_000_000_000));
    assert_eq!(DateTime::<Utc>::from(time), local);
    for far in [DateTime::<Utc>::MIN_UTC, DateTime::<Utc>::MAX_UTC] {
        let _: TimestampError = Timestamp::try_from(far).unwrap_err();
    }
    // A leap second is counted as the second after it.
    let leap = Utc.timestamp_opt(1_483_228_799, 1_500_000_000).unwrap();
    assert_eq!(Timestamp::try_from(leap).unwrap(), at(1_483_228_800_500_000_000));
}

proptest! {
    #[test]
    fn conversions_lose_nothing_and_all_calendars_agree(nanoseconds: i64) {
        let time = at(nanoseconds);
        prop_assert_eq!(Timestamp::try_from(SystemTime::from(time)), Ok(time));
        let jiff = jiff::Timestamp::from(time);
        prop_assert_eq!(jiff.as_nanosecond(), i128::from(nanoseconds));
        prop_assert_eq!(Timestamp::try_from(jiff), Ok(time));
        prop_assert_eq!(time.to_string(), format!("{jiff:.9}"));
        let chrono = DateTime::<Utc>::from(time);
        prop_assert_eq!(chrono.timestamp_nanos_opt(), Some(nanoseconds));
        prop_assert_eq!(Timestamp::try_from(chrono), Ok(time));
    }
}
