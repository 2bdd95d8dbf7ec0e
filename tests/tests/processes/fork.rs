//! A child of `fork` is a process of its own: it works on with what it inherited, and takes nothing from its parent.

use std::path::Path;

use shmstore_tests::objects::Telemetry;
use shmstore_tests::peer::{Child, Peer, actor, times_open};
use shmstore_tests::sandbox::SANDBOX;
use shmstore_tests::scratch::Scratch;
use shmstore_tests::segments::{self, Segment};
use shmstore_tests::wait;

/// A process that makes children. `fork_without_wiping` runs these tests where the kernel does not wipe the process's
/// page in them.
fn forker(path: &Path) -> Peer {
    let is_wiped = !module_path!().contains("fork_without_wiping");
    let sandbox = if is_wiped { "" } else { "EINVAL madvise(MADV_WIPEONFORK)" };
    Peer::spawn(actor("peer").arg(path).env(SANDBOX, sandbox))
}

/// The parent of an object, and its child.
fn family() -> (Scratch, Peer, Child) {
    let scratch = Scratch::new();
    let mut parent = forker(scratch.path());
    parent.expect_ok("create");
    let child = Child::fork(&mut parent);
    (scratch, parent, child)
}

fn segment(scratch: &Scratch) -> Segment {
    segments::at_key(scratch.key('T')).pop().unwrap()
}

/// The pids of the slots that are not left.
fn present(scratch: &Scratch) -> Vec<u32> {
    let object = scratch.store().attach::<Telemetry>().unwrap();
    let participants = shmstore::Shared::participants(&object);
    let others = participants.iter().filter(|participant| !participant.left && participant.pid != std::process::id());
    let mut pids: Vec<u32> = others.map(|participant| participant.pid).collect();
    pids.sort_unstable();
    pids
}

fn sorted<const N: usize>(mut pids: [u32; N]) -> [u32; N] {
    pids.sort_unstable();
    pids
}

#[test]
fn handle_that_a_child_inherits_works() {
    let (scratch, mut parent, _child) = family();
    assert_eq!(parent.expect_ok("child add 1"), "0");
    assert_eq!(parent.expect_ok("frames"), "1");
    assert_eq!(parent.expect_ok("child store"), "1");
    assert_eq!(parent.expect_ok("store"), "2");
    wait::until_equal(|| segment(&scratch).attached, 2);
}

#[test]
fn child_has_a_slot_of_its_own_from_its_first_use_on() {
    let (scratch, mut parent, child) = family();
    assert_eq!(present(&scratch), [parent.pid()]);
    parent.expect_ok("child store");
    assert_eq!(present(&scratch), sorted([parent.pid(), child.0]));
    // It has the object attached once, and one slot, whatever it does then.
    parent.expect_ok("child attach");
    assert_eq!(present(&scratch), sorted([parent.pid(), child.0]));
    wait::until_equal(|| segment(&scratch).attached, 2);
}

#[test]
fn child_that_drops_what_it_inherited_takes_nothing_from_its_parent() {
    let (scratch, mut parent, _child) = family();
    parent.expect_ok("child drop");
    wait::until_equal(|| segment(&scratch).attached, 1);
    assert_eq!(present(&scratch), [parent.pid()]);
    assert_eq!(parent.expect_ok("add 1"), "0");
    parent.expect_ok("child attach");
    assert_eq!(parent.expect_ok("child frames"), "1");
}

#[test]
fn parent_that_drops_its_handle_takes_nothing_from_its_child() {
    let (scratch, mut parent, child) = family();
    parent.expect_ok("child store");
    parent.expect_ok("drop");
    assert_eq!(present(&scratch), [child.0]);
    wait::until_equal(|| segment(&scratch).attached, 1);
    assert_eq!(parent.expect_ok("child add 1"), "0");
}

