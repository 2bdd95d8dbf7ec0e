//! The calls of maps.

use shmstore::error::{BeginError, WaitError};
use shmstore::map::{EntryError, InsertError};

use super::{CHOSEN, Call, LIMIT, Outcome, Victim, check, told};
use crate::objects::{Block, Choosy};

const CAPACITY: usize = 5;
/// More keys than there is room for.
const KEYS: usize = 7;

fn key(victim: &Victim) -> u32 {
    victim.random.clone().within(0..KEYS) as u32
}

pub(super) const CALLS: &[Call] = &[
    ("try_insert", |victim| inserted(victim.parts().map.try_insert(key(victim), CHOSEN))),
    ("insert_timeout", |victim| {
        let key = victim.random.within(0..KEYS) as u32;
        inserted(victim.parts().map.insert_timeout(key, CHOSEN, LIMIT))
    }),
    ("insert large", |victim| {
        let name = ["a", "b", "c"][victim.random.within(0..3)].try_into().expect("a short name");
        told(victim.parts().book.insert_timeout(name, Block([7; 4096]), LIMIT)).is_some()
    }),
    ("try_remove", |victim| removed(victim.parts().map.try_remove(&key(victim)))),
    ("remove_timeout", |victim| {
        let key = victim.random.within(0..KEYS) as u32;
        removed(victim.parts().map.remove_timeout(&key, LIMIT))
    }),
    ("get_timeout", |victim| {
        let key = victim.random.within(0..KEYS) as u32;
        told(victim.parts().map.get_timeout(&key, LIMIT)).flatten().inspect(check).is_some()
    }),
    ("get large", |victim| {
        let name = ["a", "b", "c"][victim.random.within(0..3)].try_into().expect("a short name");
        told(victim.parts().book.get_timeout(&name, LIMIT)).flatten().is_some()
    }),
    ("wait for a key", |victim| {
        let key = victim.random.within(0..KEYS) as u32;
        newer(victim.parts().map.wait_newer(&key, 0, LIMIT))
    }),
    ("wait for changes", |victim| {
        let map = &victim.parts().map;
        let seen = map.changes().wrapping_sub(victim.random.clone().within(0..2) as u64);
        told(map.wait_changed(seen, LIMIT)).is_some()
    }),
    ("count keys", |victim| {
        let map = &victim.parts().map;
        assert!(map.len() <= CAPACITY && map.capacity() == CAPACITY);
        let keys = map.keys().filter_map(told).count();
        assert!(keys <= CAPACITY, "{keys}");
        let _ = (map.is_empty(), map.changes());
        keys > 0
    }),
    ("write by an entry", |victim| {
        // A search without a limit may wait for as long as a peer has the lock of the keys.
        let Some((_, entry)) = victim.entry() else { return false };
        let writer = told(entry.writer_timeout(LIMIT));
        writer.is_some_and(|mut writer| {
            writer.store(CHOSEN);
            writer.store(CHOSEN) > 0
        })
    }),
    ("begin by an entry", |victim| {
        let Some((_, entry)) = victim.entry() else { return false };
        let _ = (entry.is_removed(), entry.version().map_err(|removed| removed.to_string()));
        let begun = entry.begin_timeout(LIMIT).map(|transaction| {
            check(&transaction);
            transaction.commit()
        });
        let tried = entry.try_begin().map(|transaction| transaction.rollback());
        entered(begun.map(drop)) | entered(tried)
    }),
    ("wait by an entry", |victim| {
        let Some((_, entry)) = victim.entry() else { return false };
        newer(entry.wait_newer(0, LIMIT))
    }),
    ("look at maps", |victim| {
        let Some(seen) = &victim.seen else { return false };
        let key = victim.random.clone().within(0..KEYS) as u32;
        let found = told(seen.map.get_timeout(&key, LIMIT)).flatten().inspect(check).is_some();
        let keys = seen.map.keys().filter_map(told).count();
        assert!(keys <= CAPACITY && seen.map.len() <= CAPACITY, "{keys}");
        let _ = (seen.map.is_empty(), told(seen.map.wait_changed(seen.map.changes(), LIMIT)));
        found | newer(seen.map.wait_newer(&key, 0, LIMIT))
    }),
];

impl Victim {
    /// The entry of a key, if one was found in time. A search without a limit may wait for as long as a peer has the lock
    /// of the keys.
    fn entry(&mut self) -> Option<(u32, shmstore::map::Entry<'_, u32, Choosy>)> {
        let key = self.random.within(0..KEYS) as u32;
        let map = &self.parts().map;
        told(map.get_timeout(&key, LIMIT)).flatten()?;
        map.entry(&key).map(|entry| (key, entry))
    }
}

fn inserted(old: Result<Option<Choosy>, InsertError>) -> Outcome {
    told(old).inspect(|old| old.iter().for_each(check)).is_some()
}

fn removed(old: Result<Option<Choosy>, BeginError>) -> Outcome {
    told(old).flatten().inspect(check).is_some()
}

fn newer(newer: Result<(u64, Choosy), WaitError>) -> Outcome {
    told(newer).inspect(|(_, value)| check(value)).is_some()
}

fn entered(entered: Result<(), EntryError>) -> Outcome {
    told(entered).is_some()
}
