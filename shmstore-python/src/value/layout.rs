//! The layout of a value with what Python has for it: the dtype of numpy, the enum, the class.

mod memory;
mod numpy;

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyFloat, PyInt, PyString, PyTuple};
use shmstore::LayoutHash;
use shmstore::dynamic;
use shmstore::inspect::Value;
use shmstore::schema::{OwnedKind, OwnedSchema, Primitive};

use super::BufferMut;
use super::from_python::is_timestamp;
use super::number::{is_any_bits, number, of_number};
use crate::blocking::copying;
use crate::error::{InvalidValue, value_error};
use crate::schema::Schema;
pub(super) use numpy::of_numpy;
use numpy::{EMPTY, NDARRAY};

/// A value's layout. There is one for each layout hash.
pub(crate) struct Layout {
    schema: OwnedSchema,
    size: usize,
    form: Form,
    is_time: bool,
    is_any_bits: bool,
    /// The dtype and the shape of an array with one value.
    dtype: Py<PyAny>,
    shape: Py<PyTuple>,
    dimensions: Vec<usize>,
}

/// A value that a program changes in place.
pub(crate) struct InPlace {
    /// An array or a record.
    pub(crate) value: Py<PyAny>,
    /// The array that has its memory. A record lends none to be written.
    pub(crate) memory: Py<PyAny>,
}

/// What Python has for a value.
enum Form {
    Nothing,
    Number(Primitive),
    /// The members by their numbers.
    Enum {
        repr: Primitive,
        members: Py<PyDict>,
    },
    Text,
    /// A scalar of numpy: a record, or a time.
    Scalar,
    Array,
    /// The elements have this dtype and shape each.
    List {
        dtype: Py<PyAny>,
        shape: Vec<usize>,
        size: usize,
    },
}

static LAYOUTS: Mutex<Option<HashMap<LayoutHash, Arc<Layout>>>> = Mutex::new(None);

/// Forgets all layouts, because a class for one of them is new.
#[pyfunction]
pub(crate) fn forget_layouts() {
    let forgotten = LAYOUTS.lock().map(|mut layouts| layouts.take());
    drop(forgotten);
}

impl Layout {
    /// The layout of a value. Made at the first call for this hash.
    pub(crate) fn of(py: Python<'_>, schema: &OwnedSchema) -> PyResult<Arc<Self>> {
        let known = |layouts: &Mutex<Option<HashMap<LayoutHash, Arc<Self>>>>| {
            layouts.lock().ok().and_then(|layouts| layouts.as_ref()?.get(&schema.hash()).cloned())
        };
        if let Some(found) = known(&LAYOUTS) {
            return Ok(found);
        }
        // The lock is not held here, because this runs Python.
        let made = Arc::new(Self::new(py, schema)?);
        // An older one is dropped after the lock, because that may run Python, too.
        let older =
            LAYOUTS.lock().map(|mut layouts| layouts.get_or_insert_default().insert(schema.hash(), Arc::clone(&made)));
        drop(older);
        Ok(made)
    }

    fn new(py: Python<'_>, schema: &OwnedSchema) -> PyResult<Self> {
        let records = py.import("shmstore._records")?;
        let shape_of = |schema: &OwnedSchema| -> PyResult<(Bound<'_, PyTuple>, Py<PyAny>)> {
            records.getattr("shape_of")?.call1((Schema(schema.clone()),))?.extract()
        };
        let (shape, dtype) = shape_of(schema)?;
        let form = match schema.kind() {
            OwnedKind::Primitive(of) | OwnedKind::Atomic(of) => Form::Number(*of),
            OwnedKind::Enum { repr, variants, .. } => {
                let class = records.getattr("class_of")?.call1((Schema(schema.clone()),))?;
                let members = PyDict::new(py);
                for variant in variants {
                    members.set_item(variant.discriminant, class.call1((variant.discriminant,))?)?;
                }
                Form::Enum { repr: *repr, members: members.unbind() }
            }
            OwnedKind::FixedString { .. } => Form::Text,
            OwnedKind::FixedVec { element, .. } => {
                let (shape, dtype) = shape_of(element)?;
                Form::List { dtype, shape: shape.extract()?, size: element.size() as usize }
            }
            OwnedKind::Array { .. } => Form::Array,
            OwnedKind::Struct { .. } => Form::Scalar,
            _ => Form::Nothing,
        };
        let size = usize::try_from(schema.size())?;
        let is_time = matches!(schema.kind(), OwnedKind::Struct { name, fields, .. } if is_timestamp(name, fields));
        let (schema, is_any_bits) = (schema.clone(), is_any_bits(schema));
        let (dimensions, shape) = (shape.extract()?, shape.unbind());
        Ok(Self { schema, size, form, is_time, is_any_bits, dtype, shape, dimensions })
    }

