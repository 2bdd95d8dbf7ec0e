//! `Schema`: the layout of a type.

use pyo3::exceptions::{PyKeyError, PyValueError};
use pyo3::prelude::*;
use shmstore::schema::{OwnedKind, OwnedSchema, Primitive};

use crate::error::no_type;

/// The layout of a type: its size, alignment and kind, down to the last number.
///
/// Two types share objects if their hashes are the same, whatever language they are defined in.
#[pyclass(frozen, eq, hash, module = "shmstore")]
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct Schema(pub(crate) OwnedSchema);

type Named = Vec<(String, i128)>;

fn primitive(name: &str) -> PyResult<Primitive> {
    use Primitive::{Bool, Char, F32, F64, I8, I16, I32, I64, U8, U16, U32, U64};
    let all = [U8, U16, U32, U64, I8, I16, I32, I64, F32, F64, Bool, Char];
    let found = all.into_iter().find(|of| of.name() == name);
    found.ok_or_else(|| PyValueError::new_err(format!("there is no primitive `{name}`")))
}

/// Returns `true` for a type whose values are copied.
fn is_value(schema: &OwnedSchema) -> bool {
    match schema.kind() {
        OwnedKind::Struct { fields, .. } => fields.iter().all(|field| is_value(&field.schema)),
        OwnedKind::Array { element, .. } => is_value(element),
        OwnedKind::Primitive(_)
        | OwnedKind::Enum { .. }
        | OwnedKind::Pad
        | OwnedKind::Phantom
        | OwnedKind::FixedString { .. }
        | OwnedKind::FixedVec { .. } => true,
        _ => false,
    }
}

/// What the makers of schemas return.
fn made(schema: Result<OwnedSchema, shmstore::error::SchemaError>) -> PyResult<Schema> {
    schema.map(Schema).map_err(no_type)
}

#[pymethods]
impl Schema {
    #[staticmethod]
    fn primitive(name: &str) -> PyResult<Self> {
        primitive(name).map(OwnedSchema::primitive).map(Self)
    }

    #[staticmethod]
    fn atomic(name: &str) -> PyResult<Self> {
        made(OwnedSchema::atomic(primitive(name)?))
    }

    #[staticmethod]
    fn array(element: &Self, len: u64) -> PyResult<Self> {
        made(OwnedSchema::array(element.0.clone(), len))
    }

    #[staticmethod]
    #[pyo3(signature = (name, fields, align=1, const_args=Vec::new()))]
    fn structure(name: &str, fields: Vec<(String, Bound<'_, Self>)>, align: u64, const_args: Named) -> PyResult<Self> {
        let fields = fields.into_iter().map(|(name, schema)| (name, schema.get().0.clone())).collect();
        made(OwnedSchema::structure(name, fields, align, const_args))
    }

    #[staticmethod]
    fn enumeration(name: &str, repr: &str, variants: Named) -> PyResult<Self> {
        made(OwnedSchema::enumeration(name, primitive(repr)?, variants))
    }

    #[staticmethod]
    fn pad(bytes: u64) -> PyResult<Self> {
        made(OwnedSchema::pad(bytes))
    }

    #[staticmethod]
    fn phantom() -> Self {
        Self(OwnedSchema::phantom())
    }

    #[staticmethod]
    fn fixed_string(capacity: u64) -> PyResult<Self> {
        made(OwnedSchema::fixed_string(capacity))
    }

    #[staticmethod]
    fn fixed_vec(element: &Self, capacity: u64) -> PyResult<Self> {
        made(OwnedSchema::fixed_vec(element.0.clone(), capacity))
    }

    #[staticmethod]
    fn atomic_value(value: &Self) -> PyResult<Self> {
        made(OwnedSchema::atomic_value(value.0.clone()))
    }

    #[staticmethod]
    fn versioned(value: &Self) -> PyResult<Self> {
        made(OwnedSchema::versioned(value.0.clone()))
    }

    #[staticmethod]
    fn cache_aligned(object: &Self) -> PyResult<Self> {
        made(OwnedSchema::cache_aligned(object.0.clone()))
    }

    #[staticmethod]
    fn lock() -> Self {
        Self(OwnedSchema::lock())
    }

    #[staticmethod]
    fn event() -> Self {
        Self(OwnedSchema::event())
    }

    #[staticmethod]
    fn queue(value: &Self, capacity: u64) -> PyResult<Self> {
        made(OwnedSchema::queue(value.0.clone(), capacity))
    }

    #[staticmethod]
    fn broadcast(value: &Self, capacity: u64) -> PyResult<Self> {
        made(OwnedSchema::broadcast(value.0.clone(), capacity))
    }

    #[staticmethod]
    fn map(key: &Self, value: &Self, capacity: u64) -> PyResult<Self> {
        made(OwnedSchema::map(key.0.clone(), value.0.clone(), capacity))
    }

    #[staticmethod]
    fn frames(element: &Self, capacity: u64, slots: u64, meta: &Self) -> PyResult<Self> {
        made(OwnedSchema::frames(element.0.clone(), capacity, slots, meta.0.clone()))
    }

    /// Refuses a layout that no struct or enum of Rust has, such as that of a map with a key that is a float.
    fn check(&self) -> PyResult<()> {
        // A value is checked as that of a part.
        let checked = match OwnedSchema::versioned(self.0.clone()) {
            Ok(versioned) if is_value(&self.0) => versioned.is_an_object(),
            _ => self.0.is_an_object(),
        };
        checked.map_err(no_type)
    }

    /// Reads a schema from its JSON.
    #[staticmethod]
    fn from_json(json: &str) -> PyResult<Self> {
        made(OwnedSchema::from_json(json))
    }

    /// The schema as canonical JSON.
    fn to_json(&self) -> String {
        self.0.to_json()
    }

    /// The layout hash: 32 hexadecimal digits.
    #[getter]
    fn hash(&self) -> String {
        self.0.hash().to_string()
    }

    /// The size in bytes.
    #[getter]
    fn size(&self) -> u64 {
        self.0.size()
    }

    /// The alignment in bytes.
    #[getter]
    fn align(&self) -> u64 {
        self.0.align()
    }

    /// The kind, as the JSON of a schema names it: `"struct"`, `"versioned"`, …
    #[getter]
    pub(crate) fn kind(&self) -> &'static str {
        match self.0.kind() {
            OwnedKind::Primitive(_) => "primitive",
            OwnedKind::Atomic(_) => "atomic",
            OwnedKind::Array { .. } => "array",
            OwnedKind::Struct { .. } => "struct",
            OwnedKind::Enum { .. } => "enum",
            OwnedKind::Pad => "pad",
            OwnedKind::Phantom => "phantom",
            OwnedKind::FixedString { .. } => "fixed_string",
            OwnedKind::FixedVec { .. } => "fixed_vec",
            OwnedKind::AtomicCell { .. } => "atomic_cell",
            OwnedKind::Versioned { .. } => "versioned",
            OwnedKind::CacheAligned { .. } => "cache_aligned",
            OwnedKind::Lock => "lock",
            OwnedKind::Event => "event",
            OwnedKind::Queue { .. } => "queue",
            OwnedKind::Broadcast { .. } => "broadcast",
            OwnedKind::Map { .. } => "map",
            OwnedKind::Frames { .. } => "frames",
            _ => "unknown",
        }
    }