#[test]
fn view_that_a_child_inherits_is_one_of_its_own() {
    let scratch = Scratch::new();
    let mut writer = Peer::creator(scratch.path());
    let mut parent = forker(scratch.path());
    parent.expect_ok("view");
    let child = Child::fork(&mut parent);
    assert_eq!(parent.expect_ok("child seen"), "7 0");
    parent.expect_ok("child view");
    assert_eq!(present(&scratch), sorted([writer.pid(), parent.pid(), child.0]));
    writer.expect_ok("store 5");
    assert_eq!(parent.expect_ok("child seen"), "7 1");
    wait::until_equal(|| segment(&scratch).attached, 3);
    // What it drops takes nothing from its parent.
    parent.expect_ok("child seen nothing");
    parent.expect_ok("child seen nothing");
    assert_eq!(present(&scratch), sorted([writer.pid(), parent.pid()]));
    wait::until_equal(|| segment(&scratch).attached, 2);
    assert_eq!(parent.expect_ok("seen"), "7 1");
}

#[test]
fn grandchild_is_a_process_of_its_own_too() {
    let (scratch, mut parent, child) = family();
    let grandchild = Child::of(&mut parent, "child fork");
    parent.expect_ok("child child store");
    assert_eq!(present(&scratch), sorted([parent.pid(), grandchild.0]));
    parent.expect_ok("child store");
    assert_eq!(present(&scratch), sorted([parent.pid(), child.0, grandchild.0]));
    assert_eq!(parent.expect_ok("store"), "3");
}

#[test]
fn child_that_was_forked_in_an_init_closure_leaves_the_object_to_its_parent() {
    let scratch = Scratch::new();
    let mut parent = forker(scratch.path());
    assert_eq!(parent.expect_ok("create_serving"), "in init");
    let child = Child::fork(&mut parent);
    let making = segment(&scratch);
    let mut impatient = Peer::start_with(scratch.path(), &[("PEER_WAIT_MS", "100")]);
    // The child's closure returns: neither is the object made by it, nor removed, nor the lock given up.
    parent.expect_err("child return", "ForkedInInit");
    impatient.expect_err("attach", "StillInitializing");
    impatient.expect_err("attach_or_create 9", "Busy");
    wait::until_equal(|| (segment(&scratch).shmid, segment(&scratch).attached), (making.shmid, 1));

    parent.expect_ok("add 1");
    assert_eq!(parent.expect_ok("return"), "created");
    assert_eq!(impatient.expect_ok("attach"), "attached");
    assert_eq!(impatient.expect_ok("frames"), "1");
    parent.expect_ok("child attach");
    assert_eq!(present(&scratch), sorted([parent.pid(), child.0, impatient.pid()]));
}

#[test]
fn lock_of_a_killed_creator_is_free_while_its_child_lives() {
    let scratch = Scratch::new();
    let mut parent = forker(scratch.path());
    parent.expect_ok("create_serving");
    let child = Child::fork(&mut parent);
    assert!(times_open(child.0, scratch.path()) == 0, "the child's copy of the lock is closed before it runs");
    parent.kill();

    // Not `Busy`: the lock could be had. The child has the half-made object attached: so it is left alone.
    let mut impatient = Peer::start_with(scratch.path(), &[("PEER_WAIT_MS", "200")]);
    impatient.expect_err("attach_or_create 9", "Abandoned");
    impatient.expect_err("attach", "Abandoned");
    child.kill();
    wait::until_true("the child to let go", || segment(&scratch).attached == 0);
    assert_eq!(impatient.expect_ok("attach_or_create 9"), "created");
    assert_eq!(impatient.expect_ok("frames"), "9");
}

#[test]
fn child_that_ends_in_an_update_leaves_its_parents_update_alone() {
    let scratch = Scratch::new();
    let mut parent = forker(scratch.path());
    parent.expect_ok("create");
    parent.expect_ok("store");
    parent.expect_ok("fork_in_update");
    assert_eq!(parent.expect_ok("store"), "3");
}

#[test]
fn slot_of_a_dead_child_is_taken_by_the_living() {
    let scratch = Scratch::new();
    let mut creator = Peer::start_with(scratch.path(), &[("PEER_MAX_PROCESSES", "2")]);
    creator.expect_ok("create 7");
    creator.kill();
    let mut parent = forker(scratch.path());
    parent.expect_ok("attach");
    let child = Child::fork(&mut parent);
    parent.expect_ok("child store");
    let mut third = Peer::start(scratch.path());
    third.expect_err("attach", "ParticipantsFull");
    child.kill();
    wait::until_true("the child to let go", || segment(&scratch).attached == 1);
    third.expect_ok("attach");
    assert_eq!(third.expect_ok("participants"), "2");
}
