//! `Broadcast`: gives each item to all processes.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use pyo3::prelude::*;
use pyo3::types::PyType;
use shmstore::WaitError;
use shmstore::dynamic::{self, DynamicError, Limit};
use shmstore::error::{Awaited, RecvError};

use super::{Part, form};
use crate::aio::{self, Attempt};
use crate::blocking::{Timeout, in_slices, in_slices_of, is_short};
use crate::error::of_dynamic;
use crate::value::{Layout, bytes_of};
use crate::wait::Wait;

/// Items for all processes. The newest ones are kept, as many as the capacity.
#[pyclass(frozen, extends = Part, module = "shmstore")]
pub(crate) struct Broadcast {
    handle: dynamic::Broadcast,
    layout: Arc<Layout>,
}

impl Broadcast {
    pub(super) fn of(py: Python<'_>, handle: dynamic::Broadcast) -> PyResult<Self> {
        let layout = Layout::of(py, handle.schema())?;
        Ok(Self { handle, layout })
    }
}

#[pymethods]
impl Broadcast {
    /// Sends an item to all subscribers, and returns its number. The first one has number 0. Waits up to `timeout`
    /// seconds for other senders.
    #[pyo3(signature = (value, *, timeout=Timeout::FOREVER))]
    fn send(&self, py: Python<'_>, value: &Bound<'_, PyAny>, timeout: Timeout) -> PyResult<u64> {
        let bytes = bytes_of(&self.layout, value)?;
        in_slices_of(py, timeout, bytes.len(), |limit| self.handle.send_bytes(&bytes, limit))
    }

    /// The number of items that were sent.
    #[getter]
    fn sent(&self) -> u64 {
        self.handle.sent()
    }

    /// The number and the value of the newest item. `None` if no item was sent.
    fn newest<'py>(&self, py: Python<'py>) -> PyResult<Option<(u64, Bound<'py, PyAny>)>> {
        let newest = py.detach(|| self.handle.newest()).map_err(of_dynamic)?;
        newest.map(|(number, value)| Ok((number, self.layout.of_tree(py, &value)?))).transpose()
    }

    /// A subscriber, which receives the items that are sent from now on. With `position`, its first item is the one
    /// with this number.
    #[pyo3(signature = (position=None))]
    fn subscribe(&self, position: Option<u64>) -> Subscriber {
        let subscriber = match position {
            Some(position) => self.handle.subscribe_from(position),
            None => self.handle.subscribe(),
        };
        Subscriber { subscriber: Arc::new(Mutex::new(subscriber)), layout: Arc::clone(&self.layout) }
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

/// Receives the items of a `Broadcast`, one after the other.
///
/// It is an iterator, which waits for each item, and an asynchronous iterator. Both raise `Lagged` if items were
/// overwritten before they were received, and go on afterwards.
#[pyclass(frozen, module = "shmstore")]
pub(crate) struct Subscriber {
    // Locked for a moment only, with the interpreter attached and not run: no thread that has it can fork or wait.
    subscriber: Arc<Mutex<dynamic::Subscriber>>,
    layout: Arc<Layout>,
}

impl Subscriber {
    /// Receives the next item, and waits for it without the lock.
    fn receive(&self, py: Python<'_>, bytes: &mut [u8], timeout: Timeout) -> PyResult<()> {
        let mut since = None;
        loop {
            match self.attempt(py, bytes) {
                Err(DynamicError::Recv(RecvError::Empty { .. })) if !timeout.is_zero() => {}
                received => return received.map_err(of_dynamic),
            }
            let wait = lock(&self.subscriber).not_empty();
            let left = timeout.left(*since.get_or_insert_with(Instant::now));
            in_slices(py, left, |limit| wait.wait(limit).map_err(as_empty))?;
        }
    }

    /// Receives the next item if it is there. Another thread may be just receiving it: then this is the one after it.
    fn attempt(&self, py: Python<'_>, bytes: &mut [u8]) -> Result<(), DynamicError> {
        if is_short(bytes.len()) {
            return lock(&self.subscriber).recv_bytes(bytes, Limit::Never);
        }
        loop {
            let mut own = lock(&self.subscriber).clone();
            let before = own.position();
            let received = py.detach(|| own.recv_bytes(bytes, Limit::Never));
            let mut shared = lock(&self.subscriber);
            if shared.position() == before {
                *shared = own;
                return received;
            }
        }
    }
}

/// The error of a call that receives, for a wait whose time is over.
fn as_empty(error: DynamicError) -> DynamicError {
    match error {
        DynamicError::Wait(WaitError::Timeout { awaited: Awaited::Sent { broadcast, position }, waited }) => {
            DynamicError::Recv(RecvError::Empty { broadcast, position, waited })
        }
        other => other,
    }
}

fn lock(subscriber: &Mutex<dynamic::Subscriber>) -> MutexGuard<'_, dynamic::Subscriber> {
    subscriber.lock().unwrap_or_else(PoisonError::into_inner)
}

#[pymethods]
impl Subscriber {
    /// The position: the number of the next item.
    #[getter]
    fn position(&self) -> u64 {
        lock(&self.subscriber).position()
    }

    /// Receives the next item. Waits up to `timeout` seconds for it.
    ///
    /// Raises `Empty` after the time, and `Lagged` if items were overwritten.
    #[pyo3(signature = (*, timeout=Timeout::FOREVER))]
    fn recv<'py>(&self, py: Python<'py>, timeout: Timeout) -> PyResult<Bound<'py, PyAny>> {
        Ok(self.layout.filled(py, |bytes| self.receive(py, bytes, timeout))?.1)
    }

    /// A coroutine that receives the next item, and waits for it. Nothing happens before `await`.
    ///
    /// `asyncio.wait_for` limits its time. If its task is cancelled while it waits, no item was received. Raises
    /// `Lagged` as `recv` does.
    fn recv_async<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let (subscriber, layout) = (Arc::clone(&self.subscriber), Arc::clone(&self.layout));
        aio::coroutine(py, "Subscriber.recv_async", move |py| {
            let mut bytes = vec![0; layout.size()];
            let received = lock(&subscriber).recv_bytes(&mut bytes, Limit::Never);
            match received {
                Ok(()) => Ok(Attempt::Done(layout.value(py, &bytes)?.unbind())),
                Err(DynamicError::Recv(RecvError::Empty { .. })) => Ok(Attempt::Again(lock(&subscriber).not_empty())),
                Err(error) => Err(of_dynamic(error)),
            }
        })
    }

    /// A wait for the next item, to be awaited, or for `wait_any`.
    fn not_empty(&self) -> Wait {
        let subscriber = Arc::clone(&self.subscriber);
        Wait::of(move || lock(&subscriber).not_empty(), |py| Ok(py.None()))
    }

    fn __iter__(slf: Bound<'_, Self>) -> Bound<'_, Self> {
        slf
    }

    fn __next__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.recv(py, Timeout::FOREVER)
    }

    fn __aiter__(slf: Bound<'_, Self>) -> Bound<'_, Self> {
        slf
    }

    fn __anext__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.recv_async(py)
    }
}
