use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, fence};
use std::thread;
use std::time::Duration;

use super::{Map, Waits};
use crate::inspect::decode::Decoder;
use crate::inspect::map::samples::MapBytes;
use crate::inspect::memory::{Live, Memory};
use crate::inspect::ring::tests::{Stop, object};
use crate::inspect::saved::values;
use crate::inspect::value::Value;
use crate::inspect::{FieldError, FieldPath, Limits};
use crate::layout::schema::{OwnedKind, OwnedSchema, Primitive};
use crate::sync::map_state::{FREE, Head, LINKED, LIVE, bucket, with_kind};
use crate::sync::{MapOffsets, entry_words, key_hash, map_words, newest, stable_at};
use crate::sys::readable::ReadablePages;

/// The words of a value. All have its key and its version.
const WORDS: u64 = 32;
const CAPACITY: u64 = 4;
const KEYS: u64 = 6;
const LOOKS: u64 = 3000;
const SEED: u64 = 7;

fn types() -> MapBytes {
    let word = OwnedSchema::new(8, 8, OwnedKind::Primitive(Primitive::U64)).unwrap();
    let list = OwnedKind::Array { len: WORDS, element: Box::new(word.clone()) };
    MapBytes::of(word, OwnedSchema::new(8 * WORDS, 8, list).unwrap(), CAPACITY)
}

/// A process that changes a live map, by the protocol of one process alone.
struct Peer<'a> {
    live: Live<'a>,
    offsets: MapOffsets,
}

impl<'a> Peer<'a> {
    fn word(&self, at: u64) -> &'a AtomicU64 {
        self.live.to_write(at)
    }

    fn half(&self, at: u64) -> &'a AtomicU32 {
        self.live.to_write(at)
    }

    fn entry(&self, index: u32, word: u64) -> u64 {
        self.offsets.entries + u64::from(index) * self.offsets.stride + word
    }

    fn head(&self, key: u64) -> u64 {
        map_words::HEADS + 8 * bucket(key_hash(SEED, &key.to_le_bytes()), CAPACITY)
    }

    /// Stores a version of a key's value.
    fn store(&self, index: u32, key: u64, version: u64) {
        let sequence = self.word(self.entry(index, entry_words::SEQUENCE));
        sequence.store(stable_at(version) - 1, Release);
        fence(Release);
        let slot = self.offsets.slot_0 + newest(stable_at(version)).1 as u64 * self.offsets.slot_size;
        for word in 0..WORDS {
            self.word(self.entry(index, slot + 8 * word)).store(key << 32 | version, Relaxed);
        }
        sequence.store(stable_at(version), Release);
    }

    fn insert(&self, index: u32, key: u64, version: u64) {
        let (state, head) = (self.half(self.entry(index, entry_words::STATE)), self.word(self.head(key)));
        let (before, hash) = (Head::of(head.load(Relaxed)), key_hash(SEED, &key.to_le_bytes()));
        self.word(self.entry(index, self.offsets.key)).store(key, Relaxed);
        self.half(self.entry(index, entry_words::HASH)).store(hash, Relaxed);
        self.half(self.entry(index, entry_words::NEXT)).store(before.first, Relaxed);
        self.store(index, key, version);
        let linked = with_kind(state.load(Relaxed).wrapping_add(4), LINKED);
        state.store(linked, Release);
        head.store(Head { first: index + 1, ..before.with(hash) }.word(), Release);
        state.store(with_kind(linked, LIVE), Release);
    }

    fn remove(&self, index: u32, key: u64) {
        let state = self.half(self.entry(index, entry_words::STATE));
        state.store(with_kind(state.load(Relaxed), LINKED), Release);
        // The first half of a head is a link. The filter keeps its bits.
        let mut link = self.half(self.head(key));
        while link.load(Relaxed) != index + 1 {
            link = self.half(self.entry(link.load(Relaxed) - 1, entry_words::NEXT));
        }
        link.store(self.half(self.entry(index, entry_words::NEXT)).load(Relaxed), Release);
        state.store(with_kind(state.load(Relaxed), FREE), Release);
        fence(Release);
    }

    fn begin(&self) {
        self.word(map_words::SEED).store(SEED, Release);
        self.half(map_words::HIGH_WATER).store(CAPACITY as u32, Release);
        self.insert(2, 2, 1);
        self.insert(3, 3, 1);
    }

    /// Inserts, stores and removes keys. The keys 0 and 1 are removed again and again, and all others stay.
    fn work(&self, stop: &AtomicBool) {
        for version in 2.. {
            if stop.load(Acquire) {
                return;
            }
            // They change entries all the time.
            let [one, other] = if version % 2 == 0 { [0, 1] } else { [1, 0] };
            self.insert(one, 0, version);
            self.insert(other, 1, version);
            self.store(2, 2, version);
            self.store(3, 3, version);
            self.remove(one, 0);
            self.remove(other, 1);
        }
    }
}

