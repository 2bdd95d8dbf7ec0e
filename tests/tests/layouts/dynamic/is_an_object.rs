//! `OwnedSchema::is_an_object`: every type passes, and what no type has does not.

use serde_json::{Value, json};
use shmstore::schema::{OwnedKind, OwnedSchema, Primitive};
use shmstore::{
    AtomicValue, Broadcast, CacheAligned, Event, Frames, Lock, Map, Queue, ShmLayout, Timestamp, Versioned,
};
use shmstore_tests::fuzz::types::real_versioned;
use shmstore_tests::objects::*;
use shmstore_tests::random::Random;
use shmstore_tests::schemas::{array, atomic, build, fixed_string, lock, map, phantom, primitive, queue, struct_of};
use shmstore_tests::{moves, rovers};

use super::derived::{derived, numbers_of_size};
use super::types::{Everything, Inner, Pair, Parts as AllParts, Wide};
use crate::conversion::types::structure_type;

macro_rules! schemas {
    ($($type:ty),* $(,)?) => { vec![$(OwnedSchema::from(<$type>::SCHEMA)),*] };
}

/// The types that are objects by themselves.
fn roots() -> Vec<OwnedSchema> {
    schemas![
        AllParts,
        Inner<3, -1>,
        AtomicValue<Wide>,
        Queue<Pair, 3>,
        Broadcast<Wide, 2>,
        Map<u8, Wide, 3>,
        Frames<Wide, 9, 3>,
        Telemetry,
        EveryPart,
        drifted::Telemetry,
        Versioned<Position>,
        Queue<Position, 4>,
        Versioned<Block<4096>>,
        Parts,
        Streams,
        Turns,
        Sessions,
        Rounds,
        Camera,
        Films,
        Idle,
        Many,
        Large,
        moves::v1::Ledger,
        moves::v2::Ledger,
        rovers::v1::Rover,
        rovers::v2::Rover,
    ]
}

#[test]
fn every_type_is_an_object_as_the_rules_lay_it_out() {
    for schema in roots() {
        assert_eq!(derived(&schema).as_ref(), Some(&schema), "the rules of this test are not those of {schema}");
        assert_eq!(schema.is_an_object(), Ok(()), "{schema}");
        assert_eq!(OwnedSchema::from_json(schema.to_json()).unwrap().is_an_object(), Ok(()), "{schema}");
    }
}

#[test]
fn types_that_cannot_be_created_by_themselves_are_refused() {
    for schema in schemas![
        u64,
        Wide,
        Everything,
        Timestamp,
        (),
        std::sync::atomic::AtomicU64,
        Lock,
        Event,
        [Lock; 2],
        CacheAligned<Lock>,
        Versioned<u64>,
        Versioned<[Everything; 2]>,
        AtomicValue<bool>,
        Queue<char, 3>,
        Broadcast<f64, 3>,
        Map<u16, u64, 3>,
        Frames<u8, 9, 3, Everything>,
    ] {
        assert_eq!(derived(&schema), None, "{schema}");
        assert!(schema.is_an_object().is_err(), "{schema}");
    }
}

/// Calls `then` with a JSON after each small change of each of its nodes.
fn each_edit(root: &Value, then: &mut dyn FnMut(&Value)) {
    let mut paths = Vec::new();
    paths_below(root, &mut String::new(), &mut paths);
    for path in paths {
        for edited in edits(root.pointer(&path).expect("a path of the JSON")) {
            let mut changed = root.clone();
            *changed.pointer_mut(&path).expect("a path of the JSON") = edited;
            then(&changed);
        }
    }
}

fn paths_below(value: &Value, path: &mut String, paths: &mut Vec<String>) {
    paths.push(path.clone());
    let len = path.len();
    let mut below = |name: &str, part: &Value| {
        path.push('/');
        path.push_str(name);
        paths_below(part, path, paths);
        path.truncate(len);
    };
    match value {
        Value::Array(list) => list.iter().enumerate().for_each(|(at, part)| below(&at.to_string(), part)),
        Value::Object(object) => object.iter().for_each(|(name, part)| below(name, part)),
        _ => {}
    }
}

