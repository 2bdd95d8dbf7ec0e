//! `shmstore show`.

use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use shmstore::{AtomicValue, FixedString, Shared, ShmObject, ShmValue, Timestamp, Versioned};

use super::support::*;

fn rover(scratch: &Scratch) -> Shared<Rover> {
    let rover = scratch.store().create::<Rover>().unwrap();
    rover.frames.store(7, Relaxed);
    rover.position.store(Position { x: 1.5, y: -2.0 });
    rover.position.store(Position { x: 1.5, y: -3.0 });
    rover.mode.store(Mode::Driving);
    rover.name.store(FixedString::try_from("pathfinder").unwrap());
    rover.wheels[1].turns.store(9, Relaxed);
    rover.samples[0].store(5, Relaxed);
    rover
}

#[test]
fn every_field_is_shown_by_its_name() {
    alone("show::every_field_is_shown_by_its_name", || {
        let scratch = Scratch::new();
        let _rover = rover(&scratch);
        let shown = run(["show", &scratch.text("rover")]).with(0);
        assert_eq!(shown.line("type"), "type Rover");
        assert_eq!(shown.line("state"), "state ready");
        assert_eq!(shown.line("attached"), "attached once, not counting this program");
        assert!(shown.line("creator").starts_with(&format!("creator pid {}, user ", std::process::id())));
        assert_eq!(shown.line("frames"), "frames 7");
        assert_eq!(shown.line("position"), "position version 2");
        assert_eq!(shown.line("y"), "y -3.0");
        assert_eq!(shown.line("mode"), "mode Driving version 1");
        assert_eq!(shown.line("name"), "name \"pathfinder\" version 1");
        assert_eq!(shown.line("audit"), "audit free");
        assert_eq!(shown.line("wheels"), "wheels 2 elements");
        assert!(shown.out.contains("    [1]\n      turns  9\n"), "{}", shown.out);
        assert_eq!(shown.line("samples"), "samples [5, 0, 0, 0, 0, 0, 0, 0, … 12 more]");
        let full = run(["show", "--full", &scratch.text("rover")]).with(0);
        assert!(!full.out.contains("more"), "{full:?}");
    });
}

#[derive(ShmObject)]
#[repr(C)]
#[shm(id = 'W')]
struct Watch {
    started: AtomicValue<Timestamp>,
    laps: Versioned<[Timestamp; 2]>,
    last: Versioned<Lap>,
}

#[derive(Clone, Copy, ShmValue)]
#[repr(C)]
struct Lap {
    ended: Timestamp,
    number: u64,
}

#[test]
fn timestamps_are_shown_as_dates() {
    let scratch = Scratch::new();
    let watch = scratch.store().create::<Watch>().unwrap();
    let times = [1_795_354_802_000_000_007, -1].map(Timestamp::from_nanos);
    watch.started.store(times[0], Relaxed);
    watch.laps.store(times);
    watch.last.store(Lap { ended: times[1], number: 2 });
    let path = scratch.join("rover");
    let shown = run(["show", path.to_str().unwrap()]).with(0);
    assert_eq!(shown.line("started"), "started 2026-11-22T13:40:02.000000007Z");
    let laps = "laps [2026-11-22T13:40:02.000000007Z, 1969-12-31T23:59:59.999999999Z] version 1";
    assert_eq!(shown.line("laps"), laps);
    assert_eq!(shown.line("ended"), "ended 1969-12-31T23:59:59.999999999Z");
    let json = run(["show", "--json", path.to_str().unwrap()]).with(0).json();
    assert_eq!(json["value"]["last"]["value"]["ended"]["nanoseconds"], -1);
}

