//! What a store does with objects of a type: create, attach, replace, remove.

use std::convert::Infallible;
use std::error::Error;
use std::time::Duration;

use crate::error::{AttachError, CreateError, RemoveError};
use crate::layout::{ShmId, ShmObject};
use crate::store::IfExists;
use crate::store::Store;
use crate::store::read_only::ReadOnly;
use crate::store::shared::Shared;

/// Objects of a type.
impl Store {
    /// Creates an object, all zero.
    ///
    /// # Errors
    ///
    /// [`CreateError::AlreadyExists`], a limit of the kernel, or what stands in the way at the object's key.
    pub fn create<T: ShmObject + ShmId>(&self) -> Result<Shared<T>, CreateError> {
        self.create_with(|_| {})
    }

    /// Creates an object, and lets `init` fill it before anybody else can see it.
    ///
    /// If `init` panics, nothing is left of the object.
    ///
    /// # Errors
    ///
    /// As [`create`](Self::create).
    ///
    /// ```
    /// # use shmstore::{ShmObject, Store};
    /// # use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
    /// # #[derive(ShmObject)] #[repr(C)] #[shm(id = 'C')] struct Counters { hits: AtomicU64 }
    /// # let dir = tempfile::tempdir()?; let store = Store::open(dir.path())?;
    /// let counters = store.create_with(|new: &Counters| new.hits.store(1_000, Relaxed))?;
    /// assert_eq!(counters.hits.load(Relaxed), 1_000);
    /// # store.remove::<Counters>()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn create_with<T: ShmObject + ShmId>(&self, init: impl FnOnce(&T)) -> Result<Shared<T>, CreateError> {
        Shared::create(self, IfExists::Refuse, infallible(init))
    }

    /// Creates an object, and lets `init` fill it, or give up.
    ///
    /// # Errors
    ///
    /// As [`create`](Self::create); [`CreateError::Init`] if `init` failed, and nothing is left of the object.
    pub fn try_create_with<T: ShmObject + ShmId, E: Into<Box<dyn Error + Send + Sync>>>(
        &self,
        init: impl FnOnce(&T) -> Result<(), E>,
    ) -> Result<Shared<T>, CreateError> {
        Shared::create(self, IfExists::Refuse, init)
    }

    /// Attaches to an existing object. One that is just being created is waited for, up to the store's
    /// [`wait`](crate::StoreOptions::wait).
    ///
    /// # Errors
    ///
    /// [`AttachError`]: it does not exist, has another layout, may not be written (to read it, there is
    /// [`attach_read_only`](Self::attach_read_only)), is not to be trusted, is damaged.
    pub fn attach<T: ShmObject + ShmId>(&self) -> Result<Shared<T>, AttachError> {
        self.attach_timeout(Duration::ZERO)
    }

    /// Attaches to an object, waiting up to `timeout` for its creation.
    ///
    /// # Errors
    ///
    /// As [`attach`](Self::attach); [`AttachError::NotFound`] once the time is over.
    pub fn attach_timeout<T: ShmObject + ShmId>(&self, timeout: Duration) -> Result<Shared<T>, AttachError> {
        Shared::attach(self, timeout)
    }

    /// Attaches to an existing object for reading only: needs permission to read it and the anchor, and takes no place in
    /// the object's table of processes. One that is just being created is waited for, up to the store's
    /// [`wait`](crate::StoreOptions::wait).
    ///
    /// Nothing is ever written, and nothing cleaned up: what a creator has left that died half-way does not exist.
    ///
    /// # Errors
    ///
    /// [`AttachError`]: it does not exist, has another layout, may not be read, is not to be trusted, is damaged.
    ///
    /// ```
    /// # use shmstore::{ShmObject, Store};
    /// # use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
    /// # #[derive(ShmObject)] #[repr(C)] #[shm(id = 'C')] struct Counters { hits: AtomicU64 }
    /// # let dir = tempfile::tempdir()?; let path = dir.path().join("counters");
    /// // A program that lets every user look:
    /// let store = Store::options().mode(0o644).open_or_create(&path)?;
    /// let counters = store.create::<Counters>()?;
    ///
    /// // A program of another user, who trusts the first:
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

    /// Attaches to an object for reading only, waiting up to `timeout` for its creation.
    ///
    /// # Errors
    ///
    /// As [`attach_read_only`](Self::attach_read_only); [`AttachError::NotFound`] once the time is over.
    pub fn attach_read_only_timeout<T: ShmObject + ShmId>(
        &self,
        timeout: Duration,
    ) -> Result<ReadOnly<T>, AttachError> {
        ReadOnly::attach(self, timeout)
    }

    /// Attaches to an object, or creates it, all zero. However many processes do so at a time, one creates it.
    ///
    /// # Errors
    ///
    /// As [`attach`](Self::attach) and [`create`](Self::create).
    pub fn attach_or_create<T: ShmObject + ShmId>(&self) -> Result<Shared<T>, CreateError> {
        self.attach_or_create_with(|_| {})
    }

    /// Attaches to an object, or creates it and lets `init` fill it. However many processes do so at a time, one calls
    /// `init`.
    ///
    /// # Errors
    ///
    /// As [`attach`](Self::attach) and [`create`](Self::create).
    pub fn attach_or_create_with<T: ShmObject + ShmId>(&self, init: impl FnOnce(&T)) -> Result<Shared<T>, CreateError> {
        Shared::create(self, IfExists::Attach, infallible(init))
    }

    /// Attaches to an object, or creates it and lets `init` fill it, or give up.
    ///
    /// # Errors
    ///
    /// As [`attach`](Self::attach) and [`create`](Self::create); [`CreateError::Init`] if `init` failed.
    pub fn try_attach_or_create_with<T: ShmObject + ShmId, E: Into<Box<dyn Error + Send + Sync>>>(
        &self,
        init: impl FnOnce(&T) -> Result<(), E>,
    ) -> Result<Shared<T>, CreateError> {
        Shared::create(self, IfExists::Attach, init)
    }

    /// Removes whatever object has the id of `T`, and creates a new one, all zero, with nobody in between.
    ///
    /// Processes that are attached to the old object keep it, and see that it [is removed](Shared::is_removed). The old one
    /// goes first, once the kernel's limits allow the new one. If that cannot be made all the same there is none, nor if the process
    /// is killed in between.
    ///
    /// # Errors
    ///
    /// As [`create`](Self::create); [`CreateError::NotReplaceable`] if the old one is not ours to remove; [`CreateError::Lost`] if it
    /// is gone, and there is no new one.
    pub fn replace<T: ShmObject + ShmId>(&self) -> Result<Shared<T>, CreateError> {
        self.replace_with(|_| {})
    }

    /// Like [`replace`](Self::replace), and lets `init` fill the new object.
    ///
    /// # Errors
    ///
    /// As [`replace`](Self::replace).
    pub fn replace_with<T: ShmObject + ShmId>(&self, init: impl FnOnce(&T)) -> Result<Shared<T>, CreateError> {
        Shared::create(self, IfExists::Replace, infallible(init))
    }

    /// Removes the object with the id of `T`, whatever its layout.
    ///
    /// Processes that are attached to it keep it, and see that it [is removed](Shared::is_removed): detaching is not
    /// deleting, and neither is removing.
    ///
    /// # Errors
    ///
    /// [`RemoveError::NotFound`] if there is none, [`RemoveError::NotPermitted`] if it is another user's.
    pub fn remove<T: ShmId>(&self) -> Result<(), RemoveError> {
        self.target(T::ID, Some(T::SCHEMA))?.remove()
    }
}

fn infallible<T>(init: impl FnOnce(&T)) -> impl FnOnce(&T) -> Result<(), Infallible> {
    |object| {
        init(object);
        Ok(())
    }
}
