//! `Queue`: gives each item to one process.

use std::sync::{Arc, Mutex, PoisonError};

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::types::PyType;
use shmstore::dynamic::{self, DynamicError, Limit};
use shmstore::error::{PopError, PushError};

use super::{Part, form};
use crate::aio::{self, Attempt};
use crate::blocking::{Timeout, in_slices, in_slices_of};
use crate::error::of_dynamic;
use crate::value::{Layout, bytes_of};
use crate::wait::Wait;

/// Items in their order, each for one process.
#[pyclass(frozen, sequence, extends = Part, module = "shmstore")]
pub(crate) struct Queue {
    handle: dynamic::Queue,
    layout: Arc<Layout>,
}

impl Queue {
    pub(super) fn of(py: Python<'_>, handle: dynamic::Queue) -> PyResult<Self> {
        let layout = Layout::of(py, handle.schema())?;
        Ok(Self { handle, layout })
    }
}

#[pymethods]
impl Queue {
    /// Pushes an item. Waits up to `timeout` seconds for a free slot.
    ///
    /// Raises `Full` after the time, and `Removed` if the object was removed, which only a call notices that has to
    /// wait.
    #[pyo3(signature = (value, *, timeout=Timeout::FOREVER))]
    fn push(&self, py: Python<'_>, value: &Bound<'_, PyAny>, timeout: Timeout) -> PyResult<()> {
        let bytes = bytes_of(&self.layout, value)?;
        in_slices_of(py, timeout, bytes.len(), |limit| self.handle.push_bytes(&bytes, limit))
    }

    /// Pops the oldest item. Waits up to `timeout` seconds for one. If this process dies, the item is gone: `take`
    /// keeps it.
    ///
    /// Raises `Empty` after the time, and `Removed` if the object was removed, which only a call notices that has to
    /// wait.
    #[pyo3(signature = (*, timeout=Timeout::FOREVER))]
    fn pop<'py>(&self, py: Python<'py>, timeout: Timeout) -> PyResult<Bound<'py, PyAny>> {
        let popped = self
            .layout
            .filled(py, |bytes| in_slices_of(py, timeout, bytes.len(), |limit| self.handle.pop_bytes(bytes, limit)));
        Ok(popped?.1)
    }

    /// Takes the oldest item for a `with` block. Waits up to `timeout` seconds for one.
    ///
    /// The item is done at the end of the block. It returns to the queue if the block raises an exception, or if this
    /// process dies.
    ///
    /// Raises `Empty` after the time, and `Removed` as `pop` does.
    #[pyo3(signature = (*, timeout=Timeout::FOREVER))]
    fn take(&self, py: Python<'_>, timeout: Timeout) -> PyResult<Job> {
        let taken = in_slices(py, timeout, |limit| self.handle.take(limit))?;
        Ok(Job::of(taken, &self.layout))
    }

    /// A coroutine that pushes an item, and waits for a free slot. Nothing happens before `await`.
    ///
    /// `asyncio.wait_for` limits its time. If its task is cancelled while it waits, nothing was pushed.
    fn push_async<'py>(&self, value: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        let (bytes, queue) = (bytes_of(&self.layout, value)?, self.handle.clone());
        aio::coroutine(value.py(), "Queue.push_async", move |py| match queue.push_bytes(&bytes, Limit::Never) {
            Ok(()) => Ok(Attempt::Done(py.None())),
            Err(DynamicError::Push(PushError::Full { .. })) => Ok(Attempt::Again(queue.not_full())),
            Err(error) => Err(of_dynamic(error)),
        })
    }

    /// A coroutine that pops the oldest item, and waits for one. Nothing happens before `await`.
    ///
    /// `asyncio.wait_for` limits its time. If its task is cancelled while it waits, no item was popped. If this process
    /// dies, the item is lost: `take_async` keeps it.
    fn pop_async<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let (queue, layout) = (self.handle.clone(), Arc::clone(&self.layout));
        aio::coroutine(py, "Queue.pop_async", move |py| {
            let mut bytes = vec![0; layout.size()];
            match queue.pop_bytes(&mut bytes, Limit::Never) {
                Ok(()) => Ok(Attempt::Done(layout.value(py, &bytes)?.unbind())),
                Err(DynamicError::Pop(PopError::Empty { .. })) => Ok(Attempt::Again(queue.not_empty())),
                Err(error) => Err(of_dynamic(error)),
            }
        })
    }

    /// A coroutine that takes the oldest item, and waits for one: see `take`. Nothing happens before `await`.
    ///
    /// `asyncio.wait_for` limits its time. If its task is cancelled while it waits, no item was taken.
    fn take_async<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let (queue, layout) = (self.handle.clone(), Arc::clone(&self.layout));
        aio::coroutine(py, "Queue.take_async", move |py| match queue.take(Limit::Never) {
            Ok(job) => Ok(Attempt::Done(Bound::new(py, Job::of(job, &layout))?.into_any().unbind())),
            Err(DynamicError::Pop(PopError::Empty { .. })) => Ok(Attempt::Again(queue.not_empty())),
            Err(error) => Err(of_dynamic(error)),
        })
    }

    /// A wait for an item, to be awaited, or for `wait_any`. Another consumer may take the item first.
    fn not_empty(&self) -> Wait {
        let queue = self.handle.clone();
        Wait::of(move || queue.not_empty(), |py| Ok(py.None()))
    }

    /// A wait for a free slot, to be awaited, or for `wait_any`. Another producer may use the slot first.
    fn not_full(&self) -> Wait {
        let queue = self.handle.clone();
        Wait::of(move || queue.not_full(), |py| Ok(py.None()))
    }

    /// The number of items that wait.
    fn __len__(&self) -> usize {
        self.handle.len() as usize
    }

    /// The number of slots.
    #[getter]
    fn capacity(&self) -> u64 {
        self.handle.capacity()
    }

    /// The number of items that were taken and are not done.
    #[getter]
    fn outstanding(&self) -> u64 {
        self.handle.outstanding()
    }

    /// The dtype of an array with an item.
    #[getter]
    fn dtype<'py>(&self, py: Python<'py>) -> Bound<'py, PyAny> {
        self.layout.dtype(py).clone()
    }

    #[classmethod]
    fn __class_getitem__(cls: &Bound<'_, PyType>, given: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        form(cls, given)
    }
}

