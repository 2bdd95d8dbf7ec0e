//! `Pinned`: a frame that is read.
//!
//! # Safety
//!
//! As in `frame.rs`. The pin, and with it the object, is kept while a buffer is lent.
#![allow(unsafe_code)]

use std::ffi::c_int;
use std::sync::{Arc, Mutex};

use pyo3::exceptions::PyRuntimeError;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::PyTuple;
use shmstore::dynamic;

use super::frame::{array_of, lend, lock};
use crate::aio::forks;
use crate::error::Error;
use crate::value::{BufferMut, Layout};

/// A pin with the buffers that were lent of it.
struct Lent {
    /// `None` once it is given up. A call that uses it shares it, so that the lock is free meanwhile.
    pin: Option<Arc<dynamic::Pinned>>,
    buffers: usize,
    /// The last buffer that is returned gives it up.
    ends: bool,
}

/// A frame that no process overwrites. `Frames.pin` and `Frames.wait_newer` return it.
#[pyclass(frozen, sequence, module = "shmstore")]
pub(crate) struct Pinned {
    // Locked for a moment only, with the interpreter attached and not run.
    lent: Mutex<Lent>,
    forks: u64,
    len: usize,
    elements: Arc<Layout>,
    meta: Arc<Layout>,
}

impl Pinned {
    pub(super) fn of(pin: dynamic::Pinned, elements: &Arc<Layout>, meta: &Arc<Layout>) -> Self {
        let (elements, meta, len) = (Arc::clone(elements), Arc::clone(meta), pin.len());
        let lent = Mutex::new(Lent { pin: Some(Arc::new(pin)), buffers: 0, ends: false });
        Self { lent, forks: forks(), len, elements, meta }
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    fn pin(&self) -> PyResult<Arc<dynamic::Pinned>> {
        if self.forks != forks() {
            return Err(Error::new_err("the pin belongs to the parent of this process: pin the frame again"));
        }
        let pin = lock(&self.lent).pin.clone();
        pin.ok_or_else(|| PyRuntimeError::new_err("the frame is no longer pinned"))
    }

    /// Copies the checked elements to the first of these bytes.
    pub(super) fn copy_to(&self, py: Python<'_>, bytes: &mut [u8]) -> PyResult<()> {
        let (pin, bytes) = (self.pin()?, &mut bytes[..self.len * self.elements.size()]);
        py.detach(|| {
            pin.copy_at(0, bytes);
            self.elements.check_elements(bytes)
        })
    }
}

#[pymethods]
impl Pinned {
    /// The elements as a read-only array, in place. It keeps the frame pinned.
    ///
    /// The bytes are not checked, and a process that breaks the protocol could change them: `copy` returns a checked
    /// copy.
    #[getter]
    fn array<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        array_of(slf.as_any(), &slf.get().elements, slf.get().len)
    }

    /// A checked copy of the elements.
    #[pyo3(name = "copy")]
    pub(super) fn copied<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let mut shape = vec![self.len];
        shape.extend(self.elements.shape(py).extract::<Vec<usize>>()?);
        let array = py.import("numpy")?.getattr("empty")?.call1((PyTuple::new(py, shape)?, self.elements.dtype(py)))?;
        self.copy_to(py, BufferMut::of(&array)?.bytes_mut())?;
        Ok(array)
    }

    /// The metadata.
    #[getter]
    fn meta<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.meta.value(py, self.pin()?.meta_bytes())
    }

    /// The number of the frame, from 1.
    #[getter]
    fn number(&self) -> PyResult<u64> {
        Ok(self.pin()?.number())
    }

    /// How many frames were published between the one that was seen and this one.
    #[getter]
    fn missed(&self) -> PyResult<u64> {
        Ok(self.pin()?.missed())
    }

    /// True if no process has taken the pin away.
    #[getter]
    fn is_intact(&self) -> PyResult<bool> {
        Ok(self.pin()?.is_intact())
    }

    fn __len__(&self) -> usize {
        self.len
    }

    #[pyo3(signature = (dtype=None, copy=None))]
    fn __array__<'py>(
        slf: &Bound<'py, Self>,
        dtype: Option<&Bound<'py, PyAny>>,
        copy: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        _ = copy;
        let array = Self::array(slf)?;
        dtype.map_or(Ok(array.clone()), |dtype| array.call_method1("astype", (dtype,)))
    }

    fn __enter__<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        Self::array(slf)
    }

    #[pyo3(signature = (*_args))]
    fn __exit__(&self, _args: &Bound<'_, PyTuple>) {
        self.unpin();
    }

    /// Unpins the frame. If there are arrays of it, the last one of them unpins it when it is gone.
    fn unpin(&self) {
        let mut lent = lock(&self.lent);
        lent.ends = true;
        let unpinned = if lent.buffers == 0 { lent.pin.take() } else { None };
        drop(lent);
        drop(unpinned);
    }

    unsafe fn __getbuffer__(slf: Bound<'_, Self>, view: *mut ffi::Py_buffer, flags: c_int) -> PyResult<()> {
        let this = slf.get();
        let len = this.len * this.elements.size();
        let address = this.pin()?.as_ptr();
        // SAFETY: the interpreter passes a buffer to fill. The frame has `len` elements, and its pin is kept while
        // `buffers` is not 0, and with it the mapping.
        unsafe { lend(slf.as_any(), view, (address.cast_mut(), len), true, flags)? };
        lock(&this.lent).buffers += 1;
        Ok(())
    }

    unsafe fn __releasebuffer__(&self, _view: *mut ffi::Py_buffer) {
        let mut lent = lock(&self.lent);
        lent.buffers -= 1;
        let unpinned = if lent.buffers == 0 && lent.ends { lent.pin.take() } else { None };
        drop(lent);
        drop(unpinned);
    }
}
