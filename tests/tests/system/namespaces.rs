//! Containers: other IPC namespaces with limits of their own, other PID namespaces in which pids mean nothing to us.

use std::process::Command;
use std::sync::atomic::Ordering::Relaxed;
use std::thread;

use nix::sched::{CloneFlags, unshare};
use shmstore::{Shared, Store};
use shmstore_tests::assert_says;
use shmstore_tests::objects::Telemetry;
use shmstore_tests::peer::{Peer, actor, actor_words};
use shmstore_tests::privilege::{
    ALICE, alone_with_namespaces, in_ipc_namespace, in_pid_namespace, plant_on_huge_pages, skip, with_namespaces,
};
use shmstore_tests::raw::{Raw, SIZE_TAG, field};
use shmstore_tests::scratch::Scratch;

/// Starts a peer in an IPC namespace of its own, in which one of the kernel's limits has another value.
fn start_with_limit(scratch: &Scratch, limit: &str, value: &str) -> Option<Peer> {
    let set = format!("echo {value} > /proc/sys/kernel/{limit}");
    let possible = Command::new("unshare").args(["--ipc", "sh", "-c", &set]).output().expect("`unshare` of util-linux");
    if !possible.status.success() {
        skip(String::from_utf8_lossy(&possible.stderr).trim());
        return None;
    }
    let then = format!(r#"{set} && exec "$0" "$@""#);
    let mut command = Command::new("unshare");
    command.args(["--ipc", "sh", "-c", &then]).args(actor_words("peer")).arg(scratch.path());
    Some(Peer::spawn(&mut command))
}

fn set_limit(peer: &Peer, limit: &str, value: &str) {
    let set = format!("echo {value} > /proc/sys/kernel/{limit}");
    let mut command = Command::new("nsenter");
    command.args(["--ipc", "--target", &peer.pid().to_string(), "sh", "-c", &set]);
    let done = command.output().expect("`nsenter` of util-linux");
    assert!(done.status.success(), "{done:?}");
}

/// What every limit's message starts with.
fn cannot_create(scratch: &Scratch) -> String {
    format!("cannot create `Telemetry` (id 'T', key {:#010x}) at {}: ", scratch.key('T'), scratch.path().display())
}

#[test]
fn limit_on_segments_is_named_with_how_many_are_ours_and_unattached() {
    with_namespaces(|| {
        let scratch = Scratch::new();
        let Some(mut peer) = start_with_limit(&scratch, "shmmni", "3") else { return };
        peer.expect_ok("plant 1 4096 600 /dev/null");
        peer.expect_ok("plant 2 5453 600 /dev/null");
        peer.expect_ok("create 1");
        peer.expect_ok("named other");
        let message = peer.expect_err("create 2", "SegmentLimit");
        assert_says(
            &message,
            &[
                "cannot create `Telemetry` (id 'T', key 0x",
                "no more than 3 shared-memory segments may exist (SHMMNI); 2 are shmstore's, and no process has 1 of \
                 these attached",
                "`ipcs -m`",
                "/proc/sys/kernel/shmmni",
            ],
        );
        let again = peer.expect_err("attach_or_create 2", "SegmentLimit");
        assert_eq!(again, message);
        assert!(!message.contains("disk") && !message.contains("space"), "{message}");
    });
}

#[test]
fn limit_on_pages_or_on_the_size_of_a_segment_is_named_with_what_is_needed() {
    with_namespaces(|| {
        const PAGES: &str = "it needs 3 pages of shared memory, but 4 of 6 are in use (SHMALL).";
        const SIZE: &str = "its segment of 9549 bytes is not between 1 (SHMMIN) and 8192 (SHMMAX); raise ";
        for (limit, value, variant, what, cure) in
            [("shmall", "6", "PageLimit", PAGES, "`ipcs -m`"), ("shmmax", "8192", "SizeLimit", SIZE, "raise ")]
        {
            let scratch = Scratch::new();
            let Some(mut peer) = start_with_limit(&scratch, limit, value) else { return };
            if limit == "shmall" {
                peer.expect_ok("plant 1 16384 600 /dev/null");
            }
            let message = peer.expect_err("create 1", variant);
            assert_says(&message, &[&(cannot_create(&scratch) + what), cure, &format!("/proc/sys/kernel/{limit}")]);
        }
    });
}

#[test]
fn object_stays_if_the_limits_do_not_allow_the_one_that_is_to_replace_it() {
    with_namespaces(|| {
        let scratch = Scratch::new();
        let Some(mut peer) = start_with_limit(&scratch, "shmall", "5") else { return };
        peer.expect_ok("create 7");
        // It has the old one attached, which keeps its three pages.
        peer.expect_err("replace 9", "PageLimit");
        set_limit(&peer, "shmall", "100");
        set_limit(&peer, "shmmni", "1");
        peer.expect_err("replace 9", "SegmentLimit");
        set_limit(&peer, "shmmni", "100");
        set_limit(&peer, "shmmax", "8192");
        peer.expect_err("replace 9", "SizeLimit");
        assert_eq!((peer.expect_ok("removed"), peer.expect_ok("frames")), ("false".into(), "7".into()));
        set_limit(&peer, "shmmax", "1000000");
        assert_eq!(peer.expect_ok("replace 9"), "created");
    });
}

#[test]
fn it_is_told_that_the_old_object_is_gone_if_the_new_one_can_not_be_made_after_all() {
    with_namespaces(|| {
        let scratch = Scratch::new();
        if start_with_limit(&scratch, "shmmax", "1000000").is_none() {
            return;
        }
        let mut peer = Peer::spawn(in_ipc_namespace(scratch.path()).env("SHMSTORE_FAILPOINT", "RemoveDone=stop"));
        peer.expect_ok("create 7");
        peer.tell("replace 9");
        peer.wait_until_stopped();
        set_limit(&peer, "shmmax", "8192");
        peer.signal("CONT");
        let answer = peer.answer();
        let what = format!("at {} no longer exists: it was removed to be replaced", scratch.path().display());
        assert_says(&answer, &["err Lost ", &what, "(SHMMAX)"]);
        peer.expect_err("attach", "NotFound");
    });
}

#[test]
fn object_of_another_ipc_namespace_is_not_found_and_the_namespace_is_named() {
    with_namespaces(|| {
        let scratch = Scratch::new();
        let store = scratch.store();
        let object = store.create::<Telemetry>().unwrap();
        let mut peer = Peer::spawn(&mut in_ipc_namespace(scratch.path()));
        let message = peer.expect_err("attach", "NotFound");
        // By now the peer is in its namespace, and runs the program.
        let theirs = std::fs::read_link(format!("/proc/{}/ns/ipc", peer.pid())).unwrap();
        assert_ne!(theirs, std::fs::read_link("/proc/self/ns/ipc").unwrap());
        let namespace = format!("or it runs in another IPC namespace. This process is uid 0 in {}.", theirs.display());
        assert_says(
            &message,
            &["`Telemetry` (id 'T', key 0x", "does not exist", "it runs in another IPC namespace", &namespace],
        );
        assert!(!Shared::is_removed(&object), "it is there, in its own namespace");
    });
}

#[test]
fn process_of_another_pid_namespace_shares_objects() {
    with_namespaces(|| {
        let scratch = Scratch::new();
        let object = scratch.store().create::<Telemetry>().unwrap();
        let Some(mut command) = in_pid_namespace("peer") else { return };
        let mut peer = Peer::spawn(command.arg(scratch.path()));
        assert_eq!(peer.expect_ok("attach"), "attached");
        assert_eq!(peer.expect_ok("add 4"), "0");
        assert_eq!(object.frames.load(std::sync::atomic::Ordering::SeqCst), 4);
        let participants = Shared::participants(&object);
        assert_eq!(participants.len(), 2);
        let them = participants.iter().find(|participant| participant.pid == 1).expect("the namespace's first process");
        let us = participants.iter().find(|participant| participant.pid == std::process::id()).unwrap();
        assert_ne!(them.pid_namespace, us.pid_namespace);
    });
}

#[test]
fn process_is_never_taken_for_dead_by_its_pid_in_another_pid_namespace() {
    with_namespaces(|| {
        let scratch = Scratch::new();
        let store = Store::options().max_processes(1).open(scratch.path()).unwrap();
        let object = store.create::<Telemetry>().unwrap();
        // Where the peer lives, there is no process of our number.
        let Some(mut command) = in_pid_namespace("peer") else { return };
        let mut peer = Peer::spawn(command.arg(scratch.path()));
        let message = peer.expect_err("attach", "ParticipantsFull");
        assert_says(&message, &["is full: it was made for 1 processes", "Store::options().max_processes(…)"]);
        let [us] = &Shared::participants(&object)[..] else { panic!("{:?}", Shared::participants(&object)) };
        assert_eq!((us.pid, us.left), (std::process::id(), false));
    });
}

/// A thread may go from one IPC namespace to another, and takes what it has attached along. Numbers of segments begin
/// anew there.
#[test]
fn object_of_another_ipc_namespace_is_not_taken_for_one_with_the_same_number() {
    alone_with_namespaces(|| {
        let go_elsewhere = || unshare(CloneFlags::CLONE_NEWIPC).expect("namespaces can be made here");
        let scratch = Scratch::new();
        let store = scratch.store();
        let create = |frames| {
            let object = store.create::<Telemetry>().expect("nothing is at the path in a new namespace");
            object.frames.store(frames, Relaxed);
            object
        };
        let shmid = |object: &Shared<Telemetry>| Shared::info(object).expect("our own").shmid;
        thread::scope(|scope| {
            scope.spawn(|| {
                go_elsewhere();
                let first = create(1);
                let number = shmid(&first);
                go_elsewhere();
                assert_eq!(shmid(&create(2)), number, "or this test shows nothing");
                assert_eq!(store.attach::<Telemetry>().expect("made a moment ago").frames.load(Relaxed), 2);
                assert_eq!(first.frames.load(Relaxed), 1);
            });
        });
    });
}

/// A thread may go from one mount namespace to another, and sees other paths there.
#[test]
fn object_tells_the_mount_namespace_of_the_thread_that_made_it() {
    alone_with_namespaces(|| {
        let scratch = Scratch::new();
        let store = scratch.store();
        let told = || {
            let object = store.create::<Telemetry>().unwrap();
            let told = Raw::at_key(scratch.key('T')).get(field::MOUNT_NAMESPACE);
            drop(object);
            store.remove::<Telemetry>().unwrap();
            told
        };
        let go_elsewhere = || unshare(CloneFlags::CLONE_NEWNS).expect("namespaces can be made here");
        let ours = told();
        if ours == 0 {
            return skip("the kernel does not number mount namespaces");
        }
        let others = || {
            assert_eq!(told(), ours);
            go_elsewhere();
            let first = told();
            go_elsewhere();
            [first, told()]
        };
        let [first, second] = thread::scope(|scope| scope.spawn(others).join()).expect("no panic");
        assert!(first != ours && second != ours && first != second, "{ours} {first} {second}");
        assert_eq!(told(), ours);
    });
}

/// Plants a segment on huge pages, of which none may exist, at the key of an object. Then asks processes to use the
/// object, and one to look at the segment.
fn assert_huge_pages_kill_nobody(creator: u32, variant: &str, state: &str, parts: &[&str]) {
    let scratch = Scratch::new();
    thread::scope(|scope| {
        let look = || {
            unshare(CloneFlags::CLONE_NEWIPC).expect("namespaces can be made here");
            let Some(shmid) = plant_on_huge_pages(scratch.key('T'), SIZE_TAG, creator) else { return };
            for command in ["attach", "attach 20", "create 1", "attach_or_create 1", "replace 1", "remove", "see"] {
                let message = Peer::start(scratch.path()).expect_err(command, variant);
                assert_says(&message, parts);
                let segment = format!("segment {shmid} of {SIZE_TAG} bytes, owner uid {creator}, group 0, mode 0666");
                assert_says(&message, &["`Telemetry` (id 'T', key 0x", &segment]);
            }
            assert_eq!(Peer::start(scratch.path()).expect_ok("list"), state);
            let looked = actor("look").arg(&shmid).output().expect("a program of ours");
            let said = String::from_utf8(looked.stdout).expect("text");
            let none = format!("segment {shmid} is none of shmstore's: it is on huge pages");
            let lines: Vec<&str> = said.lines().collect();
            let [seen, attached, removed] = lines[..] else { panic!("{} {said}", looked.status) };
            assert_eq!(seen, format!("foreign {creator} 0666 {SIZE_TAG}"));
            assert_eq!([attached, removed], [&none; 2], "{said}");
        };
        scope.spawn(look).join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
    });
}

#[test]
fn segment_on_huge_pages_that_do_not_exist_kills_nobody_who_looks_at_it() {
    alone_with_namespaces(|| {
        let parts = ["belongs to a foreign segment", "it is on huge pages", "It was not touched", "`ipcrm -m "];
        assert_huge_pages_kill_nobody(0, "Foreign", "foreign", &parts);
    });
}

#[test]
fn segment_of_another_user_on_huge_pages_that_do_not_exist_kills_nobody_who_looks_at_it() {
    alone_with_namespaces(|| {
        let cure = format!("Call Store::options().trust({ALICE})");
        assert_huge_pages_kill_nobody(ALICE, "Untrusted", "untrusted", &[&cure, "Nothing in it was read"]);
    });
}
