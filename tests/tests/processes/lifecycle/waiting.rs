//! The second process may come first.

use std::fs;
use std::time::{Duration, Instant};

use shmstore::{AttachError, OpenError, Store};
use shmstore_tests::objects::Telemetry;
use shmstore_tests::peer::Peer;
use shmstore_tests::scratch::Scratch;
use shmstore_tests::segments;

#[test]
fn process_that_waits_is_not_let_in_before_the_init_closure_has_ended() {
    let scratch = Scratch::new();
    let mut waiting = Peer::start(scratch.path());
    waiting.tell("attach 20000");
    waiting.wait_until_polling();
    let mut creator = Peer::stopped_at(scratch.path(), "CreateInitialized", "create 7");
    // It has seen the unfinished object, and keeps it attached while it sleeps no more than it has to.
    let unfinished = segments::at_key(scratch.key('T'));
    assert_eq!(unfinished.len(), 1);
    waiting.wait_until_polling();
    creator.signal("CONT");
    assert_eq!(creator.answer(), "ok created");
    assert_eq!(waiting.answer(), "ok attached");
    assert_eq!((waiting.expect_ok("frames"), waiting.expect_ok("initialized")), ("7".into(), "1".into()));
    assert_eq!(waiting.expect_ok("shmid"), unfinished[0].shmid.to_string());
}

#[test]
fn waiting_in_vain_ends_in_not_found_when_the_time_is_over() {
    let scratch = Scratch::new();
    let wait = Duration::from_millis(60);
    let started = Instant::now();
    let error = scratch.store().attach_timeout::<Telemetry>(wait).unwrap_err();
    assert!(started.elapsed() >= wait);
    assert!(matches!(error, AttachError::NotFound { waited, .. } if waited == wait), "{error}");
    let at_once = scratch.store().attach::<Telemetry>().unwrap_err();
    assert!(matches!(at_once, AttachError::NotFound { waited: Duration::ZERO, .. }), "{at_once}");
}

#[test]
fn opening_waits_for_the_path() {
    let scratch = Scratch::new();
    let path = scratch.join("later");
    let mut peer = Peer::start(&path);
    peer.wait_until_polling();
    fs::create_dir(&path).unwrap();
    peer.expect_ok("create 7");
    Store::open(&path).unwrap().remove::<Telemetry>().unwrap();
}

#[test]
fn opening_a_missing_path_ends_in_not_found_when_the_time_is_over() {
    let scratch = Scratch::new();
    let wait = Duration::from_millis(60);
    let started = Instant::now();
    let error = Store::open_timeout(scratch.join("never"), wait).unwrap_err();
    assert!(started.elapsed() >= wait);
    assert!(matches!(error, OpenError::NotFound { waited, .. } if waited == wait), "{error}");
}

#[test]
fn named_object_is_waited_for_also_while_its_anchor_does_not_exist() {
    for removes_the_anchor in [false, true] {
        let scratch = Scratch::new();
        let mut first = Peer::start(scratch.path());
        first.expect_ok("named rover");
        assert!(!removes_the_anchor || scratch.store().remove_name("rover").unwrap());
        first.tell("attach 20000");
        first.wait_until_polling();
        let mut second = Peer::start(scratch.path());
        second.expect_ok("named rover");
        second.expect_ok("create 7");
        assert_eq!(first.answer(), "ok attached");
        assert_eq!(first.expect_ok("frames"), "7");
    }
}

#[test]
fn waiting_for_an_anchor_that_never_comes_ends_when_the_time_is_over() {
    let scratch = Scratch::new();
    let rover = scratch.store().open_or_create_named("rover").unwrap();
    assert!(scratch.store().remove_name("rover").unwrap());
    let wait = Duration::from_millis(60);
    let started = Instant::now();
    let error = rover.attach_timeout::<Telemetry>(wait).unwrap_err();
    assert!(started.elapsed() >= wait);
    let AttachError::Anchor(OpenError::NotFound { path, waited }) = error else { panic!("{error}") };
    assert_eq!((path, waited), (scratch.join("rover.shm"), wait));
}
