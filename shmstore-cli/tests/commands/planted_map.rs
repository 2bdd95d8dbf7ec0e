//! An object with maps, whose bytes are planted by `docs/format.md`.

#![allow(dead_code)] // Each user needs only a part.

use std::marker::PhantomData;

use shmstore::schema::{OwnedKind, OwnedSchema, OwnedVariant, Primitive};
use shmstore::{FixedString, Map, ShmKey, ShmObject, ShmValue, Store};
use twox_hash::XxHash64;

use crate::planted::{create_in, part, structure};

pub(crate) const SEED: u64 = 0x5eed_5eed_5eed_5eed;
pub(crate) const FREE: u32 = 0;
pub(crate) const LINKED: u32 = 1;
pub(crate) const LIVE: u32 = 2;

pub(crate) fn number(of: Primitive) -> OwnedSchema {
    part(of.size() as u64, of.size() as u64, OwnedKind::Primitive(of))
}

pub(crate) fn text(capacity: u64) -> OwnedSchema {
    part(4 + capacity, 1, OwnedKind::FixedString { capacity })
}

pub(crate) fn array(len: u64, element: OwnedSchema) -> OwnedSchema {
    part(len * element.size(), element.align(), OwnedKind::Array { len, element: Box::new(element) })
}

pub(crate) fn map(capacity: u64, key: OwnedSchema, value: OwnedSchema) -> OwnedSchema {
    let places = Places::of(&key, &value, capacity);
    let (key, value) = (Box::new(key), Box::new(value));
    part(places.entries + places.stride * capacity, places.align, OwnedKind::Map { capacity, key, value })
}

/// The offsets in a map.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Places {
    capacity: u64,
    align: u64,
    pub(crate) entries: u64,
    pub(crate) key: u64,
    pub(crate) slot_0: u64,
    pub(crate) slot_size: u64,
    pub(crate) stride: u64,
}

impl Places {
    fn of(key: &OwnedSchema, value: &OwnedSchema, capacity: u64) -> Self {
        let (align, unit) = (64.max(key.align()).max(value.align()), 16.max(value.align()));
        let key_at = 48_u64.next_multiple_of(key.align());
        let slot_0 = (key_at + key.size().next_multiple_of(16)).next_multiple_of(unit);
        let slot_size = value.size().next_multiple_of(unit);
        let stride = (slot_0 + 2 * slot_size).next_multiple_of(align);
        let entries = (256 + 16 * capacity).next_multiple_of(align);
        Self { capacity, align, entries, key: key_at, slot_0, slot_size, stride }
    }
}

/// The bytes of a map. Its keys and values are bytes, too.
#[derive(Debug, Clone)]
pub(crate) struct PlantedMap {
    pub(crate) places: Places,
    pub(crate) bytes: Vec<u8>,
    used: u32,
}

impl PlantedMap {
    /// A map without keys.
    pub(crate) fn empty(schema: &OwnedSchema) -> Self {
        let OwnedKind::Map { capacity, key, value } = schema.kind() else { panic!("{schema}") };
        let places = Places::of(key, value, *capacity);
        Self { places, bytes: vec![0; schema.size() as usize], used: 0 }
    }

    pub(crate) fn u32(&mut self, at: u64, word: u32) -> &mut Self {
        self.bytes[at as usize..][..4].copy_from_slice(&word.to_le_bytes());
        self
    }

    pub(crate) fn u64(&mut self, at: u64, word: u64) -> &mut Self {
        self.bytes[at as usize..][..8].copy_from_slice(&word.to_le_bytes());
        self
    }

    fn read(&self, at: u64) -> u32 {
        let bytes = &self.bytes[at as usize..][..4];
        u32::from_le_bytes(bytes.try_into().expect("four bytes"))
    }

    /// The offset of the head of a key's bucket.
    pub(crate) fn head(&self, key: &[u8]) -> u64 {
        let hash = XxHash64::oneshot(SEED, key) as u32;
        256 + 8 * ((u64::from(hash) * 2 * self.places.capacity) >> 32)
    }

