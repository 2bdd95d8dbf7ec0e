//! Other users: what their permissions let them do, and who is believed.

use std::fs::{self, File};
use std::os::unix::fs::chown;

use shmstore_tests::assert_says;
use shmstore_tests::peer::Peer;
use shmstore_tests::privilege::{ALICE, BOB, GROUP, ROOT, Users, with_users};
use shmstore_tests::raw::{Raw, SIZE_TAG, field, find, plant};
use shmstore_tests::scratch::set_mode;
use shmstore_tests::segments::resident_pages;

const TRUSTS_ALICE: (&str, &str) = ("PEER_TRUSTS", "61001");
const TRUSTS_BOB: (&str, &str) = ("PEER_TRUSTS", "61002");
const SHARED: (&str, &str) = ("PEER_MODE", "666");
const SHARED_WITH_GROUP: (&str, &str) = ("PEER_MODE", "660");
const SOON: (&str, &str) = ("PEER_WAIT_MS", "50");

/// A directory of one user with these permission bits, and processes of others that use it.
fn users_at(owner: u32, mode: u32) -> Users {
    Users::of(owner, mode, "peer")
}

/// Has a user plant a segment on the key of the anchor, with the bytes of a file.
#[track_caller]
fn plant_by(user: &mut Peer, users: &Users, size: usize, mode: &str, file: &str) -> String {
    user.expect_ok(&format!("plant {} {size} {mode} {file}", users.anchor.key('T')))
}

#[test]
fn anchor_that_may_not_be_read_is_denied() {
    with_users(|| {
        let users = users_at(ALICE, 0o700);
        let path = users.anchor.path().display().to_string();
        let answer = users.start(BOB, &[TRUSTS_ALICE]).answer();
        let what = format!(
            "err AccessDenied cannot open a store at {path}: permission denied for uid {BOB} by {path} (owner uid \
             {ALICE}, group {GROUP}, mode 0700); the anchor must be readable by every user of the store, and each \
             directory on the way searchable"
        );
        assert_eq!(answer, what);
        // Nor a directory below it, which nobody else may search.
        fs::create_dir(users.anchor.join("below")).unwrap();
        let mut command = users.program.command_as(BOB, &users.anchor.join("below"));
        let answer = Peer::spawn(&mut command).answer();
        let what = format!(
            "err AccessDenied cannot open a store at {path}/below: permission denied for uid {BOB} by {path} (owner \
             uid {ALICE}, group {GROUP}, mode 0700); "
        );
        assert!(answer.starts_with(&what), "{answer}");
    });
}

#[test]
fn anchor_of_a_user_who_is_not_trusted_is_refused_with_the_cure() {
    with_users(|| {
        let users = users_at(ALICE, 0o755);
        let answer = users.start(BOB, &[]).answer();
        assert!(answer.starts_with("err UntrustedAnchor refused the anchor "), "{answer}");
        assert_says(&answer, &[&format!("it belongs to uid {ALICE}"), &format!("Store::options().trust({ALICE})")]);
        users.start(BOB, &[TRUSTS_ALICE]).expect_ok("create 1");
    });
}

#[test]
fn object_of_mode_0600_is_denied_with_its_owner_and_mode() {
    with_users(|| {
        let users = users_at(ROOT, 0o755);
        let mut alice = users.start(ALICE, &[]);
        alice.expect_ok("create 1");
        let segment = find(users.anchor.key('T')).unwrap();
        let mut bob = users.start(BOB, &[TRUSTS_ALICE]);
        for (command, refusal) in [("replace", "NotReplaceable"), ("remove", "NotPermitted")] {
            let message = bob.expect_err(command, refusal);
            assert_says(
                &message,
                &[&format!("only uid {ALICE}, its creator or root may, and this process is uid {BOB} (segment ")],
            );
        }
        for command in ["attach", "attach_or_create", "create"] {
            let message = bob.expect_err(command, "AccessDenied");
            let denied = format!("permission denied for uid {BOB} to write `Telemetry` (id 'T', key 0x");
            let whose = format!("segment {segment} of ");
            let owner = format!("owner uid {ALICE}, group {GROUP}, mode 0600, made by pid {}", alice.pid());
            assert_says(&message, &[&denied, &whose, &owner, "Store::options().mode(0o660)"]);
            assert!(!message.contains("It may be read"), "it may not even be read: {message}");
        }
        let message = bob.expect_err("see", "AccessDenied");
        let denied = format!("permission denied for uid {BOB} to read `Telemetry` (id 'T', key 0x");
        let owner = format!(
            "owner uid {ALICE}, group {GROUP}, mode 0600, made by pid {}. It may not even be read. ",
            alice.pid()
        );
        let cure =
            "by opening the store with Store::options().mode(0o640), for the anchor's group, or 0o644, for every user";
        assert_says(&message, &[&denied, &owner, cure]);
        assert_eq!(alice.expect_ok("frames"), "1");
    });
}

