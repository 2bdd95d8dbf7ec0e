//! `save` and `load`.

use std::fs::{File, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;
use std::sync::atomic::Ordering::Relaxed;

use shmstore::{Shared, Store};

use super::support::*;

struct Files {
    scratch: Scratch,
    path: String,
    file: String,
}

fn files() -> Files {
    let scratch = Scratch::new();
    let [path, file] = ["rover", "saved"].map(|name| text(&scratch, name));
    Files { scratch, path, file }
}

/// With an object at the path whose count was 3 when it was saved, and is 4.
fn saved_counter() -> Files {
    let files = files();
    let counter = files.scratch.store().create::<Counter>().unwrap();
    counter.count.store(3, Relaxed);
    run(["save", &files.path, &files.file]).with(0);
    counter.count.store(4, Relaxed);
    files
}

fn text(scratch: &Scratch, name: &str) -> String {
    scratch.join(name).to_str().unwrap().to_owned()
}

/// Runs it as the script says that is given the program as `$0`, and what follows as arguments.
fn run_in(script: &str, args: &[&str]) -> Ended {
    let mut shell = Command::new("bash");
    shell.args(["-c", script, env!("CARGO_BIN_EXE_shmstore")]).args(args);
    ended(shell.output().expect("bash runs"))
}

/// Runs it so that modes count for root, too.
fn run_bound_by_modes(args: &[&str]) -> Ended {
    let bound = if nix::unistd::Uid::effective().is_root() {
        r#"exec setpriv --bounding-set=-dac_override,-dac_read_search "$0" "$@""#
    } else {
        r#"exec "$0" "$@""#
    };
    run_in(bound, args)
}

fn set_mode(path: &str, mode: u32) {
    std::fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

#[test]
fn object_comes_back_with_its_values() {
    let Files { scratch, path, file } = files();
    let rover = scratch.store().create::<Rover>().unwrap();
    rover.frames.store(7, Relaxed);
    rover.position.store(Position { x: 1.5, y: 2.0 });
    run(["save", &path, &file]).with(0);
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    drop(rover);
    run(["rm", "--yes", &path]).with(0);
    run(["load", &file, &path]).with(0);
    let rover = scratch.store().attach::<Rover>().unwrap();
    assert_eq!(rover.frames.load(Relaxed), 7);
    assert_eq!(rover.position.load(), Position { x: 1.5, y: 2.0 });
    drop(rover);
    let names: Vec<_> = std::fs::read_dir(scratch.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names.len(), 2, "only the directory and the file: {names:?}");
}

#[test]
fn object_is_loaded_to_a_new_directory_and_a_new_name() {
    let Files { scratch, path, file } = files();
    scratch.store().create::<Counter>().unwrap().count.store(3, Relaxed);
    run(["save", &path, &file]).with(0);
    let [made, named] = ["made", "made/left"].map(|name| scratch.join(name).to_str().unwrap().to_owned());
    assert!(run(["load", &file, &made]).with(0).out.starts_with(&format!("made directory {made}\n")));
    let ended = run(["load", "--named", "--mode", "660", &file, &named]).with(0);
    assert!(ended.out.starts_with(&format!("made name left in {made}\n")), "{ended:?}");
    assert_eq!(run(["get", &made, "count"]).with(0).out, "3\n");
    assert_eq!(run(["get", &named, "count"]).with(0).out, "3\n");
    assert_eq!(run(["ls", "--json", &named]).with(0).json()[0]["mode"], "0660");
}

#[test]
fn no_directory_is_made_in_one_that_holds_objects_or_names() {
    let Files { scratch, path, file } = files();
    let counter = scratch.store().create::<Counter>().unwrap();
    run(["save", &path, &file]).with(0);
    let foo = format!("{path}/foo");
    let ended = run(["load", &file, &foo]).with(4);
    assert!(ended.err.contains("say --named, or make the directory first"), "{ended:?}");
    drop(counter);
    run(["rm", "--yes", &path]).with(0);
    run(["load", "--named", &file, &format!("{path}/left")]).with(0);
    run(["load", &file, &foo]).with(4);
    assert!(!std::path::Path::new(&foo).exists());
    std::fs::create_dir(&foo).unwrap();
    let ended = run(["load", &file, &foo]).with(0);
    assert!(!ended.out.contains("made "), "{ended:?}");
}

#[test]
fn object_that_is_there_is_replaced_only_if_asked_for_and_unused() {
    let Files { scratch, path, file } = files();
    let counter = scratch.store().create::<Counter>().unwrap();
    counter.count.store(3, Relaxed);
    run(["save", &path, &file]).with(0);
    counter.count.store(4, Relaxed);
    assert!(run(["load", &file, &path]).with(4).err.contains("--replace"));
    run(["load", "--replace", &file, &path]).with(4);
    assert!(!Shared::is_removed(&counter));
    drop(counter);
    assert_eq!(run(["get", &path, "count"]).with(0).out, "4\n");
    run(["load", "--replace", &file, &path]).with(0);
    assert_eq!(run(["get", &path, "count"]).with(0).out, "3\n");
}

#[test]
fn object_of_another_layout_is_kept_and_the_difference_is_shown() {
    let Files { scratch, path, file } = files();
    drop(scratch.store().create::<Counter>().unwrap());
    run(["save", &path, &file]).with(0);
    run(["rm", "--yes", &path]).with(0);
    drop(scratch.store().create::<WiderCounter>().unwrap());
    let ended = run(["load", "--replace", &file, &path]).with(4);
    assert!(ended.err.contains("more") && ended.err.contains("only in the object"), "{ended:?}");
    drop(scratch.store().attach::<WiderCounter>().unwrap());
}

#[test]
fn file_that_is_damaged_or_none_is_refused() {
    let Files { scratch, path, file } = files();
    drop(scratch.store().create::<Counter>().unwrap());
    run(["save", &path, &file]).with(0);
    let mut bytes = std::fs::read(&file).unwrap();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    std::fs::write(&file, bytes).unwrap();
    let elsewhere = scratch.join("elsewhere");
    assert!(run(["load", &file, elsewhere.to_str().unwrap()]).with(1).err.contains("checksum"));
    run(["load", "/dev/zero", elsewhere.to_str().unwrap()]).with(1);
    run(["load", scratch.join("none").to_str().unwrap(), elsewhere.to_str().unwrap()]).with(3);
    assert!(!elsewhere.exists());
}

#[test]
fn file_is_replaced_whole_and_nothing_but_a_file_is() {
    let Files { scratch, path, file } = files();
    drop(scratch.store().create::<Counter>().unwrap());
    std::fs::write(&file, "old").unwrap();
    run(["save", &path, &file]).with(0);
    assert!(std::fs::read(&file).unwrap().starts_with(b"shmsaved"));
    let link = scratch.join("link");
    symlink("/dev/null", &link).unwrap();
    run(["save", &path, link.to_str().unwrap()]).with(1);
    assert!(link.is_symlink());
    let ended = run(["save", &path, scratch.join("none/file").to_str().unwrap()]).with(3);
    let none = format!("no directory {}: make it first", scratch.join("none").display());
    assert!(ended.err.contains(&none), "{ended:?}");
}

#[test]
fn file_at_which_an_object_stands_is_never_replaced_by_a_saved_one() {
    let Files { scratch, path, .. } = files();
    let store = scratch.store();
    store.open_or_create_named("eur").unwrap().create::<Counter>().unwrap().count.store(3, Relaxed);
    store.open_or_create_named("usd").unwrap();
    let named = format!("{path}/eur");
    std::fs::hard_link(format!("{named}.shm"), scratch.join("link")).unwrap();
    File::create(scratch.join("anchor")).unwrap();
    drop(Store::open(scratch.join("anchor")).unwrap().create::<Counter>().unwrap());
    for file in ["rover/eur.shm", "rover/usd.shm", "rover/new.shm", "link", "anchor"] {
        let ended = run(["save", &named, &text(&scratch, file)]).with(4);
        assert!(ended.err.contains("choose another"), "{ended:?}");
    }
    assert!(!scratch.join("rover/new.shm").exists());
    assert_eq!(run(["get", &named, "count"]).with(0).out, "3\n");
    run(["get", &text(&scratch, "anchor"), "count"]).with(0);
    // Nor one whose object this program cannot read.
    let there = run(["ls", "--json", &text(&scratch, "anchor")]).with(0).json()[0]["segment"].as_i64().unwrap();
    scratch.planted.lock().unwrap().push(there as i32);
    write_over(there as i32, 8, 7);
    run(["save", &named, &text(&scratch, "anchor")]).with(4);
    write_over(there as i32, 8, 1);
    run(["save", &named, &format!("{path}/saved")]).with(0);
}

#[test]
fn object_is_kept_if_the_limits_do_not_allow_the_new_one() {
    alone("saved::object_is_kept_if_the_limits_do_not_allow_the_new_one", || {
        let Files { path, file, .. } = &saved_counter();
        std::fs::write("/proc/sys/kernel/shmmax", "6000").unwrap();
        let ended = run(["load", "--replace", file, path]).with(1);
        assert!(ended.err.contains("SHMMAX"), "{ended:?}");
        assert_eq!(run(["get", path, "count"]).with(0).out, "4\n");
        std::fs::write("/proc/sys/kernel/shmmax", "1000000").unwrap();
        // As many pages, and as many segments, as there are: the old one makes room for the new one.
        let usage = shmstore::inspect::usage().unwrap();
        std::fs::write("/proc/sys/kernel/shmall", usage.pages.to_string()).unwrap();
        std::fs::write("/proc/sys/kernel/shmmni", usage.segments.to_string()).unwrap();
        run(["load", "--replace", file, path]).with(0);
        assert_eq!(run(["get", path, "count"]).with(0).out, "3\n");
    });
}

#[test]
fn object_that_is_replaced_hands_on_its_mode_and_number_of_processes_unless_others_are_said() {
    let Files { scratch, path, file } = files();
    let store = Store::options().mode(0o660).max_processes(5).open_or_create(&path).unwrap();
    drop(store.create::<Counter>().unwrap());
    run(["save", &path, &file]).with(0);
    let is = |mode, max_processes| {
        let segments = scratch.segments();
        let [segment] = &segments[..] else { panic!("{segments:?}") };
        let found = (segment.mode, segment.description.as_ref().unwrap().max_processes);
        assert_eq!(found, (mode, max_processes));
    };
    run(["load", "--replace", &file, &path]).with(0);
    is(0o660, 5);
    run(["load", "--replace", "--mode", "640", &file, &path]).with(0);
    is(0o640, 5);
    run(["load", "--replace", "--max-processes", "6", &file, &path]).with(0);
    is(0o640, 6);
    run(["rm", "--yes", &path]).with(0);
    run(["load", "--replace", &file, &path]).with(0);
    is(0o600, 128);
}

#[test]
fn object_in_use_is_not_replaced_and_it_is_said_what_can_be_done() {
    let Files { scratch, path, file } = saved_counter();
    let counter = scratch.store().attach::<Counter>().unwrap();
    let ended = run(["load", "--replace", &file, &path]).with(4);
    assert!(ended.err.contains("is attached ") && ended.err.contains("`shmstore rm --force`"), "{ended:?}");
    assert!(!Shared::is_removed(&counter));
}

#[test]
fn file_that_is_not_as_long_as_it_says_is_refused_before_it_is_read() {
    let Files { scratch, path, file } = saved_counter();
    let (sparse, json) = (text(&scratch, "sparse"), text(&scratch, "sparse.json"));
    let little_memory = r#"ulimit -v 1000000; exec "$0" "$@""#;
    for (front, why) in [(&b"shmsaved"[..], "version 0"), (&std::fs::read(&file).unwrap(), "cut short or extended")] {
        std::fs::write(&sparse, front).unwrap();
        File::options().write(true).open(&sparse).unwrap().set_len(6 << 30).unwrap();
        let ended = run_in(little_memory, &["load", &sparse, &path]).with(1);
        assert!(ended.err.contains(why), "{ended:?}");
    }
    File::create(&json).unwrap().set_len(3 << 30).unwrap();
    let ended = run_in(little_memory, &["diff", &json, &path]).with(1);
    assert!(ended.err.contains("longer than 1 MiB"), "{ended:?}");
}

#[test]
fn pipe_is_not_waited_for() {
    let Files { scratch, path, .. } = saved_counter();
    let [pipe, json] = ["pipe", "pipe.json"].map(|name| text(&scratch, name));
    for pipe in [&pipe, &json] {
        nix::unistd::mkfifo(pipe.as_str(), nix::sys::stat::Mode::S_IRWXU).unwrap();
    }
    assert!(run(["load", &pipe, &path]).with(1).err.contains("no regular file"));
    assert!(run(["diff", &json, &path]).with(1).err.contains("no regular file"));
    run(["diff", &pipe, &path]).with(3);
}

#[test]
fn name_of_a_file_forges_no_line() {
    let Files { scratch, path, file } = saved_counter();
    let forged = |name: &str| text(&scratch, &format!("{name}\nerror: forged"));
    std::fs::write(forged("none"), "no saved object").unwrap();
    std::fs::create_dir(forged("directory")).unwrap();
    let anchor = forged("anchor");
    drop(Store::open_or_create(&anchor).unwrap().create::<Counter>().unwrap());
    let runs = [
        vec!["load", "nowhere\nerror: forged", &path],
        vec!["load", &file, "no\nerror: forged/where"],
        vec!["load", "--mode", "0", &file, "\nerror: forged"],
        vec!["diff", "nowhere.json\nerror: forged.json", &path],
    ];
    let [none, directory] = ["none", "directory"].map(forged);
    let more = [
        vec!["load", &none, &path],
        vec!["diff", &none, &path],
        vec!["save", &path, &directory],
        vec!["load", &directory, &path],
        vec!["load", &file, &anchor],
    ];
    for args in runs.into_iter().chain(more) {
        let ended = run(&args);
        assert!(ended.code != 0 && ended.out.is_empty(), "{args:?}: {ended:?}");
        assert_eq!(ended.err.lines().count(), 1, "{args:?}: {ended:?}");
    }
}

#[test]
fn loading_makes_no_parents_and_leaves_nothing_behind_if_it_fails() {
    alone("saved::loading_makes_no_parents_and_leaves_nothing_behind_if_it_fails", || {
        let Files { scratch, path, file } = &saved_counter();
        for args in [&["load"][..], &["load", "--named"]] {
            let deep = text(scratch, "typo/er");
            let ended = run(args.iter().copied().chain([file.as_str(), &deep])).with(3);
            assert!(ended.err.contains(&format!("no directory {}: make it first", text(scratch, "typo"))), "{ended:?}");
        }
        std::fs::write("/proc/sys/kernel/shmmax", "6000").unwrap();
        run(["load", file, &text(scratch, "new")]).with(1);
        run(["load", "--named", file, &format!("{path}/new")]).with(1);
        for name in ["typo", "new", "rover/new.shm"] {
            assert!(!scratch.join(name).exists(), "{name}");
        }
        // What was there stays.
        std::fs::create_dir(scratch.join("old")).unwrap();
        run(["load", file, &text(scratch, "old")]).with(1);
        assert!(scratch.join("old").exists());
    });
}

#[test]
fn what_is_not_permitted_is_told_by_its_exit_code() {
    let Files { scratch, path, file } = saved_counter();
    let closed = text(&scratch, "closed");
    std::fs::create_dir(&closed).unwrap();
    set_mode(&closed, 0);
    let within = format!("{closed}/within");
    let ends = [
        run_bound_by_modes(&["save", &path, &within]),
        run_bound_by_modes(&["save", &path, &format!("{within}/deep")]),
        run_bound_by_modes(&["load", &within, &path]),
        run_bound_by_modes(&["load", &file, &within]),
        run_bound_by_modes(&["load", "--named", &file, &within]),
    ];
    set_mode(&closed, 0o555);
    let ends = ends.into_iter().chain([run_bound_by_modes(&["load", &file, &within])]);
    for ended in ends.collect::<Vec<_>>() {
        ended.with(5);
    }
    assert!(!Path::new(&within).exists());
}

#[test]
fn directory_that_may_be_written_and_not_read_is_enough() {
    let Files { scratch, path, .. } = saved_counter();
    let blind = text(&scratch, "blind");
    std::fs::create_dir(&blind).unwrap();
    set_mode(&blind, 0o333);
    let ended = run_bound_by_modes(&["save", &path, &format!("{blind}/saved")]);
    set_mode(&blind, 0o700);
    ended.with(0);
    assert!(scratch.join("blind/saved").exists());
}

#[test]
fn full_disk_is_told_by_the_name_that_was_asked_for() {
    let Files { path, file, .. } = &saved_counter();
    let ended = run_in(r#"trap "" XFSZ; ulimit -f 0; exec "$0" "$@""#, &["save", path, file]).with(1);
    assert_eq!(ended.err, format!("error: {file}: File too large (os error 27)\n"));
}

#[test]
fn file_that_only_ends_as_names_do_makes_no_store() {
    let Files { scratch, file, .. } = saved_counter();
    let other = text(&scratch, "other");
    std::fs::create_dir(&other).unwrap();
    std::fs::write(scratch.join("other/notes.shm"), "milk, eggs").unwrap();
    run(["load", &file, &format!("{other}/new")]).with(0);
    File::create(scratch.join("other/name.shm")).unwrap();
    assert!(run(["load", &file, &format!("{other}/newer")]).with(4).err.contains("--named"));
    std::fs::remove_file(scratch.join("other/name.shm")).unwrap();
    drop(Store::open(scratch.join("other/notes.shm")).unwrap().create::<Counter>().unwrap());
    assert!(run(["load", &file, &format!("{other}/newer")]).with(4).err.contains("--named"));
}
