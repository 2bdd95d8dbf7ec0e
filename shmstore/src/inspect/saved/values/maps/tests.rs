use std::time::Duration;

use crate::inspect::Limits;
use crate::inspect::decode::Decoder;
use crate::inspect::map::samples::{MapBytes, text};
use crate::inspect::memory::Memory;
use crate::inspect::saved::values;
use crate::sync::map_state::{FREE, Head, LINKED, LIVE, bucket, kind};
use crate::sync::{entry_words, map_words, stable_at};

/// The saved bytes, which are saved once more in the same way.
fn saved(map: &MapBytes) -> MapBytes {
    let of = |bytes: &[u8]| values::of(&map.schema, Memory::Copy(bytes), Duration::ZERO).unwrap();
    let once = of(&map.bytes);
    assert_eq!(of(&once), once, "a saved object is as it is when it is loaded");
    let (schema, offsets) = (map.schema.clone(), map.offsets);
    MapBytes { schema, offsets, capacity: map.capacity, bytes: once }
}

fn shown(map: &MapBytes) -> String {
    Decoder::new(Memory::Copy(&map.bytes), &Limits::full()).all(&map.schema).to_string()
}

/// Returns the value of a key, found by its chain.
fn found(map: &MapBytes, key: &str) -> Option<String> {
    let limits = Limits::full();
    let decoder = Decoder::new(Memory::Copy(&map.bytes), &limits);
    decoder.at(&map.schema, &format!("[{key:?}]").parse().unwrap()).ok().map(|value| value.to_string())
}

fn quotes() -> MapBytes {
    let keys = ["EURUSD", "GBPUSD", "USDJPY", "AUDUSD", "USDCHF"];
    let keys: Vec<_> = keys.iter().zip(1..).map(|(key, number)| (text(key), 10 * number, 100 * number)).collect();
    MapBytes::texts(8).with(&keys)
}

/// Checks what holds for every saved map.
fn check(map: &MapBytes) {
    let entry = |index, word| map.word(map.entry(index, word), 4);
    let (high_water, mut live, mut linked) = (map.word(map_words::HIGH_WATER, 4), 0, 0);
    assert!(high_water <= map.capacity);
    for index in 0..map.capacity {
        let state = entry(index, entry_words::STATE) as u32;
        assert!(index < high_water || state == 0, "an entry that was never used");
        assert!([FREE, LIVE].contains(&kind(state)), "{state}");
        live += u64::from(kind(state) == LIVE);
        assert_eq!(entry(index, entry_words::LOCK), 0);
        assert_eq!(map.word(map.entry(index, entry_words::SEQUENCE), 8) & 1, 0);
    }
    for number in 0..2 * map.capacity {
        let head = Head::of(map.word(map_words::HEADS + 8 * number, 8));
        let (mut next, mut filter) = (u64::from(head.first), Head { filter: 0, ..head });
        while next != 0 {
            let state = entry(next - 1, entry_words::STATE) as u32;
            assert_eq!(kind(state), LIVE);
            let hash = entry(next - 1, entry_words::HASH) as u32;
            assert_eq!(bucket(hash, map.capacity), number);
            filter = filter.with(hash);
            (linked, next) = (linked + 1, entry(next - 1, entry_words::NEXT));
            assert!(linked <= live, "an entry in two chains");
        }
        assert_eq!(head, filter);
    }
    let (mut next, mut free, mut last) = (map.word(map_words::FREE, 4), 0, 0);
    while next != 0 {
        assert!(next > last, "free entries are in order");
        assert_eq!(kind(entry(next - 1, entry_words::STATE) as u32), FREE);
        (free, last, next) = (free + 1, next, entry(next - 1, entry_words::NEXT));
    }
    assert_eq!((linked, free), (live, high_water - live));
    assert_eq!(map.word(map_words::LEN, 4), live);
    assert_eq!(map.word(map_words::INTENT, 8), 0);
    assert_eq!(map.word(map_words::LOCK, 8), 0);
}

#[test]
fn new_map_stays_new() {
    let map = MapBytes::texts(4);
    assert_eq!(saved(&map).bytes, map.bytes);
}

