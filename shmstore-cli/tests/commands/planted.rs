//! An object with a queue and a broadcast, whose bytes are planted by `docs/format.md`.

#![allow(dead_code)] // Each user needs only a part.

use std::process::Command;

use shmstore::inspect::{self, SavedObject};
use shmstore::schema::{OwnedField, OwnedKind, OwnedSchema, Primitive};
use shmstore::{Broadcast, Queue, ShmObject, ShmValue, Store};

/// The offsets of the parts.
pub(crate) const JOBS: usize = 0;
pub(crate) const QUOTES: usize = 512;
pub(crate) const SIZE: usize = 1152;

/// The slots of both: 64 bytes each, with 16 bytes of value.
const QUEUE_SLOTS: usize = 256;
const BROADCAST_SLOTS: usize = 128;
const SLOT: usize = 64;
const VALUE: usize = 16;
pub(crate) const JOB_SLOTS: u64 = 4;
pub(crate) const QUOTE_SLOTS: u64 = 8;

const FULL: u64 = 1 << 32;

/// The same object as a type.
#[derive(ShmObject)]
#[repr(C)]
#[shm(id = 'F')]
pub(crate) struct Feeds {
    pub(crate) jobs: Queue<Pair, 4>,
    pub(crate) quotes: Broadcast<Pair, 8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ShmValue)]
#[repr(C)]
pub(crate) struct Pair {
    pub(crate) a: u64,
    pub(crate) b: u64,
}

impl Pair {
    pub(crate) fn of(number: u64) -> Self {
        Self { a: number, b: number }
    }
}

pub(crate) fn part(size: u64, align: u64, kind: OwnedKind) -> OwnedSchema {
    OwnedSchema::new(size, align, kind).expect("a schema that is believed")
}

pub(crate) fn structure(name: &str, size: u64, align: u64, fields: Vec<(&str, u64, OwnedSchema)>) -> OwnedSchema {
    let field = |(name, offset, schema): (&str, u64, OwnedSchema)| OwnedField { name: name.to_owned(), offset, schema };
    let fields = fields.into_iter().map(field).collect();
    part(size, align, OwnedKind::Struct { name: name.to_owned(), const_args: vec![], fields })
}

pub(crate) fn queue(capacity: u64, value: OwnedSchema) -> OwnedSchema {
    ring(256, capacity, &value, OwnedKind::Queue { capacity, value: Box::new(value.clone()) })
}

pub(crate) fn broadcast(capacity: u64, value: OwnedSchema) -> OwnedSchema {
    ring(128, capacity, &value, OwnedKind::Broadcast { capacity, value: Box::new(value.clone()) })
}

fn ring(words: u64, capacity: u64, value: &OwnedSchema, kind: OwnedKind) -> OwnedSchema {
    let align = value.align().max(64);
    let slot = (value.align().max(16) + value.size().next_multiple_of(16)).next_multiple_of(align);
    part(words.next_multiple_of(align) + capacity * slot, align, kind)
}

pub(crate) fn pair() -> OwnedSchema {
    let number = || part(8, 8, OwnedKind::Primitive(Primitive::U64));
    structure("Pair", 16, 8, vec![("a", 0, number()), ("b", 8, number())])
}

/// `Feeds { jobs: Queue<Pair, 4>, quotes: Broadcast<Pair, 8> }`, with the id F.
pub(crate) fn feeds() -> OwnedSchema {
    let fields = vec![
        ("jobs", JOBS as u64, queue(JOB_SLOTS, pair())),
        ("quotes", QUOTES as u64, broadcast(QUOTE_SLOTS, pair())),
    ];
    structure("Feeds", SIZE as u64, 64, fields)
}

/// The bytes of an object.
pub(crate) struct Planted(pub(crate) Vec<u8>);

impl Planted {
    pub(crate) fn empty() -> Self {
        Self(vec![0; SIZE])
    }

    /// Writes a word of 8 bytes.
    pub(crate) fn word(&mut self, at: usize, word: u64) -> &mut Self {
        self.0[at..at + 8].copy_from_slice(&word.to_le_bytes());
        self
    }

    /// Writes the word and the value of a slot. Both numbers of the value are `value`.
    fn slot(&mut self, at: usize, word: u64, value: u64) -> &mut Self {
        self.word(at, word).word(at + VALUE, value).word(at + VALUE + 8, value)
    }

    /// Sets the tail, the cursor and the head of the queue.
    pub(crate) fn jobs(&mut self, [tail, cursor, head]: [u64; 3]) -> &mut Self {
        self.word(JOBS + 16, tail).word(JOBS + 152, cursor).word(JOBS + 160, head)
    }

