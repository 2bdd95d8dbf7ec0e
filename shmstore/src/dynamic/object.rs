//! An object of any type, attached for writing.

use std::fmt;
use std::ops::Deref;
use std::ptr::NonNull;
use std::sync::Arc;

use super::place::Place;
use super::{Atomic, Broadcast, DynamicError, Event, Frames, Lock, Map, Queue, Versioned};
use crate::error::{AttachError, CreateError, OpenError};
use crate::inspect::{self, FieldPath, InspectError, Limits, Value};
use crate::layout::interned::Interned;
use crate::layout::schema::OwnedSchema;
use crate::layout::type_layout::TypeLayout;
use crate::segment::this_process::append_list::AppendList;
use crate::segment::this_process::registry::SegmentRef;
use crate::store::{IfExists, Ownership, Policy, Store, Target};

/// The layouts that this program has attached by their schema.
static LAYOUTS: AppendList<Interned> = AppendList::new();

/// A live object of any type, attached for reading and writing. Its layout comes from the schema in its segment.
///
/// It is a participant, as a process that has attached the object by its type. Each part is written by the same
/// protocol as that of a typed process. Values are checked before they are stored.
///
/// It dereferences to [`inspect::Object`], which reads. Clones share one attachment. The process detaches when the last
/// clone and the last handle of a part are dropped.
///
/// ```
/// use shmstore::dynamic::Object;
/// use shmstore::inspect::Value;
/// use shmstore::{ShmObject, Store, Versioned};
/// use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
///
/// #[derive(ShmObject)]
/// #[repr(C)]
/// #[shm(id = 'T')]
/// struct Telemetry { frames: AtomicU64, position: Versioned<[f64; 3]> }
///
/// # let dir = tempfile::tempdir()?;
/// let store = Store::open(dir.path())?;
/// let telemetry = store.create::<Telemetry>()?; // most often in another process
///
/// // Any other program, built without `Telemetry`:
/// let object = Object::attach(&store, 'T')?;
/// object.fetch_add(&"frames".parse()?, 2)?;
/// object.store(&"position[1]".parse()?, &Value::F64(1.5))?;
/// assert_eq!(telemetry.frames.load(Relaxed), 2);
/// assert_eq!(telemetry.position.load(), [0.0, 1.5, 0.0]);
/// # store.remove::<Telemetry>()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Object(Arc<Inner>);

struct Inner {
    layout: &'static Interned,
    // INVARIANT: attached for writing, with this layout.
    object: inspect::Object,
    /// The right to write a copy of another machine's object. It is given up with the last handle.
    _ownership: Option<Arc<Ownership>>,
}

/// The options of [`create`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// The type-id-char of the object.
    pub id: char,
    /// The total size in bytes to which the object can grow, its present fields included. A value below the size of the
    /// type counts as that size. `None` if the object cannot grow.
    pub room: Option<u64>,
}

/// Creates an object, all zero, with the layout of a schema.
///
/// A program that is built with a type can attach it if, and only if, the type has this very layout.
///
/// ```
/// use shmstore::dynamic::{self, Options};
/// use shmstore::schema::OwnedSchema;
/// use shmstore::{ShmId, ShmLayout, ShmObject, Store};
/// use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
///
/// #[derive(ShmObject)]
/// #[repr(C)]
/// #[shm(id = 'C')]
/// struct Counters { hits: AtomicU64 }
///
/// # let dir = tempfile::tempdir()?;
/// let store = Store::open(dir.path())?;
/// let schema = OwnedSchema::from_json(Counters::SCHEMA.to_json())?; // most often from a file
/// let object = dynamic::create(&store, &schema, Options { id: 'C', room: None })?;
/// object.fetch_add(&"hits".parse()?, 1)?;
/// assert_eq!(store.attach::<Counters>()?.hits.load(Relaxed), 1);
/// # store.remove::<Counters>()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// - [`DynamicError::Schema`] if no derive makes such a layout.
/// - [`DynamicError::TooLarge`] if the layout is larger than memory can be.
/// - [`DynamicError::Create`] with the errors of [`Store::create`].
/// - [`DynamicError::Attach`] if the id is not a printable character of ASCII.
/// - [`DynamicError::Inspect`] if the system does not describe the segment.
pub fn create(store: &Store, schema: &OwnedSchema, options: Options) -> Result<Object, DynamicError> {
    create_as(store, schema, options, |target| Ok((target.create(IfExists::Refuse, &mut |_| Ok(()))?.attached, None)))
}

