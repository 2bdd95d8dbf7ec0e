//! A [`Store`]: opening it, and what it knows of itself.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use crate::error::{AttachError, OpenError, RemoveError};
use crate::layout::schema::Schema;
use crate::segment::anchor::Anchor;
use crate::store::{Policy, StoreOptions, Target, Warning};

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
    pub(super) inner: Arc<Inner>,
}

pub(super) struct Inner {
    pub(super) path: Arc<Path>,
    /// The path without links, once an object was created: it is looked at again for each.
    pub(super) real_path: OnceLock<PathBuf>,
    /// The anchor as it was checked when the store was opened; every operation looks at it, and checks its owner and mode, again.
    pub(super) anchor: Anchor,
    pub(super) policy: Policy,
    pub(super) name: Option<String>,
    pub(super) warnings: Vec<Warning>,
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
    /// Good places are a service's directory in `/run`, `$XDG_RUNTIME_DIR`, and any directory of the user's own on a local disk. In
    /// `/tmp` a path is everybody's: the directory of another user is refused, and systemd-tmpfiles removes what is ten days old
    /// there, whether objects are in use or not.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open); [`OpenError::NotWritable`] or [`OpenError::InTheWay`] if the directory cannot be made.
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
        let Inner { path, real_path, anchor, policy, .. } = &*self.inner;
        Ok(Target { path, real_path, anchor, policy, id, schema })
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { path, name, policy, .. } = &*self.inner;
        f.debug_struct("Store").field("path", path).field("name", name).field("policy", policy).finish()
    }
}
