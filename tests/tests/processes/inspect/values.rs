//! What is in a live object, decoded by the schema in its segment.

use shmstore_tests::wait;
use std::time::Instant;

use shmstore::inspect::{FieldError, Limits, Value};
use shmstore_tests::holder::holder;
use shmstore_tests::objects::Block;
use shmstore_tests::peer::{Peer, actor};
use shmstore_tests::scratch::Scratch;
use shmstore_tests::segments;
use shmstore_tests::wait::DEADLINE;

use super::{at, filled, object};

#[test]
fn every_part_is_decoded_to_what_its_typed_object_says() {
    let scratch = Scratch::new();
    let _typed = filled(&scratch.store());
    let there = object(scratch.path(), 'H');
    assert_eq!(there.schema().to_string(), "EveryPart");
    let json = serde_json::to_value(there.read(&Limits::full())).unwrap();
    let choosy = |letter: char| serde_json::json!({ "letter": letter, "modes": ["Run", "Idle", "Stop"], "flag": true });
    let version = |version: u64, value| serde_json::json!({ "version": version, "locked": false, "value": value });
    let sent = |position: u64, letter| serde_json::json!({ "position": position, "value": choosy(letter) });
    let expected = [
        ("count", serde_json::json!(u64::MAX)),
        ("mode", serde_json::json!("Stop")),
        ("flag", serde_json::json!(true)),
        ("letter", serde_json::json!("ß")),
        ("level", serde_json::json!(-0.5)),
        ("position", version(1, serde_json::json!({ "x": 1.5, "y": "inf", "z": -3.0 }))),
        ("choosy", version(1, choosy('é'))),
        ("label", version(1, serde_json::json!("a \"label\""))),
        ("list", version(1, serde_json::json!([choosy('a'), choosy('b')]))),
        ("block", version(1, serde_json::json!({ "0": Block::<16_384>::of(7).0.to_vec() }))),
        ("lock", serde_json::json!({ "locked": false, "inconsistent": false })),
        ("event", serde_json::json!(2)),
        (
            "queue",
            serde_json::json!({ "len": 2, "capacity": 5, "pushed": 3, "outstanding": 0, "first": [choosy('r'), choosy('s')] }),
        ),
        ("crates", serde_json::json!({ "len": 0, "capacity": 2, "pushed": 0, "outstanding": 0, "first": [] })),
        ("feed", serde_json::json!({ "sent": 2, "capacity": 4, "last": [sent(0, 'f'), sent(1, 'g')] })),
        ("blocks", serde_json::json!({ "sent": 0, "capacity": 2, "last": [] })),
        (
            "map",
            serde_json::json!({ "len": 1, "capacity": 5, "changes": 3, "first": [
                { "key": 8, "version": 1, "locked": false, "value": choosy('n') },
            ] }),
        ),
        ("book", serde_json::json!({ "len": 0, "capacity": 2, "changes": 0, "first": [] })),
        (
            "choices",
            serde_json::json!({ "newest": 2, "capacity": 5, "slots": 3, "pins": 0, "loans": 0, "len": 2,
                "meta": choosy('w'), "first": [choosy('x'), choosy('y')] }),
        ),
        (
            "images",
            serde_json::json!({ "newest": 0, "capacity": 16_384, "slots": 3, "pins": 0, "loans": 0, "len": 0,
                "meta": null, "first": [] }),
        ),
        ("shards", serde_json::Value::Array((11..15).map(|number: u64| version(2, number.into())).collect())),
    ];
    let found = json.as_object().unwrap();
    for (name, value) in &expected {
        assert_eq!(&found[*name], value, "{name}");
    }
    assert_eq!(found.len(), expected.len());
}

#[test]
fn parts_are_found_by_their_paths_and_what_is_not_there_is_told() {
    let scratch = Scratch::new();
    let _typed = filled(&scratch.store());
    let there = object(scratch.path(), 'H');
    for (path, shown) in [
        ("count", "18446744073709551615"),
        ("mode", "Stop"),
        ("position.x", "1.5"),
        ("choosy.modes[2]", "Stop"),
        ("list[1].letter", "'b'"),
        ("block.0[3]", "10"),
        ("shards[3]", "14"),
        ("lock", "free"),
        ("event", "2"),
    ] {
        assert_eq!(at(&there, path).to_string(), shown, "{path}");
    }
    let error = |path: &str| there.read_at(&path.parse().unwrap(), &Limits::default()).unwrap_err();
    assert!(matches!(error("position.w"), FieldError::NoField { .. }));
    assert!(matches!(error("count.x"), FieldError::NoSuchPart { .. }));
    assert!(matches!(error("count[0]"), FieldError::NoSuchPart { .. }));
    assert_eq!(error("list[2]"), FieldError::OutOfRange { path: "list".into(), len: 2 });
    assert_eq!(error("shards[4]"), FieldError::OutOfRange { path: "shards".into(), len: 4 });
}

