//! `View`: a part of an object that is only read.

use std::sync::Arc;
use std::time::Duration;

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use shmstore::inspect::{Limits, Value};
use shmstore::schema::{OwnedKind, OwnedSchema};

use super::Part;
use crate::blocking::Timeout;
use crate::error::{AccessDenied, InvalidValue, Removed, Timeout as TimedOut};
use crate::value::Layout;

/// A part of an object that was attached with `read_only=True`.
///
/// `str(view)` shows any part. The values of a `Versioned` and of atomics are loaded. The fields of such a value are no
/// views: load the value, and use its fields.
#[pyclass(frozen, extends = Part, module = "shmstore")]
pub(crate) struct View {
    /// Of the value of a `Versioned` or an atomic.
    layout: Option<Arc<Layout>>,
}

impl View {
    pub(super) fn of(py: Python<'_>, schema: &OwnedSchema) -> PyResult<Self> {
        let value = match schema.kind() {
            OwnedKind::Versioned { value } | OwnedKind::AtomicCell { value } => Some(&**value),
            OwnedKind::Atomic(_) => Some(schema),
            _ => None,
        };
        Ok(Self { layout: value.map(|value| Layout::of(py, value)).transpose()? })
    }

    fn read(part: &Part, py: Python<'_>) -> PyResult<Value> {
        let read = py.detach(|| part.root.inspect().read_at(&part.path, &Limits::full()));
        read.map_err(|error| crate::error::of_dynamic(error.into()))
    }

    /// Refuses an atomic, which has no versions.
    fn has_versions(slf: &Bound<'_, Self>) -> PyResult<()> {
        let part = slf.as_super().get();
        match part.schema.kind() {
            OwnedKind::Atomic(_) | OwnedKind::AtomicCell { .. } => Err(PyTypeError::new_err(format!(
                "`{}` is an atomic, and atomics have no versions: use `load`",
                part.path
            ))),
            _ => Ok(()),
        }
    }

    fn newest<'py>(slf: &Bound<'py, Self>) -> PyResult<(u64, Bound<'py, PyAny>)> {
        let part = slf.as_super().get();
        let Some(layout) = &slf.get().layout else {
            return Err(AccessDenied::new_err(format!(
                "`{}` is a `{}` of an object that is attached for reading only: attach it without `read_only`",
                part.path, part.schema
            )));
        };
        let (version, value) = match Self::read(part, slf.py())? {
            Value::Versioned { version, value, .. } => (version, *value),
            value => (0, value),
        };
        match value {
            Value::Invalid(why) => Err(InvalidValue::new_err(format!("`{}`: {why}", part.path))),
            // Bytes of a part of the value may be none.
            value => match layout.of_tree(slf.py(), &value) {
                Err(error) => Err(InvalidValue::new_err(format!("`{}`: {}", part.path, error.value(slf.py())))),
                loaded => Ok((version, loaded?)),
            },
        }
    }
}

#[pymethods]
impl View {
    /// A copy of the value of a `Versioned` or an atomic.
    fn load<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        Ok(Self::newest(slf)?.1)
    }

    /// The version of the value of a `Versioned`, and a copy of the value.
    ///
    /// Raises `TypeError` for an atomic, which has no versions.
    fn load_versioned<'py>(slf: &Bound<'py, Self>) -> PyResult<(u64, Bound<'py, PyAny>)> {
        Self::has_versions(slf)?;
        Self::newest(slf)
    }

    /// Waits until there is a version newer than `seen`, and returns it with its value. It looks once a millisecond,
    /// because a process that only reads cannot announce that it waits.
    ///
    /// Raises `Timeout` after `timeout` seconds, `Removed` if the object was removed, `TypeError` for an atomic, which
    /// has no versions.
    #[pyo3(signature = (seen, *, timeout=Timeout::FOREVER))]
    fn wait_newer<'py>(slf: &Bound<'py, Self>, seen: u64, timeout: Timeout) -> PyResult<(u64, Bound<'py, PyAny>)> {
        Self::has_versions(slf)?;
        let mut deadline = timeout.deadline();
        loop {
            let (version, value) = Self::newest(slf)?;
            if version > seen {
                return Ok((version, value));
            }
            let part = slf.as_super().get();
            if part.root.inspect().is_removed() {
                return Err(Removed::new_err(format!(
                    "the object of `{}` was removed, so no version newer than {seen} will come: attach again",
                    part.path
                )));
            }
            if !deadline.pause(slf.py(), Duration::from_millis(1))? {
                return Err(TimedOut::new_err(format!("`{}` has no version newer than {seen}", part.path)));
            }
        }
    }

    /// The dtype of an array with the value.
    #[getter]
    fn dtype<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyAny>> {
        self.layout.as_ref().map(|layout| layout.dtype(py).clone())
    }

    fn __str__(slf: &Bound<'_, Self>) -> PyResult<String> {
        Ok(Self::read(slf.as_super().get(), slf.py())?.to_string())
    }
}
