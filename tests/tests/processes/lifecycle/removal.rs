//! Removing is not deleting: who has the object keeps it, and can tell.

use shmstore_tests::wait;
use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use shmstore::inspect::SegmentState;
use shmstore::{AttachError, CreateError, RemoveError, Shared, WaitError};
use shmstore_tests::objects::{Telemetry, drifted};
use shmstore_tests::peer::Peer;
use shmstore_tests::scratch::{Scratch, remove_segment};
use shmstore_tests::segments;

#[test]
fn removed_object_lives_on_for_those_who_have_it_while_a_new_one_takes_its_place() {
    let scratch = Scratch::new();
    let mut old = Peer::start(scratch.path());
    let mut beside = Peer::start(scratch.path());
    old.expect_ok("create 7");
    beside.expect_ok("attach");
    assert_eq!(old.expect_ok("removed"), "false");

    let mut remover = Peer::start(scratch.path());
    remover.expect_ok("remove");
    assert_eq!((old.expect_ok("removed"), beside.expect_ok("removed")), ("true".into(), "true".into()));
    remover.expect_err("attach", "NotFound");
    remover.expect_ok("create 100");

    old.expect_ok("add 1");
    remover.expect_ok("add 1");
    assert_eq!(beside.expect_ok("frames"), "8");
    assert_eq!(remover.expect_ok("frames"), "101");
    assert_eq!(remover.expect_ok("removed"), "false");
    // Who attaches anew gets the new one, also next to the old one.
    old.expect_ok("attach");
    assert_eq!(old.expect_ok("frames"), "101");
    old.expect_ok("drop");
    assert_eq!(old.expect_ok("frames"), "8");
}

#[test]
fn memory_of_a_removed_object_goes_with_its_last_process() {
    let scratch = Scratch::new();
    let mut peer = Peer::creator(scratch.path());
    let shmid: i32 = peer.expect_ok("shmid").parse().unwrap();
    scratch.store().remove::<Telemetry>().unwrap();
    assert_eq!(scratch.segments(), []);
    wait::until_equal(|| segments::with_id(shmid).unwrap().attached, 1);
    peer.kill();
    segments::wait_until_gone(shmid);
}

#[test]
fn removal_from_outside_is_told_by_info_and_by_waits() {
    let scratch = Scratch::new();
    let object = scratch.store().create::<Telemetry>().unwrap();
    let mut peer = Peer::start(scratch.path());
    peer.expect_ok("attach");
    remove_segment(Shared::info(&object).unwrap().shmid);
    assert!(!Shared::is_removed(&object), "nobody has written it into the object, and no system call is made");
    let error = object.position.wait_newer(0, Duration::from_secs(20)).unwrap_err();
    assert!(matches!(error, WaitError::Removed { .. }), "{error}");
    let info = Shared::info(&object).unwrap();
    assert_eq!(info.state, SegmentState::Removed);
    assert_eq!(
        (info.key.to_raw(), info.id),
        (scratch.key('T'), 'T'),
        "as they were, though the kernel has cleared the key"
    );
    assert_eq!((peer.expect_ok("removed"), peer.expect_ok("state")), ("false".into(), "removed".into()));
    assert_eq!(peer.expect_ok("attach_or_create 9"), "created");
}

#[test]
fn object_is_removed_by_its_id_alone_whatever_its_layout() {
    let scratch = Scratch::new();
    let mut peer = Peer::start(scratch.path());
    let store = scratch.store();
    peer.expect_ok("create 7");
    store.remove_id('T').unwrap();
    assert_eq!(peer.expect_ok("removed"), "true");
    peer.expect_ok("create 8");
    store.remove::<drifted::Telemetry>().unwrap();
    assert_eq!(peer.expect_ok("removed"), "true");
    let error = store.remove_id('T').unwrap_err();
    assert!(matches!(error, RemoveError::NotFound { .. }), "{error}");
    let error = store.remove_id('ä').unwrap_err();
    assert!(matches!(error, RemoveError::Existing(AttachError::BadId { id: 'ä' })), "{error}");
}

#[test]
fn replacing_removes_the_old_object_if_there_is_one_and_makes_a_fresh_one() {
    let scratch = Scratch::new();
    let mut peer = Peer::start(scratch.path());
    assert_eq!((peer.expect_ok("replace 7"), peer.expect_ok("frames")), ("created".into(), "7".into()));
    let new = scratch.store().replace::<Telemetry>().unwrap();
    assert!(Shared::was_created(&new));
    assert_eq!((new.frames.load(SeqCst), new.initialized.load(SeqCst)), (0, 0));
    assert_eq!((peer.expect_ok("removed"), peer.expect_ok("frames")), ("true".into(), "7".into()));
    assert_eq!(peer.expect_ok("replace 9"), "created");
    assert!(Shared::is_removed(&new));
    assert_eq!(segments::at_key(scratch.key('T')).len(), 1);
}

#[test]
fn replacing_is_how_a_new_layout_starts_over() {
    let scratch = Scratch::new();
    let mut peer = Peer::creator(scratch.path());
    let store = scratch.store();
    let error = store.attach_or_create::<drifted::Telemetry>().unwrap_err();
    assert!(matches!(error, CreateError::Existing(AttachError::LayoutMismatch(_))), "{error}");
    let new = store.replace_with(|new: &drifted::Telemetry| new.battery.store(80, SeqCst)).unwrap();
    assert_eq!((new.battery.load(SeqCst), new.frames.load(SeqCst)), (80, 0));
    assert_eq!(peer.expect_ok("removed"), "true");
    peer.expect_err("attach", "LayoutMismatch");
    peer.expect_ok("attach_drifted");
}
