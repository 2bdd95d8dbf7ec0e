//! Counts of instructions.

use std::io::Write as _;
use std::path::Path;

use shmstore_bench::instructions;

#[test]
fn two_counts_agree() {
    if let Some(reason) = instructions::absent() {
        assert!(std::env::var_os("SHMSTORE_NO_SKIPS").is_none(), "must not be skipped here: {reason}");
        // The test harness hides the output of `eprintln!` when a test passes.
        let _ = writeln!(std::io::stderr(), "skipped: {reason}");
        return;
    }
    let count = || instructions::count(Path::new(env!("CARGO_BIN_EXE_shmstore-bench")), "").expect("valgrind runs");
    let second = std::thread::spawn(count);
    let (first, second) = (count(), second.join().expect("valgrind runs"));
    assert_eq!(first, second);
    assert!(first["load 64 B"] > first["empty loop"] && first["attach, drop"] > first["load 64 B"], "{first:?}");
}
