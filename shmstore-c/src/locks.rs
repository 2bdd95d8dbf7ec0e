//! Locks and events.

use crate::arguments::limit_of;
use crate::call::{call, call_or};
use crate::code::shmstore_code;
use crate::handle::{Mine, give, shmstore_guard, shmstore_part};
use crate::part::{event, lock};

/// Takes a `Lock`. Its owner is waited for until the limit, in nanoseconds. Free it with shmstore_guard_unlock, in this
/// thread. If the process is killed, the lock is free, and the next owner is told.
///
/// Errors: SHMSTORE_WRONG_PART, SHMSTORE_BUSY, SHMSTORE_DEADLOCK if this thread has it, SHMSTORE_OWNER_DIED if the data
/// may be half-changed, so that shmstore_lock_lock_to_repair is needed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shmstore_lock_lock(
    part: *const shmstore_part,
    limit: i64,
    guard: *mut *mut shmstore_guard,
) -> shmstore_code {
    made!(
        guard = {
            let part = lock(handle!(part))?;
            give(Mine::new(part.lock(limit_of(limit)?)?))
        }
    )
}

/// Takes a `Lock`, also if an owner died. If shmstore_guard_is_inconsistent returns 1 then, repair the data, and call
/// shmstore_guard_mark_consistent. Free the lock as after shmstore_lock_lock.
///
/// Errors: SHMSTORE_WRONG_PART, SHMSTORE_BUSY, SHMSTORE_DEADLOCK.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shmstore_lock_lock_to_repair(
    part: *const shmstore_part,
    limit: i64,
    guard: *mut *mut shmstore_guard,
) -> shmstore_code {
    made!(
        guard = {
            let part = lock(handle!(part))?;
            give(Mine::new(part.lock_to_repair(limit_of(limit)?)?))
        }
    )
}

/// Returns 1 if a process has a `Lock`, and 0 if it is free or after an error.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shmstore_lock_is_locked(part: *const shmstore_part) -> i32 {
    call_or(0, || Ok(lock(handle!(part))?.is_locked().into()))
}

/// Returns 1 if an owner of a `Lock` died and no process has repaired its changes. 0 if not, or after an error.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shmstore_lock_is_inconsistent(part: *const shmstore_part) -> i32 {
    call_or(0, || Ok(lock(handle!(part))?.is_inconsistent().into()))
}

/// Returns 1 if an owner died, and no process has repaired its changes. 0 if not, or after an error.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shmstore_guard_is_inconsistent(guard: *const shmstore_guard) -> i32 {
    call_or(0, || Ok(handle!(guard).get()?.is_inconsistent().into()))
}

/// Declares that the data that a lock guards is right again.
///
/// Errors: SHMSTORE_OTHER_THREAD.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shmstore_guard_mark_consistent(guard: *const shmstore_guard) -> shmstore_code {
    call(|| {
        handle!(guard).get()?.mark_consistent();
        Ok(())
    })
}

/// Declares that the data that a lock guards may be half-changed, as after the death of an owner. The next
/// shmstore_lock_lock returns SHMSTORE_OWNER_DIED. Call it before you give up in the middle of a change.
///
/// Errors: SHMSTORE_OTHER_THREAD.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shmstore_guard_mark_inconsistent(guard: *const shmstore_guard) -> shmstore_code {
    call(|| {
        handle!(guard).get()?.mark_inconsistent();
        Ok(())
    })
}

/// Frees a `Lock`, and the handle. NULL is allowed.
///
/// Errors: SHMSTORE_OTHER_THREAD, which leaves it as it is.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shmstore_guard_unlock(guard: *mut shmstore_guard) -> shmstore_code {
    call(|| {
        if !guard.is_null() {
            drop(owned!(guard));
        }
        Ok(())
    })
}

/// Notifies all processes that wait for an `Event`. `count` receives the number of notifications, and may be NULL.
///
/// Errors: SHMSTORE_WRONG_PART.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shmstore_event_notify_all(part: *const shmstore_part, count: *mut u64) -> shmstore_code {
    call(|| {
        optional!(count = event(handle!(part))?.notify_all());
        Ok(())
    })
}

/// Notifies one of the processes that wait for an `Event`. `count` receives the number of notifications, and may be
/// NULL.
///
/// Errors: SHMSTORE_WRONG_PART.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shmstore_event_notify_one(part: *const shmstore_part, count: *mut u64) -> shmstore_code {
    call(|| {
        optional!(count = event(handle!(part))?.notify_one());
        Ok(())
    })
}

/// Returns the number of notifications of an `Event`. 0 after an error. shmstore_wait waits for more.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shmstore_event_count(part: *const shmstore_part) -> u64 {
    call_or(0, || Ok(event(handle!(part))?.count()))
}
