//! `Lock`: lets one process in at a time.

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use shmstore::dynamic;

use super::Part;
use crate::blocking::{Timeout, in_slices};
use crate::mine::Mine;

/// Lets one thread of one process in at a time. It guards what a program says it does.
#[pyclass(frozen, extends = Part, module = "shmstore")]
pub(crate) struct Lock(pub(super) dynamic::Lock);

#[pymethods]
impl Lock {
    /// Takes the lock for a `with` block. Waits up to `timeout` seconds.
    ///
    /// The guard belongs to the thread that called this: see `LockGuard`.
    ///
    /// Raises `BusyTimeout` if another thread or process has the lock for all of the time, also with `timeout=0`.
    /// Raises `Busy` if this very thread has it: the coroutines of an event loop are one thread. Raises `OwnerDied` if
    /// an owner died, or left its block by an exception: what the lock guards may be half-changed. Then
    /// `lock_to_repair` takes the lock.
    #[pyo3(signature = (*, timeout=Timeout::FOREVER))]
    fn lock(&self, py: Python<'_>, timeout: Timeout) -> PyResult<LockGuard> {
        self.taken(py, timeout, |lock, limit| lock.lock(limit))
    }

    /// Takes the lock, also if an owner died. `mark_consistent` of the guard says that what the lock guards is
    /// repaired.
    ///
    /// Raises `BusyTimeout` and `Busy` as `lock` does.
    #[pyo3(signature = (*, timeout=Timeout::FOREVER))]
    fn lock_to_repair(&self, py: Python<'_>, timeout: Timeout) -> PyResult<LockGuard> {
        self.taken(py, timeout, |lock, limit| lock.lock_to_repair(limit))
    }

    /// True if a process has the lock.
    #[getter]
    fn is_locked(&self) -> bool {
        self.0.is_locked()
    }

    /// True if an owner died, or left its block by an exception, and what the lock guards was not repaired since.
    #[getter]
    fn is_inconsistent(&self) -> bool {
        self.0.is_inconsistent()
    }
}

impl Lock {
    fn taken(
        &self,
        py: Python<'_>,
        timeout: Timeout,
        take: impl Fn(&dynamic::Lock, dynamic::Limit) -> Result<dynamic::LockGuard, dynamic::DynamicError> + Sync,
    ) -> PyResult<LockGuard> {
        let taken = in_slices(py, timeout, |limit| take(&self.0, limit))?;
        Ok(LockGuard(Mine::new("the guard of a lock", taken)))
    }
}

/// A lock that this thread has taken. Leaving the `with` block frees it.
///
/// An exception that leaves the block marks what the lock guards as inconsistent, as a panic does in Rust: the next
/// `lock` raises `OwnerDied`, until a guard of `lock_to_repair` calls `mark_consistent`. Catch an exception within the
/// block if it leaves nothing half-changed.
///
/// The guard belongs to the thread that took the lock. In another thread its methods raise `RuntimeError`. If another
/// thread drops the last reference to it, the lock stays taken until the process ends.
#[pyclass(frozen, module = "shmstore")]
pub(crate) struct LockGuard(Mine<dynamic::LockGuard>);

#[pymethods]
impl LockGuard {
    fn __enter__(slf: Bound<'_, Self>) -> PyResult<Bound<'_, Self>> {
        slf.get().0.get()?;
        Ok(slf)
    }

    fn __exit__(
        &self,
        kind: &Bound<'_, PyAny>,
        _value: &Bound<'_, PyAny>,
        _traceback: &Bound<'_, PyAny>,
    ) -> PyResult<()> {
        if let (Some(guard), false) = (&*self.0.get()?, kind.is_none()) {
            guard.mark_inconsistent();
        }
        self.unlock()
    }

    /// Frees the lock.
    fn unlock(&self) -> PyResult<()> {
        self.0.take().map(drop)
    }

    /// True if an owner died, or left its block by an exception, and what the lock guards was not repaired since.
    #[getter]
    fn is_inconsistent(&self) -> PyResult<bool> {
        self.with(dynamic::LockGuard::is_inconsistent)
    }

    /// Says that what the lock guards is right again. Then `lock` takes the lock again.
    fn mark_consistent(&self) -> PyResult<()> {
        self.with(dynamic::LockGuard::mark_consistent)
    }
}

impl LockGuard {
    fn with<R>(&self, call: impl FnOnce(&dynamic::LockGuard) -> R) -> PyResult<R> {
        let guard = self.0.get()?;
        guard.as_ref().map(call).ok_or_else(|| PyRuntimeError::new_err("the lock is freed already"))
    }
}
