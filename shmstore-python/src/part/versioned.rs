//! `Versioned`: the newest value, always whole.

use std::sync::{Arc, Mutex};

use pyo3::exceptions::{PyKeyError, PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyType;
use shmstore::dynamic;

use super::field::{Field, Owner, dir};
use super::frame::lock;
use super::{Part, form};
use crate::blocking::{Timeout, copying, in_slices, in_slices_of};
use crate::error::of_dynamic;
use crate::mine::Mine;
use crate::value::{BufferMut, InPlace, Layout, bytes_of};
use crate::wait::Wait;

/// The newest value of any size, always whole, with a version that counts the stores.
#[pyclass(frozen, extends = Part, module = "shmstore")]
pub(crate) struct Versioned {
    pub(super) handle: dynamic::Versioned,
    pub(super) layout: Arc<Layout>,
}

impl Versioned {
    pub(super) fn of(py: Python<'_>, handle: dynamic::Versioned) -> PyResult<Self> {
        let layout = Layout::of(py, handle.schema())?;
        Ok(Self { handle, layout })
    }

    pub(super) fn begin(&self, py: Python<'_>, timeout: Timeout) -> PyResult<dynamic::Transaction> {
        in_slices(py, timeout, |limit| self.handle.begin(limit))
    }

    fn newest<'py>(&self, py: Python<'py>) -> PyResult<(u64, Bound<'py, PyAny>)> {
        self.layout.filled(py, |bytes| self.load_bytes(py, bytes))
    }

    fn newest_into(&self, out: &Bound<'_, PyAny>) -> PyResult<u64> {
        let mut buffer = self.layout.out(out)?;
        self.load_bytes(out.py(), buffer.bytes_mut())
    }

    fn load_bytes(&self, py: Python<'_>, bytes: &mut [u8]) -> PyResult<u64> {
        copying(py, bytes.len(), || self.handle.load_bytes(bytes)).map_err(of_dynamic)
    }

    fn store_bytes(&self, py: Python<'_>, bytes: &[u8], timeout: Timeout) -> PyResult<u64> {
        in_slices_of(py, timeout, bytes.len(), |limit| self.handle.store_bytes(bytes, limit))
    }
}

#[pymethods]
impl Versioned {
    /// A copy of the newest value.
    ///
    /// With `out`, an array of this `dtype` and `shape`, the value is copied there, and nothing is allocated. `out` is
    /// returned. If two threads load into one array at a time, it gets bytes of both.
    ///
    /// Raises `InvalidValue` if the bytes are no value.
    #[pyo3(signature = (*, out=None))]
    fn load<'py>(&self, py: Python<'py>, out: Option<&Bound<'py, PyAny>>) -> PyResult<Bound<'py, PyAny>> {
        match out {
            Some(out) => self.newest_into(out).map(|_| out.clone()),
            None => Ok(self.newest(py)?.1),
        }
    }

    /// The version of the newest value, and a copy of the value. `out` is as in `load`.
    #[pyo3(signature = (*, out=None))]
    fn load_versioned<'py>(
        &self,
        py: Python<'py>,
        out: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<(u64, Bound<'py, PyAny>)> {
        match out {
            Some(out) => Ok((self.newest_into(out)?, out.clone())),
            None => self.newest(py),
        }
    }

    /// Stores a value as the newest version, and returns its number. Waits up to `timeout` seconds for other writers.
    ///
    /// A value is a number, a text, a tuple or dict of fields, a list of elements, or an array of this `dtype` and
    /// `shape`. Nothing is rounded or cut: what does not fit raises `ValueError` or `TypeError`.
    #[pyo3(signature = (value, *, timeout=Timeout::FOREVER))]
    fn store(&self, py: Python<'_>, value: &Bound<'_, PyAny>, timeout: Timeout) -> PyResult<u64> {
        match self.layout.buffer_of(value)? {
            Some(buffer) => self.store_bytes(py, &self.layout.settled(py, buffer.bytes()), timeout),
            None => self.store_bytes(py, &bytes_of(&self.layout, value)?, timeout),
        }
    }

    /// The number of the newest version. It counts the stores from 0.
    #[getter]
    fn version(&self) -> u64 {
        self.handle.version()
    }

