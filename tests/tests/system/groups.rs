//! Users that share by a group, and root at work in the store of a user.

use std::fs::{self};
use std::os::unix::fs::{MetadataExt, chown};
use std::path::{Path, PathBuf};

use shmstore_tests::assert_says;
use shmstore_tests::peer::Peer;
use shmstore_tests::privilege::{ALICE, BOB, GROUP, PublicPeer, with_users};
use shmstore_tests::scratch::{Planted, Scratch, key_of, set_mode};
use shmstore_tests::segments::{self, Segment};

/// A user in no group of the others.
const CAROL: u32 = 61_003;
const BY_GROUP: (&str, &str) = ("PEER_MODE", "660");
const SOON: (&str, &str) = ("PEER_WAIT_MS", "50");
const MAKES_STORE: (&str, &str) = ("PEER_MAKES_STORE", "1");

/// A directory, and users each with a primary group of its own.
struct Group {
    scratch: Scratch,
    program: PublicPeer,
}

impl Group {
    /// A directory of root and the group, with these permission bits.
    fn with_mode(mode: u32) -> Self {
        Self::of(0, GROUP, mode)
    }

    fn of(owner: u32, group: u32, mode: u32) -> Self {
        let scratch = Scratch::new();
        chown(scratch.path(), Some(owner), Some(group)).unwrap();
        set_mode(scratch.path(), mode);
        Self { scratch, program: PublicPeer::new() }
    }

    /// A user that trusts the other one, and is in the group unless it is Carol.
    fn start_at(&self, path: &Path, uid: u32, environment: &[(&str, &str)]) -> Peer {
        let group = (uid != CAROL).then_some(GROUP);
        let mut command = self.program.run_in_groups(uid, uid, group);
        let trusted = if uid == ALICE { BOB } else { ALICE };
        command.arg(path).env("PEER_TRUSTS", trusted.to_string()).envs(environment.iter().copied());
        Peer::spawn(&mut command)
    }

    fn start(&self, uid: u32, environment: &[(&str, &str)]) -> Peer {
        self.start_at(self.scratch.path(), uid, environment)
    }

    /// Root, which trusts Alice.
    fn start_root(&self, environment: &[(&str, &str)]) -> Peer {
        let mut command = self.program.run_in_groups(0, 0, None);
        command.arg(self.scratch.path()).env("PEER_TRUSTS", ALICE.to_string()).envs(environment.iter().copied());
        Peer::spawn(&mut command)
    }

    fn name(&self, name: &str) -> PathBuf {
        self.scratch.join(&format!("{name}.shm"))
    }
}

#[track_caller]
fn segment_at(path: &Path) -> Segment {
    let [segment] = segments::at_key(key_of(path, 'T')).try_into().expect("one object stands there");
    segment
}

#[test]
fn users_share_by_the_group_of_the_directory_and_not_by_their_own() {
    with_users(|| {
        for mode in [0o2770, 0o770] {
            let group = Group::with_mode(mode);
            let [mut alice, mut bob] = [ALICE, BOB].map(|uid| group.start(uid, &[BY_GROUP]));
            alice.expect_ok("create 5");
            assert_eq!(segment_at(group.scratch.path()).group, GROUP);
            assert_eq!(bob.expect_ok("attach_or_create"), "attached");
            assert_eq!(bob.expect_ok("add 2"), "5");
            assert_eq!(alice.expect_ok("frames"), "7");

            bob.expect_ok("named rover");
            assert_eq!(bob.expect_ok("attach_or_create"), "created");
            let file = fs::metadata(group.name("rover")).unwrap();
            assert_eq!((file.uid(), file.gid(), file.mode() & 0o777), (BOB, GROUP, 0o660));
            let segment = segment_at(&group.name("rover"));
            assert_eq!((segment.owner, segment.group, segment.mode), (BOB, GROUP, 0o660));
            alice.expect_ok("named rover");
            assert_eq!(alice.expect_ok("attach_or_create"), "attached");
        }
    });
}

