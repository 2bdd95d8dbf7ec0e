//! Maps, queues, frames, and values that are not valid.

use std::fs;

use shmstore_record::Message;

use crate::objects::*;
use crate::recorder::*;
use crate::scratch::*;

/// The operation, the key and the value of the messages of a map.
fn entries(file: &std::path::Path, topic: &str) -> Vec<(u8, u32, f64)> {
    let part = schema::<shmstore::Map<u32, f64, 8>>();
    let message = Message::of(&"quotes".parse().unwrap(), &part).unwrap();
    let of = |found: &Found| {
        let pieces = message.decode(&found.data).unwrap();
        let key = u32::from_le_bytes(pieces[1][..].try_into().unwrap());
        (pieces[0][0], key, f64::from_le_bytes(pieces[2][..].try_into().unwrap()))
    };
    read(file, topic).iter().map(of).collect()
}

#[test]
fn keys_of_a_map_come_and_go() {
    let scratch = Scratch::new();
    let rover = scratch.store().create::<Rover>().unwrap();
    rover.quotes.insert(1, 1.5).unwrap();
    let recorder = Recorder::start(&scratch, &["rover"], &[]).attached(&scratch);
    recorder.until("/rover/quotes", 1);
    rover.quotes.insert(2, 2.5).unwrap();
    recorder.until("/rover/quotes", 2);
    rover.quotes.insert(1, 1.75).unwrap();
    recorder.until("/rover/quotes", 3);
    assert_eq!(rover.quotes.remove(&2).unwrap(), Some(2.5));
    recorder.until("/rover/quotes", 4);
    let file = recorder.file.clone();
    let ended = recorder.stop().with(0);
    let (present, set, removed) = (Message::PRESENT, Message::SET, Message::REMOVED);
    let expected = [(present, 1, 1.5), (set, 2, 2.5), (set, 1, 1.75), (removed, 2, 2.5)];
    assert_eq!(entries(&file, "/rover/quotes"), expected);
    assert_eq!(ended.counts("/rover/quotes"), [4, 0, 0]);
    let found = read(&file, "/rover/quotes");
    assert!(found[0].schema.2.contains("uint8 op\nuint32 key\nfloat64 value\n"), "{:?}", found[0].schema);
}

#[test]
fn items_of_a_queue_are_recorded_and_none_is_taken() {
    let scratch = Scratch::new();
    let rover = scratch.store().create::<Rover>().unwrap();
    rover.jobs.push(10).unwrap();
    rover.jobs.push(11).unwrap();
    assert_eq!(rover.jobs.pop().unwrap(), 10);
    let recorder = Recorder::start(&scratch, &["rover"], &[]).attached(&scratch);
    recorder.until("/rover/jobs", 1);
    rover.jobs.push(12).unwrap();
    recorder.until("/rover/jobs", 2);
    let file = recorder.file.clone();
    let ended = recorder.stop().with(0);
    let found = read(&file, "/rover/jobs");
    let items: Vec<(u32, Vec<u8>)> = found.iter().map(|found| (found.sequence, found.value::<u32>())).collect();
    assert_eq!(items, [(1, 11_u32.to_le_bytes().to_vec()), (2, 12_u32.to_le_bytes().to_vec())]);
    assert_eq!(ended.counts("/rover/jobs"), [2, 0, 0]);
    assert_eq!([rover.jobs.pop().unwrap(), rover.jobs.pop().unwrap()], [11, 12], "they are all there still");
}

fn publish(camera: &Camera, height: u32, bytes: &[u8]) {
    let mut frame = camera.images.try_loan().unwrap();
    frame.set_meta(Info { height, width: 2, step: 2, encoding: "mono8".try_into().unwrap() });
    frame.copy_from(bytes).unwrap();
    frame.publish().unwrap();
}

#[test]
fn newest_frames_are_recorded_with_their_metadata() {
    let scratch = Scratch::new();
    let camera = scratch.store_at("camera").create::<Camera>().unwrap();
    publish(&camera, 1, &[1, 2]);
    let recorder = Recorder::start(&scratch, &["camera"], &[]).attached(&scratch);
    recorder.until("/camera/images", 1);
    publish(&camera, 2, &[3, 4, 5, 6]);
    recorder.until("/camera/images", 2);
    let file = recorder.file.clone();
    let ended = recorder.stop().with(0);
    assert_eq!(ended.counts("/camera/images"), [2, 0, 0]);
    let found = read(&file, "/camera/images");
    let part = schema::<shmstore::Frames<u8, 64, 4, Info>>();
    let message = Message::of(&"images".parse().unwrap(), &part).unwrap();
    let pieces = message.decode(&found[1].data).unwrap();
    assert_eq!((pieces[0][..4].to_vec(), pieces[1].to_vec()), (vec![2, 0, 0, 0], vec![3, 4, 5, 6]));
    assert_eq!(found[1].sequence, 2);
}

