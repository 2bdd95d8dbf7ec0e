//! `Map`: the newest value of each key.

use std::sync::Arc;
use std::time::Instant;

use pyo3::exceptions::{PyKeyError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyIterator, PyList, PyTuple, PyType};
use shmstore::dynamic::{self, DynamicError};
use shmstore::schema::OwnedKind;

use super::{Part, form};
use crate::blocking::{Timeout, copying, in_slices, in_slices_of};
use crate::error::{InvalidValue, of_dynamic};
use crate::value::{Layout, bytes_of};
use crate::wait::Wait;

/// The newest value of each key, as a `dict` has it. Each value has a version.
#[pyclass(frozen, mapping, extends = Part, module = "shmstore")]
pub(crate) struct Map {
    handle: dynamic::Map,
    keys: Arc<Layout>,
    values: Arc<Layout>,
}

impl Map {
    pub(super) fn of(py: Python<'_>, handle: dynamic::Map) -> PyResult<Self> {
        let (keys, values) = (Layout::of(py, handle.key_schema())?, Layout::of(py, handle.schema())?);
        Ok(Self { handle, keys, values })
    }

    /// The version and the value of a key of these bytes.
    fn found<'py>(&self, py: Python<'py>, key: &[u8]) -> PyResult<Option<(u64, Bound<'py, PyAny>)>> {
        let get = |bytes: &mut [u8]| copying(py, bytes.len(), || self.handle.get_bytes(key, bytes)).map_err(of_dynamic);
        let (version, value) = match self.values.is_changed_in_place() {
            // Nothing is allocated for a key that is not there.
            true => {
                let mut bytes = vec![0; self.values.size()];
                match get(&mut bytes)? {
                    Some(version) => (version, self.values.value(py, &bytes)?),
                    None => return Ok(None),
                }
            }
            false => match self.values.filled(py, get)? {
                (Some(version), value) => (version, value),
                (None, _) => return Ok(None),
            },
        };
        Ok(Some((version, value)))
    }

    /// The bytes of a key of Python.
    fn key(&self, key: &Bound<'_, PyAny>) -> PyResult<Vec<u8>> {
        match (self.keys.schema().kind(), key.cast::<PyBytes>()) {
            (OwnedKind::FixedString { capacity }, Ok(text)) => {
                let text = text.as_bytes();
                if text.len() as u64 > *capacity {
                    return Err(PyValueError::new_err(format!(
                        "expected a text of at most {capacity} bytes, not {}",
                        text.len()
                    )));
                }
                let mut bytes = vec![0; self.keys.size()];
                bytes[..4].copy_from_slice(&(text.len() as u32).to_le_bytes());
                bytes[4..4 + text.len()].copy_from_slice(text);
                Ok(bytes)
            }
            (_, Ok(bytes)) if bytes.len()? == self.keys.size() => Ok(bytes.as_bytes().to_vec()),
            _ => bytes_of(&self.keys, key),
        }
    }

    /// A key of the map. If its bytes are no value of the type, it is `bytes`: those of the text, if it is one.
    fn key_of<'py>(&self, py: Python<'py>, key: &[u8]) -> PyResult<Bound<'py, PyAny>> {
        let bytes = match self.keys.schema().kind() {
            OwnedKind::FixedString { capacity } => {
                let len = u32::from_le_bytes([key[0], key[1], key[2], key[3]]);
                let text = &key[4..4 + u64::from(len).min(*capacity) as usize];
                if std::str::from_utf8(text).is_ok() { None } else { Some(text) }
            }
            _ if self.keys.check_elements(key).is_ok() => None,
            _ => Some(key),
        };
        match bytes {
            Some(bytes) => Ok(PyBytes::new(py, bytes).into_any()),
            None => self.keys.value(py, key),
        }
    }

    /// The bytes of all keys, each with that of its value.
    fn all(&self, py: Python<'_>) -> Vec<(Vec<u8>, Vec<u8>)> {
        py.detach(|| {
            let mut all = Vec::new();
            self.handle.for_each_bytes(|key, _, value| all.push((key.to_vec(), value.to_vec())));
            all
        })
    }
}

fn missing(key: &Bound<'_, PyAny>) -> PyErr {
    PyKeyError::new_err(key.clone().unbind())
}

