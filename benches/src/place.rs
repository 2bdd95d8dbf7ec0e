//! Where a run keeps its files and segments, which are gone when it ends; if it was killed, when the next one begins.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::fcntl::{Flock, FlockArg};
use shmstore::Store;
use tempfile::TempDir;

use crate::sysv::Anchor;

/// How the names of all runs' directories begin.
const NAME: &str = "shmstore-compare-";

/// Where files in memory are.
const MEMORY: &str = "/dev/shm";

/// Who has made a directory holds it within this time.
const START: Duration = Duration::from_secs(10);

/// A directory in memory, as the peers advise for theirs; shmstore needs one only for its name.
pub struct Place {
    directory: TempDir,
    /// Held as long as the run lives: what nobody holds is a dead run's.
    _alive: Flock<File>,
}

impl Place {
    /// Makes one, and removes those of runs that were killed.
    pub fn new() -> io::Result<Self> {
        let parent = parent();
        clean_stale(&parent);
        let private = fs::Permissions::from_mode(0o700);
        let directory = tempfile::Builder::new().prefix(NAME).permissions(private).tempdir_in(parent)?;
        let alive = hold(directory.path()).ok_or_else(|| io::Error::other("a new directory is held by another"))?;
        Ok(Self { directory, _alive: alive })
    }

    /// The directory.
    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    /// A directory of its own in it.
    pub fn make(&self, name: &str) -> io::Result<PathBuf> {
        let path = self.directory.path().join(name);
        fs::create_dir(&path)?;
        Ok(path)
    }
}

impl Drop for Place {
    /// Removes what processes of this run have left behind, also those that failed.
    fn drop(&mut self) {
        clean(self.path());
    }
}

/// What the names of those files begin with that can not be in a directory of a place, but only in memory itself.
pub fn prefix(directory: &Path) -> String {
    let place = directory.ancestors().find_map(|path| {
        let name = path.file_name()?.to_str()?;
        name.starts_with(NAME).then(|| name.to_owned())
    });
    format!("{}-", place.unwrap_or_else(|| format!("{NAME}nowhere")))
}

/// Removes all that belongs to a place, the directory included.
pub fn clean(place: &Path) {
    for path in entries(place).chain([place.to_owned()]) {
        clean_objects(&path);
        Anchor::at(&path).clean();
    }
    let prefix = prefix(place);
    for path in entries(Path::new(MEMORY)).filter(|path| is_named(path, &prefix)) {
        drop(fs::remove_file(path));
    }
    drop(fs::remove_dir_all(place));
}

fn clean_objects(directory: &Path) {
    let Ok(store) = Store::open(directory) else { return };
    for object in store.list().into_iter().flatten() {
        drop(store.remove_id(object.id));
    }
}

fn clean_stale(parent: &Path) {
    for place in entries(parent).filter(|path| is_named(path, NAME) && is_settled(path)) {
        if let Some(_held) = hold(&place) {
            clean(&place);
        }
    }
}

/// Whether it is a directory that nobody is just about to hold.
fn is_settled(path: &Path) -> bool {
    let changed = fs::metadata(path).ok().filter(fs::Metadata::is_dir).and_then(|status| status.modified().ok());
    changed.and_then(|at| at.elapsed().ok()).is_some_and(|age| age > START)
}

fn parent() -> PathBuf {
    let memory = Path::new(MEMORY);
    if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() }
}

/// Holds a place, if nobody does. By a file in it: the directory itself is shmstore's to lock.
fn hold(place: &Path) -> Option<Flock<File>> {
    let file = File::options().create(true).append(true).open(place.join("alive")).ok()?;
    Flock::lock(file, FlockArg::LockExclusiveNonblock).ok()
}

fn entries(directory: &Path) -> impl Iterator<Item = PathBuf> {
    fs::read_dir(directory).into_iter().flatten().flatten().map(|entry| entry.path())
}

fn is_named(path: &Path, prefix: &str) -> bool {
    path.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.starts_with(prefix))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_takes_its_segments_and_files_with_it() {
        let place = Place::new().expect("a directory in memory");
        let directory = place.make("row-system").expect("a new name");
        let shmid = Anchor::make(&directory).and_then(|anchor| anchor.create(4096)).expect("a free key");
        let outside = Path::new(MEMORY).join(format!("{}left", prefix(&directory)));
        fs::write(&outside, "").expect("a file in memory");
        let path = place.path().to_owned();
        drop(place);
        assert!(!path.exists() && !outside.exists());
        assert!(crate::sysv::status(shmid).is_err(), "the segment is still there");
    }

    #[test]
    fn a_segment_of_another_maker_is_left_alone() {
        let place = Place::new().expect("a directory in memory");
        let anchor = Anchor::make(place.path()).expect("a file");
        let shmid = anchor.create(4096).expect("a free key");
        fs::write(anchor.path(), "1").expect("our own file");
        anchor.clean();
        assert_eq!(anchor.find().ok(), Some(shmid), "made by this process, not by process 1");
        crate::sysv::remove(shmid).expect("our own");
    }

    #[test]
    fn who_lives_keeps_its_place_and_who_died_does_not() {
        let place = Place::new().expect("a directory in memory");
        let dead = parent().join(format!("{NAME}test-{}", std::process::id()));
        fs::create_dir(&dead).expect("a new name");
        clean_stale(&parent());
        assert!(dead.exists(), "it may be about to be held");
        for path in [place.path(), &dead] {
            let directory = File::open(path).expect("our own");
            directory.set_modified(std::time::SystemTime::now() - 2 * START).expect("our own");
        }
        clean_stale(&parent());
        assert!(place.path().is_dir() && !dead.exists());
    }
}