#[test]
fn name_cannot_be_made_in_a_directory_that_is_not_ours_and_the_reason_is_true() {
    with_users(|| {
        let users = users_at(ROOT, 0o755);
        let mut bob = users.start(BOB, &[TRUSTS_ALICE]);
        let message = bob.expect_err("named rover", "NotWritable");
        assert_says(&message, &["cannot make ", &format!("permission denied for uid {BOB}"), "must be writable"]);
    });
}

#[test]
fn object_that_may_only_be_read_is_denied_to_those_who_would_write_with_the_way_to_read() {
    with_users(|| {
        let users = users_at(ROOT, 0o755);
        let mut alice = users.start(ALICE, &[("PEER_MODE", "644")]);
        alice.expect_ok("create 1");
        for command in ["attach", "attach_or_create", "view"] {
            let message = users.start(BOB, &[TRUSTS_ALICE]).expect_err(command, "AccessDenied");
            let way = "It may be read: use `attach_read_only`.";
            assert_says(&message, &["to write `Telemetry`", "mode 0644", way, "Store::options().mode(0o660)"]);
        }
        users.start(BOB, &[]).expect_err("attach", "Untrusted");
    });
}

#[test]
fn object_of_another_user_is_read_by_those_who_trust_him_and_never_written() {
    with_users(|| {
        for (owner, directory, mode) in [(ROOT, 0o755, "644"), (ALICE, 0o755, "644"), (ALICE, 0o750, "640")] {
            let users = users_at(owner, directory);
            let mut alice = users.start(ALICE, &[("PEER_MODE", mode)]);
            alice.expect_ok("create 1");
            let before = Raw::at_key(users.anchor.key('T')).bytes();
            let mut bob = users.start(BOB, &[TRUSTS_ALICE]);
            bob.expect_ok("see");
            assert_eq!(bob.expect_ok("seen participants"), "1");
            assert_eq!(bob.expect_ok("seen removed"), "false");
            assert_eq!(bob.expect_ok("seen shmid"), alice.expect_ok("shmid"));
            assert!(Raw::at_key(users.anchor.key('T')).bytes() == before, "it was written");

            alice.expect_ok("add 2");
            alice.expect_ok("store 5");
            assert_eq!((bob.expect_ok("seen frames"), bob.expect_ok("seen load")), ("3".into(), "1 5 5 5".into()));
            bob.expect_err("see_drifted", "LayoutMismatch");
            alice.expect_ok("remove");
            assert_eq!(bob.expect_ok("seen removed"), "true");
        }
    });
}

#[test]
fn reader_who_does_not_trust_the_creator_is_refused_with_the_cure() {
    with_users(|| {
        let users = users_at(ROOT, 0o755);
        let mut alice = users.start(ALICE, &[("PEER_MODE", "644")]);
        alice.expect_ok("create 1");
        let message = users.start(BOB, &[]).expect_err("see", "Untrusted");
        assert_says(&message, &["refused `Telemetry`", &trust_alice()]);
        // Nor is it believed when it is the reader's own: who made it stays who made it.
        Raw::at_key(users.anchor.key('T')).give_to(BOB);
        users.start(BOB, &[]).expect_err("see", "Untrusted");
    });
}

#[test]
fn half_made_object_of_another_user_does_not_exist_for_readers() {
    with_users(|| {
        let users = users_at(ROOT, 0o755);
        let mode = ("PEER_MODE", "644");
        let mut stopped = users.start(ALICE, &[mode, ("SHMSTORE_FAILPOINT", "CreateInitializing=stop")]);
        stopped.tell("create 1");
        stopped.wait_until_stopped();
        let mut bob = users.start(BOB, &[TRUSTS_ALICE, SOON]);
        bob.expect_err("see", "StillInitializing");
        stopped.kill();
        let left = find(users.anchor.key('T')).expect("a half-made segment");
        bob.expect_err("see", "NotFound");
        bob.expect_err("see 50", "NotFound");
        users.start(BOB, &[SOON]).expect_err("see", "Untrusted");
        assert_eq!(find(users.anchor.key('T')), Some(left));
        bob.tell("see 20000");
        bob.wait_until_polling();
        users.start(ALICE, &[mode]).expect_ok("attach_or_create 2");
        assert_eq!(bob.answer(), "ok ");
        assert_eq!(bob.expect_ok("seen frames"), "2");
    });
}