/// Creates an object by `make`, which also returns the ownership of a copy.
pub(super) fn create_as(
    store: &Store,
    schema: &OwnedSchema,
    Options { id, room }: Options,
    make: impl FnOnce(&Target<'_>) -> Result<(SegmentRef, Option<Arc<Ownership>>), CreateError>,
) -> Result<Object, DynamicError> {
    let layout = interned(schema)?;
    let room = room.map_or(Some(0), |room| usize::try_from(room).ok()).unwrap_or(usize::MAX);
    let of_type = TypeLayout::of_type(layout.schema, room);
    let (attached, ownership) = make(&store.target(id, Some(&of_type)).map_err(CreateError::from)?)?;
    Object::of(attached, layout, ownership)
}

/// Keeps a layout that passes the strict check. One layout is kept once.
pub(super) fn interned(schema: &OwnedSchema) -> Result<&'static Interned, DynamicError> {
    if let Some(known) = LAYOUTS.iter().find(|known| known.owned == *schema) {
        return Ok(known);
    }
    schema.is_an_object().map_err(DynamicError::Schema)?;
    let fresh = Interned::new(schema).ok_or_else(|| DynamicError::TooLarge { size: schema.size() })?;
    Ok(LAYOUTS.push(fresh))
}

/// Calls `attach` with a target of the layout. A layout that the object had just now must not be added to another one,
/// so a caller lets the object grow only for a layout of its own.
pub(super) fn with_layout<T>(
    store: &Store,
    id: char,
    layout: &'static Interned,
    grows: bool,
    attach: impl FnOnce(&Target<'_>) -> Result<T, AttachError>,
) -> Result<T, AttachError> {
    let of_type = TypeLayout::of_type(layout.schema, 0);
    let target = store.target(id, Some(&of_type))?;
    let policy = Policy { grows, ..target.policy.clone() };
    attach(&Target { policy: &policy, ..target })
}

impl Object {
    /// Attaches the object with this type-id-char for reading and writing.
    ///
    /// An object that has grown is attached with its newest layout. Parts that are added later are found after another
    /// `attach`.
    ///
    /// It waits for an object that is being created or migrated, up to the store's
    /// [`wait`](crate::StoreOptions::wait).
    ///
    /// # Errors
    ///
    /// - [`DynamicError::Inspect`] with [`InspectError::NotFound`] if there is no object.
    /// - [`DynamicError::Schema`] if no derive makes the layout of the object. Such an object can be read by
    ///   [`inspect::Object`].
    /// - [`DynamicError::TooLarge`] if the layout is larger than memory can be.
    /// - [`DynamicError::Attach`] with the other errors of [`Store::attach`]. If this process may only read the
    ///   segment, this is [`AttachError::AccessDenied`]. A copy of another machine's object, which another process
    ///   keeps, is [`AttachError::Mirrored`].
    pub fn attach(store: &Store, id: char) -> Result<Self, DynamicError> {
        let (attached, layout) = store.target(id, None)?.attach_any(interned).map_err(|error| match error {
            AttachError::NotFound { .. } | AttachError::Anchor(OpenError::NotFound { .. }) => {
                DynamicError::Inspect(InspectError::NotFound { path: store.path().into(), id: Some(id) })
            }
            error => DynamicError::Attach(error),
        })??;
        assert!(layout.schema.size() <= attached.geometry().payload_len, "the handshake has compared the sizes");
        Self::of(attached, layout, None)
    }

    /// The object of an attachment for writing, which has this layout.
    pub(super) fn of(
        attached: SegmentRef,
        layout: &'static Interned,
        ownership: Option<Arc<Ownership>>,
    ) -> Result<Self, DynamicError> {
        let object = inspect::Object::through(attached, layout.owned.clone())?;
        Ok(Self(Arc::new(Inner { layout, object, _ownership: ownership })))
    }

    pub(super) fn layout(&self) -> &'static Interned {
        self.0.layout
    }

    /// The first byte of the object.
    pub(super) fn payload(&self) -> NonNull<u8> {
        self.0.object.payload()
    }

    /// Returns the checked value of a field or a part. For a `Versioned` it is the value itself, without its version.
    ///
    /// # Errors
    ///
    /// - [`DynamicError::Field`] if there is no such field.
    /// - [`DynamicError::InvalidField`] if bytes are not a valid value, or cannot be read.
    pub fn load(&self, path: &FieldPath) -> Result<Value, DynamicError> {
        let value = self.read_at(path, &Limits::full())?;
        match invalid_in(&value) {
            Some(why) => Err(DynamicError::InvalidField { path: path.to_string(), why: why.to_owned() }),
            None => Ok(match value {
                Value::Versioned { value, .. } => *value,
                value => value,
            }),
        }
    }
}

