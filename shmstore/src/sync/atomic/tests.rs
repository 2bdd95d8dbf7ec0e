//! The promises of std's atomics, and words that a hostile process may leave.

use std::ptr;
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};

use super::*;

/// Returns an atomic with these bytes in its word.
fn of_bytes<V: ShmValue>(bytes: [u8; 8]) -> AtomicValue<V> {
    AtomicValue { word: AtomicU64::new(u64::from_ne_bytes(bytes)), value: PhantomData }
}

fn view<V: ShmValue>(atomic: &AtomicValue<V>) -> &AtomicView<AtomicValue<V>> {
    // SAFETY: `AtomicView` is a transparent wrapper.
    unsafe { &*ptr::from_ref(atomic).cast() }
}

/// A value of three bytes, and foreign bytes behind it.
const FOREIGN: [u8; 8] = [1, 2, 3, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF];

#[test]
fn every_size_is_one_word_and_starts_as_zero() {
    assert_eq!((size_of::<AtomicValue<u8>>(), align_of::<AtomicValue<u8>>()), (8, 8));
    assert_eq!((size_of::<AtomicValue<[u8; 7]>>(), align_of::<AtomicValue<[u8; 7]>>()), (8, 8));
    assert_eq!((size_of::<AtomicValue<f64>>(), align_of::<AtomicValue<f64>>()), (8, 8));
    assert_eq!(AtomicValue::<[u8; 7]>::default().load(Relaxed), [0; 7]);
    assert_eq!(<AtomicValue<f64> as ShmLayout>::SCHEMA.size(), 8);
}

#[test]
fn the_value_is_the_first_bytes_of_the_word_and_the_rest_is_zero() {
    let atomic = of_bytes::<[u8; 3]>([0xFF; 8]);
    atomic.store([7, 8, 9], Release);
    assert_eq!(atomic.word.load(Relaxed).to_ne_bytes(), [7, 8, 9, 0, 0, 0, 0, 0]);
    assert_eq!(of_bytes::<[u8; 3]>(FOREIGN).load(Relaxed), [1, 2, 3]);
}

#[test]
fn foreign_bytes_behind_the_value_fail_no_exchange() {
    let atomic = of_bytes::<[u8; 3]>(FOREIGN);
    assert_eq!(atomic.compare_exchange([1, 2, 3], [4, 5, 6], AcqRel, Acquire), Ok([1, 2, 3]));
    assert_eq!(atomic.word.load(Relaxed).to_ne_bytes(), [4, 5, 6, 0, 0, 0, 0, 0]);

    let atomic = of_bytes::<[u8; 3]>(FOREIGN);
    assert_eq!(atomic.compare_exchange([1, 2, 4], [4, 5, 6], AcqRel, Acquire), Err([1, 2, 3]));
    assert_eq!(atomic.fetch_update(AcqRel, Acquire, |[a, b, c]| Some([c, b, a])), Ok([1, 2, 3]));
    assert_eq!(atomic.load(Relaxed), [3, 2, 1]);
}

#[test]
fn values_are_compared_by_their_bytes() {
    let atomic = AtomicValue::new(f64::NAN);
    assert!(atomic.compare_exchange(f64::NAN, 0.0, AcqRel, Acquire).is_ok());
    assert!(atomic.compare_exchange(-0.0, 1.0, AcqRel, Acquire).is_err(), "0.0 is not -0.0");
    assert_eq!(atomic.swap(2.0, AcqRel), 0.0);
    assert_eq!(atomic.fetch_update(AcqRel, Acquire, |_| None), Err(2.0));
}

#[test]
fn invalid_bits_are_an_error_and_not_a_value() {
    let invalid = || of_bytes::<bool>([7; 8]);
    let error = invalid().load_checked(Acquire).unwrap_err();
    assert_eq!(error.to_string(), "the value is not a valid bool: found 7");
    assert!(view(&invalid()).load_checked(Acquire).is_err());
    assert!(invalid().compare_exchange_checked(true, false, AcqRel, Acquire).is_err());

    let atomic = invalid();
    assert!(atomic.fetch_update_checked(AcqRel, Acquire, |_| unreachable!()).is_err());
    assert_eq!(atomic.word.load(Relaxed).to_ne_bytes(), [7; 8], "nothing was changed");
    assert!(atomic.swap_checked(true, AcqRel).is_err());
    assert_eq!(atomic.load_checked(Acquire), Ok(true), "a swap repairs it");
}

#[test]
fn checked_twins_do_the_same_as_the_others() {
    let atomic = of_bytes::<bool>([1, 9, 9, 9, 9, 9, 9, 9]);
    assert_eq!(atomic.compare_exchange_checked(false, true, AcqRel, Acquire), Ok(Err(true)));
    assert_eq!(atomic.compare_exchange_checked(true, false, AcqRel, Acquire), Ok(Ok(true)));
    assert_eq!(atomic.fetch_update_checked(AcqRel, Acquire, |value| Some(!value)), Ok(Ok(false)));
    assert_eq!(atomic.fetch_update_checked(AcqRel, Acquire, |_| None), Ok(Err(true)));
    assert_eq!(atomic.swap_checked(false, AcqRel), Ok(true));
    assert_eq!(view(&atomic).load_checked(Acquire), Ok(false));
}

#[test]
fn debug_shows_the_value_or_why_it_is_invalid() {
    assert_eq!(format!("{:?}", AtomicValue::new(1.5f32)), "1.5");
    assert_eq!(format!("{:?}", view(&AtomicValue::new('x'))), "'x'");
    assert_eq!(format!("{:?}", of_bytes::<bool>([7; 8])), "<the value is not a valid bool: found 7>");
}

#[test]
fn no_increment_of_four_threads_is_lost() {
    let atomic = AtomicValue::new(0.0f64);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..10_000 {
                    let _ = atomic.fetch_update(AcqRel, Acquire, |value| Some(value + 1.0));
                }
            });
        }
    });
    assert_eq!(atomic.load(Acquire), 40_000.0);
}
