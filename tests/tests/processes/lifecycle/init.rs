//! What an init closure may do, and what becomes of an object whose closure does not end well.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering::{Relaxed, SeqCst};
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use shmstore::{AttachError, CreateError, RemoveError, Shared, Store, Versioned};
use shmstore_tests::objects::{Position, Telemetry};
use shmstore_tests::peer::Peer;
use shmstore_tests::scratch::{Scratch, remove_segment};
use shmstore_tests::segments;

fn assert_nothing_is_left(scratch: &Scratch) {
    assert_eq!(scratch.segments(), []);
    let mut peer = Peer::start(scratch.path());
    peer.expect_err("attach", "NotFound");
    assert_eq!(peer.expect_ok("create 8"), "created");
    assert_eq!((peer.expect_ok("frames"), peer.expect_ok("initialized")), ("8".into(), "1".into()));
}

#[test]
fn closure_that_panics_leaves_nothing() {
    let scratch = Scratch::new();
    let store = scratch.store();
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        store.create_with(|new: &Telemetry| -> () {
            new.frames.store(7, Relaxed);
            std::panic::resume_unwind(Box::new("on purpose"));
        })
    }));
    assert_eq!(panicked.map(drop).unwrap_err().downcast_ref(), Some(&"on purpose"));
    assert_nothing_is_left(&scratch);
}

#[test]
fn closure_that_fails_leaves_nothing_but_its_error() {
    let scratch = Scratch::new();
    let store = scratch.store();
    let error = store.create_with(|_: &Telemetry| Err("no sensor".into())).unwrap_err();
    assert!(matches!(&error, CreateError::Init { cause, .. } if cause.to_string() == "no sensor"), "{error}");
    let error = store.attach_or_create_with(|_: &Telemetry| Err("no sensor".into())).unwrap_err();
    assert!(matches!(error, CreateError::Init { .. }), "{error}");
    assert_nothing_is_left(&scratch);
}

fn started(new: &Telemetry, text: &str) -> Result<u64, std::num::ParseIntError> {
    new.frames.store(text.parse()?, Relaxed);
    Ok(new.frames.load(Relaxed))
}

#[test]
fn closures_return_nothing_or_pass_on_errors_of_any_type_without_naming_one() {
    let scratch = Scratch::new();
    let store = scratch.store();
    let text = std::path::Path::new("/proc/sys/kernel/shmmni");
    let object = store.attach_or_create_with(|new: &Telemetry| {
        started(new, std::fs::read_to_string(text)?.trim())?;
        Ok(())
    });
    assert!(object.unwrap().frames.load(Relaxed) > 0);
    let object = store.replace_with(|new: &Telemetry| {
        if started(new, "7")? == 0 {
            return Err("no frames".into());
        }
        Ok(())
    });
    assert_eq!(object.unwrap().frames.load(Relaxed), 7);
    let object = store.replace_with(|new: &Telemetry| new.frames.store(8, Relaxed)).unwrap();
    assert_eq!(object.frames.load(Relaxed), 8);
    store.remove::<Telemetry>().unwrap();
    let error = store.create_with(|new: &Telemetry| {
        started(new, "seven")?;
        Ok(())
    });
    let Err(CreateError::Init { cause, .. }) = error else { panic!("a closure that failed made an object") };
    assert!(cause.is::<std::num::ParseIntError>(), "{cause}");
    assert_nothing_is_left(&scratch);
}

#[test]
fn object_that_is_removed_from_outside_during_its_initialization_is_not_handed_out() {
    let scratch = Scratch::new();
    let remove_it = |_: &Telemetry| remove_segment(segments::at_key(scratch.key('T'))[0].shmid);
    let error = scratch.store().create_with(remove_it).unwrap_err();
    assert!(matches!(error, CreateError::RemovedMeanwhile { .. }), "{error}");
    assert_nothing_is_left(&scratch);
}

fn assert_would_deadlock(attempt: &str, error: Option<AttachError>) {
    assert!(matches!(error, Some(AttachError::WouldDeadlock { .. })), "{attempt}: {error:?}");
}

