//! `Event`: wakes processes.

use pyo3::prelude::*;
use shmstore::dynamic;

use super::Part;
use crate::blocking::{Timeout, in_slices};
use crate::wait::Wait;

/// Counts notifications, and wakes processes that wait for one.
#[pyclass(frozen, extends = Part, module = "shmstore")]
pub(crate) struct Event(pub(super) dynamic::Event);

#[pymethods]
impl Event {
    /// The number of notifications.
    #[getter]
    fn count(&self) -> u64 {
        self.0.count()
    }

    /// Wakes all waiters, and returns the number of notifications.
    fn notify_all(&self) -> u64 {
        self.0.notify_all()
    }

    /// Wakes one waiter, and returns the number of notifications.
    fn notify_one(&self) -> u64 {
        self.0.notify_one()
    }

    /// Waits until there were more than `seen` notifications, and returns their number. Without `seen`, waits for the
    /// next one.
    ///
    /// Raises `Timeout` after `timeout` seconds, `Removed` if the object was removed.
    #[pyo3(signature = (seen=None, *, timeout=Timeout::FOREVER))]
    fn wait_past(&self, py: Python<'_>, seen: Option<u64>, timeout: Timeout) -> PyResult<u64> {
        let seen = seen.unwrap_or_else(|| self.0.count());
        in_slices(py, timeout, |limit| self.0.wait_past(seen, limit))
    }

    /// A wait for more than `seen` notifications, to be awaited, or for `wait_any`. `await` returns their number.
    #[pyo3(signature = (seen=None))]
    fn past(&self, seen: Option<u64>) -> Wait {
        let (event, of) = (self.0.clone(), self.0.clone());
        let seen = seen.unwrap_or_else(|| event.count());
        Wait::of(move || event.past(seen), move |py| Ok(of.count().into_pyobject(py)?.into_any().unbind()))
    }
}
