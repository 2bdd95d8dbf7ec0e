//! `Object`: a live object, with its fields as attributes.

use std::sync::Arc;

use pyo3::exceptions::{PyAttributeError, PyKeyError};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple, PyType};
use shmstore::dynamic::{self, DynamicError, Options};
use shmstore::error::CreateError;
use shmstore::inspect::{self, FieldPath, InspectError, Limits, SegmentState};
use shmstore::schema::{LayoutDiff, OwnedKind, OwnedSchema};

use crate::blocking::Timeout;
use crate::error::{LayoutError, of_dynamic};
use crate::part::{self, Step};
use crate::schema::Schema;
use crate::store::{MOMENT, Store, id_of, layout_of};

/// How an object is had.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Origin {
    Attach,
    ReadOnly,
    Create,
    AttachOrCreate,
}

/// What all handles of an object share.
///
/// The garbage collector does not know of the class. All parts share the reference to it, so that an object that visits
/// it would count a reference that is not its own.
pub(crate) struct Root {
    pub(crate) live: Live,
    pub(crate) id: char,
    store: Py<Store>,
    class: Py<PyType>,
}

pub(crate) enum Live {
    Shared(dynamic::Object),
    ReadOnly(Box<inspect::Object>),
}

impl Root {
    pub(crate) fn inspect(&self) -> &inspect::Object {
        match &self.live {
            Live::Shared(object) => object,
            Live::ReadOnly(object) => object,
        }
    }

    pub(crate) fn schema(&self) -> &OwnedSchema {
        self.inspect().schema()
    }

    pub(crate) fn store<'py>(&self, py: Python<'py>) -> &Bound<'py, Store> {
        self.store.bind(py)
    }

    fn origin(&self) -> Origin {
        match self.live {
            Live::Shared(_) => Origin::Attach,
            Live::ReadOnly(_) => Origin::ReadOnly,
        }
    }

    /// The object again, for pickle.
    pub(crate) fn object(self: &Arc<Self>, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let class = self.class.bind(py);
        let given = PyDict::new(py);
        given.set_item("_origin", self.origin() as u8)?;
        Ok(class.call((self.store.bind(py), self.id), Some(&given))?.unbind())
    }

    pub(crate) fn reduced<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        let again = py.import("shmstore._pickled")?.getattr("object")?;
        let given = (self.class.bind(py), self.store.bind(py), self.id, self.origin() as u8);
        (again, given).into_pyobject(py)
    }
}

/// A live object. `Store.attach` and `Store.create` return it.
///
/// Its fields are attributes: `rover.position`. A field whose name is also that of a method is an item, as every field
/// is: `rover["load"]`. An item may also be a path: `rover["arms[1].angle"]`.
///
/// The object stays attached while this, or any of its parts, is referenced. The end of a `with` block drops the parts
/// that were used as its attributes, and does not detach while the name after `as` lives: use `del` for that. A pickled
/// object is attached again by its path and id, in the process that loads it.
///
/// Several threads may use an object and its parts.
#[pyclass(subclass, frozen, dict, weakref, module = "shmstore")]
pub(crate) struct Object {
    pub(crate) root: Arc<Root>,
}

#[pymethods]
impl Object {
    #[new]
    #[classmethod]
    #[pyo3(signature = (store, id=None, *, timeout=Timeout::NEVER, _origin=0))]
    fn new(
        cls: &Bound<'_, PyType>,
        store: &Bound<'_, Store>,
        id: Option<&Bound<'_, PyAny>>,
        timeout: Timeout,
        _origin: u8,
    ) -> PyResult<Self> {
        let py = cls.py();
        let id = id_of(id.unwrap_or(cls.as_any()))?;
        let layout = layout_of(cls)?;
        let this = store.get();
        let live = match _origin {
            1 => Live::ReadOnly(Box::new(attach_read_only(py, this, id, timeout)?)),
            2 | 3 => {
                let Some((Schema(schema), room)) = &layout else {
                    return Err(PyKeyError::new_err("a new object has a class: define it with `@shmstore.object`"));
                };
                Live::Shared(create(py, this, id, schema, *room, _origin == 3)?)
            }
            _ => Live::Shared(attach(py, this, id, timeout)?),
        };
        let class = cls.clone().unbind();
        let root = Root { live, id, store: store.clone().unbind(), class };
        if let Some((Schema(schema), _)) = layout {
            fits(&schema, root.schema(), cls)?;
        }
        Ok(Self { root: Arc::new(root) })
    }

