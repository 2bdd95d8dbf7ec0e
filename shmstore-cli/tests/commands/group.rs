//! Many objects: `save --recursive`, `load` of such a file, `rm --recursive` and `show --table`.

use std::fs;
use std::path::Path;
use std::sync::atomic::Ordering::Relaxed;

use shmstore::Store;

use super::files::{run_bound_by_modes, set_mode};
use super::support::*;

/// The directory `rover` with a counter and a rover, the names `eur` and `usd` with counters, and counters at the
/// directory `deep/er` and at a file below it. The number of the counters is their place in this list.
fn fleet() -> (Scratch, String, String) {
    let scratch = Scratch::new();
    let store = scratch.store();
    let count = |store: &Store, number| store.create::<Counter>().unwrap().count.store(number, Relaxed);
    count(&store, 1);
    store.create::<Rover>().unwrap().mode.store(Mode::Driving);
    count(&store.open_or_create_named("eur").unwrap(), 3);
    count(&store.open_or_create_named("usd").unwrap(), 4);
    count(&scratch.store_at("rover/deep/er"), 5);
    fs::write(scratch.join("rover/deep/file"), "").unwrap();
    count(&Store::open(scratch.join("rover/deep/file")).unwrap(), 6);
    let (path, file) = (scratch.text("rover"), scratch.text("fleet.saved"));
    (scratch, path, file)
}

fn counts(path: &str) -> Vec<String> {
    let places = ["", "/eur", "/usd", "/deep/er", "/deep/file"];
    places.iter().map(|place| run(["get", &format!("{path}{place}"), "count", "C"]).out.trim().to_owned()).collect()
}

const ALL: [&str; 5] = ["1", "3", "4", "5", "6"];

#[test]
fn objects_of_a_directory_are_saved_and_loaded_elsewhere_and_in_place() {
    let (scratch, path, file) = fleet();
    let saved = run(["save", "--recursive", &path, &file]).with(0);
    assert!(saved.out.contains("saved Counter of deep/er, ") && saved.out.contains("saved Rover of ., "), "{saved:?}");
    assert!(saved.out.contains("saved 6 objects to "), "{saved:?}");
    let copy = scratch.text("copy");
    let loaded = run(["load", &file, &copy]).with(0);
    assert_eq!(loaded.out.lines().count(), 6, "{loaded:?}");
    assert!(loaded.out.contains(&format!("loaded Counter to {copy}/eur\n")), "{loaded:?}");
    assert_eq!(counts(&copy), ALL);
    assert_eq!(run(["get", &copy, "mode", "R"]).with(0).out, "Driving\n");
    assert!(scratch.join("copy/deep/file").is_file() && scratch.join("copy/eur.shm").is_file());

    // They are there: all are kept, or all are replaced.
    run(["set", "-t", "C", &path, "count", "9"]).with(0);
    let kept = run(["load", &file, &path]).with(4);
    assert_eq!(kept.err.matches("exists already").count(), 6, "{kept:?}");
    assert!(kept.err.contains("nothing was loaded: 6 of 6 objects cannot be") && kept.out.is_empty(), "{kept:?}");
    run(["load", "--replace", &file, &path]).with(0);
    assert_eq!(counts(&path), ALL);
    let listed = run(["rm", "-r", "--yes", "--remove-name", &path]).with(0);
    assert_eq!(listed.out.matches("\nremoved").count(), 8, "{listed:?}");
    assert!(!scratch.join("rover/eur.shm").exists());
    run(["load", &file, &path]).with(0);
    assert_eq!(counts(&path), ALL);
    // Part of them, by type.
    run(["save", "-r", &path, &file, "Rover"]).with(0);
    assert_eq!(run(["load", &file, &scratch.text("third")]).with(0).out.lines().count(), 1);
}

