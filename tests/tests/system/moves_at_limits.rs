//! Moves where the kernel's limits do not allow the segments that they need.

use std::process::Command;

use shmstore_tests::assert_says;
use shmstore_tests::peer::{Peer, actor_words};
use shmstore_tests::privilege::{skip, with_namespaces};
use shmstore_tests::scratch::Scratch;

/// The kernel's pages in the segment of the old object, and in that of the new one.
const OLD: u64 = 3;
const NEW: u64 = 6;

/// Starts a process in an IPC namespace of its own, which makes the object. `None` where the limits of such a namespace
/// cannot be set.
fn start(scratch: &Scratch, failpoint: &str) -> Option<Peer> {
    let set = ["--ipc", "sh", "-c", "echo 100 > /proc/sys/kernel/shmmni"];
    let possible = Command::new("unshare").args(set).output().expect("`unshare` of util-linux");
    if !possible.status.success() {
        skip(String::from_utf8_lossy(&possible.stderr).trim());
        return None;
    }
    let mut command = Command::new("unshare");
    command.arg("--ipc").args(actor_words("mover")).arg(scratch.path()).env("SHMSTORE_FAILPOINT", failpoint);
    let mut mover = Peer::spawn(&mut command);
    assert_eq!(mover.expect_ok("create1 3"), "created");
    mover.expect_ok("drop");
    Some(mover)
}

#[track_caller]
fn set_limit(peer: &Peer, limit: &str, value: u64) {
    let set = format!("echo {value} > /proc/sys/kernel/{limit}");
    let mut command = Command::new("nsenter");
    command.args(["--ipc", "--target", &peer.pid().to_string(), "sh", "-c", &set]);
    let done = command.output().expect("`nsenter` of util-linux");
    assert!(done.status.success(), "{done:?}");
}

/// As high as no test needs.
#[track_caller]
fn raise(peer: &Peer, limit: &str) {
    set_limit(peer, limit, if limit == "shmmax" { 1 << 20 } else { 1000 });
}

#[test]
fn move_that_the_limits_do_not_allow_is_refused_before_anything_is_changed() {
    with_namespaces(|| {
        let scratch = Scratch::new();
        // A mark on the object would stop it.
        let Some(mut mover) = start(&scratch, "MoveMarked:1=kill") else { return };
        let limits =
            [("shmmni", 2, "SegmentLimit"), ("shmall", OLD + 2 * NEW - 1, "PageLimit"), ("shmmax", 8192, "SizeLimit")];
        for (limit, value, variant) in limits {
            set_limit(&mover, limit, value);
            let message = mover.expect_err("migrate2", variant);
            assert_says(&message, &["cannot create `Ledger`", &format!("/proc/sys/kernel/{limit}")]);
            assert_eq!(mover.expect_ok("attach1"), "attached");
            assert_eq!((mover.expect_ok("count"), mover.expect_ok("state")), ("3".into(), "ready".into()));
            mover.expect_ok("drop");
            raise(&mover, limit);
        }
    });
}

#[test]
fn move_within_the_limits_succeeds() {
    with_namespaces(|| {
        let scratch = Scratch::new();
        let Some(mut mover) = start(&scratch, "NamePublished=kill") else { return };
        set_limit(&mover, "shmmni", 3);
        set_limit(&mover, "shmall", OLD + 2 * NEW);
        assert_eq!(mover.expect_ok("migrate2"), "moved");
        assert_eq!(mover.expect_ok("attach2"), "attached");
        assert_eq!(mover.expect_ok("count"), "3");
    });
}

/// Another program takes the memory between the two.
#[test]
fn move_that_is_interrupted_by_a_limit_goes_on_once_the_limit_is_raised() {
    with_namespaces(|| {
        for (limit, value) in [("shmall", NEW), ("shmmni", 1), ("shmmax", 8192)] {
            let scratch = Scratch::new();
            let Some(mut mover) = start(&scratch, "RemoveDone:1=stop") else { return };
            mover.tell("migrate2");
            mover.wait_until_stopped();
            set_limit(&mover, limit, value);
            mover.signal("CONT");
            let answer = mover.answer();
            assert_says(&answer, &["err Interrupted ", &format!("/proc/sys/kernel/{limit}"), "No value is lost"]);
            for command in ["attach1", "attach2", "create1", "remove", "replace2", "migrate1"] {
                let message = mover.expect_err(command, "MigrationInterrupted");
                assert_says(&message, &[&format!("/proc/sys/kernel/{limit}")]);
            }
            mover.expect_err("see2", "MigrationUnfinished");
            raise(&mover, limit);
            assert_eq!(mover.expect_ok("attach2"), "attached");
            assert_eq!((mover.expect_ok("count"), mover.expect_ok("list")), ("3".into(), "ready".into()));
        }
    });
}
