//! A process that attaches an object again, after it has grown, has it once.

use shmstore_tests::peer::{Child, Peer};
use shmstore_tests::raw::Raw;
use shmstore_tests::scratch::Scratch;
use shmstore_tests::{segments, wait};

use super::{rover, rover_that_has};

/// Waits until the kernel counts so many attachments.
#[track_caller]
fn wait_until_attached(scratch: &Scratch, times: u64) {
    wait::until_equal(|| segments::at_key(scratch.key('R')).first().map(|segment| segment.attached), Some(times));
}

#[test]
fn process_that_attaches_again_after_a_growth_has_one_mapping_and_one_slot() {
    let scratch = Scratch::new();
    let mut first = rover_that_has(scratch.path(), "create v1 7", "created");
    let second = rover_that_has(scratch.path(), "attach v2", "grown 2");
    wait_until_attached(&scratch, 2);
    for version in ["v1", "old", "v1"] {
        assert_eq!(first.expect_ok(&format!("attach {version}")), "attached");
    }
    assert_eq!((first.expect_ok("mappings"), first.expect_ok("participants")), ("1".into(), "[2, 3]".into()));
    wait_until_attached(&scratch, 2);
    // It grows the object itself, and is then known by its longest type.
    assert_eq!(first.expect_ok("attach v3"), "grown 3");
    assert_eq!(first.expect_ok("attach v1"), "attached");
    assert_eq!((first.expect_ok("mappings"), first.expect_ok("participants")), ("1".into(), "[3, 5]".into()));
    wait_until_attached(&scratch, 2);
    // The slot stays for as long as one of the handles.
    (0..5).for_each(|_| drop(first.expect_ok("drop")));
    assert_eq!(first.expect_ok("participants"), "[3, 5]");
    wait_until_attached(&scratch, 2);
    drop(second);
    first.expect_ok("drop_all");
    wait_until_attached(&scratch, 0);
}

/// For reading only, too.
#[test]
fn process_that_sees_an_object_again_after_a_growth_has_one_mapping() {
    let scratch = Scratch::new();
    let _first = rover_that_has(scratch.path(), "create v1 7", "created");
    let mut seeing = rover_that_has(scratch.path(), "see v1", "attached");
    seeing.expect_err("see v2", "Shorter");
    wait_until_attached(&scratch, 2);
    let _second = rover_that_has(scratch.path(), "attach v2", "grown 2");
    assert_eq!(seeing.expect_ok("see v2"), "attached");
    assert_eq!(seeing.expect_ok("mappings"), "1");
    wait_until_attached(&scratch, 3);
}

#[test]
fn child_process_extends_an_inherited_object_in_the_mapping_that_it_has() {
    for fork in ["fork", "clone"] {
        let scratch = Scratch::new();
        let mut parent = rover_that_has(scratch.path(), "create v1 7", "created");
        let _child = Child::of(&mut parent, fork);
        assert_eq!(parent.expect_ok("child attach v2"), "grown 2");
        parent.expect_ok("child add speed 3");
        assert_eq!(parent.expect_ok("child mappings"), "1");
        assert_eq!(parent.expect_ok("child participants"), "[2, 3]");
        wait_until_attached(&scratch, 2);
        assert_eq!(parent.expect_ok("attach v2"), "attached");
        assert_eq!((parent.expect_ok("mappings"), parent.expect_ok("participants")), ("1".into(), "[3, 3]".into()));
        assert_eq!(parent.expect_ok("tell"), "frames=7 position=0 speed=3");
        // One that inherits handles of two versions.
        let _another = Child::of(&mut parent, fork);
        assert_eq!(parent.expect_ok("child attach v3"), "grown 3");
        assert_eq!(parent.expect_ok("child participants"), "[3, 3, 5]");
        wait_until_attached(&scratch, 3);
    }
}

#[test]
fn errors_name_new_parts_also_if_an_older_type_was_attached_first() {
    let scratch = Scratch::new();
    let mut peer = rover_that_has(scratch.path(), "create v1 7", "created");
    assert_eq!(peer.expect_ok("attach v2"), "grown 2");
    let says = peer.expect_ok("busy speed");
    assert!(says.contains("`Rover.speed`"), "{says}");
    assert_eq!(peer.expect_ok("attach v1"), "attached");
    peer.expect_ok("drop");
    let says = peer.expect_ok("busy speed");
    assert!(says.contains("`Rover.speed`"), "{says}");
    peer.expect_ok("drop");
    let says = peer.expect_ok("busy position");
    assert!(says.contains("`Rover.position`"), "{says}");
    // Found and not grown by this process, and in its child.
    let mut other = rover_that_has(scratch.path(), "attach old", "attached");
    assert_eq!(other.expect_ok("attach v2"), "attached");
    assert!(other.expect_ok("busy speed").contains("`Rover.speed`"));
    let _child = Child::fork(&mut other);
    assert!(other.expect_ok("child busy speed").contains("`Rover.speed`"));
}

/// A process whose object is replaced, and grown then, has two: the old one as it was.
#[test]
fn object_that_is_replaced_and_grown_leaves_the_old_one_as_it_is() {
    let scratch = Scratch::new();
    let mut first = rover_that_has(scratch.path(), "create v1 7", "created");
    let mut other: Peer = rover(scratch.path());
    other.expect_ok("remove");
    assert_eq!(other.expect_ok("create v1 8"), "created");
    assert_eq!(first.expect_ok("attach v2"), "grown 2");
    assert_eq!(
        (first.expect_ok("mappings"), first.expect_ok("tell")),
        ("2".into(), "frames=8 position=0 speed=0".into())
    );
    first.expect_ok("drop");
    assert_eq!((first.expect_ok("removed"), first.expect_ok("tell")), ("true".into(), "frames=7 position=0".into()));
    drop(Raw::at_key(scratch.key('R')));
}