    /// The name of a struct or enum, or the name of the number in a primitive or atomic.
    #[getter]
    fn name(&self) -> Option<&str> {
        match self.0.kind() {
            OwnedKind::Struct { name, .. } | OwnedKind::Enum { name, .. } => Some(name),
            OwnedKind::Primitive(of) | OwnedKind::Atomic(of) => Some(of.name()),
            _ => None,
        }
    }

    /// The name of the integer that stores an enum.
    #[getter]
    fn repr(&self) -> Option<&str> {
        match self.0.kind() {
            OwnedKind::Enum { repr, .. } => Some(repr.name()),
            _ => None,
        }
    }

    /// The fields of a struct: name, offset and schema of each.
    #[getter]
    fn fields(&self) -> Vec<(String, u64, Self)> {
        match self.0.kind() {
            OwnedKind::Struct { fields, .. } => {
                fields.iter().map(|field| (field.name.clone(), field.offset, Self(field.schema.clone()))).collect()
            }
            _ => Vec::new(),
        }
    }

    /// The variants of an enum: name and number of each.
    #[getter]
    fn variants(&self) -> Named {
        match self.0.kind() {
            OwnedKind::Enum { variants, .. } => {
                variants.iter().map(|variant| (variant.name.clone(), variant.discriminant)).collect()
            }
            _ => Vec::new(),
        }
    }

    /// The number of elements of an array, or the capacity of a text, list, queue, broadcast, map or frame.
    #[getter]
    fn len(&self) -> Option<u64> {
        match *self.0.kind() {
            OwnedKind::Array { len, .. } => Some(len),
            OwnedKind::FixedString { capacity }
            | OwnedKind::FixedVec { capacity, .. }
            | OwnedKind::Queue { capacity, .. }
            | OwnedKind::Broadcast { capacity, .. }
            | OwnedKind::Map { capacity, .. }
            | OwnedKind::Frames { capacity, .. } => Some(capacity),
            _ => None,
        }
    }

    /// A type within this one: `"element"`, `"value"`, `"object"`, `"key"` or `"meta"`, as the JSON of a schema names
    /// it.
    fn __getitem__(&self, part: &str) -> PyResult<Self> {
        let found = match (self.0.kind(), part) {
            (
                OwnedKind::Array { element, .. }
                | OwnedKind::FixedVec { element, .. }
                | OwnedKind::Frames { element, .. },
                "element",
            ) => element,
            (
                OwnedKind::AtomicCell { value }
                | OwnedKind::Versioned { value }
                | OwnedKind::Queue { value, .. }
                | OwnedKind::Broadcast { value, .. }
                | OwnedKind::Map { value, .. },
                "value",
            ) => value,
            (OwnedKind::CacheAligned { object }, "object") => object,
            (OwnedKind::Map { key, .. }, "key") => key,
            (OwnedKind::Frames { meta, .. }, "meta") => meta,
            _ => return Err(PyKeyError::new_err(format!("a schema of kind `{}` has no `{part}`", self.kind()))),
        };
        Ok(Self((**found).clone()))
    }

    fn __reduce__(slf: &Bound<'_, Self>) -> PyResult<(Py<PyAny>, (String,))> {
        Ok((slf.get_type().getattr("from_json")?.unbind(), (slf.get().0.to_json(),)))
    }

    /// The type as it is written in Rust.
    fn __str__(&self) -> String {
        self.0.to_string()
    }

    fn __repr__(&self) -> String {
        format!("<Schema of {}>", self.0)
    }
}
