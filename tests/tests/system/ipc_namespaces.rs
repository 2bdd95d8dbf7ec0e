//! Processes of several IPC namespaces at one path: each namespace has segments of its own, so they would work past
//! each other.

use shmstore::Store;
use shmstore_tests::objects::Telemetry;
use shmstore_tests::peer::Peer;
use shmstore_tests::privilege::{in_ipc_namespace, with_namespaces};
use shmstore_tests::scratch::Scratch;

fn start_elsewhere(scratch: &Scratch, environment: &[(&str, &str)]) -> Peer {
    Peer::spawn(in_ipc_namespace(scratch.path()).envs(environment.iter().copied()))
}

const ON_PURPOSE: &[(&str, &str)] = &[("PEER_PER_IPC_NAMESPACE", "1")];

#[test]
fn creator_is_told_of_processes_in_another_ipc_namespace_that_use_the_path() {
    with_namespaces(|| {
        let scratch = Scratch::new();
        let mut here = Peer::creator(scratch.path());
        let mut elsewhere = start_elsewhere(&scratch, &[]);
        for command in ["create 9", "attach_or_create 9", "replace 9"] {
            let message = elsewhere.expect_err(command, "OtherIpcNamespace");
            let [ours, theirs] = [elsewhere.pid(), here.pid()]
                .map(|pid| std::fs::read_link(format!("/proc/{pid}/ns/ipc")).unwrap().display().to_string());
            let path = scratch.path().display();
            for part in [
                format!("cannot create `Telemetry` (id 'T', key {:#010x}) at {path}", scratch.key('T')),
                format!("a process of another IPC namespace ({theirs}) uses {path}, and this process is in {ours}"),
                "Store::options().per_ipc_namespace(true)".into(),
            ] {
                assert!(message.contains(&part), "{part:?} is missing in: {message}");
            }
        }
        elsewhere.expect_err("attach", "NotFound");
        assert_eq!(here.expect_ok("frames"), "7");
        // Nothing was left in the other namespace.
        assert_eq!(elsewhere.expect_ok("list"), "");
        let mut on_purpose = start_elsewhere(&scratch, ON_PURPOSE);
        assert_eq!(on_purpose.expect_ok("create 9"), "created");
        assert_eq!((here.expect_ok("frames"), on_purpose.expect_ok("frames")), ("7".into(), "9".into()));
        // Who has objects there replaces them as ever.
        assert_eq!(on_purpose.expect_ok("replace 10"), "created");
    });
}

#[test]
fn creator_of_a_named_object_is_told_of_processes_in_another_ipc_namespace_that_use_the_directory() {
    with_namespaces(|| {
        let scratch = Scratch::new();
        let mut here = Peer::start(scratch.path());
        here.expect_ok("named front");
        here.expect_ok("create 7");
        let mut elsewhere = start_elsewhere(&scratch, &[]);
        for name in ["front", "rear"] {
            elsewhere.expect_ok(&format!("named {name}"));
            let message = elsewhere.expect_err("create 9", "OtherIpcNamespace");
            let used = format!(") uses {}, and", scratch.path().display());
            assert!(message.contains(&used), "{message}");
        }
        here.kill();
        assert_eq!(elsewhere.expect_ok("create 9"), "created");
    });
}

#[test]
fn processes_of_another_ipc_namespace_that_are_gone_or_only_look_are_in_nobodys_way() {
    with_namespaces(|| {
        let scratch = Scratch::new();
        let store = scratch.store();
        // Its creator has ended: an object alone proves nothing, and in its namespace it can be looked at.
        Peer::start(scratch.path()).expect_ok("create 7");
        let mut looker = Peer::start(scratch.path());
        looker.expect_ok("see");
        let mut elsewhere = start_elsewhere(&scratch, &[]);
        assert_eq!(elsewhere.expect_ok("create 9"), "created");
        // As a corpse that nobody has reaped.
        elsewhere.kill_without_reaping();
        store.replace::<Telemetry>().unwrap();
    });
}

/// What a creator may find of its own namespace, which is nobody else's world.
#[test]
fn processes_of_the_same_ipc_namespace_never_stop_a_creator() {
    let scratch = Scratch::new();
    let create_names = |of: &str| {
        let mut creator = Peer::start(scratch.path());
        assert_eq!(creator.expect_ok("attach_or_create 1"), of);
        for name in ["front", "rear"] {
            creator.expect_ok(&format!("named {name}"));
            creator.expect_ok("replace 1");
            creator.expect_ok("remove");
        }
    };
    // It has objects of others attached, and none at all any more: the byte stays locked while it lives.
    let mut other = Peer::start(scratch.path());
    other.expect_ok("named other");
    other.expect_ok("create 7");
    create_names("created");
    let mut let_go = Peer::start(scratch.path());
    let_go.expect_ok("named gone");
    let_go.expect_ok("create 7");
    let_go.expect_ok("drop");
    Store::open(scratch.path()).unwrap().open_named("gone").unwrap().remove::<Telemetry>().unwrap();
    create_names("attached");
    // It attaches, and holds its byte without a slot yet.
    let mut attaching = Peer::stopped_at(scratch.path(), "SlotClaimed", "attach");
    create_names("attached");
    // And it dies.
    attaching.kill_without_reaping();
    create_names("attached");
}