#[test]
fn users_who_trust_each_other_share_objects_both_ways() {
    with_users(|| {
        for (directory, mode) in [(0o755, SHARED), (0o770, SHARED_WITH_GROUP)] {
            for (creator, user) in [(ALICE, BOB), (BOB, ALICE)] {
                let users = users_at(ROOT, directory);
                let trust = if creator == ALICE { TRUSTS_ALICE } else { TRUSTS_BOB };
                let mut creator = users.start(creator, &[mode]);
                creator.expect_ok("create 5");
                let mut user = users.start(user, &[mode, trust]);
                assert_eq!(user.expect_ok("attach"), "attached");
                assert_eq!(user.expect_ok("attach_or_create"), "attached");
                assert_eq!(user.expect_ok("add 2"), "5");
                assert_eq!(creator.expect_ok("frames"), "7");
                creator.expect_ok("store 3");
                assert_eq!(user.expect_ok("load"), "1 3 3 3");
                assert_eq!(creator.expect_ok("participants"), "2");
            }
        }
    });
}

#[test]
fn root_is_trusted_by_everybody() {
    with_users(|| {
        let users = users_at(ROOT, 0o755);
        users.start(0, &[SHARED]).expect_ok("create 1");
        users.start(ALICE, &[]).expect_ok("attach");
    });
}

#[test]
fn object_of_a_user_who_is_not_trusted_is_refused_with_the_cure() {
    with_users(|| {
        let users = users_at(ROOT, 0o755);
        let mut alice = users.start(ALICE, &[SHARED]);
        alice.expect_ok("create 1");
        let before = Raw::at_key(users.anchor.key('T')).bytes();
        let mut bob = users.start(BOB, &[SHARED]);
        let expected = format!(
            "refused `Telemetry` (id 'T', key {:#010x}) at {}: the segment at its key was created by uid {ALICE}, \
             which is not trusted. Nothing in it was read. Call Store::options().trust({ALICE}) to accept it, or have \
             it removed (segment {} of {} bytes, owner uid {ALICE}, group {GROUP}, mode 0666, made by pid {})",
            users.anchor.key('T'),
            users.anchor.path().display(),
            find(users.anchor.key('T')).unwrap(),
            before.len(),
            alice.pid(),
        );
        for command in ["attach", "attach 20", "attach_or_create", "create", "replace", "remove"] {
            assert_eq!(bob.expect_err(command, "Untrusted"), expected, "{command}");
        }
        assert!(Raw::at_key(users.anchor.key('T')).bytes() == before, "it was touched");
        assert_eq!(alice.expect_ok("removed"), "false");
    });
}

/// Has Alice plant a segment on the key of Bob's anchor, and asserts that Bob refuses it whatever he does.
#[track_caller]
fn assert_squatter_is_refused(users: &Users, size: usize, mode: &str, bytes: &[u8], variant: &str, parts: &[&str]) {
    let file = users.program.program().with_file_name("bytes");
    fs::write(&file, bytes).unwrap();
    set_mode(&file, 0o644);
    let mut alice = users.start(ALICE, &[]);
    let planted = plant_by(&mut alice, users, size, mode, file.to_str().unwrap());
    let before = Raw::at_key(users.anchor.key('T')).bytes();
    let mut bob = users.start(BOB, &[SOON]);
    for command in ["attach", "attach 20", "attach_or_create 1", "create 1", "replace 1", "remove"] {
        let message = bob.expect_err(command, variant);
        assert_says(&message, parts);
        assert_says(&message, &[&format!("segment {planted} of {size} bytes"), &format!("uid {ALICE}")]);
    }
    assert_eq!(find(users.anchor.key('T')).unwrap().to_string(), planted, "it was removed");
    assert!(Raw::at_key(users.anchor.key('T')).bytes() == before, "it was touched");
}

/// An anchor of Bob's that Alice can look up: all she needs to know its key.
fn bobs_anchor() -> Users {
    users_at(ROOT, 0o755)
}

fn trust_alice() -> String {
    format!(
        "by uid {ALICE}, which is not trusted. Nothing in it was read. Call Store::options().trust({ALICE}) to \
             accept it"
    )
}

