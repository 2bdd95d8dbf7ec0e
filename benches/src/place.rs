//! The directory of a run, for its files and segments. All of them are removed when the run ends, or, if the run was
//! killed, when the next one begins.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::fcntl::{Flock, FlockArg};
use shmstore::{ObjectInfo, Store};
use tempfile::TempDir;

use crate::sysv::{self, Anchor};

/// The beginning of the names of all runs' directories.
const NAME: &str = "shmstore-compare-";

/// A link in a run's directory to its directory on disk, if there is one. The name of that directory begins like this,
/// too.
const DISK: &str = "disk-of-";

/// The directory of files in memory.
const MEMORY: &str = "/dev/shm";

/// A named semaphore of a run, as cloudtoid names the one of a queue: a file in memory whose name begins like this.
const SEMAPHORE: &str = "sem.ct3ip.";

/// A new directory is locked by its run within this time.
const START: Duration = Duration::from_secs(10);

/// The number of attempts to remove a directory, and the pause after each: a process that writes to it may be about to
/// end.
const TRIES: u32 = 100;
const PAUSE: Duration = Duration::from_millis(10);

/// A directory in memory, as the peers recommend. shmstore needs one only for its name.
pub struct Place {
    directory: TempDir,
    /// Locked as long as the run lives. An unlocked directory belongs to a run that was killed.
    _alive: Flock<File>,
}

impl Place {
    /// Creates one, and removes all directories of runs that were killed.
    pub fn new() -> io::Result<Self> {
        let parent = parent();
        let private = fs::Permissions::from_mode(0o700);
        let directory = tempfile::Builder::new().prefix(NAME).permissions(private).tempdir_in(&parent)?;
        let alive = lock(directory.path()).ok_or_else(|| io::Error::other("a new directory is locked already"))?;
        clean_stale(&parent, fs::metadata(directory.path())?.uid());
        Ok(Self { directory, _alive: alive })
    }

    /// The directory.
    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    /// Creates a directory in it.
    pub fn make(&self, name: &str) -> io::Result<PathBuf> {
        let path = self.path().join(name);
        fs::create_dir(&path)?;
        Ok(path)
    }

    /// Creates a directory on disk, for files that are too large for memory. It is removed when it is dropped, or with
    /// the run's directory.
    pub fn make_on_disk(&self, name: &str) -> io::Result<TempDir> {
        let disk = std::env::temp_dir().join(disk_of(self.path()));
        // The link comes before the directory, so that a killed run's directory is found.
        if symlink(&disk, self.path().join(DISK)).is_ok() {
            fs::DirBuilder::new().mode(0o700).create(&disk)?;
        }
        tempfile::Builder::new().prefix(name).tempdir_in(disk)
    }
}

impl Drop for Place {
    /// Removes everything that processes of this run have left behind, failed ones included.
    fn drop(&mut self) {
        clean(self.path());
    }
}

/// The beginning of the names of a run's files outside of its directory, directly in memory.
pub fn prefix(directory: &Path) -> String {
    let place = directory.ancestors().find_map(|path| path.file_name()?.to_str().filter(|name| name.starts_with(NAME)));
    format!("{}-", place.unwrap_or("shmstore-compare-nowhere"))
}

/// The name of something in memory that belongs to a directory of a run.
pub fn name_in_memory(directory: &Path) -> String {
    let inside = directory.ancestors().take_while(|path| !is_one(path)).filter_map(|path| path.file_name()?.to_str());
    let mut inside: Vec<&str> = inside.collect();
    inside.reverse();
    prefix(directory) + &inside.join("-")
}

/// Returns `true` if a directory has the name of a run's directory.
pub fn is_one(path: &Path) -> bool {
    is_named(path, NAME)
}

/// Removes everything that belongs to a run, its directory included. Files that stand for segments stay as long as the
/// segments, so that the next run finds them.
pub fn clean(place: &Path) {
    let left = clean_segments(place);
    let prefix = prefix(place);
    let semaphore = format!("{SEMAPHORE}{prefix}");
    for path in entries(Path::new(MEMORY)).filter(|path| is_named(path, &prefix) || is_named(path, &semaphore)) {
        drop(fs::remove_file(path));
    }
    if let Some(disk) = fs::read_link(place.join(DISK)).ok().filter(|path| is_named(path, &disk_of(place))) {
        remove(&disk);
    }
    if left == 0 {
        remove(place);
    } else {
        eprintln!("note: {left} segments of {} cannot be removed: the next run tries again", place.display());
    }
}

/// Removes a directory of a run, with its segments and files, before the run ends. The rest is removed then.
pub fn clear(directory: &Path) {
    if clean_segments(directory) == 0 {
        remove(directory);
    }
}

/// Removes the segments of a directory and of all directories in it. Returns the number of segments that are left.
fn clean_segments(directory: &Path) -> usize {
    let inside: usize = entries(directory).filter(|path| is_directory(path)).map(|path| clean_segments(&path)).sum();
    inside + clean_objects(directory) + usize::from(!Anchor::at(directory).clean())
}

/// Removes a directory with all its files.
fn remove(directory: &Path) {
    for _ in 0..TRIES {
        if fs::remove_dir_all(directory).is_ok() || !directory.exists() {
            return;
        }
        std::thread::sleep(PAUSE);
    }
}