/// Checks a value, and returns its key.
fn key_of(value: &Value) -> u64 {
    let Value::Versioned { version, value, .. } = value else { panic!("a version: {value}") };
    let Value::List { first, .. } = &**value else { panic!("{value}") };
    assert!(first.len() as u64 == WORDS && first.iter().all(|word| *word == first[0]), "a torn value: {value}");
    let Value::Unsigned(word) = first[0] else { panic!("a number") };
    assert_eq!(word & u64::from(u32::MAX), *version);
    word >> 32
}

#[test]
fn values_of_a_live_map_are_whole_and_of_their_keys() {
    let types = types();
    let attached = object(&types.schema);
    let stop = AtomicBool::new(false);
    let [mut listed, mut found, mut saved] = [[0; KEYS as usize]; 3];
    let pages = ReadablePages::of(attached.mapping());
    let live = Live::of(&attached, &pages);
    Peer { live, offsets: types.offsets }.begin();
    thread::scope(|scope| {
        scope.spawn(|| {
            let pages = ReadablePages::of(attached.mapping());
            Peer { live: Live::of(&attached, &pages), offsets: types.offsets }.work(&stop);
        });
        let _stop = Stop(&stop);
        let memory = Memory::Live(live);
        let limits = Limits::full();
        for look in 0..LOOKS {
            let Value::Map { len, first, .. } = Decoder::new(memory, &limits).all(&types.schema) else { panic!() };
            assert!(len <= CAPACITY && first.len() as u64 <= CAPACITY, "{len}");
            for (key, value) in &first {
                assert_eq!(*key, Value::Unsigned(key_of(value)), "a key with the value of another");
                listed[key_of(value) as usize] += 1;
            }
            let kept = values::of(&types.schema, memory, Duration::from_millis(100)).unwrap();
            let decoder = || Decoder::new(Memory::Copy(&kept), &limits);
            let Value::Map { first, .. } = decoder().all(&types.schema) else { panic!() };
            let keys: Vec<u64> = first.iter().map(|(_, value)| key_of(value)).collect();
            assert!(
                keys.contains(&2) && keys.contains(&3) && (1..keys.len()).all(|at| !keys[..at].contains(&keys[at]))
            );
            for key in keys {
                let found = decoder().at(&types.schema, &FieldPath::default().index(key)).unwrap();
                assert_eq!(key_of(&found), key);
                saved[key as usize] += 1;
            }
            let asked = look % KEYS;
            match Decoder::new(memory, &limits).at(&types.schema, &FieldPath::default().index(asked)) {
                Ok(value) => {
                    assert_eq!(key_of(&value), asked);
                    found[asked as usize] += 1;
                }
                Err(error) => assert!(matches!(error, FieldError::NoKey { .. }), "{error}"),
            }
        }
    });
    let all = format!("{listed:?} {found:?} {saved:?}");
    assert!(saved[0] > 0 && saved[1] > 0, "{all}");
    assert!(listed[0] > 0 && listed[1] > 0 && found[0] > 0 && found[1] > 0, "{all}");
    assert!(listed[2..] == [LOOKS, LOOKS, 0, 0] && found[2..] == [LOOKS / KEYS, LOOKS / KEYS, 0, 0], "{all}");
}

#[test]
fn value_of_an_entry_that_has_another_key_meanwhile_is_not_that_of_the_key() {
    let mut bytes = MapBytes::numbers(2).with(&[(7_u64.to_le_bytes().into(), 3, 70)]);
    let at = |bytes: &MapBytes, then: &mut dyn FnMut(&Map<'_>)| {
        let OwnedKind::Map { key, value, capacity } = bytes.schema.kind() else { panic!("a map") };
        let map = Map::of(&bytes.schema, (key, value, *capacity), Memory::Copy(&bytes.bytes), 0);
        then(&map.unwrap());
    };
    let mut key = None;
    at(&bytes, &mut |map| key = map.live_key(0).unwrap());
    let key = key.unwrap();
    // In the map; just removed; free; another key.
    for (state, is_there) in [(4 | LIVE, true), (4 | LINKED, true), (4 | FREE, false), (8 | LIVE, false)] {
        bytes.put32(bytes.entry(0, entry_words::STATE), state.into());
        at(&bytes, &mut |map| {
            let value = map.value(&key, &mut Waits::of(Duration::ZERO)).unwrap();
            assert_eq!(value.map(|value| value.version), is_there.then_some(3), "{state}");
        });
    }
}
