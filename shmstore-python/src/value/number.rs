//! Numbers of Python of the bytes of a primitive.

use pyo3::IntoPyObjectExt as _;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyFloat, PyInt};
use shmstore::schema::{OwnedKind, OwnedSchema, Primitive};

use crate::error::InvalidValue;

/// Returns `true` if all bytes are a value.
pub(super) fn is_any_bits(schema: &OwnedSchema) -> bool {
    match schema.kind() {
        OwnedKind::Primitive(of) => !matches!(of, Primitive::Bool | Primitive::Char),
        OwnedKind::Array { element, .. } | OwnedKind::FixedVec { element, .. } => is_any_bits(element),
        OwnedKind::Struct { fields, .. } => fields.iter().all(|field| is_any_bits(&field.schema)),
        kind => !matches!(kind, OwnedKind::Enum { .. }),
    }
}

/// The bits of a number.
pub(super) fn number(of: Primitive, bytes: &[u8]) -> u64 {
    let mut word = [0; 8];
    word[..of.size()].copy_from_slice(&bytes[..of.size()]);
    u64::from_le_bytes(word)
}

pub(super) fn of_number<'py>(py: Python<'py>, of: Primitive, bytes: &[u8]) -> PyResult<Bound<'py, PyAny>> {
    let word = number(of, bytes);
    Ok(match of {
        Primitive::F32 => PyFloat::new(py, f32::from_bits(word as u32).into()).into_any(),
        Primitive::F64 => PyFloat::new(py, f64::from_bits(word)).into_any(),
        Primitive::Bool => PyBool::new(py, word != 0).to_owned().into_any(),
        Primitive::Char => match char::from_u32(word as u32) {
            Some(letter) => letter.into_bound_py_any(py)?,
            None => return Err(InvalidValue::new_err(format!("{word:#x} is no `char`"))),
        },
        Primitive::I8 => PyInt::new(py, word as i8).into_any(),
        Primitive::I16 => PyInt::new(py, word as i16).into_any(),
        Primitive::I32 => PyInt::new(py, word as i32).into_any(),
        Primitive::I64 => PyInt::new(py, word as i64).into_any(),
        _ => PyInt::new(py, word).into_any(),
    })
}
