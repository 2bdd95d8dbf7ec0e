//! The ring in memory, and its snapshots.

use std::collections::BTreeMap;

use super::*;

const SECOND: u64 = 1_000_000_000;

fn ring(path: &Path, buffer: usize) -> Recorder {
    let settings = Output { snapshot: Some(Duration::from_secs(30)), buffer, ..Output::to(path) };
    Recorder::start(settings).unwrap()
}

fn at(recorder: &mut Recorder, to: ChannelId, sequence: u32, seconds: u64, size: usize) {
    let stamp = Stamp { sequence, log_time: seconds * SECOND, publish_time: 0 };
    assert!(recorder.message(to, stamp, |message| message.resize(message.len() + size, 0)));
}

fn save(recorder: &mut Recorder) -> Contents {
    let before = recorder.progress().snapshots;
    assert!(recorder.save_snapshot());
    wait_until("the snapshot is complete", || recorder.progress().snapshots > before);
    read(&recorder.progress().path.unwrap())
}

#[test]
fn a_snapshot_has_the_messages_of_the_last_time() {
    let directory = directory();
    let mut recorder = ring(&directory.path().join("x.mcap"), 64 << 20);
    recorder.metadata("shmstore.object", pairs(&[("object", "0")]));
    let to = recorder.channel(channel("/a")).unwrap();
    for second in 0..100 {
        at(&mut recorder, to, second as u32, second, 100);
    }
    assert_eq!(files(directory.path()), Vec::<PathBuf>::new());
    assert_eq!(recorder.progress().path, None);
    let contents = save(&mut recorder);
    assert_eq!(contents.sequences(), (69..100).collect::<Vec<_>>());
    assert_eq!((contents.counted, contents.metadata.len()), (Some(31), 1));
    assert!(recorder.wants_state(0), "the next snapshot needs the state again");

    at(&mut recorder, to, 100, 100, 100);
    assert_eq!(save(&mut recorder).sequences(), [100], "a message is in one snapshot only");
    let summary = recorder.finish(BTreeMap::new()).unwrap();
    assert_eq!(summary.files, files(directory.path()));
    assert!(summary.files[0].ends_with("x_0001.mcap") && summary.files.len() == 2);
}

#[test]
fn a_ring_discards_its_oldest_messages_and_asks_for_the_state_again() {
    let directory = directory();
    let mut recorder = ring(&directory.path().join("x.mcap"), 8 << 20);
    let to = recorder.channel(channel("/a")).unwrap();
    for sequence in 0..600 {
        at(&mut recorder, to, sequence, 1, 10_000);
    }
    assert!(!recorder.wants_state(0), "the state at the start is still there");
    for sequence in 600..3000 {
        at(&mut recorder, to, sequence, 1, 10_000);
    }
    assert!(recorder.wants_state(0));
    assert!(!recorder.wants_state(0));
    let contents = save(&mut recorder);
    let first = contents.sequences()[0];
    assert_eq!(contents.sequences(), (first..3000).collect::<Vec<_>>());
    assert!((300..=800).contains(&contents.messages.len()), "8 MiB: {}", contents.messages.len());
    assert_eq!(recorder.finish(BTreeMap::new()).unwrap().dropped, 0);
}

#[test]
fn a_snapshot_that_was_asked_for_is_written_before_the_end() {
    let directory = directory();
    let mut recorder = ring(&directory.path().join("x.mcap"), 8 << 20);
    let to = recorder.channel(channel("/a")).unwrap();
    at(&mut recorder, to, 0, 1, 10);
    assert!(recorder.save_snapshot());
    let summary = recorder.finish(BTreeMap::new()).unwrap();
    assert_eq!(read(&summary.files[0]).sequences(), [0]);
}

#[test]
fn without_a_ring_there_is_no_snapshot() {
    let directory = directory();
    let mut recorder = Recorder::start(Output::to(directory.path().join("x.mcap"))).unwrap();
    assert!(!recorder.save_snapshot());
}
