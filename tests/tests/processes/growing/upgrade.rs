//! A rolling upgrade: processes of several versions come and go, in any order.

use std::sync::atomic::Ordering::SeqCst;

use shmstore::{Shared, Store};
use shmstore_tests::raw::{Raw, field};
use shmstore_tests::rovers::{self, v1, v2};
use shmstore_tests::scratch::Scratch;
use shmstore_tests::{assert_says, segments};

use super::{rover, rover_that_has};

#[test]
fn nothing_is_lost_while_versions_come_and_go() {
    let scratch = Scratch::new();
    let path = scratch.path();
    let start = |command: &str, answer: &str| rover_that_has(path, command, answer);
    let mut first = start("create v1 7", "created");
    assert_eq!(first.expect_ok("add position 5"), "5");
    let mut second = start("attach v2", "grown 2");
    assert_eq!(second.expect_ok("tell"), "frames=7 position=5 speed=0");
    assert_eq!((second.expect_ok("add speed 3"), first.expect_ok("add frames 1")), ("3".into(), "8".into()));

    first.kill();
    let mut first = start("attach v1", "attached");
    assert_eq!(
        (first.expect_ok("tell"), first.expect_ok("add position 5")),
        ("frames=8 position=5".into(), "10".into())
    );
    assert_eq!(second.expect_ok("tell"), "frames=8 position=10 speed=3");

    let mut third = start("attach v3", "grown 3");
    assert_eq!(third.expect_ok("tell"), "frames=8 position=10 speed=3 total=0 trips=0");
    third.expect_ok("add trips 2");
    third.expect_ok("add total 1");
    assert_eq!((second.expect_ok("add speed 1"), first.expect_ok("add frames 1")), ("4".into(), "9".into()));
    assert_eq!(third.expect_ok("participants"), "[2, 3, 5]");
    let mut seeing = ["v1", "v2", "v3"].map(|version| start(&format!("see {version}"), "attached"));
    assert_eq!(seeing[0].expect_ok("tell"), "frames=9 position=10");
    assert_eq!(seeing[2].expect_ok("tell"), "frames=9 position=10 speed=4 total=1 trips=2");
    let shmid = first.expect_ok("shmid");
    for peer in [&mut second, &mut third].into_iter().chain(&mut seeing) {
        assert_eq!(peer.expect_ok("shmid"), shmid);
    }

    second.kill();
    first.kill();
    let mut first = start("attach_or_create v1 100", "attached");
    first.expect_ok("add frames 1");
    third.kill();
    let mut third = start("attach_or_create v3 100", "attached");
    assert_eq!(third.expect_ok("tell"), "frames=10 position=10 speed=4 total=1 trips=2");
    // Each alone, the oldest first.
    first.kill();
    third.kill();
    for (version, fields) in [("v1", ""), ("v2", " speed=4"), ("v3", " speed=4 total=1 trips=2"), ("v1", "")] {
        let mut alone = start(&format!("attach {version}"), "attached");
        assert_eq!(alone.expect_ok("tell"), format!("frames=10 position=10{fields}"));
    }

    // Afresh, by the oldest.
    let mut first = rover(path);
    first.expect_ok("remove");
    assert_eq!(first.expect_ok("attach_or_create v1 20"), "created");
    let mut second = start("attach_or_create v2 100", "grown 2");
    assert_eq!(second.expect_ok("tell"), "frames=20 position=0 speed=0");
    assert_eq!(first.expect_ok("add position 4"), "4");
    assert_eq!(second.expect_ok("tell"), "frames=20 position=4 speed=0");
}

#[test]
fn object_of_the_newest_version_is_that_of_all() {
    let scratch = Scratch::new();
    let mut third = rover_that_has(scratch.path(), "create v3 7", "created");
    let mut first = rover_that_has(scratch.path(), "attach v1", "attached");
    let mut second = rover_that_has(scratch.path(), "attach v2", "attached");
    first.expect_ok("add position 1");
    second.expect_ok("add speed 2");
    assert_eq!(third.expect_ok("tell"), "frames=7 position=1 speed=2 total=0 trips=0");
    // Its creator has given it more room than they have.
    assert_eq!(Raw::at_key(scratch.key('R')).get(field::PAYLOAD_LEN), 8192);
}

