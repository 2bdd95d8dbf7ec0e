//! Versions, updates, panics, invalid bits, and control words that another process may have left.

use std::panic::catch_unwind;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicU32, AtomicU64};
use std::time::{Duration, Instant};

use super::*;
use crate::error::BeginError;

/// The flag in the word at offset 12 that readers set.
const STARVED: u32 = 1;

pub(super) fn view<V: ShmValue>(part: &Versioned<V>) -> &VersionedView<V> {
    // SAFETY: `VersionedView` is a transparent wrapper.
    unsafe { &*std::ptr::from_ref(part).cast() }
}

/// The same memory, seen by a process with another idea of the type.
fn as_bool(part: &Versioned<u8>) -> &Versioned<bool> {
    // SAFETY: both have slots of 16 bytes with a byte at offset 0, so the layout is the same. Any bits are valid in it.
    unsafe { &*std::ptr::from_ref(part).cast() }
}

fn message(panic: Box<dyn std::any::Any + Send>) -> String {
    panic.downcast_ref::<String>().cloned().or_else(|| panic.downcast_ref::<&str>().map(|&s| s.into())).unwrap()
}

#[test]
fn mark_of_a_thread_is_there_while_it_writes_for_longer_than_a_store() {
    let part = Versioned::<u64>::default();
    // SAFETY: the word at offset 12 of the part, an atomic.
    let mark = unsafe { &*std::ptr::from_ref(&part).cast::<AtomicU32>().wrapping_add(3) };
    let is_marked = || mark.load(Relaxed) != 0;
    let holds: [&dyn Fn(); 4] = [
        &|| part.update(|_| assert!(is_marked())),
        &|| {
            let transaction = part.begin();
            assert!(is_marked());
            transaction.commit();
        },
        &|| {
            let _dropped = part.begin();
            assert!(is_marked());
        },
        &|| {
            let _writer = part.writer();
            assert!(is_marked());
        },
    ];
    for hold in holds {
        hold();
        assert!(!is_marked(), "otherwise a store by another thread would count as one of this thread");
    }
}

#[test]
fn versions_count_stores_from_zero() {
    let part = Versioned::<[u64; 8]>::default();
    assert_eq!((part.version(), part.load_versioned()), (0, (0, [0; 8])));
    for version in 1..10 {
        part.store([version; 8]);
        let mut into = [0; 8];
        assert_eq!((part.load_into(&mut into), into), (version, [version; 8]));
        assert_eq!(part.load_versioned(), (version, [version; 8]));
        assert_eq!(part.load_versioned_checked(), Ok((version, [version; 8])));
        assert_eq!((view(&part).load_versioned(), view(&part).version()), ((version, [version; 8]), version));
    }
}

#[test]
fn new_is_version_1_as_after_a_store() {
    fn check<const N: usize>() {
        let (new, stored) = (Versioned::new([7; N]), Versioned::<[u8; N]>::default());
        assert_eq!(stored.store([7; N]), 1);
        for part in [&new, &Versioned::from([7; N])] {
            assert_eq!((part.load_versioned(), part.begin().version()), ((1, [7; N]), 1));
            assert_eq!((part.store([8; N]), part.load()), (2, [8; N]));
        }
        stored.store([8; N]);
        assert_eq!(stored.load_versioned(), new.load_versioned());
    }
    check::<1>();
    check::<16>();
    check::<64>();
    check::<65>();
    check::<128>();
    static IN_A_STATIC: Versioned<[u8; 64]> = Versioned::new([9; 64]);
    assert_eq!(IN_A_STATIC.load_versioned(), (1, [9; 64]));
    assert_eq!((IN_A_STATIC.store([1; 64]), IN_A_STATIC.load()), (2, [1; 64]));
}

#[test]
fn update_changes_the_newest_value() {
    let part = Versioned::<[u64; 2]>::default();
    assert_eq!(part.update(|[a, _]| std::mem::replace(a, 5)), 0);
    assert_eq!(part.update(|[a, b]| std::mem::replace(b, *a)), 0);
    assert_eq!(part.load_versioned(), (2, [5, 5]));
}

