//! The layout log of an object with room, byte for byte, as `docs/format.md` describes it: programs in other languages
//! read it.
#![cfg(all(target_endian = "little", target_pointer_width = "64"))]

use std::time::Duration;

use shmstore::Store;
use shmstore_tests::raw::{Field, Raw, field};
use shmstore_tests::rovers;
use shmstore_tests::scratch::Scratch;

const FNV_OFFSET_BASIS: u128 = 0x6c62272e07bb014262b821756295c58d;
const FNV_PRIME: u128 = 0x0000000001000000000000000000013b;

/// FNV-1a of 128 bits, as anybody would write it.
fn fnv(parts: &[&[u8]]) -> u128 {
    let bytes = parts.iter().flat_map(|part| part.iter());
    bytes.fold(FNV_OFFSET_BASIS, |hash, byte| (hash ^ u128::from(*byte)).wrapping_mul(FNV_PRIME))
}

fn number(number: u64) -> [u8; 8] {
    number.to_le_bytes()
}

/// What a prefix hash is made of, up to the first field: version 1, little-endian, 8 bytes a pointer, a struct; the
/// length of its name; its name; no const arguments.
fn of_rover() -> Vec<u8> {
    [&[1, b'l', 8, 4][..], &number(5), b"Rover", &number(0)].concat()
}

/// What one field adds.
fn of_field(name: &str, offset: u64, hash: u128) -> Vec<u8> {
    [&number(name.len() as u64)[..], name.as_bytes(), &number(offset), &hash.to_le_bytes()].concat()
}

#[test]
fn prefix_hashes_are_what_the_format_says() {
    let (frames, position) = (0x58077fd2_51e10339_cd54ea6c_8ecb2156, 0x67ec92d0_d3d82d0d_d3fc1516_150693c3);
    let first = [of_rover(), of_field("frames", 0, frames)].concat();
    let second = [first.clone(), of_field("position", 64, position)].concat();
    let third = [second.clone(), of_field("speed", 192, position)].concat();
    let computed = [&first, &second, &third].map(|bytes| fnv(&[bytes]));
    assert_eq!(computed, PREFIXES, "{computed:#x?}");
}

const PREFIXES: [u128; 3] = [
    0x00886fd6_8dc4b0ba_3ee03800_9e778138,
    0x1c83b1c3_9dae8c2a_c4af0082_2a5c86e0,
    0x4f6c3f7a_faedd90f_ee629371_0536dc8f,
];

/// The layout hashes of both versions.
const FIRST_HASH: u128 = 0x12c5e245_75b3827e_e8358b6d_3ae896d6;
const SECOND_HASH: u128 = 0x5c61bf90_b29338d9_482947a3_b4b0a00d;

const FRAMES: &str = r#"{"name":"frames","offset":0,"type":{"kind":"atomic","primitive":"u64","size":8,"align":8}}"#;
const VERSIONED: &str =
    r#"{"kind":"versioned","size":128,"align":64,"value":{"kind":"primitive","primitive":"u64","size":8,"align":8}}"#;

/// The schema of a struct of these fields, the first of which is `frames`.
fn json(size: usize, versioned: &[(&str, usize)]) -> String {
    let field =
        |(name, offset): &(&str, usize)| format!(r#",{{"name":"{name}","offset":{offset},"type":{VERSIONED}}}"#);
    let fields: String = versioned.iter().map(field).collect();
    format!(r#"{{"kind":"struct","name":"Rover","size":{size},"align":64,"fields":[{FRAMES}{fields}]}}"#)
}

/// The header's words that came with room.
fn words(raw: &Raw) -> Vec<(&'static str, u64)> {
    let all = [
        field::FLAGS,
        field::SLOT_COUNT,
        field::SLOTS_OFFSET,
        field::SCHEMA_OFFSET,
        field::SCHEMA_LEN,
        field::PAYLOAD_OFFSET,
        field::PAYLOAD_LEN,
        field::SEGMENT_SIZE,
        field::LAYOUT,
        field::LOG_OFFSET,
        field::LOG_CAPACITY,
        field::VERSION,
    ];
    all.into_iter().map(|field: Field| (field.name, raw.get(field))).collect()
}

/// A record, as anybody would write it.
fn record(hash: u128, size: u64, prefixes: &[u128], json: &str) -> Vec<u8> {
    let mut record = hash.to_le_bytes().to_vec();
    record.extend(size.to_le_bytes());
    record.extend((json.len() as u32).to_le_bytes());
    record.extend((prefixes.len() as u32).to_le_bytes());
    prefixes.iter().for_each(|prefix| record.extend(prefix.to_le_bytes()));
    record.extend(json.as_bytes());
    record
}

#[test]
fn log_of_an_object_that_has_grown_is_byte_for_byte_what_the_format_says() {
    let scratch = Scratch::new();
    let store = Store::options().max_processes(128).open(scratch.path()).unwrap();
    let created = rovers::create(&store, "v1", 7).unwrap();
    let raw = Raw::at_key(scratch.key('R'));
    let first = record(FIRST_HASH, 192, &PREFIXES[..2], &json(192, &[("position", 64)]));
    let layout = |offset: u64, record: &[u8]| offset << 32 | record.len() as u64;
    // Header, 128 slots of 32 bytes, the log, the object at a page of its own, and the tag of the size.
    let mut expected = vec![
        ("flags", 2),
        ("slot_count", 128),
        ("slots_offset", 1024),
        ("schema_offset", 0),
        ("schema_len", 0),
        ("payload_offset", 16_384),
        ("payload_len", 4096),
        ("segment_size", 16_384 + 4096 + 1357),
        ("layout", layout(5120, &first)),
        ("log_offset", 5120),
        ("log_capacity", 8192),
        ("version", 1),
    ];
    assert_eq!(words(&raw), expected);
    assert_eq!(raw.read(5120..5120 + first.len()), first);
    assert_eq!(raw.read(72..88), first[..16], "the header has a copy of the hash");

    let grown = rovers::attach(&store, "v2", Duration::ZERO).unwrap();
    let second = record(SECOND_HASH, 320, &PREFIXES, &json(320, &[("position", 64), ("speed", 192)]));
    let offset = (5120 + first.len()).next_multiple_of(16);
    expected[8].1 = layout(offset as u64, &second);
    assert_eq!(words(&raw), expected);
    assert_eq!(raw.read(offset..offset + second.len()), second);
    assert_eq!(raw.read(5120..5120 + first.len()), first, "the old record stays");
    assert_eq!(raw.read(72..88), second[..16]);
    // The slot's word says how many fields the process uses, in bits 54 to 63.
    let word = u64::from_le_bytes(raw.read(1024..1032).try_into().unwrap());
    assert_eq!((word >> 54, word >> 51 & 3), (3, 2));
    drop((created, grown));
}

#[test]
fn small_room_is_before_the_slots_and_the_log() {
    let scratch = Scratch::new();
    let store = Store::options().max_processes(128).open(scratch.path()).unwrap();
    let created = rovers::create(&store, "small1", 7).unwrap();
    let raw = Raw::at_key(scratch.key('R'));
    let word = |of: Field| raw.get(of);
    assert_eq!((word(field::PAYLOAD_OFFSET), word(field::PAYLOAD_LEN), word(field::SLOTS_OFFSET)), (1024, 1024, 2048));
    assert_eq!((word(field::LOG_OFFSET), word(field::LOG_CAPACITY)), (2048 + 4096, 4096));
    assert_eq!(word(field::SEGMENT_SIZE), 12_288 + 1357);
    drop(created);
}
