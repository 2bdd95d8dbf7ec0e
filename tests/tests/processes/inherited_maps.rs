//! A child of `fork` inherits the entries, transactions and exclusive writers of its parent, and takes nothing from it. A
//! new image of a process has none of them. A map and an entry belong to each process that has them.

use shmstore_tests::holder::{spawn, wait_until_asleep, wait_until_state};
use shmstore_tests::mapper::{mapper, mapper_with};
use shmstore_tests::peer::{Child, Peer};
use shmstore_tests::privilege::{in_pid_namespace, with_namespaces};
use shmstore_tests::sandbox::SANDBOX;
use shmstore_tests::scratch::Scratch;

/// What a process may have of the value of key 5: how it gets it, how it uses it, and what a child is told that does.
struct Have {
    get: &'static str,
    using: &'static str,
    cure: &'static str,
}

const HAVES: [Have; 2] = [
    Have { get: "writer", using: "put 51", cure: "must not store with it. It belongs to the parent" },
    Have { get: "begin", using: "commit 51", cure: "must not commit it. It belongs to the parent" },
];

/// The calls of others that need the value of key 5.
const ASKS: [&str; 4] = ["try_insert 5 9", "insert_timeout 5 9 60", "remove_timeout 5 60", "try_remove 5"];

/// A process that makes children. `inherited_maps_without_wiping` runs these tests where the kernel does not wipe the
/// process's page in them.
fn forker(scratch: &Scratch) -> Peer {
    let is_wiped = !module_path!().contains("without_wiping");
    mapper_with(scratch.path(), &[(SANDBOX, if is_wiped { "" } else { "EINVAL madvise(MADV_WIPEONFORK)" })])
}

/// A process that has something of key 5, a child that has inherited it, and another one.
fn family(scratch: &Scratch, get: &str) -> (Peer, Child, Peer) {
    let mut parent = forker(scratch);
    parent.expect_ok("insert 5 50");
    assert_eq!(parent.expect_ok("entry 5"), "true");
    parent.expect_ok(get);
    let child = Child::fork(&mut parent);
    (parent, child, mapper(scratch.path()))
}

fn expect_busy(other: &mut Peer) {
    ASKS.iter().for_each(|ask| drop(other.expect_err(ask, "Busy")));
}

#[test]
fn child_that_drops_what_it_inherited_of_a_map_takes_nothing_from_its_parent() {
    for Have { get, using, .. } in HAVES {
        let scratch = Scratch::new();
        let (mut parent, _child, mut other) = family(&scratch, get);
        assert_eq!(parent.expect_ok("child drop"), "true");
        expect_busy(&mut other);
        // It has not even got a place among those that use the object.
        assert_eq!(other.expect_ok("participants"), "2");
        parent.expect_ok(using);
        parent.expect_ok("drop");
        assert_eq!(other.expect_ok("remove_timeout 5 20000"), "51");
    }
}

#[test]
fn child_that_uses_what_it_inherited_of_a_map_is_refused_with_the_cure() {
    for Have { get, using, cure } in HAVES {
        let scratch = Scratch::new();
        let (mut parent, _child, mut other) = family(&scratch, get);
        let message = parent.expect_err(&format!("child {using}"), "Panicked");
        assert!(message.contains(cure), "{message}");
        expect_busy(&mut other);
        assert_eq!(other.expect_ok("get 5"), "50");
        parent.expect_ok(using);
        assert_eq!(other.expect_ok("get 5"), "51");
    }
}

#[test]
fn child_uses_a_map_and_an_inherited_entry_like_any_other_process() {
    let scratch = Scratch::new();
    let mut parent = forker(&scratch);
    parent.expect_ok("insert 5 50");
    parent.expect_ok("entry 5");
    let child = Child::fork(&mut parent);
    assert_eq!(parent.expect_ok("child load"), "1 50");
    assert_eq!(parent.expect_ok("child store 51"), "2");
    assert_eq!(parent.expect_ok("load"), "2 51");
    assert_eq!(parent.expect_ok("child insert 6 60"), "none");
    assert_eq!(parent.expect_ok("child items"), "5:51 6:60");
    // What the child has is not its parent's, and is free when it dies.
    parent.expect_ok("child writer");
    parent.expect_err("try_writer", "Busy");
    child.kill();
    assert_eq!(parent.expect_ok("insert_timeout 5 52 20000"), "51");
    parent.expect_ok("remove 5");
    parent.expect_err("load", "Removed");
    assert_eq!(parent.expect_ok("items"), "6:60");
}