fn edits(value: &Value) -> Vec<Value> {
    match value {
        Value::Number(number) => {
            let number = number.as_i64().map_or(i128::from(number.as_u64().unwrap_or(0)), i128::from);
            let others = [0, number - 1, number + 1, number + 8, number + 64, number * 2, number / 2, -number];
            others
                .into_iter()
                .filter(|other| *other != number)
                .filter_map(|other| serde_json::to_value(other).ok())
                .collect()
        }
        Value::Array(list) => {
            let swapped = (1..list.len()).map(|at| {
                let mut list = list.clone();
                list.swap(at - 1, at);
                list
            });
            let removed = (0..list.len()).map(|at| {
                let mut list = list.clone();
                list.remove(at);
                list
            });
            let swapped: Vec<_> = swapped.chain(removed).map(Value::from).collect();
            swapped.into_iter().chain(swapped_offsets(list)).collect()
        }
        Value::Object(node) if node.contains_key("kind") => others_of_kind(value),
        _ => Vec::new(),
    }
}

/// Two fields of one size in the place of each other, each with the offset of the other.
fn swapped_offsets(fields: &[Value]) -> Vec<Value> {
    let mut all = Vec::new();
    for at in 1..fields.len() {
        let [one, other] = [&fields[at - 1], &fields[at]];
        let mut swapped = fields.to_vec();
        if let (Some(offset), Some(of_other)) = (one.get("offset"), other.get("offset")) {
            swapped[at - 1]["offset"] = of_other.clone();
            swapped[at]["offset"] = offset.clone();
            all.push(Value::from(swapped));
        }
    }
    all
}

/// Nodes of another kind in the place of this one, of its size and alignment or of their own.
fn others_of_kind(node: &Value) -> Vec<Value> {
    let (size, align) = (node["size"].as_u64().unwrap_or(0), node["align"].clone());
    let mut all = vec![
        json!({"kind": "pad", "size": size, "align": 1}),
        json!({"kind": "phantom", "size": 0, "align": 1}),
        json!({"kind": "lock", "size": 8, "align": 8}),
        json!({"kind": "event", "size": 16, "align": 8}),
        json!({"kind": "fixed_string", "size": size, "align": 1, "capacity": size.saturating_sub(4)}),
        json!({"kind": "struct", "name": "S", "size": size, "align": align, "const_args": [], "fields": []}),
        json!({"kind": "enum", "name": "E", "primitive": "u8", "size": 1, "align": 1,
            "variants": [{"name": "A", "discriminant": 1}]}),
        json!({"kind": "array", "size": size, "align": align, "len": 1, "element": node}),
        json!({"kind": "atomic_cell", "size": 8, "align": 8, "value": node}),
        json!({"kind": "atomic_cell", "size": size, "align": align, "value": node}),
        json!({"kind": "versioned", "size": size, "align": align, "value": node}),
        json!({"kind": "cache_aligned", "size": size, "align": align, "object": node}),
    ];
    for of in numbers_of_size(size) {
        all.push(json!({"kind": "primitive", "primitive": of.name(), "size": size, "align": align}));
        all.push(json!({"kind": "atomic", "primitive": of.name(), "size": size, "align": align}));
    }
    all.extend(["value", "object", "element", "key", "meta"].iter().filter_map(|part| node.get(part)).cloned());
    // The other kinds with the same parts.
    for kind in ["queue", "broadcast", "fixed_vec", "versioned", "atomic_cell", "cache_aligned", "array"] {
        let mut other = node.clone();
        other["kind"] = kind.into();
        all.push(other);
    }
    all.retain(|other| other != node);
    all
}

#[test]
fn each_small_change_of_a_type_is_refused_or_makes_the_layout_of_another_type() {
    let (mut refused, mut accepted, mut inconsistent) = (0, 0, 0);
    // By themselves, because each change makes the whole anew.
    let parts = OwnedSchema::from(AllParts::SCHEMA);
    let OwnedKind::Struct { fields, .. } = parts.kind() else { panic!("{parts}") };
    let alone = fields.iter().map(|field| struct_of("One", vec![], [(field.name.clone(), field.schema.clone())], 1));
    let alone = alone.filter(|one| one.size() > 0);
    for schema in alone.chain(roots().drain(1..8)) {
        let json: Value = serde_json::from_str(&schema.to_json()).unwrap();
        each_edit(&json, &mut |edited| match OwnedSchema::from_json(edited.to_string()) {
            Err(_) => inconsistent += 1,
            Ok(edited) => {
                let is_a_type = derived(&edited).is_some_and(|derived| derived.hash() == edited.hash());
                let found = edited.is_an_object();
                assert_eq!(found.is_ok(), is_a_type, "{found:?}\n{}", edited.to_json());
                *if found.is_ok() { &mut accepted } else { &mut refused } += 1;
            }
        });
    }
    println!("{inconsistent} inconsistent, {refused} refused, {accepted} are types");
    assert!(inconsistent > 1000 && refused > 1000 && accepted > 500);
}