    /// Replaces the value by `change(value)`, and returns the new value. Other writers wait meanwhile. If `change`
    /// raises an exception, nothing has changed.
    #[pyo3(signature = (change, *, timeout=Timeout::FOREVER))]
    fn update<'py>(&self, change: &Bound<'py, PyAny>, timeout: Timeout) -> PyResult<Bound<'py, PyAny>> {
        let py = change.py();
        let mut transaction = self.begin(py, timeout)?;
        let new = change.call1((self.layout.value(py, transaction.bytes())?,))?;
        transaction.bytes_mut().copy_from_slice(&bytes_of(&self.layout, &new)?);
        transaction.commit().map_err(of_dynamic)?;
        Ok(new)
    }

    /// A transaction, for a `with` block. All changes are published at its end, or none if it raises an exception.
    ///
    /// The block gets a private copy: an array or a record to change in place. For a value of another type it gets the
    /// transaction, whose `value` is read and set. Other writers wait until the block ends, so keep it short, and do
    /// not suspend a generator or a coroutine in it. `timeout` is the time in seconds to wait for other writers, 5 if
    /// it is not given.
    ///
    /// A transaction belongs to the thread that entered the block: see `Transaction`.
    ///
    /// The block raises `BusyTimeout` if another thread or process writes for all of the time, and `Busy` if this very
    /// thread has a transaction on the part.
    #[pyo3(signature = (*, timeout=Timeout::seconds(5)))]
    fn transaction(slf: &Bound<'_, Self>, timeout: Timeout) -> Transaction {
        Transaction { part: slf.clone().unbind(), timeout, begun: Mutex::default() }
    }

    /// Waits until there is a version newer than `seen`, and returns it with its value. Without `seen`, waits for the
    /// next store.
    ///
    /// Raises `Timeout` after `timeout` seconds, `Removed` if the object was removed.
    #[pyo3(signature = (seen=None, *, timeout=Timeout::FOREVER))]
    fn wait_newer<'py>(
        &self,
        py: Python<'py>,
        seen: Option<u64>,
        timeout: Timeout,
    ) -> PyResult<(u64, Bound<'py, PyAny>)> {
        let newer = self.handle.newer(seen.unwrap_or_else(|| self.handle.version()));
        in_slices(py, timeout, |limit| newer.wait(limit))?;
        self.newest(py)
    }

    /// A wait for a version newer than `seen`, to be awaited, or for `wait_any`. Without `seen` it is the next store.
    ///
    /// `await` returns the version and the value.
    #[pyo3(signature = (seen=None))]
    fn newer(slf: &Bound<'_, Self>, seen: Option<u64>) -> Wait {
        let handle = slf.get().handle.clone();
        let seen = seen.unwrap_or_else(|| handle.version());
        let part = slf.clone().unbind();
        let get = move |py: Python<'_>| Ok(part.get().newest(py)?.into_pyobject(py)?.into_any().unbind());
        Wait::of(move || handle.newer(seen), get)
    }

    /// An asynchronous iterator of versions and values, from the first one newer than `seen` on.
    ///
    /// It returns the newest version each time, and skips those in between: the numbers show how many. A `Broadcast`
    /// delivers every item.
    #[pyo3(signature = (seen=None))]
    fn changes<'py>(slf: &Bound<'py, Self>, seen: Option<u64>) -> PyResult<Bound<'py, PyAny>> {
        let seen = seen.unwrap_or_else(|| slf.get().handle.version());
        slf.py().import("shmstore._aio")?.getattr("Changes")?.call1((slf, seen))
    }

    /// The dtype of an array with the value.
    #[getter]
    fn dtype<'py>(&self, py: Python<'py>) -> Bound<'py, PyAny> {
        self.layout.dtype(py).clone()
    }

    /// The shape of an array with the value.
    #[getter]
    fn shape<'py>(&self, py: Python<'py>) -> Bound<'py, PyAny> {
        self.layout.shape(py).clone().into_any()
    }

    /// The enums in the value, by path. That of the value itself has the path `""`.
    #[getter]
    fn enums<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.layout.enums(py)
    }

    /// A field of the value.
    fn __getitem__<'py>(slf: &Bound<'py, Self>, step: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        Field::of(slf.py(), &Owner::Versioned(slf.clone().unbind()), step)?
            .ok_or_else(|| PyKeyError::new_err(format!("`{}` has no field {step}", slf.get().layout.schema())))
    }

    fn __getattr__<'py>(slf: &Bound<'py, Self>, name: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        Field::attribute(slf.py(), &Owner::Versioned(slf.clone().unbind()), name)
    }

    fn __dir__<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        dir(slf.as_any(), slf.get().layout.schema())
    }

    #[pyo3(signature = (dtype=None, copy=None))]
    fn __array__<'py>(
        &self,
        py: Python<'py>,
        dtype: Option<&Bound<'py, PyAny>>,
        copy: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        _ = copy;
        self.layout.array(py, dtype, |bytes| self.handle.load_bytes(bytes).map_err(of_dynamic))
    }

    #[classmethod]
    fn __class_getitem__(cls: &Bound<'_, PyType>, given: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        form(cls, given)
    }
}

