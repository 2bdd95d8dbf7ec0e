//! The words of parts after a conversion, and schemas that no type has.

use std::time::{Duration, Instant};

use crate::inspect::frames_samples::{self, FramesBytes, info, info_of, u16s};
use crate::inspect::map_samples::{MapBytes, text, text_type};
use crate::inspect::samples::{broadcast, broadcast_bytes, put, queue, queue_bytes};
use crate::inspect::{Limits, SavedObject};
use crate::layout::hash;
use crate::layout::schema::{OwnedField, OwnedKind, OwnedSchema, Primitive};
use crate::sync::queue::word::{free, full, returned, taken_by};
use crate::sync::{VersionedOffsets, entry_words, map_words, queue_words};

/// A saved object with these bytes.
fn saved(schema: &OwnedSchema, bytes: &[u8]) -> SavedObject {
    let json = schema.to_json();
    let mut file = b"shmsaved\x01\0\0\0A\0\0\0".to_vec();
    file.extend([json.len() as u64, bytes.len() as u64].map(u64::to_le_bytes).concat());
    file.extend(schema.hash().to_u128().to_le_bytes());
    file.extend([0; 16]);
    file.extend(json.bytes());
    file.extend(bytes);
    file.extend(hash::of_bytes([&file[..]]).to_le_bytes());
    SavedObject::parse(&file).unwrap()
}

fn converted(from: &OwnedSchema, bytes: &[u8], to: &OwnedSchema) -> Vec<u8> {
    let (converted, _) = saved(from, bytes).convert_to(to).unwrap();
    let bytes = converted.quiet_values().unwrap().to_vec();
    assert_eq!(saved(to, &bytes).quiet_values(), Ok(&bytes[..]), "it is as it is when it is loaded");
    bytes
}

fn error(from: &OwnedSchema, bytes: &[u8], to: &OwnedSchema) -> String {
    saved(from, bytes).convert_to(to).unwrap_err().to_string()
}

fn number(of: Primitive) -> OwnedSchema {
    let size = of.size() as u64;
    OwnedSchema::new(size, size, OwnedKind::Primitive(of)).unwrap()
}

fn structure(size: u64, align: u64, fields: Vec<(&str, u64, OwnedSchema)>) -> OwnedSchema {
    let field = |(name, offset, schema): (&str, u64, OwnedSchema)| OwnedField { name: name.into(), offset, schema };
    let fields = fields.into_iter().map(field).collect();
    OwnedSchema::new(size, align, OwnedKind::Struct { name: "S".into(), const_args: vec![], fields }).unwrap()
}

fn versioned(value: OwnedSchema) -> OwnedSchema {
    let VersionedOffsets { size, align, .. } = VersionedOffsets::of(value.size(), value.align()).unwrap();
    OwnedSchema::new(size, align, OwnedKind::Versioned { value: Box::new(value) }).unwrap()
}

/// A queue as it is saved: its words, and the count of items that came back.
fn quiet([head, cursor, tail]: [u64; 3], came_back: u32, slots: &[(u64, u64)]) -> Vec<u8> {
    let mut bytes = queue_bytes([head, cursor, tail], slots);
    put(&mut bytes, queue_words::RETURNED, came_back.into());
    bytes
}

#[test]
fn items_of_a_queue_stay_at_their_positions_in_the_laps_of_the_new_capacity() {
    // Item 6 came back, items 7 to 9 wait.
    let back = returned(taken_by(full(1), 9));
    let old = queue_bytes([6, 7, 10], &[(full(2), 80), (full(2), 90), (back, 60), (full(1), 70)]);
    // Positions 2 to 9 are in the slots 2 to 7, 0 and 1 of eight.
    let moved = |word: u64, lap: u64| word & u64::from(u32::MAX) | full(lap);
    let [six, done] = [moved(back, 0), free(1)];
    let wide = [(full(1), 80), (full(1), 90), (done, 0), (done, 0), (done, 0), (done, 0), (six, 60), (full(0), 70)];
    let made = converted(&queue(4), &old, &queue(8));
    assert_eq!(made, quiet([6, 7, 10], 1, &wide));
    // And back again.
    assert_eq!(converted(&queue(8), &made, &queue(4)), saved(&queue(4), &old).quiet_values().unwrap());
    let refused = error(&queue(4), &old, &queue(3));
    assert!(refused.contains("4 items wait, and the new capacity is 3"), "{refused}");
}

