//! An anchor that is removed while processes have its object: they share it still, and nobody else finds it. Waits
//! tell.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use nix::sched::{CloneFlags, unshare};
use shmstore::{ReadOnly, Shared, Store, WaitError};
use shmstore_tests::objects::Parts;
use shmstore_tests::privilege::alone_with_namespaces;
use shmstore_tests::scratch::{Planted, Scratch};

/// Far more than a wait needs to see it: it asks once a second.
const LONG: Duration = Duration::from_secs(20);
const SHORT: Duration = Duration::from_millis(20);

/// An object at an anchor in a directory, to write and to read. Gone in the end, also without its anchor.
struct Attached {
    object: Shared<Parts>,
    seen: ReadOnly<Parts>,
    anchor: PathBuf,
    _removed: Planted,
    _scratch: Scratch,
}

impl Attached {
    fn of(scratch: Scratch, store: &Store) -> Self {
        let object = store.create::<Parts>().unwrap();
        let removed = Planted { shmid: Shared::info(&object).unwrap().shmid };
        let seen = store.attach_read_only().unwrap();
        Self { object, seen, anchor: store.path().to_owned(), _removed: removed, _scratch: scratch }
    }

    fn in_a_directory() -> Self {
        let scratch = Scratch::new();
        let store = Store::open(scratch.reserve("store")).unwrap();
        Self::of(scratch, &store)
    }

    fn of_a_name() -> Self {
        let scratch = Scratch::new();
        let store = scratch.store().open_or_create_named("rover").unwrap();
        Self::of(scratch, &store)
    }

    /// What each way of waiting says.
    fn waits(&self, limit: Duration) -> [WaitError; 4] {
        let Self { object, seen, .. } = self;
        [
            object.value.wait_newer(0, limit).unwrap_err(),
            seen.value.wait_newer(0, limit).unwrap_err(),
            object.called.wait_past(0, limit).unwrap_err(),
            seen.called.wait_past(0, limit).unwrap_err(),
        ]
    }

    #[track_caller]
    fn assert_lost(&self, limit: Duration) {
        for error in self.waits(limit) {
            assert!(matches!(&error, WaitError::AnchorLost { anchor, .. } if *anchor == self.anchor), "{error}");
        }
    }

    #[track_caller]
    fn assert_not_lost(&self, limit: Duration) {
        for error in self.waits(limit) {
            assert!(matches!(error, WaitError::Timeout { .. }), "{error}");
        }
    }
}

#[test]
fn wait_ends_when_the_anchor_is_removed() {
    for attached in [Attached::in_a_directory(), Attached::of_a_name()] {
        attached.assert_not_lost(SHORT);
        let started = Instant::now();
        thread::scope(|scope| {
            let waiting = scope.spawn(|| attached.object.value.wait_newer(0, LONG).unwrap_err());
            let looking = scope.spawn(|| attached.seen.called.wait_past(0, LONG).unwrap_err());
            fs::remove_dir(&attached.anchor).or_else(|_| fs::remove_file(&attached.anchor)).unwrap();
            for error in [waiting.join().unwrap(), looking.join().unwrap()] {
                let text = error.to_string();
                let gone = format!(
                    "and the anchor {} no longer exists, or is a different file now. \
                                    ",
                    attached.anchor.display()
                );
                assert!(matches!(error, WaitError::AnchorLost { .. }) && text.contains(&gone), "{text}");
            }
        });
        assert!(started.elapsed() < LONG / 2, "{:?}", started.elapsed());
        attached.assert_lost(SHORT);
        // The object is as it was, for processes that have it.
        attached.object.value.store([1; 32]);
        assert_eq!(attached.seen.value.wait_newer(0, SHORT).unwrap(), (1, [1; 32]));
    }
}

#[test]
fn wait_ends_when_another_file_is_at_the_path() {
    let attached = Attached::in_a_directory();
    fs::rename(&attached.anchor, attached.anchor.with_file_name("moved")).unwrap();
    fs::create_dir(&attached.anchor).unwrap();
    attached.assert_lost(SHORT);
    fs::remove_dir(&attached.anchor).unwrap();
    fs::rename(attached.anchor.with_file_name("moved"), &attached.anchor).unwrap();
    attached.assert_not_lost(SHORT);
}

#[test]
fn anchor_is_not_lost_to_a_process_that_only_does_not_see_it() {
    alone_with_namespaces(|| {
        let attached = Attached::in_a_directory();
        let elsewhere = tempfile::tempdir().unwrap();
        let alone = |hide: &(dyn Fn() + Sync)| {
            let attached = &attached;
            thread::scope(|scope| {
                let waits = || {
                    hide();
                    assert!(!attached.anchor.exists());
                    attached.assert_not_lost(SHORT);
                };
                scope.spawn(waits).join().unwrap();
            });
        };
        alone(&|| {
            unshare(CloneFlags::CLONE_FS).unwrap();
            nix::unistd::chroot(elsewhere.path()).unwrap();
        });
        alone(&|| {
            unshare(CloneFlags::CLONE_FS | CloneFlags::CLONE_NEWNS).unwrap();
            mount_over(attached.anchor.parent().unwrap(), "-t tmpfs none".as_ref());
        });
        // By another directory of the same file system.
        alone(&|| {
            unshare(CloneFlags::CLONE_FS | CloneFlags::CLONE_NEWNS).unwrap();
            let mut bind = std::ffi::OsString::from("--bind ");
            bind.push(elsewhere.path());
            mount_over(attached.anchor.parent().unwrap(), &bind);
        });
        attached.assert_not_lost(SHORT);
    });
}

/// Hides what is in a directory from this thread's mount namespace.
fn mount_over(directory: &Path, what: &std::ffi::OsStr) {
    // Inherited by the program that is started.
    let mount = r#"mount --make-rprivate / && mount $1 "$0""#;
    let done = std::process::Command::new("sh").args(["-c", mount]).arg(directory).arg(what).output().unwrap();
    assert!(done.status.success(), "{done:?}");
}
