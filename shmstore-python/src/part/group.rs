//! The parts of an object that are made of other parts.

use pyo3::exceptions::{PyAttributeError, PyIndexError, PyKeyError};
use pyo3::prelude::*;
use shmstore::schema::OwnedKind;

use super::{Part, child, field_names, part};

/// An object within an object. Its fields are attributes and items.
#[pyclass(frozen, extends = Part, module = "shmstore")]
pub(crate) struct Fields;

#[pymethods]
impl Fields {
    fn __getattr__<'py>(slf: &Bound<'py, Self>, name: &str) -> PyResult<Bound<'py, PyAny>> {
        let base = slf.as_super().get();
        let found = child(slf.py(), &base.root, &base.path, &base.schema, name)?;
        found.ok_or_else(|| PyAttributeError::new_err(format!("`{}` has no field `{name}`", base.schema)))
    }

    fn __getitem__<'py>(slf: &Bound<'py, Self>, name: &str) -> PyResult<Bound<'py, PyAny>> {
        let base = slf.as_super().get();
        let found = child(slf.py(), &base.root, &base.path, &base.schema, name)?;
        found.ok_or_else(|| PyKeyError::new_err(format!("`{}` has no field `{name}`", base.schema)))
    }

    fn __dir__<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        let names = slf.py().import("builtins")?.getattr("object")?.call_method1("__dir__", (slf,))?;
        for name in field_names(&slf.as_super().get().schema) {
            names.call_method1("append", (name,))?;
        }
        Ok(names)
    }
}

/// An array of parts, such as `Array[Versioned[f64], 4]`. Its elements are items.
#[pyclass(frozen, sequence, extends = Part, module = "shmstore")]
pub(crate) struct Parts;

#[pymethods]
impl Parts {
    fn __len__(slf: &Bound<'_, Self>) -> usize {
        match slf.as_super().get().schema.kind() {
            OwnedKind::Array { len, .. } => *len as usize,
            _ => 0,
        }
    }

    fn __getitem__<'py>(slf: &Bound<'py, Self>, index: isize) -> PyResult<Bound<'py, PyAny>> {
        let base = slf.as_super().get();
        let OwnedKind::Array { len, element } = base.schema.kind() else {
            return Err(PyIndexError::new_err("no array"));
        };
        let at = if index < 0 { index.checked_add_unsigned(*len as usize) } else { Some(index) };
        match at.and_then(|at| u64::try_from(at).ok()).filter(|at| at < len) {
            Some(at) => part(slf.py(), &base.root, base.path.index(at), element),
            None => {
                Err(PyIndexError::new_err(format!("`{}` has {len} elements, and none with index {index}", base.path)))
            }
        }
    }
}
