//! Where a run keeps its files and segments, which are gone when it ends.

use std::io;
use std::path::{Path, PathBuf};

use shmstore::Store;
use tempfile::TempDir;

/// A directory in memory, as the peers advise for theirs; shmstore needs one only for its name.
pub struct Place {
    directory: TempDir,
}

impl Place {
    /// Makes one.
    pub fn new() -> io::Result<Self> {
        let memory = Path::new("/dev/shm");
        let parent = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
        let private = std::os::unix::fs::PermissionsExt::from_mode(0o700);
        let directory = tempfile::Builder::new().prefix("shmstore-bench-").permissions(private).tempdir_in(parent)?;
        Ok(Self { directory })
    }

    /// The directory.
    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    /// A directory of its own in it.
    pub fn make(&self, name: &str) -> io::Result<PathBuf> {
        let path = self.directory.path().join(name);
        std::fs::create_dir(&path)?;
        Ok(path)
    }
}

impl Drop for Place {
    /// Removes what processes of this run have left behind, also those that failed.
    fn drop(&mut self) {
        let directories = std::fs::read_dir(self.path()).into_iter().flatten().flatten();
        for path in directories.map(|entry| entry.path()).chain([self.path().to_owned()]) {
            let Ok(store) = Store::open(&path) else { continue };
            for object in store.list().into_iter().flatten() {
                drop(store.remove_id(object.id));
            }
        }
    }
}
