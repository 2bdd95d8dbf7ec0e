//! The directory of a test, and what the tests of the program share: the tests of `real_peers` and `watch` use it, too.

#![allow(dead_code)] // Each user needs only a part.

use std::fs::Permissions;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::net::{SocketAddr, UnixListener};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

use shmstore::Store;
use shmstore::inspect::{self, Segment, WhileAttached};
use tempfile::TempDir;

/// More than anything takes on a busy machine.
pub(crate) const DEADLINE: Duration = Duration::from_secs(20);

/// A directory. Dropping it removes the segments of its anchors, and the planted ones.
pub(crate) struct Scratch {
    directory: TempDir,
    /// The keys of its anchors. While a socket has the name of a key, no other test of this machine gets an anchor with it.
    keys: Mutex<Vec<(i32, UnixListener)>>,
    planted: Mutex<Vec<i32>>,
}

impl Scratch {
    pub(crate) fn new() -> Self {
        let (directory, key) = with_a_free_key(&std::env::temp_dir());
        Self { directory, keys: Mutex::new(vec![key]), planted: Mutex::default() }
    }

    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }

    pub(crate) fn join(&self, name: &str) -> PathBuf {
        self.path().join(name)
    }

    /// The path of a file or directory, as an argument of the program.
    pub(crate) fn text(&self, name: &str) -> String {
        self.join(name).to_str().expect("UTF-8").to_owned()
    }

    pub(crate) fn own_store(&self) -> Store {
        Store::open(self.path()).expect("a fresh directory is fit to be an anchor")
    }

    /// The store on the directory `rover` in it.
    pub(crate) fn store(&self) -> Store {
        self.store_at("rover")
    }

    /// The store on a directory in it, which is made if it does not exist.
    pub(crate) fn store_at(&self, name: &str) -> Store {
        let path = self.join(name);
        if !path.exists() {
            let parent = path.parent().expect("it is below the directory");
            std::fs::create_dir_all(parent).expect("our own directory");
            let (directory, key) = with_a_free_key(parent);
            std::fs::rename(directory.keep(), &path).expect("nothing is there");
            self.keys.lock().expect("no panic").push(key);
        }
        Store::open(&path).expect("a fresh directory is fit to be an anchor")
    }

    /// Has a segment removed at the end, whatever it says of itself.
    pub(crate) fn remove_at_end(&self, shmid: i32) {
        self.planted.lock().expect("no panic").push(shmid);
    }

    /// The segments whose header names a path below the directory.
    pub(crate) fn segments(&self) -> Vec<Segment> {
        let mut there = inspect::segments().expect("the kernel has System V shared memory");
        there.retain(|segment| segment.path().is_some_and(|path| path.starts_with(self.path())));
        there
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        for segment in self.segments() {
            if let Err(error) = segment.remove(WhileAttached::Remove) {
                eprintln!("segment {} stays behind: {error}", segment.shmid);
            }
        }
        let keys = self.keys.lock().expect("no panic");
        let at_keys = table().into_iter().filter(|row| keys.iter().any(|(key, _)| row[0] as i32 & 0x00ff_ffff == *key));
        let planted = self.planted.lock().expect("no panic").clone();
        for shmid in at_keys.map(|row| row[1] as i32).chain(planted).filter(|shmid| in_kernel(*shmid).is_some()) {
            // It may be gone meanwhile, and its number stay until the last process lets go.
            drop(Command::new("ipcrm").args(["-m", &shmid.to_string()]).output());
        }
    }
}

/// Makes a directory with a key that no segment and no other test has.
fn with_a_free_key(parent: &Path) -> (TempDir, (i32, UnixListener)) {
    let mut rejected = Vec::new();
    loop {
        let private = tempfile::Builder::new().permissions(Permissions::from_mode(0o700)).tempdir_in(parent);
        let directory = private.expect("a directory");
        let key = key(directory.path(), 0);
        let name = SocketAddr::from_abstract_name(format!("shmstore-test-{key:06x}")).expect("a short name");
        match UnixListener::bind_addr(&name) {
            Ok(name) if table().iter().all(|row| row[0] as i32 & 0x00ff_ffff != key) => {
                return (directory, (key, name));
            }
            // It is kept until a better one is found, or the next would have the same key.
            _ => rejected.push(directory),
        }
        assert!(rejected.len() < 100, "too many collisions");
    }
}

pub(crate) fn key(path: &Path, id: u8) -> i32 {
    let stat = std::fs::metadata(path).expect("it is there");
    (stat.ino() & 0xffff | (stat.dev() & 0xff) << 16 | u64::from(id) << 24) as i32
}

/// The kernel's table of segments: key, shmid, perms, size, cpid, lpid, nattch, uid, gid, cuid, cgid, atime, dtime, ctime,
/// rss, swap.
fn table() -> Vec<Vec<i64>> {
    let table = std::fs::read_to_string("/proc/sysvipc/shm").expect("the kernel has System V shared memory");
    let number = |word: &str| word.parse().unwrap_or_default();
    table.lines().skip(1).map(|line| line.split_whitespace().map(number).collect()).collect()
}

/// The attachments and the memory of a segment, from the kernel. This does not attach the segment. Returns `None` if it
/// no longer exists.
pub(crate) fn in_kernel(shmid: i32) -> Option<(i64, i64)> {
    let row = table().into_iter().find(|row| row[1] == i64::from(shmid))?;
    Some((row[6], row[14] + row[15]))
}

#[track_caller]
pub(crate) fn until<T>(what: &str, mut find: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + DEADLINE;
    loop {
        if let Some(found) = find() {
            return found;
        }
        assert!(Instant::now() < end, "waited in vain for {what}");
        thread::sleep(Duration::from_millis(2));
    }
}

/// Runs `work` while another thread runs `busy` repeatedly.
pub(crate) fn while_busy<R>(busy: impl Fn(u64) + Sync, work: impl FnOnce() -> R) -> R {
    /// Ends the thread even if `work` panics. Otherwise the scope would wait forever.
    struct Stop<'a>(&'a AtomicBool);
    impl Drop for Stop<'_> {
        fn drop(&mut self) {
            self.0.store(true, Relaxed);
        }
    }
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| (1..).take_while(|_| !is_over.load(Relaxed)).for_each(&busy));
        let _stop = Stop(&is_over);
        work()
    })
}
