//! The rows of the guide's table of failures.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{Actor, Host, Mirror, Pair, may_make_hosts, until};

/// A pair whose copy has the state of its origin.
pub(crate) struct Running {
    pub(crate) pair: Pair,
    pub(crate) exporter: Option<Mirror>,
    pub(crate) importer: Option<Mirror>,
    pub(crate) origin: Actor,
    pub(crate) copy: Actor,
}

impl Running {
    pub(crate) fn new() -> Option<Self> {
        if !may_make_hosts() {
            return None;
        }
        let pair = Pair::new();
        let mut origin = pair.one.actor();
        origin.ask("create board");
        origin.ask("store 1");
        let (exporter, importer) = (pair.one.exporter(), pair.other.importer(&pair.one));
        let mut copy = pair.other.reader();
        copy.ask("view board");
        let mut running = Self { pair, exporter: Some(exporter), importer: Some(importer), origin, copy };
        running.agree("the first state");
        Some(running)
    }

    /// Waits until the copy has what the origin has.
    #[track_caller]
    pub(crate) fn agree(&mut self, what: &str) -> Duration {
        let expected = self.origin.ask("state");
        let mut found = Value::Null;
        let started = std::time::Instant::now();
        while found != expected {
            assert!(started.elapsed() < Duration::from_secs(30), "{what}: {found} instead of {expected}");
            found = self.copy.ask("state");
            std::thread::sleep(Duration::from_millis(1));
        }
        let waited = started.elapsed();
        println!("{what}: {waited:?}");
        waited
    }

    fn change_all(&mut self, number: u64) {
        for command in ["store", "add", "send", "frame"] {
            self.origin.ask(&format!("{command} {number}"));
        }
        self.origin.ask("ring");
        self.origin.ask(&format!("put {} {number}", number % 30));
        self.origin.ask(&format!("del {}", (number + 1) % 30));
    }

    fn importer(&mut self) -> &mut Mirror {
        self.importer.as_mut().expect("it runs")
    }
}

#[test]
fn copy_is_stale_during_a_partition_and_equals_its_origin_after_it() {
    let Some(mut running) = Running::new() else { return };
    running.pair.cable.set(&json!({ "cut": true }));
    running.change_all(2);
    until("a stale copy", || running.pair.other.state_of("board") == "stale");
    running.importer().says("out of reach");
    running.change_all(3);
    assert_eq!(running.copy.ask("state")["position"], 1, "a stale copy has the last values");
    running.pair.cable.set(&json!({}));
    running.agree("after the partition");
    assert_eq!(running.copy.ask("is_removed"), false);
    until("a live copy", || running.pair.other.state_of("board") == "live");
    running.change_all(4);
    running.agree("the next change");
}

#[test]
fn short_partition_that_nobody_notices_loses_nothing() {
    let Some(mut running) = Running::new() else { return };
    for number in 2..6 {
        running.pair.cable.set(&json!({ "cut": true }));
        running.change_all(number);
        std::thread::sleep(Duration::from_millis(300));
        running.pair.cable.set(&json!({}));
        running.agree("after a short partition");
    }
}

/// Changes all parts without a pause, while the copy is read without a pause.
#[track_caller]
fn burst(running: &mut Running, what: &str) {
    running.origin.tell("burst 2000");
    let seen = running.copy.ask("torn 2500");
    let rounds = running.origin.answer();
    running.agree(what);
    println!("{what}: {rounds} rounds, {seen}");
    assert_eq!((&seen["torn"], &seen["older"]), (&json!(0), &json!(0)), "{what}");
}

#[test]
fn loss_duplication_reordering_and_delay_change_nothing_but_the_time() {
    let Some(mut running) = Running::new() else { return };
    running.pair.cable.set(&json!({ "loss": 0.05, "duplicate": 0.05, "reorder": 0.1, "delay": 0.002 }));
    burst(&mut running, "a bad cable");
    running.pair.cable.set(&json!({ "delay": 0.05 }));
    burst(&mut running, "a far host");
}

