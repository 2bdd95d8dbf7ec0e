//! Names: many objects of one type under one directory; and the list of all there are.

use shmstore_tests::wait;
use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use shmstore::inspect::SegmentState;
use shmstore::{OpenError, Shared, Store, Versioned};
use shmstore_tests::objects::{Position, Telemetry};
use shmstore_tests::peer::Peer;
use shmstore_tests::scratch::{Scratch, key_of};

#[test]
fn objects_of_one_type_have_as_many_lives_as_names() {
    let scratch = Scratch::new();
    let mut rover = Peer::start(scratch.path());
    let mut lander = Peer::start(scratch.path());
    rover.expect_ok("named rover");
    lander.expect_ok("named lander");
    rover.expect_ok("create 7");
    lander.expect_ok("create 8");
    let store = scratch.store();
    let frames = |store: &Store| store.attach::<Telemetry>().unwrap().frames.load(SeqCst);
    assert_eq!(frames(&store.open_or_create_named("rover").unwrap()), 7);
    assert_eq!(frames(&store.open_or_create_named("lander").unwrap()), 8);
    assert_eq!(store.names().unwrap(), ["lander", "rover"]);
    assert_eq!(store.open_or_create_named("rover").unwrap().name(), Some("rover"));
    assert_eq!(store.name(), None);
}

#[test]
fn name_is_forgotten_once_nothing_stands_under_it() {
    let scratch = Scratch::new();
    let store = scratch.store();
    let mut peer = Peer::start(scratch.path());
    assert!(!store.remove_name("rover").unwrap());
    peer.expect_ok("named rover");
    peer.expect_ok("create 7");
    let error = store.remove_name("rover").unwrap_err();
    assert!(matches!(&error, OpenError::InUse { name, ids, .. } if (&**name, &**ids) == ("rover", "T")), "{error}");
    peer.expect_ok("remove");
    assert!(store.remove_name("rover").unwrap(), "that somebody still has what was removed does not count");
    assert!(!store.remove_name("rover").unwrap());
    assert_eq!(store.names().unwrap(), [""; 0]);

    peer.expect_err("create 8", "NotFound");
    peer.expect_ok("named rover");
    peer.expect_ok("create 9");
    let new = store.open_or_create_named("rover").unwrap().attach::<Telemetry>().unwrap();
    assert_eq!(new.frames.load(SeqCst), 9);
    assert_eq!(peer.expect_ok("removed"), "false");
}

#[test]
fn list_shows_every_object_of_the_anchor_and_of_its_names() {
    let scratch = Scratch::new();
    let mut peer = Peer::creator(scratch.path());
    let store = scratch.store();
    let position = store.create::<Versioned<Position>>().unwrap();
    let named = store.open_or_create_named("rover").unwrap().create::<Telemetry>().unwrap();

    let list = store.list().unwrap();
    let brief: Vec<_> = list.iter().map(|object| (object.name.as_deref(), object.id, object.attached)).collect();
    assert_eq!(brief, [(None, 'P', 1), (None, 'T', 1), (Some("rover"), 'T', 1)]);
    for (object, shared) in [(&list[0], Shared::info(&position)), (&list[2], Shared::info(&named))] {
        assert_eq!(object.shmid, shared.unwrap().shmid);
    }

    let telemetry = &list[1];
    assert_eq!(telemetry.path, scratch.path());
    assert_eq!(telemetry.type_name.as_deref(), Some("Telemetry"));
    assert_eq!(telemetry.key.to_raw(), key_of(scratch.path(), 'T'));
    assert_eq!(telemetry.shmid.to_string(), peer.expect_ok("shmid"));
    assert_eq!(telemetry.size as u64, scratch.segments().iter().find(|s| s.shmid == telemetry.shmid).unwrap().size);
    assert_eq!((telemetry.owner, telemetry.mode), (nix::unistd::geteuid().as_raw(), 0o600));
    assert_eq!(telemetry.creator_pid, Some(peer.pid()));
    assert!(telemetry.created.unwrap().elapsed().unwrap() < Duration::from_secs(60));
    assert_eq!(telemetry.state, SegmentState::Ready);
    assert_eq!(list[0].type_name.as_deref(), Some("Versioned<Position>"));
    assert_eq!(list[2].path, scratch.join("rover.shm"));
}

#[test]
fn list_shows_what_is_being_made_and_not_what_was_removed() {
    let scratch = Scratch::new();
    let mut creator = Peer::stopped_at(scratch.path(), "CreateSchema", "create 7");
    wait::until_equal(
        || scratch.store().list().unwrap().iter().map(|object| object.attached).collect::<Vec<_>>(),
        vec![1],
    );
    let list = scratch.store().list().unwrap();
    assert_eq!((list[0].state, list[0].type_name.as_deref()), (SegmentState::Initializing, None));
    creator.signal("CONT");
    assert_eq!(creator.answer(), "ok created");
    assert_eq!(scratch.store().list().unwrap()[0].state, SegmentState::Ready);
    creator.expect_ok("remove");
    assert!(scratch.store().list().unwrap().is_empty());
}

#[test]
fn name_that_is_only_looked_at_is_not_made() {
    let scratch = Scratch::new();
    let store = scratch.store();
    let error = store.open_named("typo").unwrap_err();
    assert!(matches!(error, OpenError::NotFound { .. }), "{error}");
    let said = error.to_string();
    assert!(
        said.contains("`store.open_or_create_named(\"typo\")`") && !said.contains("`Store::open_or_create`"),
        "{said}"
    );
    assert_eq!(store.names().unwrap(), [""; 0]);
    store.open_or_create_named("eurusd").unwrap();
    assert_eq!(store.open_named("eurusd").unwrap().name(), Some("eurusd"));
}
