//! `shmstore set`, `put` and `del`.

use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use shmstore::Store;

use super::files::set_mode;
use super::plant::*;
use super::support::*;

#[test]
fn value_of_each_kind_is_what_a_typed_process_reads() {
    let (_scratch, path, plant) = plant();
    let set = |field: &str, value: &str| {
        let ended = run(["set", &path, field, value]).with(0);
        assert!(ended.out.is_empty() && ended.err.is_empty(), "{ended:?}");
    };
    set("frames", "0x1f");
    set("mode", "Driving");
    set("position", r#"{"y": 2, "x": 1.5}"#);
    set("name", "rover \"7\"");
    set("limits", "[-1, 2]");
    assert_eq!((plant.frames.load(Relaxed), plant.mode.load_checked(Relaxed).unwrap()), (31, Mode::Driving));
    assert_eq!(plant.position.load(), Position { x: 1.5, y: 2.0 });
    assert_eq!(plant.name.load().to_str().unwrap(), "rover \"7\"");
    assert_eq!(*plant.limits.load(), [-1, 2]);

    set("position.x", "-inf");
    assert_eq!(plant.position.load(), Position { x: f64::NEG_INFINITY, y: 2.0 });
    assert_eq!(plant.position.load_versioned().0, 2);
    run(["set", &path, "position.y", "--", "--1"]).with(4);
    run(["set", &path, "position.y", "-7"]).with(0);
    set("mode", "0");
    assert_eq!((plant.position.load().y, plant.mode.load_checked(Relaxed).unwrap()), (-7.0, Mode::Idle));
}

#[test]
fn output_of_get_is_a_value_again() {
    let (_scratch, path, plant) = plant();
    plant.position.store(Position { x: f64::NAN, y: 0.1 });
    plant.name.store("7".try_into().unwrap());
    plant.limits.store([i32::MIN, 0, i32::MAX].as_slice().try_into().unwrap());
    plant.quotes.insert("EURUSD".try_into().unwrap(), Position { x: 0.5, y: -0.0 }).unwrap();
    for field in ["position", "name", "limits", "mode", "frames", r#"quotes["EURUSD"]"#] {
        let json = run(["get", "--json", &path, field]).with(0).out;
        run(["set", &path, field, json.trim_end()]).with(0);
        let again = run(["get", "--json", &path, field]).with(0).json();
        let before: serde_json::Value = serde_json::from_str(&json).unwrap();
        let value = |json: &serde_json::Value| json.get("value").unwrap_or(json).clone();
        assert_eq!(value(&again), value(&before), "{field}");
    }
}

#[test]
fn value_that_the_type_does_not_have_is_refused_by_its_path() {
    let (_scratch, path, plant) = plant();
    let refused = |field: &str, value: &str, path_of_it: &str| {
        let ended = run(["set", &path, field, value]).with(4);
        assert!(ended.err.starts_with(&format!("error: `{path_of_it}` does not fit its type: expected ")), "{ended:?}");
        assert!(ended.err.contains("Nothing was stored. `shmstore schema "), "{ended:?}");
    };
    refused("frames", "-1", "frames");
    refused("frames", "18446744073709551616", "frames");
    refused("frames", "1.5", "frames");
    refused("mode", "Flying", "mode");
    refused("position", r#"{"x": 1}"#, "position");
    refused("position", r#"{"x": 1, "y": true}"#, "position.y");
    refused("position", "1 2", "position");
    refused("name", "more than sixteen bytes", "name");
    refused("limits", "[1, 2, 3, 4, 5]", "limits");
    refused("limits", "[1, 2147483648]", "limits[1]");
    refused(r#"quotes["EURUSD"]"#, "7", r#"quotes["EURUSD"]"#);
    assert_eq!((plant.frames.load(Relaxed), plant.position.load_versioned().0), (0, 0));
    assert!(plant.quotes.is_empty());
}

#[test]
fn other_parts_name_their_commands() {
    let (_scratch, path, _plant) = plant();
    for (field, cure) in [
        ("news", "shmstore notify"),
        ("jobs", "shmstore push"),
        ("ticks", "shmstore send"),
        ("quotes", "shmstore put"),
        ("audit", "by programs only"),
        ("images", "by programs only"),
    ] {
        let ended = run(["set", &path, field, "1"]).with(3);
        assert!(ended.err.contains(cure), "{ended:?}");
    }
    for command in ["push", "send"] {
        let ended = run([command, &path, "position", "1"]).with(3);
        assert!(ended.err.contains("`shmstore set` stores a value"), "{ended:?}");
    }
    run(["set", &path, ".", "{}"]).with(3);
    run(["set", &path, "none", "1"]).with(3);
    run(["set", &path, "frames"]).with(2);
    run(["set", &path, "frames", "1", "--add", "1"]).with(2);
    run(["set", &path, "frames", "1", "2"]).with(2);
}

#[test]
fn additions_of_many_processes_are_all_there() {
    let (_scratch, path, plant) = plant();
    let add = |field: &'static str| {
        let path = path.clone();
        move || (0..10).map(|_| run(["set", &path, field, "--add", "1"]).with(0).out).collect::<Vec<_>>()
    };
    let tasks = [std::thread::spawn(add("frames")), std::thread::spawn(add("frames"))];
    (0..1000).for_each(|_| _ = plant.frames.fetch_add(1, Relaxed));
    let mut before: Vec<u64> =
        tasks.into_iter().flat_map(|task| task.join().unwrap()).map(|out| out.trim_end().parse().unwrap()).collect();
    assert_eq!(plant.frames.load(Relaxed), 1020);
    before.sort_unstable();
    before.dedup();
    assert_eq!(before.len(), 20, "no two additions begin with one number");
    run(["set", &path, "frames", "--add", "-1020"]).with(0);
    assert_eq!(run(["set", &path, "frames", "--add", "-1", "--json"]).with(0).out, "0\n");
    assert_eq!(plant.frames.load(Relaxed), u64::MAX);
    let ended = run(["set", &path, "position.x", "--add", "1"]).with(4);
    assert!(ended.err.contains("only integers are added to"), "{ended:?}");
    run(["set", &path, "frames", "--add", "99999999999999999999"]).with(4);
}

#[test]
fn key_is_put_changed_and_removed() {
    let (_scratch, path, plant) = plant();
    run(["put", &path, "quotes", "EURUSD", r#"{"x": 1, "y": 2}"#]).with(0);
    run(["set", &path, r#"quotes["EURUSD"].y"#, "3"]).with(0);
    run(["set", &path, r#"quotes["USDJPY"]"#, r#"{"x": 5, "y": 6}"#]).with(0);
    let eur = "EURUSD".try_into().unwrap();
    assert_eq!(plant.quotes.get(&eur).unwrap(), Some(Position { x: 1.0, y: 3.0 }));
    run(["put", &path, "accounts", r#"{"number": 7, "symbol": "X"}"#, "-9"]).with(0);
    let account = Account { number: 7, symbol: "X".try_into().unwrap() };
    assert_eq!(plant.accounts.get(&account).unwrap(), Some(-9));

    let ended = run(["put", &path, "accounts", r#"{"number": -7, "symbol": "X"}"#, "1"]).with(4);
    assert!(ended.err.contains("the key") && ended.err.contains("in its `number`"), "{ended:?}");
    assert!(run(["put", &path, "quotes", "EURUSD", "1"]).with(4).err.contains("`quotes` does not fit"));
    assert!(run(["put", &path, "jobs", "1", "1"]).with(3).err.contains("`shmstore push`"));
    run(["put", &path, "quotes", "GBPUSD", r#"{"x": 1, "y": 2}"#]).with(0);
    assert!(run(["put", &path, "quotes", "AUDUSD", r#"{"x": 1, "y": 2}"#]).with(4).err.contains("is full"));

    let asks = run(["del", &path, "quotes", "EURUSD"]).with(4);
    assert!(
        asks.err.contains(r#"Remove the key "EURUSD" with its value { x: 1.0, y: 3.0 } from `quotes`"#),
        "{asks:?}"
    );
    assert!(asks.err.contains("use --yes") && plant.quotes.contains_key(&eur));
    let mut on = program();
    on.args(["del", &path, "quotes", "EURUSD"]);
    assert!(on_terminal(on, "n\n").with(4).out.contains("nothing was removed"));
    let removed = run(["del", "--yes", "--json", &path, "quotes", "EURUSD"]).with(0);
    assert_eq!(removed.json(), serde_json::json!({ "x": 1.0, "y": 3.0 }));
    assert!(!plant.quotes.contains_key(&eur));
    assert!(run(["del", "--yes", &path, "quotes", "EURUSD"]).with(3).err.contains(r#"no key "EURUSD""#));
    run(["set", &path, r#"quotes["EURUSD"].y"#, "3"]).with(3);
}

#[test]
fn another_writer_is_waited_for_and_then_named() {
    let (_scratch, path, plant) = plant();
    let transaction = plant.position.begin();
    let ended = run(["set", &path, "position.x", "1", "--timeout", "0.2"]).with(6);
    let pid = std::process::id();
    assert!(ended.err.contains(&format!("pid {pid} holds it")) && ended.err.contains("200ms"), "{ended:?}");
    let later = std::thread::spawn({
        let path = path.clone();
        move || run(["set", &path, "position.x", "1"])
    });
    until("the command to attach", || (Store::open(&path).ok()?.list().ok()?[0].attached > 1).then_some(()));
    std::thread::sleep(Duration::from_millis(100));
    transaction.commit();
    later.join().unwrap().with(0);
    assert_eq!(plant.position.load().x, 1.0);
}

#[test]
fn object_that_may_only_be_read_is_exit_code_5() {
    let scratch = Scratch::new();
    let store = scratch.store();
    let shared = Store::options().mode(0o644).open(store.path()).unwrap();
    let plant = shared.create::<Plant>().unwrap();
    plant.quotes.insert("EURUSD".try_into().unwrap(), Position { x: 1.0, y: 2.0 }).unwrap();
    set_mode(&scratch.text("rover"), 0o755);
    let path = scratch.text("rover");
    let commands: [&[&str]; 7] = [
        &["set", &path, "frames", "1"],
        &["notify", &path, "news"],
        &["push", &path, "jobs", "{}"],
        &["pop", &path, "jobs"],
        &["send", &path, "ticks", "1"],
        &["put", &path, "quotes", "A", "{}"],
        &["del", "--yes", &path, "quotes", "EURUSD"],
    ];
    for args in commands {
        let Some(mut program) = scratch.program_of_another_user() else { return };
        let ended = ended(program.args(args).output().unwrap()).with(5);
        assert!(ended.err.contains("permission denied for uid 65534 to write"), "{ended:?}");
        assert!(ended.err.contains("mode 0644") && ended.err.contains("`shmstore wait` need only"), "{ended:?}");
    }
    assert_eq!((plant.frames.load(Relaxed), plant.quotes.len()), (0, 1));
}

#[test]
fn one_of_several_objects_is_chosen_by_its_type() {
    let scratch = Scratch::new();
    let (counter, rover) = (scratch.store().create::<Counter>().unwrap(), scratch.store().create::<Rover>().unwrap());
    let path = scratch.text("rover");
    let ended = run(["set", &path, "count", "1"]).with(2);
    assert!(ended.err.contains("has 2 objects") && ended.err.contains("--type"), "{ended:?}");
    run(["set", "--type", "C", &path, "count", "1"]).with(0);
    run(["set", &path, "frames", "2", "-t", "Rover"]).with(0);
    run(["notify", &path, "news", "R"]).with(0);
    assert_eq!((counter.count.load(Relaxed), rover.frames.load(Relaxed), rover.news.count()), (1, 2, 1));
    run(["set", "--type", "X", &path, "count", "1"]).with(3);
}

#[test]
fn object_without_its_anchor_is_refused() {
    let scratch = Scratch::new();
    let counter = scratch.store().create::<Counter>().unwrap();
    std::fs::remove_dir(scratch.join("rover")).unwrap();
    let ended = run(["set", &scratch.text("rover"), "count", "1"]).with(4);
    assert!(ended.err.contains("its anchor no longer exists"), "{ended:?}");
    assert_eq!(counter.count.load(Relaxed), 0);
}
