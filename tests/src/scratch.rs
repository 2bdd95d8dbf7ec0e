//! A store of a test's own, which leaves the machine's segment table as it found it, also when the test fails.

use std::fs::{Metadata, Permissions};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::net::{SocketAddr, UnixListener};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

use shmstore::{Store, inspect};
use tempfile::TempDir;

use crate::segments::{self, Segment};

/// A directory of the test's own, and the keys that stand for it.
pub struct Scratch {
    directory: TempDir,
    /// The names of the keys in use: no other test of this machine has an anchor with the same key meanwhile, whose segments
    /// this one would meet or remove.
    keys: Mutex<Vec<UnixListener>>,
}

impl Scratch {
    pub fn new() -> Self {
        let (directory, key) = with_a_free_key(&std::env::temp_dir());
        Self { directory, keys: Mutex::new(vec![key]) }
    }

    /// Makes another anchor in it, whose keys no segment has.
    pub fn reserve(&self, name: &str) -> PathBuf {
        let path = self.join(name);
        let parent = path.parent().expect("it is in the directory");
        std::fs::create_dir_all(parent).expect("our own directory");
        let (directory, key) = with_a_free_key(parent);
        self.keys.lock().expect("no panic").push(key);
        std::fs::rename(directory.keep(), &path).expect("nothing is there");
        path
    }

    /// The directory, an anchor of mode 0700.
    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    pub fn join(&self, name: &str) -> PathBuf {
        self.path().join(name)
    }

    pub fn store(&self) -> Store {
        Store::open(self.path()).expect("a fresh directory is fit to be an anchor")
    }

    /// The key of an object under the directory.
    pub fn key(&self, id: char) -> i32 {
        key_of(self.path(), id)
    }

    /// The segments that stand at a key of the directory or of a file in it, unless they name another anchor with the same key.
    pub fn segments(&self) -> Vec<Segment> {
        let anchors: Vec<(i32, Metadata)> =
            self.anchors().iter().filter_map(|path| Some((key_of(path, '\0'), path.metadata().ok()?))).collect();
        let stands_there = |segment: &Segment| {
            let mut at_key = anchors.iter().filter(|(key, _)| *key == segment.key & 0x00ff_ffff).peekable();
            at_key.peek().is_some() && {
                let known = inspect::Segment::of_shmid(segment.shmid);
                at_key.any(|(_, anchor)| {
                    known.as_ref().map_or(segment.key != 0, |of| of.stands_at(anchor.dev(), anchor.ino()))
                })
            }
        };
        segments::all().into_iter().filter(stands_there).collect()
    }

    fn anchors(&self) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(self.path()).into_iter().flatten().flatten();
        entries.map(|entry| entry.path()).chain([self.path().to_owned()]).filter(|path| path.exists()).collect()
    }
}

/// Makes a directory with a key that no segment and no other test has.
fn with_a_free_key(parent: &Path) -> (TempDir, UnixListener) {
    // Whatever the umask: a directory that others can read is warned of, one that they can write is refused.
    let make = || tempfile::Builder::new().permissions(Permissions::from_mode(0o700)).tempdir_in(parent);
    // A new directory may, by chance, have the key bits of another test's: keep it until a better one is found.
    let mut rejected = Vec::new();
    loop {
        let directory = make().expect("a temporary directory");
        let key = key_of(directory.path(), '\0');
        // A segment that was removed, or never had a key, has 0.
        let is_free = key != 0 && segments::all().iter().all(|segment| segment.key & 0x00ff_ffff != key);
        match reserved(key) {
            Ok(name) if is_free => return (directory, name),
            _ => rejected.push(directory),
        }
        assert!(rejected.len() < 100, "too many collisions: {rejected:?}");
    }
}

/// Takes the name of a key, until the process ends or lets go of it.
fn reserved(key: i32) -> std::io::Result<UnixListener> {
    UnixListener::bind_addr(&SocketAddr::from_abstract_name(format!("shmstore-test-{key:06x}"))?)
}

impl Default for Scratch {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        for segment in self.segments() {
            remove_segment(segment.shmid);
        }
    }
}

/// The key that `ftok` gives, from what the file system tells.
pub fn key_of(path: &Path, id: char) -> i32 {
    let stat = std::fs::metadata(path).expect("an anchor");
    ((stat.ino() & 0xffff) as u32 | ((stat.dev() & 0xff) as u32) << 16 | (id as u32) << 24) as i32
}

/// Sets the permission bits of a file or directory of the test's own.
#[track_caller]
pub fn set_mode(path: impl AsRef<Path>, mode: u32) {
    std::fs::set_permissions(path, Permissions::from_mode(mode)).expect("our own file");
}

/// Returns the permission bits of a file or directory.
#[track_caller]
pub fn mode(path: impl AsRef<Path>) -> u32 {
    std::fs::metadata(path).expect("a file").mode() & 0o7777
}

/// Removes a segment as somebody else would: `ipcrm`.
pub fn remove_segment(shmid: i32) {
    let removed = Command::new("ipcrm").args(["-m", &shmid.to_string()]).output();
    // It may be gone meanwhile; what is left shows in the table.
    drop(removed);
}

/// Removes one segment when dropped, whatever the test does.
pub struct Planted {
    pub shmid: i32,
}

impl Drop for Planted {
    fn drop(&mut self) {
        remove_segment(self.shmid);
    }
}
