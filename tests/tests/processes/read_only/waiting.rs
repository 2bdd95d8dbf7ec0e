//! What is not there yet, or not whole: waited for, and never touched.

use std::time::{Duration, Instant};

use shmstore::{AttachError, OpenError, Shared, Versioned};
use shmstore_tests::objects::{Position, Telemetry};
use shmstore_tests::peer::Peer;
use shmstore_tests::raw::{Raw, field};
use shmstore_tests::scratch::Scratch;
use shmstore_tests::{segments, wait};

use super::attached;

const IMPATIENT: [(&str, &str); 1] = [("PEER_WAIT_MS", "100")];

#[test]
fn object_that_does_not_exist_is_not_found_and_not_made() {
    let scratch = Scratch::new();
    let wait = Duration::from_millis(60);
    let at_once = scratch.store().attach_read_only::<Telemetry>().unwrap_err();
    assert!(matches!(at_once, AttachError::NotFound { waited: Duration::ZERO, .. }), "{at_once}");
    let started = Instant::now();
    let error = scratch.store().attach_read_only_timeout::<Telemetry>(wait).unwrap_err();
    assert!(started.elapsed() >= wait);
    assert!(matches!(error, AttachError::NotFound { waited, .. } if waited == wait), "{error}");
    assert_eq!(scratch.segments(), []);
}

#[test]
fn object_is_waited_for_until_it_is_whole() {
    for command in ["see 20000", "view 20000"] {
        let scratch = Scratch::new();
        let mut observer = Peer::start(scratch.path());
        observer.tell(command);
        observer.wait_until_polling();
        let mut creator = Peer::stopped_at(scratch.path(), "CreateInitialized", "create 7");
        observer.wait_until_polling();
        creator.signal("CONT");
        assert_eq!(creator.answer(), "ok created");
        assert_eq!(observer.answer(), "ok ");
        assert_eq!(observer.expect_ok("seen frames"), "7");
        assert_eq!(observer.expect_ok("seen shmid"), creator.expect_ok("shmid"));
    }
}

#[test]
fn who_waits_is_not_attached_while_it_sleeps() {
    let scratch = Scratch::new();
    Peer::killed_at(scratch.path(), "CreateSchema", "create 7");
    let mut observer = Peer::start(scratch.path());
    observer.tell("see 20000");
    observer.wait_until_polling();
    wait::until_true("nobody to be attached", || attached(&scratch) == 0);
    // So those who may write can clean up at once.
    let mut writer = Peer::start_with(scratch.path(), &IMPATIENT);
    assert_eq!(writer.expect_ok("attach_or_create 8"), "created");
    assert_eq!(observer.answer(), "ok ");
    assert_eq!(observer.expect_ok("seen frames"), "8");
}

#[test]
fn named_object_is_waited_for_while_its_anchor_does_not_exist() {
    let scratch = Scratch::new();
    let mut observer = Peer::start(scratch.path());
    observer.expect_ok("named rover");
    assert!(scratch.store().remove_name("rover").unwrap());
    observer.tell("see 20000");
    observer.wait_until_polling();
    let mut creator = Peer::start(scratch.path());
    creator.expect_ok("named rover");
    creator.expect_ok("create 7");
    assert_eq!(observer.answer(), "ok ");
    assert_eq!(observer.expect_ok("seen frames"), "7");

    let gone = scratch.store().open_or_create_named("gone").unwrap();
    assert!(scratch.store().remove_name("gone").unwrap());
    let wait = Duration::from_millis(60);
    let error = gone.attach_read_only_timeout::<Telemetry>(wait).unwrap_err();
    let AttachError::Anchor(OpenError::NotFound { path, waited }) = error else { panic!("{error}") };
    assert_eq!((path, waited), (scratch.join("gone.shm"), wait));
}