#[test]
fn items_of_a_shorter_queue_move_up_and_keep_their_order_and_deliveries() {
    // Of six slots, items 2 and 4 came back, and item 7 waits. The others are done.
    let back = returned(taken_by(full(0), 9));
    let done = free(2);
    let slots = [(done, 0), (full(1), 70), (back, 20), (free(1), 0), (back, 40), (free(1), 0)];
    let old = queue_bytes([2, 7, 8], &slots);
    // With three slots, the positions 5 to 7 have one.
    let moved = |lap: u64| back & u64::from(u32::MAX) | full(lap);
    let kept = [(moved(2), 40), (full(2), 70), (moved(1), 20)];
    assert_eq!(converted(&queue(6), &old, &queue(3)), quiet([5, 7, 8], 1, &kept));
    // Of the positions 4 to 7, only the last one has an item. With two slots, the next position is 6.
    let old = queue_bytes([4, 4, 8], &[(free(2), 0), (free(2), 0), (free(2), 0), (full(1), 70)]);
    let kept = [(free(4), 0), (full(3), 70)];
    assert_eq!(converted(&queue(4), &old, &queue(2)), quiet([6, 6, 8], 0, &kept));
}

#[test]
fn broadcast_keeps_the_newest_items_at_their_positions() {
    // Items 5 to 8 of four slots. Nothing is left of item 6.
    let old = broadcast_bytes(9, &[(18, 80), (12, 50), (21, 0), (16, 70)]);
    // Position 6 is in slot 0 of three, where item 9 comes next.
    let short = broadcast_bytes(9, &[(19, 0), (16, 70), (18, 80)]);
    assert_eq!(converted(&broadcast(4), &old, &broadcast(3)), short);
    // Of the positions 1 to 8, 1 to 4 and 6 are overwritten: the word of each slot is that of the next lap.
    let wide = [(18, 80), (19, 0), (21, 0), (23, 0), (25, 0), (12, 50), (29, 0), (16, 70)];
    assert_eq!(converted(&broadcast(4), &old, &broadcast(8)), broadcast_bytes(9, &wide));
}

