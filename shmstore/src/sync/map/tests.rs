//! Maps in ordinary memory.

use std::collections::HashMap;
use std::thread;

use super::protocol::Entries;
use super::*;
use crate::error::{BeginError, EntryError, InsertError};
use crate::sync::atomics::Ordering::Relaxed;
use crate::sync::backoff::{Left, Limit};
use crate::{FixedString, Shared, Versioned};

type Small = Map<u32, u64, 4>;

const SECOND: Duration = Duration::from_secs(1);

fn sorted<const N: usize>(map: &Map<u32, u64, N>) -> Vec<(u32, u64)> {
    let mut all: Vec<_> = map.iter().map(Result::unwrap).collect();
    all.sort_unstable();
    all
}

/// Checks that each entry is in one chain, in the free list, or unused.
#[track_caller]
pub(super) fn check_whole<K: ShmKey, V: ShmValue, const N: usize>(map: &Map<K, V, N>) {
    let core = map.core(Access::ReadWrite);
    let (words, table) = (core.words, core.table);
    let mut found = vec![0; N];
    let mut live = 0;
    for bucket in 0..2 * N as u64 {
        let head = state::Head::of(table.head(bucket).load(Relaxed));
        let mut rest = state::Head { filter: 0, ..head };
        let mut link = head.first;
        while let Some(entry) = table.follow(link) {
            found[link as usize - 1] += 1;
            live += 1;
            assert_eq!(
                state::kind(entry.state().load(Relaxed)),
                state::LIVE,
                "only live entries are in a chain at rest"
            );
            assert_eq!(state::bucket(table.hash(entry).load(Relaxed), N as u64), bucket);
            rest = rest.with(table.hash(entry).load(Relaxed));
            link = table.next(entry).load(Relaxed);
        }
        assert_eq!((link, rest.filter), (0, head.filter));
    }
    assert_eq!((live, live), (map.len(), words.len.load(Relaxed) as usize));
    let mut link = words.structure().free.load(Relaxed);
    while let Some(entry) = table.follow(link) {
        found[link as usize - 1] += 1;
        assert_eq!(state::kind(entry.state().load(Relaxed)), state::FREE);
        link = table.next(entry).load(Relaxed);
    }
    let used = words.high_water.load(Relaxed) as usize;
    assert!(found.iter().enumerate().all(|(at, &times)| times == usize::from(at < used)), "{found:?}, {used} used");
}

#[test]
fn keys_come_and_go_as_in_a_hash_map() {
    let map = Map::<u32, u64, 64>::new();
    let mut model = HashMap::new();
    let mut random = 1_u32;
    for step in 0..20_000_u64 {
        random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let key = (random >> 16) % 100;
        match random >> 28 {
            0..7 if model.len() < 64 || model.contains_key(&key) => {
                assert_eq!(map.insert(key, step).unwrap(), model.insert(key, step));
            }
            0..7 => assert!(matches!(map.insert(key, step), Err(InsertError::Full { capacity: 64, .. }))),
            7..13 => assert_eq!(map.remove(&key).unwrap(), model.remove(&key)),
            _ => {
                let expected = model.get_mut(&key).map(|value| {
                    *value += 1;
                    *value
                });
                let change = |value: &mut u64| {
                    *value += 1;
                    *value
                };
                assert_eq!(map.update(&key, change).unwrap(), expected);
            }
        }
        assert_eq!(map.get(&key).unwrap(), model.get(&key).copied());
        assert_eq!((map.len(), map.contains_key(&key)), (model.len(), model.contains_key(&key)));
    }
    check_whole(&map);
    let mut expected: Vec<_> = model.into_iter().collect();
    expected.sort_unstable();
    assert_eq!(sorted(&map), expected);
    map.clear();
    assert!(map.is_empty());
    check_whole(&map);
}

#[test]
fn layout_is_that_of_the_table() {
    fn layout<K: ShmKey, V: ShmValue, const N: usize>() -> (usize, usize) {
        assert_eq!(size_of::<MapView<K, V, N>>(), size_of::<Map<K, V, N>>());
        (size_of::<Map<K, V, N>>(), align_of::<Map<K, V, N>>())
    }
    assert_eq!(layout::<u64, [u64; 8], 8>(), (256 + 128 + 8 * 192, 64));
    assert_eq!(layout::<u8, u8, 1>(), (256 + 64 + 128, 64));
    assert_eq!(layout::<FixedString<12>, [u64; 2], 1>(), (256 + 64 + 128, 64));
    assert_eq!(layout::<FixedString<28>, [u64; 3], 2>(), (256 + 64 + 2 * 192, 64));
}

