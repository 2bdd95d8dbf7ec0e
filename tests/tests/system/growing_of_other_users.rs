//! Objects of one user that programs of another extend.

use shmstore_tests::assert_says;
use shmstore_tests::peer::Peer;
use shmstore_tests::privilege::{ALICE, BOB, ROOT, Users, with_users};

/// Starts a process that makes objects with this mode, and trusts the other user.
fn start(users: &Users, uid: u32, mode: &str) -> Peer {
    Peer::spawn(&mut users.command_as(uid, mode))
}

#[test]
fn object_of_one_user_is_extended_by_another_that_may_write_it() {
    with_users(|| {
        let users = Users::of(ROOT, 0o755, "rover");
        let mut alice = start(&users, ALICE, "666");
        assert_eq!(alice.expect_ok("create v1 7"), "created");
        let mut bob = start(&users, BOB, "666");
        assert_eq!(bob.expect_ok("attach v2"), "grown 2");
        bob.expect_ok("add speed 3");
        assert_eq!(alice.expect_ok("attach v3"), "grown 3");
        assert_eq!(alice.expect_ok("tell"), "frames=7 position=0 speed=3 total=0 trips=0");
        assert_eq!(bob.expect_ok("attach v3"), "attached");
        bob.expect_ok("add trips 4");
        bob.kill();
        assert_eq!(alice.expect_ok("get trips"), "4");
        assert_eq!(start(&users, BOB, "666").expect_ok("attach v1"), "attached");
    });
}

#[test]
fn user_that_may_only_read_waits_for_a_user_that_may_extend() {
    with_users(|| {
        let users = Users::of(ROOT, 0o755, "rover");
        let mut alice = start(&users, ALICE, "644");
        assert_eq!(alice.expect_ok("create v1 7"), "created");
        let mut bob = start(&users, BOB, "644");
        bob.expect_err("attach v2", "AccessDenied");
        assert_says(bob.expect_err("see v2", "Shorter"), &["does not have the field `speed`"]);
        bob.tell("see v2 25000");
        bob.wait_until_polling();
        assert_eq!(alice.expect_ok("attach v2"), "grown 2");
        assert_eq!(bob.answer(), "ok attached");
        alice.expect_ok("add speed 3");
        assert_eq!(bob.expect_ok("tell"), "frames=7 position=0 speed=3");
    });
}