    /// The offset of an entry.
    pub(crate) fn entry(&self, index: u32) -> u64 {
        self.places.entries + u64::from(index) * self.places.stride
    }

    /// Uses the next entry for a key: at the head of its chain, in this state, with this version. Returns its offset.
    pub(crate) fn add(&mut self, key: &[u8], value: &[u8], state: u32, version: u64) -> u64 {
        let (index, head) = (self.used, self.head(key));
        let (at, hash, Places { key: key_at, slot_0, slot_size, .. }) =
            (self.entry(index), XxHash64::oneshot(SEED, key) as u32, self.places);
        let next = self.read(head);
        self.u64(128, SEED).u32(at, 7 << 2 | state).u32(at + 4, next).u32(at + 8, hash).u64(at + 32, 2 * version);
        let slot = at + slot_0 + version % 2 * slot_size;
        for (at, bytes) in [(at + key_at, key), (slot, value)] {
            self.bytes[at as usize..][..bytes.len()].copy_from_slice(bytes);
        }
        self.used += 1;
        let filter = self.read(head + 4) | 1 << (hash % 32);
        let (len, used) = (self.read(24) + u32::from(state == LIVE), self.used);
        self.u32(head, index + 1).u32(head + 4, filter).u32(24, len).u32(28, used).u64(40, used.into());
        at
    }

    /// Uses the next entry for a key, and makes it live.
    pub(crate) fn with(mut self, key: &[u8], value: &[u8]) -> Self {
        self.add(key, value, LIVE, 3);
        self
    }
}

/// The bytes of a text with zeros after it.
pub(crate) fn text_bytes(text: &str, capacity: usize) -> Vec<u8> {
    let mut bytes = (text.len() as u32).to_le_bytes().to_vec();
    bytes.extend(text.as_bytes());
    bytes.resize(4 + capacity, 0);
    bytes
}

/// The same object as a type.
#[derive(ShmObject)]
#[repr(C)]
#[shm(id = 'M')]
pub(crate) struct Book {
    pub(crate) quotes: Map<FixedString<12>, Quote, 8>,
    pub(crate) sessions: Map<u64, u32, 4>,
    pub(crate) positions: Map<Place, u64, 4>,
    pub(crate) moves: Map<i8, u8, 4>,
    pub(crate) flags: Map<bool, u8, 2>,
    pub(crate) letters: Map<char, u8, 2>,
    pub(crate) books: Map<Side, u16, 2>,
    pub(crate) cells: Map<[u16; 2], u8, 4>,
    pub(crate) seen: Map<u16, PhantomData<u8>, 4>,
}

#[derive(Clone, Copy, Debug, PartialEq, ShmValue)]
#[repr(C)]
pub(crate) struct Quote {
    pub(crate) bid: f64,
    pub(crate) ask: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ShmValue, ShmKey)]
#[repr(C)]
pub(crate) struct Place {
    pub(crate) account: u32,
    pub(crate) symbol: FixedString<8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ShmValue, ShmKey)]
#[repr(u8)]
pub(crate) enum Side {
    Bid = 0,
    Ask = 5,
}

fn quote() -> OwnedSchema {
    structure("Quote", 16, 8, vec![("bid", 0, number(Primitive::F64)), ("ask", 8, number(Primitive::F64))])
}

fn side() -> OwnedSchema {
    let variant = |(name, discriminant): (&str, i128)| OwnedVariant { name: name.to_owned(), discriminant };
    let variants = [("Bid", 0), ("Ask", 5)].map(variant).into();
    part(1, 1, OwnedKind::Enum { name: "Side".to_owned(), repr: Primitive::U8, variants })
}

fn place() -> OwnedSchema {
    structure("Place", 16, 4, vec![("account", 0, number(Primitive::U32)), ("symbol", 4, text(8))])
}

/// `Shelf { sizes: Map<u64, u8, 4>, quotes: Map<FixedString<12>, Quote, 8> }`
pub(crate) fn shelf() -> OwnedSchema {
    let (sizes, quotes) = (map(4, number(Primitive::U64), number(Primitive::U8)), map(8, text(12), quote()));
    let at = sizes.size();
    structure("Shelf", at + quotes.size(), 64, vec![("sizes", 0, sizes), ("quotes", at, quotes)])
}

