//! `Store`: where processes meet.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple, PyType};
use shmstore::error::Error as Any;
use shmstore::{OpenError, StoreOptions};

use crate::blocking::Timeout;
use crate::error::{OrRaise, exception, is_over_soon};
use crate::object::{Object, Origin};
use crate::schema::Schema;

/// The time of one attempt of a call that waits for other processes. Signals are handled between attempts.
const ATTEMPT: Duration = Duration::from_millis(50);
/// The time between looks for a path or an object that is not there.
pub(crate) const MOMENT: Duration = Duration::from_millis(2);

/// The objects under one path: a directory or file, where processes meet.
///
/// `Store(path)` opens an existing directory or file. With `create=True` it makes a directory if there is none.
/// `timeout` waits so many seconds for the path to be there. The default does not wait.
///
/// - `wait`: the longest time in seconds to wait for a process that creates or migrates an object. The default is 5.
/// - `mode`: the permission bits of the objects that this store makes. The default is 0o600. A new directory has a
///   search bit for each read bit, too, and only its owner and its group may write it: 0o700 by default.
/// - `trust`: the numbers of other users whose objects are attached.
/// - `max_processes`: the size of the table of processes of new objects. The default is 128.
///
/// Several threads may use a store.
///
/// Raises `NotFound`, `AccessDenied`, and `ValueError` for an argument that is out of range.
#[pyclass(frozen, module = "shmstore")]
pub(crate) struct Store {
    pub(crate) store: shmstore::Store,
    options: Given,
}

/// The arguments of a store, for a store in another process.
#[derive(Clone)]
struct Given {
    wait: Duration,
    mode: u32,
    trust: Vec<u32>,
    max_processes: u32,
}

impl Given {
    fn options(&self) -> StoreOptions {
        let options = StoreOptions::default().wait(ATTEMPT.min(self.wait)).mode(self.mode);
        self.trust.iter().fold(options.max_processes(self.max_processes), |options, &uid| options.trust(uid))
    }
}

