//! The command line after a migration that was killed at any of its steps, and beside one at work.

use std::sync::atomic::Ordering::Relaxed;
use std::thread;
use std::time::{Duration, Instant};

use shmstore::ShmLayout;

use super::files::*;
use super::journal::plant_journal;
use super::support::*;

/// The offset of the state in a header, and the state of a segment that is not complete.
const STATE: usize = 12;
const INITIALIZING: u32 = 1;
const READY: u32 = 2;
/// The offset of a small object.
const PAYLOAD: usize = 1024;

/// Creates an object with a count, by a process that has ended.
fn counter_of_another_process(files: &Files, count: u64) -> i32 {
    let values = files.scratch.store_at("values");
    values.create::<Counter>().unwrap().count.store(count, Relaxed);
    run(["save", &files.scratch.text("values"), &files.file]).with(0);
    values.remove::<Counter>().unwrap();
    run(["load", &files.file, &files.path]).with(0);
    files.scratch.segments()[0].shmid
}

/// An object with the count 3, and the journal of its migration with the count 5. Returns their segments.
fn interrupted() -> (Files, i32, i32) {
    let files = files();
    let object = counter_of_another_process(&files, 5);
    let journal = plant_journal(&files.scratch, &files.path, &files.scratch.segments()[0]);
    write_over(object, PAYLOAD, 3);
    (files, object, journal)
}

/// The same, killed before the journal is complete.
fn interrupted_early() -> (Files, i32, i32) {
    let (files, object, journal) = interrupted();
    write_over(journal, STATE, INITIALIZING);
    (files, object, journal)
}

/// The same, killed before the new object is complete. The old one is gone.
fn interrupted_late() -> (Files, i32, i32) {
    let (files, object, journal) = interrupted();
    write_over(object, STATE, INITIALIZING);
    (files, object, journal)
}

fn wider(scratch: &Scratch) -> String {
    let json = scratch.text("wider.json");
    std::fs::write(&json, WiderCounter::SCHEMA.to_json()).unwrap();
    json
}

#[test]
fn each_command_reads_the_object_and_not_the_leftovers() {
    let (early, ..) = interrupted_early();
    let (late, ..) = interrupted_late();
    for (Files { scratch, path, file }, count) in [(&early, "3\n"), (&late, "5\n")] {
        let before = scratch.segments().len();
        for of_type in [&[][..], &["C"], &["Counter"]] {
            assert_eq!(run(["get", path, "count"].iter().chain(of_type)).with(0).out, count);
        }
        run(["show", path]).with(0);
        run(["schema", path, "C"]).with(0);
        run(["diff", path, path]).with(0);
        run(["save", path, file]).with(0);
        let said = run(["migrate", "-n", path, "C", "--to", &wider(scratch)]).with(0);
        let first = format!("would finish or undo an interrupted migration of Counter at {path}\nwould ");
        assert!(said.out.starts_with(&first), "{said:?}");
        assert_eq!(scratch.segments().len(), before);
    }
}

#[test]
fn migrate_and_load_finish_what_was_interrupted() {
    let (early, ..) = interrupted_early();
    let (late, ..) = interrupted_late();
    for (Files { scratch, path, .. }, count) in [(&early, 3), (&late, 5)] {
        let said = run(["migrate", path, "C", "--to", &wider(scratch)]).with(0);
        assert!(said.out.starts_with("finished or undid an interrupted migration of "), "{said:?}");
        assert_eq!(scratch.segments().len(), 1);
        assert_eq!(scratch.store().attach::<WiderCounter>().unwrap().count.load(Relaxed), count);
    }
    let (Files { scratch, path, file }, ..) = interrupted_late();
    run(["save", &path, &file]).with(0);
    run(["load", "--replace", &file, &path]).with(0);
    assert_eq!(scratch.segments().len(), 1);
    assert_eq!(run(["get", &path, "count"]).with(0).out, "5\n");
}

#[test]
fn nothing_more_to_do_is_said_of_a_migration_that_was_finished() {
    let (Files { scratch, path, .. }, ..) = interrupted_late();
    let same = scratch.text("same.json");
    std::fs::write(&same, Counter::SCHEMA.to_json()).unwrap();
    let said = run(["migrate", "-n", &path, "--to", &same]).with(0).out;
    assert!(said.contains("would finish or undo ") && said.contains("\nnothing more to do: "), "{said}");
    let said = run(["migrate", &path, "--to", &same]).with(0).out;
    assert!(said.contains("finished or undid ") && said.contains("\nnothing more to do: "), "{said}");
    assert!(run(["migrate", &path, "--to", &same]).with(0).out.starts_with("nothing to do: "));
}