#[test]
fn a_panic_in_update_changes_nothing_and_frees_the_lock() {
    let part = Versioned::<u64>::default();
    part.store(1);
    let panic = catch_unwind(|| {
        part.update(|value| {
            *value = 2;
            panic!("in the closure")
        })
    });
    assert_eq!(message(panic.unwrap_err()), "in the closure");
    assert_eq!(part.load_versioned(), (1, 1));
    part.store(3);
    assert_eq!(part.load_versioned(), (2, 3));
}

#[test]
fn a_store_in_its_own_update_panics_with_the_cure() {
    let part = Versioned::<u64>::default();
    for nested in [&|| assert!(part.store(1) > 0), &|| part.update(|value| *value = 1)] as [&dyn Fn(); 2] {
        let panic = catch_unwind(std::panic::AssertUnwindSafe(|| part.update(|_| nested())));
        assert!(message(panic.unwrap_err()).contains("`Versioned<u64>`"));
        assert_eq!(part.version(), 0);
    }
    part.store(2);
    assert_eq!(part.load_versioned(), (1, 2));
}

#[test]
fn in_an_update_the_old_value_can_be_loaded_and_other_parts_stored() {
    let [part, other] = <[Versioned<u64>; 2]>::default();
    part.update(|value| {
        *value = 1;
        assert_eq!(part.load(), 0);
        other.update(|other| *other = *value);
        other.store(7);
    });
    assert_eq!((part.load(), other.load_versioned()), (1, (2, 7)));
}

#[test]
fn a_store_of_another_thread_waits_for_an_update() {
    let part = Versioned::<u64>::default();
    std::thread::scope(|scope| {
        part.update(|value| {
            // Sleeps on the lock's word, as the update outlasts its spin.
            scope.spawn(|| part.store(9));
            std::thread::sleep(Duration::from_millis(20));
            *value = 1;
        });
    });
    assert_eq!(part.load_versioned(), (2, 9));
}

#[test]
fn invalid_bits_are_an_error_until_the_next_store() {
    let byte = Versioned::<u8>::default();
    let part = as_bool(&byte);
    byte.store(7);
    assert_eq!(part.load_checked().unwrap_err().to_string(), "the value is not a valid bool: found 7");
    assert!(view(part).load_checked().is_err());
    assert!(part.update_checked(|_| unreachable!()).is_err());
    assert!(part.writer().update_checked(|_| unreachable!()).is_err());
    for begun in [part.try_begin(), part.begin_timeout(Duration::from_secs(10))] {
        assert!(matches!(begun.unwrap_err(), BeginError::InvalidValue(_)));
    }
    assert_eq!(format!("{part:?}"), "Versioned { value: <the value is not a valid bool: found 7> }");
    assert_eq!(part.version(), 1, "nothing was changed");
    part.store(true);
    assert_eq!(part.update_checked(|value| std::mem::replace(value, false)), Ok(true));
    assert_eq!(part.load_versioned_checked(), Ok((3, false)));
}

#[test]
fn bits_that_are_invalid_in_place_of_a_value_become_zeros() {
    let byte = Versioned::<u8>::default();
    let (part, time) = (as_bool(&byte), Duration::from_secs(10));
    byte.store(7);
    let told = "the value is not a valid bool: found 7";
    assert_eq!(part.load_boxed_checked().unwrap_err().to_string(), told);
    assert_eq!(view(part).load_boxed_checked().unwrap_err().to_string(), told);
    let loads: [&dyn Fn(&mut bool) -> String; 6] = [
        &|value| part.load_into_checked(value).unwrap_err().to_string(),
        &|value| part.load_into_timeout(value, time).unwrap_err().to_string(),
        &|value| part.wait_newer_into(0, value, time).unwrap_err().to_string(),
        &|value| view(part).load_into_checked(value).unwrap_err().to_string(),
        &|value| view(part).load_into_timeout(value, time).unwrap_err().to_string(),
        &|value| view(part).wait_newer_into(0, value, time).unwrap_err().to_string(),
    ];
    for load in loads {
        let mut value = true;
        assert_eq!((load(&mut value), value), (told.to_owned(), false));
    }
    let mut value = true;
    assert!(part.wait_newer_into(1, &mut value, Duration::ZERO).is_err());
    assert!(value, "there was no newer version, so nothing was overwritten");
    part.store(true);
    value = false;
    assert_eq!((part.load_into_checked(&mut value), value), (Ok(2), true));
    assert_eq!(part.load_boxed_checked(), Ok(Box::new(true)));
}

