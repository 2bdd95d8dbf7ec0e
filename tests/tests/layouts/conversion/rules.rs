//! Each rule once.

use shmstore::inspect::{FieldPath, Limits, Value};
use shmstore::migrate::Migration;
use shmstore::schema::OwnedSchema;
use shmstore::schema::Primitive::*;
use shmstore_tests::fuzz::types::real_versioned;
use shmstore_tests::images::{encode, saved, saved_bytes, vec_of};
use shmstore_tests::schemas::*;

use super::read;

/// An object with one field.
fn holder(field: OwnedSchema) -> OwnedSchema {
    structure("Holder", [("part", field)])
}

fn in_holder(value: Value) -> Value {
    Value::Struct { name: "Holder".into(), fields: vec![("part".into(), value)] }
}

/// The text of what becomes of a value, or the error.
fn converted(from: &OwnedSchema, value: Value, to: &OwnedSchema) -> Result<String, String> {
    let old = saved(&holder(from.clone()), &in_holder(value));
    let (new, migration) = old.convert_to(&holder(to.clone())).map_err(|refused| refused.to_string())?;
    assert!(migration.was_needed());
    let shown = read(&new).to_string();
    Ok(shown.trim_start_matches("{ part: ").trim_end_matches(" }").to_owned())
}

#[track_caller]
fn kept(from: OwnedSchema, value: Value, to: OwnedSchema, shown: &str) {
    assert_eq!(converted(&from, value, &to), Ok(shown.into()), "{from} to {to}");
}

#[track_caller]
fn refused(from: OwnedSchema, value: Value, to: OwnedSchema, says: &str) {
    let error = converted(&from, value, &to).expect_err(says);
    assert!(error.starts_with(says), "{from} to {to}: {error}");
    assert!(error.ends_with("where it begins with zeros, and store a value there with `migrate_with`"), "{error}");
}

fn list(values: impl IntoIterator<Item = u64>) -> Value {
    let first: Vec<_> = values.into_iter().map(Value::Unsigned).collect();
    Value::List { len: first.len() as u64, first }
}

fn variant(name: &str, discriminant: i128) -> Value {
    Value::Variant { name: name.into(), discriminant }
}

fn versioned_of(version: u64, value: Value) -> Value {
    Value::Versioned { version, locked: false, value: Box::new(value) }
}

fn field(name: &str) -> FieldPath {
    FieldPath::default().field(name)
}

fn shown(paths: &[FieldPath]) -> String {
    paths.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}

#[test]
fn numbers_become_the_same_number_or_are_refused() {
    let of = |number| Value::Versioned { version: 3, locked: false, value: Box::new(number) };
    let part = |of| real_versioned(primitive(of));
    kept(part(I64), of(Value::Signed(5)), part(U8), "5");
    refused(part(I64), of(Value::Signed(300)), part(U8), "`part` cannot be converted from `i64` to `u8`: 300 is not");
    refused(part(F64), of(Value::F64(1.5)), part(I32), "`part` cannot be converted from `f64` to `i32`: 1.5 is no");
    refused(part(F32), of(Value::F32(-0.0)), part(I32), "`part` cannot be converted from `f32` to `i32`: -0.0 would");
    let large = of(Value::Unsigned((1 << 53) + 1));
    refused(part(U64), large, part(F64), "`part` cannot be converted from `u64` to `f64`: 9007199254740993 would");
    kept(part(F64), of(Value::F64(f64::NAN)), part(F32), "NaN");
    let no_rule = "no rule leads from one type to the other";
    refused(
        part(Bool),
        of(Value::Bool(true)),
        part(U8),
        &format!("`part` cannot be converted from `bool` to `u8`: {no_rule}"),
    );
    refused(part(U32), of(Value::Unsigned(65)), part(Char), "`part` cannot be converted from `u32` to `char`");
    // Also if there is no value of it.
    refused(vec_of(primitive(Bool), 3), list([]), vec_of(primitive(U8), 3), "`part[]` cannot be converted");
}