#[test]
fn a_value_of_a_key_has_versions_that_grow_across_its_removal() {
    let map = Small::new();
    map.insert(1, 10).unwrap();
    map.insert(1, 11).unwrap();
    assert_eq!(map.get_versioned(&1).unwrap(), Some((2, 11)));
    map.remove(&1).unwrap();
    map.insert(2, 20).unwrap();
    map.insert(3, 30).unwrap();
    map.insert(1, 12).unwrap();
    let (version, value) = map.get_versioned(&1).unwrap().unwrap();
    assert!(version > 2 && value == 12, "{version}");
}

#[test]
fn an_entry_says_that_its_key_was_removed() {
    let map = Small::new();
    map.insert(1, 10).unwrap();
    let entry = map.entry(&1).unwrap();
    assert_eq!((entry.load().unwrap(), *entry.key()), (10, 1));
    assert_eq!(entry.store(11).unwrap(), 2);
    assert_eq!(entry.update(|value| *value + 1).unwrap(), 12);
    let mut transaction = entry.begin().unwrap();
    *transaction += 5;
    transaction.commit();
    assert_eq!(map.get(&1).unwrap(), Some(16));
    map.remove(&1).unwrap();
    map.insert(1, 20).unwrap();
    assert!(entry.is_removed());
    assert!(matches!(entry.load(), Err(EntryError::Removed(_))));
    assert!(entry.store(1).is_err() && entry.writer().is_err() && entry.version().is_err());
    assert!(matches!(entry.try_begin(), Err(EntryError::Removed(_))));
    assert!(matches!(entry.wait_newer(0, SECOND), Err(WaitError::EntryRemoved(_))));
    assert_eq!(map.get(&1).unwrap(), Some(20));
}

#[test]
fn a_writer_of_one_key_delays_no_other_key() {
    let map = Small::new();
    map.insert(1, 10).unwrap();
    let entry = map.entry(&1).unwrap();
    let mut writer = entry.writer().unwrap();
    writer.store(11);
    map.insert(2, 20).unwrap();
    map.remove(&2).unwrap();
    assert_eq!(map.get(&1).unwrap(), Some(11));
    thread::scope(|scope| {
        scope.spawn(|| {
            assert!(matches!(map.try_insert(1, 0), Err(InsertError::Busy(_))));
            assert!(matches!(map.try_remove(&1), Err(BeginError::Busy(_))));
            assert!(matches!(entry.try_writer(), Err(EntryError::Busy(_))));
        });
    });
    let panic = std::panic::catch_unwind(|| map.remove(&1)).unwrap_err();
    let text = panic.downcast_ref::<String>().unwrap();
    assert!(text.contains("this very thread holds it. Drop the guard of this key first"), "{text}");
    drop(writer);
    assert_eq!(map.remove(&1).unwrap(), Some(11));
}

#[test]
fn keys_that_a_closure_refuses_are_removed() {
    let map = Map::<u32, u64, 100>::new();
    (0..100).for_each(|key| assert!(map.insert(key, key.into()).unwrap().is_none()));
    map.retain(|key, value| key % 3 == 0 && *value < 30);
    assert_eq!(map.len(), 10);
    check_whole(&map);
    assert_eq!(map.changes(), 190);
}

#[test]
fn a_wait_ends_when_the_key_is_inserted_stored_or_inserted_again() {
    let map = Small::new();
    thread::scope(|scope| {
        let waiter = scope.spawn(|| {
            let mut seen = 0;
            let mut values = vec![];
            while values.last() != Some(&3) {
                let (version, value) = map.wait_newer(&7, seen, 20 * SECOND).unwrap();
                assert!(version > seen);
                seen = version;
                values.push(value);
            }
            values
        });
        let follower = scope.spawn(|| map.wait_changed(2, 20 * SECOND).unwrap());
        map.insert(7, 1).unwrap();
        map.update(&7, |value| *value = 2).unwrap();
        map.remove(&7).unwrap();
        map.insert(7, 3).unwrap();
        assert!(waiter.join().unwrap().is_sorted());
        assert!(follower.join().unwrap() > 2);
    });
    let error = map.wait_newer(&8, 0, Duration::ZERO).unwrap_err().to_string();
    assert!(error.contains("(the key is not in the map)"), "{error}");
    let error = map.wait_changed(9, Duration::ZERO).unwrap_err();
    assert!(matches!(error, WaitError::Timeout { .. }));
    for part in ["for a change of the keys of this `Map<u32, u64, 4>` after the first 9", "inserts or removes keys"] {
        assert!(error.to_string().contains(part), "{error}");
    }
}

