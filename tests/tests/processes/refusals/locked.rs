//! Somebody else has the anchor's lock.

use std::fs::File;
use std::time::{Duration, Instant};

use nix::fcntl::{Flock, FlockArg};
use shmstore::{AttachError, CreateError, OpenError, RemoveError, Store};
use shmstore_tests::objects::Telemetry;
use shmstore_tests::raw::field;
use shmstore_tests::scratch::Scratch;

use super::{impatient, make_object, object};
use shmstore_tests::assert_says;

fn lock(scratch: &Scratch) -> Flock<File> {
    let file = File::open(scratch.path()).unwrap();
    Flock::lock(file, FlockArg::LockExclusiveNonblock).map_err(|(_, errno)| errno).unwrap()
}

#[test]
fn anchor_that_stays_locked_is_busy() {
    let scratch = Scratch::new();
    let store = impatient(&scratch);
    make_object(&store);
    let held = lock(&scratch);
    let started = Instant::now();
    let path = scratch.path().display().to_string();
    let parts = [path.as_str(), "stayed locked for 30ms", "`lslocks`", "Store::options().wait(…)"];
    for error in [store.create::<Telemetry>().unwrap_err(), store.replace::<Telemetry>().unwrap_err()] {
        assert!(matches!(error, CreateError::Existing(AttachError::Anchor(OpenError::Busy { .. }))), "{error}");
        assert_says(error, &parts);
    }
    let error = store.remove::<Telemetry>().unwrap_err();
    assert!(matches!(error, RemoveError::Existing(AttachError::Anchor(OpenError::Busy { .. }))), "{error}");
    assert_says(error, &parts);
    assert!(matches!(store.open_or_create_named("x").unwrap_err(), OpenError::Busy { .. }));
    assert!(started.elapsed() >= Duration::from_millis(4 * 30));
    store.attach::<Telemetry>().expect("attaching to what is ready takes no lock");
    store.attach_or_create::<Telemetry>().expect("attaching to what is ready takes no lock");
    drop(held);
    store.remove::<Telemetry>().unwrap();
}

#[test]
fn object_whose_creator_holds_the_lock_is_still_initializing() {
    let scratch = Scratch::new();
    let store = impatient(&scratch);
    make_object(&store);
    object(&store).set(field::STATE, 1);
    let held = lock(&scratch);
    let error = store.attach::<Telemetry>().unwrap_err();
    assert!(matches!(error, AttachError::StillInitializing { .. }), "{error}");
    assert_says(
        error,
        &[
            "`Telemetry` (id 'T', key 0x",
            "is still being initialized or migrated after ",
            "its anchor is locked by the process that does so, or by another program (`lslocks` shows which; segment ",
        ],
    );
    assert_eq!(scratch.segments().len(), 1);
    drop(held);
    let error = store.attach::<Telemetry>().unwrap_err();
    assert!(matches!(error, AttachError::NotFound { .. }), "{error}");
    assert_eq!(scratch.segments(), []);
}

#[test]
fn lock_is_that_of_the_anchor_that_stands_at_the_path_now() {
    let scratch = Scratch::new();
    let path = scratch.join("store");
    let store = Store::options().wait(Duration::from_millis(30)).open_or_create(&path).unwrap();
    // The file of this lock is kept for the next.
    drop(store.create::<Telemetry>().unwrap());
    store.remove::<Telemetry>().unwrap();
    std::fs::rename(&path, scratch.join("former")).unwrap();
    std::fs::create_dir(&path).unwrap();
    let held = Flock::lock(File::open(&path).unwrap(), FlockArg::LockExclusiveNonblock).unwrap();
    let error = store.create::<Telemetry>().map(drop).unwrap_err();
    assert!(matches!(error, CreateError::Existing(AttachError::Anchor(OpenError::Busy { .. }))), "{error}");
    drop(held);
    drop(store.create::<Telemetry>().unwrap());
    store.remove::<Telemetry>().unwrap();
}