#[test]
fn copies_of_all_sizes_are_changed_alike() {
    fn check<const N: usize>() {
        let part = Versioned::<[u8; N]>::default();
        part.update(|value| value[N - 1] = 1);
        let mut transaction = part.begin();
        assert_eq!(transaction[N - 1], 1);
        transaction[0] = 2;
        let moved = [transaction];
        assert_eq!(moved.map(Transaction::commit), [2]);
        part.update_checked(|value| assert_eq!((value[0], value[N - 1]), (2, 1))).unwrap();
        assert_eq!(part.begin_checked().unwrap().as_slice(), part.load_boxed().as_slice());
    }
    check::<255>();
    check::<256>();
    check::<257>();
    check::<70_000>();
}

#[test]
fn debug_shows_the_size_of_a_value_that_would_fill_screens() {
    let shown = format!("{:?}", Versioned::<[u8; SHOWN + 1]>::default());
    assert_eq!(shown, "Versioned { version: 0, value: <65537 bytes> }");
    let shown = format!("{:?}", Versioned::<[u8; SHOWN]>::default().begin());
    assert!(shown.starts_with("Transaction { version: 0, value: [0, 0, ") && shown.len() > 3 * SHOWN);
}

#[test]
fn debug_shows_version_and_value() {
    let part = Versioned::<[u8; 2]>::default();
    part.store([1, 2]);
    assert_eq!(format!("{part:?}"), "Versioned { version: 1, value: [1, 2] }");
    assert_eq!(format!("{:?}", view(&part)), "VersionedView { version: 1, value: [1, 2] }");
}

/// Returns a part with these control words, which other processes may have left.
fn found(sequence: u64, flags: u32) -> Versioned<u64> {
    let mut part = Versioned::<u64>::default();
    let start = std::ptr::from_mut(&mut part).cast::<u8>();
    // SAFETY: the word at offset 64 of the part, which no other thread has.
    unsafe { start.wrapping_add(64).cast::<u64>().write(sequence) };
    // SAFETY: the word at offset 4 of the part, which no other thread has.
    unsafe { start.wrapping_add(4).cast::<u32>().write(flags) };
    part
}

#[test]
fn a_store_takes_over_at_an_odd_number() {
    let part = found(3, 0);
    assert_eq!(part.version(), 1);
    part.store(5);
    assert_eq!(part.load_versioned(), (2, 5));
}

#[test]
fn any_sequence_number_can_be_read_and_written_at() {
    for sequence in [u64::MAX, u64::MAX - 1, u64::MAX - 2, 1 << 63] {
        let part = found(sequence, 0);
        assert_eq!(part.load(), 0);
        for value in 1..5 {
            part.store(value);
            assert_eq!(part.load(), value);
        }
    }
}

/// Returns the sequence number and the flags of a part.
pub(super) fn words(part: &Versioned<u64>) -> (&AtomicU64, &AtomicU32) {
    let start = std::ptr::from_ref(part).cast::<u8>();
    // SAFETY: the word at offset 64 of the part, as the table of its bytes says.
    let sequence = unsafe { &*start.wrapping_add(64).cast() };
    // SAFETY: the word at offset 4.
    let flags = unsafe { &*start.wrapping_add(4).cast() };
    (sequence, flags)
}

#[test]
fn one_store_pauses_for_starved_readers() {
    let part = found(0, STARVED);
    let start = Instant::now();
    part.store(1);
    assert!(start.elapsed() >= Duration::from_nanos(300));
    assert_eq!(words(&part).1.load(Relaxed), 0, "the pause was taken");
}
