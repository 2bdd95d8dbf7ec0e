//! Random objects, and random changes of their types.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use shmstore::inspect::{FieldPath, SavedObject, Value};
use shmstore::migrate::Migration;
use shmstore::schema::{OwnedKind, OwnedSchema};
use shmstore_tests::fuzz::saved::sign;
use shmstore_tests::images::saved;
use shmstore_tests::random::Random;

use super::types::{any_value, changed, object_type, structure_type};
use super::{expected, read, text};

/// Calls a check with many random generators, and prints the number of the one with which it fails.
fn with_random(count: u64, check: impl Fn(&mut Random)) {
    let first = std::env::var("SHMSTORE_SEED").ok().map(|seed| seed.parse().expect("a number"));
    let seeds = first.map_or(1..count + 1, |seed: u64| seed..seed + 1);
    for seed in seeds {
        catch_unwind(AssertUnwindSafe(|| check(&mut Random::new(seed)))).unwrap_or_else(|panic| {
            println!("SHMSTORE_SEED={seed}");
            resume_unwind(panic)
        });
    }
}

/// A random type of an object, a change of it, and values of the first one.
fn any(random: &mut Random) -> (OwnedSchema, OwnedSchema, Value) {
    let from = if random.one_in(4) { object_type(random, 3) } else { structure_type(random, 3) };
    let to = changed(random, &from);
    let value = any_value(random, &from);
    (from, to, value)
}

/// Checks a conversion against the rules. Returns what it made, if it was not refused.
fn check(old: &SavedObject, to: &OwnedSchema) -> Option<(SavedObject, Migration)> {
    let (from, value) = (old.schema(), read(old));
    let mut unfit = expected::types(from, to, ".");
    let mut new = Value::Nothing;
    if unfit.is_empty() {
        new = expected::value(from, to, &value, &FieldPath::default(), &mut unfit);
    }
    match old.convert_to(to) {
        Ok((converted, migration)) => {
            assert_eq!(unfit, Vec::<String>::new(), "{value:?}\nof {}\nas {}", from.to_json(), to.to_json());
            assert_eq!(text(&read(&converted)), text(&new), "{value:?}\nof {}\nas {}", from.to_json(), to.to_json());
            assert_eq!((converted.id(), converted.saved(), converted.schema()), (old.id(), old.saved(), to));
            // It is as it is when it is loaded.
            assert_eq!(SavedObject::parse(&converted.to_bytes()).unwrap(), converted);
            assert_eq!(migration.was_needed(), from != to);
            Some((converted, migration))
        }
        Err(refused) => {
            let path = refused.path.to_string();
            assert!(unfit.contains(&path), "{refused}\nnot one of {unfit:?}\n{}\nas {}", from.to_json(), to.to_json());
            None
        }
    }
}

#[test]
fn what_the_rules_carry_is_carried_and_what_they_refuse_is_refused_by_path() {
    let (made, refused) = (std::cell::Cell::new(0), std::cell::Cell::new(0));
    with_random(1200, |random| {
        let (from, to, value) = any(random);
        let old = saved(&from, &value);
        assert_eq!(text(&read(&old)), text(&value), "the values are as they were encoded");
        let count = if check(&old, &to).is_some() { &made } else { &refused };
        count.set(count.get() + 1);
    });
    println!("{} conversions, {} refused", made.get(), refused.get());
    assert!(made.get() > 500 && refused.get() > 100 || made.get() + refused.get() == 1);
}

#[test]
fn conversion_to_the_same_layout_changes_no_byte() {
    with_random(300, |random| {
        let (from, _, value) = any(random);
        let old = saved(&from, &value);
        let (same, migration) = old.convert_to(&from).unwrap();
        assert_eq!(same.to_bytes(), old.to_bytes());
        assert!(!migration.was_needed() && migration.new.is_empty() && migration.gone.is_empty());
    });
}

#[test]
fn way_there_and_back_carries_all_that_the_other_layout_holds() {
    with_random(800, |random| {
        let (from, to, value) = any(random);
        let old = saved(&from, &value);
        let Some((there, migration)) = check(&old, &to) else { return };
        let (back, _) = check(&there, &from).expect("no value has changed");
        if migration.gone.is_empty() && !has_broadcast(&from) {
            assert_eq!(without_versions(&read(&back)), without_versions(&value));
        }
    });
}

fn has_broadcast(schema: &OwnedSchema) -> bool {
    schema.to_json().contains(r#""kind":"broadcast""#)
}

/// The text of values without the versions: these are lost in an atomic.
fn without_versions(value: &Value) -> String {
    let text = text(value);
    let mut parts = text.split("Versioned { version: ");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |all, part| all + part.trim_start_matches(|digit: char| digit.is_ascii_digit()))
}

/// Lists the fields of a struct, by their paths.
fn names(schema: &OwnedSchema) -> BTreeSet<String> {
    let OwnedKind::Struct { fields, .. } = schema.kind() else { panic!("{schema}") };
    let has_meaning = |schema: &OwnedSchema| !matches!(schema.kind(), OwnedKind::Pad | OwnedKind::Phantom);
    fields.iter().filter(|field| has_meaning(&field.schema)).map(|field| field.name.clone()).collect()
}

#[test]
fn each_field_of_an_object_is_in_one_of_the_three_lists_by_itself_or_by_its_parts() {
    with_random(500, |random| {
        let from = structure_type(random, 3);
        let to = changed(random, &from);
        let value = any_value(random, &from);
        let Ok((_, migration)) = saved(&from, &value).convert_to(&to) else { return };
        let of = |paths: &[FieldPath]| -> BTreeSet<String> { paths.iter().map(ToString::to_string).collect() };
        let [carried, new, gone] = [&migration.carried, &migration.new, &migration.gone].map(|paths| of(paths));
        let (old_names, new_names) = (names(&from), names(&to));
        let whole = |paths: &BTreeSet<String>| -> BTreeSet<String> {
            paths.iter().filter(|path| old_names.contains(*path) || new_names.contains(*path)).cloned().collect()
        };
        assert_eq!(whole(&new), &new_names - &old_names);
        assert_eq!(whole(&gone), &old_names - &new_names);
        for name in &new_names & &old_names {
            let is_below =
                |path: &String| path.starts_with(&format!("{name}.")) || path.starts_with(&format!("{name}["));
            let in_parts = new.iter().chain(&gone).any(&is_below);
            assert_ne!(carried.contains(&name), in_parts, "{name}: {migration:?}");
            assert!(in_parts || !carried.iter().any(is_below), "{name}: {migration:?}");
        }
    });
}

#[test]
fn damaged_bytes_are_converted_or_refused() {
    with_random(1200, |random| {
        let (from, to, value) = any(random);
        let mut file = saved(&from, &value).to_bytes();
        let values = file.len() - 16 - from.size() as usize..file.len() - 16;
        if values.is_empty() {
            return;
        }
        for _ in 0..random.within(1..9) {
            let at = random.within(values.clone());
            let end = (at + random.within(1..9)).min(values.end);
            let byte = [0, 1, 0xff, random.number() as u8][random.within(0..4)];
            file[at..end].fill(byte);
        }
        sign(&mut file);
        let damaged = SavedObject::parse(&file).unwrap();
        match damaged.convert_to(&to) {
            Ok((converted, _)) => {
                let _ = read(&converted);
                assert_eq!(SavedObject::parse(&converted.to_bytes()).unwrap(), converted);
                let _ = converted.convert_to(&from).map_err(|refused| refused.to_string());
            }
            Err(refused) => drop(refused.to_string()),
        }
    });
}
