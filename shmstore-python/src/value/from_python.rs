//! Values of Python as values of a schema.
//!
//! What a value may be is decided here by its type in Python. Its range is decided by `encode`.

use pyo3::exceptions::{PyOverflowError, PyValueError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyFloat, PyInt, PyList, PyMapping, PyString, PyTuple};
use shmstore::dynamic;
use shmstore::inspect::Value;
use shmstore::schema::{OwnedField, OwnedKind, OwnedSchema, Primitive};

use super::Layout;
use crate::error::{value_error, wrong_type};

/// The bytes of a value for a layout. A numpy array or scalar of the layout's dtype is copied, and anything else
/// encoded.
pub(crate) fn bytes_of(layout: &Layout, value: &Bound<'_, PyAny>) -> PyResult<Vec<u8>> {
    match layout.buffer_of(value)? {
        Some(buffer) => Ok(buffer.bytes().to_vec()),
        None => encoded(layout.schema(), value),
    }
}

/// The bytes of a value that has no memory of its own.
fn encoded(schema: &OwnedSchema, value: &Bound<'_, PyAny>) -> PyResult<Vec<u8>> {
    let tree = tree_of(schema, value)?;
    dynamic::encode(schema, &tree).map_err(|error| value_error(&error))
}

/// The value as a tree.
pub(crate) fn tree_of(schema: &OwnedSchema, value: &Bound<'_, PyAny>) -> PyResult<Value> {
    tree(schema, value).map_err(Refused::raise)
}

/// Why a value of Python is none of the schema: the steps to it, from the last one.
struct Refused {
    steps: Vec<String>,
    why: Why,
}

enum Why {
    Type { expected: String, found: String },
    Other(PyErr),
}

impl Refused {
    fn below(mut self, step: impl FnOnce() -> String) -> Self {
        self.steps.push(step());
        self
    }

    fn raise(self) -> PyErr {
        let Self { mut steps, why } = self;
        steps.reverse();
        let path = steps.concat();
        match why {
            Why::Type { expected, found } => wrong_type(path.strip_prefix('.').unwrap_or(&path), &expected, &found),
            Why::Other(error) => error,
        }
    }
}

impl From<PyErr> for Refused {
    fn from(error: PyErr) -> Self {
        Self { steps: Vec::new(), why: Why::Other(error) }
    }
}

fn refused<T>(expected: impl Into<String>, value: &Bound<'_, PyAny>) -> Result<T, Refused> {
    let kind = value.get_type().name().map_or_else(|_| "an object".into(), |name| format!("`{name}`"));
    let shown: String =
        value.repr().map_or_else(|_| String::new(), |shown| shown.to_string().chars().take(60).collect());
    let found = format!("{shown} of type {kind}");
    Err(Refused { steps: Vec::new(), why: Why::Type { expected: expected.into(), found } })
}

/// The value as a tree. Its shape is that of the schema.
fn tree(schema: &OwnedSchema, value: &Bound<'_, PyAny>) -> Result<Value, Refused> {
    match schema.kind() {
        OwnedKind::Primitive(of) | OwnedKind::Atomic(of) => number(*of, value),
        OwnedKind::Enum { name, variants, .. } => {
            let expected = || format!("a member of `{name}`, its name or its number");
            let Ok(text) = value.cast::<PyString>() else { return integer(value, expected) };
            let text = text.to_cow()?;
            match variants.iter().find(|variant| variant.name == text) {
                Some(variant) => Ok(Value::Variant { name: text.into_owned(), discriminant: variant.discriminant }),
                None => refused(expected(), value),
            }
        }
        OwnedKind::FixedString { .. } => match value.cast::<PyString>() {
            Ok(text) => Ok(Value::Text(text.to_cow()?.into_owned())),
            Err(_) => refused("a text (`str`)", value),
        },
        OwnedKind::Array { element, .. } | OwnedKind::FixedVec { element, .. } => list(element, value),
        OwnedKind::Struct { name, fields, .. } => {
            if is_timestamp(name, fields) {
                return time(value);
            }
            structure(name, fields, value)
        }
        OwnedKind::Pad | OwnedKind::Phantom if value.is_none() => Ok(Value::Nothing),
        OwnedKind::Pad | OwnedKind::Phantom => refused("`None`", value),
        _ => refused(format!("a value, and `{schema}` is an object"), value),
    }
}

fn number(of: Primitive, value: &Bound<'_, PyAny>) -> Result<Value, Refused> {
    match of {
        Primitive::Bool => {
            if let Ok(flag) = value.cast::<PyBool>() {
                return Ok(Value::Bool(flag.is_true()));
            }
            // `numpy.bool_` is no `bool`.
            let is_numpy = value.get_type().name()?.to_cow()?.starts_with("bool");
            if is_numpy { Ok(Value::Bool(value.is_truthy()?)) } else { refused("`True` or `False`", value) }
        }
        Primitive::Char => {
            let text = value.cast::<PyString>().ok().map(|text| text.to_cow()).transpose()?;
            let mut letters = text.as_deref().unwrap_or_default().chars();
            match (letters.next(), letters.next()) {
                (Some(letter), None) => Ok(Value::Char(letter)),
                _ => refused("a text of one character", value),
            }
        }
        Primitive::F32 | Primitive::F64 => {
            if let Ok(float) = value.cast::<PyFloat>() {
                return Ok(Value::F64(float.value()));
            }
            if value.cast::<PyInt>().is_ok() {
                return whole(value);
            }
            // A number of numpy. One of 16 or 128 bits has a `float`, too.
            if value.hasattr(intern!(value.py(), "dtype"))? && value.hasattr(intern!(value.py(), "__float__"))? {
                return Ok(Value::F64(value.extract::<f64>()?));
            }
            refused("a number", value)
        }
        _ => integer(value, || format!("an integer ({})", of.name())),
    }
}