#[pymethods]
impl Store {
    #[new]
    #[pyo3(signature = (
        path, *, create=false, timeout=Timeout::NEVER, wait=5.0, mode=0o600, trust=Vec::new(), max_processes=128
    ))]
    #[allow(clippy::too_many_arguments)]
    fn new(
        py: Python<'_>,
        path: &Bound<'_, PyAny>,
        create: bool,
        timeout: Timeout,
        wait: f64,
        mode: u32,
        trust: Vec<u32>,
        max_processes: u32,
    ) -> PyResult<Self> {
        let wait = Duration::try_from_secs_f64(wait)
            .map_err(|_| PyValueError::new_err(format!("wait={wait}: it is a number of seconds")))?;
        // A path may be of bytes, as in all of Python.
        let path: PathBuf = py.import("os")?.getattr("fsdecode")?.call1((path,))?.extract()?;
        let options = Given { wait, mode, trust, max_processes };
        let open = || match create {
            true => options.options().open_or_create(&path),
            false => options.options().open(&path),
        };
        let mut deadline = timeout.deadline();
        let store = loop {
            match py.detach(open) {
                Err(OpenError::NotFound { .. }) if deadline.pause(py, MOMENT)? => {}
                opened => break opened.or_raise()?,
            }
        };
        Ok(Self { store, options })
    }

    /// The absolute path of the anchor.
    #[getter]
    fn path(&self) -> PathBuf {
        self.store.path().to_owned()
    }

    /// The name, if the store was opened by `named`.
    #[getter]
    fn name(&self) -> Option<&str> {
        self.store.name()
    }

    /// Warnings about the anchor.
    #[getter]
    fn warnings(&self) -> Vec<String> {
        self.store.warnings().iter().map(ToString::to_string).collect()
    }

    /// Attaches a live object. `what` is its type-id-char, such as `"T"`, or a class with `@shmstore.object`.
    ///
    /// With a type-id-char, any object is attached, by the layout in its segment. With a class, the object has to have
    /// the layout of the class, or to have grown from it by further fields.
    ///
    /// Waits up to `timeout` seconds for the object to be created. The default does not wait. An object that another
    /// process is creating or migrating is waited for in any case, up to the store's `wait`.
    ///
    /// With `read_only=True` the object is only read. The process needs no permission to write it, and is not listed
    /// among the processes of `shmstore show`. A copy of another machine's object is attached only so.
    ///
    /// Raises `NotFound`, `LayoutError`, `AccessDenied`, `Mirrored`, and `BusyTimeout` if its creator needs more time.
    #[pyo3(signature = (what, *, timeout=Timeout::NEVER, read_only=false))]
    fn attach<'py>(
        slf: &Bound<'py, Self>,
        what: &Bound<'py, PyAny>,
        timeout: Timeout,
        read_only: bool,
    ) -> PyResult<Bound<'py, PyAny>> {
        let origin = if read_only { Origin::ReadOnly } else { Origin::Attach };
        Self::object(slf, what, origin, timeout)
    }

    /// Creates the object of a class with `@shmstore.object`, all zero.
    ///
    /// Raises `AlreadyExists`, `AccessDenied`, and `BusyTimeout` if another process creates or migrates an object of
    /// this store for longer than `wait`.
    fn create<'py>(slf: &Bound<'py, Self>, what: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        Self::object(slf, what, Origin::Create, Timeout::NEVER)
    }

    /// Attaches the object of a class with `@shmstore.object`, or creates it, all zero. If many processes do so at a
    /// time, exactly one creates it.
    ///
    /// Raises `LayoutError`, `AccessDenied`, `BusyTimeout`.
    fn attach_or_create<'py>(slf: &Bound<'py, Self>, what: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        Self::object(slf, what, Origin::AttachOrCreate, Timeout::NEVER)
    }

    /// Removes an object by its type-id-char or its class. Processes that have it attached keep it.
    ///
    /// Raises `NotFound`, `AccessDenied`, `BusyTimeout`.
    fn remove(&self, py: Python<'_>, what: &Bound<'_, PyAny>) -> PyResult<()> {
        let id = id_of(what)?;
        self.patient(py, |store| store.remove_id(id))
    }

    /// The store of a name in this store's directory. With `create=True` the name is made if there is none.
    #[pyo3(signature = (name, *, create=false))]
    fn named(&self, py: Python<'_>, name: &str, create: bool) -> PyResult<Self> {
        let store = self.patient(py, |store| match create {
            true => store.open_or_create_named(name),
            false => store.open_named(name),
        })?;
        Ok(Self { store, options: self.options.clone() })
    }

    /// The names in this store's directory, in alphabetical order.
    fn names(&self, py: Python<'_>) -> PyResult<Vec<String>> {
        py.detach(|| self.store.names()).or_raise()
    }

    /// Removes a name that has no objects. Returns true if there was one.
    fn remove_name(&self, py: Python<'_>, name: &str) -> PyResult<bool> {
        self.patient(py, |store| store.remove_name(name))
    }

    /// The objects under this store, each as a dict.
    ///
    /// Its keys are `name` (that of a `named` store, or `None`), `id` (the type-id-char), `type` (the name of the type,
    /// or `None`), `state`, `size` (of the segment, in bytes), `owner` (the number of the user), `mode` (the permission
    /// bits), `attached` (the number of attachments), `shmid` and `created` (a `datetime` in UTC, or `None`).
    fn list<'py>(&self, py: Python<'py>) -> PyResult<Vec<Bound<'py, PyDict>>> {
        let all = py.detach(|| self.store.list()).or_raise()?;
        let described = all.into_iter().map(|info| {
            let shown = PyDict::new(py);
            shown.set_item("name", info.name)?;
            shown.set_item("id", info.id)?;
            shown.set_item("type", info.type_name)?;
            shown.set_item("state", info.state.to_string())?;
            shown.set_item("size", info.size)?;
            shown.set_item("owner", info.owner)?;
            shown.set_item("mode", info.mode)?;
            shown.set_item("attached", info.attached)?;
            shown.set_item("shmid", info.shmid)?;
            shown.set_item("created", info.created)?;
            Ok(shown)
        });
        described.collect()
    }

    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyTuple>> {
        let Self { store, options } = slf.get();
        let again = slf.py().import("shmstore._pickled")?.getattr("store")?;
        let given = PyDict::new(slf.py());
        given.set_item("wait", options.wait.as_secs_f64())?;
        given.set_item("mode", options.mode)?;
        given.set_item("trust", &options.trust)?;
        given.set_item("max_processes", options.max_processes)?;
        // A named store is opened from its directory.
        let name = store.name().map(str::to_owned);
        let path = if name.is_some() { store.path().parent().unwrap_or(store.path()) } else { store.path() };
        (again, (slf.get_type(), path, name, given)).into_pyobject(slf.py())
    }

    fn __eq__(&self, other: &Bound<'_, PyAny>) -> bool {
        other.cast::<Self>().is_ok_and(|other| other.get().store.path() == self.store.path())
    }

    fn __hash__(&self) -> u64 {
        use std::hash::{DefaultHasher, Hash as _, Hasher as _};
        let mut hasher = DefaultHasher::new();
        self.store.path().hash(&mut hasher);
        hasher.finish()
    }

    fn __repr__(&self) -> String {
        format!("<Store {}>", self.store.path().display())
    }
}

