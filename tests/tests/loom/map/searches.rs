//! Processes that read without a lock, beside others that remove and insert.

use loom::sync::Arc;
use loom::thread;

use super::part::{A, B, C, D, Death, Got, K, Key, Part};
use crate::harness::check;

/// A key goes, and its entry is used again, for a key of the same or another bucket. A process searches a key that
/// stays, before it or behind it in the chain.
pub(crate) fn an_entry_is_used_again() {
    for other in [C, D] {
        beside(2, &[K, A], 1, other, |part| assert_ne!(part.get(K), Got::Absent, "nobody removes it"));
        beside(2, &[A, K], 0, other, |part| assert_ne!(part.get(K), Got::Absent, "nobody removes it"));
    }
}

/// The same between two others.
pub(crate) fn an_entry_between_others_is_used_again() {
    for other in [B, D] {
        beside(2, &[K, C, A], 1, other, |part| assert_ne!(part.get(K), Got::Absent, "nobody removes it"));
    }
}

/// The key that used it again goes, too.
pub(crate) fn an_entry_is_used_twice() {
    check(1, || {
        let part = Arc::new(Part::new(&[K, A]));
        let reader = thread::spawn({
            let part = part.clone();
            move || assert_ne!(part.get(K), Got::Absent, "nobody removes it")
        });
        part.remove(1);
        assert!(part.insert(D));
        part.remove(1);
        reader.join().unwrap();
        part.ends_with(&[K]);
    });
}

/// A process searches the key that goes, the key that comes, and keys that are never there: they have one half of each.
pub(crate) fn a_key_is_whole() {
    for other in [B, D] {
        beside(1, &[K, A], 1, other, |part| _ = part.get(A));
        for never in [Key(A.0, other.1), Key(other.0, A.1)] {
            beside(1, &[K, A], 1, other, move |part| assert!(!matches!(part.get(never), Got::Value(..))));
        }
    }
    beside(1, &[K, A], 1, B, |part| _ = part.get(B));
    beside(1, &[K, A], 1, D, |part| _ = part.get(D));
}

/// A process reads the value of a key, which is stored to, removed, and inserted again. The versions grow.
pub(crate) fn a_value_is_whole() {
    beside(2, &[A, K], 0, B, |part| {
        if let Got::Value(version, value) = part.get(A) {
            assert_eq!((version, value), (1, A.value()));
        }
    });
    check(2, || {
        let part = Arc::new(Part::new(&[A]));
        let reader = thread::spawn({
            let part = part.clone();
            move || part.get(A)
        });
        for later in 1..3 {
            assert_eq!(part.store(0, A.value() + later), 1 + u64::from(later));
        }
        part.remove(0);
        if let Got::Value(version, value) = reader.join().unwrap() {
            assert_eq!(u64::from(value - A.value()) + 1, version);
        }
    });
}

/// A key comes while another goes. A process that found it finds it again.
pub(crate) fn a_found_key_stays() {
    beside(2, &[K, A], 1, B, |part| {
        if matches!(part.get(B), Got::Value(..)) {
            assert_ne!(part.get(B), Got::Absent, "nobody removes it");
        }
    });
}

/// A process that did not find a key does not find it later.
pub(crate) fn a_removed_key_is_gone() {
    for (preemptions, other) in [(2, B), (1, D)] {
        beside(preemptions, &[K, A], 1, other, |part| {
            if part.get(A) == Got::Absent {
                assert!(!matches!(part.get(A), Got::Value(..)), "nobody inserts it");
            }
        });
    }
}

/// A process lists the keys.
pub(crate) fn a_list_has_the_keys_that_stay() {
    for other in [B, D] {
        beside(2, &[K, A], 1, other, move |part| {
            let keys = part.list();
            assert!(keys.contains(&K), "nobody removes it");
            assert!(keys.iter().all(|key| [K, A, other].contains(key)), "a key is whole");
        });
    }
}

/// A process counts the keys. What it has found is counted, and what is gone is not.
pub(crate) fn a_count_counts_what_was_found() {
    check(2, || {
        let part = Arc::new(Part::new(&[K, A]));
        let reader = thread::spawn({
            let part = part.clone();
            move || (part.get(B), part.len_now())
        });
        assert!(part.insert(B));
        let (found, len) = reader.join().unwrap();
        assert!(len == 3 || len == 2 && !matches!(found, Got::Value(..)));
        assert_eq!(part.len_now(), 3);
    });
    check(2, || {
        let part = Arc::new(Part::new(&[K, A]));
        let reader = thread::spawn({
            let part = part.clone();
            move || (part.get(A), part.len_now())
        });
        part.remove(1);
        let (found, len) = reader.join().unwrap();
        assert!(len == 1 || len == 2 && found != Got::Absent);
        assert_eq!(part.len_now(), 1);
    });
}

/// A key goes and comes again, in another entry. A process that reads it twice sees its versions grow.
pub(crate) fn versions_grow() {
    check(1, || {
        let part = Part::new(&[A]);
        assert_eq!(part.store(0, A.value() + 1), 2);
        let part = Arc::new(part);
        let reader = thread::spawn({
            let part = part.clone();
            move || [part.get(A), part.get(A)]
        });
        part.remove(0);
        assert!(part.insert(B));
        part.insert_until(A, A.value() + 2, Death::Never);
        if let [Got::Value(before, first), Got::Value(now, second)] = reader.join().unwrap() {
            assert!(before < now || before == now && first == second);
        }
        assert_eq!(part.end(), [(A, 3, A.value() + 2), (B, 3, B.value())]);
    });
}

/// One process removes the key, and another one uses its entry again.
pub(crate) fn two_processes_use_an_entry() {
    for other in [B, D] {
        check(2, move || {
            let part = Arc::new((Part::new(&[K, A]), loom::sync::Mutex::new(())));
            let remover = thread::spawn({
                let part = part.clone();
                move || {
                    let _held = part.1.lock().unwrap();
                    part.0.remove(1);
                }
            });
            let reader = thread::spawn({
                let part = part.clone();
                move || assert_ne!(part.0.get(K), Got::Absent, "nobody removes it")
            });
            let held = part.1.lock().unwrap();
            assert!(part.0.insert(other));
            drop(held);
            [remover, reader].into_iter().for_each(|thread| thread.join().unwrap());
            let mut there = [K, other];
            there.sort_unstable_by_key(|key| key.0);
            part.0.ends_with(&there);
        });
    }
}

/// Removes the key of an entry, and inserts another, while a second process reads.
fn beside(
    preemptions: usize,
    keys: &'static [Key],
    entry: usize,
    other: Key,
    read: impl Fn(&Part) + Copy + Send + Sync + 'static,
) {
    check(preemptions, move || {
        let part = Arc::new(Part::new(keys));
        let reader = thread::spawn({
            let part = part.clone();
            move || read(&part)
        });
        part.remove(entry);
        assert!(part.insert(other));
        reader.join().unwrap();
        let mut there = keys.to_vec();
        there[entry] = other;
        there.sort_unstable_by_key(|key| key.0);
        part.ends_with(&there);
    });
}
