//! `Frames`: large arrays, filled and read in place.

use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::types::PyType;
use shmstore::dynamic;

use super::frame::FrameMut;
use super::pinned::Pinned;
use super::{Part, form};
use crate::blocking::{Timeout, in_slices};
use crate::error::{NotFound, of_dynamic};
use crate::value::Layout;
use crate::wait::Wait;

/// Large arrays, such as images, each with a metadata value. A writer fills a slot in place, and readers pin a frame,
/// which no process overwrites meanwhile.
#[pyclass(frozen, extends = Part, module = "shmstore")]
pub(crate) struct Frames {
    pub(super) handle: dynamic::Frames,
    pub(super) elements: Arc<Layout>,
    pub(super) meta: Arc<Layout>,
}

impl Frames {
    pub(super) fn of(py: Python<'_>, handle: dynamic::Frames) -> PyResult<Self> {
        let (elements, meta) = (Layout::of(py, handle.schema())?, Layout::of(py, handle.meta_schema())?);
        Ok(Self { handle, elements, meta })
    }

    fn pinned(&self, found: Option<dynamic::Pinned>, number: Option<u64>) -> PyResult<Pinned> {
        let missing = || match number {
            Some(number) => {
                NotFound::new_err(format!("frame {number} of `{}` is not there any more", self.handle.path()))
            }
            None => NotFound::new_err(format!("`{}` has no frame yet: wait with `wait_newer`", self.handle.path())),
        };
        found.map(|pin| Pinned::of(pin, &self.elements, &self.meta)).ok_or_else(missing)
    }
}

#[pymethods]
impl Frames {
    /// Loans a slot, to fill it in a `with` block. Waits up to `timeout` seconds for one.
    ///
    /// The frame is published at the end of the block. If the block raises an exception, the slot is free again.
    ///
    /// Raises `Full` if for all of the time every slot has the newest frame, is pinned, or is being filled.
    #[pyo3(signature = (*, timeout=Timeout::seconds(5)))]
    fn loan(&self, py: Python<'_>, timeout: Timeout) -> PyResult<FrameMut> {
        let loan = in_slices(py, timeout, |limit| self.handle.loan(limit))?;
        Ok(FrameMut::of(loan, &self.handle, &self.elements, &self.meta))
    }

    /// Publishes a copy of an array, and returns the number of the frame. `meta` is the metadata.
    #[pyo3(signature = (array, meta=None, *, timeout=Timeout::seconds(5)))]
    fn publish(
        &self,
        py: Python<'_>,
        array: &Bound<'_, PyAny>,
        meta: Option<&Bound<'_, PyAny>>,
        timeout: Timeout,
    ) -> PyResult<u64> {
        let frame = self.loan(py, timeout)?;
        if let Some(meta) = meta {
            frame.set_meta(meta)?;
        }
        frame.write(array, 0)?;
        frame.publish(py)
    }

    /// Pins the newest frame, or the one with this number. In a `with` block it is a read-only array.
    ///
    /// The frame stays pinned until the last array of it is gone, and so after a `with` block while the name after `as`
    /// lives. `del` that name, or leave the function.
    ///
    /// Raises `NotFound` if there is no such frame, and `Full` if all 64 pins of this part, of all processes, are in
    /// use.
    #[pyo3(signature = (number=None))]
    fn pin(&self, py: Python<'_>, number: Option<u64>) -> PyResult<Pinned> {
        let found = py.detach(|| match number {
            Some(number) => self.handle.pin(number),
            None => self.handle.pin_newest(),
        });
        self.pinned(found.map_err(of_dynamic)?, number)
    }

    /// Waits for a frame newer than `seen`, and pins the newest. Without `seen`, waits for the next one.
    ///
    /// Raises `Timeout` after `timeout` seconds.
    #[pyo3(signature = (seen=None, *, timeout=Timeout::FOREVER))]
    fn wait_newer(&self, py: Python<'_>, seen: Option<u64>, timeout: Timeout) -> PyResult<Pinned> {
        let seen = seen.unwrap_or_else(|| self.handle.newest_number());
        let newer = in_slices(py, timeout, |limit| self.handle.wait_newer(seen, limit))?;
        self.pinned(Some(newer), None)
    }

    /// A wait for a frame newer than `seen`, to be awaited, or for `wait_any`. `await` pins the newest frame.
    #[pyo3(signature = (seen=None))]
    fn newer(slf: &Bound<'_, Self>, seen: Option<u64>) -> Wait {
        let (handle, frames) = (slf.get().handle.clone(), slf.clone().unbind());
        let seen = seen.unwrap_or_else(|| handle.newest_number());
        let get = move |py: Python<'_>| Ok(Bound::new(py, frames.get().pin(py, None)?)?.into_any().unbind());
        Wait::of(move || handle.newer(seen), get)
    }

    /// A checked copy of the newest frame as an array. With `out`, an array of this `dtype` with at least as many
    /// elements, the frame is copied to its first elements, and a view of these is returned.
    #[pyo3(signature = (*, out=None))]
    fn load<'py>(&self, py: Python<'py>, out: Option<&Bound<'py, PyAny>>) -> PyResult<Bound<'py, PyAny>> {
        let pinned = self.pin(py, None)?;
        let Some(out) = out else { return pinned.copied(py) };
        let mut buffer = self.elements.out_of_elements(out, pinned.len())?;
        pinned.copy_to(py, buffer.bytes_mut())?;
        drop(buffer);
        out.get_item(pyo3::types::PySlice::new(py, 0, pinned.len() as isize, 1))
    }

    /// The number of the newest frame, from 1. 0 if there is none.
    #[getter]
    fn newest(&self) -> u64 {
        self.handle.newest_number()
    }

    /// The most elements of a frame.
    #[getter]
    fn capacity(&self) -> usize {
        self.handle.capacity()
    }

    /// The dtype of the elements.
    #[getter]
    fn dtype<'py>(&self, py: Python<'py>) -> Bound<'py, PyAny> {
        self.elements.dtype(py).clone()
    }

    #[classmethod]
    fn __class_getitem__(cls: &Bound<'_, PyType>, given: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        form(cls, given)
    }
}