#[test]
fn program_that_was_built_before_its_type_had_room_uses_an_object_with_room() {
    let scratch = Scratch::new();
    let mut first = rover_that_has(scratch.path(), "create v1 7", "created");
    for (next, tells) in [("v1", "frames=8 position=0"), ("v2", "frames=9 position=0 speed=0")] {
        let mut old = rover_that_has(scratch.path(), "attach old", "attached");
        old.expect_ok("add frames 1");
        assert_eq!(rover_that_has(scratch.path(), "see old", "attached").ask("get position"), "ok 0");
        let mut newer = rover(scratch.path());
        newer.expect_ok(&format!("attach {next}"));
        assert_eq!(newer.expect_ok("tell"), tells);
    }
    assert_eq!(first.expect_ok("tell"), "frames=9 position=0");
    let mut old = rover_that_has(scratch.path(), "attach old", "attached");
    old.expect_ok("add frames 1");
    assert_eq!(old.expect_ok("tell"), "frames=10 position=0", "it has grown meanwhile");
}

#[test]
fn object_without_room_is_for_the_fields_that_it_has() {
    let scratch = Scratch::new();
    let mut old = rover_that_has(scratch.path(), "create old 7", "created");
    assert_eq!(rover_that_has(scratch.path(), "attach v1", "attached").expect_ok("get frames"), "7");
    for command in ["attach v2", "see v2", "attach_or_create v3 1"] {
        let message = rover(scratch.path()).expect_err(command, "NoRoom");
        assert_says(message, &["it was made without room", &format!("pid {}", old.pid()), "store.migrate::<Rover>()"]);
    }
    assert_eq!(old.expect_ok("tell"), "frames=7 position=0");
}

/// The first page has header, object and slots, and the beginning of the log.
#[test]
fn small_object_grows_on_its_first_page() {
    let scratch = Scratch::new();
    let store = Store::options().max_processes(1).open(scratch.path()).unwrap();
    let first = rovers::create(&store, "small1", 7).unwrap();
    let raw = Raw::at_key(scratch.key('R'));
    assert_eq!((raw.get(field::PAYLOAD_OFFSET), raw.get(field::LOG_OFFSET)), (1024, 2176));
    drop(first);
    let object = rovers::attach(&store, "v2", Default::default()).unwrap();
    object.add("speed", 3);
    assert_eq!((object.grown_from(), object.told().as_str()), (Some(2), "frames=7 position=0 speed=3"));
    assert_eq!(rovers::see(&store, "old", Default::default()).unwrap().told(), "frames=7 position=0");
    let Err(error) = rovers::attach(&store, "v3", Default::default()) else { panic!("1024 bytes are too few") };
    assert_says(error, &["it has room for 1024 bytes"]);
}

#[test]
fn version_that_finds_the_table_full_extends_nothing() {
    let scratch = Scratch::new();
    let mut first = super::rover_with(scratch.path(), &[("PEER_MAX_PROCESSES", "1")]);
    first.expect_ok("create v1 7");
    let before = Raw::at_key(scratch.key('R')).bytes();
    rover(scratch.path()).expect_err("attach v2", "ParticipantsFull");
    assert!(Raw::at_key(scratch.key('R')).bytes() == before, "it was refused");
    assert_eq!(first.expect_ok("attach v2"), "grown 2", "it has its slot");
    assert_eq!(segments::at_key(scratch.key('R')).len(), 1);
}

#[test]
fn follower_keeps_its_object_while_it_grows_and_extends_the_next_one() {
    let scratch = Scratch::new();
    let store = scratch.store();
    drop(rovers::create(&store, "v1", 7).unwrap());
    let (mut older, mut newer) = (store.follow::<v1::Rover>().unwrap(), store.follow::<v2::Rover>().unwrap());
    assert_eq!(Shared::grown_from(newer.last()), Some(2));
    assert_eq!((older.current().unwrap().frames.load(SeqCst), older.changes()), (7, 0));
    let mut other = rover(scratch.path());
    assert_eq!(other.expect_ok("attach v3"), "grown 3");
    assert_eq!((newer.current().unwrap().frames.load(SeqCst), newer.changes()), (7, 0));
    other.expect_ok("remove");
    other.expect_ok("create v1 8");
    assert_eq!((older.current().unwrap().frames.load(SeqCst), older.changes()), (8, 1));
    let next = newer.current().unwrap();
    assert_eq!((next.frames.load(SeqCst), Shared::grown_from(next)), (8, Some(2)));
}
