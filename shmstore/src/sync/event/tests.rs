//! Events count, wait and wake, and lose no notification.

use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::SeqCst;
use std::time::Instant;

use super::*;
use crate::sync::event_word::WAITING;

const LONG: Duration = Duration::from_secs(30);

#[test]
fn notifications_are_counted() {
    let event = Event::default();
    assert_eq!(event.count(), 0);
    assert_eq!((event.notify_one(), event.notify_all()), (1, 2));
    assert_eq!((event.wait_past(0, LONG).unwrap(), event.count()), (2, 2), "it is not waited for");
}

#[test]
fn waiting_in_vain_says_what_did_not_come() {
    let event = Event::default();
    event.notify_all();
    let error = event.wait_past(1, Duration::from_millis(3)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "waited 3ms for notification 2 of this `Event` (there were 1), and it did not come. Check that the process \
         that notifies is running"
    );
    assert_eq!(event.word.load(Relaxed), 1 << 1 | WAITING, "the flag of the waiter stays until the next notification");
    event.notify_all();
    assert_eq!(event.word.load(Relaxed), 2 << 1);
}

#[test]
fn one_notification_takes_the_flag_of_a_waiter_that_is_gone() {
    let event = Event { word: AtomicU64::new(WAITING), ..Event::default() };
    event.notify_one();
    assert_eq!(event.word.load(Relaxed), 1 << 1);
}

#[test]
fn every_thread_is_woken_by_all_and_one_is_by_one() {
    let (event, woken) = (Event::default(), AtomicU64::new(0));
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                event.wait_past(0, LONG).unwrap();
                woken.fetch_add(1, SeqCst);
            });
        }
        event.notify_one();
        // The others find the new count after a slice.
        let started = Instant::now();
        while woken.load(SeqCst) < 3 {
            assert!(started.elapsed() < LONG);
            std::thread::yield_now();
        }
    });
}

#[test]
fn the_count_wraps_its_low_half_without_losing_anything() {
    let event = Event { word: AtomicU64::new((u64::from(u32::MAX) - 1) | WAITING), ..Event::default() };
    let seen = event.count();
    assert_eq!(event.notify_all(), seen + 1);
    assert_eq!(event.wait_past(seen, LONG).unwrap(), 1 << 31);
}

#[test]
fn any_word_a_hostile_process_leaves_is_a_count() {
    let event = Event { word: AtomicU64::new(u64::MAX), ..Event::default() };
    assert_eq!(event.count(), u64::MAX >> 1);
    assert!(event.wait_past(u64::MAX, Duration::from_millis(1)).is_err());
    event.notify_one();
    assert_eq!(event.count(), 0);
}

#[test]
fn count_is_raised_to_a_number_and_never_lowered() {
    let event = Event::default();
    assert_eq!((event.advance_to(0), event.advance_to(7), event.advance_to(3)), (0, 7, 7));
    assert_eq!((event.notify_all(), event.count()), (8, 8));
    assert_eq!(event.advance_to(u64::MAX), u64::MAX >> 1, "the largest count");
}

#[test]
fn every_waiter_is_woken_by_a_raise_and_none_by_a_number_that_is_reached() {
    let event = Event { word: AtomicU64::new(2 << 1 | WAITING), ..Event::default() };
    event.advance_to(2);
    assert_eq!(event.word.load(Relaxed), 2 << 1 | WAITING, "a waiter for the third one sleeps on");
    event.advance_to(5);
    assert_eq!(event.word.load(Relaxed), 5 << 1);
    let event = Event::default();
    std::thread::scope(|scope| {
        let waiters = [0, 3].map(|seen| {
            scope.spawn({
                let event = &event;
                move || event.wait_past(seen, LONG).unwrap()
            })
        });
        std::thread::sleep(Duration::from_millis(20));
        event.advance_to(4);
        waiters.into_iter().for_each(|waiter| assert_eq!(waiter.join().unwrap(), 4));
    });
}
