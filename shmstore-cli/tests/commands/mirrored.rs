//! Copies of other machines' objects, and `shmstore mirror`.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;

use shmstore::ShmLayout;
use shmstore::dynamic::{MirroredObject, Options};
use shmstore::schema::OwnedSchema;

use super::support::*;

fn copy(scratch: &Scratch) -> MirroredObject {
    let options = Options { id: 'C', room: None };
    MirroredObject::create(&scratch.store(), &OwnedSchema::from(Counter::SCHEMA), options, "rover7").unwrap()
}

#[test]
fn list_names_the_origin_and_says_what_is_stale() {
    let scratch = Scratch::new();
    let path = scratch.text("rover");
    let state = || run(["ls", &path]).with(0).out.lines().nth(1).unwrap().trim_end().to_owned();
    let mirrored = || run(["ls", "--json", &path]).with(0).json()[0]["mirrored"].clone();
    let copy = copy(&scratch);
    assert!(state().ends_with("  copy of rover7, stale"), "{}", state());
    let expected = serde_json::json!({"origin": "rover7", "heard_seconds_ago": null, "owner_pid": std::process::id()});
    assert_eq!(mirrored(), expected);
    copy.set_heard();
    assert!(state().ends_with("  copy of rover7"), "{}", state());
    let heard = mirrored()["heard_seconds_ago"].as_f64().unwrap();
    assert!((0.0..3.0).contains(&heard), "{heard}");
    std::thread::sleep(std::time::Duration::from_millis(3100));
    let stale = state();
    assert!(stale.contains("  copy of rover7, stale for ") && stale.ends_with('s'), "{stale}");
    drop(copy);
    assert_eq!(mirrored()["owner_pid"], serde_json::Value::Null);
    drop(scratch.store().attach::<Counter>().unwrap());
    assert!(state().ends_with("  ready") && mirrored().is_null());
}

#[test]
fn head_of_an_object_names_the_origin_and_the_owner() {
    let scratch = Scratch::new();
    let path = scratch.text("rover");
    let copy = copy(&scratch);
    copy.set_heard();
    let line = || run(["show", &path]).with(0).line("copy");
    assert_eq!(line(), format!("copy of rover7, kept by pid {}", std::process::id()));
    let json = run(["show", "--json", &path]).with(0).json();
    assert_eq!(json["object"]["mirrored"]["origin"], "rover7");
    drop(copy);
    assert_eq!(line(), "copy of rover7, kept by no process");
}

#[test]
fn copy_is_read_by_every_command_and_written_by_none() {
    let scratch = Scratch::new();
    let path = scratch.text("rover");
    let copy = copy(&scratch);
    let count = "count".parse().unwrap();
    copy.object().fetch_add(&count, 3).unwrap();
    assert_eq!(run(["get", &path, "count"]).with(0).out, "3\n");
    let refused = run(["set", &path, "count", "4"]).with(4);
    assert!(refused.err.contains(" is a copy of an object on `rover7`, which process "), "{refused:?}");
    assert!(refused.err.ends_with(". `shmstore get`, `shmstore watch` and `shmstore wait` read it\n"), "{refused:?}");
    assert_eq!(run(["get", &path, "count"]).with(0).out, "3\n");
    drop(copy);
    run(["set", &path, "count", "4"]).with(0);
    assert_eq!(run(["get", &path, "count"]).with(0).out, "4\n");
}

#[test]
fn mirror_runs_the_program_of_the_other_package_with_all_arguments() {
    let scratch = Scratch::new();
    let in_path = |args: &[&str]| {
        let mut command = program();
        ended(command.arg("mirror").args(args).env("PATH", scratch.path()).output().expect("it runs"))
    };
    let missing = in_path(&["--help"]).with(3);
    let expected = "error: the program `shmstore-mirror` is not in PATH: install it by `cargo install --path \
         shmstore-mirror` in the clone of shmstore\n";
    assert_eq!(missing.err, expected);
    let mirror = scratch.join("shmstore-mirror");
    // Another process makes it: see `program_of_another_user`.
    let script = scratch.join("script");
    std::fs::write(&script, "#!/bin/sh\nfor arg; do echo \"<$arg>\"; done\nexit 9\n").unwrap();
    assert!(std::process::Command::new("cp").arg(&script).arg(&mirror).status().unwrap().success());
    let denied = in_path(&[]).with(5);
    assert!(denied.err.starts_with("error: shmstore-mirror: "), "{denied:?}");
    std::fs::set_permissions(&mirror, Permissions::from_mode(0o755)).unwrap();
    let args = ["serve", "--help", "--version", "-x", "a b", "--", "-h"];
    assert_eq!(in_path(&args).with(9).out, args.map(|arg| format!("<{arg}>\n")).concat());
}