#[test]
fn parts_that_hold_one_value_are_successors_of_one_another() {
    let cell = |of| atomic_cell(primitive(of));
    let part = |of| real_versioned(primitive(of));
    let version_of = |from: OwnedSchema, value: Value, to: OwnedSchema| {
        let old = saved(&holder(from), &in_holder(value));
        let (new, _) = old.convert_to(&holder(to)).unwrap();
        match new.read_at(&field("part"), &Limits::full()).unwrap() {
            Value::Versioned { version, value, .. } => (version, value.to_string()),
            other => (u64::MAX, other.to_string()),
        }
    };
    kept(atomic(U32), Value::Unsigned(7), cell(U64), "7");
    kept(cell(F64), Value::F64(7.0), atomic(I8), "7");
    kept(part(U64), versioned_of(9, Value::Unsigned(7)), cell(U32), "7");
    kept(part(U64), versioned_of(0, Value::Unsigned(0)), atomic(U64), "0");
    assert_eq!(version_of(atomic(U32), Value::Unsigned(7), part(U64)), (1, "7".into()));
    assert_eq!(version_of(cell(U8), Value::Unsigned(0), part(U8)), (1, "0".into()));
    for version in [0, 1, 8] {
        let number = if version == 0 { 0 } else { 7 };
        let old = versioned_of(version, Value::Unsigned(number));
        assert_eq!(version_of(part(U64), old, part(U16)), (version, number.to_string()));
    }
    kept(cache_aligned(atomic(U32)), Value::Unsigned(7), atomic(U64), "7");
    kept(part(U32), versioned_of(1, Value::Unsigned(7)), cache_aligned(atomic(U32)), "7");
    kept(cache_aligned(lock()), Value::Lock { locked: false, inconsistent: true }, lock(), "free, inconsistent");
    kept(event(), Value::Event { count: 5 }, cache_aligned(event()), "5");
    refused(event(), Value::Event { count: 5 }, atomic(U64), "`part` cannot be converted from `Event` to `AtomicU64`");
    refused(lock(), Value::Lock { locked: false, inconsistent: false }, event(), "`part` cannot be");
}

#[test]
fn arrays_lists_and_texts_keep_what_fits() {
    let bytes = |len| real_versioned(array(primitive(U8), len));
    let of = |values: &[u64]| versioned_of(1, list(values.iter().copied()));
    kept(bytes(2), of(&[1, 2]), bytes(4), "[1, 2, 0, 0]");
    kept(bytes(4), of(&[1, 2, 0, 0]), bytes(2), "[1, 2]");
    let says = "`part` cannot be converted from `[u8; 4]` to `[u8; 3]`: element [3] is not zero";
    refused(bytes(4), of(&[1, 2, 0, 9]), bytes(3), says);
    refused(array(atomic(U64), 3), list([1, 300, 3]), array(atomic(U8), 3), "`part[1]` cannot be converted");
    let some = |capacity| real_versioned(vec_of(primitive(U8), capacity));
    kept(some(9), of(&[1, 2, 3]), some(3), "[1, 2, 3]");
    refused(
        some(9),
        of(&[1, 2, 3]),
        some(2),
        "`part` cannot be converted from `FixedVec<u8, 9>` to `FixedVec<u8, 2>`: its length is 3",
    );
    let text = |capacity| real_versioned(fixed_string(capacity));
    let hello = || versioned_of(1, Value::Text("hello".into()));
    kept(text(9), hello(), text(5), "\"hello\"");
    refused(
        text(9),
        hello(),
        text(4),
        "`part` cannot be converted from `FixedString<9>` to `FixedString<4>`: its length is 5",
    );
    refused(bytes(4), of(&[0; 4]), some(4), "`part` cannot be converted from `[u8; 4]` to `FixedVec<u8, 4>`");
}

#[test]
fn enums_go_by_the_names_of_their_variants() {
    let old = enumeration("Mode", U8, &[("Off", 0), ("Fast", 1), ("Slow", 7)]);
    let new = enumeration("Speed", I32, &[("Off", 0), ("Slow", -1), ("Other", 1)]);
    let (from, to) = (real_versioned(old.clone()), real_versioned(new.clone()));
    let (kept_variant, lost) = (versioned_of(1, variant("Slow", 7)), versioned_of(1, variant("Fast", 1)));
    kept(from.clone(), kept_variant, to.clone(), "Slow");
    refused(from, lost, to, "`part` cannot be converted from `Mode` to `Speed`: the new enum has no variant `Fast`");
    // A byte that is no variant is refused, unless the layout is the same.
    let with_more = |of: OwnedSchema| structure("Values", [("mode", atomic_cell(of)), ("count", atomic(U8))]);
    let mut bytes = vec![0; 16];
    bytes[0] = 5;
    let refused = saved_bytes(&with_more(old.clone()), &bytes).convert_to(&with_more(new)).unwrap_err();
    assert_eq!((shown(&[refused.path]), refused.why.as_str()), ("mode".into(), "0x5 is no variant"));
    let wider = structure("Values", [("mode", atomic_cell(old.clone())), ("count", atomic(U16))]);
    let (same, _) = saved_bytes(&with_more(old), &bytes).convert_to(&wider).unwrap();
    assert_eq!(same.to_bytes()[same.to_bytes().len() - 32], 5);
}

