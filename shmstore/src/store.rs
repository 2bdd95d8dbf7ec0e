//! The store: where objects are created, attached, removed and listed.

mod list;
mod named;
mod options;

use std::error::Error;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::anchor::Anchor;
use crate::error::{AttachError, CreateError, OpenError, RemoveError};
use crate::handshake::{IfExists, Policy, Target};
use crate::layout::{ShmId, ShmObject};
use crate::schema::Schema;
use crate::shared::Shared;

pub use list::{ObjectInfo, ObjectState};
pub use options::{StoreOptions, Warning};

/// A place where processes meet: a directory or file, its *anchor*, and the objects that stand under it.
///
/// One object of each type-id-char can stand under an anchor. Under a directory, [`named`](Self::named) stores hold
/// more. A `Store` holds no descriptor and no memory; cloning it is cheap, and it works on in a child of `fork`.
///
/// ```
/// use shmstore::{ShmObject, Store};
/// use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
///
/// #[derive(ShmObject)]
/// #[repr(C)]
/// #[shm(id = 'C')]
/// struct Counters { hits: AtomicU64 }
///
/// # let dir = tempfile::tempdir()?; let path = dir.path().join("store");
/// let store = Store::open_or_create(path)?;
/// let counters = store.attach_or_create::<Counters>()?;
/// counters.hits.fetch_add(1, Relaxed);
/// store.remove::<Counters>()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    path: PathBuf,
    /// The anchor as it was checked when the store was opened; it is looked at again by every operation.
    anchor: Anchor,
    policy: Policy,
    name: Option<String>,
    warnings: Vec<Warning>,
}

impl Store {
    /// Opens the store at an existing directory or file.
    ///
    /// # Errors
    ///
    /// [`OpenError`] if nothing is there, it may not be read, everybody may write in it, or locks do not work there.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, OpenError> {
        Self::options().open(path)
    }

    /// Opens the store at a path, waiting up to `timeout` until something is there.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open); [`OpenError::NotFound`] once the time is over.
    pub fn open_timeout(path: impl AsRef<Path>, timeout: Duration) -> Result<Self, OpenError> {
        Self::options().open_timeout(path, timeout)
    }

    /// Opens the store at a path; if nothing is there, makes a directory of mode 0700, and those above it.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open); [`OpenError::AccessDenied`] if the directory can not be made.
    pub fn open_or_create(path: impl AsRef<Path>) -> Result<Self, OpenError> {
        Self::options().open_or_create(path)
    }

    /// Options for opening a store: mode, waiting, trust, number of processes.
    pub fn options() -> StoreOptions {
        StoreOptions::default()
    }

    /// The anchor's path, absolute.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.inner.path
    }

    /// The name by which this store was opened with [`named`](Self::named).
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.inner.name.as_deref()
    }

    /// What is allowed but unwise about the anchor, as it was when the store was opened.
    #[must_use]
    pub fn warnings(&self) -> &[Warning] {
        &self.inner.warnings
    }

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
    /// [`wait`](StoreOptions::wait).
    ///
    /// # Errors
    ///
    /// [`AttachError`]: it does not exist, has another layout, may not be written, is not to be trusted, is damaged.
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
    /// Processes that are attached to the old object keep it, and see that it [is retired](Shared::is_retired). The old one
    /// goes first: if the new one can not be made (a limit of the kernel, say), there is none.
    ///
    /// # Errors
    ///
    /// As [`create`](Self::create); [`CreateError::NotReplaceable`] if the old one is not ours to remove.
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
    /// Processes that are attached to it keep it, and see that it [is retired](Shared::is_retired): detaching is not
    /// deleting, and neither is removing.
    ///
    /// # Errors
    ///
    /// [`RemoveError::NotFound`] if there is none, [`RemoveError::NotPermitted`] if it is another user's.
    pub fn remove<T: ShmId>(&self) -> Result<(), RemoveError> {
        self.target(T::ID, Some(T::SCHEMA))?.remove()
    }

    /// Removes the object with an id: for programs that do not know its type.
    ///
    /// # Errors
    ///
    /// As [`remove`](Self::remove); [`AttachError::BadId`] if `id` is not printable ASCII.
    pub fn remove_id(&self, id: char) -> Result<(), RemoveError> {
        self.target(id, None)?.remove()
    }

    /// The operation's view of the object with an id.
    pub(crate) fn target(&self, id: char, schema: Option<&'static Schema>) -> Result<Target<'_>, AttachError> {
        let printable = u8::try_from(id).ok().filter(|id| (b' '..=b'~').contains(id));
        let id = printable.ok_or(AttachError::BadId { id })?;
        let Inner { path, anchor, policy, .. } = &*self.inner;
        Ok(Target { path, anchor, policy, id, schema })
    }
}

fn infallible<T>(init: impl FnOnce(&T)) -> impl FnOnce(&T) -> Result<(), std::convert::Infallible> {
    |object| {
        init(object);
        Ok(())
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { path, name, policy, .. } = &*self.inner;
        f.debug_struct("Store").field("path", path).field("name", name).field("policy", policy).finish()
    }
}