#[test]
fn keys_of_a_map_keep_versions_and_changes_and_the_floor_covers_entries_that_are_left() {
    let keys: Vec<_> = ["A", "B", "C", "D"].iter().zip(1..).map(|(key, n)| (text(key), 10 * n, 100 * n)).collect();
    let mut map = MapBytes::texts(8).with(&keys);
    map.remove(1);
    // A version that no key had when it was removed.
    map.put64(map.entry(1, entry_words::SEQUENCE), 2 * 77);
    let narrow = MapBytes::of(text_type(), number(Primitive::U16), 3);
    let bytes = converted(&map.schema, &map.bytes, &narrow.schema);
    let made = MapBytes { bytes, ..narrow };
    let values = saved(&made.schema, &made.bytes).read(&Limits::full()).to_string();
    assert_eq!(values, r#"{"A": 100, "C": 300, "D": 400}"#);
    assert_eq!(made.word(map_words::FLOOR, 8), 77);
    for (word, size) in [(map_words::CHANGES, 8), (map_words::SEED, 8), (map_words::LEN, 4)] {
        assert_eq!(made.word(word, size), map.word(word, size), "{word}");
    }
    for (new, old) in [(0, 0), (1, 2), (2, 3)] {
        let at = |map: &MapBytes, index, word, size| map.word(map.entry(index, word), size);
        for (word, size) in [(entry_words::STATE, 4), (entry_words::SEQUENCE, 8), (entry_words::HASH, 4)] {
            assert_eq!(at(&made, new, word, size), at(&map, old, word, size), "{word} of {old}");
        }
    }
    // Each key is found by its chain.
    for key in ["A", "C", "D"] {
        saved(&made.schema, &made.bytes).read_at(&format!("[{key:?}]").parse().unwrap(), &Limits::full()).unwrap();
    }
    let few = MapBytes::of(text_type(), number(Primitive::U16), 2);
    let refused = error(&map.schema, &map.bytes, &few.schema);
    assert!(refused.starts_with("`.` cannot be converted") && refused.contains("3 keys, and the new capacity is 2"));
    let bytes = MapBytes::of(text_type(), number(Primitive::U8), 8);
    let refused = error(&map.schema, &map.bytes, &bytes.schema);
    assert!(refused.starts_with(r#"`["C"]` cannot be converted from `u64` to `u8`: 300 is not"#), "{refused}");
}

#[test]
fn the_newest_frame_keeps_its_number_in_frames_of_another_capacity_and_number_of_slots() {
    let old = FramesBytes::images(8, 4).with(6, 0, &info_of(1, 1), &u16s(1..9));
    let old = old.with(7, 2, &info_of(3, 2), &u16s([1, 2, 300]));
    let converted = |to: &FramesBytes| converted(&old.schema, &old.bytes, &to.schema);
    let made = |frames: FramesBytes| frames.with(7, 0, &info_of(3, 2), &u16s([1, 2, 300]));
    for (capacity, slots) in [(9, 4), (3, 4), (8, 3), (100, 16)] {
        let to = FramesBytes::images(capacity, slots);
        assert_eq!(converted(&to), made(to).bytes, "{capacity} {slots}");
    }
    // Elements of four bytes without metadata.
    let wide = FramesBytes::of(number(Primitive::U32), 8, 4, frames_samples::nothing());
    let elements = [1_u32, 2, 300].map(u32::to_le_bytes).concat();
    let bytes = converted(&wide);
    let wide = wide.with(7, 0, &[], &elements);
    assert_eq!(bytes, wide.bytes);
    let (_, migration) = saved(&old.schema, &old.bytes).convert_to(&wide.schema).unwrap();
    assert_eq!(migration.to_string(), "carried: []; new: nothing; gone: meta");
    let (back, migration) = saved(&wide.schema, &wide.bytes).convert_to(&old.schema).unwrap();
    assert_eq!(migration.to_string(), "carried: []; new: meta; gone: nothing");
    let back = back.read(&Limits::full()).to_string();
    assert_eq!(back, "frame 7 { width: 0, height: 0 } [1, 2, 300]");

    let error = |to: &FramesBytes| error(&old.schema, &old.bytes, &to.schema);
    let refused = error(&FramesBytes::images(2, 4));
    assert!(refused.contains("its newest frame has 3 elements, and the new capacity is 2"), "{refused}");
    let refused = error(&FramesBytes::of(number(Primitive::U8), 8, 4, info()));
    assert!(refused.starts_with("`[2]` cannot be converted from `u16` to `u8`: 300 is not"), "{refused}");
    let refused = error(&FramesBytes::of(number(Primitive::U16), 8, 4, number(Primitive::U32)));
    assert!(refused.starts_with("`meta` cannot be converted from `Info` to `u32`"), "{refused}");
    let new = FramesBytes::images(8, 4);
    let to = FramesBytes::images(2, 3);
    assert_eq!(super::tests::converted(&new.schema, &new.bytes, &to.schema), to.bytes);
}

#[test]
fn part_that_another_program_lays_out_is_refused_and_also_beside_others() {
    let foreign = OwnedSchema::new(8, 8, OwnedKind::Versioned { value: Box::new(number(Primitive::U64)) }).unwrap();
    let lock = OwnedSchema::new(8, 8, OwnedKind::Lock).unwrap();
    let from = structure(16, 8, vec![("part", 0, foreign), ("lock", 8, lock.clone())]);
    // The lock is held by a process.
    let bytes = [[0; 8], 7_u64.to_le_bytes()].concat();
    let refused = error(&from, &bytes, &structure(128, 64, vec![("part", 0, versioned(number(Primitive::U64)))]));
    assert!(refused.contains("no `Versioned` of this program is 8 bytes, aligned to 8"), "{refused}");
    // Nor is the lock carried as it is.
    let refused = error(&from, &bytes, &structure(8, 8, vec![("lock", 0, lock)]));
    assert!(refused.contains("no `Versioned` of this program is 8 bytes, aligned to 8"), "{refused}");
    assert_eq!(saved(&from, &bytes).convert_to(&from).unwrap().0, saved(&from, &bytes));
}

#[test]
fn schemas_that_no_type_has_take_little_time_and_memory() {
    let started = Instant::now();
    let array = |len: u64, of: OwnedSchema| {
        OwnedSchema::new(len * of.size(), of.align(), OwnedKind::Array { len, element: Box::new(of) }).unwrap()
    };
    // A value of a thousand large arrays at one place. One element of each is kept, and the rest is zero.
    let names: Vec<String> = (0..1000).map(|number| format!("f{number}")).collect();
    let bytes = array(1 << 20, number(Primitive::U8));
    let overlapping = structure(1 << 20, 1, names.iter().map(|name| (name.as_str(), 0, bytes.clone())).collect());
    let one = array(1, number(Primitive::U8));
    let apart = structure(1000, 1, names.iter().zip(0..).map(|(name, at)| (name.as_str(), at, one.clone())).collect());
    let (overlapping, apart) = (versioned(overlapping), versioned(apart));
    let refused = error(&overlapping, &vec![0; overlapping.size() as usize], &apart);
    assert!(refused.contains("its parts overlap"), "{refused}");
    // No end of elements without bytes, and lists that are full of them.
    let nothing = || structure(0, 1, vec![]);
    let endless = |field| structure(0, 1, vec![(field, 0, array(u64::MAX, nothing()))]);
    saved(&endless("a"), &[]).convert_to(&structure(0, 1, vec![("a", 0, array(1 << 60, endless("b")))])).unwrap();
    let list = |capacity, element: OwnedSchema| {
        OwnedSchema::new(8, 8, OwnedKind::FixedVec { capacity, element: Box::new(element) }).unwrap()
    };
    let full = u64::MAX.to_le_bytes();
    let pads = OwnedSchema::new(0, 1, OwnedKind::Pad).unwrap();
    assert_eq!(converted(&list(u64::MAX, nothing()), &full, &list(u64::MAX, pads)), full);
    // More bytes than there is memory.
    let vast = structure(1 << 62, 1, vec![("a", 0, number(Primitive::U8))]);
    let refused = error(&structure(1, 1, vec![("a", 0, number(Primitive::U8))]), &[7], &vast);
    assert!(refused.contains("4611686018427387904 bytes are more than there is memory"), "{refused}");
    assert!(started.elapsed() < Duration::from_secs(20), "{:?}", started.elapsed());
}
