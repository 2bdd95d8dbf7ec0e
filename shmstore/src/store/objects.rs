//! Objects of a type in a store: create, attach, replace, remove.

use std::time::Duration;

use crate::error::{AttachError, CreateError, InitResult, RemoveError};
use crate::layout::{ShmId, ShmObject};
use crate::store::following::Following;
use crate::store::read_only::ReadOnly;
use crate::store::shared::Shared;
use crate::store::{IfExists, Store, layout_of};

/// Objects of a type.
impl Store {
    /// Creates an object, all zero.
    ///
    /// # Errors
    ///
    /// [`CreateError::AlreadyExists`] if the object exists, [`CreateError::Existing`] if another segment has its key,
    /// and an error for each limit of the kernel.
    pub fn create<T: ShmObject + ShmId>(&self) -> Result<Shared<T>, CreateError> {
        self.create_with(|_| {})
    }

    /// Creates an object, and lets `init` fill it before any other process can see it.
    ///
    /// `init` returns an [`InitResult`]: `()`, or a `Result<(), Box<dyn Error + Send + Sync>>`. If it returns an error
    /// or panics, nothing is left of the object.
    ///
    /// # Errors
    ///
    /// As [`create`](Self::create), and [`CreateError::Init`] if `init` returned an error.
    ///
    /// ```
    /// # use shmstore::{ShmObject, Store};
    /// # use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
    /// # #[derive(ShmObject)] #[repr(C)] #[shm(id = 'C')] struct Counters { hits: AtomicU64 }
    /// # let dir = tempfile::tempdir()?; let store = Store::open(dir.path())?;
    /// let counters = store.create_with(|new: &Counters| new.hits.store(1_000, Relaxed))?;
    /// assert_eq!(counters.hits.load(Relaxed), 1_000);
    /// # store.remove::<Counters>()?;
    ///
    /// let counters = store.create_with(|new: &Counters| {
    ///     new.hits.store("1000".parse()?, Relaxed); // any error
    ///     Ok(())
    /// })?;
    /// assert_eq!(counters.hits.load(Relaxed), 1_000);
    /// # store.remove::<Counters>()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn create_with<T: ShmObject + ShmId, R: InitResult>(
        &self,
        init: impl FnOnce(&T) -> R,
    ) -> Result<Shared<T>, CreateError> {
        Shared::create(self, IfExists::Refuse, init)
    }

    /// Attaches to an existing object. Waits for an object that is being created or migrated, up to the store's
    /// [`wait`](crate::StoreOptions::wait).
    ///
    /// An object with [room](macro@crate::ShmObject#room) may have more fields than `T`, or fewer. If it has fewer,
    /// this call extends it by the others, which are zero: see [`Shared::grown_from`].
    ///
    /// # Errors
    ///
    /// [`AttachError`] if the object does not exist, has another layout, may not be written, is of a user that is not
    /// trusted, or is damaged. An object that may only be read can be attached by
    /// [`attach_read_only`](Self::attach_read_only).
    ///
    /// - [`AttachError::StillInitializing`] if the object is created or migrated for longer than the store's `wait`.
    /// - [`AttachError::NoRoom`] if the object cannot be extended by the fields of `T`. [`AttachError::Shorter`] if the
    ///   store has the option [`grows(false)`](crate::StoreOptions::grows).
    /// - [`AttachError::Mirrored`] if the object is a [copy](crate::dynamic::MirroredObject) of another machine's
    ///   object, and its owner lives. Such an object can be attached by [`attach_view`](Self::attach_view). A copy
    ///   without an owner becomes an ordinary object.
    /// - [`OpenError::Busy`](crate::OpenError::Busy), in [`AttachError::Anchor`], if the object is to be extended, or
    ///   has been a copy, and another process has the anchor's lock for longer than the store's `wait`.
    pub fn attach<T: ShmObject + ShmId>(&self) -> Result<Shared<T>, AttachError> {
        self.attach_timeout(Duration::ZERO)
    }

    /// Attaches to an object, and waits up to `timeout` for its creation, or for fields that another process is to add.
    ///
    /// # Errors
    ///
    /// As [`attach`](Self::attach); [`AttachError::NotFound`] or [`AttachError::Shorter`] after the time.
    pub fn attach_timeout<T: ShmObject + ShmId>(&self, timeout: Duration) -> Result<Shared<T>, AttachError> {
        Shared::attach(self, timeout)
    }

    /// Attaches to an existing object for reading only. Waits for an object that is being created or migrated, up to
    /// the store's [`wait`](crate::StoreOptions::wait).
    ///
    /// The process needs permission to read the object and the anchor, and takes no slot in the object's table of
    /// processes. It writes nothing and cleans nothing up. An object that its creator left incomplete does not exist
    /// for it.
    ///
    /// # Errors
    ///
    /// [`AttachError`] if the object does not exist, has another layout, may not be read, is of a user that is not
    /// trusted, or is damaged. [`AttachError::Shorter`] if it has only the first fields of `T`: a process that only
    /// reads does not extend it. Such a process waits for the others with
    /// [`attach_read_only_timeout`](Self::attach_read_only_timeout), or attaches with an older type, which has only the
    /// first fields.
    ///
    /// ```
    /// # use shmstore::{ShmObject, Store};
    /// # use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
    /// # #[derive(ShmObject)] #[repr(C)] #[shm(id = 'C')] struct Counters { hits: AtomicU64 }
    /// # let dir = tempfile::tempdir()?; let path = dir.path().join("counters");
    /// // A program that lets every user read:
    /// let store = Store::options().mode(0o644).open_or_create(&path)?;
    /// let counters = store.create::<Counters>()?;
    ///
    /// // A program of another user, which trusts the first:
    /// # let creator = 1000;
    /// let store = Store::options().trust(creator).open(&path)?;
    /// let seen = store.attach_read_only::<Counters>()?;
    /// counters.hits.store(7, Relaxed);
    /// assert_eq!(seen.hits.load(Relaxed), 7);
    /// # store.remove::<Counters>()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn attach_read_only<T: ShmObject + ShmId>(&self) -> Result<ReadOnly<T>, AttachError> {
        self.attach_read_only_timeout(Duration::ZERO)
    }

    /// Attaches to an object for reading only, and waits up to `timeout` for its creation, or for fields that another
    /// process is to add.
    ///
    /// # Errors
    ///
    /// As [`attach_read_only`](Self::attach_read_only); [`AttachError::NotFound`] or [`AttachError::Shorter`] after the
    /// time.
    pub fn attach_read_only_timeout<T: ShmObject + ShmId>(
        &self,
        timeout: Duration,
    ) -> Result<ReadOnly<T>, AttachError> {
        ReadOnly::attach(self, timeout)
    }

    /// Attaches to an existing object as [`attach`](Self::attach) does, and returns a handle that only reads. Its waits
    /// are woken at once, while those of [`attach_read_only`](Self::attach_read_only) look every millisecond.
    ///
    /// A wait announces itself in the object, so the process needs permission to write the segment, and takes a slot in
    /// the object's table of processes. Nothing else is written through the handle, and the object is never extended.
    /// As in `attach`, the call cleans up what a dead process has left.
    ///
    /// # Errors
    ///
    /// As [`attach`](Self::attach), but [`AttachError::Shorter`] if the object has only the first fields of `T`.
    /// [`AttachError::AccessDenied`] if this process may not write the segment: `attach_read_only` needs no permission
    /// to write.
    ///
    /// ```
    /// # use shmstore::{ShmObject, Store, Versioned};
    /// # use std::time::Duration;
    /// # #[derive(ShmObject)] #[repr(C)] #[shm(id = 'T')] struct Telemetry { position: Versioned<[f64; 3]> }
    /// # let dir = tempfile::tempdir()?; let store = Store::open(dir.path())?;
    /// let rover = store.create::<Telemetry>()?;
    /// let display = store.attach_view::<Telemetry>()?; // most often in another process
    /// std::thread::scope(|scope| {
    ///     scope.spawn(|| rover.position.store([1.0, 2.0, 3.0]));
    ///     let (version, position) = display.position.wait_newer(0, Duration::from_secs(10))?;
    ///     assert_eq!((version, position), (1, [1.0, 2.0, 3.0]));
    ///     Ok::<(), shmstore::Error>(())
    /// })?;
    /// # store.remove::<Telemetry>()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn attach_view<T: ShmObject + ShmId>(&self) -> Result<ReadOnly<T>, AttachError> {
        self.attach_view_timeout(Duration::ZERO)
    }

    /// As [`attach_view`](Self::attach_view), and waits up to `timeout` for the creation of the object, or for fields
    /// that another process is to add.
    ///
    /// # Errors
    ///
    /// As [`attach_view`](Self::attach_view); [`AttachError::NotFound`] or [`AttachError::Shorter`] after the time.
    pub fn attach_view_timeout<T: ShmObject + ShmId>(&self, timeout: Duration) -> Result<ReadOnly<T>, AttachError> {
        ReadOnly::attach_view(self, timeout)
    }

    /// Attaches to an existing object, and goes on with the new object after a replacement:
    /// [`current`](Following::current) returns the object that stands at the path.
    ///
    /// # Errors
    ///
    /// As [`attach`](Self::attach).
    ///
    /// ```
    /// # use shmstore::{ShmObject, Store};
    /// # use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
    /// # #[derive(ShmObject)] #[repr(C)] #[shm(id = 'C')] struct Counters { hits: AtomicU64 }
    /// # let dir = tempfile::tempdir()?; let store = Store::open(dir.path())?;
    /// # store.create::<Counters>()?;
    /// let mut counters = store.follow::<Counters>()?;
    /// store.replace_with(|new: &Counters| new.hits.store(7, Relaxed))?; // most often in another process
    /// assert_eq!(counters.current()?.hits.load(Relaxed), 7);
    /// # store.remove::<Counters>()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn follow<T: ShmObject + ShmId>(&self) -> Result<Following<T>, AttachError> {
        self.follow_timeout(Duration::ZERO)
    }

    /// Attaches to an object and follows it, and waits up to `timeout` for its creation, or for fields that another
    /// process is to add.
    ///
    /// # Errors
    ///
    /// As [`attach`](Self::attach); [`AttachError::NotFound`] or [`AttachError::Shorter`] after the time.
    pub fn follow_timeout<T: ShmObject + ShmId>(&self, timeout: Duration) -> Result<Following<T>, AttachError> {
        Following::attach(self, timeout)
    }

    /// Attaches to an object, or creates it, all zero. If many processes do so at a time, exactly one creates it.
    ///
    /// # Errors
    ///
    /// As [`attach`](Self::attach) and [`create`](Self::create).
    pub fn attach_or_create<T: ShmObject + ShmId>(&self) -> Result<Shared<T>, CreateError> {
        self.attach_or_create_with(|_| {})
    }

    /// Attaches to an object, or creates it and lets `init` fill it, as [`create_with`](Self::create_with). If many
    /// processes do so at a time, exactly one calls `init`.
    ///
    /// `init` does not run for an existing object, also not for one that this call extends by fields of `T`.
    ///
    /// # Errors
    ///
    /// As [`attach`](Self::attach) and [`create_with`](Self::create_with).
    pub fn attach_or_create_with<T: ShmObject + ShmId, R: InitResult>(
        &self,
        init: impl FnOnce(&T) -> R,
    ) -> Result<Shared<T>, CreateError> {
        Shared::create(self, IfExists::Attach, init)
    }

    /// Removes the object with the id of `T`, whatever its layout, and creates a new one, all zero. No other process
    /// can create one in between.
    ///
    /// Processes that are attached to the old object keep it, and see that it [is removed](Shared::is_removed). The old
    /// object is removed once the kernel's limits allow the new one. There is no object if the new one cannot be made
    /// then, or if the process is killed in between.
    ///
    /// # Errors
    ///
    /// As [`create`](Self::create); [`CreateError::NotReplaceable`] if this process may not remove the old object;
    /// [`CreateError::Lost`] if the old object was removed, and the new one could not be made.
    pub fn replace<T: ShmObject + ShmId>(&self) -> Result<Shared<T>, CreateError> {
        self.replace_with(|_| {})
    }

    /// Like [`replace`](Self::replace), and lets `init` fill the new object, as [`create_with`](Self::create_with).
    ///
    /// # Errors
    ///
    /// As [`replace`](Self::replace). If `init` returned an error, the old object is removed: [`CreateError::Lost`].
    pub fn replace_with<T: ShmObject + ShmId, R: InitResult>(
        &self,
        init: impl FnOnce(&T) -> R,
    ) -> Result<Shared<T>, CreateError> {
        Shared::create(self, IfExists::Replace, init)
    }

    /// Removes the object with the id of `T`, whatever its layout.
    ///
    /// Processes that are attached to it keep it, and see that it [is removed](Shared::is_removed). Detaching does not
    /// remove an object.
    ///
    /// # Errors
    ///
    /// [`RemoveError::NotFound`] if it does not exist, [`RemoveError::NotPermitted`] if it is another user's.
    /// [`AttachError::MigrationInterrupted`] or [`AttachError::MigrationConflict`], in [`RemoveError::Existing`], if a
    /// migration was interrupted, and this call cannot finish it first. `shmstore rm` removes the object all the same.
    pub fn remove<T: ShmId>(&self) -> Result<(), RemoveError> {
        self.target(T::ID, Some(layout_of::<T>()))?.remove()
    }
}
