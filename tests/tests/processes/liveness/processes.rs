//! Processes of our own PID namespace.

use std::process::{Child, Command};

use shmstore::Shared;
use shmstore_tests::peer::Peer;
use shmstore_tests::privilege::as_process_1;
use shmstore_tests::scratch::Scratch;

use super::{assert_full, assert_place_is_taken, is_alive, object_for, other, participant, wait_until_dead};

#[test]
fn process_that_is_killed_before_it_has_filled_its_slot_is_dead() {
    let scratch = Scratch::new();
    let object = object_for(&scratch, 2);
    let mut peer = Peer::stopped_at(scratch.path(), "SlotClaimed", "attach");
    assert!(is_alive(&object, peer.pid()));
    assert_full(&scratch);
    peer.kill();
    assert!(!is_alive(&object, peer.pid()));
    assert_place_is_taken(&scratch);
}

#[test]
fn former_image_is_dead_once_its_process_attaches_again() {
    let scratch = Scratch::new();
    let object = object_for(&scratch, 3);
    let mut peer = Peer::start(scratch.path());
    peer.expect_ok("attach");
    let before = other(&object);
    peer.expect_ok("exec");
    assert_eq!(peer.expect_ok("attach"), "attached");
    let after = other(&object);
    assert_eq!((before.pid, after.pid), (peer.pid(), peer.pid()));
    assert_eq!(Shared::participants(&object).len(), 2, "it has the place of its former image, though one was free");
    assert!(after.alive);
}

#[test]
fn former_image_is_dead_while_its_process_lives_on() {
    let scratch = Scratch::new();
    let object = object_for(&scratch, 3);
    let mut peer = Peer::start(scratch.path());
    peer.expect_ok("attach");
    assert!(is_alive(&object, peer.pid()));
    peer.expect_ok("exec");
    // It answers before it does so; and never attaches the object again.
    wait_until_dead(&object, peer.pid());
}

#[test]
fn locked_parts_are_named_with_who_holds_them_dead_or_alive() {
    let scratch = Scratch::new();
    let object = object_for(&scratch, 3);
    let mut peer = Peer::start(scratch.path());
    peer.expect_ok("attach");
    assert!(participant(&object, peer.pid()).holding.is_empty());
    assert_eq!(peer.expect_ok("serve_in_update"), "in update");
    let them = participant(&object, peer.pid());
    assert_eq!((them.alive, them.holding), (true, vec!["position".to_owned()]));
    assert!(participant(&object, std::process::id()).holding.is_empty());
    peer.kill();
    let them = participant(&object, peer.pid());
    assert_eq!((them.alive, them.holding), (false, vec!["position".to_owned()]));
}

#[test]
fn process_is_alive_whatever_it_has_lost_and_dead_once_it_is_killed() {
    for (loses, reaped) in [("", true), ("", false), ("end_leader", true), ("close_descriptors", true)] {
        let scratch = Scratch::new();
        let object = object_for(&scratch, 2);
        let mut peer = Peer::start(scratch.path());
        peer.expect_ok("attach");
        if !loses.is_empty() {
            peer.expect_ok(loses);
        }
        if loses == "end_leader" {
            peer.wait_for_state('Z');
            peer.expect_ok("store");
        }
        assert!(is_alive(&object, peer.pid()) && is_alive(&object, std::process::id()), "`{loses}`");
        assert_full(&scratch);
        peer.kill_without_reaping();
        if reaped {
            peer.kill();
        }
        assert!(!is_alive(&object, peer.pid()) && is_alive(&object, std::process::id()), "`{loses}`");
        assert_place_is_taken(&scratch);
    }
}

/// A program that does nothing, with a pid of the caller's choice: in a PID namespace of our own nobody else wants it.
fn process_of_pid(pid: u32) -> Child {
    std::fs::write("/proc/sys/kernel/ns_last_pid", (pid - 1).to_string()).expect("our own namespace");
    let child = Command::new("sleep").arg("60").spawn().expect("`sleep` of coreutils");
    assert_eq!(child.id(), pid, "the next process gets the next number");
    child
}

#[test]
fn pid_that_another_process_got_since_is_not_taken_for_the_dead_one() {
    as_process_1(|| {
        let scratch = Scratch::new();
        let object = object_for(&scratch, 2);
        let mut peer = Peer::start(scratch.path());
        peer.expect_ok("attach");
        peer.kill();
        // A start time is told to 10 ms.
        std::thread::sleep(std::time::Duration::from_millis(50));
        let mut heir = process_of_pid(peer.pid());
        wait_until_dead(&object, peer.pid());
        assert_place_is_taken(&scratch);
        heir.kill().expect("our own child");
        heir.wait().expect("our own child");
    });
}
