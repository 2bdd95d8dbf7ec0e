//! A child of `fork` inherits the jobs, producers, consumers and senders of its parent, and takes nothing from it. A new
//! image of a process has none of them. A subscriber belongs to each process that has it.

use shmstore_tests::holder::{spawn, wait_until_asleep, wait_until_state};
use shmstore_tests::peer::{Child, Peer};
use shmstore_tests::privilege::{in_pid_namespace, with_namespaces};
use shmstore_tests::sandbox::SANDBOX;
use shmstore_tests::scratch::Scratch;
use shmstore_tests::streamer::{drain, streamer, streamer_with};

/// What a process may have: how it gets it, how another one asks for it and is refused, how the process uses it, and what
/// a child is told that does.
struct Have {
    get: &'static str,
    ask: &'static str,
    refusal: &'static str,
    using: &'static str,
    cure: &'static str,
}

const HAVES: [Have; 4] = [
    Have {
        get: "take",
        ask: "take_timeout 60",
        refusal: "Empty",
        using: "done",
        cure: "forked with a `Job` of `Queue<[u64; 32], 2>` must not finish it. It belongs to the parent",
    },
    Have {
        get: "producer",
        ask: "push_timeout 9 60",
        refusal: "Busy",
        using: "produce 7 60",
        cure: "forked with a `Producer` of `Queue<[u64; 32], 2>` must not push with it. It belongs to the parent",
    },
    Have {
        get: "consumer",
        ask: "pop_timeout 60",
        refusal: "Busy",
        using: "consume 0 60",
        cure: "forked with a `Consumer` of `Queue<[u64; 32], 2>` must not pop with it. It belongs to the parent",
    },
    Have {
        get: "sender",
        ask: "sender_timeout 60",
        refusal: "Busy",
        using: "feed 7",
        cure: "forked with a `Sender` of `Broadcast<[u64; 32], 4>` must not send with it. It belongs to the parent",
    },
];

/// A process that makes children. `inherited_streams_without_wiping` runs these tests where the kernel does not wipe the
/// process's page in them.
fn forker(scratch: &Scratch) -> Peer {
    let is_wiped = !module_path!().contains("without_wiping");
    streamer_with(scratch.path(), &[(SANDBOX, if is_wiped { "" } else { "EINVAL madvise(MADV_WIPEONFORK)" })])
}

/// A process that has something, a child that has inherited it, and another one. The queue has item 5.
fn family(scratch: &Scratch, get: &str) -> (Peer, Child, Peer) {
    let mut parent = forker(scratch);
    parent.expect_ok("push 5");
    parent.expect_ok(get);
    let child = Child::fork(&mut parent);
    (parent, child, streamer(scratch.path()))
}

#[test]
fn child_that_drops_what_it_inherited_takes_nothing_from_its_parent() {
    for Have { get, ask, refusal, using, .. } in HAVES {
        let scratch = Scratch::new();
        let (mut parent, _child, mut other) = family(&scratch, get);
        assert_eq!(parent.expect_ok("child drop"), "true");
        other.expect_err(ask, refusal);
        // It has not even got a place among those that use the object.
        assert_eq!(other.expect_ok("participants"), "2");
        parent.expect_ok(using);
    }
}

#[test]
fn child_that_uses_what_it_inherited_is_refused_with_the_cure() {
    for Have { get, ask, refusal, using, cure } in HAVES {
        let scratch = Scratch::new();
        let (mut parent, _child, mut other) = family(&scratch, get);
        let message = parent.expect_err(&format!("child {using}"), "Panicked");
        assert!(message.contains(cure), "{message}");
        other.expect_err(ask, refusal);
        parent.expect_ok(using);
        if get == "consumer" {
            let message = parent.expect_err("child consume_job 0 60", "Panicked");
            assert!(message.contains(cure), "{message}");
        }
    }
}

#[test]
fn child_uses_the_parts_like_any_other_process() {
    let scratch = Scratch::new();
    let (mut parent, child, mut other) = family(&scratch, "take");
    parent.expect_err("child take_timeout 60", "Empty");
    parent.expect_ok("child push 6");
    assert_eq!(parent.expect_ok("child take"), "6 1");
    // Its own job is not its parent's, and comes back when it dies. Its parent's does not.
    child.kill();
    assert_eq!(other.expect_ok("take_timeout 20000"), "6 2");
    other.expect_err("take_timeout 60", "Empty");
    parent.expect_ok("done");
    other.expect_ok("done");
    assert_eq!(other.expect_ok("outstanding"), "0");
}

#[test]
fn subscriber_goes_on_in_both_from_the_same_item() {
    for subscribe in ["subscribe", "see_subscribe"] {
        let scratch = Scratch::new();
        let mut parent = forker(&scratch);
        let mut sender = streamer(scratch.path());
        parent.expect_ok(subscribe);
        sender.expect_ok("send 7");
        assert_eq!(parent.expect_ok("recv"), "0 7");
        let _child = Child::fork(&mut parent);
        sender.expect_ok("send 8");
        sender.expect_ok("send 9");
        for expected in ["1 8", "2 9"] {
            assert_eq!(parent.expect_ok("child recv 20000"), expected);
        }
        for expected in ["1 8", "2 9"] {
            assert_eq!(parent.expect_ok("recv 20000"), expected);
        }
        parent.expect_err("child recv 60", "Empty");
    }
}