#[test]
fn slow_cable_gets_the_newest() {
    let Some(mut running) = Running::new() else { return };
    running.pair.cable.set(&json!({ "rate": 200_000 }));
    burst(&mut running, "a slow cable");
}

#[test]
fn broadcast_has_the_positions_of_its_origin_and_exact_gaps() {
    let Some(mut running) = Running::new() else { return };
    running.copy.tell("follow 5000");
    running.pair.cable.set(&json!({ "loss": 0.02 }));
    running.origin.ask("send 100");
    running.origin.ask("burst 500");
    running.origin.ask("later 5000");
    let followed = running.copy.answer();
    println!("{followed}");
    assert_eq!((&followed["wrong"], &followed["exact"]), (&json!(0), &json!(true)), "{followed}");
}

#[test]
fn exporter_that_restarts_or_is_killed_is_followed() {
    let Some(mut running) = Running::new() else { return };
    for number in 2..6 {
        let exporter = running.exporter.take().expect("it runs");
        if number % 2 == 0 {
            exporter.kill()
        } else {
            drop(exporter.end())
        }
        running.change_all(number);
        running.exporter = Some(running.pair.one.exporter());
        running.agree("after a restart of the exporter");
    }
    assert_eq!(running.copy.ask("is_removed"), false, "readers keep their copy");
}

#[test]
fn importer_that_restarts_or_is_killed_goes_on_with_its_copies() {
    let Some(mut running) = Running::new() else { return };
    for number in 2..6 {
        let importer = running.importer.take().expect("it runs");
        if number % 2 == 0 {
            importer.kill()
        } else {
            drop(importer.end())
        }
        running.change_all(number);
        running.importer = Some(running.pair.other.importer(&running.pair.one));
        running.agree("after a restart of the importer");
        running.importer().says("is copied on");
    }
    assert_eq!(running.copy.ask("is_removed"), false, "readers keep their copy");
}

#[test]
fn killed_in_the_middle_of_changes_nothing_is_torn() {
    let Some(mut running) = Running::new() else { return };
    for round in 0..4 {
        running.origin.tell("burst 700");
        running.copy.tell("torn 900");
        std::thread::sleep(Duration::from_millis(200));
        running.importer.take().expect("it runs").kill();
        running.exporter.take().expect("it runs").kill();
        running.importer = Some(running.pair.other.importer(&running.pair.one));
        running.exporter = Some(running.pair.one.exporter());
        let (rounds, seen) = (running.origin.answer(), running.copy.answer());
        println!("{round}: {rounds} rounds, {seen}");
        assert_eq!((&seen["torn"], &seen["older"]), (&json!(0), &json!(0)));
        running.agree("after both were killed");
    }
}

#[test]
fn copy_without_an_importer_is_taken_over_by_a_writer_and_left_alone_then() {
    let Some(mut running) = Running::new() else { return };
    running.importer.take().expect("it runs").kill();
    let mut writer = running.pair.other.reader();
    writer.ask("attach board");
    writer.ask("store 77");
    let mut importer = running.pair.other.importer(&running.pair.one);
    importer.says("is refused");
    running.change_all(5);
    assert_eq!(running.copy.ask("state")["position"], 77);
    assert_eq!(running.pair.other.state_of("board"), "refused");
}

#[test]
fn growth_replacement_migration_and_removal_at_the_origin() {
    let Some(mut running) = Running::new() else { return };
    let mut later = running.pair.one.actor();
    later.ask("grow board 7");
    assert_eq!(running.pair.other.reader().ask("speed board 7"), 7, "the copy has grown");
    running.change_all(2);
    running.agree("after growth");
    assert_eq!(running.copy.ask("is_removed"), false, "a copy grows in place");
    later.ask("detach");
    running.origin.ask("replace board");
    running.origin.ask("store 3");
    until("the end of the old copy", || running.copy.ask("is_removed") == true);
    running.copy.ask("detach");
    until("the new copy", || running.copy.try_ask("view board") == "ok");
    running.agree("after a replacement");
    running.copy.ask("detach");
    running.origin.ask("detach");
    running.origin.ask("remove board");
    running.exporter.as_mut().expect("it runs").says("is not exported any more");
    until("a copy without origin", || running.pair.other.state_of("board") == "gone at its origin");
    running.origin.ask("create board");
    running.origin.ask("store 9");
    until("the copy of the new object", || {
        running.copy.try_ask("detach");
        running.copy.try_ask("view board") == "ok" && running.copy.ask("state")["position"] == 9
    });
    running.agree("after a removal");
}

