//! What is in a file, and when.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::media::{Faulty, Gate};
use super::*;
use crate::output::blocks::BLOCK;

#[test]
fn a_recording_has_all_that_was_given() {
    let directory = directory();
    let path = directory.path().join("x.mcap");
    let mut recorder = Recorder::start(Output::to(&path)).unwrap();
    recorder.metadata("shmstore.object", pairs(&[("object", "0"), ("path", "/tmp/ä")]));
    let (a, b) = (recorder.channel(channel("/a")).unwrap(), recorder.channel(channel("/b")).unwrap());
    let unused = recorder.channel(channel("/unused")).unwrap();
    for sequence in 0..5000 {
        let to = if sequence % 3 == 0 { b } else { a };
        assert!(put(&mut recorder, to, sequence, &sequence.to_le_bytes()));
    }
    assert!(put(&mut recorder, a, 5000, &[]));
    let summary = recorder.finish(pairs(&[("/a", "{}")])).unwrap();
    assert_eq!((summary.messages, summary.dropped, summary.files), (5001, 0, vec![path.clone()]));
    assert_eq!(summary.bytes, path.metadata().unwrap().len());

    let contents = read(&path);
    assert_eq!(contents.profile, "ros2");
    assert_eq!(contents.library, concat!("shmstore-record ", env!("CARGO_PKG_VERSION")));
    assert_eq!(contents.channels, ["/a", "/b", "/unused"]);
    assert_eq!(contents.schemas, 1, "one schema serves all channels");
    assert_eq!(contents.metadata("shmstore.object"), [&pairs(&[("object", "0"), ("path", "/tmp/ä")])]);
    assert_eq!(contents.metadata("shmstore.gaps"), [&pairs(&[("/a", "{}")])]);
    assert_eq!(contents.sequences(), (0..=5000).collect::<Vec<_>>());
    for message in &contents.messages[..5000] {
        assert_eq!(message.topic, if message.sequence % 3 == 0 { "/b" } else { "/a" });
        assert_eq!(message.body, message.sequence.to_le_bytes());
    }
    assert!(contents.messages[5000].body.is_empty());
    assert_ne!(a, unused);
}

#[test]
fn a_recording_of_nothing_is_a_whole_file() {
    let directory = directory();
    let path = directory.path().join("x.mcap");
    Recorder::start(Output::to(&path)).unwrap().finish(BTreeMap::new()).unwrap();
    let contents = read(&path);
    assert_eq!((contents.messages.len(), contents.counted), (0, Some(0)));
}

#[test]
fn a_recorder_that_is_dropped_ends_its_file() {
    let directory = directory();
    let path = directory.path().join("x.mcap");
    let mut recorder = Recorder::start(Output::to(&path)).unwrap();
    let to = recorder.channel(channel("/a")).unwrap();
    put(&mut recorder, to, 0, b"body");
    drop(recorder);
    assert_eq!(read(&path).counted, Some(1));
}

#[test]
fn a_message_is_in_a_readable_file_soon_without_further_ones() {
    let directory = directory();
    let path = directory.path().join("x.mcap");
    let mut recorder = Recorder::start(Output::to(&path)).unwrap();
    recorder.metadata("early", pairs(&[("a", "b")]));
    wait_until("the metadata is in the file", || read(&path).metadata.len() == 1);
    let to = recorder.channel(channel("/a")).unwrap();
    for sequence in 0..3 {
        let start = Instant::now();
        assert!(put(&mut recorder, to, sequence, b"body"));
        // The file is read while it is written: each look must find it whole.
        wait_until("the message is in the file", || read(&path).messages.len() as u32 == sequence + 1);
        assert!(start.elapsed() >= Duration::from_millis(90), "messages wait for each other");
    }
    assert_eq!(recorder.progress().messages, 3);
    assert_eq!(recorder.progress().path, Some(path));
}

#[test]
fn a_chunk_ends_at_its_size_and_a_large_message_is_alone() {
    let directory = directory();
    let path = directory.path().join("x.mcap");
    let mut recorder = Recorder::start(Output::to(&path)).unwrap();
    let (small, large) = (recorder.channel(channel("/small")).unwrap(), recorder.channel(channel("/large")).unwrap());
    let mut sequence = 0;
    for _ in 0..4 {
        for _ in 0..20_000 {
            assert!(put(&mut recorder, small, sequence, &[7; 100]));
            sequence += 1;
        }
        assert!(put(&mut recorder, large, sequence, &vec![9; 3 << 20]));
        sequence += 1;
    }
    recorder.finish(BTreeMap::new()).unwrap();
    let contents = read(&path);
    assert_eq!(contents.sequences(), (0..sequence).collect::<Vec<_>>());
    let (large, small): (Vec<u64>, Vec<u64>) = contents.chunks.iter().partition(|&&size| size > (BLOCK + 4096) as u64);
    assert_eq!(large.len(), 4);
    assert!(large.iter().all(|&size| size < (3 << 20) + 4096), "{large:?}");
    assert!(small.iter().filter(|&&size| size > 900_000).count() >= 4, "{small:?}");
}

