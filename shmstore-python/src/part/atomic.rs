//! `Atomic`: an atomic integer, or an `AtomicValue`.

use std::sync::Arc;

use pyo3::exceptions::PyKeyError;
use pyo3::prelude::*;
use pyo3::types::PyType;
use shmstore::dynamic;

use super::field::{Field, Owner};
use super::{Part, form};
use crate::error::of_dynamic;
use crate::value::{Layout, bytes_of, tree_of};

/// An atomic integer, or a value of at most eight bytes that is stored in one atomic word (`AtomicValue`).
///
/// In annotations, `Atomic[u64]` is an atomic integer of Rust.
#[pyclass(frozen, extends = Part, module = "shmstore")]
pub(crate) struct Atomic {
    pub(super) handle: dynamic::Atomic,
    pub(super) layout: Arc<Layout>,
}

impl Atomic {
    pub(super) fn of(py: Python<'_>, handle: dynamic::Atomic) -> PyResult<Self> {
        let layout = Layout::of(py, handle.schema())?;
        Ok(Self { handle, layout })
    }
}

#[pymethods]
impl Atomic {
    /// The value.
    ///
    /// Raises `InvalidValue` if the bytes are none.
    fn load<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        Ok(self.layout.filled(py, |bytes| self.handle.load_bytes(bytes).map_err(of_dynamic))?.1)
    }

    /// Stores a value.
    fn store(&self, value: &Bound<'_, PyAny>) -> PyResult<()> {
        self.handle.store_bytes(&bytes_of(&self.layout, value)?).map_err(of_dynamic)
    }

    /// Stores a value, and returns the old one.
    fn swap<'py>(&self, value: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        let old = self.handle.swap(&tree_of(self.layout.schema(), value)?).map_err(of_dynamic)?;
        self.layout.of_tree(value.py(), &old)
    }

    /// Adds a number to an integer, which wraps around at its ends. Returns the old value.
    fn fetch_add<'py>(&self, by: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        let number = by.extract::<i64>().map_or_else(|_| by.extract::<i128>(), |small| Ok(small.into()))?;
        let old = self.handle.fetch_add(number).map_err(of_dynamic)?;
        self.layout.of_tree(by.py(), &old)
    }

    /// Replaces the value by `change(value)`, and returns the new value. No other store comes in between: `change` is
    /// called again if one does.
    fn update<'py>(&self, change: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        let py = change.py();
        let updated = self.handle.update(|value| {
            let new = change.call1((self.layout.of_tree(py, value)?,))?;
            // After an exception the value is as before.
            *value = tree_of(self.layout.schema(), &new)?;
            PyResult::Ok(new)
        });
        updated.map_err(of_dynamic)?
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
        Field::of(slf.py(), &Owner::Atomic(slf.clone().unbind()), step)?
            .ok_or_else(|| PyKeyError::new_err(format!("`{}` has no field {step}", slf.get().layout.schema())))
    }

    fn __getattr__<'py>(slf: &Bound<'py, Self>, name: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        Field::attribute(slf.py(), &Owner::Atomic(slf.clone().unbind()), name)
    }

    fn __dir__<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        super::field::dir(slf.as_any(), slf.get().layout.schema())
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
