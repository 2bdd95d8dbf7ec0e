//! Children of `fork`, and of a raw `clone`, which no handler of ours sees.

use shmstore::Shared;
use shmstore_tests::peer::{Child, Peer};
use shmstore_tests::scratch::Scratch;

use super::{assert_full, assert_place_is_taken, is_alive, object_for, wait_until_dead};

const WAYS: [&str; 2] = ["fork", "clone"];

/// A peer with its child, which has used the object.
fn parent_and_child(scratch: &Scratch, way: &str) -> (Peer, Child) {
    let mut parent = Peer::start(scratch.path());
    parent.expect_ok("attach");
    let child = Child::of(&mut parent, way);
    parent.expect_ok("child store");
    (parent, child)
}

#[test]
fn death_of_a_parent_is_seen_while_its_child_lives() {
    for way in WAYS {
        let scratch = Scratch::new();
        let object = object_for(&scratch, 3);
        let (mut parent, child) = parent_and_child(&scratch, way);
        assert!(is_alive(&object, parent.pid()) && is_alive(&object, child.0));
        assert_full(&scratch);
        parent.kill();
        assert!(!is_alive(&object, parent.pid()) && is_alive(&object, child.0), "by {way}");
        assert_place_is_taken(&scratch);
        assert!(is_alive(&object, child.0));
        child.kill();
        wait_until_dead(&object, child.0);
    }
}

#[test]
fn death_of_a_child_is_seen_while_its_parent_lives() {
    for way in WAYS {
        let scratch = Scratch::new();
        let object = object_for(&scratch, 3);
        let (parent, child) = parent_and_child(&scratch, way);
        child.kill();
        wait_until_dead(&object, child.0);
        assert!(is_alive(&object, parent.pid()), "by {way}");
        assert_place_is_taken(&scratch);
    }
}

#[test]
fn child_that_finds_the_table_full_works_on_without_a_place() {
    let scratch = Scratch::new();
    let object = object_for(&scratch, 2);
    let mut parent = Peer::start(scratch.path());
    parent.expect_ok("attach");
    parent.expect_ok("fork");
    assert_eq!(parent.expect_ok("child store"), "1");
    assert_eq!(parent.expect_ok("store"), "2");
    assert_eq!(Shared::participants(&object).len(), 2);
}

#[test]
fn child_whose_life_nobody_could_see_is_told_so_and_changes_nothing() {
    let scratch = Scratch::new();
    let object = object_for(&scratch, 2);
    let mut parent = Peer::start(scratch.path());
    parent.expect_ok("attach");
    parent.expect_ok("fork");
    parent.expect_ok("child few_files");
    for _ in 0..2 {
        let text = parent.expect_err("child store", "Panicked");
        for part in ["is a child of `fork`", "All 2 slots", "cannot lock a byte", "max_processes"] {
            assert!(text.contains(part), "{part:?} is missing in: {text}");
        }
    }
    assert_eq!(object.position.version(), 0);
    assert_eq!(parent.expect_ok("store"), "1");
}

#[test]
fn child_that_can_lock_no_byte_works_if_it_gets_a_place() {
    let scratch = Scratch::new();
    let object = object_for(&scratch, 3);
    let mut parent = Peer::start(scratch.path());
    parent.expect_ok("attach");
    let child = Child::fork(&mut parent);
    parent.expect_ok("child few_files");
    assert_eq!(parent.expect_ok("child store"), "1");
    assert!(is_alive(&object, child.0));
    child.kill();
    wait_until_dead(&object, child.0);
}
