//! What stands in the way of an object is refused, named, and never touched.

mod anchors;
mod collision;
mod damage;
mod foreign;
mod layout;
mod locked;
mod names;
mod options;
mod orphans;

use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use shmstore::{AttachError, CreateError, RemoveError, Store};
use shmstore_tests::objects::Telemetry;
use shmstore_tests::raw::Raw;
use shmstore_tests::scratch::{Scratch, key_of};

/// What `frames` is in an object that was made by [`make_object`].
const FRAMES: u64 = 42;

/// Makes an object that nobody has attached, and returns its segment's bytes.
fn make_object(store: &Store) -> Vec<u8> {
    drop(store.create_with(|new: &Telemetry| new.frames.store(FRAMES, Relaxed)).unwrap());
    object(store).bytes()
}

/// The segment of the store's object, attached past the store.
fn object(store: &Store) -> Raw {
    Raw::at_key(key(store))
}

fn key(store: &Store) -> i32 {
    key_of(store.path(), 'T')
}

/// The store on a scratch directory, one that does not wait for others for long.
fn impatient(scratch: &Scratch) -> Store {
    Store::options().wait(Duration::from_millis(30)).open(scratch.path()).unwrap()
}

/// Why each of the operations on an object is refused.
#[track_caller]
fn refusals(store: &Store) -> Vec<(&'static str, AttachError)> {
    let existing = |error: CreateError| match error {
        CreateError::Existing(error) => error,
        other => panic!("{other}"),
    };
    let not_removed = |error: RemoveError| match error {
        RemoveError::Existing(error) => error,
        other => panic!("{other}"),
    };
    vec![
        ("attach", store.attach::<Telemetry>().unwrap_err()),
        ("create", existing(store.create::<Telemetry>().unwrap_err())),
        ("attach_or_create", existing(store.attach_or_create::<Telemetry>().unwrap_err())),
        ("replace", existing(store.replace::<Telemetry>().unwrap_err())),
        ("remove", not_removed(store.remove::<Telemetry>().unwrap_err())),
        ("remove_id", not_removed(store.remove_id('T').unwrap_err())),
    ]
}