#[test]
fn lists_are_shortened_and_values_left_out_as_the_limits_say() {
    let scratch = Scratch::new();
    let _typed = filled(&scratch.store());
    let there = object(scratch.path(), 'H');
    let block = there.read_at(&"block.0".parse().unwrap(), &Limits::default().with_elements(3)).unwrap();
    assert_eq!(block.to_string(), "[7, 8, 9, … 16381 more]");
    let mut few = Limits::default();
    few.nodes = 3;
    let value = there.read(&few);
    assert_eq!(value.field("mode").unwrap().to_string(), "Stop");
    assert_eq!(value.field("flag"), Some(&Value::Omitted));
}

#[test]
fn values_follow_the_stores_of_another_process() {
    let scratch = Scratch::new();
    let mut writer = Peer::creator(scratch.path());
    let there = object(scratch.path(), 'T');
    assert_eq!(at(&there, "frames"), Value::Unsigned(7));
    for number in 1..20 {
        writer.expect_ok("add 1");
        writer.expect_ok(&format!("store {number}"));
        assert_eq!(at(&there, "frames"), Value::Unsigned(7 + number));
        let Value::Versioned { version, locked: false, value } = at(&there, "position") else { panic!("no version") };
        assert_eq!((version, value.field("z").and_then(Value::as_f64)), (number, Some(number as f64)));
    }
}

#[test]
fn value_that_another_process_stores_flat_out_is_never_torn() {
    const LOOKS: usize = 300;
    let scratch = Scratch::new();
    let mut writer = Peer::spawn(actor("hammer").arg(scratch.path()).args(["write", "4096", "0"]));
    assert_eq!(writer.answer(), "ok ready");
    writer.tell("go");
    let there = object(scratch.path(), 'B');
    let (started, mut versions) = (Instant::now(), std::collections::BTreeSet::new());
    while versions.len() < LOOKS {
        assert!(started.elapsed() < DEADLINE, "{} versions were seen", versions.len());
        let Value::Versioned { version, value, .. } = there.read(&Limits::full()) else {
            panic!("never whole: {}", there.read(&Limits::default()))
        };
        let Some(Value::List { first, .. }) = value.field("0") else { panic!("no block: {value}") };
        let bytes: Vec<u8> = first.iter().map(|byte| byte.as_f64().unwrap() as u8).collect();
        // Nothing was stored yet at version 0.
        assert!(version == 0 || bytes == Block::<4096>::of(version).0, "version {version} is torn");
        versions.insert(version);
    }
    writer.expect_ok("stop");
}

#[test]
fn held_parts_are_locked_and_their_holder_is_named_while_it_lives_and_after() {
    let scratch = Scratch::new();
    let mut holder = holder(scratch.path());
    let there = object(scratch.path(), 'W');
    assert_eq!(at(&there, "lock"), Value::Lock { locked: false, inconsistent: false });
    holder.expect_ok("lock");
    holder.expect_ok("begin");
    assert_eq!(at(&there, "lock"), Value::Lock { locked: true, inconsistent: false });
    assert!(matches!(at(&there, "value"), Value::Versioned { locked: true, .. }));
    let pid = holder.pid();
    let is_told = |alive| {
        let participants = there.participants();
        let of: Vec<_> = participants.iter().filter(|of| of.pid == pid).collect();
        let [of] = of[..] else { panic!("{participants:?}") };
        assert_eq!((of.alive, of.holding.as_slice()), (alive, &["lock".to_owned(), "value".to_owned()][..]));
        assert!(there.processes().iter().any(|of| (of.pid, of.alive) == (pid, alive) && of.holding.is_empty()));
    };
    is_told(true);
    holder.kill_without_reaping();
    is_told(false);
}

#[test]
fn who_looks_writes_nothing_and_is_no_participant() {
    let scratch = Scratch::new();
    let _typed = filled(&scratch.store());
    let raw = shmstore_tests::raw::Raw::at_key(scratch.key('H'));
    let before = raw.bytes();
    let there = object(scratch.path(), 'H');
    let _ = (there.read(&Limits::full()), there.participants(), there.is_removed());
    let attached = segments::at_key(scratch.key('H'))[0].attached;
    assert_eq!(there.participants().len(), 1);
    assert!(raw.bytes() == before, "something was written");
    drop(there);
    wait::until_equal(|| segments::at_key(scratch.key('H'))[0].attached, attached - 1);
}