#[test]
fn damaged_member_is_named_and_nothing_is_loaded() {
    let (scratch, path, file) = fleet();
    run(["save", "-r", &path, &file]).with(0);
    let bytes = fs::read(&file).unwrap();
    let copy = scratch.text("copy");
    let load = |bytes: &[u8]| {
        fs::write(&file, bytes).unwrap();
        let ended = run(["load", &file, &copy]).with(1);
        assert!(!Path::new(&copy).exists() && ended.out.is_empty(), "{ended:?}");
        ended.err
    };
    let members = bytes.windows(8).enumerate().filter(|(_, at)| at == b"shmsaved").map(|(at, _)| at);
    let members: Vec<usize> = members.collect();
    assert_eq!(members.len(), 6);
    let mut two = bytes.clone();
    two[members[2] + 70] ^= 1;
    two[members[5] + 70] ^= 1;
    let why = load(&two);
    assert_eq!(why.matches("damaged: its checksum is").count(), 2, "{why}");
    assert!(why.contains("error: deep/er in ") && why.contains("nothing was loaded: 2 of 6 objects"), "{why}");
    for at in 0..members[0] {
        let mut other = bytes.clone();
        other[at] ^= 0x11;
        let why = load(&other);
        assert!(at < 8 || why.contains("damaged") || why.contains("a group of version"), "byte {at}: {why}");
    }
    for len in [0, 8, 23, 24, members[0] - 1, members[0], members[3], bytes.len() - 1] {
        load(&bytes[..len]);
    }
    assert!(load(&[&bytes[..], b"x"].concat()).contains("cut short or extended"));
}

/// Returns a group with one member at a path, whose index is as written.
fn group(path: &[u8], kind: u32, saved: &[u8]) -> Vec<u8> {
    let mut index = Vec::new();
    index.extend((saved.len() as u64).to_le_bytes());
    index.extend(u32::from(b'C').to_le_bytes());
    index.extend(kind.to_le_bytes());
    index.extend((path.len() as u32).to_le_bytes());
    index.extend(path);
    let mut bytes = b"shmgroup\x01\0\0\0\x01\0\0\0".to_vec();
    bytes.extend((index.len() as u64).to_le_bytes());
    bytes.extend(index);
    let hash = bytes.iter().fold(0x6c62_272e_07bb_0142_62b8_2175_6295_c58d_u128, |hash, byte| {
        (hash ^ u128::from(*byte)).wrapping_mul((1 << 88) + 0x13b)
    });
    bytes.extend(hash.to_le_bytes());
    bytes.extend(saved);
    bytes
}

#[test]
fn path_in_a_file_leads_nowhere_else() {
    let super::files::Files { scratch, path, file } = super::files::saved_counter();
    let saved = fs::read(&file).unwrap();
    let copy = scratch.text("copy");
    let load = |path: &[u8], kind: u32| {
        fs::write(&file, group(path, kind, &saved)).unwrap();
        run(["load", &file, &copy])
    };
    let outside = scratch.text("outside");
    for path in
        [&b"../outside"[..], outside.as_bytes(), b"a/../b", b"./a", b"a//b", b"a/", b"/", b".", b"..", b"a\0b", b"/etc"]
    {
        for kind in 0..3 {
            let ended = load(path, kind).with(1);
            assert!(ended.err.contains("damaged: the path of its member 0"), "{path:?}: {ended:?}");
        }
    }
    load(b"a", 3).with(1);
    load(b"a", 1).with(1);
    load(b"a.shm", 2).with(1);
    load(b"", 2).with(1);
    assert!(!Path::new(&outside).exists() && !Path::new(&copy).exists());
    load(b"a\x1b[2J\xff", 0).with(0);
    assert!(load(b"a\x1b[2J\xff", 0).with(4).err.contains("a\\u{1b}[2J\\xff"));
    load(b"b/c/d.shm", 1).with(0);
    assert_eq!(run(["get", &format!("{copy}/b/c/d"), "count"]).with(0).out, "3\n");
    // Another kind of file is there.
    assert!(load(b"b", 2).with(4).err.contains("is a directory"));
    fs::write(scratch.join("copy/file"), "").unwrap();
    assert!(load(b"file", 0).with(4).err.contains("is a file"));
    // The bad name of a name, and a directory that may not be written.
    load(b".shm", 1).with(1);
    set_mode(&copy, 0o500);
    let ended = run_bound_by_modes(&["load", &file, &format!("{copy}/within")]);
    set_mode(&copy, 0o700);
    assert!(ended.code == 5 || ended.code == 1, "{ended:?}");
    load(b"g", 0).with(0);
    assert!(run(["load", "--named", &file, &copy]).with(4).err.contains("--named is for one object"));
    assert!(run(["load", "--convert", &file, &copy]).with(4).err.contains("--convert is for one object"));
    assert!(run(["load", &file, &file]).with(4).err.contains("is not a directory"));
    run(["load", &file, &scratch.text("none/copy")]).with(3);
    let _ = path;
}

