//! `Field`: a field of a value that is stored as a whole.

use std::sync::Arc;

use pyo3::exceptions::PyAttributeError;
use pyo3::prelude::*;
use pyo3::types::PyString;
use shmstore::schema::{OwnedKind, OwnedSchema};

use super::{Atomic, Part, Versioned, field_names, has_meaning, made};
use crate::blocking::{Timeout, copying};
use crate::error::of_dynamic;
use crate::object::Live;
use crate::value::{Layout, bytes_of, tree_of};

/// A field of the value of a `Versioned` or an `AtomicValue`. A load copies the whole value. A store changes only this
/// field: no other store comes in between.
#[pyclass(frozen, extends = Part, module = "shmstore")]
pub(crate) struct Field {
    owner: Owner,
    offset: usize,
    layout: Arc<Layout>,
}

/// The part with the whole value.
pub(super) enum Owner {
    Atomic(Py<Atomic>),
    Versioned(Py<Versioned>),
}

impl Owner {
    fn clone_ref(&self, py: Python<'_>) -> Self {
        match self {
            Self::Atomic(part) => Self::Atomic(part.clone_ref(py)),
            Self::Versioned(part) => Self::Versioned(part.clone_ref(py)),
        }
    }

    fn base<'py>(&self, py: Python<'py>) -> Bound<'py, Part> {
        match self {
            Self::Atomic(part) => part.bind(py).as_super().clone(),
            Self::Versioned(part) => part.bind(py).as_super().clone(),
        }
    }

    fn layout(&self) -> &Layout {
        match self {
            Self::Atomic(part) => &part.get().layout,
            Self::Versioned(part) => &part.get().layout,
        }
    }

    /// A copy of the whole value.
    fn load(&self, py: Python<'_>) -> PyResult<Vec<u8>> {
        let mut bytes = vec![0; self.layout().size()];
        let loaded = copying(py, bytes.len(), || match self {
            Self::Atomic(part) => part.get().handle.load_bytes(&mut bytes),
            Self::Versioned(part) => part.get().handle.load_bytes(&mut bytes).map(|_| ()),
        });
        loaded.map_err(of_dynamic)?;
        Ok(bytes)
    }
}

impl Field {
    /// The field of a value. `None` if it has none by this name or index.
    pub(super) fn of<'py>(
        py: Python<'py>,
        owner: &Owner,
        step: &Bound<'py, PyAny>,
    ) -> PyResult<Option<Bound<'py, PyAny>>> {
        let base = owner.base(py);
        let path = base.get().path.clone();
        Self::below(py, owner, base.get(), (&path, owner.layout().schema(), 0), step)
    }

    pub(super) fn attribute<'py>(
        py: Python<'py>,
        owner: &Owner,
        name: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyAny>> {
        Self::of(py, owner, name)?
            .ok_or_else(|| PyAttributeError::new_err(format!("`{}` has no field `{name}`", owner.layout().schema())))
    }

    fn below<'py>(
        py: Python<'py>,
        owner: &Owner,
        base: &Part,
        (path, schema, offset): (&shmstore::inspect::FieldPath, &OwnedSchema, usize),
        step: &Bound<'py, PyAny>,
    ) -> PyResult<Option<Bound<'py, PyAny>>> {
        let (path, schema, by) = match schema.kind() {
            OwnedKind::Struct { fields, .. } => {
                let Ok(name) = step.cast::<PyString>() else { return Ok(None) };
                let name = name.to_cow()?;
                match fields.iter().filter(has_meaning).find(|field| field.name == name) {
                    Some(field) => (path.field(&name), &field.schema, field.offset),
                    None => return Ok(None),
                }
            }
            OwnedKind::Array { len, element } => {
                let Ok(index) = step.extract::<i64>() else { return Ok(None) };
                let at = if index < 0 { u64::try_from(index + *len as i64).ok() } else { u64::try_from(index).ok() };
                match at.filter(|at| at < len) {
                    Some(at) => (path.index(at), &**element, at * element.size()),
                    None => return Ok(None),
                }
            }
            _ => return Ok(None),
        };
        let part = Part { root: Arc::clone(&base.root), path, schema: schema.clone() };
        let layout = Layout::of(py, schema)?;
        made(py, part, Self { owner: owner.clone_ref(py), offset: offset + by as usize, layout }).map(Some)
    }
}

#[pymethods]
impl Field {
    /// The value of the field.
    fn load<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let bytes = self.owner.load(py)?;
        self.layout.value(py, &bytes[self.offset..self.offset + self.layout.size()])
    }

    /// Stores the field, and leaves the others as they are. Waits up to `timeout` seconds for other writers.
    ///
    /// Raises `Busy`, and `InvalidValue` if the old bytes of the whole value are none.
    #[pyo3(signature = (value, *, timeout=Timeout::FOREVER))]
    fn store(slf: &Bound<'_, Self>, value: &Bound<'_, PyAny>, timeout: Timeout) -> PyResult<()> {
        let this = slf.get();
        match &this.owner {
            Owner::Versioned(part) => {
                let bytes = bytes_of(&this.layout, value)?;
                let mut transaction = part.get().begin(slf.py(), timeout)?;
                transaction.bytes_mut()[this.offset..this.offset + bytes.len()].copy_from_slice(&bytes);
                transaction.commit().map_err(of_dynamic)?;
            }
            Owner::Atomic(_) => {
                let base = slf.as_super().get();
                let value = tree_of(this.layout.schema(), value)?;
                if let Live::Shared(object) = &base.root.live {
                    object.store(&base.path, &value).map_err(of_dynamic)?;
                }
            }
        }
        Ok(())
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

    /// The enums in the value, by path.
    #[getter]
    fn enums<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.layout.enums(py)
    }

    fn __getitem__<'py>(slf: &Bound<'py, Self>, step: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        let (this, base) = (slf.get(), slf.as_super().get());
        let within = (&base.path, this.layout.schema(), this.offset);
        Self::below(slf.py(), &this.owner, base, within, step)?.ok_or_else(|| {
            pyo3::exceptions::PyKeyError::new_err(format!("`{}` has no field {step}", this.layout.schema()))
        })
    }

    fn __getattr__<'py>(slf: &Bound<'py, Self>, name: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        let (this, base) = (slf.get(), slf.as_super().get());
        let within = (&base.path, this.layout.schema(), this.offset);
        Self::below(slf.py(), &this.owner, base, within, name)?
            .ok_or_else(|| PyAttributeError::new_err(format!("`{}` has no field `{name}`", this.layout.schema())))
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
        let bytes = self.owner.load(py)?;
        self.layout.array(py, dtype, |into| {
            into.copy_from_slice(&bytes[self.offset..self.offset + into.len()]);
            Ok(())
        })
    }
}

/// The names of the attributes of a handle, with the fields of its value.
pub(super) fn dir<'py>(handle: &Bound<'py, PyAny>, schema: &OwnedSchema) -> PyResult<Bound<'py, PyAny>> {
    let names = handle.py().import("builtins")?.getattr("object")?.call_method1("__dir__", (handle,))?;
    for name in field_names(schema) {
        names.call_method1("append", (name,))?;
    }
    Ok(names)
}
