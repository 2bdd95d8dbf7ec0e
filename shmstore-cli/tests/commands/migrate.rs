//! `shmstore migrate`, and `shmstore load --convert`.

use std::sync::atomic::AtomicU8;
use std::sync::atomic::Ordering::Relaxed;

use shmstore::{FixedString, Map, Queue, Shared, ShmLayout, ShmObject, Versioned};

use super::files::*;
use super::support::*;

/// The object of `Counter`, narrower and with another part.
#[derive(ShmObject)]
#[repr(C)]
#[shm(id = 'C', name = "Counter")]
struct NarrowCounter {
    count: AtomicU8,
    peak: Versioned<u64>,
}

/// The files with the layouts of these types.
fn layouts(scratch: &Scratch) -> [String; 3] {
    let jsons = [Counter::SCHEMA.to_json(), WiderCounter::SCHEMA.to_json(), NarrowCounter::SCHEMA.to_json()];
    let names = ["counter.json", "wider.json", "narrow.json"].map(|name| scratch.text(name));
    names.iter().zip(jsons).for_each(|(name, json)| std::fs::write(name, json).unwrap());
    names
}

fn counter(scratch: &Scratch, count: u64) {
    scratch.store().create::<Counter>().unwrap().count.store(count, Relaxed);
}

#[test]
fn object_is_migrated_with_its_values_and_each_field_is_told() {
    let Files { scratch, path, .. } = files();
    let [counter_json, wider, narrow] = layouts(&scratch);
    counter(&scratch, 7);
    let said = run(["migrate", &path, "--to", &wider, "--room", "100"]).with(0);
    assert!(said.out.starts_with(&format!("migrated Counter at {path}\n")), "{said:?}");
    let lines = ["size", "room", "carried", "new"].map(|word| said.line(word));
    assert_eq!(lines, ["size 16 bytes, was 8 bytes", "room 100 bytes, was none", "carried count", "new more"]);
    assert_eq!(scratch.store().attach::<WiderCounter>().unwrap().count.load(Relaxed), 7);
    let json = run(["migrate", "--json", &path, "C", "--to", &narrow]).with(0).json();
    let expected = serde_json::json!({
        "dry_run": false, "needed": true, "size_before": 16, "size": 192, "room_before": 100, "room": 192,
        "carried": ["count"], "new": ["peak"], "gone": ["more"],
    });
    assert_eq!(json, expected);
    assert_eq!(scratch.store().attach::<NarrowCounter>().unwrap().count.load(Relaxed), 7);
    run(["migrate", &path, "--to", &counter_json]).with(0);
    assert_eq!(run(["get", &path, "count"]).with(0).out, "7\n");
}

#[test]
fn object_with_all_fields_and_the_room_stays() {
    let Files { scratch, path, .. } = files();
    let [counter_json, wider, _] = layouts(&scratch);
    counter(&scratch, 7);
    for dry_run in [&["--dry-run"][..], &[]] {
        let said = run(["migrate", &path, "--to", &counter_json].iter().chain(dry_run)).with(0).out;
        assert_eq!(said, format!("nothing to do: Counter at {path} has all fields of the layout already\n"));
    }
    run(["migrate", &path, "--to", &wider, "--room", "64"]).with(0);
    let before = scratch.segments()[0].shmid;
    for (layout, room, is_followed) in [(&wider, "64", true), (&wider, "16", false), (&counter_json, "4K", false)] {
        for dry_run in [&["-n"][..], &[]] {
            let args = ["migrate", &path, "--to", layout, "--room", room];
            let said = run(args.iter().chain(dry_run)).with(0);
            assert!(said.out.starts_with("nothing to do: "), "{layout} {room}");
            let note = "is not followed, and the object stays with its room of 64 bytes";
            let cure = "to enlarge the room alone, give the object's own layout";
            assert_eq!([note, cure].map(|part| said.err.contains(part)), [!is_followed; 2], "{said:?}");
        }
    }
    assert_eq!(scratch.segments()[0].shmid, before);
}

#[test]
fn room_is_a_number_of_bytes_that_is_large_enough_for_the_type() {
    let Files { scratch, path, .. } = files();
    let [_, wider, _] = layouts(&scratch);
    counter(&scratch, 7);
    for wrong in ["0", "0K", "K", "4k", "4KK", "1.5K", "-1", "99999999T", ""] {
        run(["migrate", &path, "--to", &wider, &format!("--room={wrong}")]).with(2);
    }
    for dry_run in [&["-n"][..], &[]] {
        let small = run(["migrate", &path, "--to", &wider, "--room", "15"].iter().chain(dry_run)).with(1).err;
        assert!(small.contains("--room 15 is too small") && small.contains("takes 16 bytes"), "{small}");
    }
    let said = run(["migrate", &path, "--to", &wider, "--room", "4K"]).with(0);
    assert_eq!(said.line("room"), "room 4096 bytes, was none");
}