#[test]
fn migration_does_not_wait_for_an_exporter() {
    let Some(mut running) = Running::new() else { return };
    running.copy.ask("detach");
    assert_eq!(running.origin.ask("migrate board")["new"], 1);
    assert_eq!(running.pair.other.reader().ask("speed board 0"), 0);
}

#[test]
fn objects_that_come_later_are_copied_and_others_are_refused() {
    let Some(mut running) = Running::new() else { return };
    let mut second = running.pair.one.actor();
    second.ask("create second");
    second.ask("store 8");
    let mut reader = running.pair.other.reader();
    until("the second copy", || reader.try_ask("view second") == "ok");
    assert_eq!(reader.ask("wait 8"), 8);
    let importer = running.importer.take().expect("it runs");
    importer.end();
    second.ask("secret third");
    let more = ["--name", "*d", "--type", "Board", "--max-bytes", "1000000"];
    let mut importer = running.pair.other.importer_as("control", &running.pair.one, &more);
    importer.says("third (S) of rover is refused: its type `Secret`");
    importer.says("second (B) of rover is copied on");
    assert_eq!(running.pair.other.state_of("third"), "refused");
    importer.end();
    let tiny = ["--name", "*", "--max-bytes", "4000"];
    let mut importer = running.pair.other.importer_as("control", &running.pair.one, &tiny);
    importer.says("`max_bytes` is 4000");
    importer.end();
    let mut importer =
        running.pair.other.importer_as("control", &running.pair.one, &["--name", "*", "--max-objects", "1"]);
    importer.says("`max_objects` is 1");
}

#[test]
fn full_shared_memory_at_the_copy_is_said_and_tried_again() {
    if !may_make_hosts() {
        return;
    }
    let pair = Pair::new();
    let mut origin = pair.one.actor();
    origin.ask("create board");
    origin.ask("store 4");
    let mut keeper = pair.other.reader();
    // Room for the status alone.
    keeper.ask("limit 1");
    let (_exporter, mut importer) = (pair.one.exporter(), pair.other.importer(&pair.one));
    importer.says("board (B) of rover is refused");
    assert_eq!(pair.other.state_of("board"), "refused");
    keeper.ask("limit 4096");
    importer.says("board (B) of rover is copied");
    keeper.ask("view board");
    assert_eq!(keeper.ask("wait 4"), 4);
}

#[test]
fn second_exporter_of_one_name_waits_for_the_end_of_the_first() {
    if !may_make_hosts() {
        return;
    }
    let pair = Pair::new();
    let mut origin = pair.one.actor();
    origin.ask("create board");
    origin.ask("store 1");
    let first = pair.one.exporter();
    let mut importer = pair.other.importer_as("control", &pair.one, &["--connect", "tls/10.7.7.2:7447"]);
    importer.says("is copied");
    // On the host of the copies, so that its directory has no such object.
    let mut other = pair.other.actor();
    other.ask("create board");
    other.ask("store 2");
    let second = pair.other.exporter();
    importer.says("another exporter runs as rover");
    let mut copy = pair.other.reader();
    copy.ask("view board");
    assert_eq!(copy.ask("wait 1"), 1);
    drop(first);
    until("the copy of the second one", || {
        copy.try_ask("detach");
        copy.try_ask("view board") == "ok" && copy.ask("state")["position"] == 2
    });
    drop(second);
}