#[test]
fn what_a_killed_parent_had_is_recovered_while_its_child_lives_with_a_copy() {
    for (get, enter, expected) in [
        ("take", "take_timeout 20000", "ok 5 2"),
        ("producer", "push_timeout 6 20000", "ok "),
        ("consumer", "pop_timeout 20000", "ok 5"),
        ("sender", "sender", "ok "),
    ] {
        let scratch = Scratch::new();
        let (mut parent, child, mut other) = family(&scratch, get);
        other.tell(enter);
        wait_until_asleep(other.pid());
        parent.kill();
        assert_eq!(other.answer(), expected, "`{get}`");
        assert!(std::fs::exists(format!("/proc/{}", child.0)).unwrap(), "the child has ended");
    }
}

#[test]
fn what_the_former_image_had_is_recovered_after_exec() {
    for (get, enter, expected) in [
        ("take", "take_timeout 20000", "5 2"),
        ("producer", "push_timeout 6 20000", ""),
        ("consumer", "pop_timeout 20000", "5"),
        ("sender", "sender", ""),
    ] {
        for by_the_new_image in [false, true] {
            let scratch = Scratch::new();
            let mut image = forker(&scratch);
            image.expect_ok("push 5");
            image.expect_ok(get);
            assert_eq!(image.ask("exec"), "ok ready");
            let mut other = streamer(scratch.path());
            let next = if by_the_new_image { &mut image } else { &mut other };
            assert_eq!(next.expect_ok(enter), expected, "`{get}`, by the new image: {by_the_new_image}");
        }
    }
}

#[test]
fn job_of_a_process_without_descriptors_or_its_first_thread_is_its_own() {
    for loses in ["close_descriptors", "end_leader"] {
        let scratch = Scratch::new();
        let mut owner = streamer(scratch.path());
        owner.expect_ok("push 5");
        owner.expect_ok(loses);
        if loses == "end_leader" {
            wait_until_state(owner.pid(), 'Z');
        }
        owner.expect_ok("take");
        let mut other = streamer(scratch.path());
        for command in ["try_take", "take_timeout 60"] {
            other.expect_err(command, "Empty");
        }
        assert_eq!(other.expect_ok("outstanding"), "1", "`{loses}`");
        owner.kill();
        assert_eq!(other.expect_ok("take_timeout 20000"), "5 2", "`{loses}`");
    }
}

/// Asserts that the jobs and the side of one are not taken by the other while it lives, and are when it was killed.
fn assert_recovered_across(owner: &mut Peer, other: &mut Peer) {
    owner.expect_ok("push_many 5 6");
    owner.expect_ok("take");
    owner.expect_ok("take");
    owner.expect_ok("producer");
    for command in ["try_take", "try_pop", "take_timeout 60"] {
        other.expect_err(command, "Empty");
    }
    for command in ["try_push 9", "push_timeout 9 60"] {
        other.expect_err(command, "Busy");
    }
    assert_eq!(other.expect_ok("outstanding"), "2");
    other.tell("take_timeout 25000");
    // `unshare --kill-child` takes its child with it.
    owner.kill();
    assert_eq!(other.answer(), "ok 5 2");
    other.expect_ok("done");
    other.expect_ok("push_timeout 7 20000");
    assert_eq!(drain(other), ["6 2", "7 1"]);
}

/// Starts one in a PID namespace of its own, where it is process 1.
fn start_in_pid_namespace(scratch: &Scratch) -> Option<Peer> {
    let mut command = in_pid_namespace("streamer")?;
    Some(spawn(command.arg(scratch.path())))
}

#[test]
fn jobs_of_a_process_killed_in_another_pid_namespace_come_back_and_those_of_a_living_one_never() {
    with_namespaces(|| {
        let scratch = Scratch::new();
        let mut outside = streamer(scratch.path());
        let Some(mut inside) = start_in_pid_namespace(&scratch) else { return };
        assert_recovered_across(&mut inside, &mut outside);
    });
}

#[test]
fn jobs_of_a_process_killed_outside_come_back_within_a_pid_namespace_and_those_of_a_living_one_never() {
    with_namespaces(|| {
        let scratch = Scratch::new();
        let mut outside = streamer(scratch.path());
        let Some(mut inside) = start_in_pid_namespace(&scratch) else { return };
        assert_recovered_across(&mut outside, &mut inside);
    });
}

#[test]
fn processes_of_two_pid_namespaces_hand_each_other_items() {
    with_namespaces(|| {
        let scratch = Scratch::new();
        let mut outside = streamer(scratch.path());
        let Some(mut inside) = start_in_pid_namespace(&scratch) else { return };
        inside.expect_ok("subscribe");
        inside.tell("recv 25000");
        outside.expect_ok("send 7");
        assert_eq!(inside.answer(), "ok 0 7");
        inside.tell("pop_timeout 25000");
        outside.expect_ok("push 8");
        assert_eq!(inside.answer(), "ok 8");
        outside.tell("take_timeout 25000");
        inside.expect_ok("push 9");
        assert_eq!(outside.answer(), "ok 9 1");
        inside.tell("producer");
        assert_eq!(inside.answer(), "ok ");
    });
}