#[test]
fn keys_versions_and_generations_stay_and_locks_and_waiters_do_not() {
    let mut map = quotes();
    map.remove(1);
    map.remove(0);
    // Lock words, flags, bells, marks, reserved bytes.
    for at in [map_words::LOCK, 8, 36, 56, 120, 136, 248] {
        map.put32(at, u64::MAX);
    }
    for at in [12, entry_words::LOCK, 20, 24, 28, 40] {
        map.put32(map.entry(2, at), u64::MAX);
    }
    let kept = saved(&map);
    check(&kept);
    assert_eq!(shown(&kept), r#"{"USDJPY": 300, "AUDUSD": 400, "USDCHF": 500}"#);
    assert_eq!([found(&kept, "USDJPY"), found(&kept, "EURUSD")], [Some("300".into()), None]);
    for word in [map_words::CHANGES, map_words::FLOOR, map_words::SEED] {
        assert_eq!(kept.word(word, 8), map.word(word, 8), "{word}");
    }
    for index in 0..5 {
        for (word, size) in [(entry_words::STATE, 4), (entry_words::SEQUENCE, 8)] {
            assert_eq!(kept.word(kept.entry(index, word), size), map.word(map.entry(index, word), size), "{index}");
        }
    }
    // Nothing is left of a key that was removed, and of values that are not the newest.
    assert!(!kept.bytes.windows(6).any(|bytes| bytes == b"EURUSD"));
    let older = map.entry(2, map.offsets.slot_0 + map.offsets.slot_size);
    map.put64(older, u64::MAX);
    assert_eq!(saved(&map).bytes, kept.bytes);
}

#[test]
fn deaths_between_two_stores_are_made_good() {
    // The process died after it had unlinked entry 3, and after it had linked entry 4, whose version it had written.
    let mut map = quotes();
    map.put64(map.head(&text("AUDUSD")), 0);
    map.put32(map.entry(3, entry_words::STATE), 9 << 2 | u64::from(LINKED));
    map.put32(map.entry(4, entry_words::STATE), LINKED.into());
    map.put64(map.entry(4, entry_words::SEQUENCE), stable_at(50) - 1);
    map.put64(map_words::INTENT, 4 | 1 << 32 | 5 << 33);
    let kept = saved(&map);
    check(&kept);
    assert_eq!(shown(&kept), r#"{"EURUSD": 100, "GBPUSD": 200, "USDJPY": 300}"#);
    assert_eq!(kept.word(kept.entry(3, entry_words::STATE), 4), 9 << 2, "the generation stays");
    assert_eq!(kept.word(map_words::FLOOR, 8), 49, "the greatest version that was there");
}

#[test]
fn key_that_is_there_twice_is_kept_once_with_its_greatest_version() {
    for (versions, value) in [([3, 7], "2"), ([7, 3], "1"), ([3, 3], "1")] {
        let keys: Vec<_> = versions.into_iter().zip(1..).map(|(version, value)| (text("A"), version, value)).collect();
        let kept = saved(&MapBytes::texts(4).with(&keys));
        check(&kept);
        assert_eq!(found(&kept, "A").as_deref(), Some(value));
        assert_eq!(shown(&kept), format!("{{\"A\": {value}}}"));
        let dropped = versions.into_iter().min().unwrap();
        assert_eq!(kept.word(map_words::FLOOR, 8), dropped);
        let count = kept.bytes.windows(5).filter(|bytes| *bytes == b"\x01\0\0\0A").count();
        assert_eq!(count, 1, "no bytes are left of the other");
    }
}

#[test]
fn hostile_words_are_made_good() {
    // Without a seed nobody finds a key.
    let mut map = quotes();
    map.put64(map_words::SEED, 0);
    let kept = saved(&map);
    check(&kept);
    assert_eq!((shown(&kept).as_str(), kept.word(map_words::FLOOR, 8)), ("{}", 50));
    // Other hashes, no chains, entries beyond the high water.
    let mut map = quotes();
    (0..16).for_each(|bucket| map.put64(map_words::HEADS + 8 * bucket, u64::MAX));
    (0..8).for_each(|index| map.put32(map.entry(index, entry_words::HASH), 7));
    map.put32(map_words::HIGH_WATER, 3);
    let kept = saved(&map);
    check(&kept);
    assert_eq!(found(&kept, "USDJPY"), Some("300".into()));
    assert_eq!(shown(&kept).matches(':').count(), 3);
    map.put32(map_words::HIGH_WATER, u64::MAX);
    let kept = saved(&map);
    check(&kept);
    assert_eq!((kept.word(map_words::HIGH_WATER, 4), shown(&kept).matches(':').count()), (8, 5));
}

#[test]
fn words_of_any_content_are_saved_as_a_map_that_works() {
    const ODD: [u64; 8] = [0, 1, 2, 3, 7, 1 << 31, u32::MAX as u64, u64::MAX - 1];
    let words = (0..256).step_by(4).chain((0..16).map(|half| map_words::HEADS + 4 * half));
    let keys = [(text("A"), 1, 1), (text("B"), 2, 2), (text("C"), 3, 3)];
    let entries = MapBytes::texts(4).entry(0, 0)..MapBytes::texts(4).entry(4, 0);
    for at in words.chain(entries.step_by(4)) {
        for (other, number) in ODD.into_iter().zip(ODD.into_iter().rev()).chain(ODD.into_iter().zip(ODD)) {
            let mut map = MapBytes::texts(4).with(&keys);
            map.put32(at, number);
            map.put32(map.entry(other & 3, 4 * (other & 7)), number);
            check(&saved(&map));
        }
    }
}