fn refused_creation(created: Result<Shared<Telemetry>, CreateError>) -> Option<AttachError> {
    match created {
        Err(CreateError::Existing(error)) => Some(error),
        _ => None,
    }
}

#[test]
fn closure_that_asks_for_its_own_object_is_told_that_it_would_wait_for_itself() {
    let scratch = Scratch::new();
    let store = scratch.store();
    let object = store.create_with(|new: &Telemetry| {
        // Another `Store` on the same anchor makes no difference.
        for store in [store.clone(), scratch.store()] {
            assert_would_deadlock("attach", store.attach::<Telemetry>().err());
            assert_would_deadlock("attach", store.attach_timeout::<Telemetry>(Duration::from_secs(60)).err());
            let look = store.attach_read_only_timeout::<Telemetry>(Duration::from_secs(60));
            assert_would_deadlock("attach to read", look.err());
            assert_would_deadlock("create", refused_creation(store.create()));
            assert_would_deadlock("attach or create", refused_creation(store.attach_or_create()));
            assert_would_deadlock("replace", refused_creation(store.replace()));
            for removed in [store.remove::<Telemetry>(), store.remove_id('T')] {
                let Err(RemoveError::Existing(error)) = removed else { panic!("{removed:?}") };
                assert_would_deadlock("remove", Some(error));
            }
        }
        new.initialized.fetch_add(1, Relaxed);
    });
    assert_eq!(object.unwrap().initialized.load(SeqCst), 1);
    assert!(
        !Shared::is_removed(&store.attach::<Telemetry>().unwrap()),
        "once it is over, nothing would wait for itself"
    );
}

#[test]
fn closure_may_create_and_remove_other_objects_without_letting_anybody_at_its_own() {
    let scratch = Scratch::new();
    let store = scratch.store();
    let mut impatient = Peer::start_with(scratch.path(), &[("PEER_WAIT_MS", "100")]);
    let object = store.create_with(|new: &Telemetry| {
        let other = store.create::<Versioned<Position>>().unwrap();
        other.store(Position { x: 1.0, y: 2.0, z: 3.0 });
        impatient.expect_err("create 9", "Busy");
        impatient.expect_err("attach", "StillInitializing");
        store.remove::<Versioned<Position>>().unwrap();
        store.attach_or_create::<Versioned<Position>>().unwrap();
        impatient.expect_err("attach_or_create 9", "Busy");
        impatient.expect_err("remove", "Busy");
        new.frames.store(7, Relaxed);
    });
    assert!(Shared::was_created(&object.unwrap()));
    assert_eq!(impatient.expect_ok("attach_or_create 9"), "attached");
    assert_eq!(impatient.expect_ok("frames"), "7");
}

#[test]
fn another_thread_waits_until_the_closure_has_ended() {
    let scratch = Scratch::new();
    let store = &scratch.store();
    thread::scope(|scope| {
        // Made in here: if the test fails, they go before the threads are waited for.
        let (entered, has_entered) = channel();
        let (finish, may_finish) = channel();
        let first = scope.spawn(move || {
            store.create_with(|new: &Telemetry| {
                entered.send(()).unwrap();
                may_finish.recv().unwrap();
                new.frames.store(7, Relaxed);
            })
        });
        has_entered.recv().unwrap();
        let impatient = Store::options().wait(Duration::from_millis(50)).open(scratch.path()).unwrap();
        let error = impatient.attach::<Telemetry>().unwrap_err();
        assert!(matches!(error, AttachError::StillInitializing { .. }), "{error}");
        let others = [
            scope.spawn(|| store.attach_or_create::<Telemetry>().map(|object| object.frames.load(SeqCst)).unwrap()),
            scope.spawn(|| store.attach::<Telemetry>().map(|object| object.frames.load(SeqCst)).unwrap()),
        ];
        finish.send(()).unwrap();
        assert!(Shared::was_created(&first.join().unwrap().unwrap()));
        assert_eq!(others.map(|other| other.join().unwrap()), [7, 7]);
    });
}
