//! A map that no other process uses: a copy of it, and what must be true of it.

use super::atomics::Ordering::Relaxed;
use super::atomics::{AtomicU32, AtomicU64, Turn};
use super::part::{CAPACITY, Entry, Key, Part};
use super::seqlock;
use super::state::{FREE, Head, LIVE, bucket, kind};

impl Part {
    /// The same words once more.
    pub(super) fn copy(&self) -> Self {
        let copy_32 = |word: &AtomicU32| AtomicU32::new(word.load(Relaxed));
        let copy_64 = |word: &AtomicU64| AtomicU64::new(word.load(Relaxed));
        Self {
            intent: copy_64(&self.intent),
            len: copy_32(&self.len),
            high_water: copy_32(&self.high_water),
            free: copy_32(&self.free),
            changes: copy_64(&self.changes),
            floor: copy_64(&self.floor),
            heads: self.heads.each_ref().map(copy_64),
            entries: self.entries.each_ref().map(|entry| Entry {
                state: copy_32(&entry.state),
                next: copy_32(&entry.next),
                hash: copy_32(&entry.hash),
                sequence: copy_64(&entry.sequence),
                key: entry.key.each_ref().map(copy_32),
                slots: entry.slots.each_ref().map(|slot| slot.each_ref().map(copy_32)),
            }),
            turn: Turn::new(),
        }
    }

    /// Checks that a map that no other process uses is in order, and returns its keys, each with version and value.
    pub(super) fn end(&self) -> Vec<(Key, u64, u32)> {
        assert_eq!(self.intent.load(Relaxed), 0, "nothing is going on");
        let mut keys = Vec::new();
        let mut seen = Vec::new();
        let follow = |link: u32, seen: &mut Vec<u32>| {
            assert!(!seen.contains(&link), "an entry is in one chain");
            seen.push(link);
            &self.entries[link as usize - 1]
        };
        for (number, head) in self.heads.iter().enumerate() {
            let head = Head::of(head.load(Relaxed));
            let mut chain = Head { first: head.first, filter: 0 };
            let mut link = head.first;
            while link != 0 {
                let entry = follow(link, &mut seen);
                assert_eq!(kind(entry.state.load(Relaxed)), LIVE, "what is in a chain is in the map");
                let key = Key(entry.key[0].load(Relaxed), entry.key[1].load(Relaxed));
                assert_eq!((key.hash(), key.0), (entry.hash.load(Relaxed), key.1));
                assert_eq!(bucket(key.hash(), CAPACITY.into()), number as u64);
                chain = chain.with(key.hash());
                let version = seqlock::version(entry.sequence.load(Relaxed));
                let value = entry.slots[version as usize % 2].each_ref().map(|half| half.load(Relaxed));
                assert_eq!((value[0], value[0] / 10), (value[1], key.0));
                keys.push((key, version, value[0]));
                link = entry.next.load(Relaxed);
            }
            assert_eq!(head, chain, "the filter is exact");
        }
        let mut free = self.free.load(Relaxed);
        while free != 0 {
            free = follow(free, &mut seen).next.load(Relaxed);
        }
        (self.high_water.load(Relaxed) + 1..=CAPACITY).for_each(|unused| _ = follow(unused, &mut seen));
        assert_eq!(seen.len(), CAPACITY as usize, "no room is lost");
        let not_live = self.entries.iter().filter(|entry| kind(entry.state.load(Relaxed)) == FREE).count();
        assert_eq!((self.len.load(Relaxed) as usize, keys.len() + not_live), (keys.len(), CAPACITY as usize));
        keys.sort_unstable_by_key(|(key, ..)| key.0);
        keys
    }

    /// Checks that there are these keys, each with its first value.
    pub(super) fn ends_with(&self, keys: &[Key]) {
        let there = self.end().into_iter().map(|(key, _, value)| (key, value));
        assert!(there.eq(keys.iter().map(|key| (*key, key.value()))));
    }
}