#[test]
fn only_leftovers_are_named_with_a_cure() {
    let files = files();
    let path = &files.path;
    write_over(counter_of_another_process(&files, 3), STATE, INITIALIZING);
    let gc = run(["get", path, "count"]).with(3).err;
    assert!(gc.contains("has only the leftovers of an object 'C'") && gc.contains("`shmstore gc`"), "{gc}");
    run(["gc", "--dry-run"]).with(0);
    let other = files.scratch.store_at("other");
    other.create::<Counter>().unwrap();
    let of_other = files.scratch.segments().into_iter().find(|one| one.shmid != files.scratch.segments()[0].shmid);
    write_over(of_other.unwrap().shmid, STATE, INITIALIZING);
    let busy = run(["get", &files.scratch.text("other"), "count"]).with(3).err;
    assert!(busy.contains("is not complete yet") && busy.contains("`shmstore doctor"), "{busy}");
}

#[test]
fn only_copy_of_the_values_is_removed_by_force() {
    let (Files { scratch, path, .. }, new, journal) = interrupted_late();
    let refused = run(["rm", "--yes", &path]).with(4).err;
    assert!(refused.contains("the only copy") && refused.contains("save --interrupted") && refused.contains("--force"));
    assert!(exists(journal) && exists(new));
    let said = run(["rm", "--yes", "--force", &path, "C"]).with(0).out;
    assert!(said.contains("removed the journal of ") && said.contains("with the values of an interrupted"), "{said}");
    assert!(!exists(journal) && !exists(new) && scratch.segments().is_empty());
    let (files, new, journal) = interrupted_late();
    assert!(run(["rm", "--yes", "--segment", &journal.to_string()]).with(0).out.contains("journal"));
    run(["rm", "--yes", &files.path]).with(0);
    assert!(!exists(new));
}

#[test]
fn removal_of_an_object_takes_what_a_migration_has_left() {
    for (Files { scratch, path, .. }, _, journal) in [interrupted_early(), interrupted()] {
        run(["rm", "--yes", &path]).with(0);
        assert!(!exists(journal) && scratch.segments().is_empty());
    }
}

#[test]
fn doctor_names_an_interrupted_migration_and_no_leftovers_of_it() {
    alone("interrupted::doctor_names_an_interrupted_migration_and_no_leftovers_of_it", || {
        let (early, late) = (interrupted_early().0, interrupted_late().0);
        for (Files { path, .. }, found) in
            [(&early, "interrupted at its beginning"), (&late, "was interrupted, and its values are complete")]
        {
            let json = run(["doctor", "--json"]).json();
            let array = json.as_array().unwrap();
            let of = |subject: String| -> Vec<_> {
                array.iter().filter(|of| of["subject"].as_str().unwrap().starts_with(&subject)).collect()
            };
            let left: Vec<_> = of("leftovers".into()).iter().map(|of| &of["severity"]).collect();
            assert_eq!(left, ["ok"], "{json}");
            let of_path = of(format!("{path} "));
            assert!(of_path.len() == 1 && of_path[0]["severity"] == "note", "{json}");
            assert!(of_path[0]["found"].as_str().unwrap().contains(found), "{json}");
        }
    });
}

#[test]
fn object_that_is_being_made_is_waited_for() {
    let Files { scratch, path, .. } = files();
    scratch.store().create::<Counter>().unwrap().count.store(3, Relaxed);
    let object = scratch.segments()[0].shmid;
    // A look at the segment is short, so the test may see none in the second for which `get` looks again and again. Then
    // the object gets ready in the middle of that second.
    let got = until("an object that is complete after the first look", || {
        write_over(object, STATE, INITIALIZING);
        thread::scope(|scope| {
            let got = scope.spawn(|| run(["get", &path, "count"]));
            let started = Instant::now();
            let has_looked = || scratch.segments().iter().any(|segment| segment.attached > 0);
            while !has_looked() && !got.is_finished() && started.elapsed() < Duration::from_millis(500) {}
            write_over(object, STATE, READY);
            Some(got.join().unwrap()).filter(|got| got.code == 0)
        })
    });
    assert_eq!(got.out, "3\n");
}

#[test]
fn values_are_read_while_an_object_is_migrated_again_and_again() {
    let Files { scratch, path, .. } = files();
    scratch.store().create::<Counter>().unwrap().count.store(7, Relaxed);
    let layouts = [wider(&scratch), scratch.text("counter.json")];
    std::fs::write(&layouts[1], Counter::SCHEMA.to_json()).unwrap();
    thread::scope(|scope| {
        let moving = scope.spawn(|| {
            for at in 0..60 {
                // `get` has the object attached for a moment, which refuses the migration.
                run(["migrate", &path, "--to", &layouts[at % 2]]);
            }
        });
        while !moving.is_finished() {
            assert_eq!(run(["get", &path, "count"]).with(0).out, "7\n");
        }
    });
}