#[test]
fn log_times_never_go_back() {
    let directory = directory();
    let path = directory.path().join("x.mcap");
    let mut recorder = Recorder::start(Output::to(&path)).unwrap();
    let to = recorder.channel(channel("/a")).unwrap();
    for log_time in [5, 9, 3, 10] {
        recorder.message(to, Stamp { sequence: 0, log_time, publish_time: 1 }, |_| {});
    }
    recorder.finish(BTreeMap::new()).unwrap();
    let times: Vec<_> = read(&path).messages.iter().map(|message| message.log_time).collect();
    assert_eq!(times, [5, 9, 9, 10]);
}

#[test]
fn an_encoder_that_panics_or_takes_bytes_away_spoils_no_other_message() {
    let directory = directory();
    let path = directory.path().join("x.mcap");
    let mut recorder = Recorder::start(Output::to(&path)).unwrap();
    let to = recorder.channel(channel("/a")).unwrap();
    assert!(put(&mut recorder, to, 0, b"first"));
    assert!(recorder.message(to, stamp(1), Vec::clear));
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        recorder.message(to, stamp(2), |message| {
            message.push(1);
            panic!("an encoder's");
        });
    }));
    assert!(panicked.is_err());
    assert!(put(&mut recorder, to, 3, b"last"));
    recorder.finish(BTreeMap::new()).unwrap();
    assert_eq!(read(&path).messages.last().unwrap().body, b"last");
}

#[test]
fn a_slow_disk_drops_messages_which_are_counted() {
    let directory = directory();
    let path = directory.path().join("x.mcap");
    let gate = Gate::default();
    let mut recorder = Recorder::start_on(Output { buffer: 8 << 20, ..Output::to(&path) }, gate.opener()).unwrap();
    let _opened = gate.opened_at_last();
    let channels = [recorder.channel(channel("/a")).unwrap(), recorder.channel(channel("/b")).unwrap()];
    let (mut random, mut taken) = (Random(1), Vec::new());
    let mut sent = [0_u64; 2];
    for sequence in 0..4000 {
        let which = usize::from(sequence % 5 == 0);
        sent[which] += 1;
        let size = if which == 1 { random.below(100_000) } else { random.below(8_000) };
        if put(&mut recorder, channels[which], sequence, &vec![sequence as u8; size as usize]) {
            taken.push(sequence);
        }
        if sequence == 3000 {
            assert!(recorder.dropped(channels[0]) > 0 && recorder.dropped(channels[1]) > 0);
            gate.open();
            wait_until("the buffer has room again", || recorder.progress().messages == taken.len() as u64);
        }
    }
    let dropped = channels.map(|channel| recorder.dropped(channel));
    assert_eq!(recorder.progress().dropped, dropped[0] + dropped[1]);
    assert!(taken.contains(&3001), "a disk that writes again takes messages again");
    let summary = recorder.finish(BTreeMap::new()).unwrap();
    let contents = read(&path);
    assert_eq!(contents.sequences(), taken);
    assert_eq!(summary.dropped, dropped[0] + dropped[1]);
    for (index, topic) in ["/a", "/b"].iter().enumerate() {
        let found = contents.messages.iter().filter(|message| message.topic == *topic).count() as u64;
        assert_eq!(found + dropped[index], sent[index], "{topic}");
    }
}

#[test]
fn a_message_above_the_buffer_is_taken_if_nothing_waits() {
    let directory = directory();
    let path = directory.path().join("x.mcap");
    let gate = Gate::default();
    let mut recorder = Recorder::start_on(Output { buffer: 0, ..Output::to(&path) }, gate.opener()).unwrap();
    let _opened = gate.opened_at_last();
    let to = recorder.channel(channel("/a")).unwrap();
    let large = vec![1; 20 << 20];
    assert!(put(&mut recorder, to, 0, &large));
    assert!(!put(&mut recorder, to, 1, &large));
    gate.open();
    recorder.finish(BTreeMap::new()).unwrap();
    assert_eq!(read(&path).sequences(), [0]);
}

#[test]
fn the_disk_has_the_data_after_the_period_of_syncs() {
    let directory = directory();
    let path = directory.path().join("x.mcap");
    let disk = Faulty::at(usize::MAX, std::io::ErrorKind::Other);
    let settings = Output { sync: Some(Duration::from_millis(10)), ..Output::to(&path) };
    let mut recorder = Recorder::start_on(settings, disk.opener()).unwrap();
    let to = recorder.channel(channel("/a")).unwrap();
    for sequence in 0..3 {
        put(&mut recorder, to, sequence, b"body");
        wait_until("the disk has it", || {
            recorder.progress().messages == u64::from(sequence) + 1 && disk.syncs() > sequence as usize
        });
    }
    recorder.finish(BTreeMap::new()).unwrap();
}
