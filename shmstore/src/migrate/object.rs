//! Migrating a live object to another layout.

use std::time::Duration;

use super::filled::filled;
use super::{MigrateError, Migration};
use crate::error::{CreateError, InitResult};
use crate::inspect::{Limits, Object, SavedError, SavedObject, Segment};
use crate::layout::schema::OwnedSchema;
use crate::layout::type_layout::TypeLayout;
use crate::layout::{ShmId, ShmObject};
use crate::store::{MoveError, Store, layout_of};

impl Store {
    /// Migrates the object with the id of `T` to the layout of `T`, with the values that it has.
    ///
    /// A new object takes the place of the old one. It has the room of `T`, or the room of the old object if `T` has
    /// none. It has the owner and mode of the old object. [`SavedObject::convert_to`] has the rules by which values are
    /// converted.
    ///
    /// Nothing is done if the object has the layout and the room already. Nothing is done either if it has room and all
    /// fields of `T`, also if it has more: `T` can attach it. Without room, fields that `T` does not have are lost.
    /// They are in [`Migration::gone`].
    ///
    /// No process may have the object attached. A [`Following`](crate::Following) has it attached, too. A process that
    /// attaches it meanwhile waits, up to the store's [`wait`](crate::StoreOptions::wait).
    ///
    /// If this process dies, the object is the old one or the new one, and complete. The next process that attaches the
    /// object for writing, or creates, removes or replaces it, finishes the migration or undoes it. A read-only process
    /// does neither.
    ///
    /// ```
    /// use shmstore::Store;
    /// use std::sync::atomic::Ordering::Relaxed;
    ///
    /// mod v1 {
    ///     # use shmstore::ShmObject; use std::sync::atomic::AtomicU32;
    ///     #[derive(ShmObject)]
    ///     #[repr(C)]
    ///     #[shm(id = 'R')]
    ///     pub struct Rover { pub frames: AtomicU32, pub level: AtomicU32 }
    /// }
    /// mod v2 {
    ///     # use shmstore::ShmObject; use std::sync::atomic::AtomicU64;
    ///     #[derive(ShmObject)]
    ///     #[repr(C)]
    ///     #[shm(id = 'R', room = 4096)]
    ///     pub struct Rover { pub frames: AtomicU64, pub speed: AtomicU64 }
    /// }
    ///
    /// # let dir = tempfile::tempdir()?; let store = Store::open(dir.path())?;
    /// let old = store.create::<v1::Rover>()?;
    /// old.frames.store(7, Relaxed);
    /// drop(old);
    /// let migration = store.migrate::<v2::Rover>()?;
    /// assert_eq!(migration.carried[0].to_string(), "frames");
    /// assert_eq!(migration.gone[0].to_string(), "level");
    /// assert_eq!(store.attach::<v2::Rover>()?.frames.load(Relaxed), 7);
    /// # store.remove::<v2::Rover>()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Details
    ///
    /// - It takes up to four times the object in memory. First, these are the old object, a copy, the converted copy,
    ///   and one more with [`migrate_with`](Self::migrate_with). Then, these are the old object or the new one, the
    ///   journal, and the converted copy. The journal is a segment from which the new object can be made.
    /// - Only the owner of the object, its creator and root can migrate it. Afterwards, the user that has migrated it
    ///   is its creator. Other users need to [trust](crate::StoreOptions::trust) this user.
    /// - Versions and counts go on. A lock that a dead process holds becomes inconsistent. A queue's items that were
    ///   taken and not done wait again.
    ///
    /// # Errors
    ///
    /// The object is unchanged, except for [`MigrateError::Interrupted`].
    ///
    /// - [`MigrateError::InUse`] if a process has the object attached, this process included.
    /// - [`MigrateError::Refused`] if a value does not fit the new layout.
    /// - [`MigrateError::Values`] if the values cannot be copied.
    /// - [`MigrateError::Object`] if there is no object, if this process may not remove it, or if the kernel's limits
    ///   do not allow two segments more.
    pub fn migrate<T: ShmObject + ShmId>(&self) -> Result<Migration, MigrateError> {
        let layout = layout_of::<T>();
        let room = layout.room().map(|room| room as u64);
        move_object(self, T::ID, layout, room, |_, new| Ok(new.into_values()))
    }

