//! Objects of numpy.

use pyo3::exceptions::PyTypeError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;

/// What numpy has under a name, which is looked up once.
pub(super) struct Numpy(&'static str, PyOnceLock<Py<PyAny>>);

pub(super) static EMPTY: Numpy = Numpy("empty", PyOnceLock::new());
static GENERIC: Numpy = Numpy("generic", PyOnceLock::new());
pub(super) static NDARRAY: Numpy = Numpy("ndarray", PyOnceLock::new());

impl Numpy {
    pub(super) fn get<'py>(&self, py: Python<'py>) -> PyResult<&Bound<'py, PyAny>> {
        let find = || Ok::<_, PyErr>(py.import("numpy")?.getattr(self.0)?.unbind());
        Ok(self.1.get_or_try_init(py, find)?.bind(py))
    }
}

/// Returns `true` for an array of the class `ndarray` itself. It may return `false` for the first one.
pub(super) fn is_array(value: &Bound<'_, PyAny>) -> bool {
    NDARRAY.1.get(value.py()).is_some_and(|class| class.as_ptr() == value.get_type_ptr().cast())
}

/// An array of a subclass of `ndarray` as one of `ndarray`. The attributes of a subclass may say anything, and those of
/// this array are those of the memory. `None` for anything else.
pub(super) fn viewed_as_array<'py>(value: &Bound<'py, PyAny>) -> PyResult<Option<Bound<'py, PyAny>>> {
    let class = NDARRAY.get(value.py())?;
    if !value.is_instance(class)? {
        return Ok(None);
    }
    class.getattr(intern!(value.py(), "view"))?.call1((value, class)).map(Some)
}

/// A value as numpy has it: an array of the class `ndarray`, or a scalar. `None` for anything else.
pub(in crate::value) fn of_numpy<'py>(value: &Bound<'py, PyAny>) -> PyResult<Option<Bound<'py, PyAny>>> {
    let py = value.py();
    if is_array(value) || value.is_instance(GENERIC.get(py)?)? {
        return Ok(Some(value.clone()));
    }
    if let Some(array) = viewed_as_array(value)? {
        if value.is_instance(&py.import(intern!(py, "numpy.ma"))?.getattr(intern!(py, "MaskedArray"))?)? {
            return Err(PyTypeError::new_err(
                "a masked array is not stored, because its mask has no place: `array.filled(…)` has a value for each \
                 masked element",
            ));
        }
        return Ok(Some(array));
    }
    // What others have with a dtype, such as a part or a series of pandas.
    if !value.hasattr(intern!(py, "dtype"))? {
        return Ok(None);
    }
    py.import(intern!(py, "numpy"))?.call_method1(intern!(py, "asarray"), (value,)).map(Some)
}
