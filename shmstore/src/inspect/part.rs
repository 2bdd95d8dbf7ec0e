//! The parts of an object, and their places.

use std::collections::HashMap;
use std::fmt;
use std::ptr;
use std::sync::Arc;

use thiserror::Error;

use super::limits::Limits;
use super::memory::{element_offset, offset};
use super::object::Object;
use super::snapshot::Cell;
use crate::layout::path::{FieldError, FieldPath, Step};
use crate::layout::schema::{OwnedKind, OwnedSchema};

/// The most parts that [`Object::parts`] lists.
const MOST: usize = 16_384;

/// A part of an object, and its place. A [`Reading`](super::Reading) reads it.
///
/// It belongs to the type. So it is the same part of every object of this type, also after the object has grown.
#[derive(Clone, PartialEq, Eq)]
pub struct Part {
    path: FieldPath,
    schema: Arc<OwnedSchema>,
    at: usize,
    /// The offset of the version of a `Versioned`, which readers that poll load again and again.
    version_at: Option<usize>,
}

impl Part {
    fn new(path: FieldPath, schema: Arc<OwnedSchema>, at: usize) -> Self {
        let version_at = match schema.kind() {
            // Without it, the place of the version is computed and refused at each look.
            OwnedKind::Versioned { value } => Cell::of(&schema, value, at).ok().map(|cell| cell.sequence),
            _ => None,
        };
        Self { path, schema, at, version_at }
    }

    /// Returns its path in the object.
    #[must_use]
    pub fn path(&self) -> &FieldPath {
        &self.path
    }

    /// Returns its layout.
    #[must_use]
    pub fn schema(&self) -> &OwnedSchema {
        &self.schema
    }

    /// The offset of its first byte in the object.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    /// The offset of its version, if it is a `Versioned`.
    pub(super) fn version_at(&self) -> Option<usize> {
        self.version_at
    }
}

impl fmt::Debug for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Part").field("path", &self.path).finish_non_exhaustive()
    }
}

/// An object has more than 16,384 parts. [`Object::parts`] returns it.
#[derive(Clone, Copy, PartialEq, Eq, Error)]
#[error("the object has more than {MOST} parts, and at most {MOST} are listed: name the parts by their paths")]
pub struct TooManyParts;

/// Why a part cannot be read.
#[derive(Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PartError {
    /// There is no such part at the path.
    #[error(transparent)]
    Field(#[from] FieldError),
    /// The memory of the part cannot be read, or has another layout than in this program.
    #[error("`{path}` cannot be read: {why}")]
    Unreadable {
        /// The path.
        path: String,
        /// The reason.
        why: String,
    },
}

impl Object {
    /// Returns the part at a path.
    ///
    /// # Errors
    ///
    /// [`PartError::Field`] if the path leads to no part. A field of a value, such as `position.x` in a
    /// `Versioned`, is none.
    pub fn part(&self, path: &FieldPath) -> Result<Part, PartError> {
        self.part_of(path, "part of its own")
    }

    /// Returns all parts, in the order of the layout. Of an array of parts, each element is a part.
    ///
    /// After the object has grown and was [refreshed](Object::refresh), the list begins with the same parts.
    ///
    /// ```
    /// use shmstore::inspect::{Limits, Object};
    /// use shmstore::{ShmObject, Store, Versioned};
    /// use std::sync::atomic::AtomicU64;
    ///
    /// #[derive(ShmObject)]
    /// #[repr(C)]
    /// struct Wheel { speed: Versioned<f64>, turns: AtomicU64 }
    ///
    /// #[derive(ShmObject)]
    /// #[repr(C)]
    /// #[shm(id = 'R')]
    /// struct Rover { wheels: [Wheel; 2] }
    ///
    /// # let dir = tempfile::tempdir()?;
    /// let store = Store::open(dir.path())?;
    /// let rover = store.create::<Rover>()?;
    /// rover.wheels[1].speed.store(1.5);
    ///
    /// let object = Object::find(dir.path(), Some('R'))?;
    /// let parts = object.parts()?;
    /// let paths: Vec<String> = parts.iter().map(|part| part.path().to_string()).collect();
    /// assert_eq!(paths, ["wheels[0].speed", "wheels[0].turns", "wheels[1].speed", "wheels[1].turns"]);
    /// let (limits, mut bytes) = (Limits::default(), Vec::new());
    /// assert_eq!(object.reading(&limits).load_into(&parts[2], &mut bytes)?, 1);
    /// assert_eq!(bytes, 1.5f64.to_le_bytes());
    /// # store.remove::<Rover>()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`TooManyParts`] if there are more than 16,384.
    pub fn parts(&self) -> Result<Vec<Part>, TooManyParts> {
        let mut list = List::default();
        list.add(self.schema(), FieldPath::default(), Some(0))?;
        Ok(list.parts)
    }

    /// The same. The error says that there is no `what`.
    pub(super) fn part_of(&self, path: &FieldPath, what: &'static str) -> Result<Part, PartError> {
        let found = find(self.schema(), Some(0), path.steps()).ok_or_else(|| {
            let nothing = Limits { nodes: 1, bytes: 0, ..Limits::default() };
            self.read_at(path, &nothing).map_or_else(PartError::from, |_| {
                let (path, type_name) = (path.to_string(), "part".into());
                FieldError::NoSuchPart { path, type_name, what, instead: None }.into()
            })
        });
        let (schema, at) = found?;
        let Some(at) = at.filter(|_| is_part(schema)) else { return Err(no_such(path, schema, what)) };
        Ok(Part::new(path.clone(), Arc::new(schema.clone()), at))
    }
}

