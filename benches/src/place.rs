//! Where a run keeps its files and segments, which are gone when it ends; if it was killed, when the next one begins.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::fcntl::{Flock, FlockArg};
use shmstore::{ObjectInfo, Store};
use tempfile::TempDir;

use crate::sysv::{self, Anchor};

/// How the names of all runs' directories begin.
const NAME: &str = "shmstore-compare-";

/// In a place: where its directory on disk is, if it has one. The name of that one begins with this, too.
const DISK: &str = "disk-of-";

/// Where files in memory are.
const MEMORY: &str = "/dev/shm";

/// Who has made a directory holds it within this time.
const START: Duration = Duration::from_secs(10);

/// How often a directory is tried to be removed, and how long after each time: who writes to it may still be about to end.
const TRIES: u32 = 100;
const PAUSE: Duration = Duration::from_millis(10);

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
        let private = fs::Permissions::from_mode(0o700);
        let directory = tempfile::Builder::new().prefix(NAME).permissions(private).tempdir_in(&parent)?;
        let alive = hold(directory.path()).ok_or_else(|| io::Error::other("a new directory is held by another"))?;
        clean_stale(&parent, fs::metadata(directory.path())?.uid());
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

    /// A directory for files that are too many for memory, on disk: gone when it is dropped, or with the place.
    pub fn make_on_disk(&self, name: &str) -> io::Result<TempDir> {
        let disk = std::env::temp_dir().join(disk_of(self.path()));
        // It is said where it is before it is there.
        let said = symlink(&disk, self.path().join(DISK));
        if said.is_ok() {
            fs::DirBuilder::new().mode(0o700).create(&disk)?;
        }
        tempfile::Builder::new().prefix(name).tempdir_in(disk)
    }
}

impl Drop for Place {
    /// Removes what processes of this run have left behind, also those that failed.
    fn drop(&mut self) {
        clean(self.path());
    }
}

/// What the names of those files begin with that cannot be in a directory of a place, but only in memory itself.
pub fn prefix(directory: &Path) -> String {
    let place = directory.ancestors().find_map(|path| {
        let name = path.file_name()?.to_str()?;
        name.starts_with(NAME).then(|| name.to_owned())
    });
    format!("{}-", place.unwrap_or_else(|| format!("{NAME}nowhere")))
}

/// Whether a directory can be a place, by its name.
pub fn is_one(path: &Path) -> bool {
    is_named(path, NAME)
}

/// Removes all that belongs to a place, the directory included; but no file that stands for a segment that is still there:
/// by that the next run finds it.
pub fn clean(place: &Path) {
    let directories = entries(place).filter(|path| is_directory(path)).chain([place.to_owned()]);
    let left: usize = directories.map(|path| clean_objects(&path) + usize::from(!Anchor::at(&path).clean())).sum();
    let prefix = prefix(place);
    for path in entries(Path::new(MEMORY)).filter(|path| is_named(path, &prefix)) {
        drop(fs::remove_file(path));
    }
    if let Some(disk) = fs::read_link(place.join(DISK)).ok().filter(|path| is_named(path, &disk_of(place))) {
        remove(&disk);
    }
    if left == 0 {
        remove(place);
    } else {
        eprintln!("note: {left} segments of {} could not be removed: the next run tries again", place.display());
    }
}

/// Removes a directory with all that is in it.
fn remove(directory: &Path) {
    for _ in 0..TRIES {
        if fs::remove_dir_all(directory).is_ok() || !directory.exists() {
            return;
        }
        std::thread::sleep(PAUSE);
    }
}

/// The name of a place's directory on disk.
fn disk_of(place: &Path) -> String {
    format!("{DISK}{}", place.file_name().unwrap_or_default().display())
}

/// Removes the objects under a directory, those with names included. Returns how many are left.
fn clean_objects(directory: &Path) -> usize {
    let Ok(store) = Store::open(directory) else { return 0 };
    for object in store.list().into_iter().flatten() {
        let removed = match &object.name {
            Some(name) => store.open_named(name).is_ok_and(|named| named.remove_id(object.id).is_ok()),
            None => store.remove_id(object.id).is_ok(),
        };
        if !removed {
            remove_unfinished(directory, &object);
        }
    }
    store.list().map_or(0, |left| left.len())
}

