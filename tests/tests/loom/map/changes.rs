//! Processes that change the map at the same time, each with the locks that it needs.

use loom::sync::Arc;
use loom::thread;

use super::locks::Map;
use super::part::{A, B, K};
use crate::harness::check;

/// The processes, by their tokens.
const FIRST: u32 = 2;
const SECOND: u32 = 3;

/// Two insert the same key. It comes once, and the other store is its second version.
pub(crate) fn two_insert_the_same_key() {
    check(3, || {
        let map = Arc::new(Map::new(&[K]));
        let first = spawn(&map, |map| map.insert(B, B.value() + 1, FIRST));
        let second = map.insert(B, B.value() + 2, SECOND);
        let first = first.join().unwrap();
        assert_ne!(first, second, "one of them inserts it");
        let last = if first { 2 } else { 1 };
        assert_eq!(map.part.end(), [(K, 1, K.value()), (B, 2, B.value() + last)]);
    });
}

/// A process stores by a handle, another one removes the key, and uses its entry again.
pub(crate) fn a_handle_outlives_its_key() {
    a_handle_stores(|map, place| map.store_at(place, A.value() + 1, FIRST));
}

/// Refuted: a store that does not look at the state after it took the lock. It destroys the value of another key.
pub(crate) fn a_handle_does_not_look() {
    a_handle_stores(|map, (entry, _)| {
        map.entries[entry].lock(FIRST);
        let version = map.part.store(entry, A.value() + 1);
        map.entries[entry].unlock(FIRST);
        Some(version)
    });
}

fn a_handle_stores(store: fn(&Map, (usize, u32)) -> Option<u64>) {
    check(3, move || {
        let map = Arc::new(Map::new(&[A]));
        let place = map.find(A).expect("it is there");
        let writer = spawn(&map, move |map| store(map, place));
        let removed = map.remove(A, SECOND).expect("it is there");
        assert!(map.insert(B, B.value(), SECOND));
        let stored = writer.join().unwrap();
        assert_eq!(removed, stored.unwrap_or(1), "a store that succeeded came before the removal");
        assert_eq!(map.part.end(), [(B, removed + 1, B.value())]);
    });
}

/// Two remove the same key. One of them does.
pub(crate) fn two_remove_the_same_key() {
    check(3, || {
        let map = Arc::new(Map::new(&[K, A]));
        let first = spawn(&map, |map| map.remove(A, FIRST));
        let second = map.remove(A, SECOND);
        assert_eq!([first.join().unwrap(), second].into_iter().flatten().collect::<Vec<u64>>(), [1]);
        map.part.ends_with(&[K]);
    });
}

/// A process has the value of a key, and inserts another one. The key is removed afterwards.
pub(crate) fn the_holder_of_a_value_inserts() {
    a_holder_inserts(|map| assert_eq!(map.remove(A, SECOND), Some(1)));
}

/// Refuted: a removal that takes the structure lock first. The two wait for each other.
pub(crate) fn a_removal_takes_the_structure_first() {
    a_holder_inserts(|map| {
        map.structure.lock(SECOND);
        let entry = map.lock_entry(A, SECOND).expect("it is there");
        map.part.remove(entry);
        map.structure.unlock(SECOND);
        map.entries[entry].unlock(SECOND);
    });
}

fn a_holder_inserts(remove: fn(&Map)) {
    check(3, move || {
        let map = Arc::new(Map::new(&[A]));
        let holder = spawn(&map, |map| {
            if let Some(entry) = map.lock_entry(A, FIRST) {
                assert!(map.insert(B, B.value(), FIRST));
                map.entries[entry].unlock(FIRST);
            }
        });
        remove(&map);
        holder.join().unwrap();
        assert!(map.part.end().iter().all(|(key, ..)| *key == B));
    });
}

pub(super) fn spawn<T: 'static>(map: &Arc<Map>, process: impl FnOnce(&Map) -> T + 'static) -> thread::JoinHandle<T> {
    let map = map.clone();
    thread::spawn(move || process(&map))
}
