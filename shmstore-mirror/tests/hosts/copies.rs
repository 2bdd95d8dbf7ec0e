//! A copy has what its origin has.

use crate::support::{Pair, may_make_hosts, until};

#[test]
fn copy_gets_each_change_of_each_part() {
    if !may_make_hosts() {
        return;
    }
    let pair = Pair::new();
    let mut origin = pair.one.actor();
    origin.ask("create board");
    for command in ["store 1", "add 5", "ring", "send 3", "put 1 10", "put 2 20", "frame 1", "push"] {
        origin.ask(command);
    }
    let _exporter = pair.one.exporter();
    let mut importer = pair.other.importer(&pair.one);
    importer.says("is copied");
    let mut copy = pair.other.reader();
    copy.ask("view board");
    until("the first state", || copy.ask("state") == origin.ask("state"));
    for command in ["store 2", "add 7", "ring", "send 40", "put 1 11", "del 2", "put 3 30", "frame 9"] {
        origin.ask(command);
        let waited = until(command, || copy.ask("state") == origin.ask("state"));
        println!("{command}: {waited:?}");
    }
    until("a live copy", || pair.other.state_of("board") == "live");
    let refused = copy.try_ask("attach board").to_string();
    assert!(refused.contains("rover"), "{refused}");
}