    /// Puts an item of this value at a position of the queue, with the lower bits of its word.
    pub(crate) fn job(&mut self, position: u64, bits: u64, value: u64) -> &mut Self {
        let at = JOBS + QUEUE_SLOTS + SLOT * (position % JOB_SLOTS) as usize;
        self.slot(at, (position / JOB_SLOTS) << 33 | FULL | bits, value)
    }

    /// Puts the item of a position into the broadcast. Its value is the position.
    pub(crate) fn quote(&mut self, position: u64) -> &mut Self {
        self.sequence(position, 2 * position + 2)
    }

    /// Puts the item of a position into the broadcast, with another sequence number.
    pub(crate) fn sequence(&mut self, position: u64, sequence: u64) -> &mut Self {
        let at = QUOTES + BROADCAST_SLOTS + SLOT * (position % QUOTE_SLOTS) as usize;
        self.slot(at, sequence, position)
    }

    /// Creates the object. Then writes the bytes into its segment, because an object of a file has no taken items.
    pub(crate) fn create_in(&self, store: &Store) {
        create_in(store, 'F', &feeds(), &self.0);
    }
}

/// Creates an object of this type. Then writes any bytes into its segment.
pub(crate) fn create_in(store: &Store, id: char, schema: &OwnedSchema, bytes: &[u8]) {
    let saved = SavedObject::parse(&saved(id, schema, &vec![0; bytes.len()])).expect("a saved object");
    saved.create_in(store).expect("created");
    write(store, "$payload", bytes);
}

/// Creates an object with a schema that no type has, as another program could.
///
/// It first creates an object of the same size, with a schema of the same length.
pub(crate) fn create_odd_in(store: &Store, id: char, schema: &OwnedSchema, bytes: &[u8]) {
    let byte = || part(1, 1, OwnedKind::Atomic(Primitive::U8));
    let array = part(schema.size(), 1, OwnedKind::Array { len: schema.size(), element: Box::new(byte()) });
    let plain = |name: &str| structure(name, schema.size(), 1, vec![("bytes", 0, array.clone())]);
    let json = schema.to_json();
    let spare = json.len() + 1 - plain("x").to_json().len();
    create_in(store, id, &plain(&"x".repeat(spare)), bytes);
    write(store, "$schema", json.as_bytes());
    write(store, "72", &schema.hash().to_u128().to_le_bytes());
}

/// Writes bytes into the segment of an object: at its schema, at its payload, or at a number.
fn write(store: &Store, place: &str, bytes: &[u8]) {
    let path = std::fs::canonicalize(store.path()).expect("it is there");
    let segments = inspect::segments().expect("the kernel has System V shared memory");
    let segment = segments.iter().find(|segment| segment.path() == Some(&path)).expect("the object");
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let script = format!(
        "shmread($ARGV[0], my $words, 144, 24) or die $!; my ($schema, undef, $payload) = unpack('Q3', $words); \
         my $bytes = pack('H*', $ARGV[1]); shmwrite($ARGV[0], $bytes, {place}, length $bytes) or die $!"
    );
    let ended = Command::new("perl").args(["-e", &script, &segment.shmid.to_string(), &hex]).status();
    assert!(ended.expect("perl runs").success());
}

/// A queue with the items 104 to 106, and a broadcast with the items 3 to 10.
///
/// Job 103 is taken by a process with the token 9. Job 104 was taken and came back. The sender of quote 10 died before
/// it moved the tail.
pub(crate) fn filled() -> Planted {
    let mut planted = Planted::empty();
    planted.jobs([7, 5, 3]).job(3, 9, 103).job(4, 1 << 29, 104).job(5, 0, 105).job(6, 0, 106);
    planted.word(JOBS + 144, 1);
    planted.word(QUOTES + 16, 10);
    (3..11).for_each(|position| {
        planted.quote(position);
    });
    planted
}

/// Returns the bytes of a file of `shmstore save`.
pub(crate) fn saved(id: char, schema: &OwnedSchema, values: &[u8]) -> Vec<u8> {
    let json = schema.to_json();
    let mut bytes = b"shmsaved".to_vec();
    bytes.extend(1_u32.to_le_bytes());
    bytes.extend(u32::from(id).to_le_bytes());
    bytes.extend((json.len() as u64).to_le_bytes());
    bytes.extend((values.len() as u64).to_le_bytes());
    bytes.extend(schema.hash().to_u128().to_le_bytes());
    bytes.extend([0; 16]);
    bytes.extend(json.as_bytes());
    bytes.extend(values);
    let checksum = fnv(&bytes);
    bytes.extend(checksum.to_le_bytes());
    bytes
}

fn fnv(bytes: &[u8]) -> u128 {
    let step =
        |hash: u128, byte: &u8| (hash ^ u128::from(*byte)).wrapping_mul(0x0000_0000_0100_0000_0000_0000_0000_013b);
    bytes.iter().fold(0x6c62_272e_07bb_0142_62b8_2175_6295_c58d, step)
}