/// An item that this process has taken, and not finished. Several threads may use it.
#[pyclass(frozen, module = "shmstore")]
pub(crate) struct Job {
    job: Mutex<Option<dynamic::Job>>,
    layout: Arc<Layout>,
}

impl Job {
    fn of(job: dynamic::Job, layout: &Arc<Layout>) -> Self {
        Self { job: Mutex::new(Some(job)), layout: Arc::clone(layout) }
    }

    fn take(&self) -> Option<dynamic::Job> {
        self.job.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn with<R>(&self, call: impl FnOnce(&dynamic::Job) -> PyResult<R>) -> PyResult<R> {
        match &*self.job.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(job) => call(job),
            None => Err(PyRuntimeError::new_err("the job is done, or was given back")),
        }
    }
}

#[pymethods]
impl Job {
    /// The item.
    #[getter]
    fn value<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        // The lock is not held while Python runs.
        let bytes = self.with(|job| Ok(job.bytes().to_vec()))?;
        self.layout.value(py, &bytes)
    }

    /// How often the item was delivered, this time included. 7 means seven or more.
    #[getter]
    fn deliveries(&self) -> PyResult<u32> {
        self.with(|job| Ok(job.deliveries()))
    }

    /// Finishes the item. It is not delivered again.
    ///
    /// Raises `Lost` if this process no longer has it.
    fn done(&self) -> PyResult<()> {
        match self.take() {
            Some(job) => job.done().map_err(of_dynamic),
            None => Err(PyRuntimeError::new_err("the job is done, or was given back")),
        }
    }

    /// Returns the item to the queue.
    fn give_back(&self) {
        drop(self.take());
    }

    fn __enter__(slf: Bound<'_, Self>) -> Bound<'_, Self> {
        slf
    }

    fn __exit__(
        &self,
        kind: &Bound<'_, PyAny>,
        _value: &Bound<'_, PyAny>,
        _traceback: &Bound<'_, PyAny>,
    ) -> PyResult<bool> {
        if let Some(job) = self.take().filter(|_| kind.is_none()) {
            job.done().map_err(of_dynamic)?;
        }
        Ok(false)
    }
}
