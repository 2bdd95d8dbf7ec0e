//! The locks of this program.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// A lock of data that each change leaves complete, also if a thread has panicked.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
