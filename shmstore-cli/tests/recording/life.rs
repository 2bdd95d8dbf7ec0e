//! Objects that grow, are removed, come back, or are not there yet.

use std::fs;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use nix::sys::signal::Signal;
use shmstore::Store;

use crate::objects::*;
use crate::recorder::*;
use crate::scratch::*;

#[test]
fn object_that_grows_keeps_its_topics_and_gets_more() {
    let scratch = Scratch::new();
    let gauge = scratch.store_at("gauge").create::<Gauge>().unwrap();
    gauge.peak.store(7);
    let recorder = Recorder::start(&scratch, &["gauge"], &[]).attached(&scratch);
    recorder.until("/gauge/peak", 1);
    let wider = Store::open(scratch.join("gauge")).unwrap().attach::<WiderGauge>().unwrap();
    wider.lowest.store(3);
    wider.alarms.store(9, Relaxed);
    wider.peak.store(8);
    recorder.until("/gauge/lowest", 1);
    recorder.until("/gauge/atomics_2", 1);
    recorder.until("/gauge/peak", 2);
    let event = recorder.until_event("grown");
    assert_eq!((&event["object"], &event["parts"]), (&0.into(), &2.into()), "{event}");
    let file = recorder.file.clone();
    let ended = recorder.stop().with(0);
    assert_eq!(ended.counts("/gauge/lowest"), [1, 0, 0]);
    let objects = metadata(&file, "shmstore.object");
    assert_eq!(objects.len(), 2, "one for each layout");
    assert!(objects.iter().all(|of| of["object"] == "0" && of["topic"] == "/gauge" && of["room"] == "4096"));
    assert_eq!(objects[1]["layout_hash"], schema::<WiderGauge>().hash().to_string());
    assert_eq!(objects[1]["schema"], schema::<WiderGauge>().to_json());
    let atomics = read(&file, "/gauge/atomics_2").remove(0);
    assert_eq!(atomics.metadata["shmstore.parts"], r#"["alarms"]"#);
}

#[test]
fn successor_of_a_removed_object_goes_on_in_the_same_topics() {
    let scratch = Scratch::new();
    let store = scratch.store_at("gauge");
    let gauge = store.create::<Gauge>().unwrap();
    gauge.peak.store(7);
    let recorder = Recorder::start(&scratch, &["gauge"], &[]).attached(&scratch);
    recorder.until("/gauge/peak", 1);
    gauge.peak.store(8);
    drop(gauge);
    store.remove::<Gauge>().unwrap();
    recorder.until_event("removed");
    let gauge = store.create::<Gauge>().unwrap();
    gauge.peak.store(1);
    gauge.peak.store(2);
    recorder.until_event("replaced");
    recorder.until("/gauge/peak", 3);
    let file = recorder.file.clone();
    let ended = recorder.stop().with(0);
    let found: Vec<(u32, u64)> = read(&file, "/gauge/peak").iter().map(|of| (of.sequence, of.number())).collect();
    assert_eq!(found, [(1, 7), (2, 8), (2, 2)], "the last value of the first object is there");
    assert_eq!(ended.counts("/gauge/peak"), [3, 1, 0], "version 1 of the second object");
    let nonces: Vec<String> = metadata(&file, "shmstore.object").into_iter().map(|of| of["nonce"].clone()).collect();
    assert!(nonces.len() == 2 && nonces[0] != nonces[1], "{nonces:?}");
    assert!(ended.err.contains("was removed") && ended.err.contains("a new object is recorded"), "{ended:?}");
}

#[test]
fn value_that_was_stored_just_before_the_removal_is_recorded() {
    let scratch = Scratch::new();
    let store = scratch.store_at("gauge");
    let gauge = store.create::<Gauge>().unwrap();
    gauge.peak.store(7);
    let recorder = Recorder::start(&scratch, &["gauge"], &[]).attached(&scratch);
    recorder.until("/gauge/peak", 1);
    recorder.signal(Signal::SIGSTOP);
    gauge.peak.store(8);
    gauge.level.store(9, Relaxed);
    drop(gauge);
    store.remove::<Gauge>().unwrap();
    // The recorder finds the removal first, because it looks for one each 100 ms.
    std::thread::sleep(Duration::from_millis(150));
    recorder.signal(Signal::SIGCONT);
    recorder.until_event("removed");
    let file = recorder.file.clone();
    recorder.stop().with(0);
    let found: Vec<u64> = read(&file, "/gauge/peak").iter().map(Found::number).collect();
    assert_eq!(found, [7, 8]);
    let atomics = read(&file, "/gauge/atomics");
    assert_eq!(atomics[atomics.len() - 1].data[4..12], 9_u64.to_le_bytes());
}

#[test]
fn successor_of_another_type_begins_another_file() {
    let scratch = Scratch::new();
    let store = scratch.store_at("gauge");
    let other = scratch.store_at("rover").create::<Rover>().unwrap();
    other.driver.store("zqx".try_into().unwrap());
    store.create::<Gauge>().unwrap().peak.store(7);
    let recorder = Recorder::start(&scratch, &["gauge", "rover"], &[]);
    recorder.until("/gauge/peak", 1);
    recorder.until("/rover/driver", 1);
    store.remove::<Gauge>().unwrap();
    recorder.until_event("removed");
    store.create::<OtherGauge>().unwrap().peak.store(1.5);
    let second = scratch.join("x-2.mcap");
    let has_value = |topic| fs::read(&second).is_ok_and(|bytes| !messages_of(&bytes, topic).is_empty());
    until("the second file", || has_value("/gauge/peak").then_some(()));
    other.driver.store("yqx".try_into().unwrap());
    let file = recorder.file.clone();
    let ended = recorder.stop().with(0);
    let files = serde_json::json!([file.to_str(), second.to_str()]);
    assert_eq!(ended.json()["files"], files);
    let old = read(&file, "/gauge/peak");
    let new = read(&second, "/gauge/peak");
    assert_eq!((old.len(), old[0].number()), (1, 7));
    assert_eq!((new.len(), new[0].value::<f32>()), (1, 1.5_f32.to_le_bytes().to_vec()));
    assert_eq!((old[0].schema.2.as_str(), new[0].schema.2.as_str()), ("uint64 value\n", "float32 value\n"));
    let drivers = read(&second, "/rover/driver");
    let versions: Vec<u32> = drivers.iter().map(|found| found.sequence).collect();
    assert_eq!(versions, [1, 2], "the other object is recorded as it is, and goes on");
    assert_eq!(metadata(&second, "shmstore.object").len(), 2);
}

#[test]
fn objects_that_come_later_are_recorded_from_their_first_version_on() {
    let scratch = Scratch::new();
    fs::create_dir(scratch.join("fleet")).unwrap();
    let recorder = Recorder::start(&scratch, &["fleet"], &[]);
    until("the file", || recorder.file.exists().then_some(()));
    let rover = scratch.store_at("fleet/one").create::<Rover>().unwrap();
    rover.ticks.send_many(&[1, 2, 3]);
    recorder.until("/one/ticks", 3);
    let gauge = scratch.store_at("fleet/two").create::<Gauge>().unwrap();
    gauge.peak.store(7);
    recorder.until("/two/peak", 1);
    recorder.until_event("found");
    let ended = recorder.stop().with(0);
    assert_eq!(ended.counts("/one/ticks"), [3, 0, 0]);
    assert!(ended.err.contains("has no object yet"), "{ended:?}");
}

#[test]
fn recording_ends_with_its_objects_if_asked_to() {
    let scratch = Scratch::new();
    let store = scratch.store_at("gauge");
    let gauge = store.create::<Gauge>().unwrap();
    let recorder = Recorder::start(&scratch, &["gauge"], &["--once"]).attached(&scratch);
    gauge.peak.store(7);
    drop(gauge);
    store.remove::<Gauge>().unwrap();
    let file = recorder.file.clone();
    recorder.ended().with(0);
    assert_eq!(read(&file, "/gauge/peak").len(), 1);
}
