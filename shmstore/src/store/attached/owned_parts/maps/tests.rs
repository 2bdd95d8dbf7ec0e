use super::super::tests::owners_in as owners;
use crate::inspect::map_samples::{MapBytes, text};
use crate::layout::schema::{OwnedField, OwnedKind, OwnedSchema, Primitive};
use crate::sync::map_state::{FREE, LINKED, LIVE};
use crate::sync::{entry_words, map_words};

fn named(parts: &[(&str, u32)]) -> Vec<(String, u32)> {
    parts.iter().map(|&(path, token)| (path.to_owned(), token)).collect()
}

fn quotes() -> MapBytes {
    MapBytes::texts(4).with(&[(text("EURUSD"), 3, 108), (text("a]\u{1b}"), 4, 126), (text("USDJPY"), 9, 150)])
}

/// The map as the field `quotes` of an object.
fn within_an_object(map: &MapBytes) -> Vec<(String, u32)> {
    let fields = vec![OwnedField { name: "quotes".into(), offset: 0, schema: map.schema.clone() }];
    let kind = OwnedKind::Struct { name: "Market".into(), const_args: vec![], fields };
    owners(&OwnedSchema::new(map.schema.size(), map.schema.align(), kind).unwrap(), &map.bytes)
}

#[test]
fn the_whole_and_the_keys_of_a_map_have_owners() {
    let mut map = quotes();
    assert_eq!(within_an_object(&map), []);
    map.put32(map_words::LOCK, 1 << 31 | 5);
    map.put32(map.entry(0, entry_words::LOCK), 7);
    map.put32(map.entry(1, entry_words::LOCK), 1 << 30 | 8);
    let keys = [("quotes", 5), (r#"quotes["EURUSD"]"#, 7), (r#"quotes["a]\u001b"]"#, 8)];
    assert_eq!(within_an_object(&map), named(&keys));
    assert_eq!(owners(&map.schema, &map.bytes), named(&[(".", 5), (r#"["EURUSD"]"#, 7), (r#"["a]\u001b"]"#, 8)]));
    let mut numbers = MapBytes::numbers(2).with(&[(17_u64.to_le_bytes().into(), 1, 0)]);
    numbers.put32(numbers.entry(0, entry_words::LOCK), 9);
    assert_eq!(within_an_object(&numbers), named(&[("quotes[17]", 9)]));
}

#[test]
fn entry_without_a_key_is_named_by_its_number() {
    let mut map = quotes();
    (0..4).for_each(|index| map.put32(map.entry(index, entry_words::LOCK), 7));
    map.put32(map.entry(0, entry_words::STATE), 3 << 2 | u64::from(FREE));
    map.put32(map.entry(1, entry_words::STATE), LINKED.into());
    // It is no text.
    map.put(map.entry(2, map.offsets.key), &[1, 0, 0, 0, 0xff]);
    let entries = [("quotes (entry 0)", 7), ("quotes (entry 1)", 7), ("quotes (entry 2)", 7)];
    assert_eq!(within_an_object(&map), named(&entries), "entry 3 was never used");
    assert_eq!(owners(&map.schema, &map.bytes)[0].0, ". (entry 0)");
    let word = OwnedSchema::new(1, 1, OwnedKind::Primitive(Primitive::U8)).unwrap();
    let long = OwnedKind::Array { len: 300, element: Box::new(word.clone()) };
    let mut map = MapBytes::of(OwnedSchema::new(300, 1, long).unwrap(), word, 2);
    map.insert(&[7; 300], 1, &[0]);
    map.put32(map.entry(0, entry_words::LOCK), 7);
    assert_eq!(within_an_object(&map), named(&[("quotes (entry 0)", 7)]));
}

#[test]
fn words_of_any_content_end_the_walk_within_bounds() {
    let mut map = MapBytes::numbers(1000);
    map.put32(map_words::HIGH_WATER, u32::MAX.into());
    for index in 0..1000 {
        map.put32(map.entry(index, entry_words::LOCK), u32::MAX.into());
        map.put32(map.entry(index, entry_words::STATE), LIVE.into());
    }
    assert_eq!(owners(&map.schema, &map.bytes).len(), 1000);
    // What follows the map is none of its entries.
    let word = Box::new(OwnedSchema::new(8, 8, OwnedKind::Primitive(Primitive::U64)).unwrap());
    let after = OwnedSchema::new(1 << 16, 8, OwnedKind::Array { len: 1 << 13, element: word }).unwrap();
    let size = map.schema.size();
    let field = |(name, offset, schema): (&str, u64, &OwnedSchema)| OwnedField {
        name: name.into(),
        offset,
        schema: schema.clone(),
    };
    let fields = [("quotes", 0, &map.schema), ("history", size, &after)].map(field).into();
    let kind = OwnedKind::Struct { name: "Market".into(), const_args: vec![], fields };
    let bytes = [&map.bytes[..], &[0xff; 1 << 16]].concat();
    assert_eq!(owners(&OwnedSchema::new(size + (1 << 16), 64, kind).unwrap(), &bytes).len(), 1000);
    // Only the first bytes are there of a map of the greatest capacity.
    const MOST: u64 = (1 << 31) - 1;
    let number = || Box::new(OwnedSchema::new(8, 8, OwnedKind::Primitive(Primitive::U64)).unwrap());
    let size = crate::sync::MapOffsets::of((8, 8), (8, 8), MOST).unwrap().size;
    let kind = OwnedKind::Map { capacity: MOST, key: number(), value: number() };
    assert_eq!(owners(&OwnedSchema::new(size, 64, kind).unwrap(), &map.bytes), []);
}
