//! Moves by root, by other users, and in other IPC namespaces.

use std::process::Command;

use shmstore_tests::assert_says;
use shmstore_tests::moves::{ID, JOURNAL_BIT, World};
use shmstore_tests::peer::{Peer, actor_words};
use shmstore_tests::privilege::{ALICE, BOB, ROOT, Users, with_namespaces, with_users};
use shmstore_tests::raw::{Raw, field};
use shmstore_tests::scratch::Planted;
use shmstore_tests::segments::{self, Segment};
use shmstore_tests::wait;

const NOBODY: u32 = 65_534;

/// Users that move an object.
struct Movers(Users);

impl Movers {
    fn of(owner: u32) -> Self {
        Self(Users::of(owner, 0o755, "mover"))
    }

    /// A process that trusts Alice or Bob: the other one.
    fn start(&self, uid: u32, environment: &[(&str, &str)]) -> Peer {
        Peer::spawn(self.0.command_as(uid, "660").envs(environment.iter().copied()))
    }

    /// Has a user's process die in a move.
    #[track_caller]
    fn kill_at(&self, uid: u32, step: &str) {
        let mut mover = self.start(uid, &[("SHMSTORE_FAILPOINT", &format!("{step}=kill"))]);
        mover.tell("migrate2");
        mover.wait_until_killed();
    }

    fn key(&self) -> i32 {
        self.0.anchor.key(ID)
    }

    fn segment(&self) -> Segment {
        let [segment] = &segments::at_key(self.key())[..] else { panic!("one object") };
        segment.clone()
    }

    fn journals(&self) -> Vec<Segment> {
        segments::at_key(self.key() | JOURNAL_BIT)
    }

    #[track_caller]
    fn create(&self, uid: u32) {
        let mut creator = self.start(uid, &[]);
        assert_eq!(creator.expect_ok("create1 3"), "created");
    }

    /// A user finds the object in the new layout, with its values, and may remove it.
    #[track_caller]
    fn assert_moved(&self, uid: u32) {
        let mut user = self.start(uid, &[]);
        assert_eq!(user.expect_ok("attach2"), "attached");
        assert_eq!(user.expect_ok("count"), "3");
        user.expect_ok("remove");
        wait::until_equal(|| (segments::at_key(self.key()), self.journals()), (vec![], vec![]));
    }
}

fn rights(of: &Segment) -> (u32, u32, u32) {
    (of.owner, of.group, of.mode)
}

#[test]
fn object_that_root_moves_still_belongs_to_its_user() {
    with_users(|| {
        let users = Movers::of(ALICE);
        users.create(ALICE);
        let before = rights(&users.segment());
        assert_eq!(before.0, ALICE);
        assert_eq!(users.start(ROOT, &[]).expect_ok("migrate2"), "moved");
        assert_eq!(rights(&users.segment()), before);
        users.assert_moved(ALICE);
    });
}

#[test]
fn object_keeps_a_mode_that_the_store_of_its_mover_has_not() {
    with_users(|| {
        let users = Movers::of(ALICE);
        users.start(ALICE, &[("PEER_MODE", "600")]).expect_ok("create1 3");
        let before = rights(&users.segment());
        assert_eq!(before.2, 0o600);
        assert_eq!(users.start(ROOT, &[]).expect_ok("migrate2"), "moved");
        assert_eq!(rights(&users.segment()), before);
    });
}

#[test]
fn user_moves_an_object_of_its_own() {
    with_users(|| {
        for uid in [NOBODY, ALICE] {
            let users = Movers::of(uid);
            users.create(uid);
            let before = rights(&users.segment());
            assert_eq!(users.start(uid, &[]).expect_ok("migrate2"), "moved");
            assert_eq!(rights(&users.segment()), before);
            users.assert_moved(uid);
        }
    });
}

#[test]
fn user_that_may_only_write_an_object_does_not_move_it() {
    with_users(|| {
        let users = Movers::of(ALICE);
        users.create(ALICE);
        let mut bob = users.start(BOB, &[]);
        let message = bob.expect_err("migrate2", "NotReplaceable");
        assert_says(&message, &[&format!("only uid {ALICE}"), &format!("uid {BOB}")]);
        assert_eq!(Raw::at_key(users.key()).get(field::FLAGS) & 1, 0);
        assert_eq!(bob.expect_ok("attach1"), "attached");
        assert_eq!(bob.expect_ok("count"), "3");
    });
}

