//! `Wait`: a change of a part that can be awaited, and waits for several of them.

use std::sync::Arc;

use pyo3::exceptions::PyValueError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyTuple;
use shmstore::dynamic;
use shmstore::error::WaitAnyError;
use shmstore::{Awaitable, WaitError};

use crate::aio::{self, Outcome};
use crate::blocking::{Timeout, in_slices};
use crate::error::{OrRaise as _, exception};

/// A wait for a change of a part. `newer`, `past`, `changed`, `not_empty` and `not_full` return it.
///
/// `await wait` returns what comes with the change, such as a version and a value. `shmstore.wait_any` waits for
/// several in a thread. Nothing happens before, and a wait can be used more than once. `asyncio.wait_for` limits the
/// time of `await`.
#[pyclass(frozen, module = "shmstore")]
pub(crate) struct Wait {
    change: Box<dyn Fn() -> dynamic::Wait + Send + Sync>,
    get: Arc<Get>,
    text: String,
}

type Get = dyn Fn(Python<'_>) -> PyResult<Py<PyAny>> + Send + Sync;

impl Wait {
    /// `get` returns what Python gets after the change.
    pub(crate) fn of(
        change: impl Fn() -> dynamic::Wait + Send + Sync + 'static,
        get: impl Fn(Python<'_>) -> PyResult<Py<PyAny>> + Send + Sync + 'static,
    ) -> Self {
        let text = format!("{:?}", change());
        Self { change: Box::new(change), get: Arc::new(get), text }
    }
}

#[pymethods]
impl Wait {
    fn __await__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let (change, get) = ((self.change)(), Arc::clone(&self.get));
        let wait = async move {
            let changed = change.await;
            Box::new(move |py: Python<'_>| changed.or_raise().and_then(|()| get(py))) as Outcome
        };
        aio::begin(py, Box::pin(wait))?.call_method0(intern!(py, "__await__"))
    }

    fn __repr__(&self) -> String {
        format!("<{}>", self.text)
    }
}

/// Waits until at least one of several changes is there, and returns those that are. Load the values afterwards.
///
/// Raises `Timeout` after `timeout` seconds.
#[pyfunction]
#[pyo3(signature = (*waits, timeout=Timeout::FOREVER))]
pub(crate) fn wait_any<'py>(
    py: Python<'py>,
    waits: &Bound<'py, PyTuple>,
    timeout: Timeout,
) -> PyResult<Vec<Bound<'py, Wait>>> {
    let waits: Vec<Bound<'py, Wait>> = waits.iter().map(|wait| Ok(wait.cast_into()?)).collect::<PyResult<_>>()?;
    if waits.is_empty() {
        return Err(PyValueError::new_err("there is nothing to wait for: pass waits, such as `part.newer(seen)`"));
    }
    let changes: Vec<dynamic::Wait> = waits.iter().map(|wait| (wait.get().change)()).collect();
    let ready = in_slices(py, timeout, |limit| {
        let awaited: Vec<&dyn Awaitable> = changes.iter().map(|change| change as _).collect();
        match shmstore::wait_any(&awaited, time_of(limit)) {
            Err(WaitAnyError::Timeout { awaited, waited, .. }) => Err(WaitError::Timeout { awaited, waited }.into()),
            ended => Ok(ended),
        }
    });
    let ready = ready?.map_err(|error| exception(error.into()))?;
    Ok(ready.map(|index| waits[index].clone()).collect())
}

fn time_of(limit: dynamic::Limit) -> std::time::Duration {
    match limit {
        dynamic::Limit::Within(time) => time,
        _ => std::time::Duration::ZERO,
    }
}