/// Removes what a process was just making when it ended: by its key it is of a file that nobody but its owner can have made.
fn remove_unfinished(directory: &Path, object: &ObjectInfo) {
    if fs::metadata(directory).is_ok_and(|status| status.uid() == object.owner) {
        drop(sysv::remove(object.shmid));
    }
}

/// Removes the places in a directory that nobody holds, of one user.
fn clean_stale(parent: &Path, owner: u32) {
    let is_theirs = |path: &Path| fs::symlink_metadata(path).is_ok_and(|status| status.uid() == owner);
    for place in entries(parent).filter(|path| is_one(path) && is_theirs(path) && is_settled(path)) {
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

fn is_directory(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|status| status.is_dir())
}

fn is_named(path: &Path, prefix: &str) -> bool {
    path.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.starts_with(prefix))
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU64;

    use shmstore::{Shared, ShmObject};

    use super::*;

    #[derive(ShmObject)]
    #[repr(C)]
    #[shm(id = 'P')]
    struct Object {
        count: AtomicU64,
    }

    /// Makes an object, and lets it go. Returns its segment.
    fn object(store: &Store) -> i32 {
        let object = store.create::<Object>().expect("a free key");
        Shared::info(&object).expect("attached").shmid
    }

    #[test]
    fn a_place_takes_its_segments_and_files_with_it() {
        let place = Place::new().expect("a directory in memory");
        let directory = place.make("row-system").expect("a new name");
        let bare = Anchor::make(&directory).and_then(|anchor| anchor.create(4096)).expect("a free key");
        let store = Store::open(&directory).expect("our own");
        let named = store.open_or_create_named("one of many").expect("a new name");
        let segments = [bare, object(&store), object(&named)];
        let outside = Path::new(MEMORY).join(format!("{}left", prefix(&directory)));
        fs::write(&outside, "").expect("a file in memory");
        let on_disk = place.make_on_disk("crates").expect("a directory on disk").keep();
        let path = place.path().to_owned();
        drop(place);
        let there: Vec<_> = segments.into_iter().filter(|&shmid| sysv::status(shmid).is_ok()).collect();
        for shmid in &there {
            drop(sysv::remove(*shmid));
        }
        assert!(there.is_empty(), "of the bare one, the object and the named one, {segments:?}, {there:?} are there");
        assert!(!path.exists() && !outside.exists() && !on_disk.exists());
        assert!(!on_disk.parent().is_some_and(Path::exists), "{} is there", on_disk.display());
    }

    #[test]
    fn a_segment_of_another_maker_is_left_alone() {
        let place = Place::new().expect("a directory in memory");
        let anchor = Anchor::make(place.path()).expect("a file");
        let shmid = anchor.create(4096).expect("a free key");
        fs::write(anchor.path(), "1").expect("our own file");
        assert!(!anchor.clean(), "it says that the segment is there");
        assert_eq!(anchor.find().ok(), Some(shmid), "made by this process, not by process 1");
        sysv::remove(shmid).expect("our own");
    }

    #[test]
    fn who_lives_keeps_its_place_and_who_died_does_not() {
        let place = Place::new().expect("a directory in memory");
        let dead = parent().join(format!("{NAME}test-{}", std::process::id()));
        fs::create_dir(&dead).expect("a new name");
        let owner = fs::metadata(&dead).expect("our own").uid();
        clean_stale(&parent(), owner);
        assert!(dead.exists(), "it may be about to be held");
        for path in [place.path(), &dead] {
            let directory = File::open(path).expect("our own");
            directory.set_modified(std::time::SystemTime::now() - 2 * START).expect("our own");
        }
        clean_stale(&parent(), owner + 1);
        assert!(dead.exists(), "it is another user's, as far as is known here");
        clean_stale(&parent(), owner);
        assert!(place.path().is_dir() && !dead.exists());
    }
}