impl OwnedSchema {
    /// Returns the layout of the part at a path in an object of this layout, or of the struct or array of parts there.
    /// `None` if there is none. A field of a value, such as `position.x` in a `Versioned`, is none.
    ///
    /// ```
    /// use shmstore::schema::OwnedSchema;
    /// use shmstore::{ShmLayout, ShmObject, Versioned};
    ///
    /// #[derive(ShmObject)]
    /// #[repr(C)]
    /// struct Rover { speeds: [Versioned<f64>; 2] }
    ///
    /// let rover = OwnedSchema::from(Rover::SCHEMA);
    /// let at = |path: &str| Some(rover.part_at(&path.parse().ok()?)?.to_string());
    /// assert_eq!(at("speeds[1]").as_deref(), Some("Versioned<f64>"));
    /// assert_eq!((at("speeds[2]"), at("height")), (None, None));
    /// ```
    #[must_use]
    pub fn part_at(&self, path: &FieldPath) -> Option<&Self> {
        find(self, Some(0), path.steps()).and_then(|(schema, at)| at.map(|_| schema))
    }
}

/// The parts that were found.
#[derive(Default)]
struct List {
    parts: Vec<Part>,
    /// Elements of an array share one layout, by its address.
    schemas: HashMap<*const OwnedSchema, Arc<OwnedSchema>>,
}

impl List {
    fn add(&mut self, schema: &OwnedSchema, path: FieldPath, at: Option<usize>) -> Result<(), TooManyParts> {
        match schema.kind() {
            OwnedKind::Struct { fields, .. } => {
                for field in fields.iter().filter(|field| has_parts(&field.schema)) {
                    let place = at.and_then(|at| offset(at, field.offset).ok());
                    self.add(&field.schema, path.field(&field.name), place)?;
                }
            }
            // An array of elements without parts may have any length.
            OwnedKind::Array { len, element } if has_parts(schema) => {
                for index in 0..*len {
                    let place = at.and_then(|at| element_offset(at, index, element).ok());
                    self.add(element, path.index(index), place)?;
                }
            }
            OwnedKind::CacheAligned { object } => self.add(object, path, at)?,
            _ if !is_part(schema) => {}
            _ if self.parts.len() == MOST => return Err(TooManyParts),
            _ => {
                let shared = self.schemas.entry(ptr::from_ref(schema)).or_insert_with(|| Arc::new(schema.clone()));
                // Only in a hostile schema is a part beyond all memory. Its reads fail.
                self.parts.push(Part::new(path, shared.clone(), at.unwrap_or(usize::MAX)));
            }
        }
        Ok(())
    }
}

/// Returns `true` for a part with bytes that processes change.
fn is_part(schema: &OwnedSchema) -> bool {
    matches!(
        schema.kind(),
        OwnedKind::Atomic(_)
            | OwnedKind::AtomicCell { .. }
            | OwnedKind::Versioned { .. }
            | OwnedKind::Lock
            | OwnedKind::Event
            | OwnedKind::Queue { .. }
            | OwnedKind::Broadcast { .. }
            | OwnedKind::Map { .. }
            | OwnedKind::Frames { .. }
    )
}

fn has_parts(schema: &OwnedSchema) -> bool {
    match schema.kind() {
        OwnedKind::Struct { fields, .. } => fields.iter().any(|field| has_parts(&field.schema)),
        OwnedKind::Array { len, element } => *len > 0 && has_parts(element),
        OwnedKind::CacheAligned { object } => has_parts(object),
        _ => is_part(schema),
    }
}

/// The part at a path has no `what`.
pub(super) fn no_such(path: &FieldPath, schema: &OwnedSchema, what: &'static str) -> PartError {
    let (path, type_name) = (path.to_string(), schema.to_string());
    FieldError::NoSuchPart { path, type_name, what, instead: None }.into()
}

pub(super) fn unreadable(path: &FieldPath, why: String) -> PartError {
    PartError::Unreadable { path: path.to_string(), why }
}

/// Returns the part at a path, and its offset in the object. A part of a value has no offset.
pub(super) fn find<'a>(
    schema: &'a OwnedSchema,
    at: Option<usize>,
    steps: &[Step],
) -> Option<(&'a OwnedSchema, Option<usize>)> {
    if let OwnedKind::CacheAligned { object } = schema.kind() {
        return find(object, at, steps);
    }
    let Some((step, rest)) = steps.split_first() else { return Some((schema, at)) };
    match (schema.kind(), step) {
        (OwnedKind::Versioned { value } | OwnedKind::AtomicCell { value }, _) => find(value, None, steps),
        (OwnedKind::Struct { fields, .. }, Step::Field(name)) => {
            let field = fields.iter().find(|field| field.name == *name)?;
            find(&field.schema, at.and_then(|at| offset(at, field.offset).ok()), rest)
        }
        (OwnedKind::Array { len, element }, Step::Index(index)) if index < len => {
            find(element, at.and_then(|at| element_offset(at, *index, element).ok()), rest)
        }
        (
            OwnedKind::FixedVec { element: item, .. }
            | OwnedKind::Queue { value: item, .. }
            | OwnedKind::Broadcast { value: item, .. },
            Step::Index(_),
        )
        | (OwnedKind::Map { value: item, .. }, Step::Index(_) | Step::Key(_))
        | (OwnedKind::Frames { element: item, .. }, Step::Index(_)) => find(item, None, rest),
        (OwnedKind::Frames { meta, .. }, Step::Field(name)) if name == "meta" => find(meta, None, rest),
        _ => None,
    }
}
