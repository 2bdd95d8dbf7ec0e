//! Guards, panics, repair, and words that a hostile process may leave.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::AtomicU64;
use std::time::{Duration, Instant};

use super::*;
use crate::error::Holder;
use crate::sync::lock_word::{HAND_OFF, WAITERS};

const SHORT: Duration = Duration::from_millis(20);

#[test]
fn a_lock_is_held_until_its_guard_is_dropped() {
    let lock = Lock::default();
    let guard = lock.lock().unwrap();
    assert!(lock.is_locked() && !guard.is_inconsistent());
    assert!(matches!(lock.lock(), Err(LockError::WouldDeadlock { .. })));
    assert!(matches!(lock.try_lock(), Err(LockError::WouldDeadlock { .. })));
    std::thread::scope(|scope| {
        let other = scope.spawn(|| [lock.try_lock().err(), lock.lock_timeout(SHORT).err()]).join().unwrap();
        for refused in other {
            let Some(LockError::Busy(busy)) = refused else { panic!("{refused:?}") };
            assert_eq!(busy.holder(), Holder::ThisProcess);
        }
    });
    drop(guard);
    assert!(!lock.is_locked());
    drop(lock.try_lock().unwrap());
}

#[test]
fn busy_names_the_holder_and_the_time() {
    let lock = Lock::default();
    let _guard = lock.lock().unwrap();
    let refused = std::thread::scope(|scope| scope.spawn(|| lock.lock_timeout(SHORT).err()).join().unwrap()).unwrap();
    let text = refused.to_string();
    assert!(text.starts_with("this `Lock` is busy after "), "{text}");
    assert!(text.contains("ms: this process holds it. `Shared::participants` shows"), "{text}");
}

#[test]
fn threads_exclude_each_other() {
    const ROUNDS: u64 = 2_000;
    let (lock, count) = (Lock::default(), AtomicU64::new(0));
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..ROUNDS {
                    let _guard = lock.lock().unwrap();
                    count.store(count.load(Relaxed) + 1, Relaxed);
                }
            });
        }
    });
    assert_eq!(count.into_inner(), 4 * ROUNDS);
    // The last sleepers leave at most their flag.
    assert_eq!(lock.word.load(Relaxed) & TOKEN, 0);
}

#[test]
fn a_panic_makes_the_lock_inconsistent_until_it_is_repaired() {
    let lock = Lock::default();
    let panicked = catch_unwind(|| {
        let _guard = lock.lock().unwrap();
        panic!("half-way");
    });
    assert!(panicked.is_err());
    assert!(!lock.is_locked());
    for _ in 0..2 {
        assert!(matches!(lock.lock(), Err(LockError::OwnerDied { .. })), "each time");
        assert!(matches!(lock.try_lock(), Err(LockError::OwnerDied { .. })));
        assert!(!lock.is_locked(), "the refused call keeps nothing");
    }
    let repairs = AtomicU64::new(0);
    let repair = || {
        repairs.fetch_add(1, Relaxed);
    };
    drop(lock.lock_or_repair(repair));
    drop(lock.lock_or_repair(repair));
    assert_eq!(repairs.into_inner(), 1);
    drop(lock.lock().unwrap());
}

#[test]
fn a_repair_that_panics_leaves_the_lock_inconsistent_and_free() {
    let lock = Lock::default();
    lock.state.store(INCONSISTENT, Relaxed);
    let panicked = catch_unwind(|| drop(lock.lock_or_repair(|| panic!("cannot"))));
    assert!(panicked.is_err());
    assert!(!lock.is_locked() && lock.is_inconsistent());
}

#[test]
fn a_guard_taken_while_panicking_is_no_death() {
    struct LocksOnDrop<'a>(&'a Lock);
    impl Drop for LocksOnDrop<'_> {
        fn drop(&mut self) {
            drop(self.0.lock().unwrap());
        }
    }
    let lock = Lock::default();
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        let _cleanup = LocksOnDrop(&lock);
        panic!("elsewhere");
    }));
    assert!(panicked.is_err());
    assert!(!lock.is_inconsistent());
}

#[test]
fn errors_go_where_anyhow_takes_them() {
    fn fails(lock: &Lock) -> Result<(), Box<dyn std::error::Error + Send + Sync + 'static>> {
        let _guard = lock.lock()?;
        Ok(())
    }
    let lock = Lock::default();
    lock.state.store(INCONSISTENT, Relaxed);
    assert!(fails(&lock).unwrap_err().to_string().contains("`lock_or_repair(|| …)`"));
}

#[test]
fn repair_by_hand_decides_itself() {
    let lock = Lock::default();
    lock.state.store(INCONSISTENT, Relaxed);
    drop(lock.lock_to_repair());
    assert!(lock.is_inconsistent(), "looking is not repairing");
    let guard = lock.lock_to_repair_timeout(SHORT).unwrap();
    assert!(guard.is_inconsistent());
    guard.mark_consistent();
    assert!(!guard.is_inconsistent());
}

#[test]
fn a_lock_that_is_kept_for_a_dead_waiter_is_taken_after_a_slice() {
    let lock = Lock::default();
    lock.word.store(HAND_OFF | WAITERS, Relaxed);
    let started = Instant::now();
    drop(lock.lock().unwrap());
    assert!(started.elapsed() < Duration::from_secs(10));
    assert_eq!(lock.word.load(Relaxed), 0, "no flag is left");
}

#[test]
fn after_a_wait_in_vain_the_lock_is_kept_for_no_waiter() {
    let lock = Lock::default();
    let guard = lock.lock().unwrap();
    std::thread::scope(|scope| scope.spawn(|| lock.lock_timeout(SHORT).unwrap_err()).join().unwrap());
    drop(guard);
    assert_eq!(lock.word.load(Relaxed) & HAND_OFF, 0);
}

#[test]
fn an_overwritten_word_is_left_alone() {
    let lock = Lock::default();
    let guard = lock.lock().unwrap();
    let stolen = guard_token() ^ 1;
    lock.word.store(stolen, Relaxed);
    drop(guard);
    assert_eq!(lock.word.load(Relaxed), stolen);
    let refused = lock.lock_timeout(SHORT).unwrap_err();
    let LockError::Busy(busy) = refused else { panic!("{refused:?}") };
    assert_eq!(busy.holder(), Holder::Unknown);
}

fn guard_token() -> u32 {
    crate::segment::this_process::token()
}

#[test]
fn debug_shows_the_state() {
    let lock = Lock::default();
    assert_eq!(format!("{lock:?}"), "Lock { locked: false, inconsistent: false }");
    let guard = lock.lock().unwrap();
    assert_eq!(
        format!("{lock:?} {guard:?}"),
        "Lock { locked: true, inconsistent: false } LockGuard { inconsistent: false }"
    );
}
