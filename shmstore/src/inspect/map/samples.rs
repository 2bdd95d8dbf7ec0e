//! The bytes of maps in any state, for unit tests.

use crate::layout::schema::{OwnedKind, OwnedSchema, Primitive};
use crate::sync::map_state::{FREE, Head, LIVE, bucket, with_kind};
use crate::sync::{MapOffsets, entry_words, key_hash, map_words, newest, stable_at};

/// The bytes of a map, which a test changes.
pub(crate) struct MapBytes {
    pub(crate) schema: OwnedSchema,
    pub(crate) offsets: MapOffsets,
    pub(crate) capacity: u64,
    pub(crate) bytes: Vec<u8>,
}

fn number(of: Primitive) -> OwnedSchema {
    let size = of.size() as u64;
    OwnedSchema::new(size, size, OwnedKind::Primitive(of)).unwrap()
}

/// `FixedString<8>`.
pub(crate) fn text_type() -> OwnedSchema {
    OwnedSchema::new(12, 4, OwnedKind::FixedString { capacity: 8 }).unwrap()
}

/// The bytes of a key of [`text_type`].
pub(crate) fn text(key: &str) -> Vec<u8> {
    let mut bytes = vec![0; 12];
    bytes[0] = key.len() as u8;
    bytes[4..][..key.len()].copy_from_slice(key.as_bytes());
    bytes
}

impl MapBytes {
    /// A new map with these types.
    pub(crate) fn of(key: OwnedSchema, value: OwnedSchema, capacity: u64) -> Self {
        let offsets =
            MapOffsets::of((key.size(), key.align()), (value.size(), value.align()), capacity).expect("a small map");
        let kind = OwnedKind::Map { capacity, key: Box::new(key), value: Box::new(value) };
        let schema = OwnedSchema::new(offsets.size, offsets.align, kind).unwrap();
        Self { schema, offsets, capacity, bytes: vec![0; offsets.size as usize] }
    }

    /// A new `Map<u64, u64, capacity>`.
    pub(crate) fn numbers(capacity: u64) -> Self {
        Self::of(number(Primitive::U64), number(Primitive::U64), capacity)
    }

    /// A new `Map<FixedString<8>, u64, capacity>`.
    pub(crate) fn texts(capacity: u64) -> Self {
        Self::of(text_type(), number(Primitive::U64), capacity)
    }

    /// Keys that were inserted one after the other, with their version and value.
    pub(crate) fn with(mut self, keys: &[(Vec<u8>, u64, u64)]) -> Self {
        for (key, version, value) in keys {
            self.insert(key, *version, &value.to_le_bytes());
        }
        self
    }

    pub(crate) fn word(&self, at: u64, size: usize) -> u64 {
        let mut wide = [0; 8];
        wide[..size].copy_from_slice(&self.bytes[at as usize..][..size]);
        u64::from_le_bytes(wide)
    }

    pub(crate) fn put(&mut self, at: u64, bytes: &[u8]) {
        self.bytes[at as usize..][..bytes.len()].copy_from_slice(bytes);
    }

    pub(crate) fn put32(&mut self, at: u64, word: u64) {
        self.put(at, &(word as u32).to_le_bytes());
    }

    pub(crate) fn put64(&mut self, at: u64, word: u64) {
        self.put(at, &word.to_le_bytes());
    }

    /// The offset of a word of an entry.
    pub(crate) fn entry(&self, index: u64, word: u64) -> u64 {
        self.offsets.entries + index * self.offsets.stride + word
    }

    /// The offset of the head of a key's bucket.
    pub(crate) fn head(&self, key: &[u8]) -> u64 {
        let hash = key_hash(self.word(map_words::SEED, 8), key);
        map_words::HEADS + 8 * bucket(hash, self.capacity)
    }

    /// Inserts a key in an entry that was never used.
    pub(crate) fn insert(&mut self, key: &[u8], version: u64, value: &[u8]) {
        if self.word(map_words::SEED, 8) == 0 {
            self.put64(map_words::SEED, 0x5eed_0123_4567_89ab);
        }
        let index = self.word(map_words::HIGH_WATER, 4);
        assert!(index < self.capacity, "room for a key");
        let head = self.head(key);
        let before = Head::of(self.word(head, 8));
        let hash = key_hash(self.word(map_words::SEED, 8), key);
        self.put32(self.entry(index, entry_words::STATE), u64::from(with_kind(1 << 2, LIVE)));
        self.put32(self.entry(index, entry_words::NEXT), before.first.into());
        self.put32(self.entry(index, entry_words::HASH), hash.into());
        self.put(self.entry(index, self.offsets.key), key);
        let sequence = stable_at(version);
        self.put64(self.entry(index, entry_words::SEQUENCE), sequence);
        let slot = self.offsets.slot_0 + newest(sequence).1 as u64 * self.offsets.slot_size;
        self.put(self.entry(index, slot), value);
        self.put64(head, Head { first: index as u32 + 1, ..before.with(hash) }.word());
        self.put32(map_words::HIGH_WATER, index + 1);
        self.add(map_words::LEN, 4, 1);
        self.add(map_words::CHANGES, 8, 1);
    }

    /// Removes the key of an entry, as a process does that has the lock. The filter of the chain keeps its bit.
    pub(crate) fn remove(&mut self, index: u64) {
        let key = self.entry(index, self.offsets.key) as usize;
        let Some(OwnedKind::Map { key: of, .. }) = Some(self.schema.kind()) else { panic!("a map") };
        let key = self.bytes[key..][..of.size() as usize].to_vec();
        let mut link = self.head(&key);
        while self.word(link, 4) != index + 1 {
            link = self.entry(self.word(link, 4) - 1, entry_words::NEXT);
        }
        let next = self.word(self.entry(index, entry_words::NEXT), 4);
        self.put32(link, next);
        let state = self.word(self.entry(index, entry_words::STATE), 4) as u32;
        self.put32(self.entry(index, entry_words::STATE), with_kind(state, FREE).into());
        let free = self.word(map_words::FREE, 4);
        self.put32(self.entry(index, entry_words::NEXT), free);
        self.put32(map_words::FREE, index + 1);
        let version = newest(self.word(self.entry(index, entry_words::SEQUENCE), 8)).0;
        self.put64(map_words::FLOOR, version.max(self.word(map_words::FLOOR, 8)));
        self.add(map_words::LEN, 4, u64::MAX);
        self.add(map_words::CHANGES, 8, 1);
    }

    fn add(&mut self, at: u64, size: usize, more: u64) {
        let sum = self.word(at, size).wrapping_add(more);
        self.put(at, &sum.to_le_bytes()[..size]);
    }
}