#[test]
fn process_and_the_locks_that_it_holds_are_shown() {
    let scratch = Scratch::new();
    let rover = rover(&scratch);
    let audit = rover.audit.lock().unwrap();
    let writing = rover.wheels[0].speed.begin();
    let pid = std::process::id();
    let path = scratch.join("rover");
    let shown = run(["show", path.to_str().unwrap()]).with(0);
    let process = shown.line("pid");
    assert!(process.starts_with(&format!("pid {pid} alive since ")), "{process}");
    assert!(process.contains("holds") && process.contains("audit") && process.contains("wheels[0].speed"), "{process}");
    assert_eq!(shown.line("audit"), format!("audit locked by pid {pid}"));
    assert_eq!(shown.line("speed"), format!("speed 0.0 version 0, locked by pid {pid}"));
    drop((audit, writing));
    let json = run(["show", "--json", path.to_str().unwrap()]).with(0).json();
    assert_eq!(json["processes"][0]["pid"], pid);
    assert_eq!(json["processes"][0]["holding"], serde_json::json!([]));
    assert_eq!(json["object"]["type"], "Rover");
    assert_eq!(json["value"]["position"]["value"]["y"], -3.0);
    assert_eq!(json["value"]["position"]["version"], 2);
    assert_eq!(json["value"]["samples"]["len"], 20);
}

#[test]
fn fields_in_json_keep_their_order() {
    let scratch = Scratch::new();
    let _rover = rover(&scratch);
    let json = run(["show", "--json", &scratch.text("rover")]).with(0).out;
    let places = ["\"frames\"", "\"position\"", "\"audit\"", "\"samples\""].map(|key| json.find(key).unwrap());
    assert!(places.is_sorted(), "{json}");
}

#[test]
fn type_selects_one_of_several_objects() {
    let scratch = Scratch::new();
    let _rover = rover(&scratch);
    let _counter = scratch.store().create::<Counter>().unwrap();
    let path = &*scratch.text("rover");
    let ended = run(["show", path]).with(2);
    assert!(ended.err.contains("Rover") && ended.err.contains("Counter"), "{ended:?}");
    assert_eq!(run(["show", path, "Counter"]).with(0).line("type"), "type Counter");
    assert_eq!(run(["show", path, "R"]).with(0).line("type"), "type Rover");
    run(["show", path, "Other"]).with(3);
    run(["show", &scratch.text("none")]).with(3);
}

/// Any process can write the path of another anchor into its own segment.
#[test]
fn segment_whose_key_does_not_fit_its_path_is_ignored() {
    let scratch = Scratch::new();
    drop(scratch.store().create::<Counter>().unwrap());
    let path = scratch.join("rover");
    let script = "my $from = shmget($ARGV[0], 0, 0); my $size = $ARGV[1]; my $bytes; shmread($from, $bytes, 0, $size) \
                  or die $!; \
                  my $to = shmget(0, $size, 03600); shmwrite($to, $bytes, 0, $size) or die $!; print $to";
    let there = scratch.segments().remove(0);
    let args = ["-e", script, &there.key.to_raw().to_string(), &there.size.to_string()];
    let output = std::process::Command::new("perl").args(args).output().unwrap();
    let copy: i32 = String::from_utf8(output.stdout).unwrap().parse().expect("a copy of the segment");
    scratch.remove_at_end(copy);
    assert_eq!(scratch.segments().len(), 2);
    let shown = run(["show", path.to_str().unwrap()]).with(0);
    assert!(shown.line("segment").starts_with(&format!("segment {},", there.shmid)), "{shown:?}");
    run(["rm", "--yes", path.to_str().unwrap()]).with(0);
    run(["show", path.to_str().unwrap()]).with(3);
    run(["rm", "--yes", path.to_str().unwrap()]).with(3);
    assert!(exists(copy));
}

