//! The memory of arrays that Python gives, for values to be read from and written to.

use pyo3::exceptions::PyTypeError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyTuple};

use super::numpy::{is_array, of_numpy, viewed_as_array};
use super::{Form, Layout};
use crate::value::{Buffer, BufferMut};

impl Layout {
    /// Refuses an array of another shape than that of a list of values.
    pub(crate) fn same_shape(&self, array: &Bound<'_, PyAny>) -> PyResult<()> {
        let py = array.py();
        let shape = array.getattr(intern!(py, "shape"))?;
        if shape.extract::<Vec<usize>>()?.split_first().is_some_and(|(_, rest)| rest == self.dimensions) {
            return Ok(());
        }
        let each =
            if self.dimensions.is_empty() { String::new() } else { format!(", of shape {} each", self.shape.bind(py)) };
        Err(PyTypeError::new_err(format!("an array of shape {shape} is no list of `{}`{each}", self.schema)))
    }

    /// Refuses an array or a scalar of another dtype than that of a value.
    pub(crate) fn same_dtype(&self, array: &Bound<'_, PyAny>) -> PyResult<()> {
        let found = array.getattr(intern!(array.py(), "dtype"))?;
        let own = self.dtype.bind(array.py());
        if found.is(own) || found.eq(own)? {
            return Ok(());
        }
        Err(PyTypeError::new_err(format!(
            "an array of dtype {found} is not stored in `{}`, whose dtype is {own}: `array.astype(…)` converts it",
            self.schema
        )))
    }

    /// The memory of a value that numpy has with this layout's dtype. `None` for values of another kind.
    pub(crate) fn buffer_of(&self, value: &Bound<'_, PyAny>) -> PyResult<Option<Buffer>> {
        if !matches!(self.form, Form::Scalar | Form::Array) {
            return Ok(None);
        }
        let py = value.py();
        // An exception for a missing attribute takes longer than all the rest.
        let is_plain = value.is_exact_instance_of::<PyTuple>()
            || value.is_exact_instance_of::<PyList>()
            || value.is_exact_instance_of::<PyDict>();
        if is_plain {
            return Ok(None);
        }
        let Some(value) = &of_numpy(value)? else { return Ok(None) };
        let (found, own) = (value.getattr(intern!(py, "dtype"))?, self.dtype.bind(py));
        if !found.is(own) && !found.eq(own)? {
            // A record with the same names of fields may still be encoded.
            let is_record = matches!(self.form, Form::Scalar) && !found.getattr(intern!(py, "names"))?.is_none();
            return if is_record || !matches!(self.form, Form::Array) {
                Ok(None)
            } else {
                self.same_dtype(value).map(|()| None)
            };
        }
        let shape = value.getattr(intern!(py, "shape"))?;
        if !shape.eq(self.shape.bind(py))? {
            return Err(PyTypeError::new_err(format!(
                "an array of shape {shape} is not stored in `{}`, whose shape is {}",
                self.schema,
                self.shape.bind(py)
            )));
        }
        let buffer = match Buffer::of(value) {
            Ok(buffer) => buffer,
            // It is not in one piece.
            Err(_) => Buffer::of(&py.import("numpy")?.getattr("ascontiguousarray")?.call1((value,))?)?,
        };
        Ok(Some(buffer).filter(|buffer| buffer.len() == self.size))
    }

    /// The memory of `out`, which an array of this dtype and shape has.
    pub(crate) fn out(&self, out: &Bound<'_, PyAny>) -> PyResult<BufferMut> {
        if is_array(out) && out.getattr(intern!(out.py(), "dtype"))?.is(self.dtype.bind(out.py())) {
            let buffer = BufferMut::of(out)?;
            if buffer.len() == self.size {
                return Ok(buffer);
            }
        }
        self.out_slowly(out)
    }

    /// As [`out`](Self::out), for any array.
    #[cold]
    fn out_slowly(&self, out: &Bound<'_, PyAny>) -> PyResult<BufferMut> {
        let buffer = BufferMut::of(&self.own_array(out)?)?;
        // Any shape with as many bytes, such as one element of a longer array.
        if buffer.len() == self.size { Ok(buffer) } else { Err(self.no_out(out)) }
    }

    /// The memory of `out`, which an array of at least `least` elements of this dtype and shape has.
    pub(crate) fn out_of_elements(&self, out: &Bound<'_, PyAny>, least: usize) -> PyResult<BufferMut> {
        let array = self.own_array(out)?;
        let shape: Vec<usize> = array.getattr(intern!(out.py(), "shape"))?.extract()?;
        match shape.split_first() {
            Some((len, rest)) if rest == self.dimensions && *len >= least => {}
            Some((len, rest)) if rest == self.dimensions => {
                return Err(PyTypeError::new_err(format!(
                    "the frame has {least} elements, {} bytes, and `out` only {len} of them, {} bytes",
                    least * self.size,
                    len * self.size,
                )));
            }
            _ => return Err(self.no_out(out)),
        }
        let buffer = BufferMut::of(&array)?;
        // A length that the shape does not have is none of numpy.
        if buffer.len() >= least * self.size { Ok(buffer) } else { Err(self.no_out(out)) }
    }

    /// `out` as an array of the class `ndarray`, if it is one of this dtype.
    fn own_array<'py>(&self, out: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        let array = if is_array(out) { Some(out.clone()) } else { viewed_as_array(out)? };
        let array = array.ok_or_else(|| self.no_out(out))?;
        let (found, own) = (array.getattr(intern!(out.py(), "dtype"))?, self.dtype.bind(out.py()));
        if found.is(own) || found.eq(own)? { Ok(array) } else { Err(self.no_out(out)) }
    }

    fn no_out(&self, out: &Bound<'_, PyAny>) -> PyErr {
        let py = out.py();
        let found = out.getattr("dtype").map_or_else(
            |_| format!("`{}`", out.get_type()),
            |dtype| {
                format!(
                    "one of dtype {dtype} and shape {}",
                    out.getattr("shape").map_or_else(|_| "?".into(), |s| s.to_string())
                )
            },
        );
        PyTypeError::new_err(format!(
            "`out` has to be an array of dtype {} and shape {}, not {found}",
            self.dtype.bind(py),
            self.shape.bind(py)
        ))
    }
}