#[test]
fn values_that_are_lost_and_types_that_change_are_shown() {
    let Files { scratch, path, file } = files();
    let [counter_json, _, narrow] = layouts(&scratch);
    let wider = scratch.store().create::<WiderCounter>().unwrap();
    wider.count.store(7, Relaxed);
    drop(wider);
    let said = run(["migrate", "-n", &path, "--to", &narrow]).with(0);
    assert_eq!(["carried", "gone"].map(|word| said.line(word)), ["carried count (AtomicU64 → AtomicU8)", "gone more"]);
    scratch.store().attach::<WiderCounter>().unwrap().more.store(189, Relaxed);
    run(["save", &path, &file]).with(0);
    for dry_run in [&["-n"][..], &[]] {
        let said = run(["migrate", &path, "--to", &counter_json].iter().chain(dry_run)).with(0);
        assert_eq!(["carried", "gone"].map(|word| said.line(word)), ["carried count", "gone more (189)"]);
    }
    let refused = run(["load", "--replace", &file, &path]).with(4).err;
    assert!(refused.ends_with("\n--convert converts the values to the layout of the object\n"), "{refused}");
    assert_eq!(run(["load", "--convert", &file, &path]).with(0).line("gone"), "gone more (189)");
}

/// The object of `Large`, with other types.
#[derive(ShmObject)]
#[repr(C)]
#[shm(id = 'C', name = "Large")]
struct Other {
    position: Versioned<[f32; 2]>,
}

#[derive(ShmObject)]
#[repr(C)]
#[shm(id = 'C')]
struct Large {
    position: Versioned<[f64; 2]>,
    peers: Map<u32, u32, 16>,
    empty: Map<u32, u32, 16>,
    zeros: [AtomicU8; 3000],
    list: [AtomicU8; 9],
    text: Versioned<FixedString<80>>,
    jobs: Queue<u32, 4>,
}

#[test]
fn long_values_that_are_lost_are_counted_or_shortened() {
    let Files { scratch, path, .. } = files();
    let other = scratch.text("other.json");
    std::fs::write(&other, Other::SCHEMA.to_json()).unwrap();
    let large = scratch.store().create::<Large>().unwrap();
    large.peers.insert(1, 2).unwrap();
    large.list[8].store(1, Relaxed);
    large.text.store("x".repeat(80).parse().unwrap());
    large.jobs.try_push(1).unwrap();
    drop(large);
    let said = run(["migrate", "-n", &path, "--to", &other]).with(0).out;
    let lines: Vec<_> =
        said.lines().skip(3).map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    let text = format!("gone text (\"{}…)", "x".repeat(58));
    let gone =
        ["gone peers (1 key)", "gone empty", "gone zeros", "gone list (9 elements)", &text, "gone jobs (1 item)"];
    assert_eq!(lines[0], "carried position (f64 → f32)", "{said}");
    assert_eq!(lines[1..], gone, "{said}");
}

#[test]
fn layout_is_that_of_a_saved_object_or_of_another_object() {
    let Files { scratch, path, file } = files();
    counter(&scratch, 7);
    let other = scratch.store_at("other").create::<WiderCounter>().unwrap();
    run(["save", &scratch.text("other"), &file]).with(0);
    for to in [&file, &scratch.text("other")] {
        assert_eq!(run(["migrate", "-n", &path, "--to", to]).with(0).line("new"), "new more");
    }
    drop(other);
    run(["migrate", &path, "--to", &scratch.text("other")]).with(0);
    assert_eq!(scratch.store().attach::<WiderCounter>().unwrap().count.load(Relaxed), 7);
}

#[test]
fn dry_run_changes_nothing_and_says_that_the_object_is_in_use() {
    alone("migrate::dry_run_changes_nothing_and_says_that_the_object_is_in_use", || {
        let Files { scratch, path, .. } = files();
        let [_, wider, narrow] = layouts(&scratch);
        counter(&scratch, 300);
        let before = scratch.segments()[0].shmid;
        let said = run(["migrate", "-n", &path, "--to", &wider]).with(0);
        assert!(said.out.starts_with("would migrate Counter at ") && said.err.is_empty(), "{said:?}");
        assert_eq!(said.line("new"), "new more");
        assert_eq!(run(["migrate", "-n", "--json", &path, "--to", &wider]).with(0).json()["dry_run"], true);
        run(["migrate", "-n", &path, "--to", &narrow]).with(4);
        let counter = scratch.store().attach::<Counter>().unwrap();
        let said = run(["migrate", "-n", &path, "--to", &wider]).with(0);
        assert!(said.err.contains("is attached once, and is not migrated while it is in use"), "{said:?}");
        assert_eq!((scratch.segments()[0].shmid, counter.count.load(Relaxed)), (before, 300));
    });
}