#[test]
fn values_that_are_no_values_are_reported_and_can_be_replaced() {
    let map = Map::<u32, bool, 4>::new();
    map.insert(1, true).unwrap();
    let core = map.core(Access::ReadWrite);
    let entry = core.find(&1, &mut Left::of(Limit::Forever)).unwrap().unwrap().entry;
    #[allow(unsafe_code)]
    // SAFETY: the first byte of slot 1, which no other thread has.
    unsafe {
        core.table.slots(entry).cast::<u8>().wrapping_add(16).write_volatile(7);
    }
    assert_eq!(map.get(&1).unwrap_err().path(), "[1]", "the key is named");
    assert!(map.get(&1).is_err() && map.iter().next().unwrap().is_err() && map.update(&1, |_| ()).is_err());
    assert!(matches!(map.insert(1, false), Err(InsertError::InvalidValue(_))));
    assert_eq!(map.get(&1).unwrap(), Some(false));
}

#[test]
fn each_load_of_an_entry_reports_a_removed_key_and_an_invalid_value_by_its_key() {
    let map = Map::<u32, bool, 4>::new();
    map.insert(7, true).unwrap();
    let entry = map.entry(&7).unwrap();
    let mut value = false;
    assert_eq!(entry.load_timeout(SECOND), Ok(true));
    assert_eq!((entry.load_into_timeout(&mut value, SECOND), value), (Ok(1), true));
    assert_eq!(
        (entry.load_boxed().map(|value| *value), entry.wait_newer_into(0, &mut value, SECOND)),
        (Ok(true), Ok(1))
    );
    assert!(matches!(entry.wait_newer_into(1, &mut value, Duration::ZERO), Err(WaitError::Timeout { .. })) && value);

    entry.store(true).unwrap();
    let core = map.core(Access::ReadWrite);
    #[allow(unsafe_code)]
    // SAFETY: the first byte of slot 0, which no other thread has.
    unsafe {
        core.table.slots(entry.place().entry).cast::<u8>().write_volatile(9);
    }
    let says = "`[7]` is not a valid bool: found 9";
    let errors = |value: &mut bool| {
        let of_entry = [entry.load_boxed().map(|_| ()).unwrap_err(), entry.load_into(value).unwrap_err()];
        let waited = [
            entry.load_timeout(SECOND).map(|_| ()),
            entry.load_into_timeout(value, SECOND).map(|_| ()),
            entry.wait_newer_into(0, value, SECOND).map(|_| ()),
        ];
        (of_entry, waited.map(Result::unwrap_err))
    };
    let (of_entry, waited) = errors(&mut value);
    assert!(!value, "zero after an error");
    of_entry.iter().for_each(|error| assert_eq!(error.to_string(), says));
    waited.iter().for_each(|error| assert_eq!(error.to_string(), says));

    map.remove(&7).unwrap_err();
    let (of_entry, waited) = errors(&mut value);
    assert!(of_entry.iter().all(|error| matches!(error, EntryError::Removed(_))), "{of_entry:?}");
    assert!(waited.iter().all(|error| matches!(error, WaitError::EntryRemoved(_))), "{waited:?}");
}

#[test]
fn a_map_is_shown_with_its_first_entries() {
    let map = Map::<FixedString<4>, u64, 4>::new();
    map.insert("a".try_into().unwrap(), 1).unwrap();
    assert_eq!(format!("{map:?}"), r#"Map { len: 1, capacity: 4, first: {"a": 1} }"#);
    let entry = map.entry(&"a".try_into().unwrap()).unwrap();
    assert_eq!(format!("{entry:?}"), r#"Entry { key: "a", version: 1, value: 1 }"#);
}

#[test]
fn errors_name_the_key() {
    let map = Map::<FixedString<8>, u64, 1>::new();
    let key = "EURUSD".try_into().unwrap();
    map.insert(key, 1).unwrap();
    let entry = map.entry(&key).unwrap();
    map.clear();
    let error = entry.load().unwrap_err().to_string();
    assert!(error.contains(r#"the entry `["EURUSD"]` of this `Map<FixedString<8>, u64, 1>` was removed"#), "{error}");
}

#[test]
fn a_private_object_has_a_map_of_a_million() {
    #[derive(crate::ShmObject)]
    #[repr(C)]
    #[shm(crate = "crate")]
    struct Large {
        map: Map<u64, [u64; 8], 1_000_000>,
        other: Versioned<u64>,
    }
    let large = Shared::<Large>::new_private().unwrap();
    (0..1000).for_each(|key| assert!(large.map.insert(key, [key; 8]).unwrap().is_none()));
    assert!((0..1000).all(|key| large.map.get(&key).unwrap() == Some([key; 8])));
    assert_eq!((large.map.len(), large.map.get(&1000).unwrap()), (1000, None));
    large.other.store(1);
}
