use super::*;
use crate::inspect::Limits;
use crate::inspect::map::samples::{MapBytes, text, text_type};
use crate::layout::schema::{OwnedField, OwnedKind, OwnedVariant, Primitive};
use crate::sync::map_state::{Head, LINKED, LIVE};
use crate::sync::{entry_words, map_words};
use std::time::{Duration, Instant};

fn decoded(map: &MapBytes) -> Value {
    Decoder::new(Memory::Copy(&map.bytes), &Limits::default()).all(&map.schema)
}

fn at(map: &MapBytes, path: &str) -> Result<String, String> {
    let path: FieldPath = path.parse().unwrap();
    let found = Decoder::new(Memory::Copy(&map.bytes), &Limits::default()).at(&map.schema, &path);
    found.map(|value| serde_json::to_string(&value).unwrap()).map_err(|error| error.to_string())
}

fn quotes() -> MapBytes {
    MapBytes::texts(8).with(&[(text("EURUSD"), 3, 108), (text("GBPUSD"), 4, 126), (text("USDJPY"), 9, 150)])
}

#[test]
fn new_map_is_empty() {
    let map = MapBytes::texts(4);
    assert_eq!(decoded(&map), Value::Map { len: 0, capacity: 4, changes: 0, first: vec![] });
    let none = r#"the object has no key "EURUSD": it is empty"#;
    assert_eq!(at(&map, r#"["EURUSD"]"#), Err(none.into()));
}

#[test]
fn keys_are_decoded_with_the_versions_and_values_that_they_have() {
    let mut map = quotes();
    map.remove(1);
    map.put32(map.entry(2, entry_words::LOCK), 1 << 31 | 7);
    let entry = |key: &str, version, locked, value| {
        let value = Value::Versioned { version, locked, value: Box::new(Value::Unsigned(value)) };
        (Value::Text(key.into()), value)
    };
    let first = vec![entry("EURUSD", 3, false, 108), entry("USDJPY", 9, true, 150)];
    assert_eq!(decoded(&map), Value::Map { len: 2, capacity: 8, changes: 4, first });
}

#[test]
fn key_in_a_path_leads_to_its_value() {
    let map = quotes();
    let expected = r#"{"version":4,"locked":false,"value":126}"#;
    assert_eq!(at(&map, r#"["GBPUSD"]"#), Ok(expected.into()));
    for (path, count) in [("len", 3), ("capacity", 8), ("changes", 3)] {
        assert_eq!(at(&map, path), Ok(count.to_string()));
    }
    let numbers = MapBytes::numbers(4).with(&[(7_u64.to_le_bytes().into(), 1, 70)]);
    assert_eq!(at(&numbers, "[7]"), Ok(r#"{"version":1,"locked":false,"value":70}"#.into()));
}

fn structure(name: &str, size: u64, fields: Vec<(&str, u64, OwnedSchema)>) -> OwnedSchema {
    let field = |(name, offset, schema): (&str, u64, OwnedSchema)| OwnedField { name: name.into(), offset, schema };
    let fields = fields.into_iter().map(field).collect();
    OwnedSchema::new(size, 4, OwnedKind::Struct { name: name.into(), const_args: vec![], fields }).unwrap()
}

#[test]
fn fields_below_a_key_and_keys_that_are_structs_are_found() {
    let number = OwnedSchema::new(4, 4, OwnedKind::Primitive(Primitive::I32)).unwrap();
    let variant = |name: &str, discriminant| OwnedVariant { name: name.into(), discriminant };
    let variants = vec![variant("Bid", 0), variant("Ask", 1)];
    let side = OwnedKind::Enum { name: "Side".into(), repr: Primitive::U8, variants };
    let side = OwnedSchema::new(1, 1, side).unwrap();
    let pad = OwnedSchema::new(3, 1, OwnedKind::Pad).unwrap();
    let key = structure("Place", 16, vec![("symbol", 0, text_type()), ("side", 12, side), ("_pad", 13, pad)]);
    let value = structure("Net", 8, vec![("net", 0, number.clone()), ("gross", 4, number)]);
    let mut map = MapBytes::of(key, value, 4);
    let bytes = [&text("EU")[..], &[1, 0, 0, 0]].concat();
    map.insert(&bytes, 5, &[255, 255, 255, 255, 7, 0, 0, 0]);
    let path = r#"[{"symbol":"EU","side":"Ask"}]"#;
    assert_eq!(at(&map, &format!("{path}.net")), Ok("-1".into()));
    assert_eq!(
        at(&map, &format!("{path}.nets")).unwrap_err().split(':').next_back(),
        Some(" there are `net`, `gross`")
    );
    let shown = decoded(&map).to_string();
    assert_eq!(shown, r#"{{"side":"Ask","symbol":"EU"}: { net: -1, gross: 7 }}"#);
    let Value::Map { first, .. } = decoded(&map) else { panic!("a map") };
    let path = FieldPath::default().key(&first[0].0).field("gross");
    assert_eq!(path.to_string(), r#"[{"side":"Ask","symbol":"EU"}].gross"#);
    assert_eq!(at(&map, &path.to_string()), Ok("7".into()));
    let other = at(&map, r#"[{"symbol":"EU","side":"Bid"}]"#);
    let there = r#"the object has no key {"side":"Bid","symbol":"EU"}: there are {"side":"Ask","symbol":"EU"}"#;
    assert_eq!(other, Err(there.into()));
}

#[test]
fn key_that_is_not_there_is_answered_with_the_most_similar_ones() {
    let map = quotes();
    let there = r#"the object has no key "GBPJPY": there are "GBPUSD", "EURUSD", "USDJPY""#;
    assert_eq!(at(&map, r#"["GBPJPY"]"#), Err(there.into()));
    let keys: Vec<_> = (0..100).map(|number| (text(&format!("k{number:02}")), 1, number)).collect();
    let said = at(&MapBytes::texts(200).with(&keys), r#"["k77\u001b"].x"#).unwrap_err();
    let listed = r#"no key "k77\u001b": there are "k77", "k70", "k71""#;
    assert!(said.contains(listed) && said.ends_with(r#""k79", 90 more"#), "{said}");
}

#[test]
fn step_that_does_not_fit_is_answered_with_the_rule() {
    let map = quotes();
    let rule = "the object cannot have the key 3: expected a text in quotes of at most 8 bytes (`FixedString<8>`)";
    assert_eq!(at(&map, "[3]"), Err(rule.into()));
    let said = at(&map, "EURUSD.bid").unwrap_err();
    let counts = "there are `len`, `capacity`, `changes`";
    assert!(said.ends_with(&format!(r#"{counts}, and keys: write `["EURUSD"].bid`"#)), "{said}");
    let numbers = MapBytes::numbers(4);
    let said = at(&numbers, "x").unwrap_err();
    assert!(said.ends_with(&format!("{counts}, and keys in brackets")), "{said}");
    let said = at(&numbers, r#"["7"]"#).unwrap_err();
    assert!(said.ends_with("expected a number from 0 to 18446744073709551615 (`u64`)"), "{said}");
    assert_eq!(at(&map, "len[0]"), Err("`len` is a `u64`, which has no elements".into()));
    let number = OwnedSchema::new(8, 8, OwnedKind::Primitive(Primitive::U64)).unwrap();
    let list = OwnedSchema::new(16, 8, OwnedKind::Array { len: 2, element: Box::new(number.clone()) }).unwrap();
    let one = structure("Pair", 16, vec![("x", 0, OwnedSchema::new(4, 1, OwnedKind::Pad).unwrap())]);
    for (schema, path, said) in [
        (&list, r#"["x"]"#, "the object is an `[u64; 2]`, which has no keys"),
        (&number, "[true]", "the object is a `u64`, which has no keys"),
        (&one, r#"["x"]"#, "the object is a `Pair`, which has no keys: write `x`"),
        (&one, r#"["y"]"#, "the object is a `Pair`, which has no keys"),
        (&one, "[0]", "the object is a `Pair`, which has no elements"),
    ] {
        let found = Decoder::new(Memory::Copy(&[0; 16]), &Limits::default()).at(schema, &path.parse().unwrap());
        assert_eq!(found.unwrap_err().to_string(), said);
    }
}

#[test]
fn length_is_right_when_a_process_died_between_two_stores() {
    let mut map = quotes();
    let intent = |index: u64, op: u64, before: u64| (index + 1) | op << 32 | before << 33;
    let len = |map: &MapBytes| at(map, "len").unwrap();
    // The key of entry 2 is in the map, and not counted.
    map.put32(map_words::LEN, 2);
    map.put64(map_words::INTENT, intent(2, 0, 2));
    assert_eq!(len(&map), "3");
    assert!(matches!(decoded(&map), Value::Map { len: 3, .. }));
    // It is not in the map yet.
    map.put32(map.entry(2, entry_words::STATE), LINKED.into());
    assert_eq!(len(&map), "2");
    // It is not in the map any more, and still counted.
    map.put32(map_words::LEN, 3);
    map.put64(map_words::INTENT, intent(2, 1, 3));
    assert_eq!(len(&map), "2");
    map.put32(map.entry(2, entry_words::STATE), LIVE.into());
    assert_eq!(len(&map), "3");
}

#[test]
fn as_many_keys_are_decoded_as_the_limits_allow() {
    let keys: Vec<_> = (0..100_u64).map(|number| (number.to_le_bytes().to_vec(), 1, 2 * number)).collect();
    let map = MapBytes::numbers(100).with(&keys);
    let shown = |limits: Limits| Decoder::new(Memory::Copy(&map.bytes), &limits).all(&map.schema).to_string();
    let eight = "{0: 0, 1: 2, 2: 4, 3: 6, 4: 8, 5: 10, 6: 12, 7: 14, … 92 more}";
    assert_eq!(shown(Limits::default()), eight);
    assert_eq!(shown(Limits::default().with_elements(0)), "{… 100 more}");
    assert_eq!(shown(Limits { nodes: 6, ..Limits::full() }), "{0: 0, 1: 2, … 98 more}".replace("1: 2", "1: …"));
    let few = shown(Limits { bytes: 20, ..Limits::default().with_elements(2) });
    let why = "<not decoded: more bytes than the limit, or fields that overlap>";
    assert_eq!(few, format!("{{0: 0, {why}: {why}, … 98 more}}"));
    let limits = Limits { bytes: 7, ..Limits::full() };
    let value = Decoder::new(Memory::Copy(&map.bytes), &limits).at(&map.schema, &"[99]".parse().unwrap());
    assert!(matches!(value, Ok(Value::Versioned { version: 1, .. })), "{value:?}");
    let mut decoder = Decoder::new(Memory::Copy(&map.bytes), &limits);
    decoder.looks_left = 10;
    let Value::Map { len: 100, first, .. } = decoder.all(&map.schema) else { panic!("a map") };
    assert_eq!(first.len() as u64, 10 * 64 / map.offsets.stride);
    // A key that is an array is whole, so that it can be part of a path.
    let array = OwnedSchema::new(1, 1, OwnedKind::Primitive(Primitive::U8)).unwrap();
    let array = OwnedSchema::new(16, 1, OwnedKind::Array { len: 16, element: Box::new(array.clone()) }).unwrap();
    let mut map = MapBytes::of(array.clone(), array, 2);
    map.insert(&[7; 16], 1, &[8; 16]);
    let Value::Map { first, .. } = decoded(&map) else { panic!("a map") };
    assert_eq!(first[0].0.to_string().matches('7').count(), 16);
    assert!(first[0].1.to_string().ends_with("8 more]"));
}

#[test]
fn map_of_another_layout_or_beyond_the_memory_is_invalid() {
    let map = MapBytes::numbers(4);
    let kind = map.schema.kind().clone();
    let schema = OwnedSchema::new(map.schema.size() + 64, 64, kind).unwrap();
    let bytes = vec![0; schema.size() as usize];
    let shown = Decoder::new(Memory::Copy(&bytes), &Limits::default()).all(&schema).to_string();
    assert!(shown.contains("no `Map` of this program is"), "{shown}");
    let short = &map.bytes[..map.bytes.len() - 1];
    for path in [".", "[7]", "len"] {
        let found = Decoder::new(Memory::Copy(short), &Limits::default()).at(&map.schema, &path.parse().unwrap());
        assert!(matches!(&found, Ok(Value::Invalid(why)) if why.contains("beyond the bytes")), "{found:?}");
    }
}

#[test]
fn damaged_chain_does_not_hide_a_key() {
    let key = |number: u64| number.to_le_bytes().to_vec();
    let map = || MapBytes::numbers(4).with(&[(key(7), 1, 70), (key(8), 2, 80), (key(9), 3, 90)]);
    let found = r#"{"version":2,"locked":false,"value":80}"#;
    assert_eq!(at(&map(), "[8]"), Ok(found.into()));
    let lead = |map: &mut MapBytes, first: u32| map.put64(map.head(&key(8)), Head { first, filter: u32::MAX }.word());
    // A wild index, an entry that was never used, a cycle of others, and entries of other buckets.
    let mut wild = map();
    lead(&mut wild, u32::MAX);
    let mut free = map();
    lead(&mut free, 4);
    let mut cycle = map();
    lead(&mut cycle, 1);
    for index in 0..3 {
        cycle.put32(cycle.entry(index, entry_words::NEXT), 1);
        let hash = cycle.word(cycle.entry(1, entry_words::HASH), 4);
        cycle.put32(cycle.entry(index, entry_words::HASH), hash);
    }
    let mut other = map();
    lead(&mut other, 1);
    for map in [wild, free, cycle, other] {
        assert_eq!(at(&map, "[8]"), Ok(found.into()));
    }
    // The filter of the chain says that the key is not in it.
    let mut filtered = map();
    filtered.put64(filtered.head(&key(8)), 2);
    assert!(at(&filtered, "[8]").is_err());
    // An entry that is linked, and has the key, and is not in the map.
    let mut linked = map();
    linked.put32(linked.entry(1, entry_words::STATE), 5 << 2 | u64::from(LINKED));
    assert!(at(&linked, "[8]").is_err());
    assert_eq!(decoded(&linked).to_string(), "{7: 70, 9: 90}");
}

/// Numbers with which sums and differences overflow or wrap.
const ODD: [u64; 7] = [0, 1, 3, 4, 1 << 31, u32::MAX as u64, u64::MAX];

#[test]
fn words_of_any_content_are_decoded_within_bounds() {
    let started = Instant::now();
    let keys: Vec<_> = (0..3_u64).map(|number| (number.to_le_bytes().to_vec(), 1, number)).collect();
    let words = [map_words::INTENT, map_words::LEN, map_words::HIGH_WATER, map_words::CHANGES, map_words::SEED];
    for (place, number) in (0..200).flat_map(|place| ODD.map(|number| (place, number))) {
        let mut map = MapBytes::numbers(3).with(&keys);
        let entry = |word| (0..3).map(move |index| (index, word));
        let of_entries = [entry_words::STATE, entry_words::NEXT, entry_words::HASH, entry_words::SEQUENCE];
        let places: Vec<u64> = words
            .into_iter()
            .chain((0..12).map(|half| map_words::HEADS + 4 * half))
            .chain(of_entries.into_iter().flat_map(entry).map(|(index, word)| map.entry(index, word)))
            .collect();
        // Two words at a time.
        map.put32(places[place % places.len()], number);
        map.put32(places[(place * 7 + 3) % places.len()], number.rotate_left(place as u32));
        let Value::Map { len, first, .. } = decoded(&map) else { panic!("a map") };
        assert!(len <= 3 && first.len() <= 3, "{place} {number}");
        for path in ["[0]", "[2]", "[9]", "len"] {
            let _ = at(&map, path);
        }
    }
    assert!(started.elapsed() < Duration::from_secs(20));
}

#[test]
fn look_at_a_vast_map_ends_within_its_limit() {
    let limits = Limits::default();
    const MOST: u64 = 1 << 14;
    let mut map = MapBytes::numbers(MOST);
    map.insert(&7_u64.to_le_bytes(), 1, &70_u64.to_le_bytes());
    map.put32(map_words::HIGH_WATER, u32::MAX.into());
    let mut decoder = Decoder::new(Memory::Copy(&map.bytes), &limits);
    decoder.looks_left = 1000;
    let limited = decoder.at(&map.schema, &"[8]".parse().unwrap()).unwrap_err().to_string();
    assert_eq!(limited, "the object has no key 8: there are 7");
    // Entries that all are in one chain, which has no end.
    for index in 0..MOST {
        map.put32(map.entry(index, entry_words::STATE), 1);
        map.put32(map.entry(index, entry_words::NEXT), (index + 1) % MOST + 1);
        let hash = map.word(map.entry(0, entry_words::HASH), 4);
        map.put32(map.entry(index, entry_words::HASH), hash);
    }
    let mut decoder = Decoder::new(Memory::Copy(&map.bytes), &limits);
    decoder.looks_left = 1000;
    let path = "[7]".parse().unwrap();
    assert_eq!(decoder.at(&map.schema, &path), Ok(Value::Invalid(TOO_MANY.into())));
    let decoder = Decoder::new(Memory::Copy(&map.bytes), &limits);
    assert!(matches!(decoder.at(&map.schema, &path), Err(FieldError::NoKey { .. })));
}
