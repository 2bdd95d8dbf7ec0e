//! A short time of what the program `torture` does for longer: see `shmstore_tests::torture`.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use shmstore_tests::peer::program_named;
use shmstore_tests::scratch::key_of;
use shmstore_tests::segments;
use shmstore_tests::wait::until_true;

#[test]
fn nothing_is_lost_and_nothing_left_in_two_seconds_of_torture() {
    let output = Command::new(program_named("torture"))
        .args(["--seconds", "2", "--busy", "1"])
        .output()
        .expect("the program `torture`");
    let printed = String::from_utf8_lossy(&output.stdout);
    println!("{printed}{}", String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{}", output.status);
    assert!(printed.contains("nothing lost"));
    assert!(kills(&printed) > 50, "so few kills show nothing");
    for part in ["queues and broadcasts", "queue 3: ", "broadcast 2: ", "maps", "map 4: "] {
        assert!(printed.lines().any(|line| line.trim_start().starts_with(part)), "nothing is said of `{part}`");
    }
}

#[test]
fn no_frame_is_torn_and_no_slot_is_lost_in_two_seconds_of_torture() {
    let output = Command::new(program_named("torture"))
        .args(["--frames", "1", "--seconds", "2"])
        .output()
        .expect("the program `torture`");
    let printed = String::from_utf8_lossy(&output.stdout);
    println!("{printed}{}", String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{}", output.status);
    assert!(printed.contains("no frame torn, no slot lost"));
    assert!(kills(&printed.replace("frames: ", "")) > 20, "so few kills show nothing");
}

/// While it makes what stays, and while it kills.
#[test]
fn interrupted_torture_leaves_nothing_behind() {
    interrupt_once("its directory", |path| path.exists());
    interrupt_once("an object that comes and goes", |path| {
        // Once it is there, this name stays.
        let anchor = path.join("measured.shm");
        anchor.exists() && !segments::at_key(key_of(&anchor, 'C')).is_empty()
    });
}

/// Interrupts a torture as soon as something is there.
fn interrupt_once(what: &str, is_there: impl Fn(&Path) -> bool) {
    let mut torture = Command::new(program_named("torture"))
        .args(["--seconds", "60", "--busy", "1"])
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program `torture`");
    let mut lines = BufReader::new(torture.stdout.take().expect("piped")).lines();
    let first = lines.next().expect("its seed").expect("text");
    let path = PathBuf::from(first.rsplit_once(" at ").expect("its directory").1);
    let key = key_of(&path, 'A');
    until_true(what, || is_there(&path));
    kill(Pid::from_raw(torture.id() as i32), Signal::SIGINT).expect("a child of ours");
    let rest: Vec<String> = lines.map_while(Result::ok).collect();
    let status = torture.wait().expect("our own child");
    assert!(status.success(), "{what}, {status}: {rest:#?}");
    assert!(!path.exists());
    // Another test's new directory may have the same key for a while.
    until_true("no arena", || segments::at_key(key).is_empty());
}

fn kills(printed: &str) -> u64 {
    let line = printed.lines().find_map(|line| line.split_once(" kills, "));
    line.and_then(|(number, _)| number.parse().ok()).unwrap_or(0)
}
