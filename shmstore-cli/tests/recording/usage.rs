//! Wrong usage, and objects that may not be read.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use crate::objects::*;
use crate::recorder::*;
use crate::scratch::*;

fn refused(scratch: &Scratch, args: &[&str], code: i32, says: &str) {
    let mut command = program();
    command.arg("record").args(args);
    let ended = Recorder::of(command, scratch.join("x.mcap")).ended().with(code);
    assert!(ended.err.contains(says), "{says:?} is missing in {ended:?}");
}

#[test]
fn what_cannot_be_recorded_is_refused_before_a_file_is_made() {
    let scratch = Scratch::new();
    let _rover = scratch.store().create::<Rover>().unwrap();
    let [path, file, none] = ["rover", "x.mcap", "none"].map(|name| scratch.text(name));
    for (args, code, says) in [
        (&[][..], 2, "required"),
        (&[&path[..]], 2, "--output"),
        (&[&path, "-o", &file, "--hz", "0"], 2, "0.001 to 1000"),
        (&[&path, "-o", &file, "--split", "7"], 2, "1GiB or 10min"),
        (&[&path, "-o", &file, "--as", "ticks=other/Type"], 2, "sensor_msgs/Image"),
        (&[&path, "-o", &file, "--as", "ticks=sensor_msgs/Image"], 3, "it is no `Frames`"),
        (&[&path, "-o", &file, "--only", "speed"], 3, "no part is at `speed` or below it: there are `frames`"),
        (&[&none, "-o", &file, "--once"], 3, "exist"),
        (&[&path, "-o", &scratch.text("no/x.mcap")], 1, "no/x.mcap"),
    ] {
        refused(&scratch, args, code, says);
        assert!(!scratch.join("x.mcap").exists(), "{args:?}");
    }
    fs::write(&file, "mine").unwrap();
    refused(&scratch, &[&path, "-o", &file], 4, "replace it by --force");
    assert_eq!(fs::read(&file).unwrap(), b"mine");
    let recorder = Recorder::start(&scratch, &["rover"], &["--force", "--for", "100ms"]);
    assert!(recorder.ended().with(0).json()["seconds"].as_f64().unwrap() >= 0.1);
    assert!(!read(&scratch.join("x.mcap"), "/rover/atomics").is_empty());
}

#[test]
fn only_the_parts_that_are_asked_for_are_recorded() {
    let scratch = Scratch::new();
    let _rover = scratch.store().create::<Rover>().unwrap();
    let more = ["--only", "position", "--only", "frames", "--for", "1ms"];
    let json = Recorder::start(&scratch, &["rover"], &more).ended().with(0).json();
    let topics: Vec<_> = json["parts"].as_array().unwrap().iter().map(|part| part["topic"].as_str().unwrap()).collect();
    assert_eq!(topics, ["/rover/position", "/rover/atomics"]);
    let atomics = read(&scratch.join("x.mcap"), "/rover/atomics").remove(0);
    assert_eq!(atomics.metadata["shmstore.parts"], r#"["frames"]"#);
}

#[test]
fn parts_with_too_large_messages_are_left_out_with_a_note() {
    let scratch = Scratch::new();
    let _rover = scratch.store().create::<Rover>().unwrap();
    let more = ["--max-message", "12B", "--for", "1ms"];
    let ended = Recorder::start(&scratch, &["rover"], &more).ended().with(0);
    assert!(ended.err.contains("`position` of ") && ended.err.contains("--max-message"), "{ended:?}");
    assert!(ended.out.contains("/rover/ticks") && !ended.out.contains("/rover/position"), "{ended:?}");
}

#[test]
fn object_of_another_user_is_a_clear_error() {
    if !nix::unistd::Uid::effective().is_root() {
        println!("skipped: only root can run a program as another user");
        return;
    }
    let scratch = Scratch::new();
    let _rover = scratch.store().create::<Rover>().unwrap();
    let copy = scratch.join("shmstore");
    assert!(Command::new("cp").arg(env!("CARGO_BIN_EXE_shmstore")).arg(&copy).status().unwrap().success());
    for path in [scratch.path(), &copy, &scratch.join("rover")] {
        fs::set_permissions(path, PermissionsExt::from_mode(0o755)).unwrap();
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid", "65534", "--regid", "65534", "--clear-groups"]).arg(copy);
    command.arg("record").arg(scratch.join("rover")).args(["-o", "/dev/null/x.mcap"]);
    let ended = Recorder::of(command, scratch.join("x.mcap")).ended().with(5);
    assert!(ended.err.contains("read") && ended.err.contains("0600"), "{ended:?}");
}