/// An integer where the schema has a float. It has to be the same number.
fn whole(value: &Bound<'_, PyAny>) -> Result<Value, Refused> {
    let float: f64 = value.extract()?;
    let back = PyFloat::new(value.py(), float);
    if back.as_any().eq(value)? {
        return Ok(Value::F64(float));
    }
    Err(PyValueError::new_err(format!("{value} is no `f64`: the nearest one is {float}")).into())
}

fn integer(value: &Bound<'_, PyAny>, expected: impl FnOnce() -> String) -> Result<Value, Refused> {
    if value.cast::<PyInt>().is_err() && !value.hasattr(intern!(value.py(), "__index__"))? {
        return refused(expected(), value);
    }
    let too_large = |error: PyErr| {
        if !error.is_instance_of::<PyOverflowError>(value.py()) {
            return error;
        }
        PyValueError::new_err(format!("{value} is no integer of 64 bits: expected {}", expected()))
    };
    match value.extract::<i64>() {
        Ok(number) => Ok(Value::Signed(number)),
        Err(_) => Ok(Value::Unsigned(value.extract::<u64>().map_err(too_large)?)),
    }
}

fn list(element: &OwnedSchema, value: &Bound<'_, PyAny>) -> Result<Value, Refused> {
    let items = if let Ok(list) = value.cast::<PyList>() {
        return elements(element, list.len(), list.iter());
    } else if let Ok(tuple) = value.cast::<PyTuple>() {
        return elements(element, tuple.len(), tuple.iter());
    } else if value.hasattr(intern!(value.py(), "dtype"))? && value.hasattr(intern!(value.py(), "tolist"))? {
        Layout::of(value.py(), element)?.same_dtype(value)?;
        value.try_iter()?.collect::<PyResult<Vec<_>>>()?
    } else {
        return refused("a list, a tuple or an array", value);
    };
    elements(element, items.len(), items.into_iter())
}

fn elements<'py>(
    element: &OwnedSchema,
    len: usize,
    items: impl Iterator<Item = Bound<'py, PyAny>>,
) -> Result<Value, Refused> {
    let mut first = Vec::with_capacity(len);
    for (index, item) in items.enumerate() {
        first.push(tree(element, &item).map_err(|refused| refused.below(|| format!("[{index}]")))?);
    }
    Ok(Value::List { len: first.len() as u64, first })
}

/// Returns `true` for padding and `PhantomData`, which have no value.
fn has_meaning(field: &&OwnedField) -> bool {
    !matches!(field.schema.kind(), OwnedKind::Pad | OwnedKind::Phantom)
}

fn structure(name: &str, fields: &[OwnedField], value: &Bound<'_, PyAny>) -> Result<Value, Refused> {
    let mut found = Vec::with_capacity(fields.len());
    let mut add = |field: &OwnedField, item: &Bound<'_, PyAny>| {
        let tree = tree(&field.schema, item).map_err(|refused| refused.below(|| format!(".{}", field.name)))?;
        found.push((field.name.clone(), tree));
        Ok::<(), Refused>(())
    };
    let meant = || fields.iter().filter(has_meaning);
    if let Ok(mapping) = value.cast::<PyMapping>() {
        for entry in mapping.items()? {
            let (key, item): (String, Bound<'_, PyAny>) = entry.extract()?;
            match meant().find(|field| field.name == key) {
                Some(field) => add(field, &item)?,
                None => return refused(format!("fields of `{name}`, which has none named {key:?}"), value),
            }
        }
    } else if value.hasattr(intern!(value.py(), "dtype"))? && !value.getattr("dtype")?.getattr("names")?.is_none() {
        for field in meant() {
            match value.get_item(&field.name) {
                Ok(item) => add(field, &item)?,
                Err(_) => return refused(format!("a `{name}` with the field `{}`", field.name), value),
            }
        }
    } else if value.cast::<PyTuple>().is_ok() || value.cast::<PyList>().is_ok() {
        if value.len()? != meant().count() {
            return refused(format!("{} fields of `{name}`", meant().count()), value);
        }
        for (field, item) in meant().zip(value.try_iter()?) {
            add(field, &item?)?;
        }
    } else {
        return refused(format!("a `{name}`: a tuple or a dict of its fields"), value);
    }
    Ok(Value::Struct { name: name.into(), fields: found })
}

/// Returns `true` for a `Timestamp`.
pub(super) fn is_timestamp(name: &str, fields: &[OwnedField]) -> bool {
    let [field] = fields else { return false };
    name == "Timestamp"
        && field.name == "nanoseconds"
        && matches!(field.schema.kind(), OwnedKind::Primitive(Primitive::I64))
}

/// A time: `datetime64`, a `datetime` with a time zone, or nanoseconds since 1970.
fn time(value: &Bound<'_, PyAny>) -> Result<Value, Refused> {
    let nanoseconds = value.py().import("shmstore._records")?.getattr("nanoseconds")?.call1((value,))?;
    if nanoseconds.is_none() {
        return refused("a time: `datetime64`, a `datetime` with a time zone, or nanoseconds since 1970", value);
    }
    let number = integer(&nanoseconds, || "nanoseconds".into())?;
    Ok(Value::Struct { name: "Timestamp".into(), fields: vec![("nanoseconds".into(), number)] })
}
