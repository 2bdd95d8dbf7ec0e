//! Migrations that were interrupted.

use std::os::unix::fs::MetadataExt;
use std::process::Command;
use std::sync::atomic::Ordering::Relaxed;

use shmstore::ShmLayout;
use shmstore::inspect::Segment;

use super::files::*;
use super::support::*;

/// The bit of a journal's id.
const JOURNAL: u8 = 0x80;

fn read_over(shmid: i32, offset: usize) -> u64 {
    let script = "shmread($ARGV[0], my $bytes, $ARGV[1], 8) or die $!; print unpack('Q', $bytes)";
    let output = Command::new("perl").args(["-e", script, &shmid.to_string(), &offset.to_string()]).output().unwrap();
    String::from_utf8_lossy(&output.stdout).parse().unwrap()
}

fn write_both(shmid: i32, offset: usize, word: u64) {
    write_over(shmid, offset, word as u32);
    write_over(shmid, offset + 4, (word >> 32) as u32);
}

/// The high half of the first word.
fn identity_hash(path: &str, id: u8) -> u32 {
    let stat = std::fs::metadata(path).unwrap();
    let bytes = [&stat.dev().to_le_bytes()[..], &stat.ino().to_le_bytes(), &[id]].concat();
    bytes.iter().fold(0x811c_9dc5, |hash: u32, byte| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193))
}

/// Makes a copy of an object the complete journal of its migration.
pub(crate) fn plant_journal(scratch: &Scratch, path: &str, of: &Segment) -> i32 {
    let id = of.description.as_ref().unwrap().id as u8 | JOURNAL;
    let journal = scratch.copy(of, key(std::path::Path::new(path), id));
    write_over(journal, 4, identity_hash(path, id));
    write_over(journal, 16, 8);
    write_both(journal, 24, 77);
    write_over(journal, 64, id.into());
    write_both(journal, 280, read_over(of.shmid, 24));
    write_both(journal, 288, 78);
    journal
}

/// An object with the count 3, and the journal of its migration with the count 5.
fn interrupted() -> (Files, i32) {
    let files = files();
    let counter = files.scratch.store().create::<Counter>().unwrap();
    counter.count.store(5, Relaxed);
    let journal = plant_journal(&files.scratch, &files.path, &files.scratch.segments()[0]);
    counter.count.store(3, Relaxed);
    (files, journal)
}

/// Removes an object without its journal, as a migrating process does before it dies.
fn remove_from_outside(shmid: i32) {
    let removed = Command::new("ipcrm").args(["-m", &shmid.to_string()]).status().unwrap();
    assert!(removed.success());
    until_gone(shmid);
}

/// Removes the object, and not its journal.
fn remove_all_but(scratch: &Scratch, journal: i32) {
    scratch.segments().into_iter().filter(|segment| segment.shmid != journal).for_each(|segment| {
        remove_from_outside(segment.shmid);
    });
}

/// The finding of `doctor` about the objects at a path.
fn finding(path: &str) -> serde_json::Value {
    let json = run(["doctor", "--json"]).json();
    let is_it = |of: &&serde_json::Value| of["subject"].as_str().unwrap().starts_with(&format!("{path} "));
    json.as_array().unwrap().iter().find(is_it).unwrap_or_else(|| panic!("nothing about {path}: {json}")).clone()
}

#[test]
fn journal_is_listed_and_hides_no_object() {
    let (Files { scratch, path, file }, journal) = interrupted();
    let listed = run(["ls", "--json", &path]).with(0).json();
    let of = |segment: i32| listed.as_array().unwrap().iter().find(|one| one["segment"] == segment).unwrap();
    assert_eq!((&of(journal)["state"], &of(journal)["id"]), (&"journal".into(), &"C".into()), "{listed}");
    assert_eq!(run(["get", &path, "count"]).with(0).out, "3\n");
    run(["save", "--interrupted", &path, &file]).with(0);
    let other = scratch.text("other");
    run(["load", &file, &other]).with(0);
    assert_eq!(run(["get", &other, "count"]).with(0).out, "5\n");
    // The next process that changes anything undoes the migration, because the old object is there.
    std::fs::write(scratch.join("same.json"), Counter::SCHEMA.to_json()).unwrap();
    run(["migrate", &path, "--to", &scratch.text("same.json")]).with(0);
    until_gone(journal);
    assert_eq!(run(["get", &path, "count"]).with(0).out, "3\n");
}

#[test]
fn load_replaces_an_object_beside_a_journal() {
    let (Files { scratch, path, file }, journal) = interrupted();
    run(["save", "--interrupted", &path, &file]).with(0);
    run(["load", "--replace", &file, &path]).with(0);
    assert_eq!(scratch.store().attach::<Counter>().unwrap().count.load(Relaxed), 5);
    until_gone(journal);
}