#[test]
fn directory_that_is_made_in_one_of_a_group_stays_one_of_the_group() {
    with_users(|| {
        let group = Group::with_mode(0o2770);
        let path = group.scratch.join("rover");
        let [mut alice, mut bob] = [ALICE, BOB].map(|uid| group.start_at(&path, uid, &[BY_GROUP, MAKES_STORE]));
        alice.expect_ok("create 1");
        let made = fs::metadata(&path).unwrap();
        assert_eq!((made.gid(), made.mode() & 0o7777), (GROUP, 0o2770));
        assert_eq!(bob.expect_ok("attach_or_create"), "attached");
        bob.expect_ok("named left");
        assert_eq!(fs::metadata(path.join("left.shm")).unwrap().gid(), GROUP);
        assert_eq!(bob.expect_ok("attach_or_create"), "created");
        drop(Planted { shmid: segment_at(&path.join("left.shm")).shmid });
    });
}

#[test]
fn error_names_the_group_that_may_and_that_this_process_is_not_in_it() {
    with_users(|| {
        let group = Group::with_mode(0o775);
        let mut alice = group.start(ALICE, &[BY_GROUP]);
        alice.expect_ok("create 1");
        let mut carol = group.start(CAROL, &[]);
        let message = carol.expect_err("attach", "AccessDenied");
        let owner = format!("owner uid {ALICE}, group {GROUP}, mode 0660");
        let cure = format!(
            "Group {GROUP} may write it, but this process is not in that group. Start it as a user of the group (`id` \
             shows the groups), or have the object made at an anchor of another group, as a new object takes its \
             anchor's group"
        );
        assert_says(&message, &[&owner, &cure]);
        assert!(!message.contains("0o660"), "what was done is no cure: {message}");
        let message = carol.expect_err("see", "AccessDenied");
        assert_says(&message, &[&format!("Group {GROUP} may read it, but this process is not in that group")]);

        group.start(ALICE, &[("PEER_MODE", "664")]).expect_ok("replace 1");
        let message = carol.expect_err("view", "AccessDenied");
        assert_says(&message, &[&format!("It may be read: use `attach_read_only`. Group {GROUP} may write it")]);
    });
}

#[test]
fn object_is_nobodys_elses_until_it_has_its_group() {
    with_users(|| {
        let group = Group::with_mode(0o775);
        let path = group.scratch.path();
        let at_segment = [BY_GROUP, ("SHMSTORE_FAILPOINT", "CreateSegment=stop")];
        let mut stopped = group.start(ALICE, &at_segment);
        stopped.tell("create 1");
        stopped.wait_until_stopped();
        assert_eq!(segment_at(path).mode & 0o077, 0, "only its creator may use it yet");
        let mut bob = group.start(BOB, &[BY_GROUP, SOON]);
        for command in ["attach", "see"] {
            assert_says(bob.expect_err(command, "StillInitializing"), &["still being initialized"]);
        }
        bob.tell("attach 20000");
        bob.wait_until_polling();
        stopped.signal("CONT");
        assert_eq!(bob.answer(), "ok attached");
        let segment = segment_at(path);
        assert_eq!((segment.group, segment.mode), (GROUP, 0o660));
    });
}

#[test]
fn process_that_is_denied_an_object_just_before_it_gets_its_group_is_let_in() {
    with_users(|| {
        for (command, success) in [("attach 20000", "ok attached"), ("see 20000", "ok ")] {
            let group = Group::with_mode(0o775);
            let at_segment = [BY_GROUP, ("SHMSTORE_FAILPOINT", "CreateSegment=stop")];
            let mut alice = group.start(ALICE, &at_segment);
            alice.tell("create 1");
            alice.wait_until_stopped();
            let mut bob = group.start(BOB, &[BY_GROUP, ("SHMSTORE_FAILPOINT", "LookDenied=stop")]);
            bob.tell(command);
            bob.wait_until_stopped();
            alice.signal("CONT");
            assert_eq!(alice.answer(), "ok created");
            bob.signal("CONT");
            assert_eq!(bob.answer(), success);
        }
    });
}

