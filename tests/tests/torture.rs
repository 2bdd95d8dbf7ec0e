//! A short time of what the program `torture` does for longer: see `shmstore_tests::torture`.

use std::process::Command;

use shmstore_tests::peer::program_named;
use shmstore_tests::segments;

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
}

#[test]
fn interrupted_torture_leaves_nothing_behind() {
    use std::io::{BufRead, BufReader};
    use std::process::Stdio;

    let mut torture = Command::new(program_named("torture"));
    let mut torture =
        torture.args(["--seconds", "60", "--busy", "1"]).stdout(Stdio::piped()).spawn().expect("the program `torture`");
    let mut lines = BufReader::new(torture.stdout.take().expect("piped")).lines();
    let first = lines.next().expect("its seed").expect("text");
    let path = first.rsplit_once(" at ").expect("its directory").1.to_owned();
    let before = shmstore_tests::scratch::key_of(path.as_ref(), 'A');
    shmstore_tests::wait::until_true("an object", || !segments::at_key(before).is_empty());
    let killed = Command::new("kill").args(["-s", "INT", &torture.id().to_string()]).status();
    assert!(killed.expect("`kill` of procps").success());
    let rest: Vec<String> = lines.map_while(Result::ok).collect();
    let status = torture.wait().expect("our own child");
    assert!(status.success(), "{status}: {rest:#?}");
    assert_eq!(segments::at_key(before), []);
    assert!(!std::path::Path::new(&path).exists());
}

fn kills(printed: &str) -> u64 {
    let line = printed.lines().find_map(|line| line.split_once(" kills, "));
    line.and_then(|(number, _)| number.parse().ok()).unwrap_or(0)
}