/// A transaction on a `Versioned`: see `Versioned.transaction`.
///
/// It belongs to the thread that entered the `with` block. In another thread its attributes and the end of the block
/// raise `RuntimeError`. If another thread drops the last reference to it within the block, other writers wait until
/// the process ends.
#[pyclass(frozen, module = "shmstore")]
pub(crate) struct Transaction {
    part: Py<Versioned>,
    timeout: Timeout,
    // Locked for a moment only, and never while Python runs.
    begun: Mutex<Option<Arc<Mine<Begun>>>>,
}

struct Begun {
    transaction: dynamic::Transaction,
    in_place: Option<InPlace>,
}

impl Transaction {
    fn begun(&self) -> Option<Arc<Mine<Begun>>> {
        lock(&self.begun).clone()
    }

    fn with<R>(&self, call: impl FnOnce(&mut Begun) -> PyResult<R>) -> PyResult<R> {
        let ended = || PyRuntimeError::new_err("the transaction has not begun, or has ended: use it in a `with` block");
        let begun = self.begun().ok_or_else(ended)?;
        let mut begun = begun.get()?;
        call(begun.as_mut().ok_or_else(ended)?)
    }
}

#[pymethods]
impl Transaction {
    fn __enter__<'py>(slf: Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        let (py, this) = (slf.py(), slf.get());
        let part = this.part.get();
        let again = || PyRuntimeError::new_err("the transaction has begun already");
        if this.begun().is_some() {
            return Err(again());
        }
        let transaction = part.begin(py, this.timeout)?;
        let in_place = match part.layout.is_changed_in_place() {
            true => Some(part.layout.in_place(py, transaction.bytes())?),
            false => None,
        };
        let given = in_place.as_ref().map_or_else(|| slf.clone().into_any(), |it| it.value.bind(py).clone());
        let begun = Mine::new("a transaction", Begun { transaction, in_place });
        let begun = lock(&this.begun).replace(Arc::new(begun));
        // Another thread has entered the same block meanwhile, and left it: no two of them have the part.
        debug_assert!(begun.is_none(), "a transaction that has begun has the part");
        Ok(given)
    }

    fn __exit__(
        &self,
        py: Python<'_>,
        kind: &Bound<'_, PyAny>,
        _value: &Bound<'_, PyAny>,
        _traceback: &Bound<'_, PyAny>,
    ) -> PyResult<bool> {
        // Dropped on each way out. Without a commit nothing has changed.
        let Some(begun) = self.begun() else { return Ok(false) };
        let taken = begun.take()?;
        drop(lock(&self.begun).take());
        let Some(Begun { mut transaction, in_place }) = taken else { return Ok(false) };
        if kind.is_none() {
            if let Some(in_place) = in_place {
                let layout = &self.part.get().layout;
                transaction.bytes_mut().copy_from_slice(&bytes_of(layout, in_place.value.bind(py))?);
            }
            transaction.commit().map_err(of_dynamic)?;
        }
        Ok(false)
    }

    /// The version with which the transaction began.
    #[getter]
    fn version(&self) -> PyResult<u64> {
        self.with(|begun| Ok(begun.transaction.version()))
    }

    /// The changed value. Set it to change it.
    #[getter]
    fn value<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        // Nothing is borrowed while Python runs.
        let (value, bytes) = self.with(|begun| match &begun.in_place {
            Some(in_place) => Ok((Some(in_place.value.clone_ref(py)), Vec::new())),
            None => Ok((None, begun.transaction.bytes().to_vec())),
        })?;
        value.map_or_else(|| self.part.get().layout.value(py, &bytes), |value| Ok(value.into_bound(py)))
    }

    #[setter]
    fn set_value(&self, py: Python<'_>, value: &Bound<'_, PyAny>) -> PyResult<()> {
        let layout = &self.part.get().layout;
        let bytes = bytes_of(layout, value)?;
        let memory = self.with(|begun| {
            begun.transaction.bytes_mut().copy_from_slice(&bytes);
            Ok(begun.in_place.as_ref().map(|in_place| in_place.memory.clone_ref(py)))
        })?;
        let Some(memory) = memory else { return Ok(()) };
        let mut memory = BufferMut::of(memory.bind(py))?;
        if memory.len() != bytes.len() {
            return Err(PyValueError::new_err(
                "the array of the transaction has another size: begin another transaction",
            ));
        }
        memory.bytes_mut().copy_from_slice(&bytes);
        Ok(())
    }
}