#[test]
fn frames_are_images_if_asked_for() {
    let scratch = Scratch::new();
    let camera = scratch.store_at("camera").create::<Camera>().unwrap();
    publish(&camera, 2, &[3, 4, 5, 6]);
    let more = ["--as", "images=sensor_msgs/Image"];
    let recorder = Recorder::start(&scratch, &["camera"], &more).attached(&scratch);
    recorder.until("/camera/images", 1);
    let file = recorder.file.clone();
    recorder.stop().with(0);
    let found = read(&file, "/camera/images").remove(0);
    assert_eq!(found.schema.0, "sensor_msgs/msg/Image");
    assert!(found.schema.2.starts_with("std_msgs/Header header\nuint32 height\nuint32 width\nstring encoding\n"));
    let (stamp, rest) = found.data[4..].split_at(8);
    let seconds = u32::from_le_bytes(stamp[..4].try_into().unwrap());
    assert_eq!(u64::from(seconds), found.publish_time / 1_000_000_000, "no time in the metadata: that of the look");
    let expected = [&[1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 6, 0, 0, 0][..], b"mono8\0\0\0"];
    let expected = [&expected.concat()[..], &[2, 0, 0, 0, 4, 0, 0, 0, 3, 4, 5, 6]].concat();
    assert_eq!(rest, expected);
}

#[test]
fn texts_that_are_not_utf_8_are_told_with_their_bytes() {
    let scratch = Scratch::new();
    let rover = scratch.store().create::<Rover>().unwrap();
    rover.driver.store("zqx".try_into().unwrap());
    let recorder = Recorder::start(&scratch, &["rover"], &[]).attached(&scratch);
    recorder.until("/rover/driver", 1);
    // Version 1 lies behind the word of the part and version 0. `z` becomes a byte that no UTF-8 has.
    let shmid = scratch.segments()[0].shmid;
    let script = "shmread($ARGV[0], my $all, 0, $ARGV[1]) or die $!; my $at = index($all, 'zqx'); die 'none' if $at < 0; \
                  shmwrite($ARGV[0], \"\\xff\", $at, 1) or die $!";
    let size = scratch.segments()[0].size;
    let ended = std::process::Command::new("perl").args(["-e", script, &shmid.to_string(), &size.to_string()]).status();
    assert!(ended.expect("perl runs").success());
    // A store that keeps the bytes, by a transaction without a change of them.
    rover.driver.update(|_| {});
    let event = recorder.until_event("invalid");
    let file = recorder.file.clone();
    recorder.stop().with(0);
    assert_eq!((&event["part"], &event["sequence"]), (&"driver".into(), &2.into()), "{event}");
    assert!(event["bytes"].as_str().unwrap().starts_with("03000000ff7178"), "{event}");
    let found = read(&file, "/rover/driver");
    assert_eq!(found[1].data[8..], *"\u{fffd}qx\0".as_bytes());
}

#[test]
fn json_has_the_trees_of_the_command_line() {
    let scratch = Scratch::new();
    let rover = scratch.store().create::<Rover>().unwrap();
    rover.driver.store("zqx".try_into().unwrap());
    rover.quotes.insert(1, 1.5).unwrap();
    let recorder = Recorder::start(&scratch, &["rover"], &["--encoding", "json"]).attached(&scratch);
    recorder.until("/rover/driver", 1);
    let file = recorder.file.clone();
    recorder.stop().with(0);
    let of = |topic: &str| {
        let found = read(&file, topic).remove(0);
        assert_eq!(found.schema.1, "jsonschema");
        let schema: serde_json::Value = serde_json::from_str(&found.schema.2).unwrap();
        assert_eq!(schema["type"], "object");
        serde_json::from_slice::<serde_json::Value>(&found.data).unwrap()
    };
    assert_eq!(of("/rover/driver"), serde_json::json!({ "value": "zqx" }));
    assert_eq!(of("/rover/quotes"), serde_json::json!({ "op": "Present", "key": 1, "value": 1.5 }));
    let atomics = serde_json::json!({
        "frames": 0, "mode": "Idle", "audit": 0, "news": 0
    });
    assert_eq!(of("/rover/atomics"), atomics);
    assert!(fs::metadata(&file).unwrap().len() > 0);
}
