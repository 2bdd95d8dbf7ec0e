//! The extension module of the Python package `shmstore`.

mod aio;
mod blocking;
mod error;
mod mine;
mod object;
mod part;
mod schema;
mod store;
mod value;
mod wait;

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::schema::Schema;
use crate::value::Layout;

/// The bytes of a value.
#[pyfunction]
fn encode<'py>(py: Python<'py>, schema: &Schema, value: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyBytes>> {
    let layout = Layout::of(py, &schema.0)?;
    Ok(PyBytes::new(py, &value::bytes_of(&layout, value)?))
}

/// The value of bytes.
#[pyfunction]
fn decode<'py>(py: Python<'py>, schema: &Schema, bytes: &[u8]) -> PyResult<Bound<'py, PyAny>> {
    let layout = Layout::of(py, &schema.0)?;
    if bytes.len() != layout.size() {
        return Err(PyValueError::new_err(format!("`{}` has {} bytes, not {}", schema.0, layout.size(), bytes.len())));
    }
    layout.value(py, bytes)
}

#[pymodule]
mod _shmstore {
    #[pymodule_export]
    use super::{decode, encode};
    #[pymodule_export]
    use crate::aio::{Bridge, forked};
    #[pymodule_export]
    use crate::object::Object;
    #[pymodule_export]
    use crate::part::{
        Atomic, Broadcast, Event, Field, Fields, FrameMut, Frames, Job, Lock, LockGuard, Map, Part, Parts, Pinned,
        Queue, Subscriber, Transaction, Versioned, View,
    };
    #[pymodule_export]
    use crate::schema::Schema;
    #[pymodule_export]
    use crate::store::Store;
    #[pymodule_export]
    use crate::value::forget_layouts;
    #[pymodule_export]
    use crate::wait::{Wait, wait_any};
}
