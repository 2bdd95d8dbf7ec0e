//! A place of an example's own, with one object in it: both are gone when it is dropped.

use std::path::Path;

use shmstore::{RemoveError, Shared, ShmId, ShmObject, Store};
use tempfile::TempDir;

use crate::failure::Failure;

/// A directory of our own, and the object in it.
pub(crate) struct Stage<T: ShmObject + ShmId> {
    object: Shared<T>,
    store: Store,
    _directory: TempDir,
}

impl<T: ShmObject + ShmId> Stage<T> {
    /// Makes a directory, in it a named anchor, whose key is free whatever else is on this machine, and an object there.
    pub(crate) fn set(name: &str, init: impl FnOnce(&T)) -> Result<Self, Failure> {
        let directory = tempfile::Builder::new().prefix(&format!("shmstore-{name}-")).tempdir()?;
        let store = Store::open(directory.path())?.open_or_create_named(name)?;
        let object = store.create_with(init)?;
        Ok(Self { object, store, _directory: directory })
    }

    pub(crate) fn object(&self) -> &Shared<T> {
        &self.object
    }

    pub(crate) fn path(&self) -> &Path {
        self.store.path()
    }
}

impl<T: ShmObject + ShmId> Drop for Stage<T> {
    fn drop(&mut self) {
        // Nobody is left to be told if it fails; `ipcs -m` shows what stays.
        let _ = remove::<T>(&self.store);
    }
}

/// Removes the object; if somebody else has done it meanwhile, so much the better.
pub(crate) fn remove<T: ShmObject + ShmId>(store: &Store) -> Result<(), RemoveError> {
    match store.remove::<T>() {
        Err(RemoveError::NotFound { .. }) => Ok(()),
        removed => removed,
    }
}