#[test]
fn fields_go_by_their_names_and_each_is_listed_where_it_is_decided() {
    let owner = |fields: Vec<(&'static str, OwnedSchema)>| real_versioned(structure("Owner", fields));
    let old_owner = owner(vec![("age", primitive(U8)), ("name", fixed_string(4)), ("_pad", pad(3))]);
    let new_owner = owner(vec![
        ("name", fixed_string(8)),
        ("size", primitive(F32)),
        ("age", primitive(U64)),
        ("_pad", primitive(U8)),
    ]);
    let old = structure(
        "Before",
        [("gone", atomic(U8)), ("count", atomic(U32)), ("accounts", array(old_owner, 2)), ("label", event())],
    );
    let new = structure(
        "After",
        [("label", event()), ("fresh", lock()), ("accounts", array(new_owner, 3)), ("count", atomic(U64))],
    );
    let mut bytes = vec![0; old.size() as usize];
    let record = |age, name: &str| {
        let fields = vec![("age".into(), Value::Unsigned(age)), ("name".into(), Value::Text(name.into()))];
        versioned_of(4, Value::Struct { name: "Owner".into(), fields })
    };
    let accounts = Value::List { len: 2, first: vec![record(33, "Eve"), record(44, "Bob")] };
    let fields = [
        ("gone", Value::Unsigned(1)),
        ("count", Value::Unsigned(2)),
        ("accounts", accounts),
        ("label", Value::Event { count: 3 }),
    ];
    let fields = fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    encode(&mut bytes, 0, &old, &Value::Struct { name: "Before".into(), fields });
    let before = saved_bytes(&old, &bytes).with_room(Some(400));
    let (after, migration) = before.convert_to(&new).unwrap();
    assert_eq!(
        read(&after).to_string(),
        "{ label: 3, fresh: free, accounts: [{ name: \"Eve\", size: 0.0, age: 33, _pad: 0 }, \
         { name: \"Bob\", size: 0.0, age: 44, _pad: 0 }, { name: \"\", size: 0.0, age: 0, _pad: 0 }], count: 2 }"
    );
    let Migration { carried, new: fresh, gone, .. } = &migration;
    assert_eq!(shown(carried), "label accounts[].name accounts[].age count");
    assert_eq!(shown(fresh), "fresh accounts[].size accounts[]._pad");
    assert_eq!(shown(gone), "gone");
    // The room is as large as the new type, at least.
    assert_eq!((after.id(), after.saved(), after.room()), (before.id(), before.saved(), Some(new.size().max(400))));
    assert_eq!(saved_bytes(&old, &bytes).convert_to(&new).unwrap().0.room(), None);

    // A part that is carried as a whole is one path.
    let longer = structure("Before", [("gone", atomic(U16)), ("accounts", array(event(), 7))]);
    let shorter = structure("Before", [("gone", atomic(U8)), ("accounts", array(event(), 1_000))]);
    let (_, migration) = saved_bytes(&longer, &vec![0; longer.size() as usize]).convert_to(&shorter).unwrap();
    assert_eq!((shown(&migration.carried).as_str(), migration.new.len()), ("gone accounts", 0));
    // The same layout: nothing is to be done.
    let (same, migration) = before.convert_to(&old).unwrap();
    assert_eq!(
        (same, migration.was_needed(), shown(&migration.carried).as_str()),
        (before, false, "gone count accounts label")
    );
}

#[test]
fn queues_broadcasts_frames_and_maps_are_converted_item_by_item() {
    let first: Vec<_> = [7, 300].map(Value::Unsigned).into();
    let items = Value::Queue { len: 2, capacity: 4, pushed: 9, outstanding: 0, first };
    kept(queue(primitive(U64), 4), items.clone(), queue(primitive(U16), 2), "[7, 300]");
    refused(
        queue(primitive(U64), 4),
        items.clone(),
        queue(primitive(U8), 4),
        "`part[1]` cannot be converted from `u64` to `u8`: 300",
    );
    refused(
        queue(primitive(U64), 4),
        items,
        queue(primitive(U64), 1),
        "`part` cannot be converted from `Queue<u64, 4>` to `Queue<u64, 1>`: 2 items wait",
    );
    let last = vec![(7, Value::Unsigned(70)), (8, Value::Unsigned(300))];
    let feed = Value::Broadcast { sent: 9, capacity: 2, last };
    let old = saved(&holder(broadcast(primitive(U64), 2)), &in_holder(feed.clone()));
    let (new, _) = old.convert_to(&holder(broadcast(primitive(U16), 5))).unwrap();
    let Value::Broadcast { sent: 9, capacity: 5, last } = new.read_at(&field("part"), &Limits::full()).unwrap() else {
        panic!()
    };
    assert_eq!(last, [(7, Value::Unsigned(70)), (8, Value::Unsigned(300))]);
    refused(
        broadcast(primitive(U64), 2),
        feed,
        broadcast(primitive(U8), 2),
        "`part[8]` cannot be converted from `u64` to `u8`: 300",
    );

    let meta = Box::new(Value::Unsigned(500));
    let first: Vec<_> = [7, 300].map(Value::Unsigned).into();
    let images = || {
        let (capacity, slots, pins, loans) = (8, 4, 0, 0);
        Value::Frames { newest: 9, capacity, slots, pins, loans, len: 2, meta: meta.clone(), first: first.clone() }
    };
    let of = |element, capacity, meta| frames(primitive(element), capacity, 3, primitive(meta));
    let old = || frames(primitive(U16), 8, 4, primitive(U64));
    kept(old(), images(), of(U64, 2, U16), "frame 9 500 [7, 300]");
    kept(old(), images(), frames(primitive(F32), 9, 16, phantom()), "frame 9 [7.0, 300.0]");
    refused(old(), images(), of(U16, 2, U8), "`part.meta` cannot be converted from `u64` to `u8`: 500");
    refused(old(), images(), of(U8, 2, U64), "`part[1]` cannot be converted from `u16` to `u8`: 300");
    let long = "`part` cannot be converted from `Frames<u16, 8, 4, u64>` to `Frames<u16, 1, 3, u64>`: its newest frame";
    refused(old(), images(), of(U16, 1, U64), long);
    refused(old(), images(), of(U16, 8, Char), "`part.meta` cannot be converted from `u64` to `char`: no rule");

    let key = |fields: Vec<(&'static str, OwnedSchema)>| structure("Key", fields);
    let (id, side) = (("id", primitive(U16)), ("side", fixed_string(4)));
    let entry = |id, side: &str, value| {
        let fields = vec![("id".into(), Value::Unsigned(id)), ("side".into(), Value::Text(side.into()))];
        (Value::Struct { name: "Key".into(), fields }, versioned_of(3, Value::Unsigned(value)))
    };
    let first = vec![entry(1, "ask", 10), entry(2, "bid", 20), entry(300, "ask", 400)];
    let quotes = || Value::Map { len: 3, capacity: 4, changes: 11, first: first.clone() };
    let from = || map(key(vec![id.clone(), side.clone()]), primitive(U64), 4);
    let to = map(key(vec![side.clone(), ("id", primitive(U64))]), primitive(U16), 3);
    kept(
        from(),
        quotes(),
        to,
        r#"{{"id":1,"side":"ask"}: 10, {"id":2,"side":"bid"}: 20, {"id":300,"side":"ask"}: 400}"#,
    );
    let of_side = map(key(vec![side.clone()]), primitive(U64), 4);
    let same =
        "`part` cannot be converted from `Map<Key, u64, 4>` to `Map<Key, u64, 4>`: two of its keys become the same";
    refused(from(), quotes(), of_side, &format!(r#"{same} key {{"side":"ask"}}"#));
    let narrow_key = map(key(vec![("id", primitive(U8))]), primitive(U64), 4);
    refused(
        from(),
        quotes(),
        narrow_key,
        r#"`part[{"id":300,"side":"ask"}].id` cannot be converted from `u16` to `u8`"#,
    );
    let narrow = map(key(vec![id.clone()]), primitive(U8), 4);
    refused(from(), quotes(), narrow, r#"`part[{"id":300,"side":"ask"}]` cannot be converted from `u64` to `u8`: 400"#);
}