/// The maps of [`book`], by name.
pub(crate) fn maps() -> Vec<(&'static str, OwnedSchema)> {
    use Primitive::{Bool, Char, I8, U8, U16, U32, U64};
    vec![
        ("quotes", map(8, text(12), quote())),
        ("sessions", map(4, number(U64), number(U32))),
        ("positions", map(4, place(), number(U64))),
        ("moves", map(4, number(I8), number(U8))),
        ("flags", map(2, number(Bool), number(U8))),
        ("letters", map(2, number(Char), number(U8))),
        ("books", map(2, side(), number(U16))),
        ("cells", map(4, array(2, number(U16)), number(U8))),
        ("seen", map(4, number(U16), part(0, 1, OwnedKind::Phantom))),
    ]
}

/// An object with a map of each kind of key, with the id M.
pub(crate) fn book() -> OwnedSchema {
    let mut end = 0;
    let fields = maps().into_iter().map(|(name, schema)| {
        let at = end;
        end += schema.size();
        (name, at, schema)
    });
    let fields = fields.collect();
    structure("Book", end, 64, fields)
}

/// The maps of a [`book`] with some keys in each.
pub(crate) fn filled() -> Vec<PlantedMap> {
    let mut all: Vec<PlantedMap> = maps().iter().map(|(_, schema)| PlantedMap::empty(schema)).collect();
    let quote = |bid: f64, ask: f64| [bid.to_le_bytes(), ask.to_le_bytes()].concat();
    let symbol = |name: &str| text_bytes(name, 12);
    let [quotes, sessions, positions, moves, flags, letters, books, cells, seen] = &mut all[..] else { panic!() };
    quotes.add(&symbol("EURUSD"), &quote(1.08, 1.09), LIVE, 3);
    quotes.add(&symbol("gone"), &quote(0.0, 0.0), LINKED, 8);
    quotes.add(&symbol("USDJPY"), &quote(150.5, 150.75), LIVE, 4);
    quotes.add(&symbol("é \"quoted\""), &quote(1.0, 2.0), LIVE, 9);
    sessions.add(&17_u64.to_le_bytes(), &1001_u32.to_le_bytes(), LIVE, 1);
    sessions.add(&u64::MAX.to_le_bytes(), &1002_u32.to_le_bytes(), LIVE, 1);
    let place = |account: u32, symbol: &str| [account.to_le_bytes().to_vec(), text_bytes(symbol, 8)].concat();
    positions.add(&place(7, "EURUSD"), &700_u64.to_le_bytes(), LIVE, 1);
    positions.add(&place(8, "EURUSD"), &800_u64.to_le_bytes(), LIVE, 2);
    moves.add(&[-3_i8 as u8], &[33], LIVE, 1);
    flags.add(&[1], &[11], LIVE, 1);
    letters.add(&u32::from('ß').to_le_bytes(), &[22], LIVE, 1);
    books.add(&[5], &500_u16.to_le_bytes(), LIVE, 1);
    cells.add(&[3, 0, 4, 0], &[34], LIVE, 1);
    seen.add(&9_u16.to_le_bytes(), &[], LIVE, 1);
    all
}

/// The maps of [`filled`], with numbers without meaning in most of their words: small ones, great ones, and any.
pub(crate) fn scribbled(seed: u64) -> Vec<PlantedMap> {
    let mut random = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mut maps = filled();
    for map in &mut maps {
        for at in (0..map.bytes.len()).step_by(4) {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            let words = [random >> 61, u64::MAX - (random >> 60), random];
            if let Some(word) = words.get((random % (4 + seed % 3)) as usize) {
                map.u32(at as u64, *word as u32);
            }
        }
    }
    maps
}

/// Creates a [`book`] of these maps.
pub(crate) fn create_book(maps: &[PlantedMap], store: &Store) {
    let bytes: Vec<u8> = maps.iter().flat_map(|map| &map.bytes).copied().collect();
    create_in(store, 'M', &book(), &bytes);
}