#[test]
fn object_in_use_and_a_value_that_does_not_fit_are_refused() {
    let Files { scratch, path, .. } = files();
    let [_, wider, narrow] = layouts(&scratch);
    counter(&scratch, 300);
    let refused = run(["migrate", &path, "--to", &narrow]).with(4).err;
    assert!(refused.contains("`count` cannot be converted") && refused.contains("300"), "{refused}");
    let counter = scratch.store().attach::<Counter>().unwrap();
    let refused = run(["migrate", &path, "--to", &wider]).with(4).err;
    assert!(refused.contains(&format!("in use: by process {}", std::process::id())), "{refused}");
    assert!(!Shared::is_removed(&counter) && counter.count.load(Relaxed) == 300);
}

#[test]
fn files_that_are_no_schemas_and_missing_objects_are_refused() {
    let Files { scratch, path, file } = files();
    let [_, wider, _] = layouts(&scratch);
    counter(&scratch, 3);
    std::fs::write(&file, "shmsaved").unwrap();
    run(["migrate", &path, "--to", &scratch.text("none.json")]).with(3);
    for bad in [&file, "/dev/zero"] {
        run(["migrate", &path, "--to", bad]).with(1);
    }
    run(["migrate", &path]).with(2);
    run(["migrate", &path, "X", "--to", &wider]).with(3);
    run(["migrate", &scratch.text("none"), "--to", &wider]).with(3);
    assert_eq!(run(["get", &path, "count"]).with(0).out, "3\n");
}

#[test]
fn named_object_is_migrated() {
    let Files { scratch, path, .. } = files();
    let [_, wider, _] = layouts(&scratch);
    let named = scratch.store().open_or_create_named("left").unwrap();
    named.create::<Counter>().unwrap().count.store(5, Relaxed);
    run(["migrate", &format!("{path}/left"), "--to", &wider]).with(0);
    assert_eq!(named.attach::<WiderCounter>().unwrap().count.load(Relaxed), 5);
}

#[test]
fn saved_values_are_converted_to_the_object_that_is_there_or_to_a_layout() {
    let Files { scratch, path, file } = files();
    let [_, wider, narrow] = layouts(&scratch);
    counter(&scratch, 9);
    run(["save", &path, &file]).with(0);
    run(["migrate", &path, "--to", &wider, "--room", "64"]).with(0);
    scratch.store().attach::<WiderCounter>().unwrap().more.store(1, Relaxed);
    run(["load", &file, &path]).with(4);
    run(["load", "--replace", &file, &path]).with(4);
    let said = run(["load", "--convert", &file, &path]).with(0);
    let lines = ["loaded", "size", "room", "carried", "new"].map(|word| said.line(word));
    let loaded = format!("loaded Counter to {path}");
    let expected = [&loaded, "size 16 bytes, was 8 bytes", "room 64 bytes, was none", "carried count", "new more"];
    assert_eq!(lines, expected);
    let wider = scratch.store().attach::<WiderCounter>().unwrap();
    assert_eq!((wider.count.load(Relaxed), wider.more.load(Relaxed)), (9, 0));
    run(["load", "--convert", &file, &path]).with(4);
    drop(wider);

    let other = scratch.text("other");
    let refused = run(["load", "--convert", &file, &other]).with(3).err;
    assert!(refused.contains("give a layout with --to"), "{refused}");
    run(["load", "--convert", &file, &other, "--to", &narrow]).with(0);
    assert_eq!(run(["get", &other, "peak"]).with(0).out, "0\n");
    run(["load", "--to", &narrow, &file, &other]).with(2);
    let refused = run(["load", "--convert", &file, &path, "--to", &narrow]).with(4).err;
    assert!(refused.contains(&format!("has another layout than {narrow}")), "{refused}");
}

#[test]
fn saved_value_that_does_not_fit_is_refused() {
    let Files { scratch, path, file } = files();
    let [_, _, narrow] = layouts(&scratch);
    counter(&scratch, 300);
    run(["save", &path, &file]).with(0);
    let refused = run(["load", "--convert", &file, &scratch.text("other"), "--to", &narrow]).with(4).err;
    assert!(refused.contains("`count` cannot be converted"), "{refused}");
    assert!(!scratch.join("other").exists());
}
