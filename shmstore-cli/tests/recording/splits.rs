//! Files that are split: each is complete by itself, and together they lose nothing.

use std::path::Path;

use mcap::read::ChunkFlattener;
use mcap::records::Record;
use shmstore::Timestamp;

use crate::files::files;
use crate::objects::*;
use crate::recorder::*;
use crate::scratch::*;

/// Parts that have a state. Items have none.
const STATES: [&str; 4] = ["/rover/position", "/rover/driver", "/rover/quotes", "/rover/atomics"];

/// Records a busy rover and a busy camera until there are five files.
#[track_caller]
fn check(split: &str) {
    let scratch = Scratch::new();
    let rover = scratch.store_at("rover").create::<Rover>().unwrap();
    let gauge = scratch.store_at("gauge").create::<Gauge>().unwrap();
    rover.driver.store("zqx".try_into().unwrap());
    rover.quotes.insert(1, 1.5).unwrap();
    rover.position.store(Position { taken: Timestamp::from_nanos(1), x: 0.0, y: 0.0 });
    gauge.peak.store(7);
    let recorder = Recorder::start(&scratch, &["rover", "gauge"], &["--split", split]).attached(&scratch);
    let is_there = |topic| files(&scratch).first().is_some_and(|file| !read(file, topic).is_empty());
    until("the first values", || STATES.iter().all(|topic| is_there(topic)).then_some(()));
    let mut sent = 0;
    let store = |number| rover.position.update(|position| position.x = number as f64);
    while_busy(store, || {
        until("five files", || {
            rover.ticks.send_many(&(sent..sent + 50).collect::<Vec<u64>>());
            sent += 50;
            (files(&scratch).len() >= 5).then_some(())
        });
    });
    let ended = recorder.stop().with(0);
    let files = files(&scratch);
    let names: Vec<_> = files.iter().take(2).map(|file| file.file_name().unwrap().to_str().unwrap()).collect();
    assert_eq!(names, ["x_0001.mcap", "x_0002.mcap"]);

    let numbers: Vec<u64> = files.iter().flat_map(|file| read(file, "/rover/ticks")).map(|of| of.number()).collect();
    assert_eq!(numbers, (0..sent).collect::<Vec<u64>>());
    assert_eq!(ended.counts("/rover/ticks"), [sent, 0, 0]);
    for topic in ["/rover/driver", "/rover/quotes", "/gauge/peak"] {
        assert_eq!(ended.counts(topic), [1, 0, 0], "what is repeated does not count");
    }
    let mut versions: Vec<u32> = files.iter().flat_map(|file| read(file, STATES[0])).map(|of| of.sequence).collect();
    let all = versions.len();
    assert!(versions.is_sorted());
    versions.dedup();
    assert!(all - versions.len() < files.len(), "only the state is repeated");
    let [recorded, missed, dropped] = ended.counts(STATES[0]);
    assert_eq!([recorded, recorded + missed, dropped], [versions.len() as u64, rover.position.load_versioned().0, 0]);
    files.iter().skip(1).for_each(|file| check_alone(file));
}

/// A file begins with what it needs, and with the state of each part.
fn check_alone(file: &Path) {
    let bytes = std::fs::read(file).unwrap();
    let kinds: Vec<&str> = ChunkFlattener::new(&bytes)
        .unwrap()
        .map(|record| match record.unwrap() {
            Record::Metadata(of) if of.name == "shmstore.object" => "object",
            Record::Channel(_) => "channel",
            Record::Message { .. } => "message",
            Record::DataEnd(_) => "end",
            _ => "other",
        })
        .filter(|kind| *kind != "other")
        .take_while(|kind| *kind != "end")
        .collect();
    let first = |kind| kinds.iter().position(|found| *found == kind);
    let last = |kind| kinds.iter().rposition(|found| *found == kind);
    assert!(last("object") < first("channel") && last("channel") < first("message"), "{kinds:?}");
    assert_eq!(kinds.iter().filter(|kind| **kind == "object").count(), 2);
    assert_eq!(metadata(file, "shmstore.gaps").len(), 1);

    let found: Vec<String> = messages(&bytes).into_iter().map(|found| found.topic).collect();
    let states = STATES.iter().chain(&["/gauge/peak", "/gauge/atomics"]);
    let of = |topic: &&str| found.iter().position(|found| found == topic);
    let mut places: Vec<Option<usize>> = states.map(of).collect();
    places.sort();
    let expected: Vec<Option<usize>> = (0..places.len()).map(Some).collect();
    assert_eq!(places, expected, "{file:?} begins with {:?}", &found[..found.len().min(20)]);
}

#[test]
fn files_that_are_split_by_size_lose_nothing_and_each_begins_with_the_state() {
    check("200kB");
}

#[test]
fn files_that_are_split_by_time_lose_nothing_and_each_begins_with_the_state() {
    check("1s");
}
