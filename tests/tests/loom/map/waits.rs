//! Waits for keys and their versions. Nothing here sleeps in slices, so a lost wake-up is a deadlock, which loom finds.

use loom::sync::Arc;

use super::changes::spawn;
use super::locks::Map;
use super::part::{A, B, K};
use crate::harness::check;

const WRITER: u32 = 2;

/// A process waits for a key that is not there.
pub(crate) fn a_key_that_comes_is_waited_for() {
    a_key_comes(|map| assert_eq!(map.wait_newer(B, 0), 1));
}

/// Refuted: a waiter that does not look again for a key that it did not find.
pub(crate) fn a_waiter_does_not_look_for_the_key_again() {
    a_key_goes_and_comes(|map| assert_eq!(map.wait_newer_unless(A, 1, |_| true), 2));
}

fn a_key_comes(wait: fn(&Map)) {
    check(3, move || {
        let map = Arc::new(Map::new(&[K]));
        let waiter = spawn(&map, wait);
        assert!(map.insert(B, B.value(), WRITER));
        waiter.join().unwrap();
    });
}

/// A process waits for the next version of a key, which goes and comes again.
pub(crate) fn a_key_that_goes_and_comes_is_waited_for() {
    a_key_goes_and_comes(|map| assert_eq!(map.wait_newer(A, 1), 2));
}

fn a_key_goes_and_comes(wait: fn(&Map)) {
    check(1, move || {
        let map = Arc::new(Map::new(&[A]));
        let waiter = spawn(&map, wait);
        assert_eq!(map.remove(A, WRITER), Some(1));
        assert!(map.insert(A, A.value(), WRITER));
        waiter.join().unwrap();
    });
}

/// A process waits by a handle for the next version of a key, which is removed.
pub(crate) fn a_removal_is_waited_for() {
    check(3, || {
        let map = Arc::new(Map::new(&[A]));
        let place = map.find(A).expect("it is there");
        let waiter = spawn(&map, move |map| {
            while map.is_live(place) {
                map.entries[place.0].wait(|| map.version(place.0) > 1 || !map.is_live(place));
            }
        });
        assert_eq!(map.remove(A, WRITER), Some(1));
        waiter.join().unwrap();
    });
}

/// A process waits for keys that come and go.
pub(crate) fn changes_are_waited_for() {
    check(3, || {
        let map = Arc::new(Map::new(&[A]));
        let waiter = spawn(&map, |map| {
            for seen in [1, 2] {
                while map.part.changes() <= seen {
                    map.structure.wait(|| map.part.changes() > seen);
                }
            }
        });
        assert!(map.insert(B, B.value(), WRITER));
        assert_eq!(map.remove(A, WRITER), Some(1));
        waiter.join().unwrap();
    });
}
