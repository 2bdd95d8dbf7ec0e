//! Maps between processes of different users: one may write, or only read.

use shmstore_tests::holder::{spawn, wait_until_asleep};
use shmstore_tests::peer::Peer;
use shmstore_tests::privilege::{ALICE, BOB, ROOT, Users, with_users};

/// Starts a process of Alice's, which makes an object that all may use as `mode` says, or of Bob's.
fn start(users: &Users, uid: u32, mode: &str, environment: &[(&str, &str)]) -> Peer {
    spawn(users.command_as(uid, mode).envs(environment.iter().copied()))
}

#[test]
fn users_that_trust_each_other_share_keys_and_recover_what_the_other_left() {
    with_users(|| {
        let users = Users::of(ROOT, 0o755, "mapper");
        let mut alice = start(&users, ALICE, "666", &[]);
        let mut bob = start(&users, BOB, "666", &[]);
        bob.tell("wait_newer 5 0 25000");
        wait_until_asleep(bob.pid());
        alice.expect_ok("insert 5 50");
        assert_eq!(bob.answer(), "ok 1 50");
        bob.expect_ok("entry 5");
        bob.expect_ok("writer");
        let message = alice.expect_err("try_remove 5", "Busy");
        assert!(message.contains(&format!("pid {} holds it", bob.pid())), "{message}");
        alice.expect_ok("insert 6 60");
        alice.tell("remove_timeout 5 25000");
        wait_until_asleep(alice.pid());
        bob.kill();
        assert_eq!(alice.answer(), "ok 50");
        // A process that dies at an insertion has the lock of the keys.
        let mut bob = start(&users, BOB, "666", &[("SHMSTORE_FAILPOINT", "EntryChained=kill")]);
        bob.tell("insert 7 70");
        bob.wait_until_killed();
        assert_eq!(alice.expect_ok("insert_timeout 8 80 20000"), "none");
        assert_eq!(alice.expect_ok("items"), "6:60 8:80");
    });
}

#[test]
fn user_that_may_only_read_finds_keys_and_waits_for_them() {
    with_users(|| {
        let users = Users::of(ROOT, 0o755, "mapper");
        let mut alice = start(&users, ALICE, "644", &[]);
        let mut bob = start(&users, BOB, "644", &[("PEER_READS", "1")]);
        alice.expect_ok("insert 5 50");
        let seen = ["items", "len", "get 5", "contains 6"].map(|what| bob.expect_ok(&format!("see {what}")));
        assert_eq!(seen, ["5:50", "1", "50", "false"]);
        bob.expect_err("insert 6 60", "Reader");
        for (wait, end, answer) in [
            ("see newer 6 0 25000", "insert 6 60", "ok 1 60"),
            ("see newer 6 1 25000", "update 6 61", "ok 2 61"),
            ("see changed 2 25000", "remove 5", "ok 3"),
        ] {
            bob.tell(wait);
            wait_until_asleep(bob.pid());
            alice.expect_ok(end);
            assert_eq!(bob.answer(), answer, "`{wait}`");
        }
        // A reader is no participant, so its death and its stop are nobody's concern.
        assert_eq!(alice.expect_ok("participants"), "1");
        // It finds what a dead writer has left, which nobody has recovered.
        let mut dead = start(&users, ALICE, "644", &[("SHMSTORE_FAILPOINT", "KeyRemoved=kill")]);
        dead.tell("remove 6");
        dead.wait_until_killed();
        assert_eq!((bob.expect_ok("see items"), bob.expect_ok("see len")), (String::new(), "0".into()));
        alice.expect_ok("delete");
        assert!(bob.ask("see newer 9 0 25000").starts_with("err Removed "), "not told of the removal");
    });
}