/// The reason why a value, or the first part of it, is not valid.
fn invalid_in(value: &Value) -> Option<&str> {
    match value {
        Value::Invalid(why) => Some(why),
        Value::Omitted => Some("it is larger than the limits allow"),
        Value::Struct { fields, .. } => fields.iter().find_map(|(_, value)| invalid_in(value)),
        Value::List { first, .. } | Value::Queue { first, .. } => first.iter().find_map(invalid_in),
        Value::Versioned { value, .. } => invalid_in(value),
        Value::Broadcast { last, .. } => last.iter().find_map(|(_, value)| invalid_in(value)),
        Value::Map { first, .. } => first.iter().find_map(|(key, value)| invalid_in(key).or_else(|| invalid_in(value))),
        Value::Frames { meta, first, .. } => invalid_in(meta).or_else(|| first.iter().find_map(invalid_in)),
        _ => None,
    }
}

/// A part of an [`Object`], by its kind. [`Object::part`] returns it.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Part {
    /// One of std's atomic integers, or an `AtomicValue`.
    Atomic(Atomic),
    /// A `Versioned`.
    Versioned(Versioned),
    /// A `Lock`.
    Lock(Lock),
    /// An `Event`.
    Event(Event),
    /// A `Queue`.
    Queue(Queue),
    /// A `Broadcast`.
    Broadcast(Broadcast),
    /// A `Map`.
    Map(Map),
    /// A `Frames`.
    Frames(Frames),
}

/// The handle of a part at a path, if it is of the kind.
macro_rules! handles {
    ($($name:ident: $handle:ident, $what:literal;)*) => {
        /// Handles of parts.
        impl Object {
            $(
                #[doc = concat!("Returns the handle of the ", $what, " at a path.")]
                ///
                /// # Errors
                ///
                /// - [`DynamicError::Field`] if there is no such field.
                /// - [`DynamicError::WrongPart`] if it is another part.
                pub fn $name(&self, path: &FieldPath) -> Result<$handle, DynamicError> {
                    match Place::find(self, path)? {
                        (place, depth) if depth == path.steps().len() => $handle::at(place),
                        _ => Err(self.no_such(path)),
                    }
                }
            )*

            /// Returns the handle of the part at a path.
            ///
            /// # Errors
            ///
            /// - [`DynamicError::Field`] if there is no such field.
            /// - [`DynamicError::NotAPart`] if it is in a part, or is made of several parts.
            pub fn part(&self, path: &FieldPath) -> Result<Part, DynamicError> {
                let (place, depth) = Place::find(self, path)?;
                if depth < path.steps().len() {
                    return Err(self.no_such(path));
                }
                $(
                    if let Ok(handle) = $handle::at(place.clone()) {
                        return Ok(Part::$handle(handle));
                    }
                )*
                Err(self.no_such(path))
            }
        }
    };
}

handles! {
    atomic: Atomic, "atomic";
    versioned: Versioned, "`Versioned`";
    lock: Lock, "`Lock`";
    event: Event, "`Event`";
    queue: Queue, "`Queue`";
    broadcast: Broadcast, "`Broadcast`";
    map: Map, "`Map`";
    frames: Frames, "`Frames`";
}

impl Deref for Object {
    type Target = inspect::Object;

    fn deref(&self) -> &inspect::Object {
        &self.0.object
    }
}

impl fmt::Debug for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0.object, f)
    }
}