#[test]
fn user_finishes_or_undoes_what_root_began() {
    with_users(|| {
        for step in [
            "CreateSchema:1",
            "JournalReady",
            "RemoveDone",
            "CreateSchema:2",
            "MoveReady",
            "JournalDone",
            "JournalGone",
        ] {
            let users = Movers::of(ALICE);
            users.create(ALICE);
            let before = rights(&users.segment());
            users.kill_at(ROOT, step);
            let mut alice = users.start(ALICE, &[]);
            let is_undone = ["CreateSchema:1", "JournalReady"].contains(&step);
            assert_eq!(alice.expect_ok(if is_undone { "attach1" } else { "attach2" }), "attached", "{step}");
            assert_eq!(alice.expect_ok("count"), "3");
            assert_eq!(rights(&users.segment()), before, "{step}");
            alice.expect_ok("drop");
            if is_undone {
                assert_eq!(alice.expect_ok("migrate2"), "moved");
            }
            users.assert_moved(ALICE);
        }
    });
}

/// Bob may not remove what belongs to Alice, so the journal stays, and says that it is done.
#[test]
fn user_that_may_not_remove_the_journal_uses_the_object_all_the_same() {
    with_users(|| {
        for step in ["MoveMarked", "CreateSchema:1", "JournalReady", "MoveReady", "JournalDone", "JournalGone"] {
            let users = Movers::of(ALICE);
            users.create(ALICE);
            users.kill_at(ALICE, step);
            let mut bob = users.start(BOB, &[]);
            let is_undone = ["MoveMarked", "CreateSchema:1", "JournalReady"].contains(&step);
            assert_eq!(bob.expect_ok(if is_undone { "attach1" } else { "attach2" }), "attached", "{step}");
            assert_eq!(bob.expect_ok("count"), "3");
            assert_eq!(bob.expect_ok("list"), "ready");
            bob.expect_ok("drop");
            let mut alice = users.start(ALICE, &[]);
            assert_eq!(alice.expect_ok("migrate2"), if is_undone { "moved" } else { "nothing to do" });
            users.assert_moved(ALICE);
        }
    });
}

#[test]
fn user_that_is_trusted_finishes_the_move_of_another_one() {
    with_users(|| {
        for step in ["RemoveDone", "CreateSchema:2"] {
            let users = Movers::of(ALICE);
            users.create(ALICE);
            let before = rights(&users.segment());
            users.kill_at(ALICE, step);
            let mut bob = users.start(BOB, &[]);
            if step == "RemoveDone" {
                assert_eq!(bob.expect_ok("attach2"), "attached");
                assert_eq!(bob.expect_ok("count"), "3");
                assert_eq!(rights(&users.segment()), before);
                bob.expect_ok("drop");
            } else {
                // The half-made object is Alice's.
                bob.expect_err("attach2", "Abandoned");
            }
            users.assert_moved(ALICE);
        }
    });
}

#[test]
fn segment_of_a_user_who_is_not_trusted_at_the_key_of_the_journal_is_only_in_the_way_of_a_move() {
    with_users(|| {
        let users = Movers::of(ALICE);
        users.create(ALICE);
        users.kill_at(ALICE, "RemoveDone");
        let journal = Raw::at_key(users.key() | JOURNAL_BIT);
        let bytes = journal.bytes();
        // Of a user whom nobody trusts, with all that a journal says.
        let planted: Planted = {
            shmstore_tests::scratch::remove_segment(journal.shmid());
            drop(journal);
            shmstore_tests::raw::plant(users.key() | JOURNAL_BIT, bytes.len(), 0o666, &bytes)
        };
        Raw::attach(planted.shmid).give_to(NOBODY);
        let mut alice = users.start(ALICE, &[]);
        alice.expect_err("attach2", "NotFound");
        alice.expect_err("see2", "NotFound");
        assert_eq!(alice.expect_ok("create1 3"), "created");
        alice.expect_ok("drop");
        alice.expect_err("migrate2", "Untrusted");
        assert_eq!(alice.expect_ok("attach1"), "attached");
        assert_eq!(alice.expect_ok("count"), "3");
        assert_eq!(Raw::attach(planted.shmid).bytes(), bytes);
    });
}

#[test]
fn move_of_one_ipc_namespace_is_not_seen_by_another() {
    with_namespaces(|| {
        let world = World::new();
        assert_eq!(world.die("migrate2", 1), None);
        let mut killed = world.mover(&[("SHMSTORE_FAILPOINT", "RemoveDone=kill")]);
        killed.tell("migrate2");
        killed.wait_until_killed();
        let mut command = Command::new("unshare");
        command.arg("--ipc").args(actor_words("mover")).arg(world.scratch.path());
        let mut elsewhere = Peer::spawn(command.env("PEER_PER_IPC_NAMESPACE", "1"));
        elsewhere.expect_err("attach1", "NotFound");
        elsewhere.expect_err("attach2", "NotFound");
        assert_eq!(elsewhere.expect_ok("create1 7"), "created");
        assert_eq!((elsewhere.expect_ok("count"), elsewhere.expect_ok("list")), ("7".into(), "ready".into()));
        elsewhere.expect_ok("drop");
        assert_eq!(elsewhere.expect_ok("migrate2"), "moved");
        elsewhere.expect_ok("remove");
        elsewhere.expect_err("attach2", "NotFound");
        world.assert_whole();
    });
}