#[test]
fn large_value_is_consistent_while_another_thread_stores_it() {
    #[derive(shmstore::ShmObject)]
    #[repr(C)]
    #[shm(id = 'L')]
    struct Large {
        rows: shmstore::Versioned<[[u64; 4]; 4096]>,
    }
    let scratch = Scratch::new();
    let large = scratch.store().create::<Large>().unwrap();
    let path = scratch.join("rover");
    let store = |round| {
        large.rows.store([[round; 4]; 4096]);
        // Without a pause, a slow copy on a busy machine may never succeed.
        if round % 8 == 0 {
            std::thread::sleep(Duration::from_millis(3));
        }
    };
    let (shown, tree) = while_busy(store, || {
        let shown: Vec<Ended> = (0..20).map(|_| run(["get", "--json", path.to_str().unwrap(), "rows"])).collect();
        let tree: Vec<Ended> = (0..20).map(|_| run(["show", "--json", path.to_str().unwrap()])).collect();
        (shown, tree)
    });
    for value in tree.into_iter().map(|ended| ended.with(0).json()["value"]["rows"].clone()) {
        let first = value["value"]["first"].as_array().unwrap_or_else(|| panic!("{value}"));
        let numbers: Vec<_> = first.iter().flat_map(|row| row.as_array().unwrap()).collect();
        assert!(numbers.iter().all(|number| *number == numbers[0]) && numbers[0] == &value["version"], "{value}");
    }
    for value in shown.into_iter().map(|ended| ended.with(0).json()) {
        assert!(value["value"][0][0] == value["value"][4095][3]);
    }
}

