//! The memory of arrays, as Python objects lend it.
//!
//! # Safety
//!
//! A `Py_buffer` is filled by `PyObject_GetBuffer` and released once, by `PyBuffer_Release`. Between them its memory
//! stays where it is. The interpreter does not keep other threads from reading or writing it. As for every array of
//! numpy, a program that uses one array in two threads at a time gets bytes of both.
#![allow(unsafe_code)]

use std::mem::MaybeUninit;
use std::slice;

use pyo3::prelude::*;
use pyo3::{exceptions::PyBufferError, ffi};

/// Bytes that may be read.
pub(crate) struct Buffer {
    // INVARIANT: it was filled by `PyObject_GetBuffer`, and is not released yet.
    view: ffi::Py_buffer,
}

/// Bytes that may be written.
pub(crate) struct BufferMut(Buffer);

// SAFETY: the memory of a buffer is not tied to a thread. Only `drop` calls the interpreter, and it attaches first.
unsafe impl Send for Buffer {}
// SAFETY: `&self` only reads the fields of the view, and the memory as `bytes` says.
unsafe impl Sync for Buffer {}

impl Buffer {
    /// The memory of an object that is in one piece.
    pub(crate) fn of(object: &Bound<'_, PyAny>) -> PyResult<Self> {
        Self::with_flags(object, ffi::PyBUF_SIMPLE)
    }

    fn with_flags(object: &Bound<'_, PyAny>, flags: std::ffi::c_int) -> PyResult<Self> {
        let mut view = MaybeUninit::<ffi::Py_buffer>::uninit();
        // SAFETY: the object is borrowed, and the interpreter attached. `view` may be filled.
        let filled = unsafe { ffi::PyObject_GetBuffer(object.as_ptr(), view.as_mut_ptr(), flags) };
        if filled != 0 {
            return Err(PyErr::take(object.py()).unwrap_or_else(|| PyBufferError::new_err("there is no memory")));
        }
        // SAFETY: a call that returns 0 has filled it.
        let view = unsafe { view.assume_init() };
        Ok(Self { view })
    }

    pub(crate) fn len(&self) -> usize {
        self.view.len as usize
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        if self.len() == 0 {
            return &[];
        }
        // SAFETY: by the invariant the memory has `len` bytes in a row while this is borrowed. Whether another thread
        // writes them is the program's affair: see the page.
        unsafe { slice::from_raw_parts(self.view.buf.cast::<u8>(), self.len()) }
    }
}

impl BufferMut {
    /// The memory of an object that is in one piece and may be written.
    pub(crate) fn of(object: &Bound<'_, PyAny>) -> PyResult<Self> {
        Buffer::with_flags(object, ffi::PyBUF_WRITABLE).map(Self)
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn bytes_mut(&mut self) -> &mut [u8] {
        if self.len() == 0 {
            return &mut [];
        }
        // SAFETY: as in `bytes`, and the exporter has said that the memory may be written.
        unsafe { slice::from_raw_parts_mut(self.0.view.buf.cast::<u8>(), self.len()) }
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        Python::attach(|_| {
            // SAFETY: filled by the invariant, and not released before. The interpreter is attached.
            unsafe { ffi::PyBuffer_Release(&raw mut self.view) }
        });
    }
}
