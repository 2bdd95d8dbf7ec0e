//! How objects come, stay and go, across processes: creation, waiting, removal, handles, names.

mod handles;
mod init;
mod large;
mod names;
mod removal;
mod waiting;

use shmstore_tests::wait;
use std::sync::atomic::Ordering::SeqCst;

use shmstore::{CreateError, Shared};
use shmstore_tests::objects::{Telemetry, drifted};
use shmstore_tests::peer::Peer;
use shmstore_tests::scratch::Scratch;
use shmstore_tests::segments;

#[test]
fn object_is_the_same_for_every_process() {
    let scratch = Scratch::new();
    let mut peer = Peer::start(scratch.path());
    assert_eq!(peer.expect_ok("create 7"), "created");
    let object = scratch.store().attach::<Telemetry>().unwrap();
    assert!(!Shared::was_created(&object));
    assert_eq!(object.frames.fetch_add(1, SeqCst), 7);
    assert_eq!(peer.expect_ok("frames"), "8");
    peer.expect_ok("store 5");
    let position = object.position.load();
    assert_eq!((position.x, position.z, object.position.version()), (5.0, 5.0, 1));
    assert_eq!(peer.expect_ok("shmid"), Shared::info(&object).unwrap().shmid.to_string());
}

#[test]
fn object_remains_with_its_values_when_every_process_has_ended() {
    let scratch = Scratch::new();
    let mut first = Peer::creator(scratch.path());
    first.expect_ok("store 3");
    let shmid: i32 = first.expect_ok("shmid").parse().unwrap();
    first.kill();
    wait::until_equal(|| segments::with_id(shmid).unwrap().attached, 0);

    let mut second = Peer::start(scratch.path());
    assert_eq!(second.expect_ok("attach"), "attached");
    assert_eq!(second.expect_ok("frames"), "7");
    assert_eq!(second.expect_ok("load"), "1 3 3 3");
    assert_eq!(second.expect_ok("shmid"), shmid.to_string());
}

#[test]
fn creating_what_exists_is_refused_with_its_creator_and_layout() {
    let scratch = Scratch::new();
    let mut peer = Peer::creator(scratch.path());
    let store = scratch.store();
    let refused = |error| match error {
        CreateError::AlreadyExists { creator, same_layout, .. } => (creator.pid, creator.uid, same_layout),
        other => panic!("{other}"),
    };
    let uid = nix::unistd::geteuid().as_raw();
    assert_eq!(refused(store.create::<Telemetry>().unwrap_err()), (peer.pid(), uid, true));
    assert_eq!(refused(store.create::<drifted::Telemetry>().unwrap_err()), (peer.pid(), uid, false));
    assert_eq!(peer.expect_ok("frames"), "7");
}

#[test]
fn objects_of_different_ids_are_independent_under_one_anchor() {
    let scratch = Scratch::new();
    let store = scratch.store();
    let telemetry = store.create::<Telemetry>().unwrap();
    let position = store.create::<shmstore::Versioned<shmstore_tests::objects::Position>>().unwrap();
    assert_eq!(scratch.segments().len(), 2);
    store.remove::<Telemetry>().unwrap();
    assert!(Shared::is_removed(&telemetry));
    assert!(!Shared::is_removed(&position));
    assert_eq!(segments::at_key(scratch.key('P')).len(), 1);
}