    /// Migrates the object as [`migrate`](Self::migrate) does, and lets `fill` write into the new object before any
    /// other process can attach it.
    ///
    /// `fill` gets the values of the old object, and the new object with the converted values. It does not run if there
    /// is nothing to do. If it returns an error or panics, the old object stays.
    ///
    /// So a field that has another name in the new type keeps its value:
    ///
    /// ```
    /// use shmstore::Store;
    /// use shmstore::inspect::{Limits, Value};
    /// use std::sync::atomic::Ordering::Relaxed;
    ///
    /// mod v1 {
    ///     # use shmstore::ShmObject; use std::sync::atomic::AtomicU64;
    ///     #[derive(ShmObject)]
    ///     #[repr(C)]
    ///     #[shm(id = 'R')]
    ///     pub struct Rover { pub errors: AtomicU64 }
    /// }
    /// mod v2 {
    ///     # use shmstore::ShmObject; use std::sync::atomic::AtomicU64;
    ///     #[derive(ShmObject)]
    ///     #[repr(C)]
    ///     #[shm(id = 'R')]
    ///     pub struct Rover { pub faults: AtomicU64 }
    /// }
    ///
    /// # let dir = tempfile::tempdir()?; let store = Store::open(dir.path())?;
    /// store.create::<v1::Rover>()?.errors.store(7, Relaxed);
    /// let moved = store.migrate_with(|old, new: &v2::Rover| {
    ///     if let Value::Unsigned(errors) = old.read_at(&"errors".parse()?, &Limits::full())? {
    ///         new.faults.store(errors, Relaxed);
    ///     }
    ///     Ok(())
    /// })?;
    /// assert_eq!(moved.to_string(), "carried: nothing; new: faults; gone: errors");
    /// assert_eq!(store.attach::<v2::Rover>()?.faults.load(Relaxed), 7);
    /// # store.remove::<v2::Rover>()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`migrate`](Self::migrate); [`MigrateError::Fill`] if `fill` returned an error.
    pub fn migrate_with<T: ShmObject + ShmId, R: InitResult>(
        &self,
        fill: impl FnOnce(&SavedObject, &T) -> R,
    ) -> Result<Migration, MigrateError> {
        let layout = layout_of::<T>();
        let room = layout.room().map(|room| room as u64);
        move_object(self, T::ID, layout, room, |old, new| {
            let schema = new.schema().clone();
            let values = filled::<T, _>(new.into_values(), |object| fill(old, object).into_result())?;
            Ok(SavedObject::quiet(&schema, &values)?)
        })
    }

    /// Migrates the object with an id to the layout that a schema describes, for programs that do not know its type.
    ///
    /// `room` is in bytes. `None` stands for the room of the old object.
    ///
    /// # Errors
    ///
    /// As [`migrate`](Self::migrate); [`AttachError::BadId`](crate::AttachError::BadId) if `id` is not printable ASCII.
    pub fn migrate_to(&self, id: char, schema: &OwnedSchema, room: Option<u64>) -> Result<Migration, MigrateError> {
        let layout = layout(schema, room)?;
        move_object(self, id, &layout, room, |_, new| Ok(new.into_values()))
    }
}

/// The layout of a new object.
fn layout(schema: &OwnedSchema, room: Option<u64>) -> Result<TypeLayout, MigrateError> {
    let beyond = || MigrateError::Values(SavedError::Read(std::io::ErrorKind::OutOfMemory.into()));
    TypeLayout::of_owned(schema.clone(), room).ok_or_else(beyond)
}

