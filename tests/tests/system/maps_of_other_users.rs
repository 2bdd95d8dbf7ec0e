//! Maps between processes of different users: one may write, or only read.

use std::os::unix::fs::chown;

use shmstore_tests::holder::{spawn, wait_until_asleep};
use shmstore_tests::peer::Peer;
use shmstore_tests::privilege::{ALICE, BOB, GROUP, PublicPeer, with_users};
use shmstore_tests::scratch::{Scratch, set_mode};

/// A directory of root's, and processes of others that use it.
struct Users {
    anchor: Scratch,
    program: PublicPeer,
}

impl Users {
    fn new() -> Self {
        let anchor = Scratch::new();
        chown(anchor.path(), None, Some(GROUP)).unwrap();
        set_mode(anchor.path(), 0o755);
        Self { anchor, program: PublicPeer::in_role("mapper") }
    }

    /// Starts a process of Alice's, which makes an object that all may use as `mode` says, or of Bob's.
    fn start(&self, uid: u32, mode: &str, environment: &[(&str, &str)]) -> Peer {
        let mut command = self.program.command_as(uid, self.anchor.path());
        let trusted = if uid == ALICE { BOB } else { ALICE }.to_string();
        command.env("PEER_TRUSTS", trusted).env("PEER_MODE", mode);
        spawn(command.envs(environment.iter().copied()))
    }
}

#[test]
fn users_that_trust_each_other_share_keys_and_recover_what_the_other_left() {
    with_users(|| {
        let users = Users::new();
        let mut alice = users.start(ALICE, "666", &[]);
        let mut bob = users.start(BOB, "666", &[]);
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
        let mut bob = users.start(BOB, "666", &[("SHMSTORE_FAILPOINT", "EntryChained=kill")]);
        bob.tell("insert 7 70");
        bob.wait_until_killed();
        assert_eq!(alice.expect_ok("insert_timeout 8 80 20000"), "none");
        assert_eq!(alice.expect_ok("items"), "6:60 8:80");
    });
}

#[test]
fn user_that_may_only_read_finds_keys_and_waits_for_them() {
    with_users(|| {
        let users = Users::new();
        let mut alice = users.start(ALICE, "644", &[]);
        let mut bob = users.start(BOB, "644", &[("MAPPER_READS", "1")]);
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
        let mut dead = users.start(ALICE, "644", &[("SHMSTORE_FAILPOINT", "KeyRemoved=kill")]);
        dead.tell("remove 6");
        dead.wait_until_killed();
        assert_eq!((bob.expect_ok("see items"), bob.expect_ok("see len")), (String::new(), "0".into()));
        alice.expect_ok("delete");
        assert!(bob.ask("see newer 9 0 25000").starts_with("err Removed "), "not told of the removal");
    });
}