#[test]
fn copy_is_never_exported() {
    let Some(mut running) = Running::new() else { return };
    let copies = running.pair.other.copies();
    let mut command = running.pair.other.command(env!("CARGO_BIN_EXE_shmstore-mirror"));
    command.args(["export", "--host", "control", "--insecure", "--listen", "tcp/127.0.0.1:7449", "--dry-run"]);
    let output = command.arg(copies).output().expect("it runs");
    let text = String::from_utf8(output.stdout).expect("text");
    assert!(output.status.success() && text.contains("mirror-status") && !text.contains("board"), "{text}");
    running.agree("the copy goes on");
}

fn refused(host: &Host, mirror: &mut Mirror, reader: &mut Actor) {
    std::thread::sleep(Duration::from_secs(2));
    assert!(!mirror.said().iter().any(|line| line.contains("is copied")), "{:?}", mirror.said());
    assert!(reader.try_ask("view board").get("error").is_some());
    assert_eq!(host.state_of("board"), "");
}

#[test]
fn certificates_decide_which_hosts_copy_and_which_are_copied() {
    if !may_make_hosts() {
        return;
    }
    let pair = Pair::new();
    let mut origin = pair.one.actor();
    origin.ask("create board");
    {
        // The authority has signed it, and it is not among those that may copy.
        let _exporter = pair.one.exporter();
        let mut importer = pair.other.importer_as("stranger", &pair.one, &[]);
        refused(&pair.other, &mut importer, &mut pair.other.reader());
    }
    // It says that it is `rover`, and its certificate says that it is not.
    let _exporter = pair.one.exporter_with("stranger", "rover");
    let mut importer = pair.other.importer(&pair.one);
    refused(&pair.other, &mut importer, &mut pair.other.reader());
}

#[test]
fn directory_of_copies_has_one_importer_and_one_origin() {
    let Some(mut running) = Running::new() else { return };
    let said = running.pair.other.importer(&running.pair.one).failed();
    assert!(said.contains("another importer uses it"), "{said}");
    let said = running.pair.other.importer_of("rover7", "control", &running.pair.one).failed();
    assert!(said.contains("it has copies of rover, not of rover7"), "{said}");
    assert_eq!(running.pair.other.status()["importer"], "connected");
    running.importer.take().expect("it runs").kill();
    until("the end of the importer to show", || running.pair.other.status()["importer"] == "no importer runs");
    running.change_all(9);
    running.importer = Some(running.pair.other.importer(&running.pair.one));
    running.agree("after a killed importer");
}

#[test]
fn importer_that_nobody_answers_says_what_to_check() {
    if !may_make_hosts() {
        return;
    }
    let pair = Pair::new();
    let mut importer = pair.other.importer(&pair.one);
    importer.says("no exporter of rover has answered for 5 s");
}

#[test]
fn object_that_is_let_go_and_found_again_goes_on() {
    let Some(mut running) = Running::new() else { return };
    let anchor = running.pair.one.directory.join("board.shm");
    let away = running.pair.one.directory.join("board.away");
    for number in 2..5 {
        running.change_all(number);
        running.agree("before");
        std::fs::rename(&anchor, &away).expect("the anchor is there");
        running.exporter.as_mut().expect("it runs").says_again("is not exported any more", number as usize - 1);
        running.origin.ask(&format!("put 3 {number}"));
        running.origin.ask("del 5");
        std::fs::rename(&away, &anchor).expect("the anchor is there");
        running.exporter.as_mut().expect("it runs").says_again("is exported", number as usize);
        running.agree("after the object was found again");
        until("a live copy", || running.pair.other.state_of("board") == "live");
    }
    assert_eq!(running.copy.ask("is_removed"), false, "readers keep their copy");
}

#[test]
fn atomics_and_keys_that_change_there_and_back_around_a_state_are_right() {
    let Some(mut running) = Running::new() else { return };
    for _ in 0..8 {
        drop(running.importer.take());
        running.importer = Some(running.pair.other.importer(&running.pair.one));
        running.origin.tell("flip 400");
        running.importer().says("is copied on");
        running.origin.answer();
        running.agree("after changes there and back");
    }
}
