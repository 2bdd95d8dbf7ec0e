//! `shmstore load`.

use std::fs::File;
use std::os::unix::fs::PermissionsExt;
use std::sync::atomic::Ordering::Relaxed;

use shmstore::{Shared, Store};

use super::files::*;
use super::support::*;

#[test]
fn object_is_loaded_with_its_values() {
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
    alone("load::object_is_loaded_to_a_new_directory_and_a_new_name", || {
        let Files { scratch, path, file } = files();
        scratch.store().create::<Counter>().unwrap().count.store(3, Relaxed);
        run(["save", &path, &file]).with(0);
        let [made, named] = ["made", "made/left"].map(|name| scratch.text(name));
        assert!(run(["load", &file, &made]).with(0).out.starts_with(&format!("created directory {made}\n")));
        let ended = run(["load", "--named", "--mode", "660", &file, &named]).with(0);
        assert!(ended.out.starts_with(&format!("created name left in {made}\n")), "{ended:?}");
        assert_eq!(run(["get", &made, "count"]).with(0).out, "3\n");
        assert_eq!(run(["get", &named, "count"]).with(0).out, "3\n");
        assert_eq!(run(["ls", "--json", &named]).with(0).json()[0]["mode"], "0660");
    });
}

#[test]
fn load_creates_no_directory_in_one_with_objects_or_names() {
    alone("load::load_creates_no_directory_in_one_with_objects_or_names", || {
        let Files { scratch, path, file } = files();
        let counter = scratch.store().create::<Counter>().unwrap();
        run(["save", &path, &file]).with(0);
        let foo = format!("{path}/foo");
        let ended = run(["load", &file, &foo]).with(4);
        assert!(ended.err.contains("use --named, or create the directory first"), "{ended:?}");
        drop(counter);
        run(["rm", "--yes", &path]).with(0);
        run(["load", "--named", &file, &format!("{path}/left")]).with(0);
        run(["load", &file, &foo]).with(4);
        assert!(!std::path::Path::new(&foo).exists());
        std::fs::create_dir(&foo).unwrap();
        let ended = run(["load", &file, &foo]).with(0);
        assert!(!ended.out.contains("created "), "{ended:?}");
    });
}

#[test]
fn existing_object_is_replaced_only_with_replace_and_if_unused() {
    let Files { scratch, path, file } = files();
    let counter = scratch.store().create::<Counter>().unwrap();
    counter.count.store(3, Relaxed);
    run(["save", &path, &file]).with(0);
    counter.count.store(4, Relaxed);
    assert!(run(["load", &file, &path]).with(4).err.contains("--replace"));
    let ended = run(["load", "--replace", &file, &path]).with(4);
    assert!(ended.err.contains("is attached ") && ended.err.contains("`shmstore rm --force`"), "{ended:?}");
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
fn damaged_missing_and_other_files_are_refused() {
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
    run(["load", &scratch.text("none"), elsewhere.to_str().unwrap()]).with(3);
    assert!(!elsewhere.exists());
}

#[test]
fn object_is_kept_if_the_limits_do_not_allow_the_new_one() {
    alone("load::object_is_kept_if_the_limits_do_not_allow_the_new_one", || {
        let Files { path, file, .. } = &saved_counter();
        std::fs::write("/proc/sys/kernel/shmmax", "6000").unwrap();
        let ended = run(["load", "--replace", file, path]).with(1);
        assert!(ended.err.contains("SHMMAX"), "{ended:?}");
        assert_eq!(run(["get", path, "count"]).with(0).out, "4\n");
        std::fs::write("/proc/sys/kernel/shmmax", "1000000").unwrap();
        // At the limit, the old object makes room for the new one.
        let usage = shmstore::inspect::usage().unwrap();
        std::fs::write("/proc/sys/kernel/shmall", usage.pages.to_string()).unwrap();
        std::fs::write("/proc/sys/kernel/shmmni", usage.segments.to_string()).unwrap();
        run(["load", "--replace", file, path]).with(0);
        assert_eq!(run(["get", path, "count"]).with(0).out, "3\n");
    });
}

#[test]
fn mode_and_max_processes_default_to_the_replaced_object() {
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
fn failed_load_creates_no_parents_and_leaves_nothing_behind() {
    alone("load::failed_load_creates_no_parents_and_leaves_nothing_behind", || {
        let Files { scratch, path, file } = &saved_counter();
        for args in [&["load"][..], &["load", "--named"]] {
            let deep = scratch.text("typo/er");
            let ended = run(args.iter().copied().chain([file.as_str(), &deep])).with(3);
            let missing = format!("directory {} does not exist: create it first", scratch.text("typo"));
            assert!(ended.err.contains(&missing), "{ended:?}");
        }
        std::fs::write("/proc/sys/kernel/shmmax", "6000").unwrap();
        run(["load", file, &scratch.text("new")]).with(1);
        run(["load", "--named", file, &format!("{path}/new")]).with(1);
        for name in ["typo", "new", "rover/new.shm"] {
            assert!(!scratch.join(name).exists(), "{name}");
        }
        // An existing directory stays.
        std::fs::create_dir(scratch.join("old")).unwrap();
        run(["load", file, &scratch.text("old")]).with(1);
        assert!(scratch.join("old").exists());
    });
}

#[test]
fn file_with_contents_is_not_a_name() {
    alone("load::file_with_contents_is_not_a_name", || {
        let Files { scratch, file, .. } = saved_counter();
        let other = scratch.text("other");
        std::fs::create_dir(&other).unwrap();
        std::fs::write(scratch.join("other/notes.shm"), "milk, eggs").unwrap();
        run(["load", &file, &format!("{other}/new")]).with(0);
        File::create(scratch.join("other/name.shm")).unwrap();
        assert!(run(["load", &file, &format!("{other}/newer")]).with(4).err.contains("--named"));
        std::fs::remove_file(scratch.join("other/name.shm")).unwrap();
        drop(Store::open(scratch.join("other/notes.shm")).unwrap().create::<Counter>().unwrap());
        assert!(run(["load", &file, &format!("{other}/newer")]).with(4).err.contains("--named"));
    });
}
