//! Copies of other machines' objects.

use std::fmt;
use std::sync::Arc;

use super::object::{create_as, interned, with_layout};
use super::{DynamicError, Object, Options};
use crate::inspect::{self, InspectError};
use crate::layout::schema::OwnedSchema;
use crate::segment::header::ORIGIN_BYTES;
use crate::store::{Origin, Ownership, Store};

/// A copy of another machine's object, which this process owns: it alone may write it.
///
/// The program that mirrors objects from one machine to another makes copies. Other processes attach a copy for reading
/// only, by [`Store::attach_view`], [`Store::attach_read_only`] or [`inspect::Object`](crate::inspect::Object). An
/// attach for writing is [`AttachError::Mirrored`](crate::AttachError::Mirrored), also in this process, while the owner
/// lives.
///
/// Once the owner has ended, or has dropped the copy, an attach for writing makes the copy an ordinary object, which it
/// stays. Or the next owner takes the copy over by [`attach`](Self::attach).
///
/// ```
/// use shmstore::dynamic::{Limit, MirroredObject, Options};
/// use shmstore::inspect::Value;
/// use shmstore::schema::OwnedSchema;
/// use shmstore::{AttachError, ShmLayout, ShmObject, Store, Versioned};
///
/// #[derive(ShmObject)]
/// #[repr(C)]
/// #[shm(id = 'D')]
/// struct Drive { speed: Versioned<f64> }
///
/// # let dir = tempfile::tempdir()?;
/// let store = Store::open(dir.path())?;
/// let schema = OwnedSchema::from_json(Drive::SCHEMA.to_json())?; // most often from another machine
/// let copy = MirroredObject::create(&store, &schema, Options { id: 'D', room: None }, "rover7")?;
/// copy.object().versioned(&"speed".parse()?)?.store(&Value::F64(1.5), Limit::Forever)?;
/// copy.set_heard();
///
/// let drive = store.attach_view::<Drive>()?; // most often in another process
/// assert_eq!(drive.speed.load(), 1.5);
/// assert!(matches!(store.attach::<Drive>(), Err(AttachError::Mirrored { .. })));
///
/// drop(copy);
/// store.attach::<Drive>()?.speed.store(0.0); // an ordinary object from now on
/// # store.remove::<Drive>()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Details
///
/// - The process is the owner until this handle and all clones and parts of its [object](Self::object) are dropped.
/// - A child of `fork` does not own the copies of its parent, and must not write them through inherited handles.
/// - A [migration](Store::migrate) or [replacement](Store::replace) makes an ordinary object of a copy. A migration
///   needs an object that no process has attached, so the owner has ended before.
pub struct MirroredObject {
    store: Store,
    id: char,
    origin: String,
    object: Object,
    ownership: Arc<Ownership>,
}

impl MirroredObject {
    /// Creates a copy, all zero, with the layout of a schema. This process owns it. `origin` names the machine with the
    /// original.
    ///
    /// # Errors
    ///
    /// - [`DynamicError::Origin`] if the name of the origin has no byte, or more than 64.
    /// - The errors of [`create`](super::create).
    pub fn create(store: &Store, schema: &OwnedSchema, options: Options, origin: &str) -> Result<Self, DynamicError> {
        check_origin(origin)?;
        let mut owned = None;
        let object = create_as(store, schema, options, |target| {
            let ownership = Arc::new(target.create_copy(origin)?);
            owned = Some(ownership.clone());
            Ok((ownership.attached().clone(), Some(ownership)))
        })?;
        let ownership = owned.expect("the object was created by the closure");
        Ok(Self { store: store.clone(), id: options.id, origin: origin.into(), object, ownership })
    }

    /// Takes over the copy with this type-id-char, which no living process owns.
    ///
    /// # Errors
    ///
    /// - [`DynamicError::Origin`] if the name of the origin has no byte, or more than 64.
    /// - [`AttachError::Mirrored`](crate::AttachError::Mirrored) if a living process owns the copy, or if it is of
    ///   another origin.
    /// - [`AttachError::NotMirrored`](crate::AttachError::NotMirrored) if the object is an ordinary one.
    /// - The errors of [`Object::attach`].
    pub fn attach(store: &Store, id: char, origin: &str) -> Result<Self, DynamicError> {
        check_origin(origin)?;
        let layout = interned(inspect::Object::find(store.path(), Some(id))?.schema())?;
        let ownership = Arc::new(with_layout(store, id, layout, false, |target| target.take_over_copy(origin))?);
        let object = Object::of(ownership.attached().clone(), layout, Some(ownership.clone()))?;
        Ok(Self { store: store.clone(), id, origin: origin.into(), object, ownership })
    }

    /// Appends the fields that a schema has more than the object. They are zero. Nothing happens if the object has all
    /// fields.
    ///
    /// [`object`](Self::object) has the new fields afterwards. Parts that were found before stay valid.
    ///
    /// # Errors
    ///
    /// - [`DynamicError::Schema`] if no derive makes such a layout.
    /// - [`AttachError::NoRoom`](crate::AttachError::NoRoom) if the object cannot be extended by the fields.
    /// - [`AttachError::LayoutMismatch`](crate::AttachError::LayoutMismatch) if the schema does not begin with the
    ///   fields of the object.
    /// - [`InspectError::Gone`], [`AttachError::Mirrored`](crate::AttachError::Mirrored) or
    ///   [`AttachError::NotMirrored`](crate::AttachError::NotMirrored) if the copy was removed, and perhaps replaced.
    /// - The errors of [`Object::attach`].
    pub fn grow(&mut self, schema: &OwnedSchema) -> Result<(), DynamicError> {
        let gone = InspectError::Gone { shmid: self.ownership.attached().shmid() };
        let layout = interned(schema)?;
        if self.object.is_removed() {
            return Err(gone.into());
        }
        let entered = with_layout(&self.store, self.id, layout, true, |target| target.attach_own())?;
        // This process may own a copy that has taken the place of this one.
        if entered.attached.nonce() != self.ownership.attached().nonce() {
            return Err(gone.into());
        }
        if let Origin::Grown(_) = entered.origin {
            self.object = Object::of(entered.attached, layout, Some(self.ownership.clone()))?;
        }
        Ok(())
    }

    /// Returns the object, for reading and writing.
    #[must_use]
    pub fn object(&self) -> &Object {
        &self.object
    }

    /// Returns the name of the origin.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Notes in the copy that this process has heard of the origin just now. Listings show how long ago that was.
    pub fn set_heard(&self) {
        self.ownership.attached().header().set_heard();
    }
}

impl fmt::Debug for MirroredObject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, origin, object, .. } = self;
        f.debug_struct("MirroredObject").field("id", id).field("origin", origin).field("object", object).finish()
    }
}

fn check_origin(origin: &str) -> Result<(), DynamicError> {
    match origin.len() {
        1..=ORIGIN_BYTES => Ok(()),
        len => Err(DynamicError::Origin { len }),
    }
}

#[cfg(test)]
mod tests;
