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
use super::layout::of_numpy;
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
    // Python shows no integer of more than 4300 digits.
    let shown: String =
        value.repr().map_or_else(|_| "a value".into(), |shown| shown.to_string().chars().take(60).collect());
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
            match number_of_numpy(value)? {
                Some((Kind::Bool, flag)) => Ok(Value::Bool(flag.is_truthy()?)),
                _ => refused("`True` or `False`", value),
            }
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
            match number_of_numpy(value)? {
                Some((Kind::Integer, number)) => whole(&number.call_method0(intern!(value.py(), "__int__"))?),
                Some((Kind::Float, number)) => float(&number),
                _ => refused("a number", value),
            }
        }
        _ => integer(value, || format!("an integer ({})", of.name())),
    }
}

/// The kinds of numbers that numpy has. Complex numbers and times are none of them.
enum Kind {
    Bool,
    Integer,
    Float,
}

/// One number of numpy: a scalar, or an array without dimensions.
fn number_of_numpy<'py>(value: &Bound<'py, PyAny>) -> PyResult<Option<(Kind, Bound<'py, PyAny>)>> {
    let py = value.py();
    let Some(found) = of_numpy(value)? else { return Ok(None) };
    let kind = match found.getattr(intern!(py, "dtype"))?.getattr(intern!(py, "kind"))?.extract()? {
        'b' => Kind::Bool,
        'i' | 'u' => Kind::Integer,
        'f' => Kind::Float,
        _ => return Ok(None),
    };
    let dimensions: usize = found.getattr(intern!(py, "ndim"))?.extract()?;
    Ok((dimensions == 0).then_some((kind, found)))
}

/// An integer where the schema has a float. It has to be the same number.
fn whole(value: &Bound<'_, PyAny>) -> Result<Value, Refused> {
    let float: f64 = match value.extract() {
        Ok(float) => float,
        Err(error) if error.is_instance_of::<PyOverflowError>(value.py()) => {
            return Err(PyValueError::new_err(format!("{} is no `f64`: it is too large", short(value))).into());
        }
        Err(error) => return Err(error.into()),
    };
    let back = PyFloat::new(value.py(), float);
    if back.as_any().eq(value)? {
        return Ok(Value::F64(float));
    }
    Err(PyValueError::new_err(format!("{} is no `f64`: the nearest one is {float}", short(value))).into())
}

/// A float of numpy. One of more than 64 bits has to be the same number.
fn float(value: &Bound<'_, PyAny>) -> Result<Value, Refused> {
    let float: f64 = value.extract()?;
    let back = PyFloat::new(value.py(), float);
    if back.as_any().eq(value)? || float.is_nan() && value.ne(value)? {
        return Ok(Value::F64(float));
    }
    Err(PyValueError::new_err(format!("{value} is no `f64`: the nearest one is {float}")).into())
}

/// An integer in a text. Python shows none of more than 4300 digits.
fn short(value: &Bound<'_, PyAny>) -> String {
    let bits = value.call_method0(intern!(value.py(), "bit_length")).and_then(|bits| bits.extract::<u64>());
    match bits {
        Ok(bits) if bits > 256 => format!("an integer of {bits} bits"),
        _ => value.to_string(),
    }
}

fn integer(value: &Bound<'_, PyAny>, expected: impl FnOnce() -> String) -> Result<Value, Refused> {
    let py = value.py();
    let of_numpy;
    let value = if value.cast::<PyInt>().is_ok() {
        value
    } else if let Some((Kind::Integer, number)) = number_of_numpy(value)? {
        of_numpy = number.call_method0(intern!(py, "__int__"))?;
        &of_numpy
    } else if value.hasattr(intern!(py, "dtype"))? || !value.hasattr(intern!(py, "__index__"))? {
        return refused(expected(), value);
    } else {
        value
    };
    let too_large = |error: PyErr| {
        if !error.is_instance_of::<PyOverflowError>(py) {
            return error;
        }
        PyValueError::new_err(format!("{} is no integer of 64 bits: expected {}", short(value), expected()))
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
    } else if let Some(array) = as_array(value)? {
        let elements = Layout::of(value.py(), element)?;
        elements.same_dtype(&array)?;
        elements.same_shape(&array)?;
        array.try_iter()?.collect::<PyResult<Vec<_>>>()?
    } else {
        return refused("a list, a tuple or an array", value);
    };
    elements(element, items.len(), items.into_iter())
}

/// An array of numpy, or what can be one. `None` for anything else.
pub(crate) fn as_array<'py>(value: &Bound<'py, PyAny>) -> PyResult<Option<Bound<'py, PyAny>>> {
    // An exception for a missing attribute takes longer than all the rest.
    let is_plain = value.is_exact_instance_of::<PyList>() || value.is_exact_instance_of::<PyTuple>();
    if is_plain { Ok(None) } else { of_numpy(value) }
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
    } else if let Some(value) = &record(value)? {
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

/// A record of numpy.
fn record<'py>(value: &Bound<'py, PyAny>) -> PyResult<Option<Bound<'py, PyAny>>> {
    if value.cast::<PyTuple>().is_ok() || value.cast::<PyList>().is_ok() {
        return Ok(None);
    }
    let Some(found) = of_numpy(value)? else { return Ok(None) };
    let names = found.getattr(intern!(value.py(), "dtype"))?.getattr(intern!(value.py(), "names"))?;
    Ok((!names.is_none()).then_some(found))
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
