//! `FrameMut`: a frame that is filled.
//!
//! # Safety
//!
//! The memory of a slot is lent as a buffer of Python. It is mapped while the object is attached, which is as long as a
//! buffer is lent. Other processes may change the bytes of a frame if they break the protocol. No reference to the
//! bytes is made here: the interpreter and numpy get an address.
#![allow(unsafe_code)]

use std::ffi::{c_int, c_void};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use pyo3::exceptions::{PyBufferError, PyRuntimeError};
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::sync::MutexExt as _;
use pyo3::types::{PySlice, PyTuple};
use shmstore::dynamic;

use crate::aio::forks;
use crate::error::{Error, of_dynamic};
use crate::value::{Buffer, Layout, as_array, bytes_of};

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Fills a buffer of Python with the address of a slot.
///
/// # Safety
///
/// `view` may be written. The memory has `len` bytes from `address` on, until the buffer is returned.
pub(super) unsafe fn lend(
    owner: &Bound<'_, PyAny>,
    view: *mut ffi::Py_buffer,
    (address, len): (*mut u8, usize),
    is_read_only: bool,
    flags: c_int,
) -> PyResult<()> {
    // SAFETY: as the caller promises. The owner is alive, and the call takes a reference to it.
    let filled = unsafe {
        ffi::PyBuffer_FillInfo(
            view,
            owner.as_ptr(),
            address.cast::<c_void>(),
            len as ffi::Py_ssize_t,
            c_int::from(is_read_only),
            flags,
        )
    };
    if filled == 0 {
        Ok(())
    } else {
        Err(PyErr::take(owner.py()).unwrap_or_else(|| PyBufferError::new_err("no buffer")))
    }
}

/// The array of `len` elements in the memory that `owner` lends.
pub(super) fn array_of<'py>(owner: &Bound<'py, PyAny>, elements: &Layout, len: usize) -> PyResult<Bound<'py, PyAny>> {
    let py = owner.py();
    let mut shape = vec![len];
    shape.extend(elements.shape(py).extract::<Vec<usize>>()?);
    let (numpy, dtype) = (py.import("numpy")?, elements.dtype(py));
    if len == 0 {
        return numpy.getattr("empty")?.call1((PyTuple::new(py, shape)?, dtype));
    }
    // `frombuffer` keeps the buffer lent. `ndarray` would keep the owner alone.
    let flat = numpy.getattr("frombuffer")?.call1((owner, dtype))?;
    flat.call_method1("reshape", (PyTuple::new(py, shape)?,))
}

/// A slot that this process fills. `Frames.loan` returns it.
///
/// `array` is the memory of the slot itself, with room for `capacity` elements. The frame has the first `len` of them.
/// Several threads may use it.
#[pyclass(frozen, module = "shmstore")]
pub(crate) struct FrameMut {
    // Locked without the interpreter while an array is copied to the slot, and otherwise for a moment.
    loan: Mutex<Option<dynamic::FrameMut>>,
    forks: u64,
    /// The array that a program has got.
    // Locked for a moment only, with the interpreter attached and not run.
    array: Mutex<Option<Py<PyAny>>>,
    /// Keeps the object attached for as long as there is an array.
    frames: dynamic::Frames,
    capacity: usize,
    elements: Arc<Layout>,
    meta: Arc<Layout>,
}

impl FrameMut {
    pub(super) fn of(
        loan: dynamic::FrameMut,
        frames: &dynamic::Frames,
        elements: &Arc<Layout>,
        meta: &Arc<Layout>,
    ) -> Self {
        let (elements, meta) = (Arc::clone(elements), Arc::clone(meta));
        let (loan, frames) = (Mutex::new(Some(loan)), frames.clone());
        Self { loan, forks: forks(), array: Mutex::default(), capacity: frames.capacity(), frames, elements, meta }
    }

    fn with<R>(&self, py: Python<'_>, call: impl FnOnce(&mut dynamic::FrameMut) -> PyResult<R>) -> PyResult<R> {
        call(self.locked(py)?.as_mut().ok_or_else(ended)?)
    }

    /// The loan. Other threads of Python run until it is free.
    fn locked(&self, py: Python<'_>) -> PyResult<MutexGuard<'_, Option<dynamic::FrameMut>>> {
        // In a child the lock may stay taken forever.
        if self.forks != forks() {
            return Err(Error::new_err("the loan belongs to the parent of this process: loan a slot again"));
        }
        Ok(self.loan.lock_py_attached(py).unwrap_or_else(PoisonError::into_inner))
    }

    fn known_array(&self, py: Python<'_>) -> Option<Py<PyAny>> {
        lock(&self.array).as_ref().map(|array| array.clone_ref(py))
    }

    /// Keeps a program from writing the slot by the array that it has got.
    fn protect(&self, py: Python<'_>) -> PyResult<()> {
        if let Some(array) = self.known_array(py) {
            array.bind(py).getattr("flags")?.setattr("writeable", false)?;
        }
        // The last reference may run Python, so it is dropped after the lock.
        let array = lock(&self.array).take();
        drop(array);
        Ok(())
    }
}

fn ended() -> PyErr {
    PyRuntimeError::new_err("the frame is published, or its slot was given back")
}

#[pymethods]
impl FrameMut {
    /// The memory of the slot, to be filled. The elements are those of an earlier frame, or zeros.
    ///
    /// After `publish` it is read-only. Do not keep other views of it that may be written: other processes read the
    /// slot then.
    #[getter]
    fn array<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        let (this, py) = (slf.get(), slf.py());
        this.with(py, |_| Ok(()))?;
        if let Some(array) = this.known_array(py) {
            return Ok(array.into_bound(py));
        }
        let made = array_of(slf.as_any(), &this.elements, this.capacity)?;
        // Python has run meanwhile, and may have made one.
        let array = lock(&this.array).get_or_insert_with(|| made.clone().unbind()).clone_ref(py);
        if let Err(ended) = this.with(py, |_| Ok(())) {
            this.protect(py)?;
            return Err(ended);
        }
        Ok(array.into_bound(py))
    }

