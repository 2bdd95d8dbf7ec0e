//! `Map`: the newest value of each key.

use std::sync::Arc;

use pyo3::exceptions::{PyKeyError, PyTypeError};
use pyo3::prelude::*;
use pyo3::types::{PyIterator, PyList, PyTuple, PyType};
use shmstore::dynamic;
use shmstore::inspect::Value;

use super::{Part, form};
use crate::blocking::{Timeout, copying, in_slices, in_slices_of};
use crate::error::of_dynamic;
use crate::value::{Layout, bytes_of, tree_of};
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
}

fn missing(key: &Bound<'_, PyAny>) -> PyErr {
    PyKeyError::new_err(key.clone().unbind())
}

#[pymethods]
impl Map {
    fn __getitem__<'py>(&self, key: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        let found = self.found(key.py(), &bytes_of(&self.keys, key)?)?;
        found.map(|(_, value)| value).ok_or_else(|| missing(key))
    }

    fn __setitem__(&self, key: &Bound<'_, PyAny>, value: &Bound<'_, PyAny>) -> PyResult<()> {
        self.insert(key, value, Timeout::FOREVER).map(|_| ())
    }

    fn __delitem__(&self, key: &Bound<'_, PyAny>) -> PyResult<()> {
        self.pop(key, &PyTuple::empty(key.py()), Timeout::FOREVER).map(|_| ())
    }

    fn __contains__(&self, key: &Bound<'_, PyAny>) -> PyResult<bool> {
        let key = tree_of(self.keys.schema(), key)?;
        self.handle.contains(&key).map_err(of_dynamic)
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
        let found = self.found(key.py(), &bytes_of(&self.keys, key)?)?;
        Ok(found.map(|(_, value)| value).or(default))
    }

    /// The version of the value of a key, and the value. `None` if the key is not in the map.
    fn get_versioned<'py>(&self, key: &Bound<'py, PyAny>) -> PyResult<Option<(u64, Bound<'py, PyAny>)>> {
        self.found(key.py(), &bytes_of(&self.keys, key)?)
    }

    /// Inserts a key, or stores its value. Returns true if the key is new. Waits up to `timeout` seconds for other
    /// writers.
    ///
    /// Raises `Full` if there is no room for another key.
    #[pyo3(signature = (key, value, *, timeout=Timeout::FOREVER))]
    fn insert(&self, key: &Bound<'_, PyAny>, value: &Bound<'_, PyAny>, timeout: Timeout) -> PyResult<bool> {
        let (keys, values) = (bytes_of(&self.keys, key)?, bytes_of(&self.values, value)?);
        let insert = |limit| self.handle.insert_bytes(&keys, &values, limit);
        in_slices_of(key.py(), timeout, values.len(), insert)
    }

    /// Replaces the value of a key by `change(value)`, and returns the new value. Other writers of the key wait
    /// meanwhile. If `change` raises an exception, nothing has changed. Raises `KeyError` if the key is not in the map.
    ///
    /// `change` must not store or remove the same key, which raises `Busy`. It may use other keys.
    #[pyo3(signature = (key, change, *, timeout=Timeout::FOREVER))]
    fn update(&self, key: &Bound<'_, PyAny>, change: &Bound<'_, PyAny>, timeout: Timeout) -> PyResult<Py<PyAny>> {
        let (tree, change) = (tree_of(self.keys.schema(), key)?, change.clone().unbind());
        let mut raised = None;
        let updated = in_slices(key.py(), timeout, |limit| {
            self.handle.update(&tree, limit, |value| {
                Python::attach(|py| {
                    let changed = self.values.of_tree(py, value).and_then(|old| {
                        let new = change.bind(py).call1((old,))?;
                        *value = tree_of(self.values.schema(), &new)?;
                        Ok(new.unbind())
                    });
                    changed
                        .map_err(|error| {
                            // This is no value of any type of a map, so that nothing is stored.
                            *value = Value::Omitted;
                            raised = Some(error);
                        })
                        .ok()
                })
            })
        });
        match raised {
            Some(error) => Err(error),
            None => updated?.flatten().ok_or_else(|| missing(key)),
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
        let tree = tree_of(self.keys.schema(), key)?;
        match in_slices(key.py(), timeout, |limit| self.handle.remove(&tree, limit))? {
            Some(value) => self.values.of_tree(key.py(), &value),
            None => default.get_item(0).map_err(|_| missing(key)),
        }
    }

    /// The keys, in no order.
    fn keys<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let keys = py.detach(|| self.handle.keys()).map_err(of_dynamic)?;
        let all: PyResult<Vec<_>> = keys.iter().map(|key| self.keys.of_tree(py, key)).collect();
        PyList::new(py, all?)
    }

    /// The values, in no order.
    fn values<'py>(&self, py: Python<'py>) -> PyResult<Vec<Bound<'py, PyAny>>> {
        Ok(self.items(py)?.into_iter().map(|(_, value)| value).collect())
    }

    /// The keys with their values, in no order.
    fn items<'py>(&self, py: Python<'py>) -> PyResult<Vec<(Bound<'py, PyAny>, Bound<'py, PyAny>)>> {
        let entries = py.detach(|| self.handle.entries()).map_err(of_dynamic)?;
        entries
            .iter()
            .map(|(key, _, value)| Ok((self.keys.of_tree(py, key)?, self.values.of_tree(py, value)?)))
            .collect()
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
        let tree = tree_of(self.keys.schema(), key)?;
        let newer = in_slices(key.py(), timeout, |limit| self.handle.wait_newer(&tree, seen, limit));
        let (version, value) = newer?;
        Ok((version, self.values.of_tree(key.py(), &value)?))
    }

    /// A wait for a version of a key newer than `seen`, to be awaited, or for `wait_any`.
    ///
    /// `await` returns the version and the value, or `None` if the key was removed again.
    #[pyo3(signature = (key, seen=0))]
    fn newer(slf: &Bound<'_, Self>, key: &Bound<'_, PyAny>, seen: u64) -> PyResult<Wait> {
        let this = slf.get();
        let (tree, key) = (tree_of(this.keys.schema(), key)?, bytes_of(&this.keys, key)?);
        // A key that is none of the type is refused here, and not later.
        drop(this.handle.newer(&tree, seen).map_err(of_dynamic)?);
        let (map, handle) = (slf.clone().unbind(), this.handle.clone());
        let get = move |py: Python<'_>| Ok(map.get().found(py, &key)?.into_pyobject(py)?.unbind());
        Ok(Wait::of(move || handle.newer(&tree, seen).expect("the key is of the type"), get))
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