/// The name of a run's directory on disk.
fn disk_of(place: &Path) -> String {
    format!("{DISK}{}", place.file_name().unwrap_or_default().display())
}

/// Removes the objects under a directory, named ones included. Returns the number of objects that are left.
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

/// Removes an object whose creator ended during creation. Only the owner of the directory can have created its key's
/// file.
fn remove_unfinished(directory: &Path, object: &ObjectInfo) {
    if fs::metadata(directory).is_ok_and(|status| status.uid() == object.owner) {
        drop(sysv::remove(object.shmid));
    }
}

/// Removes the unlocked directories of one user's runs.
fn clean_stale(parent: &Path, owner: u32) {
    let is_owned = |path: &Path| fs::symlink_metadata(path).is_ok_and(|status| status.uid() == owner);
    for place in entries(parent).filter(|path| is_one(path) && is_owned(path) && is_settled(path)) {
        if let Some(_locked) = lock(&place) {
            clean(&place);
        }
    }
}

/// Returns `true` for a directory that no new run is about to lock.
fn is_settled(path: &Path) -> bool {
    let changed = fs::metadata(path).ok().filter(fs::Metadata::is_dir).and_then(|status| status.modified().ok());
    changed.and_then(|at| at.elapsed().ok()).is_some_and(|age| age > START)
}

fn parent() -> PathBuf {
    let memory = Path::new(MEMORY);
    if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() }
}

/// Locks a run's directory by a file in it, if it is unlocked. The lock of the directory itself is shmstore's.
fn lock(place: &Path) -> Option<Flock<File>> {
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
    use std::time::Instant;

    use shmstore::{Shared, ShmObject};

    use super::*;

    #[derive(ShmObject)]
    #[repr(C)]
    #[shm(id = 'P')]
    struct Object {
        count: AtomicU64,
    }

    /// Creates an object, and lets it go. Returns its segment.
    fn object(store: &Store) -> i32 {
        let object = store.create::<Object>().expect("a free key");
        Shared::info(&object).expect("attached").shmid
    }

    #[test]
    fn a_place_takes_its_segments_and_files_with_it() {
        let place = Place::new().expect("a directory in memory");
        let directory = place.make("row-system").expect("a new name");
        let bare = Anchor::make(&directory).and_then(|anchor| anchor.create(4096)).expect("a free key");
        let store = Store::open(&directory).expect("a directory of this process");
        let named = store.open_or_create_named("one of many").expect("a new name");
        let deeper = directory.join("answers");
        fs::create_dir(&deeper).expect("a new name");
        let deeper = Store::open(&deeper).expect("a directory of this process");
        let segments = [bare, object(&store), object(&named), object(&deeper)];
        let outside =
            ["", SEMAPHORE].map(|kind| Path::new(MEMORY).join(format!("{kind}{}", name_in_memory(&directory))));
        outside.iter().for_each(|path| fs::write(path, "").expect("a file in memory"));
        let on_disk = place.make_on_disk("crates").expect("a directory on disk").keep();
        let path = place.path().to_owned();
        drop(place);
        let there: Vec<_> = segments.into_iter().filter(|&shmid| sysv::status(shmid).is_ok()).collect();
        for shmid in &there {
            drop(sysv::remove(*shmid));
        }
        assert!(
            there.is_empty(),
            "of the bare one, the object, the named one and the one in a directory below, {segments:?}, {there:?} exist"
        );
        assert!(!path.exists() && !outside.iter().any(|path| path.exists()) && !on_disk.exists());
        assert!(!on_disk.parent().is_some_and(Path::exists), "{} exists", on_disk.display());
    }

    #[test]
    fn a_segment_of_another_process_is_left_alone() {
        let place = Place::new().expect("a directory in memory");
        let anchor = Anchor::make(place.path()).expect("a file");
        let shmid = anchor.create(4096).expect("a free key");
        fs::write(anchor.path(), "1").expect("a file of this process");
        assert!(!anchor.clean(), "the segment exists");
        assert_eq!(anchor.find().ok(), Some(shmid), "created by this process, not by process 1");
        sysv::remove(shmid).expect("a segment of this process");
    }

    #[test]
    fn a_live_run_keeps_its_place_and_a_dead_one_does_not() {
        let place = Place::new().expect("a directory in memory");
        let dead = parent().join(format!("{NAME}test-{}", std::process::id()));
        fs::create_dir(&dead).expect("a new name");
        let owner = fs::metadata(&dead).expect("a directory of this process").uid();
        clean_stale(&parent(), owner);
        assert!(dead.exists(), "a run may be about to lock it");
        for path in [place.path(), &dead] {
            let directory = File::open(path).expect("a directory of this process");
            directory.set_modified(std::time::SystemTime::now() - 2 * START).expect("its owner");
        }
        clean_stale(&parent(), owner + 1);
        assert!(dead.exists(), "it belongs to another user");
        // The run of another test may be cleaning it at this moment.
        let started = Instant::now();
        while dead.exists() {
            clean_stale(&parent(), owner);
            assert!(started.elapsed() < START, "{} exists", dead.display());
        }
        assert!(place.path().is_dir());
    }
}
