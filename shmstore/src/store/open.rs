//! A [`Store`]: opening it, its path, its name and its warnings.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use crate::error::{AttachError, OpenError, RemoveError, Warning};
use crate::layout::type_layout::TypeLayout;
use crate::segment::anchor::Anchor;
use crate::store::{Policy, StoreOptions, Target};

/// The objects under one path: a directory or file, which is called their *anchor*. Processes meet here.
///
/// An anchor has one object for each type-id-char. A directory can also have [named](Self::open_or_create_named)
/// stores, each with objects of its own. A `Store` holds no descriptor and no memory. Cloning it is cheap, and a child
/// of `fork` can use it.
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

/// The path of an anchor, and its name in the store of its directory.
#[derive(Debug, Clone)]
pub(super) struct Location {
    pub(super) path: Arc<Path>,
    pub(super) name: Option<Arc<str>>,
}

pub(super) struct Inner {
    pub(super) location: Location,
    /// The path without links, once an object was created. It is checked again for each object.
    pub(super) real_path: OnceLock<PathBuf>,
    /// The anchor as it was checked when the store was opened. Every operation checks it again, with its owner and
    /// mode.
    pub(super) anchor: Anchor,
    pub(super) policy: Policy,
    pub(super) warnings: Vec<Warning>,
}

impl Store {
    /// Opens the store at an existing directory or file.
    ///
    /// # Errors
    ///
    /// [`OpenError`] if there is no file, it may not be read, every user may write in it, or locks do not work there.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, OpenError> {
        Self::options().open(path)
    }

    /// Opens the store at a path, and waits up to `timeout` for a directory or file to be there.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open); [`OpenError::NotFound`] after the time.
    pub fn open_timeout(path: impl AsRef<Path>, timeout: Duration) -> Result<Self, OpenError> {
        Self::options().open_timeout(path, timeout)
    }

    /// Opens the store at a path. If there is no file, makes a directory of mode 0700, and the directories above it.
    ///
    /// Good places are a service's directory in `/run`, `$XDG_RUNTIME_DIR`, and any directory of the user's own on a
    /// local disk. In `/tmp` any user can take a path first, and the directory of another user is refused. And
    /// systemd-tmpfiles removes files in `/tmp` that are ten days old, even if objects are in use.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open); [`OpenError::NotWritable`] or [`OpenError::InTheWay`] if the directory cannot be made.
    pub fn open_or_create(path: impl AsRef<Path>) -> Result<Self, OpenError> {
        Self::options().open_or_create(path)
    }

    /// Returns the options for opening a store: mode, waiting, trust, number of processes.
    pub fn options() -> StoreOptions {
        StoreOptions::default()
    }

    /// Returns the anchor's path, which is absolute.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.inner.location.path
    }

    /// Returns the name, if the store was opened by [`open_or_create_named`](Self::open_or_create_named) or
    /// [`open_named`](Self::open_named).
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.inner.location.name.as_deref()
    }

    /// Returns the warnings about the anchor, as it was when the store was opened.
    #[must_use]
    pub fn warnings(&self) -> &[Warning] {
        &self.inner.warnings
    }

    /// Removes the object with an id, for programs that do not know its type.
    ///
    /// # Errors
    ///
    /// As [`remove`](Self::remove); [`AttachError::BadId`] if `id` is not printable ASCII.
    pub fn remove_id(&self, id: char) -> Result<(), RemoveError> {
        self.target(id, None)?.remove()
    }

    /// The part of a store that a handle keeps.
    pub(super) fn location(&self) -> Location {
        self.inner.location.clone()
    }

    /// The object with an id, as an operation sees it.
    pub(crate) fn target<'a>(&'a self, id: char, layout: Option<&'a TypeLayout>) -> Result<Target<'a>, AttachError> {
        let printable = u8::try_from(id).ok().filter(|id| (b' '..=b'~').contains(id));
        let id = printable.ok_or(AttachError::BadId { id })?;
        let Inner { location, real_path, anchor, policy, .. } = &*self.inner;
        Ok(Target { path: &location.path, real_path, anchor, policy, id, layout })
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { location: Location { path, name }, policy, .. } = &*self.inner;
        f.debug_struct("Store").field("path", path).field("name", name).field("policy", policy).finish()
    }
}