#[test]
fn squatter_with_an_empty_segment_of_our_size_is_refused_and_named() {
    with_users(|| {
        for mode in ["666", "600"] {
            let users = bobs_anchor();
            assert_squatter_is_refused(&users, 8192 + SIZE_TAG, mode, &[], "Untrusted", &[&trust_alice()]);
        }
    });
}

#[test]
fn squatter_with_a_foreign_segment_is_refused_and_named() {
    with_users(|| {
        for mode in ["666", "600"] {
            assert_squatter_is_refused(&bobs_anchor(), 8192, mode, b"data", "Foreign", &["foreign segment"]);
        }
    });
}

#[test]
fn no_byte_of_a_segment_is_read_before_its_creator_and_owner_are_trusted() {
    with_users(|| {
        for owner in [ALICE, BOB] {
            let users = bobs_anchor();
            let size = 8192 + SIZE_TAG;
            let mut alice = users.start(ALICE, &[]);
            let planted = plant_by(&mut alice, &users, size, "666", "/dev/null");
            Raw::at_key(users.anchor.key('T')).give_to(owner);
            let mut bob = users.start(BOB, &[SOON]);
            for command in ["attach", "create 1", "attach_or_create 1", "replace 1", "remove", "see"] {
                bob.expect_err(command, "Untrusted");
            }
            assert_eq!(bob.expect_ok("list"), "untrusted");
            assert_eq!(resident_pages(planted.parse().unwrap()), 0, "a page that is looked at is made");
        }
    });
}

/// In a process with `mlockall`, to map a segment is to fill it. This one fits into no process.
#[test]
fn segment_of_a_user_who_is_not_trusted_is_not_even_mapped() {
    with_users(|| {
        const SPARSE: &str = "10666";
        for (size, variant, state) in
            [((1 << 47) + SIZE_TAG, "Untrusted", "untrusted"), (1 << 47, "Foreign", "foreign")]
        {
            let users = bobs_anchor();
            let mut alice = users.start(ALICE, &[]);
            let planted = plant_by(&mut alice, &users, size, SPARSE, "/dev/null");
            let mut bob = users.start(BOB, &[SOON]);
            for command in ["attach", "create 1", "attach_or_create 1", "replace 1", "remove", "see"] {
                let message = bob.expect_err(command, variant);
                assert_says(&message, &[&format!("segment {planted} of {size} bytes"), &format!("uid {ALICE}")]);
            }
            assert_eq!(bob.expect_ok("list"), state);
            // One of a user who is trusted cannot be mapped, either.
            if variant == "Untrusted" {
                let message = users.start(BOB, &[SOON, TRUSTS_ALICE]).expect_err("attach", "OtherAttachError");
                assert_says(&message, &["`ulimit -v`, `ulimit -l`"]);
            }
        }
    });
}

#[test]
fn segment_of_our_own_that_we_may_not_use_is_ours_to_remove() {
    with_users(|| {
        for mode in ["000", "100"] {
            let users = bobs_anchor();
            let mut bob = users.start(BOB, &[SOON]);
            let size = 8192 + SIZE_TAG;
            let planted = plant_by(&mut bob, &users, size, mode, "/dev/null");
            for command in ["attach", "attach_or_create 1", "create 1", "replace 1", "remove", "see"] {
                let message = bob.expect_err(command, "AccessDenied");
                assert_says(&message, &["The segment is this user's own", &format!("`ipcrm -m {planted}`")]);
            }
            assert_eq!(bob.expect_ok("list"), "unreadable");
        }
    });
}

#[test]
fn squatter_with_foreign_data_of_our_size_is_refused_unread() {
    with_users(|| {
        assert_squatter_is_refused(
            &bobs_anchor(),
            8192 + SIZE_TAG,
            "666",
            b"data",
            "Untrusted",
            &[&trust_alice(), "Nothing in it was read"],
        );
    });
}

#[test]
fn squatter_with_a_perfect_copy_is_refused_and_named() {
    with_users(|| {
        for state in [0, 1, 2, 3] {
            let users = bobs_anchor();
            let mut bob = users.start(BOB, &[]);
            bob.expect_ok("create 1");
            let raw = Raw::at_key(users.anchor.key('T'));
            // The header says that Bob made it; the kernel knows who did.
            raw.set(field::STATE, state);
            let copy = raw.bytes();
            drop(raw);
            Raw::at_key(users.anchor.key('T')).set(field::STATE, 2);
            bob.expect_ok("remove");
            bob.expect_ok("drop");
            assert_squatter_is_refused(&users, copy.len(), "666", &copy, "Untrusted", &[&trust_alice()]);
        }
    });
}