    fn __getattr__<'py>(slf: &Bound<'py, Self>, name: &str) -> PyResult<Bound<'py, PyAny>> {
        let found = Self::child(slf, name)?;
        let missing = || PyAttributeError::new_err(format!("`{}` has no field `{name}`", slf.get().root.schema()));
        let found = found.ok_or_else(missing)?;
        // The next access finds it without this method. A field with the name of a method never gets here.
        slf.as_any().getattr("__dict__")?.cast::<PyDict>()?.set_item(name, &found)?;
        Ok(found)
    }

    /// The part at a path, such as `"load"` or `"arms[1].angle"`.
    fn __getitem__<'py>(slf: &Bound<'py, Self>, path: &str) -> PyResult<Bound<'py, PyAny>> {
        let missing = |at: &str| PyKeyError::new_err(format!("`{}` has no part at `{at}`", slf.get().root.schema()));
        let mut steps = part::steps(path).ok_or_else(|| missing(path))?.into_iter();
        let Some(Step::Name(first)) = steps.next() else { return Err(missing(path)) };
        let mut found = Self::child(slf, &first)?.ok_or_else(|| missing(&first))?;
        for step in steps {
            found = match step {
                Step::Name(name) => found.get_item(name)?,
                Step::Index(index) => found.get_item(index)?,
            };
        }
        Ok(found)
    }

    fn __dir__<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        let names = slf.py().import("builtins")?.getattr("object")?.call_method1("__dir__", (slf,))?;
        for name in part::field_names(slf.get().root.schema()) {
            names.call_method1("append", (name,))?;
        }
        Ok(names)
    }

    fn __enter__(slf: Bound<'_, Self>) -> Bound<'_, Self> {
        slf
    }

    #[pyo3(signature = (*_args))]
    fn __exit__(slf: &Bound<'_, Self>, _args: &Bound<'_, PyTuple>) -> PyResult<()> {
        slf.as_any().getattr("__dict__")?.cast::<PyDict>()?.clear();
        Ok(())
    }

    /// The layout, as it was when the object was attached.
    #[getter]
    fn schema(&self) -> Schema {
        Schema(self.root.schema().clone())
    }

    /// The store.
    #[getter]
    fn store<'py>(&self, py: Python<'py>) -> Bound<'py, Store> {
        self.root.store(py).clone()
    }

    /// The type-id-char.
    #[getter]
    fn id(&self) -> char {
        self.root.id
    }

    /// True if the object was removed, so that an attach finds another one or none.
    #[getter]
    fn is_removed(&self) -> bool {
        self.root.inspect().is_removed()
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        self.root.reduced(py)
    }

    /// The values of all parts, on one line.
    fn __str__(&self, py: Python<'_>) -> String {
        py.detach(|| self.root.inspect().read(&Limits::default()).to_string())
    }

    fn __repr__(&self, py: Python<'_>) -> String {
        let path = self.root.store(py).get().store.path().display();
        format!("<{} {:?} at {path}>", self.root.schema(), self.root.id)
    }
}

impl Object {
    fn child<'py>(slf: &Bound<'py, Self>, name: &str) -> PyResult<Option<Bound<'py, PyAny>>> {
        let root = &slf.get().root;
        part::child(slf.py(), root, &FieldPath::default(), root.schema(), name)
    }
}

fn attach(py: Python<'_>, store: &Store, id: char, timeout: Timeout) -> PyResult<dynamic::Object> {
    let mut deadline = timeout.deadline();
    loop {
        let attached = store.patient_for(py, timeout, |store| match dynamic::Object::attach(store, id) {
            // The error of the handshake says when to try again.
            Err(DynamicError::Attach(error)) => Err(error),
            attached => Ok(attached),
        })?;
        match attached {
            Ok(object) => return Ok(object),
            Err(DynamicError::Inspect(InspectError::NotFound { .. })) if deadline.pause(py, MOMENT)? => {}
            // Says what is there in place of the object: an incomplete one, or one of another user.
            Err(error) => return Err(of_dynamic(error)),
        }
    }
}

fn attach_read_only(py: Python<'_>, store: &Store, id: char, timeout: Timeout) -> PyResult<inspect::Object> {
    let (mut deadline, mut for_creator) = (timeout.deadline(), store.for_creator(timeout).deadline());
    loop {
        match py.detach(|| inspect::Object::find(store.store.path(), Some(id))) {
            Ok(object) => return Ok(object),
            Err(InspectError::NotReady { state: SegmentState::Initializing, .. })
                if for_creator.pause(py, MOMENT)? => {}
            Err(InspectError::NotFound { .. } | InspectError::NotReady { .. }) if deadline.pause(py, MOMENT)? => {}
            Err(error) => return Err(of_dynamic(error.into())),
        }
    }
}

fn create(
    py: Python<'_>,
    store: &Store,
    id: char,
    schema: &OwnedSchema,
    room: Option<u64>,
    or_attach: bool,
) -> PyResult<dynamic::Object> {
    let mut deadline = Timeout::seconds(5).deadline();
    loop {
        let created = store.patient(py, |store| match dynamic::create(store, schema, Options { id, room }) {
            Err(DynamicError::Create(error @ CreateError::Existing(_))) => Err(error),
            created => Ok(created),
        })?;
        match created {
            Ok(object) => return Ok(object),
            Err(DynamicError::Create(CreateError::AlreadyExists { .. })) if or_attach => {}
            Err(error) => return Err(of_dynamic(error)),
        }
        // It may be removed before it is attached.
        match attach(py, store, id, Timeout::NEVER) {
            Err(error) if error.is_instance_of::<crate::error::NotFound>(py) && deadline.pause(py, MOMENT)? => {}
            attached => return attached,
        }
    }
}

/// Refuses an object that has neither the layout of a class nor one that begins with all its fields.
fn fits(ours: &OwnedSchema, theirs: &OwnedSchema, class: &Bound<'_, PyType>) -> PyResult<()> {
    if ours.hash() == theirs.hash() {
        return Ok(());
    }
    let (own, its) = (ours.prefix_hashes(), theirs.prefix_hashes());
    let is_struct = |schema: &OwnedSchema| matches!(schema.kind(), OwnedKind::Struct { .. });
    if is_struct(ours) && !own.is_empty() && its.get(own.len() - 1) == own.last() {
        return Ok(());
    }
    let table = LayoutDiff::between(ours, theirs);
    Err(LayoutError::new_err(format!(
        "the object has another layout than `{}`: change the class, or define no class and attach by the id\n{}",
        class.name()?,
        table.table("the class", "the object")
    )))
}
