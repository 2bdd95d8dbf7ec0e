//! Random types with random values: the way to bytes, to JSON, and back.

use shmstore::dynamic::{check, decode, encode, from_text, overlay, overlay_from_text};
use shmstore::inspect::Value;
use shmstore::schema::{OwnedKind, OwnedSchema};
use shmstore_tests::images;
use shmstore_tests::random::Random;

use crate::conversion::text;
use crate::conversion::types::{any_value, value_type};

/// Calls a check with many random types and values, and prints the number of the one with which it fails.
fn with_random(count: u64, check: impl Fn(&mut Random, &OwnedSchema, Value)) {
    let first = std::env::var("SHMSTORE_SEED").ok().map(|seed| seed.parse().expect("a number"));
    for seed in first.map_or(1..count + 1, |seed: u64| seed..seed + 1) {
        let mut random = Random::new(seed);
        let schema = value_type(&mut random, 4);
        let value = any_value(&mut random, &schema);
        println!("SHMSTORE_SEED={seed}: {value} of {schema}");
        check(&mut random, &schema, value);
    }
}

#[test]
fn value_is_the_same_after_bytes_and_after_json() {
    with_random(4000, |_, schema, value| {
        let mut expected = vec![0; schema.size() as usize];
        images::encode(&mut expected, 0, schema, &value);
        let bytes = encode(schema, &value).unwrap();
        assert_eq!(bytes, expected);
        assert_eq!(check(schema, &bytes), Ok(()));
        assert_eq!(text(&decode(schema, &bytes).unwrap()), text(&value));
        let json = serde_json::to_string(&value).unwrap();
        let again = from_text(schema, &json).unwrap_or_else(|error| panic!("{json}: {error}"));
        assert_eq!(text(&again), text(&value), "{json}");
    });
}

/// The value with only some of its fields, of structs that are not in a `FixedVec`.
fn some_of(random: &mut Random, schema: &OwnedSchema, value: Value) -> Value {
    match (schema.kind(), value) {
        (OwnedKind::Struct { fields: of, .. }, Value::Struct { name, fields }) => {
            let some = fields.into_iter().filter(|_| !random.one_in(3)).collect::<Vec<_>>();
            let some = some.into_iter().map(|(name, value)| {
                let schema = &of.iter().find(|field| field.name == name).expect("a field").schema;
                (name, some_of(random, schema, value))
            });
            Value::Struct { name, fields: some.collect() }
        }
        (OwnedKind::Array { element, .. }, Value::List { len, first }) => {
            Value::List { len, first: first.into_iter().map(|value| some_of(random, element, value)).collect() }
        }
        (_, value) => value,
    }
}

/// Marks the bytes that belong to the named fields of a value.
fn mark(marks: &mut [bool], at: u64, schema: &OwnedSchema, value: &Value) {
    let mut all = |len: u64| marks[at as usize..(at + len) as usize].fill(true);
    match (schema.kind(), value) {
        (OwnedKind::Struct { fields: of, .. }, Value::Struct { fields, .. }) => {
            for (name, value) in fields {
                let field = of.iter().find(|field| field.name == *name).expect("a field");
                mark(marks, at + field.offset, &field.schema, value);
            }
        }
        (OwnedKind::Array { element, .. }, Value::List { first, .. }) => {
            let offsets = (0..).map(|index| at + index * element.size());
            offsets.zip(first).for_each(|(at, value)| mark(marks, at, element, value));
        }
        (OwnedKind::FixedVec { capacity, element }, _) => all(8 + capacity * element.size()),
        (OwnedKind::FixedString { capacity }, _) => all(4 + capacity),
        (OwnedKind::Pad | OwnedKind::Phantom, _) => {}
        _ => all(schema.size()),
    }
}

#[test]
fn overlay_writes_the_named_fields_and_no_other_byte() {
    with_random(3000, |random, schema, value| {
        let some = some_of(random, schema, value.clone());
        let whole = encode(schema, &value).unwrap();
        let mut marks = vec![false; whole.len()];
        mark(&mut marks, 0, schema, &some);
        for background in [0x55, 0xaa] {
            let mut bytes = vec![background; whole.len()];
            overlay(schema, &mut bytes, &some).unwrap();
            let expected = marks.iter().zip(&whole).map(|(written, byte)| if *written { *byte } else { background });
            assert_eq!(bytes, expected.collect::<Vec<_>>(), "{some}");
        }
        let json = serde_json::to_string(&some).unwrap();
        assert_eq!(text(&overlay_from_text(schema, &json).unwrap()), text(&some), "{json}");
        // It is whole only if no field is left out.
        assert_eq!(encode(schema, &some).is_ok(), text(&some) == text(&value), "{some}");
    });
}

/// Makes one random part of a value unfit. Returns `false` if it has no part.
fn spoil(random: &mut Random, value: &mut Value) -> bool {
    match value {
        Value::Struct { fields, .. } if !fields.is_empty() => {
            let at = random.within(0..fields.len());
            if random.one_in(4) {
                fields[at].0.push('?');
                return true;
            }
            spoil(random, &mut fields[at].1)
        }
        Value::List { first, .. } if !first.is_empty() => {
            let at = random.within(0..first.len());
            spoil(random, &mut first[at])
        }
        Value::Struct { .. } | Value::List { .. } | Value::Nothing => false,
        leaf => {
            *leaf = Value::Omitted;
            true
        }
    }
}

#[test]
fn bytes_are_unchanged_after_an_error() {
    with_random(2000, |random, schema, value| {
        let mut spoiled = some_of(random, schema, value);
        let mut bytes = vec![0x55; schema.size() as usize];
        if spoil(random, &mut spoiled) {
            overlay(schema, &mut bytes, &spoiled).unwrap_err();
            encode(schema, &spoiled).unwrap_err();
            assert!(bytes.iter().all(|byte| *byte == 0x55), "{spoiled}");
        }
        let mut longer = vec![0x55; bytes.len() + 1];
        overlay(schema, &mut longer, &spoiled).unwrap_err();
    });
}
