//! Queues and broadcasts in the output of each command.

use super::planted::{self, JOBS, Planted, QUOTES};
use super::support::*;

/// The path of an object with these bytes.
fn planted(planted: &Planted) -> (Scratch, String) {
    let scratch = Scratch::new();
    planted.create_in(&scratch.store());
    let path = scratch.text("rover");
    (scratch, path)
}

#[test]
fn show_has_the_counts_and_the_items() {
    let (_scratch, path) = planted(&planted::filled());
    let shown = run(["show", &path]).with(0);
    let fields = shown.out.split_once("fields\n").unwrap().1;
    println!("{fields}");
    assert_eq!(shown.line("jobs"), "jobs 3 of 4, 7 pushed, 1 taken");
    assert_eq!(shown.line("quotes"), "quotes 11 sent, room for 8");
    assert_eq!(shown.line("[10]"), "[10]");
}
