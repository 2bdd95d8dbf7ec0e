//! `shmstore save`.

use std::fs::File;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::atomic::Ordering::Relaxed;

use shmstore::Store;

use super::files::*;
use super::support::*;

#[test]
fn only_a_regular_file_is_replaced() {
    let Files { scratch, path, file } = files();
    drop(scratch.store().create::<Counter>().unwrap());
    std::fs::write(&file, "old").unwrap();
    run(["save", &path, &file]).with(0);
    assert!(std::fs::read(&file).unwrap().starts_with(b"shmsaved"));
    let link = scratch.join("link");
    symlink("/dev/null", &link).unwrap();
    run(["save", &path, link.to_str().unwrap()]).with(1);
    assert!(link.is_symlink());
    let ended = run(["save", &path, &scratch.text("none/file")]).with(3);
    let none = format!("directory {} does not exist: create it first", scratch.join("none").display());
    assert!(ended.err.contains(&none), "{ended:?}");
}

#[test]
fn anchor_is_never_replaced_by_a_saved_object() {
    let Files { scratch, path, .. } = files();
    let store = scratch.store();
    store.open_or_create_named("eur").unwrap().create::<Counter>().unwrap().count.store(3, Relaxed);
    store.open_or_create_named("usd").unwrap();
    let named = format!("{path}/eur");
    std::fs::hard_link(format!("{named}.shm"), scratch.join("link")).unwrap();
    File::create(scratch.join("anchor")).unwrap();
    drop(Store::open(scratch.join("anchor")).unwrap().create::<Counter>().unwrap());
    for file in ["rover/eur.shm", "rover/usd.shm", "rover/new.shm", "link", "anchor"] {
        let ended = run(["save", &named, &scratch.text(file)]).with(4);
        assert!(ended.err.contains("choose another"), "{ended:?}");
    }
    assert!(!scratch.join("rover/new.shm").exists());
    assert_eq!(run(["get", &named, "count"]).with(0).out, "3\n");
    run(["get", &scratch.text("anchor"), "count"]).with(0);
    // The object at the anchor may be unreadable.
    let there = run(["ls", "--json", &scratch.text("anchor")]).with(0).json()[0]["segment"].as_i64().unwrap();
    scratch.remove_at_end(there as i32);
    write_over(there as i32, 8, 7);
    run(["save", &named, &scratch.text("anchor")]).with(4);
    write_over(there as i32, 8, 1);
    run(["save", &named, &format!("{path}/saved")]).with(0);
}

#[test]
fn file_of_a_wrong_length_is_refused_without_reading_it() {
    let Files { scratch, path, file } = saved_counter();
    let (sparse, json) = (scratch.text("sparse"), scratch.text("sparse.json"));
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
    let [pipe, json] = ["pipe", "pipe.json"].map(|name| scratch.text(name));
    for pipe in [&pipe, &json] {
        nix::unistd::mkfifo(pipe.as_str(), nix::sys::stat::Mode::S_IRWXU).unwrap();
    }
    assert!(run(["load", &pipe, &path]).with(1).err.contains("not a regular file"));
    assert!(run(["diff", &json, &path]).with(1).err.contains("not a regular file"));
    run(["diff", &pipe, &path]).with(3);
}

#[test]
fn newline_in_a_name_cannot_forge_a_line() {
    let Files { scratch, path, file } = saved_counter();
    let forged = |name: &str| scratch.text(&format!("{name}\nerror: forged"));
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
fn missing_permission_is_exit_code_5() {
    let Files { scratch, path, file } = saved_counter();
    let closed = scratch.text("closed");
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
fn save_needs_no_permission_to_read_the_directory() {
    let Files { scratch, path, .. } = saved_counter();
    let blind = scratch.text("blind");
    std::fs::create_dir(&blind).unwrap();
    set_mode(&blind, 0o333);
    let ended = run_bound_by_modes(&["save", &path, &format!("{blind}/saved")]);
    set_mode(&blind, 0o700);
    ended.with(0);
    assert!(scratch.join("blind/saved").exists());
}

#[test]
fn full_disk_is_reported_with_the_users_file_name() {
    let Files { path, file, .. } = &saved_counter();
    let ended = run_in(r#"trap "" XFSZ; ulimit -f 0; exec "$0" "$@""#, &["save", path, file]).with(1);
    assert_eq!(ended.err, format!("error: {file}: File too large (os error 27)\n"));
}