#[test]
fn failure_in_the_middle_says_what_was_loaded() {
    let (scratch, path, file) = fleet();
    run(["save", "-r", &path, &file]).with(0);
    let copy = scratch.text("copy");
    fs::create_dir_all(format!("{copy}/deep/er")).unwrap();
    // Every user may write there, so it cannot be an anchor.
    set_mode(&format!("{copy}/deep/er"), 0o777);
    let ended = run(["load", &file, &copy]);
    assert!(ended.code != 0 && ended.out.lines().count() == 2, "{ended:?}");
    assert!(ended.err.contains("2 objects loaded; not loaded: deep/er, deep/file, eur, usd"), "{ended:?}");
}

#[test]
fn object_that_cannot_be_saved_is_named_and_no_file_is_written() {
    let (scratch, path, file) = fleet();
    let segments = run(["ls", "--json", &path]).with(0).json();
    let eur = segments.as_array().unwrap().iter().find(|one| one["name"] == "eur").unwrap();
    let shmid = eur["segment"].as_i64().unwrap() as i32;
    scratch.remove_at_end(shmid);
    write_over(shmid, 8, 7);
    let ended = run(["save", "-r", &path, &file]);
    assert!(ended.code != 0 && ended.err.contains("nothing was saved"), "{ended:?}");
    assert!(!Path::new(&file).exists());
    write_over(shmid, 8, 1);
    // An orphan is no object of the directory any more.
    fs::remove_file(scratch.join("rover/eur.shm")).unwrap();
    let ended = run(["save", "-r", &path, &file]).with(0);
    assert!(ended.err.contains("is orphaned, and is not saved") && ended.out.contains("5 objects"), "{ended:?}");
    run(["save", "-r", &path, &format!("{path}/usd.shm")]).with(4);
    run(["save", "-r", &scratch.text("none"), &file]).with(3);
    fs::create_dir(scratch.join("empty")).unwrap();
    run(["save", "-r", &scratch.text("empty"), &file]).with(3);
}

#[test]
fn objects_in_use_are_all_kept() {
    let (scratch, path, _) = fleet();
    let there = scratch.store().attach::<Counter>().unwrap();
    let ended = run(["rm", "-r", "--yes", &path]).with(4);
    assert!(ended.err.contains("is attached once") && ended.err.contains("nothing was removed"), "{ended:?}");
    assert_eq!(counts(&path), ALL);
    drop(there);
    let asks = run(["rm", "-r", &path]).with(4);
    assert!(asks.err.contains("Remove 6 objects") && asks.out.matches("to remove: ").count() == 6, "{asks:?}");
    let mut on = program();
    on.args(["rm", "-r", &path, "Rover"]);
    assert!(on_terminal(on, "y\n").with(0).out.contains("removed "));
    let there = scratch.store().attach::<Counter>().unwrap();
    run(["rm", "-r", "--yes", "--force", &path]).with(0);
    assert!(scratch.segments().iter().all(|one| one.attached > 0), "{:?}", scratch.segments());
    assert!(scratch.join("rover/eur.shm").exists());
    drop(there);
    assert!(run(["rm", "-r", "--yes", &path]).with(0).out.contains("no objects in"));
    run(["rm", "-r", "--yes", &scratch.text("none")]).with(3);
    run(["rm", "-r", "--segment", "7"]).with(2);
}

#[test]
fn fields_of_many_objects_are_a_table() {
    let (_scratch, path, _) = fleet();
    let table = run(["show", &path, "--table", "count", "mode"]).with(0);
    assert_eq!(table.line("OBJECT"), "OBJECT TYPE STATE count mode");
    assert_eq!(table.line(&format!("{path}/usd")), format!("{path}/usd Counter ready 4 -"));
    assert!(table.out.contains("Driving") && table.out.lines().count() == 5, "{table:?}");
    let json = run(["show", &path, "--json", "--table", "count", "position.x"]).with(0).json();
    let names: Vec<_> = json.as_array().unwrap().iter().map(|row| row["name"].as_str()).collect();
    assert_eq!(names, [None, None, Some("eur"), Some("usd")]);
    assert_eq!(json[2]["values"], serde_json::json!({ "count": 3, "position.x": null }));
    assert_eq!(run(["show", &path, "Rover", "--table", "mode"]).with(0).out.lines().count(), 2);
    let none = run(["show", &path, "--table", "count", "nope"]).with(3);
    assert!(none.err.contains("no object of") && none.err.contains("has `nope`"), "{none:?}");
    run(["show", &path, "--table"]).with(2);
    run(["show", &path, "--table", "a..b"]).with(3);
}
