//! The measurements of waiting.

use std::process::Command;

/// The lines of a command's tables, as their cells.
fn table(arguments: &[&str]) -> Vec<Vec<String>> {
    let output = Command::new(env!("CARGO_BIN_EXE_shmstore-bench")).args(arguments).output().expect("the program");
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    let cells = |line: &str| line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect();
    text.lines().map(cells).collect()
}

#[test]
fn many_pending_futures_wake_their_process_no_more_often_than_one() {
    let idle = table(&["idle", "--way", "futures", "--waiters", "1000", "--seconds", "1"]);
    let [_, _, found] = &idle[..] else { panic!("{idle:?}") };
    let wake_ups: f64 = found[2].replace(',', "").parse().expect("a number");
    assert!((1.0..5_000.0).contains(&wake_ups), "{found:?}");
}

#[test]
fn futures_are_woken_and_dropped_whatever_their_number() {
    for number in ["1", "127", "300"] {
        let pending = table(&["pending", "--futures", number, "--trials", "1"]);
        assert_eq!(pending.iter().filter(|line| line[0].starts_with("woken")).count(), 2, "{pending:?}");
    }
}

#[test]
fn each_way_of_waiting_is_woken_by_another_process() {
    let wakeups = table(&["wakeups", "--batches", "1"]);
    let has = |name: &str| wakeups.iter().any(|line| line[0].starts_with(name));
    assert!(has("bare futex") && has("shmstore, wait_any of 128") && has("shmstore, future among 127"), "{wakeups:?}");
}
