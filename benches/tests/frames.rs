//! The measurements of frames.

use std::process::Command;

/// Measures the rows whose names begin so, and returns the tables.
fn tables(rows: &str) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_shmstore-bench"));
    let output = command.args(["frames", "--frames", "1", "--only", rows]).output().expect("the program");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
}

#[test]
fn each_way_to_fill_and_read_a_frame_has_the_right_elements() {
    let text = tables("sum-u64-") + &tables("fill-fast-");
    for name in ["sum-u64-fresh", "sum-u64-cache", "fill-fast-cache"] {
        assert!(text.contains(&format!("({name})\n")), "{name}: {text}");
    }
    assert!(text.contains("shmstore, arrays ≤ 1.15 × slice in place"), "{text}");
}