    /// Copies an array, or any list of elements, to index `at` and those after it. The frame grows, if it has to.
    #[pyo3(signature = (array, at=0))]
    pub(super) fn write(&self, array: &Bound<'_, PyAny>, at: usize) -> PyResult<()> {
        let py = array.py();
        let Some(array) = as_array(array)? else {
            let encoded: PyResult<Vec<Vec<u8>>> =
                array.try_iter()?.map(|element| bytes_of(&self.elements, &element?)).collect();
            let encoded = encoded?.concat();
            return self.with(py, |loan| loan.write_at(at, &encoded).map_err(of_dynamic));
        };
        self.elements.same_dtype(&array)?;
        let buffer = match Buffer::of(&array) {
            Ok(buffer) => buffer,
            Err(_) => Buffer::of(&py.import("numpy")?.getattr("ascontiguousarray")?.call1((&array,))?)?,
        };
        let bytes = self.elements.settled(py, buffer.bytes());
        // Not in a child.
        drop(self.locked(py)?);
        py.detach(|| lock(&self.loan).as_mut().ok_or_else(ended)?.write_at(at, &bytes).map_err(of_dynamic))
    }

    /// The number of elements that the frame will have.
    #[getter]
    fn len(&self, py: Python<'_>) -> PyResult<usize> {
        self.with(py, |loan| Ok(loan.len()))
    }

    #[setter]
    fn set_len(&self, py: Python<'_>, len: usize) -> PyResult<()> {
        self.with(py, |loan| loan.set_len(len).map_err(of_dynamic))
    }

    /// Sets the metadata.
    #[setter(meta)]
    pub(super) fn set_meta(&self, meta: &Bound<'_, PyAny>) -> PyResult<()> {
        let bytes = bytes_of(&self.meta, meta)?;
        self.with(meta.py(), |loan| loan.set_meta_bytes(&bytes).map_err(of_dynamic))
    }

    /// The most elements of a frame.
    #[getter]
    fn capacity(&self) -> usize {
        self.capacity
    }

    /// Publishes the frame as the newest one, and returns its number. If elements may be invalid, such as `bool`s, they
    /// are checked first.
    ///
    /// Raises `Lost` if this process no longer has the slot.
    pub(super) fn publish(&self, py: Python<'_>) -> PyResult<u64> {
        if let Some(array) = self.known_array(py) {
            let filled = array.bind(py).get_item(PySlice::new(py, 0, self.len(py)? as isize, 1))?;
            self.elements.check_elements(Buffer::of(&filled)?.bytes())?;
        }
        // From here on no call gets the slot, also none that Python makes in `protect`.
        let loan = self.locked(py)?.take().ok_or_else(ended)?;
        self.protect(py)?;
        py.detach(|| loan.publish()).map_err(of_dynamic)
    }

    fn __enter__(slf: Bound<'_, Self>) -> Bound<'_, Self> {
        slf
    }

    fn __exit__(
        &self,
        py: Python<'_>,
        kind: &Bound<'_, PyAny>,
        _value: &Bound<'_, PyAny>,
        _traceback: &Bound<'_, PyAny>,
    ) -> PyResult<bool> {
        if kind.is_none() {
            if self.locked(py)?.is_some() {
                self.publish(py)?;
            }
        } else {
            self.give_back(py)?;
        }
        Ok(false)
    }

    /// Gives the slot back without publishing it. The array of it may not be written any more.
    fn give_back(&self, py: Python<'_>) -> PyResult<()> {
        // In a child there is nothing to give back.
        let loan = if self.forks == forks() { self.locked(py)?.take() } else { None };
        self.protect(py)?;
        drop(loan);
        Ok(())
    }

    unsafe fn __getbuffer__(slf: Bound<'_, Self>, view: *mut ffi::Py_buffer, flags: c_int) -> PyResult<()> {
        let this = slf.get();
        debug_assert_eq!(this.capacity, this.frames.capacity());
        let len = this.capacity * this.elements.size();
        let address = this.with(slf.py(), |loan| loan.as_mut_ptr().map_err(of_dynamic))?;
        // SAFETY: the interpreter passes a buffer to fill. The slot has room for `capacity` elements. It stays mapped
        // while the buffer is lent, because that keeps this object, and `frames` in it keeps the shared object
        // attached.
        unsafe { lend(slf.as_any(), view, (address, len), false, flags) }
    }
}
