//! Frames between processes of different users: one may write, or only read.

use shmstore_tests::framer::{find, put_some};
use shmstore_tests::holder::{spawn, wait_until_asleep};
use shmstore_tests::objects::IMAGES;
use shmstore_tests::peer::Peer;
use shmstore_tests::privilege::{ALICE, BOB, ROOT, Users, with_users};

/// A user in no group of the others.
const CAROL: u32 = 61_003;

/// Starts a process of Alice's, which makes an object that all may use as `mode` says, or of Bob's.
fn start(users: &Users, uid: u32, mode: &str, environment: &[(&str, &str)]) -> Peer {
    spawn(users.command_as(uid, mode).envs(environment.iter().copied()))
}

#[test]
fn users_that_trust_each_other_hand_each_other_frames_and_take_back_what_the_other_left() {
    with_users(|| {
        let users = Users::of(ROOT, 0o755, "framer");
        let mut alice = start(&users, ALICE, "660", &[]);
        let mut bob = start(&users, BOB, "660", &[]);
        bob.tell("wait_newer 0 25000");
        wait_until_asleep(bob.pid());
        alice.expect_ok("put 5");
        assert_eq!(bob.answer(), "ok 1 5");
        // Her own processes leave no slot but those of the newest frame and of Bob's pin.
        let newest = put_some(&mut alice, 1);
        (2..IMAGES).for_each(|_| drop(alice.expect_ok("loan")));
        let message = alice.expect_err("loan 60", "Full");
        assert!(message.contains(&bob.pid().to_string()), "{message}");
        alice.tell("loan 25000");
        wait_until_asleep(alice.pid());
        assert_eq!(bob.expect_ok("check"), "1 5");
        bob.kill();
        assert_eq!(alice.answer(), "ok ");
        assert_eq!(alice.expect_ok("publish"), (newest + 1).to_string());
        let mut bob = start(&users, BOB, "660", &[("SHMSTORE_FAILPOINT", "PublishWord=kill")]);
        bob.tell("put 7 20000");
        bob.wait_until_killed();
        // A wait completes the publication.
        assert_eq!(alice.expect_ok(&format!("wait_newer {} 20000", newest + 1)), format!("{} 7", newest + 2));
        assert_eq!(find(&mut alice), format!("{} 7", newest + 2));
    });
}

#[test]
fn user_outside_the_group_reads_and_waits_without_pins() {
    with_users(|| {
        let users = Users::of(ROOT, 0o755, "framer");
        let mut alice = start(&users, ALICE, "664", &[]);
        let mut command = users.program.run_in_groups(CAROL, CAROL, None);
        let trusts = [("PEER_READS", "1".to_owned()), ("PEER_TRUSTS", ALICE.to_string())];
        let mut carol = spawn(command.arg(users.anchor.path()).envs(trusts));
        assert_eq!(carol.expect_ok("see"), "none");
        carol.expect_err("pin", "Reader");
        carol.tell("see_newer 0 25000");
        wait_until_asleep(carol.pid());
        alice.expect_ok("put 5");
        assert_eq!(carol.answer(), "ok 1 5");
        // A reader is no participant, so its death and its stop are nobody's concern.
        assert_eq!(alice.expect_ok("participants"), "1");
        assert_eq!(alice.expect_ok("loans"), (IMAGES - 1).to_string());
        let newest = put_some(&mut alice, 1);
        assert_eq!(carol.expect_ok("see"), format!("{newest} {}", 100 + newest));
        alice.expect_ok("remove");
        assert!(carol.ask(&format!("see_newer {newest} 25000")).starts_with("err Removed "), "not told of the removal");
    });
}
