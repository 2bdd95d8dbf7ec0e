use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;

use super::*;

#[test]
fn value_that_is_always_stored_costs_its_wait_and_all_values_together_ten_times_that() {
    let wait = Duration::from_millis(2);
    let sequence = AtomicU64::new(0);
    let mut waits = Waits::of(wait);
    let started = Instant::now();
    // Each copy is disturbed by two stores.
    let disturbed = |_| {
        sequence.fetch_add(4, Relaxed);
        Ok(())
    };
    for _ in 0..10_000 {
        let error = whole_copy(&sequence, disturbed, &mut waits).unwrap_err();
        assert!(error.contains("stored faster than it can be copied"), "{error}");
    }
    assert_eq!(waits.left, Duration::ZERO);
    assert!(started.elapsed() >= 10 * wait);
    // A value that is not being stored is still copied.
    assert_eq!(whole_copy(&sequence, |_| Ok(()), &mut waits), Ok(sequence.load(Relaxed) >> 1));
}

#[test]
fn copy_is_of_one_version_while_another_thread_stores() {
    let sequence = AtomicU64::new(0);
    let slots = [AtomicU64::new(0), AtomicU64::new(0)];
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut version = 0_u64;
            while !stop.load(Relaxed) {
                version += 1;
                sequence.store(2 * version - 1, std::sync::atomic::Ordering::SeqCst);
                slots[newest(2 * version).1].store(version, std::sync::atomic::Ordering::SeqCst);
                sequence.store(2 * version, std::sync::atomic::Ordering::SeqCst);
            }
        });
        for _ in 0..100_000 {
            let mut copied = 0;
            let copy = |slot: usize| {
                copied = slots[slot].load(Relaxed);
                Ok(())
            };
            let Ok(version) = whole_copy(&sequence, copy, &mut Waits::of(Duration::from_secs(10))) else { continue };
            assert_eq!(copied, version);
        }
        stop.store(true, Relaxed);
    });
}