/// Layouts that are no small change of a type's.
#[test]
fn parts_that_no_derive_accepts_are_refused_with_the_rule() {
    let number = |of| primitive(of);
    let object = |field| struct_of("O", vec![], [("a".into(), atomic(Primitive::U8)), ("b".into(), field)], 1);
    let list = || build(10, 1, OwnedKind::FixedVec { capacity: 2, element: Box::new(number(Primitive::U8)) });
    let of_keys = |key| object(map(key, number(Primitive::U8), 3));
    let lines_of_nothing = build(0, 128, OwnedKind::CacheAligned { object: Box::new(phantom()) });
    for (schema, says) in [
        (of_keys(number(Primitive::F32)), "`$.fields[1].type.key`: an `f32` cannot be a key"),
        (of_keys(array(number(Primitive::F64), 2)), "an `[f64; 2]` cannot be a key"),
        (of_keys(array(list(), 2)), "an `[FixedVec<u8, 2>; 2]` cannot be a key"),
        (of_keys(struct_of("K", vec![], [("f".into(), list())], 1)), "a `K` cannot be a key"),
        (object(lines_of_nothing.clone()), "`$.fields[1]`: a field has at least one byte, or is `PhantomData`"),
        (object(array(lines_of_nothing, 3)), "`$.fields[1]`: a field has at least one byte"),
        (struct_of("O", vec![], [("a".into(), phantom())], 1), "`$`: a struct has at least one byte"),
        (object(number(Primitive::U8)), "a `u8` is a value, and an object is made of parts"),
        (object(fixed_string(4)), "a `FixedString<4>` is a value, and an object is made of parts"),
        (
            object(real_versioned(atomic(Primitive::U8))),
            "`$.fields[1].type.value`: an `AtomicU8` is a part of an object",
        ),
        (object(queue(lock(), 2)), "a `Lock` is a part of an object, and cannot be in a value"),
        (number(Primitive::U8), "`$`: a `u8` is no object by itself: put it into a struct"),
        (real_versioned(number(Primitive::U8)), "because a `u8` has no type-id-char"),
    ] {
        assert_eq!(derived(&schema), None, "{schema}");
        let error = schema.is_an_object().unwrap_err().to_string();
        assert!(error.contains(says), "{error}");
    }
}

#[test]
fn random_layouts_are_objects_if_the_rules_lay_them_out_so() {
    let (mut refused, mut accepted) = (0, 0);
    for seed in 0..3000 {
        let schema = structure_type(&mut Random::new(seed), 3);
        let is_a_type = derived(&schema).is_some_and(|derived| derived == schema);
        let found = schema.is_an_object();
        assert_eq!(found.is_ok(), is_a_type, "{found:?}\n{}", schema.to_json());
        *if found.is_ok() { &mut accepted } else { &mut refused } += 1;
    }
    println!("{refused} refused, {accepted} are types");
    assert!(refused > 100 && accepted > 100);
}

#[test]
fn names_that_no_type_has_are_refused() {
    let schema = OwnedSchema::from(AllParts::SCHEMA);
    let OwnedKind::Struct { fields, .. } = schema.kind() else { panic!("{schema}") };
    assert_eq!(fields[0].name, "count");
    for (name, is_one) in [
        ("größe", true),
        ("_", false),
        ("_1", true),
        ("1", false),
        ("0", false),
        ("a b", false),
        ("a.b", false),
        ("a-b", false),
        ("a\u{a0}b", false),
        ("a\u{85}b", false),
        ("__SHM_count", false),
        ("__sh", true),
    ] {
        let json = schema.to_json().replacen("\"count\"", &Value::from(name).to_string(), 1);
        let found = OwnedSchema::from_json(json).unwrap().is_an_object();
        assert_eq!(found.is_ok(), is_one, "{name:?}: {found:?}");
    }
    // A name in place of a number in a tuple struct, or another number.
    let tuple = OwnedSchema::from(Inner::<3, -1>::SCHEMA).to_json();
    for (name, is_one) in [("a", false), ("3", false), ("00", false)] {
        let json = tuple.replacen("\"name\":\"0\"", &format!("\"name\":\"{name}\""), 1);
        let found = OwnedSchema::from_json(json).unwrap().is_an_object();
        assert_eq!(found.is_ok(), is_one, "{name:?}: {found:?}");
    }
    let big = tuple.replacen("\"value\":-1", "\"value\":18446744073709551616", 1);
    let error = OwnedSchema::from_json(big).unwrap().is_an_object().unwrap_err().to_string();
    assert_eq!(error, "the schema is wrong at `$.const_args[1]`: 18446744073709551616 has more than 64 bits");
}
