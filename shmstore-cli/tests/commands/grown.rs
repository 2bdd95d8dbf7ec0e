//! Objects that have grown.

use std::process::Command;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;

use shmstore::{ShmObject, Store};

use super::support::*;

mod older {
    use super::*;

    #[derive(ShmObject)]
    #[repr(C)]
    #[shm(id = 'G', room = 512)]
    pub(super) struct Gauge {
        pub(super) level: AtomicU64,
    }
}

mod newer {
    use super::*;

    #[derive(ShmObject)]
    #[repr(C)]
    #[shm(id = 'G', room = 512)]
    pub(super) struct Gauge {
        pub(super) level: AtomicU64,
        pub(super) peak: AtomicU64,
        pub(super) alarms: AtomicU64,
    }
}

/// The store at which the process of [`grow_in_another_process`] attaches the newer type.
const GROWN: &str = "SHMSTORE_CLI_GROWN";

/// Attaches the newer type in a process that ends.
fn grow_in_another_process(path: &str) {
    let mut grower = Command::new(std::env::current_exe().unwrap());
    grower.args(["--exact", "grown::process_that_grows_an_object"]).env(GROWN, path);
    assert!(ended(grower.output().unwrap()).with(0).out.contains("1 passed"));
}

#[test]
fn process_that_grows_an_object() {
    let Some(path) = std::env::var_os(GROWN) else { return };
    drop(Store::open(path).unwrap().attach::<newer::Gauge>().unwrap());
}

#[test]
fn show_has_the_newest_fields_the_room_and_the_processes_with_fewer_fields() {
    let scratch = Scratch::new();
    let path = scratch.text("rover");
    let older = scratch.store().create::<older::Gauge>().unwrap();
    older.level.store(7, Relaxed);
    let shown = run(["show", &path]).with(0);
    assert_eq!(shown.line("room"), "room 512 bytes, 8 used");
    assert!(!shown.out.contains(" of 1 field"), "{shown:?}");
    grow_in_another_process(&path);
    let shown = run(["show", &path]).with(0);
    assert_eq!((shown.line("room"), shown.line("peak")), ("room 512 bytes, 24 used".into(), "peak 0".into()));
    assert!(shown.out.contains(" 1 of 3 fields"), "{shown:?}");
    let json = run(["show", "--json", &path]).with(0).json();
    let knows: Vec<_> = json["processes"].as_array().unwrap().iter().map(|of| of["fields"].as_u64()).collect();
    assert!(knows.contains(&Some(1)) && json["object"]["room"] == 512, "{json}");
    assert_eq!(run(["ls", "--json", &path]).with(0).json()[0]["room"], 512);
    let json = run(["doctor", "--json"]).json();
    let found = json.as_array().unwrap().iter().find(|of| of["subject"].as_str().unwrap().contains(&path));
    let found = found.expect("a finding")["found"].as_str().unwrap().to_owned();
    let expected = "it has 3 fields, and the process that uses it knows the first 1 only: no program with the newer";
    assert!(found.starts_with(expected), "{found}");
    let newer = scratch.store().attach::<newer::Gauge>().unwrap();
    assert!(!run(["doctor"]).out.contains(&path), "this process knows all fields");
    drop((older, newer));
}

#[test]
fn diff_says_what_an_object_grows_by() {
    let scratch = Scratch::new();
    drop(scratch.store_at("older").create::<older::Gauge>().unwrap());
    drop(scratch.store_at("newer").create::<newer::Gauge>().unwrap());
    drop(scratch.store_at("other").create::<Counter>().unwrap());
    let [older, newer, other] = ["older", "newer", "other"].map(|name| scratch.text(name));
    let grows =
        format!("{newer} has all fields of {older} and 2 fields more behind them: {older}, which has a room of ");
    for pair in [[&older, &newer], [&newer, &older]] {
        let said = run(["diff", pair[0], pair[1]]).with(1).out;
        assert!(said.lines().last().unwrap().starts_with(&grows), "{said}");
    }
    let said = run(["diff", &older, &other]).with(1).out;
    assert!(said.contains("no object grows from one to the other"), "{said}");
    assert!(!run(["diff", &older, &older]).with(0).out.contains("grow"));
}

#[test]
fn room_survives_save_and_load() {
    let scratch = Scratch::new();
    let [path, file] = ["rover", "saved"].map(|name| scratch.text(name));
    scratch.store().create::<older::Gauge>().unwrap().level.store(7, Relaxed);
    let said = run(["save", &path, &file]).with(0).out;
    assert!(said.ends_with(", with its room of 512 bytes\n"), "{said}");
    run(["rm", "--yes", &path]).with(0);
    run(["load", &file, &path]).with(0);
    let newer = scratch.store().attach::<newer::Gauge>().unwrap();
    assert_eq!((newer.level.load(Relaxed), shmstore::Shared::grown_from(&newer)), (7, Some(1)));
}