impl Store {
    fn object<'py>(
        slf: &Bound<'py, Self>,
        what: &Bound<'py, PyAny>,
        origin: Origin,
        timeout: Timeout,
    ) -> PyResult<Bound<'py, PyAny>> {
        let class = match what.cast::<PyType>() {
            Ok(class) => class.clone(),
            Err(_) => PyType::new::<Object>(slf.py()),
        };
        let id = id_of(what)?;
        let given = PyDict::new(slf.py());
        given.set_item("_origin", origin as u8)?;
        given.set_item("timeout", timeout.as_seconds())?;
        class.call((slf, id), Some(&given))
    }

    /// How long a call waits for a process that creates or migrates the object.
    pub(crate) fn for_creator(&self, timeout: Timeout) -> Timeout {
        timeout.at_least(self.options.wait)
    }

    /// Makes an attempt after the other, for at most the store's `wait`, while other processes are at work.
    pub(crate) fn patient<T: Send, E: Into<Any> + Send>(
        &self,
        py: Python<'_>,
        call: impl Fn(&shmstore::Store) -> Result<T, E> + Sync,
    ) -> PyResult<T> {
        self.patient_for(py, Timeout::NEVER, call)
    }

    /// As [`patient`](Self::patient), and for at least `timeout`.
    pub(crate) fn patient_for<T: Send, E: Into<Any> + Send>(
        &self,
        py: Python<'_>,
        timeout: Timeout,
        call: impl Fn(&shmstore::Store) -> Result<T, E> + Sync,
    ) -> PyResult<T> {
        let (started, time) = (Instant::now(), self.for_creator(timeout));
        loop {
            let error = match py.detach(|| call(&self.store)) {
                Ok(done) => return Ok(done),
                Err(error) => error.into(),
            };
            if !is_over_soon(&error) || time.is_over(started) {
                return Err(exception(error));
            }
            py.check_signals()?;
        }
    }
}

/// The type-id-char of an object.
pub(crate) fn id_of(what: &Bound<'_, PyAny>) -> PyResult<char> {
    if what.cast::<PyType>().is_ok() {
        let id = what.getattr("__shm_id__").ok().and_then(|id| id.extract::<Option<char>>().ok()).flatten();
        return id.ok_or_else(|| {
            PyTypeError::new_err(format!("{what} has no type-id-char: define it with `@shmstore.object(id=\"T\")`"))
        });
    }
    what.extract().map_err(|_| {
        PyTypeError::new_err(format!("{what} is no object: pass its type-id-char, such as \"T\", or its class"))
    })
}

/// The layout and the room of a class with `@shmstore.object`.
pub(crate) fn layout_of(class: &Bound<'_, PyAny>) -> PyResult<Option<(Schema, Option<u64>)>> {
    let Ok(schema) = class.getattr("__shm_schema__") else { return Ok(None) };
    let schema = schema.cast::<Schema>()?.get().clone();
    Ok(Some((schema, class.getattr("__shm_room__")?.extract()?)))
}
