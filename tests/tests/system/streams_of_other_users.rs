//! Queues and broadcasts between processes of different users: one may write, or only read.

use shmstore_tests::holder::{spawn, wait_until_asleep};
use shmstore_tests::peer::Peer;
use shmstore_tests::privilege::{ALICE, BOB, ROOT, Users, with_users};
use shmstore_tests::streamer::drain;

/// Starts a process of Alice's, which makes an object that all may use as `mode` says, or of Bob's.
fn start(users: &Users, uid: u32, mode: &str, environment: &[(&str, &str)]) -> Peer {
    spawn(users.command_as(uid, mode).envs(environment.iter().copied()))
}

#[test]
fn users_that_trust_each_other_hand_each_other_items_and_inherit_each_others_jobs() {
    with_users(|| {
        let users = Users::of(ROOT, 0o755, "streamer");
        let mut alice = start(&users, ALICE, "666", &[]);
        let mut bob = start(&users, BOB, "666", &[]);
        bob.tell("take_timeout 25000");
        wait_until_asleep(bob.pid());
        alice.expect_ok("push 5");
        assert_eq!(bob.answer(), "ok 5 1");
        alice.expect_err("take_timeout 60", "Empty");
        bob.expect_ok("producer");
        let message = alice.expect_err("try_push 9", "Busy");
        assert!(message.contains(&format!("pid {} holds it", bob.pid())), "{message}");
        alice.tell("take_timeout 25000");
        wait_until_asleep(alice.pid());
        bob.kill();
        assert_eq!(alice.answer(), "ok 5 2");
        alice.expect_ok("done");
        alice.expect_ok("push_timeout 6 20000");
        assert_eq!(drain(&mut alice), ["6 1"]);
    });
}

#[test]
fn user_that_may_only_read_looks_at_a_queue_and_receives_from_a_broadcast() {
    with_users(|| {
        let users = Users::of(ROOT, 0o755, "streamer");
        let mut alice = start(&users, ALICE, "644", &[]);
        let mut bob = start(&users, BOB, "644", &[("PEER_READS", "1")]);
        alice.expect_ok("push_many 5 6");
        assert_eq!((bob.expect_ok("seen items"), bob.expect_ok("seen len")), ("5 6".into(), "2".into()));
        bob.expect_err("try_pop", "Reader");
        bob.expect_ok("see_subscribe");
        bob.tell("recv 25000");
        wait_until_asleep(bob.pid());
        alice.expect_ok("send 7");
        assert_eq!(bob.answer(), "ok 0 7");
        (0..9).for_each(|_| drop(alice.expect_ok("send 8")));
        let missed: u64 = bob.expect_err("recv", "Lagged").parse().unwrap();
        assert_eq!(bob.expect_ok("recv"), format!("{} 8", 1 + missed));
        // A reader is no participant, so its death and its stop are nobody's concern.
        assert_eq!(alice.expect_ok("participants"), "1");
        alice.expect_ok("remove");
        let answer = std::iter::repeat_with(|| bob.ask("recv 25000")).find(|answer| !answer.starts_with("ok"));
        assert!(answer.is_some_and(|answer| answer.starts_with("err Removed ")), "not told of the removal");
        assert_eq!(bob.expect_ok("seen items"), "5 6");
    });
}