#[test]
fn segment_that_was_given_away_is_still_its_creators() {
    with_users(|| {
        let users = bobs_anchor();
        let mut alice = users.start(ALICE, &[]);
        let size = 8192 + SIZE_TAG;
        plant_by(&mut alice, &users, size, "666", "/dev/null");
        Raw::at_key(users.anchor.key('T')).give_to(BOB);
        let message = users.start(BOB, &[SOON]).expect_err("attach_or_create", "Untrusted");
        assert_says(&message, &[&trust_alice(), &format!("owner uid {BOB}"), &format!("of uid {ALICE}")]);
    });
}

#[test]
fn user_who_got_a_segment_of_ours_is_not_trusted_with_it() {
    with_users(|| {
        let users = bobs_anchor();
        let planted = plant(users.anchor.key('T'), 8192 + SIZE_TAG, 0o666, &[]);
        Raw::attach(planted.shmid).give_to(ALICE);
        let message = users.start(BOB, &[SOON]).expect_err("attach_or_create", "Untrusted");
        assert_says(&message, &[&format!("the segment at its key is owned {}", trust_alice())]);
    });
}

#[test]
fn object_of_another_user_can_be_used_but_not_removed() {
    with_users(|| {
        let users = users_at(ROOT, 0o755);
        let mut alice = users.start(ALICE, &[SHARED]);
        alice.expect_ok("create 1");
        let mut bob = users.start(BOB, &[TRUSTS_ALICE]);
        let message = bob.expect_err("remove", "NotPermitted");
        let what = format!("cannot remove `Telemetry` (id 'T', key {:#010x}) at ", users.anchor.key('T'));
        let who = format!("only uid {ALICE}, its creator or root may, and this process is uid {BOB} (segment ");
        assert_says(&message, &[&what, &who]);
        let message = bob.expect_err("replace", "NotReplaceable");
        assert_says(&message, &[&what, &who]);
        assert_eq!(alice.expect_ok("removed"), "false");
        bob.expect_ok("attach");
        alice.expect_ok("remove");
        assert_eq!(bob.expect_ok("removed"), "true");
    });
}

#[test]
fn half_made_object_of_another_user_is_abandoned_and_says_who_can_clean_up() {
    with_users(|| {
        let users = users_at(ROOT, 0o755);
        let mut alice = users.start(ALICE, &[SHARED, ("SHMSTORE_FAILPOINT", "CreateInitializing=kill")]);
        alice.tell("create 1");
        alice.wait();
        let left = find(users.anchor.key('T')).expect("a half-made segment");
        let mut bob = users.start(BOB, &[TRUSTS_ALICE, SOON]);
        for command in ["attach", "attach_or_create", "create", "remove"] {
            let message = bob.expect_err(command, "Abandoned");
            let who = format!("only uid {ALICE} or root may remove it, and this process is uid {BOB}");
            assert_says(&message, &["was left incomplete by a process that died", &who, "run it as one of them once"]);
        }
        users.start(BOB, &[SOON]).expect_err("attach_or_create", "Untrusted");
        assert_eq!(find(users.anchor.key('T')), Some(left));
        assert_eq!(users.start(ALICE, &[]).expect_ok("attach_or_create 2"), "created");
    });
}

#[test]
fn named_anchor_of_a_user_who_is_not_trusted_is_refused() {
    with_users(|| {
        // Shared by a group, so that Alice can put files there.
        let users = users_at(BOB, 0o770);
        let file = users.anchor.join("eurusd.shm");
        File::create(&file).unwrap();
        chown(&file, Some(ALICE), Some(GROUP)).unwrap();
        set_mode(&file, 0o660);
        let message = users.start(BOB, &[]).expect_err("named eurusd", "UntrustedAnchor");
        let expected = format!(
            "refused the anchor {}: it belongs to uid {ALICE}, which is neither this user, root, nor trusted; remove \
             it, or accept it with Store::options().trust({ALICE})",
            file.display()
        );
        assert_eq!(message, expected);
        let mut trusting = users.start(BOB, &[TRUSTS_ALICE]);
        trusting.expect_ok("named eurusd");
        assert_eq!(trusting.expect_ok("attach_or_create"), "created");
    });
}