#[test]
fn creator_killed_before_its_object_has_the_group_is_cleaned_up_after() {
    with_users(|| {
        let group = Group::with_mode(0o770);
        let mut killed = group.start(ALICE, &[BY_GROUP, ("SHMSTORE_FAILPOINT", "CreateSegment=kill")]);
        killed.tell("create 1");
        killed.wait();
        let left = segment_at(group.scratch.path());
        let mut bob = group.start(BOB, &[BY_GROUP, SOON]);
        for command in ["attach", "attach_or_create", "create", "remove"] {
            let message = bob.expect_err(command, "Abandoned");
            assert_says(&message, &[&format!("only uid {ALICE} or root may remove it, and this process is uid {BOB}")]);
        }
        bob.expect_err("see", "NotFound");
        assert_eq!(bob.expect_ok("list"), "initializing", "it is half-made, and not gone");
        assert_eq!(segment_at(group.scratch.path()), left);
        assert_eq!(group.start(ALICE, &[BY_GROUP]).expect_ok("attach_or_create 2"), "created");
        assert_eq!(bob.expect_ok("attach"), "attached");
    });
}

#[test]
fn what_root_makes_in_the_store_of_a_user_is_the_users() {
    with_users(|| {
        for mode in ["600", "660"] {
            let group = Group::of(ALICE, ALICE, 0o700);
            let mut root = group.start_root(&[("PEER_MODE", mode)]);
            root.expect_ok("create 1");
            root.expect_ok("replace 3");
            let mut alice = group.start(ALICE, &[]);
            assert_eq!(alice.expect_ok("attach_or_create"), "attached");
            assert_eq!(alice.expect_ok("add 1"), "3");
            assert_eq!(root.expect_ok("frames"), "4");
            let segment = segment_at(group.scratch.path());
            let bits = u32::from_str_radix(mode, 8).unwrap();
            assert_eq!((segment.owner, segment.mode), (ALICE, bits));

            root.expect_ok("named rover");
            root.expect_ok("create 1");
            let file = fs::metadata(group.name("rover")).unwrap();
            assert_eq!((file.uid(), file.gid(), file.mode() & 0o777), (ALICE, ALICE, bits));
            alice.expect_ok("named rover");
            assert_eq!(alice.expect_ok("attach_or_create"), "attached");
            alice.expect_ok("remove");
            assert_eq!(alice.expect_ok("forget rover"), "true");
            root.expect_err("attach", "NotFound");
        }
    });
}

#[test]
fn anchor_that_was_given_to_a_user_who_is_not_trusted_gets_nothing_from_root() {
    with_users(|| {
        let group = Group::of(ALICE, ALICE, 0o700);
        let path = group.scratch.path();
        let mut root = group.start_root(&[]);
        root.expect_ok("create 1");
        root.expect_ok("remove");
        chown(path, Some(CAROL), Some(CAROL)).unwrap();
        for command in ["create 1", "attach_or_create 1", "replace 1", "attach", "remove", "named rover"] {
            let message = root.expect_err(command, "UntrustedAnchor");
            assert_says(&message, &[&format!("it belongs to uid {CAROL}"), &format!("trust({CAROL})")]);
        }
        assert_eq!(group.scratch.segments(), []);
        assert!(!group.name("rover").exists());
        // One that is trusted gets it.
        chown(path, Some(ALICE), Some(ALICE)).unwrap();
        root.expect_ok("create 1");
        assert_eq!(segment_at(path).owner, ALICE);
    });
}

#[test]
fn anchor_that_was_given_away_while_it_was_locked_gets_nothing_from_root() {
    with_users(|| {
        let group = Group::of(ALICE, ALICE, 0o700);
        let mut root = group.start_root(&[("SHMSTORE_FAILPOINT", "CreateLocked=stop")]);
        root.tell("create 1");
        root.wait_until_stopped();
        chown(group.scratch.path(), Some(CAROL), Some(CAROL)).unwrap();
        root.signal("CONT");
        let answer = root.answer();
        assert!(answer.starts_with("err UntrustedAnchor "), "{answer}");
        assert_eq!(group.scratch.segments(), []);
    });
}