    pub(crate) fn schema(&self) -> &OwnedSchema {
        &self.schema
    }

    pub(crate) fn size(&self) -> usize {
        self.size
    }

    pub(crate) fn dtype<'py>(&self, py: Python<'py>) -> &Bound<'py, PyAny> {
        self.dtype.bind(py)
    }

    pub(crate) fn shape<'py>(&self, py: Python<'py>) -> &Bound<'py, PyTuple> {
        self.shape.bind(py)
    }

    /// Has `fill` fill the memory of a value, and returns the value. `fill` gets exactly as many bytes as a value has,
    /// and leaves only checked ones there.
    pub(crate) fn filled<'py, R>(
        &self,
        py: Python<'py>,
        fill: impl FnOnce(&mut [u8]) -> PyResult<R>,
    ) -> PyResult<(R, Bound<'py, PyAny>)> {
        match &self.form {
            Form::Scalar | Form::Array => {
                let array = EMPTY.get(py)?.call1((self.shape.bind(py), self.dtype.bind(py)))?;
                let mut buffer = BufferMut::of(&array)?;
                let result = fill(buffer.bytes_mut())?;
                drop(buffer);
                let value = if matches!(self.form, Form::Scalar) { array.get_item(())? } else { array };
                Ok((result, value))
            }
            Form::List { dtype, shape, size } => {
                let whole = EMPTY.get(py)?.call1((self.size, intern!(py, "u1")))?;
                let mut buffer = BufferMut::of(&whole)?;
                let result = fill(buffer.bytes_mut())?;
                let len = number(Primitive::U64, buffer.bytes_mut());
                drop(buffer);
                // A longer list counts as one of the capacity.
                let most = if *size == 0 { 0 } else { (self.size - 8) / size };
                let mut dimensions = vec![usize::try_from(len)?.min(most)];
                dimensions.extend(shape);
                let dimensions = PyTuple::new(py, dimensions)?;
                Ok((result, NDARRAY.get(py)?.call1((dimensions, dtype.bind(py), whole, 8))?))
            }
            _ if self.size <= 8 => {
                let mut bytes = [0; 8];
                let result = fill(&mut bytes[..self.size])?;
                Ok((result, self.small(py, &bytes[..self.size])?))
            }
            _ => {
                let mut bytes = vec![0; self.size];
                let result = fill(&mut bytes)?;
                Ok((result, self.small(py, &bytes)?))
            }
        }
    }

    /// A copy of a value that a program changes in place: see [`is_changed_in_place`](Self::is_changed_in_place).
    pub(crate) fn in_place(&self, py: Python<'_>, bytes: &[u8]) -> PyResult<InPlace> {
        let memory = self.array(py, None, |into| {
            into.copy_from_slice(bytes);
            Ok(())
        })?;
        // A record is a view of its array.
        let value = if matches!(self.form, Form::Scalar) { memory.get_item(())? } else { memory.clone() };
        Ok(InPlace { value: value.unbind(), memory: memory.unbind() })
    }

    /// A value of checked bytes.
    pub(crate) fn value<'py>(&self, py: Python<'py>, bytes: &[u8]) -> PyResult<Bound<'py, PyAny>> {
        let copy = |into: &mut [u8]| {
            into.copy_from_slice(bytes);
            Ok(())
        };
        Ok(self.filled(py, copy)?.1)
    }

    /// A value that was decoded.
    pub(crate) fn of_tree<'py>(&self, py: Python<'py>, value: &Value) -> PyResult<Bound<'py, PyAny>> {
        Ok(match (&self.form, value) {
            (Form::Number(_), Value::Unsigned(number)) => PyInt::new(py, *number).into_any(),
            (Form::Number(_), Value::Signed(number)) => PyInt::new(py, *number).into_any(),
            (Form::Number(_), Value::F64(number)) => PyFloat::new(py, *number).into_any(),
            (Form::Text, Value::Text(text)) => PyString::new(py, text).into_any(),
            _ => {
                let bytes = dynamic::encode(&self.schema, value).map_err(|error| value_error(&error))?;
                self.value(py, &bytes)?
            }
        })
    }

    /// Returns `true` for an array or a record, which a program changes in place.
    pub(crate) fn is_changed_in_place(&self) -> bool {
        matches!(self.form, Form::Scalar | Form::Array) && !self.is_time
    }

    /// Bytes that are checked and then copied, with other threads running meanwhile. Another thread may change the memory
    /// of an array at any time, so they are a private copy. If all bytes are valid, they need none.
    pub(crate) fn settled<'b>(&self, py: Python<'_>, bytes: &'b [u8]) -> Cow<'b, [u8]> {
        if self.is_any_bits { bytes.into() } else { copying(py, bytes.len(), || bytes.to_vec()).into() }
    }

    /// Checks elements in a row, unless all bytes are valid.
    pub(crate) fn check_elements(&self, elements: &[u8]) -> PyResult<()> {
        if self.is_any_bits || self.size == 0 {
            return Ok(());
        }
        let mut all = elements.chunks_exact(self.size);
        all.try_for_each(|element| dynamic::check(&self.schema, element))
            .map_err(|error| InvalidValue::new_err(error.to_string()))
    }

    /// An array with one value, for `numpy.asarray`.
    pub(crate) fn array<'py, R>(
        &self,
        py: Python<'py>,
        dtype: Option<&Bound<'py, PyAny>>,
        fill: impl FnOnce(&mut [u8]) -> PyResult<R>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let array = EMPTY.get(py)?.call1((self.shape.bind(py), self.dtype.bind(py)))?;
        let mut buffer = BufferMut::of(&array)?;
        fill(buffer.bytes_mut())?;
        drop(buffer);
        match dtype {
            Some(dtype) => array.call_method1(intern!(py, "astype"), (dtype,)),
            None => Ok(array),
        }
    }

    /// The enums in the value, by path.
    pub(crate) fn enums<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        py.import("shmstore._records")?.getattr("enums_of")?.call1((Schema(self.schema.clone()),))
    }

    /// A value that is no array.
    fn small<'py>(&self, py: Python<'py>, bytes: &[u8]) -> PyResult<Bound<'py, PyAny>> {
        match &self.form {
            Form::Number(of) => of_number(py, *of, bytes),
            Form::Enum { repr, members } => {
                let found = of_number(py, *repr, bytes)?;
                let invalid = || InvalidValue::new_err(format!("{found} is no `{}`", self.schema));
                members.bind(py).get_item(&found)?.ok_or_else(invalid)
            }
            Form::Text => {
                let len = number(Primitive::U32, &bytes[..4]).min(bytes.len() as u64 - 4) as usize;
                match std::str::from_utf8(&bytes[4..4 + len]) {
                    Ok(text) => Ok(PyString::new(py, text).into_any()),
                    Err(error) => {
                        Err(InvalidValue::new_err(format!("a text of `{}` is no UTF-8: {error}", self.schema)))
                    }
                }
            }
            _ => Ok(py.None().into_bound(py)),
        }
    }
}
