//! The directory of a test. It leaves no segment behind, even if the test fails.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use shmstore::Store;
use tempfile::TempDir;

/// A directory. Dropping it removes the segments of its store.
pub(crate) struct Scratch {
    directory: TempDir,
}

impl Scratch {
    /// Creates a directory with a key that no segment has.
    pub(crate) fn new() -> Self {
        // A new directory may have the key bits of another one by chance. It is kept until a better one is found.
        let mut rejected = Vec::new();
        loop {
            let directory = tempfile::tempdir().expect("a temporary directory");
            if segments_at(directory.path()).is_empty() {
                return Self { directory };
            }
            rejected.push(directory);
            assert!(rejected.len() < 100, "too many collisions");
        }
    }

    /// The directory.
    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }

    /// A file in it.
    pub(crate) fn join(&self, name: &str) -> PathBuf {
        self.path().join(name)
    }

    /// The store on the directory.
    pub(crate) fn store(&self) -> Store {
        Store::open(self.path()).expect("a fresh directory is fit to be an anchor")
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let files = std::fs::read_dir(self.path()).into_iter().flatten().flatten().map(|entry| entry.path());
        let segments = files.chain([self.path().to_owned()]).flat_map(|path| segments_at(&path));
        for (shmid, _) in segments.filter(|(_, is_ours)| *is_ours) {
            // The segment may no longer exist.
            drop(Command::new("ipcrm").args(["-m", &shmid]).output());
        }
    }
}

/// The numbers of the segments with a key of the path, and whether this process created them.
fn segments_at(path: &Path) -> Vec<(String, bool)> {
    let stat = std::fs::metadata(path).expect("an anchor");
    let anchor_bits = (stat.ino() & 0xffff) as u32 | ((stat.dev() & 0xff) as u32) << 16;
    let table = std::fs::read_to_string("/proc/sysvipc/shm").expect("the kernel has System V shared memory");
    let rows = table.lines().skip(1).map(|line| line.split_ascii_whitespace().collect::<Vec<_>>());
    let here = rows.filter(|row| row[0].parse::<i32>().expect("a key") as u32 & 0x00ff_ffff == anchor_bits);
    here.map(|row| (row[1].to_owned(), row[4] == std::process::id().to_string())).collect()
}

/// Runs a program and returns its output.
#[track_caller]
pub(crate) fn run(command: &mut Command) -> String {
    let Output { status, stdout, stderr } = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let (stdout, stderr) = (String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
    assert!(status.success(), "{command:?}: {status}\n{stdout}\n{stderr}");
    stdout.into_owned()
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
    std::thread::scope(|scope| {
        scope.spawn(|| (1..).take_while(|_| !is_over.load(Relaxed)).for_each(&busy));
        let _stop = Stop(&is_over);
        work()
    })
}