#[test]
fn object_of_another_user_is_exit_code_5_and_not_3() {
    let scratch = Scratch::new();
    let Some(other) = scratch.program_of_another_user() else { return };
    drop(scratch.store().create::<Counter>().unwrap());
    let path = &*scratch.text("rover");
    let run = |args: &[&str]| {
        let mut all = std::process::Command::new(other.get_program());
        ended(all.args(other.get_args()).args(args).output().unwrap())
    };
    for args in [&["show", path][..], &["show", path, "Counter"], &["get", path, "count"], &["rm", "--yes", path]] {
        let ended = run(args).with(5);
        assert!(ended.err.contains("mode 0600"), "{ended:?}");
    }
    run(&["show", path, "X"]).with(3);
    assert!(run(&["doctor", path]).out.contains("you may not read "));
    // The same holds in a directory that the user may not search.
    run(&["show", &format!("{path}/left")]).with(5);
    run(&["rm", "--yes", &format!("{path}/left")]).with(5);
    std::fs::create_dir(scratch.join("closed")).unwrap();
    std::fs::set_permissions(scratch.join("closed"), std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    run(&["ls", &scratch.text("closed")]).with(5);
    run(&["doctor", &scratch.text("closed")]).with(1);
    run(&["show", &format!("{path}-none")]).with(3);
}

#[test]
fn orphan_is_read_by_its_former_path() {
    let scratch = Scratch::new();
    let counter = scratch.store().create::<Counter>().unwrap();
    counter.count.store(7, Relaxed);
    drop(counter);
    let [path, file] = ["rover", "saved"].map(|name| scratch.text(name));
    std::fs::remove_dir(&path).unwrap();
    assert!(run(["show", &path]).with(0).line("state").starts_with("state orphaned: its anchor is gone"));
    assert_eq!(run(["get", &path, "count"]).with(0).out, "7\n");
    run(["schema", &path]).with(0);
    run(["save", &path, &file]).with(0);
    run(["diff", &path, &file]).with(0);
    // A new object at the path takes precedence.
    drop(scratch.store().create::<Counter>().unwrap());
    assert_eq!(run(["show", &path]).with(0).line("state"), "state ready");
    std::fs::remove_dir(&path).unwrap();
    let ended = run(["show", &path]).with(2);
    assert!(scratch.segments().iter().all(|of| ended.err.contains(&format!("segment {}", of.shmid))), "{ended:?}");
}

#[test]
fn directory_and_the_name_beside_it_are_told_apart_by_all_commands() {
    let scratch = Scratch::new();
    let (directory, name) = (scratch.store_at("rover/foo"), scratch.store().open_or_create_named("foo").unwrap());
    for (store, count) in [(&directory, 1), (&name, 2)] {
        store.create::<Counter>().unwrap().count.store(count, Relaxed);
    }
    let [foo, file] = ["rover/foo", "file"].map(|name| scratch.text(name));
    let runs: [&[&str]; 8] = [
        &["show", &foo],
        &["show", &foo, "Counter"],
        &["get", &foo, "count"],
        &["schema", &foo],
        &["save", &foo, &file],
        &["diff", &foo, &foo],
        &["watch", &foo],
        &["rm", "--yes", &foo],
    ];
    for args in runs {
        let ended = run(args).with(2);
        assert!(ended.err.contains(&format!("{foo}/ (")) && ended.err.contains(&format!("{foo}.shm (")), "{ended:?}");
    }
    assert_eq!(run(["get", &format!("{foo}/"), "count"]).with(0).out, "1\n");
    assert_eq!(run(["get", &format!("{foo}.shm"), "count"]).with(0).out, "2\n");
    // The type is enough, if only one of the two anchors has an object of this type.
    drop(name.create::<Rover>().unwrap());
    assert_eq!(run(["show", &foo, "Rover"]).with(0).line("type"), "type Rover");
    directory.remove::<Counter>().unwrap();
    assert_eq!(run(["get", &foo, "count", "Counter"]).with(0).out, "2\n");
}

/// Of a directory and the name beside it, `load` means the one with the object, as all commands do.
#[test]
fn load_replaces_the_object_of_a_name_beside_a_directory() {
    let scratch = Scratch::new();
    scratch.store().open_or_create_named("foo").unwrap().create::<Counter>().unwrap().count.store(2, Relaxed);
    drop(scratch.store_at("rover/foo"));
    let [foo, directory, file] = ["rover/foo", "rover/foo/", "file"].map(|name| scratch.text(name));
    run(["save", &foo, &file]).with(0);
    run(["load", &file, &foo]).with(4);
    let before = scratch.segments()[0].shmid;
    run(["load", "--replace", &file, &foo]).with(0);
    let after: Vec<i32> = scratch.segments().iter().map(|segment| segment.shmid).collect();
    assert!(after.len() == 1 && after[0] != before, "{after:?}");
    run(["load", &file, &directory]).with(0);
    assert_eq!(scratch.segments().len(), 2);
    let ended = run(["load", "--replace", &file, &foo]).with(2);
    assert!(ended.err.contains("foo/") && ended.err.contains("foo.shm"), "{ended:?}");
    // A saved object cannot be an anchor.
    run(["load", &file, &file]).with(4);
}

/// Any process with write access can change the path in a segment.
#[test]
fn object_with_an_anchor_is_not_shown_at_a_false_path() {
    let scratch = Scratch::new();
    drop(scratch.store_at("app"));
    let elsewhere = scratch.store_at("elsewhere").create::<Counter>().unwrap();
    let app = std::fs::canonicalize(scratch.join("app")).unwrap();
    write_path(Shared::info(&elsewhere).unwrap().shmid, app.to_str().unwrap());
    for command in ["show", "schema", "watch"] {
        run([command, app.to_str().unwrap()]).with(3);
    }
    run(["get", app.to_str().unwrap(), "count"]).with(3);
    run(["rm", "--yes", app.to_str().unwrap()]).with(3);
    assert_eq!(scratch.segments().len(), 1);
}

#[test]
fn all_commands_report_a_missing_path_in_the_same_words() {
    let scratch = Scratch::new();
    let none = scratch.text("none");
    let runs: [&[&str]; 7] = [
        &["ls", &none],
        &["show", &none],
        &["get", &none, "."],
        &["schema", &none],
        &["watch", &none],
        &["diff", &none, &none],
        &["rm", "--yes", &none],
    ];
    let told = runs.map(|args| run(args).with(3).err);
    assert!(told[0].contains(&format!("neither {none} nor the name's file {none}.shm exists")), "{told:?}");
    assert!(told.iter().all(|words| *words == told[0]), "{told:?}");
}

#[test]
fn saved_object_is_recognized_in_the_error() {
    let scratch = Scratch::new();
    drop(scratch.store().create::<Counter>().unwrap());
    let [path, file] = ["rover", "saved"].map(|name| scratch.text(name));
    run(["save", &path, &file]).with(0);
    let ended = run(["show", &file]).with(3);
    assert!(ended.err.contains("is a saved object") && ended.err.contains("shmstore load"), "{ended:?}");
}
