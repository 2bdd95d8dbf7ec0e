//! Objects to watch. They leave nothing behind, even if a test fails.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use shmstore::inspect::segments;
use shmstore::{Event, FixedString, RemoveError, Shared, ShmId, ShmObject, ShmValue, Store, Versioned};
use tempfile::TempDir;

#[derive(Clone, Copy, Debug, PartialEq, ShmValue)]
#[repr(C)]
pub(crate) struct Position {
    pub(crate) x: f64,
    pub(crate) y: f64,
}

#[derive(ShmObject)]
#[repr(C)]
#[shm(id = 'R')]
pub(crate) struct Rover {
    pub(crate) frames: AtomicU64,
    pub(crate) position: Versioned<Position>,
    pub(crate) driver: Versioned<FixedString<28>>,
    pub(crate) stops: Event,
    pub(crate) wheels: [AtomicU64; 20],
}

#[derive(ShmObject)]
#[repr(C)]
#[shm(id = 'B')]
pub(crate) struct Battery {
    pub(crate) charge: AtomicU64,
}

/// An object with many pages that are not written at first.
#[derive(ShmObject)]
#[repr(C)]
#[shm(id = 'L')]
pub(crate) struct Log {
    pub(crate) text: Versioned<FixedString<{ 8 << 20 }>>,
    pub(crate) pages: [Versioned<[u64; 512]>; 1000],
}

/// An object with 4681 fields.
#[derive(ShmObject)]
#[repr(C)]
#[shm(id = 'F')]
pub(crate) struct Fleet {
    pub(crate) wheels: [[[[AtomicU64; 8]; 8]; 8]; 8],
}

/// The attachments and the memory of a segment, from the kernel. This does not attach the segment. Returns `None` if it
/// no longer exists.
pub(crate) fn in_kernel(shmid: i32) -> Option<(u64, u64)> {
    let table = std::fs::read_to_string("/proc/sysvipc/shm").expect("the kernel's table");
    let rows = table.lines().skip(1).map(|line| line.split_whitespace().map(str::parse::<u64>));
    let mut rows = rows.map(|row| row.map(|number| number.unwrap_or_default()).collect::<Vec<_>>());
    // key shmid perms size cpid lpid nattch uid gid cuid cgid atime dtime ctime rss swap
    let row = rows.find(|row| i32::try_from(row[1]) == Ok(shmid))?;
    Some((row[6], row[14] + row[15]))
}

pub(crate) struct Scratch {
    pub(crate) store: Store,
    dir: TempDir,
}

impl Scratch {
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        Self { store: Store::open(dir.path()).expect("a store"), dir }
    }

    pub(crate) fn with_rover() -> (Self, Shared<Rover>) {
        let scratch = Self::new();
        let rover = scratch.rover();
        (scratch, rover)
    }

    pub(crate) fn rover(&self) -> Shared<Rover> {
        let rover = self.store.create::<Rover>().expect("a new object");
        rover.frames.store(41, Relaxed);
        rover
    }

    pub(crate) fn path(&self) -> &str {
        self.dir.path().to_str().expect("UTF-8")
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        remove::<Rover>(&self.store);
        remove::<Battery>(&self.store);
        remove::<Log>(&self.store);
        remove::<Fleet>(&self.store);
        if let Ok(named) = self.store.open_or_create_named("spare") {
            remove::<Battery>(&named);
        }
        let is_ours = |path: Option<&Path>| path.is_some_and(|path| path.starts_with(self.dir.path()));
        let left =
            segments().expect("a list").into_iter().filter(|one| one.attached == 0 && is_ours(one.path())).count();
        if !std::thread::panicking() {
            assert_eq!(left, 0, "segments are left behind");
        }
    }
}

fn remove<T: ShmObject + ShmId>(store: &Store) {
    match store.remove::<T>() {
        Ok(_) | Err(RemoveError::NotFound { .. }) => {}
        Err(error) => eprintln!("left behind: {error}"),
    }
}
