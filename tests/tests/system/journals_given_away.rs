//! Moves of one user that another finishes.

use shmstore_tests::privilege::{ALICE, BOB, ROOT, Users, with_users};
use shmstore_tests::raw::{Raw, find};
use shmstore_tests::scratch::Planted;

const JOURNAL_BIT: i32 = 1 << 31;

/// The kernel names the creator of a segment for good, and lets it give the segment to anybody. The new object has
/// another creator than the journal, so it has to belong to the one whose values are in it.
#[test]
fn values_of_a_journal_that_was_given_away_are_not_those_of_its_owner() {
    with_users(|| {
        let users = Users::of(ROOT, 0o755, "mover");
        let start =
            |uid, environment: &[(&str, &str)]| users.start(uid, &[environment, &[("PEER_MODE", "666")]].concat());
        let mut bob = start(BOB, &[("SHMSTORE_FAILPOINT", "JournalReady=kill")]);
        bob.expect_ok("create 3");
        bob.expect_ok("drop");
        bob.tell("migrate2");
        bob.wait_until_killed();
        drop(Planted { shmid: find(users.anchor.key('M')).unwrap() });
        Raw::at_key(users.anchor.key('M') | JOURNAL_BIT).give_to(0);

        let mut alice = start(ALICE, &[]);
        alice.expect_err("attach2", "NotFound");
        let mut root = start(ROOT, &[("PEER_TRUSTS", &BOB.to_string())]);
        root.expect_ok("attach2");
        assert_eq!(root.expect_ok("count"), "3");
        alice.expect_err("attach2", "Untrusted");
        alice.expect_err("see2", "Untrusted");
        let mut both = start(ALICE, &[("PEER_TRUSTS", &BOB.to_string())]);
        both.expect_ok("attach2");
    });
}
