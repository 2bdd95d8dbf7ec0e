//! `Lock`: lets one process in at a time.

use std::cell::RefCell;

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::types::PyTuple;
use shmstore::dynamic;

use super::Part;
use crate::blocking::{Timeout, in_slices};

/// Lets one thread of one process in at a time. It guards what a program says it does.
#[pyclass(frozen, extends = Part, module = "shmstore")]
pub(crate) struct Lock(pub(super) dynamic::Lock);

#[pymethods]
impl Lock {
    /// Takes the lock for a `with` block. Waits up to `timeout` seconds.
    ///
    /// Raises `Busy`, and `OwnerDied` if an owner died before it had freed the lock: what the lock guards may be
    /// half-changed. Then `lock_to_repair` takes the lock.
    #[pyo3(signature = (*, timeout=Timeout::FOREVER))]
    fn lock(&self, py: Python<'_>, timeout: Timeout) -> PyResult<LockGuard> {
        self.taken(py, timeout, |lock, limit| lock.lock(limit))
    }

    /// Takes the lock, also if an owner died. `mark_consistent` of the guard says that what the lock guards is
    /// repaired.
    #[pyo3(signature = (*, timeout=Timeout::FOREVER))]
    fn lock_to_repair(&self, py: Python<'_>, timeout: Timeout) -> PyResult<LockGuard> {
        self.taken(py, timeout, |lock, limit| lock.lock_to_repair(limit))
    }

    /// True if a process has the lock.
    #[getter]
    fn is_locked(&self) -> bool {
        self.0.is_locked()
    }

    /// True if an owner died, and what the lock guards was not repaired since.
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
        Ok(LockGuard(RefCell::new(Some(taken))))
    }
}

/// A lock that this thread has taken. Leaving the `with` block frees it.
#[pyclass(unsendable, module = "shmstore")]
pub(crate) struct LockGuard(RefCell<Option<dynamic::LockGuard>>);

#[pymethods]
impl LockGuard {
    fn __enter__(slf: Bound<'_, Self>) -> Bound<'_, Self> {
        slf
    }

    #[pyo3(signature = (*_args))]
    fn __exit__(&self, _args: &Bound<'_, PyTuple>) {
        self.unlock();
    }

    /// Frees the lock.
    fn unlock(&self) {
        drop(self.0.take());
    }

    /// True if an owner died, and what the lock guards was not repaired since.
    #[getter]
    fn is_inconsistent(&self) -> PyResult<bool> {
        self.with(dynamic::LockGuard::is_inconsistent)
    }

    /// Says that what the lock guards is right again.
    fn mark_consistent(&self) -> PyResult<()> {
        self.with(dynamic::LockGuard::mark_consistent)
    }
}

impl LockGuard {
    fn with<R>(&self, call: impl FnOnce(&dynamic::LockGuard) -> R) -> PyResult<R> {
        let guard = self.0.borrow();
        guard.as_ref().map(call).ok_or_else(|| PyRuntimeError::new_err("the lock is freed already"))
    }
}