#[test]
fn values_are_converted_to_the_object_that_a_journal_becomes() {
    let (Files { scratch, path, file }, journal) = interrupted();
    run(["save", &path, &file]).with(0);
    remove_all_but(&scratch, journal);
    assert_eq!(run(["get", &path, "count"]).with(0).out, "5\n");
    run(["load", "--convert", &file, &path]).with(0);
    assert_eq!(run(["get", &path, "count"]).with(0).out, "3\n");
    until_gone(journal);
}

/// Any user can make a segment at the key of a journal.
#[test]
fn journal_of_another_user_does_not_choose_mode_and_layout_of_what_is_loaded() {
    let (Files { scratch, path, file }, journal) = interrupted();
    run(["save", &path, &file]).with(0);
    remove_all_but(&scratch, journal);
    // `struct shmid_ds` has the owner at 4 and the mode at 20. IPC_STAT is 2, IPC_SET is 1.
    let give_away = "my $of = ''; shmctl($ARGV[0], 2, $of) // die $!; substr($of, 4, 4) = pack('L', 65534); \
                     substr($of, 20, 2) = pack('S', 0666); shmctl($ARGV[0], 1, $of) // die $!";
    let given = Command::new("perl").args(["-e", give_away, &journal.to_string()]).status().unwrap();
    assert!(given.success());
    let said = run(["save", "--interrupted", &path, &format!("{file}2")]).with(4).err;
    assert!(said.contains("user 65534 has put a segment"), "{said}");
    let said = run(["doctor", &path]).with(1).out;
    assert!(said.contains(&format!("user 65534 has put segment {journal} at the key of its journal")), "{said}");
    let said = run(["load", "--convert", &file, &path]).with(3).err;
    assert!(said.contains("has no object of this id"), "{said}");
    run(["load", "--replace", &file, &path]).with(0);
    let made = scratch.segments().into_iter().find(|segment| segment.shmid != journal).unwrap();
    assert_eq!(made.mode, 0o600);
    assert!(exists(journal));
}

#[test]
fn object_in_the_place_of_a_moved_one_is_removed_without_the_journal() {
    let (Files { scratch, path, .. }, journal) = interrupted();
    let of_another = scratch.segments().into_iter().find(|segment| segment.shmid != journal).unwrap();
    write_both(journal, 280, 76);
    run(["rm", "--yes", "--segment", &of_another.shmid.to_string()]).with(0);
    assert_eq!(run(["get", &path, "count"]).with(0).out, "5\n");
    assert_eq!(scratch.store().attach::<Counter>().unwrap().count.load(Relaxed), 5);
}

#[test]
fn damaged_journal_is_named_and_becomes_no_object() {
    for (offset, word) in [(16, 0), (72, 1), (144, 7), (168, 1 << 20)] {
        let (Files { scratch, path, .. }, journal) = interrupted();
        write_over(journal, offset, word);
        remove_all_but(&scratch, journal);
        for _ in 0..2 {
            let refused = scratch.store().attach::<Counter>().err().unwrap().to_string();
            assert!(refused.contains("is damaged"), "{offset}: {refused}");
        }
        run(["rm", "--yes", "--segment", &journal.to_string()]).with(0);
        run(["get", &path, "count"]).with(3);
    }
}

#[test]
fn removal_takes_the_journal_with_it() {
    let (Files { scratch, path, .. }, journal) = interrupted();
    run(["rm", "--yes", &path]).with(0);
    until_gone(journal);
    assert!(scratch.segments().is_empty());
    run(["get", &path, "count"]).with(3);
}

#[test]
fn save_of_an_interrupted_migration_needs_one() {
    let Files { path, file, .. } = &saved_counter();
    let said = run(["save", "--interrupted", path, file]).with(3).err;
    assert!(said.contains("has no interrupted migration"), "{said}");
}

#[test]
fn doctor_names_an_interrupted_migration_and_what_follows() {
    let (files, _) = interrupted();
    let path = &files.path;
    let found = finding(path);
    assert_eq!(found["severity"], "note");
    assert!(found["found"].as_str().unwrap().contains("was interrupted") && found.to_string().contains("finishes"));
    let locked = std::fs::File::open(path).unwrap();
    locked.lock().unwrap();
    assert!(finding(path)["found"].as_str().unwrap().contains("a migration is at work"));
}

#[test]
fn doctor_tells_what_to_do_if_another_object_has_taken_the_place() {
    let (Files { scratch, path, file }, journal) = interrupted();
    write_both(journal, 280, 76);
    let found = finding(&path);
    assert_eq!(found["severity"], "mend");
    let advice = found["advice"].as_str().unwrap().to_owned();
    let save = format!("`shmstore save --interrupted {path} FILE C`");
    assert!(advice.contains(&save) && advice.contains(&format!("rm --segment {journal}`")), "{advice}");
    let refused = scratch.store().remove::<Counter>().unwrap_err().to_string();
    assert!(refused.contains("shmstore save --interrupted"), "{refused}");
    run(["save", "--interrupted", &path, &file, "C"]).with(0);
    run(["rm", "--yes", "--segment", &journal.to_string()]).with(0);
    assert_eq!(scratch.store().attach::<Counter>().unwrap().count.load(Relaxed), 3);
}