#[test]
fn child_that_waits_for_a_key_is_woken_as_its_parent_is() {
    let scratch = Scratch::new();
    let mut parent = forker(&scratch);
    let _child = Child::fork(&mut parent);
    let mut other = mapper(scratch.path());
    parent.tell("child wait_newer 5 0 25000");
    other.expect_ok("insert 5 50");
    assert_eq!(parent.answer(), "ok 1 50");
    parent.tell("wait_newer 5 1 25000");
    wait_until_asleep(parent.pid());
    other.expect_ok("update 5 51");
    assert_eq!(parent.answer(), "ok 2 51");
}

#[test]
fn what_a_killed_parent_had_of_a_map_is_recovered_while_its_child_lives_with_a_copy() {
    for Have { get, .. } in HAVES {
        let scratch = Scratch::new();
        let (mut parent, child, mut other) = family(&scratch, get);
        other.tell("remove_timeout 5 25000");
        wait_until_asleep(other.pid());
        parent.kill();
        assert_eq!(other.answer(), "ok 50", "`{get}`");
        assert!(std::fs::exists(format!("/proc/{}", child.0)).unwrap(), "the child has ended");
    }
}

#[test]
fn what_the_former_image_had_of_a_map_is_recovered_after_exec() {
    for Have { get, .. } in HAVES {
        for by_the_new_image in [false, true] {
            let scratch = Scratch::new();
            let mut image = forker(&scratch);
            image.expect_ok("insert 5 50");
            image.expect_ok("entry 5");
            image.expect_ok(get);
            assert_eq!(image.ask("exec"), "ok ready");
            let mut other = mapper(scratch.path());
            let next = if by_the_new_image { &mut image } else { &mut other };
            assert_eq!(next.expect_ok("insert_timeout 5 51 20000"), "50", "`{get}`, by the image: {by_the_new_image}");
        }
    }
}

#[test]
fn writer_of_a_process_without_descriptors_or_its_first_thread_is_its_own() {
    for loses in ["close_descriptors", "end_leader"] {
        let scratch = Scratch::new();
        let mut owner = mapper(scratch.path());
        owner.expect_ok("insert 5 50");
        owner.expect_ok(loses);
        if loses == "end_leader" {
            wait_until_state(owner.pid(), 'Z');
        }
        owner.expect_ok("entry 5");
        owner.expect_ok("writer");
        let mut other = mapper(scratch.path());
        expect_busy(&mut other);
        owner.kill();
        assert_eq!(other.expect_ok("remove_timeout 5 20000"), "50", "`{loses}`");
    }
}

/// Asserts that the value of one is not taken by the other while it lives, and is when it was killed.
fn assert_recovered_across(owner: &mut Peer, other: &mut Peer) {
    owner.expect_ok("insert 5 50");
    owner.expect_ok("entry 5");
    owner.expect_ok("writer");
    expect_busy(other);
    other.expect_ok("insert 6 60");
    other.tell("remove_timeout 5 25000");
    // `unshare --kill-child` takes its child with it.
    owner.kill();
    assert_eq!(other.answer(), "ok 50");
    assert_eq!(other.expect_ok("items"), "6:60");
}

/// Starts one in a PID namespace of its own, where it is process 1.
fn start_in_pid_namespace(scratch: &Scratch) -> Option<Peer> {
    let mut command = in_pid_namespace("mapper")?;
    Some(spawn(command.arg(scratch.path())))
}

#[test]
fn maps_of_a_process_killed_in_another_pid_namespace_or_outside_go_on() {
    with_namespaces(|| {
        for is_inside in [false, true] {
            let scratch = Scratch::new();
            let mut outside = mapper(scratch.path());
            let Some(mut inside) = start_in_pid_namespace(&scratch) else { return };
            let (owner, other) = if is_inside { (&mut inside, &mut outside) } else { (&mut outside, &mut inside) };
            assert_recovered_across(owner, other);
        }
    });
}

#[test]
fn processes_of_two_pid_namespaces_wait_for_each_others_keys() {
    with_namespaces(|| {
        let scratch = Scratch::new();
        let mut outside = mapper(scratch.path());
        let Some(mut inside) = start_in_pid_namespace(&scratch) else { return };
        inside.tell("wait_newer 5 0 25000");
        outside.expect_ok("insert 5 50");
        assert_eq!(inside.answer(), "ok 1 50");
        outside.expect_ok("entry 5");
        outside.tell("entry_newer 1 25000");
        inside.expect_ok("remove 5");
        assert!(outside.answer().starts_with("err EntryRemoved "));
    });
}
