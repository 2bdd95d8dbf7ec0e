//! Where no `/proc` is mounted, as in a chroot: everything works that does not have to ask `/proc`.

use std::fs;
use std::os::unix::fs::chown;
use std::process::Command;

use shmstore_tests::peer::Peer;
use shmstore_tests::privilege::{ALICE, GROUP, PublicPeer, with_users};
use shmstore_tests::sandbox;
use shmstore_tests::scratch::{Scratch, set_mode};

fn without_proc(program: &Command) -> Command {
    let mut command = Command::new("unshare");
    command.args(["--mount", "sh", "-c", r#"mount -t tmpfs none /proc && exec "$0" "$@""#]);
    command.arg(program.get_program()).args(program.get_args());
    command
}

#[test]
fn named_store_is_made_without_proc_by_root_and_by_other_users() {
    with_users(|| {
        for uid in [0, ALICE] {
            let scratch = Scratch::new();
            chown(scratch.path(), Some(uid), Some(GROUP)).unwrap();
            let program = PublicPeer::new();
            let mut peer = Peer::spawn(&mut without_proc(&program.command_as(uid, scratch.path())));
            for name in ["rover", "lander"] {
                peer.expect_ok(&format!("named {name}"));
                assert_eq!(peer.expect_ok("attach_or_create"), "created");
            }
            let mut names: Vec<_> =
                fs::read_dir(scratch.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
            names.sort();
            assert_eq!(names, ["lander.shm", "rover.shm"], "nothing else is left");
        }
    });
}

#[test]
fn name_that_cannot_be_made_without_proc_is_refused_with_whose_the_directory_is() {
    with_users(|| {
        let scratch = Scratch::new();
        set_mode(scratch.path(), 0o755);
        let program = PublicPeer::new();
        let mut peer = Peer::spawn(&mut without_proc(&program.command_as(ALICE, scratch.path())));
        let message = peer.expect_err("named rover", "NotWritable");
        let path = scratch.path().display();
        let (uid, gid) = (nix::unistd::geteuid(), nix::unistd::getegid());
        let expected = format!(
            "cannot make {path}/rover.shm: permission denied for uid {ALICE} by {path} (owner uid {uid}, group {gid}, mode \
             0755); the directory above it must be writable"
        );
        assert_eq!(message, expected);
    });
}

#[test]
fn named_store_is_made_where_a_sandbox_refuses_links() {
    for errno in ["EPERM", "ENOSYS", "ENOENT"] {
        let scratch = Scratch::new();
        let store = scratch.store();
        // A thread of its own, as a sandbox is for good.
        std::thread::scope(|scope| {
            scope.spawn(|| {
                sandbox::refuse(&["linkat"], errno);
                store.open_or_create_named("rover").unwrap();
                store.open_or_create_named("rover").unwrap();
            });
        });
        let names: Vec<_> = fs::read_dir(scratch.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(names, ["rover.shm"], "nothing else is left");
    }
}