#[pymethods]
impl Map {
    fn __getitem__<'py>(&self, key: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        let found = self.found(key.py(), &self.key(key)?)?;
        found.map(|(_, value)| value).ok_or_else(|| missing(key))
    }

    fn __setitem__(&self, key: &Bound<'_, PyAny>, value: &Bound<'_, PyAny>) -> PyResult<()> {
        self.insert(key, value, Timeout::FOREVER).map(|_| ())
    }

    fn __delitem__(&self, key: &Bound<'_, PyAny>) -> PyResult<()> {
        self.pop(key, &PyTuple::empty(key.py()), Timeout::FOREVER).map(|_| ())
    }

    fn __contains__(&self, key: &Bound<'_, PyAny>) -> PyResult<bool> {
        self.handle.contains_bytes(&self.key(key)?).map_err(of_dynamic)
    }

    fn __len__(&self) -> usize {
        self.handle.len()
    }

    fn __iter__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyIterator>> {
        self.keys(py)?.try_iter()
    }

    /// The value of a key, or `default` if the key is not in the map.
    #[pyo3(signature = (key, default=None))]
    fn get<'py>(
        &self,
        key: &Bound<'py, PyAny>,
        default: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Option<Bound<'py, PyAny>>> {
        let found = self.found(key.py(), &self.key(key)?)?;
        Ok(found.map(|(_, value)| value).or(default))
    }

    /// The version of the value of a key, and the value. `None` if the key is not in the map.
    fn get_versioned<'py>(&self, key: &Bound<'py, PyAny>) -> PyResult<Option<(u64, Bound<'py, PyAny>)>> {
        self.found(key.py(), &self.key(key)?)
    }

    /// Inserts a key, or stores its value. Returns true if the key is new. Waits up to `timeout` seconds for other
    /// writers.
    ///
    /// Raises `Full` if there is no room for another key.
    #[pyo3(signature = (key, value, *, timeout=Timeout::FOREVER))]
    fn insert(&self, key: &Bound<'_, PyAny>, value: &Bound<'_, PyAny>, timeout: Timeout) -> PyResult<bool> {
        let (keys, values) = (self.key(key)?, bytes_of(&self.values, value)?);
        let insert = |limit| self.handle.insert_bytes(&keys, &values, limit);
        in_slices_of(key.py(), timeout, values.len(), insert)
    }

    /// Replaces the value of a key by `change(value)`, and returns the new value. Other writers of the key wait
    /// meanwhile. If `change` raises an exception, nothing has changed. Raises `KeyError` if the key is not in the map.
    ///
    /// `change` must not store or remove the same key, which raises `Busy`. It may use other keys.
    #[pyo3(signature = (key, change, *, timeout=Timeout::FOREVER))]
    fn update(&self, key: &Bound<'_, PyAny>, change: &Bound<'_, PyAny>, timeout: Timeout) -> PyResult<Py<PyAny>> {
        let (bytes, change) = (self.key(key)?, change.clone().unbind());
        let mut raised = None;
        let updated = in_slices(key.py(), timeout, |limit| {
            self.handle.update_bytes(&bytes, limit, |value| {
                Python::attach(|py| {
                    let changed = self.values.value(py, value).and_then(|old| {
                        let new = change.bind(py).call1((old,))?;
                        value.copy_from_slice(&bytes_of(&self.values, &new)?);
                        Ok(new.unbind())
                    });
                    changed.map_err(|error| {
                        raised = Some(error);
                        // Any error, so that nothing is stored.
                        DynamicError::Length { expected: 0, found: 0 }
                    })
                })
            })
        });
        match raised {
            Some(error) => Err(error),
            None => updated?.ok_or_else(|| missing(key)),
        }
    }

    /// Removes a key, and returns its value, or `default` if the key is not in the map. Without `default`, raises
    /// `KeyError`.
    #[pyo3(signature = (key, *default, timeout=Timeout::FOREVER))]
    fn pop<'py>(
        &self,
        key: &Bound<'py, PyAny>,
        default: &Bound<'py, PyTuple>,
        timeout: Timeout,
    ) -> PyResult<Bound<'py, PyAny>> {
        if default.len() > 1 {
            return Err(PyTypeError::new_err(format!("pop takes a key and one default, not {}", default.len())));
        }
        let (py, bytes) = (key.py(), self.key(key)?);
        let mut old = vec![0; self.values.size()];
        match in_slices(py, timeout, |limit| self.handle.remove_bytes(&bytes, &mut old, limit))? {
            true => self.values.value(py, &old),
            false => default.get_item(0).map_err(|_| missing(key)),
        }
    }

    /// The keys, in no order.
    ///
    /// A key whose bytes are no value of its type is `bytes`, such as a text that is no UTF-8. Such a text is also
    /// looked up and removed by its `bytes`.
    fn keys<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let keys: PyResult<Vec<_>> = self.all(py).iter().map(|(key, _)| self.key_of(py, key)).collect();
        PyList::new(py, keys?)
    }

    /// The values, in no order.
    fn values<'py>(&self, py: Python<'py>) -> PyResult<Vec<Bound<'py, PyAny>>> {
        Ok(self.items(py)?.into_iter().map(|(_, value)| value).collect())
    }

    /// The keys with their values, in no order. A key may be `bytes`, as in `keys`.
    ///
    /// Raises `InvalidValue` with the key if the bytes of a value are none.
    fn items<'py>(&self, py: Python<'py>) -> PyResult<Vec<(Bound<'py, PyAny>, Bound<'py, PyAny>)>> {
        let item = |(key, value): &(Vec<u8>, Vec<u8>)| {
            let key = self.key_of(py, key)?;
            let value = self.values.check_elements(value).and_then(|()| self.values.value(py, value));
            let value = value.map_err(|error| match key.repr() {
                Ok(key) if error.is_instance_of::<InvalidValue>(py) => {
                    InvalidValue::new_err(format!("the value of {key}: {}", error.value(py)))
                }
                _ => error,
            });
            Ok((key, value?))
        };
        self.all(py).iter().map(item).collect()
    }

    /// The number of keys for which there is room.
    #[getter]
    fn capacity(&self) -> usize {
        self.handle.capacity()
    }

    /// How often keys were inserted and removed.
    #[getter]
    fn changes(&self) -> u64 {
        self.handle.changes()
    }

    /// Waits until a key has a version newer than `seen`, and returns the version and the value. A key that is not in
    /// the map is waited for. Raises `Timeout` after `timeout` seconds.
    #[pyo3(signature = (key, seen=0, *, timeout=Timeout::FOREVER))]
    fn wait_newer<'py>(
        &self,
        key: &Bound<'py, PyAny>,
        seen: u64,
        timeout: Timeout,
    ) -> PyResult<(u64, Bound<'py, PyAny>)> {
        let (py, bytes) = (key.py(), self.key(key)?);
        let newer = self.handle.newer_bytes(&bytes, seen).map_err(of_dynamic)?;
        let since = Instant::now();
        loop {
            in_slices(py, timeout.left(since), |limit| newer.wait(limit))?;
            // The key may be removed again.
            if let Some(found) = self.found(py, &bytes)? {
                return Ok(found);
            }
        }
    }

    /// A wait for a version of a key newer than `seen`, to be awaited, or for `wait_any`.
    ///
    /// `await` returns the version and the value, or `None` if the key was removed again.
    #[pyo3(signature = (key, seen=0))]
    fn newer(slf: &Bound<'_, Self>, key: &Bound<'_, PyAny>, seen: u64) -> PyResult<Wait> {
        let this = slf.get();
        let key = this.key(key)?;
        // A key that is none of the type is refused here, and not later.
        drop(this.handle.newer_bytes(&key, seen).map_err(of_dynamic)?);
        let (map, handle, bytes) = (slf.clone().unbind(), this.handle.clone(), key.clone());
        let get = move |py: Python<'_>| Ok(map.get().found(py, &key)?.into_pyobject(py)?.unbind());
        Ok(Wait::of(move || handle.newer_bytes(&bytes, seen).expect("the key is of the type"), get))
    }

    /// Waits until keys were inserted or removed more than `seen` times, and returns how often.
    #[pyo3(signature = (seen=None, *, timeout=Timeout::FOREVER))]
    fn wait_changed(&self, py: Python<'_>, seen: Option<u64>, timeout: Timeout) -> PyResult<u64> {
        let changed = self.handle.changed(seen.unwrap_or_else(|| self.handle.changes()));
        in_slices(py, timeout, |limit| changed.wait(limit))?;
        Ok(self.handle.changes())
    }

    /// A wait until keys were inserted or removed more than `seen` times, to be awaited, or for `wait_any`. `await`
    /// returns how often.
    #[pyo3(signature = (seen=None))]
    fn changed(&self, seen: Option<u64>) -> Wait {
        let (map, of) = (self.handle.clone(), self.handle.clone());
        let seen = seen.unwrap_or_else(|| map.changes());
        Wait::of(move || map.changed(seen), move |py| Ok(of.changes().into_pyobject(py)?.into_any().unbind()))
    }

    #[classmethod]
    fn __class_getitem__(cls: &Bound<'_, PyType>, given: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        form(cls, given)
    }
}