fn move_object(
    store: &Store,
    id: char,
    wanted: &TypeLayout,
    room: Option<u64>,
    fill: impl FnOnce(&SavedObject, SavedObject) -> Result<Vec<u8>, MigrateError>,
) -> Result<Migration, MigrateError> {
    let target = store.target(id, Some(wanted)).map_err(CreateError::from)?;
    let moving = target.begin_move()?;
    let stored = moving.stored().map_err(CreateError::from)?;
    let (size, shmid) = (stored.size, moving.shmid());
    let schema = wanted.to_owned_schema();
    let old = match stored.hash == schema.hash() {
        true => schema.clone(),
        false => OwnedSchema::from_json(stored.json).map_err(SavedError::from)?,
    };
    if !is_needed((&old, moving.room()), (&schema, wanted.room().map(|room| room as u64))) {
        return Ok(Migration::default());
    }
    let new = layout(&schema, room.or(moving.room()))?;
    check_memory(size.saturating_add(new.size().saturating_mul(2)))?;
    let mut migration = Migration::default();
    let convert = || {
        let object = Object::attach(&Segment::of_shmid(shmid)?)?;
        let old = SavedObject::of(&object, &Limits { wait: COPY, bytes: u64::MAX, ..Limits::full() })?;
        drop(object);
        let (converted, found) = old.convert_to(&schema)?;
        migration = found;
        fill(&old, converted)
    };
    match moving.finish(&new, convert) {
        // Also if only the room is another.
        Ok(()) => Ok(Migration { was_needed: true, ..migration }),
        Err(MoveError::Convert(error)) => Err(error),
        Err(MoveError::Create(error)) => Err(error.into()),
        Err(MoveError::Interrupted(cause)) => {
            Err(MigrateError::Interrupted { subject: target.subject(None), cause: Box::new(cause) })
        }
        Err(MoveError::InUse(attached)) => {
            let processes = processes(shmid);
            let others = attached.saturating_sub(processes.len() as u64);
            Err(MigrateError::InUse { subject: target.subject(None), processes, others })
        }
    }
}

/// How long a copy of one value may take. No process stores meanwhile.
const COPY: Duration = Duration::from_secs(1);

/// Returns `true` if the migration of an object has something to do: the object has another layout than the new one, or
/// less room.
///
/// Each layout stands beside its room in bytes, `None` for no room. An object with room and all fields of the new layout
/// stays as it is, also if it has more fields: programs with the new layout can attach it.
///
/// ```
/// use shmstore::ShmLayout;
/// use shmstore::migrate::is_needed;
/// use shmstore::schema::OwnedSchema;
///
/// let (short, long) = (OwnedSchema::from(<[u8; 4]>::SCHEMA), OwnedSchema::from(<[u8; 8]>::SCHEMA));
/// assert!(is_needed((&short, None), (&long, None)));
/// assert!(is_needed((&short, None), (&short, Some(64))));
/// assert!(!is_needed((&short, Some(64)), (&short, None)));
/// ```
#[must_use]
pub fn is_needed((old, room): (&OwnedSchema, Option<u64>), (new, wanted): (&OwnedSchema, Option<u64>)) -> bool {
    if old.hash() == new.hash() {
        return wanted.is_some_and(|wanted| room.is_none_or(|room| room < wanted));
    }
    let fields = new.prefix_hashes();
    fields.is_empty() || room.is_none() || !old.prefix_hashes().starts_with(&fields)
}

/// Refuses before anything is changed if there is certainly no memory for the copies.
fn check_memory(bytes: usize) -> Result<(), MigrateError> {
    let reserved = Vec::<u8>::new().try_reserve_exact(bytes);
    reserved.map_err(|_| MigrateError::Values(SavedError::Read(std::io::ErrorKind::OutOfMemory.into())))
}

/// The living processes that have an object attached for writing.
fn processes(shmid: i32) -> Vec<u32> {
    let object = Segment::of_shmid(shmid).and_then(|segment| Object::attach(&segment));
    let processes = object.map_or(Vec::new(), |object| object.processes());
    processes.iter().filter(|process| process.alive && !process.left).map(|process| process.pid).collect()
}

#[cfg(test)]
mod tests;