#[test]
fn half_made_object_of_a_dead_creator_does_not_exist_and_is_left_as_it_is() {
    for step in ["CreateSegment", "CreateClaimed", "CreateDescribed", "CreateInitializing", "CreateInitialized"] {
        let scratch = Scratch::new();
        Peer::killed_at(scratch.path(), step, "create 7");
        let before = Raw::at_key(scratch.key('T')).bytes();
        // A list of the machine's segments, which another test asks for, attaches it for a moment.
        let unattached = |segment| segments::Segment { attached: 0, ..segment };
        let left: Vec<_> = segments::at_key(scratch.key('T')).into_iter().map(unattached).collect();
        let started = Instant::now();
        // The store's own 5 seconds are for creators that live.
        let error = scratch.store().attach_read_only::<Telemetry>().unwrap_err();
        assert!(matches!(error, AttachError::NotFound { waited: Duration::ZERO, .. }), "{step}: {error}");
        let wait = Duration::from_millis(50);
        let error = scratch.store().attach_read_only_timeout::<Telemetry>(wait).unwrap_err();
        assert!(matches!(error, AttachError::NotFound { waited, .. } if waited == wait), "{step}: {error}");
        assert!((wait..Duration::from_secs(4)).contains(&started.elapsed()), "{step}: {:?}", started.elapsed());
        wait::until_equal(|| segments::at_key(scratch.key('T')), left);
        assert!(Raw::at_key(scratch.key('T')).bytes() == before, "{step}: it was written");
    }
}

#[test]
fn object_whose_creator_has_stopped_is_still_being_initialized() {
    for step in ["CreateSegment", "CreateClaimed", "CreateInitializing", "CreateInitialized"] {
        let scratch = Scratch::new();
        let mut creator = Peer::stopped_at(scratch.path(), step, "create 7");
        let mut observer = Peer::start_with(scratch.path(), &IMPATIENT);
        let message = observer.expect_err("see", "StillInitializing");
        assert!(message.contains("is still being initialized or migrated after 100ms"), "{step}: {message}");
        let message = observer.expect_err("see 150", "StillInitializing");
        assert!(message.contains("is still being initialized or migrated after 150ms"), "{step}: {message}");
        observer.tell("see 20000");
        creator.signal("CONT");
        assert_eq!((creator.answer(), observer.answer()), ("ok created".into(), "ok ".into()), "{step}");
        assert_eq!(observer.expect_ok("seen frames"), "7", "{step}");
    }
}

#[test]
fn object_that_is_finished_between_two_looks_is_attached() {
    let scratch = Scratch::new();
    let mut creator = Peer::stopped_at(scratch.path(), "CreateInitialized", "create 7");
    let stop = [("SHMSTORE_FAILPOINT", "LookUnfinished=stop"), ("PEER_WAIT_MS", "0")];
    let mut observer = Peer::start_with(scratch.path(), &stop);
    observer.tell("see");
    observer.wait_until_stopped();
    creator.signal("CONT");
    assert_eq!(creator.answer(), "ok created");
    // Nobody has the lock any more: not because the creator is dead.
    observer.signal("CONT");
    assert_eq!(observer.answer(), "ok ");
    assert_eq!(observer.expect_ok("seen frames"), "7");
}

#[test]
fn init_closure_of_another_object_is_told_that_a_dead_creator_has_left_nothing() {
    let scratch = Scratch::new();
    Peer::killed_at(scratch.path(), "CreateSchema", "create 7");
    let store = scratch.store();
    let other = store.create_with(|_: &Versioned<Position>| {
        // Its thread has the anchor's lock: that does not make it the creator of every object there.
        let error = store.attach_read_only::<Telemetry>().unwrap_err();
        assert!(matches!(error, AttachError::NotFound { .. }), "{error}");
    });
    assert!(Shared::was_created(&other.unwrap()));
}

#[test]
fn removed_object_that_still_has_its_key_does_not_exist() {
    let scratch = Scratch::new();
    drop(scratch.store().create::<Telemetry>().unwrap());
    Raw::at_key(scratch.key('T')).set(field::STATE, 3);
    let error = scratch.store().attach_read_only::<Telemetry>().unwrap_err();
    assert!(matches!(error, AttachError::NotFound { .. }), "{error}");
    assert_eq!(scratch.segments().len(), 1, "it was removed");
}

#[test]
fn orphan_of_an_earlier_anchor_does_not_exist() {
    let scratch = Scratch::new();
    drop(scratch.store().create::<Telemetry>().unwrap());
    let raw = Raw::at_key(scratch.key('T'));
    if raw.get(field::BIRTH_KNOWN) == 0 {
        return shmstore_tests::privilege::skip("birth times of files are not known here");
    }
    raw.set(field::BIRTH_SECONDS, raw.get(field::BIRTH_SECONDS) - 1);
    drop(raw);
    let error = scratch.store().attach_read_only::<Telemetry>().unwrap_err();
    assert!(matches!(error, AttachError::NotFound { .. }), "{error}");
    assert_eq!(scratch.segments().len(), 1, "it was removed");
}
