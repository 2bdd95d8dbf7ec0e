//! The parts of an object, each with its handle.

mod atomic;
mod broadcast;
mod event;
mod field;
mod frame;
mod frames;
mod group;
mod lock;
mod map;
mod pinned;
mod queue;
mod versioned;
mod view;

use std::sync::Arc;

use pyo3::PyClass;
use pyo3::prelude::*;
use pyo3::types::{PyTuple, PyType};
use shmstore::inspect::FieldPath;
use shmstore::schema::{OwnedField, OwnedKind, OwnedSchema};

pub(crate) use atomic::Atomic;
pub(crate) use broadcast::{Broadcast, Subscriber};
pub(crate) use event::Event;
pub(crate) use field::Field;
pub(crate) use frame::FrameMut;
pub(crate) use frames::Frames;
pub(crate) use group::{Fields, Parts};
pub(crate) use lock::{Lock, LockGuard};
pub(crate) use map::Map;
pub(crate) use pinned::Pinned;
pub(crate) use queue::{Job, Queue};
pub(crate) use versioned::{Transaction, Versioned};
pub(crate) use view::View;

use crate::error::of_dynamic;
use crate::object::{Live, Root};
use crate::schema::Schema;

/// A part of an object. Each kind of part has a class of its own.
#[pyclass(subclass, frozen, module = "shmstore")]
pub(crate) struct Part {
    pub(crate) root: Arc<Root>,
    pub(crate) path: FieldPath,
    /// The schema of the part itself.
    schema: OwnedSchema,
}

#[pymethods]
impl Part {
    /// The path from the object: `"arms[1].angle"`.
    #[getter]
    pub(crate) fn path(&self) -> String {
        self.path.to_string()
    }

    /// The layout of the part.
    #[getter]
    fn schema(&self) -> Schema {
        Schema(self.schema.clone())
    }

    /// The object, attached once more.
    #[getter]
    fn object(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        self.root.object(py)
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        let again = py.import("shmstore._pickled")?.getattr("part")?;
        (again, (self.root.object(py)?, self.path())).into_pyobject(py)
    }

    fn __eq__(&self, other: &Bound<'_, PyAny>) -> bool {
        other.cast::<Self>().is_ok_and(|other| {
            let other = other.get();
            other.path == self.path && other.root.inspect().segment().shmid == self.root.inspect().segment().shmid
        })
    }

    fn __hash__(&self) -> u64 {
        use std::hash::{DefaultHasher, Hash as _, Hasher as _};
        let mut hasher = DefaultHasher::new();
        (&self.path, self.root.inspect().segment().shmid).hash(&mut hasher);
        hasher.finish()
    }

    fn __repr__(&self) -> String {
        format!("<{} {}>", self.schema, self.path)
    }
}

/// Returns `true` for fields that have a part: all but padding and `PhantomData`.
fn has_meaning(field: &&OwnedField) -> bool {
    !matches!(field.schema.kind(), OwnedKind::Pad | OwnedKind::Phantom)
}

/// The names of the fields of a struct.
pub(crate) fn field_names(schema: &OwnedSchema) -> Vec<&str> {
    match schema.kind() {
        OwnedKind::Struct { fields, .. } => {
            fields.iter().filter(has_meaning).map(|field| field.name.as_str()).collect()
        }
        OwnedKind::CacheAligned { object } => field_names(object),
        _ => Vec::new(),
    }
}

/// The part with this name in the struct at a path. `None` if it has no such field.
pub(crate) fn child<'py>(
    py: Python<'py>,
    root: &Arc<Root>,
    path: &FieldPath,
    schema: &OwnedSchema,
    name: &str,
) -> PyResult<Option<Bound<'py, PyAny>>> {
    match schema.kind() {
        OwnedKind::CacheAligned { object } => child(py, root, path, object, name),
        OwnedKind::Struct { fields, .. } => {
            let field = fields.iter().filter(has_meaning).find(|field| field.name == name);
            field.map(|field| part(py, root, path.field(name), &field.schema)).transpose()
        }
        _ => Ok(None),
    }
}

/// The handle of the part at a path.
pub(crate) fn part<'py>(
    py: Python<'py>,
    root: &Arc<Root>,
    path: FieldPath,
    schema: &OwnedSchema,
) -> PyResult<Bound<'py, PyAny>> {
    if let OwnedKind::CacheAligned { object } = schema.kind() {
        return part(py, root, path, object);
    }
    let base = Part { root: Arc::clone(root), path: path.clone(), schema: schema.clone() };
    let object = match (&root.live, schema.kind()) {
        (_, OwnedKind::Struct { .. }) => return made(py, base, Fields),
        (_, OwnedKind::Array { .. }) => return made(py, base, Parts),
        (Live::ReadOnly(_), _) => return made(py, base, View::of(py, schema)?),
        (Live::Shared(object), _) => object,
    };
    match object.part(&path).map_err(of_dynamic)? {
        shmstore::dynamic::Part::Atomic(handle) => made(py, base, Atomic::of(py, handle)?),
        shmstore::dynamic::Part::Versioned(handle) => made(py, base, Versioned::of(py, handle)?),
        shmstore::dynamic::Part::Lock(handle) => made(py, base, Lock(handle)),
        shmstore::dynamic::Part::Event(handle) => made(py, base, Event(handle)),
        shmstore::dynamic::Part::Queue(handle) => made(py, base, Queue::of(py, handle)?),
        shmstore::dynamic::Part::Broadcast(handle) => made(py, base, Broadcast::of(py, handle)?),
        shmstore::dynamic::Part::Map(handle) => made(py, base, Map::of(py, handle)?),
        shmstore::dynamic::Part::Frames(handle) => made(py, base, Frames::of(py, handle)?),
        _ => Err(crate::error::LayoutError::new_err(format!(
            "`{path}` is a `{schema}`, which this version does not know"
        ))),
    }
}

fn made<'py, C>(py: Python<'py>, base: Part, handle: C) -> PyResult<Bound<'py, PyAny>>
where
    C: PyClass<BaseType = Part>,
    PyClassInitializer<C>: From<(C, Part)>,
{
    Ok(Bound::new(py, PyClassInitializer::from((handle, base)))?.into_any())
}

/// The type `Name[…]` for an annotation.
fn form(class: &Bound<'_, PyType>, given: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
    let types = class.py().import("shmstore._types")?;
    Ok(types.getattr("part")?.call1((class.name()?, given))?.unbind())
}

/// A step of a path.
pub(crate) enum Step {
    Name(String),
    Index(u64),
}

/// The steps of a path such as `arms[1].angle`. `None` if it is none.
pub(crate) fn steps(path: &str) -> Option<Vec<Step>> {
    let mut steps = Vec::new();
    let mut rest = path;
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix('[') {
            let (index, after) = after.split_once(']')?;
            steps.push(Step::Index(index.trim().parse().ok()?));
            rest = after;
        } else {
            let name = if steps.is_empty() { rest } else { rest.strip_prefix('.')? };
            let end = name.find(['.', '[']).unwrap_or(name.len());
            if end == 0 {
                return None;
            }
            steps.push(Step::Name(name[..end].to_owned()));
            rest = &name[end..];
        }
    }
    Some(steps)
}
