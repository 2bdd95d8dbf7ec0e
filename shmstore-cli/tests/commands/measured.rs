//! Run times with many segments and with large objects.
//!
//! Run them by hand: `cargo test --release -p shmstore-cli --test commands measured -- --ignored --nocapture`.

use std::time::{Duration, Instant};

use shmstore::inspect::SavedObject;
use shmstore::schema::{OwnedField, OwnedKind, OwnedSchema, Primitive};

use super::support::*;

fn measured(what: &str, args: &[&str]) -> Duration {
    let mut times: Vec<Duration> = (0..11)
        .map(|_| {
            let start = Instant::now();
            run(args).with(0);
            start.elapsed()
        })
        .collect();
    times.sort();
    println!("\n{what}: {:.1} ms (median of 11, {:.1} to {:.1})", ms(times[5]), ms(times[0]), ms(times[10]));
    times[5]
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

#[test]
#[ignore = "a measurement, to be run by hand in release mode"]
fn list_of_4000_segments_takes_less_than_200_ms() {
    alone("measured::list_of_4000_segments_takes_less_than_200_ms", || {
        let scratch = Scratch::new();
        let store = scratch.store();
        for index in 0..4000 {
            let named = store.open_or_create_named(&format!("object-{index}")).unwrap();
            if index % 2 == 0 {
                drop(named.create::<Rover>().unwrap())
            } else {
                drop(named.create::<Counter>().unwrap())
            }
        }
        let all = measured("ls of 4,000 segments", &["ls"]);
        measured("ls PATH of 4,000 segments", &["ls", &scratch.text("rover")]);
        measured("ls --json of 4,000 segments", &["ls", "--json"]);
        measured("show among 4,000 segments", &["show", &scratch.text("rover/object-7")]);
        assert!(all < Duration::from_millis(200));
    });
}

fn node(size: u64, align: u64, kind: OwnedKind) -> OwnedSchema {
    OwnedSchema::new(size, align, kind).unwrap()
}

/// Creates an object of this layout, with all bytes zero.
fn object(scratch: &Scratch, name: &str, schema: &OwnedSchema) -> String {
    let zeros = vec![0; schema.size() as usize];
    let saved = super::planted::saved('M', schema, &zeros);
    SavedObject::parse(&saved).unwrap().create_in(&scratch.store_at(name)).unwrap();
    scratch.join(name).to_str().unwrap().to_owned()
}

#[test]
#[ignore = "a measurement, to be run by hand in release mode"]
fn large_objects_are_shown_in_less_than_100_ms() {
    let scratch = Scratch::new();
    let word = || node(8, 8, OwnedKind::Atomic(Primitive::U64));
    let fields =
        (0..1000).map(|index| OwnedField { name: format!("field_{index}"), offset: 8 * index, schema: word() });
    let kind = OwnedKind::Struct { name: "Thousand".into(), const_args: Vec::new(), fields: fields.collect() };
    let thousand = object(&scratch, "thousand", &node(8000, 8, kind));
    let words = node(64 << 20, 8, OwnedKind::Array { len: 8 << 20, element: Box::new(word()) });
    let words = object(&scratch, "words", &words);
    let mut taken = vec![
        measured("show of 1,000 fields", &["show", &thousand]),
        measured("show --json of 1,000 fields", &["show", "--json", &thousand]),
        measured("show of 64 MiB of atomics", &["show", &words]),
    ];
    for (what, schema) in large() {
        let path = object(&scratch, &what.replace(' ', "-"), &schema);
        taken.push(measured(&format!("show of {what}"), &["show", &path]));
    }
    assert!(taken.iter().all(|time| *time < Duration::from_millis(100)), "{taken:?}");
}

/// 64 MiB in one `Versioned`, and in many.
fn large() -> Vec<(&'static str, OwnedSchema)> {
    use shmstore::{ShmLayout, Versioned};
    const HALF: usize = 32 << 20;
    let one: OwnedSchema = Versioned::<[u8; HALF]>::SCHEMA.into();
    let many: OwnedSchema = <[Versioned<u64>; (64 << 20) / size_of::<Versioned<u64>>()]>::SCHEMA.into();
    vec![("a Versioned of 64 MiB", one), ("many Versioned in 64 MiB", many)]
}
