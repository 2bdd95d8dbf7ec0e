//! Which files a recording has.

use std::collections::BTreeMap;
use std::fs;

use super::media::Gate;
use super::*;
use crate::output::{OutputError, Split};

#[test]
fn a_file_that_exists_is_replaced_only_by_force() {
    let directory = directory();
    let path = directory.path().join("x.mcap");
    fs::write(&path, "precious").unwrap();
    let refused = Recorder::start(Output::to(&path)).err().unwrap();
    assert!(matches!(&refused, OutputError::Exists { path: found } if *found == path), "{refused}");
    assert!(refused.to_string().ends_with("x.mcap: the file exists. Choose another name, or replace it by force"));
    assert_eq!(fs::read(&path).unwrap(), b"precious");
    let forced = || Output { force: true, ..Output::to(&path) };
    Recorder::start(forced()).unwrap().finish(BTreeMap::new()).unwrap();
    assert_eq!(read(&path).counted, Some(0));

    // Nothing but a regular file is replaced.
    fs::remove_file(&path).unwrap();
    std::os::unix::fs::symlink("/dev/null", &path).unwrap();
    assert!(matches!(Recorder::start(forced()).err().unwrap(), OutputError::Exists { .. }));
    assert_eq!(fs::read_link(&path).unwrap().to_str(), Some("/dev/null"));
}

#[test]
fn a_directory_that_is_missing_is_named() {
    for split in [None, Some(Split::Size(1000))] {
        let refused = Recorder::start(Output { split, ..Output::to("/nowhere/x.mcap") }).err().unwrap();
        assert!(refused.to_string().starts_with("cannot create /nowhere/x"), "{refused}");
    }
}

#[test]
fn settings_that_contradict_each_other_are_refused() {
    let wrong = [
        Output { keep: Some(2), ..Output::to("x") },
        Output { keep: Some(0), split: Some(Split::Size(1)), ..Output::to("x") },
        Output { split: Some(Split::Size(0)), ..Output::to("x") },
        Output { split: Some(Split::Time(Duration::ZERO)), ..Output::to("x") },
        Output { split: Some(Split::Size(1)), snapshot: Some(Duration::from_secs(1)), ..Output::to("x") },
        Output { snapshot: Some(Duration::ZERO), ..Output::to("x") },
    ];
    for settings in wrong {
        assert!(matches!(Recorder::start(settings).err().unwrap(), OutputError::Settings { .. }));
    }
}

/// Records messages of 10,000 bytes, one a second, as fast as the disk takes them.
fn record_many(settings: Output, count: u32) -> (crate::output::Summary, u32) {
    let mut recorder = Recorder::start(settings).unwrap();
    recorder.metadata("shmstore.object", pairs(&[("object", "0")]));
    let to = recorder.channel(channel("/a")).unwrap();
    recorder.channel(channel("/unused")).unwrap();
    recorder.gaps(pairs(&[("/a", "so far")]));
    let mut wanted = 0;
    for sequence in 0..count {
        let stamp = Stamp { sequence, log_time: u64::from(sequence) * 1_000_000_000, publish_time: 0 };
        wanted += u32::from(recorder.wants_state(stamp.log_time));
        while !recorder.message(to, stamp, |message| message.resize(message.len() + 10_000, sequence as u8)) {
            std::thread::yield_now();
        }
    }
    (recorder.finish(pairs(&[("/a", "at last")])).unwrap(), wanted)
}

#[test]
fn a_recording_is_split_by_size_into_files_that_are_complete() {
    let directory = directory();
    let settings = Output { split: Some(Split::Size(3_300_000)), ..Output::to(directory.path().join("x.mcap")) };
    let (summary, wanted) = record_many(settings, 1000);
    assert_eq!(summary.files, files(directory.path()));
    assert_eq!((summary.files.len(), wanted), (4, 3));
    assert!(summary.files[0].ends_with("x_0001.mcap") && summary.files[3].ends_with("x_0004.mcap"));
    let mut sequences = Vec::new();
    for (index, path) in summary.files.iter().enumerate() {
        let size = path.metadata().unwrap().len();
        let is_full = (3_250_000..=3_302_000).contains(&size);
        assert!(if index < 3 { is_full } else { size < 3_302_000 }, "{index}: {size}");
        let contents = read(path);
        assert_eq!(contents.channels, ["/a", "/unused"]);
        assert_eq!(contents.metadata("shmstore.object").len(), 1);
        let gaps = contents.metadata("shmstore.gaps");
        let (so_far, at_last) = (pairs(&[("/a", "so far")]), pairs(&[("/a", "at last")]));
        assert!(gaps == [&at_last] || (index < 3 && gaps == [&so_far]), "{index}: {gaps:?}");
        sequences.extend(contents.sequences());
    }
    assert_eq!(sequences, (0..1000).collect::<Vec<_>>());
}

#[test]
fn a_recording_is_split_by_the_time_of_its_messages() {
    let directory = directory();
    let split = Some(Split::Time(Duration::from_secs(250)));
    let (summary, wanted) = record_many(Output { split, ..Output::to(directory.path().join("x.mcap")) }, 1000);
    assert_eq!((summary.files.len(), wanted), (4, 3));
    for (path, first) in summary.files.iter().zip([0, 250, 500, 750]) {
        assert_eq!(read(path).sequences(), (first..first + 250).collect::<Vec<_>>());
    }
}

#[test]
fn only_the_newest_files_are_kept() {
    let directory = directory();
    let split = Some(Split::Size(2_200_000));
    let settings = Output { split, keep: Some(2), ..Output::to(directory.path().join("x.mcap")) };
    let (summary, _) = record_many(settings, 2000);
    assert_eq!(summary.files, files(directory.path()));
    assert_eq!((summary.files.len(), summary.messages), (2, 2000));
    let last: Vec<_> = summary.files.iter().flat_map(|path| read(path).sequences()).collect();
    assert_eq!(last, (2000 - last.len() as u32..2000).collect::<Vec<_>>());
}

#[test]
fn a_new_file_asks_for_the_state_once_and_begins_with_it() {
    for is_batch in [false, true] {
        let directory = directory();
        let settings = Output { split: Some(Split::Size(1)), ..Output::to(directory.path().join("x.mcap")) };
        let mut recorder = Recorder::start(settings).unwrap();
        let to = recorder.channel(channel("/a")).unwrap();
        assert!(!recorder.wants_state(0), "the first file's state is recorded anyway");
        if is_batch {
            recorder.hold();
        }
        put(&mut recorder, to, 0, b"first");
        assert!(recorder.wants_state(0));
        put(&mut recorder, to, 1, b"state");
        assert!(!recorder.wants_state(0));
        assert!(!recorder.wants_state(u64::MAX), "a file of the state alone goes on");
        put(&mut recorder, to, 2, b"second");
        assert!(recorder.wants_state(0));
        assert!(!recorder.wants_state(0), "there is no state");
        let summary = recorder.finish(BTreeMap::new()).unwrap();
        let found: Vec<_> = summary.files.iter().map(|path| read(path).sequences()).collect();
        assert_eq!(found, [vec![0], vec![1, 2]], "a file begins with its first message");
    }
}

#[test]
fn a_state_that_is_larger_than_a_file_leaves_room_for_others() {
    let directory = directory();
    let settings = Output { split: Some(Split::Size(100_000)), ..Output::to(directory.path().join("x.mcap")) };
    let mut recorder = Recorder::start(settings).unwrap();
    let to = recorder.channel(channel("/a")).unwrap();
    let mut files = 1;
    for sequence in 0..1000 {
        if recorder.wants_state(0) {
            files += 1;
            (0..20).for_each(|_| assert!(put(&mut recorder, to, u32::MAX, &[0; 10_000])));
            assert!(!recorder.wants_state(0));
        }
        assert!(put(&mut recorder, to, sequence, &[0; 1000]));
    }
    let summary = recorder.finish(BTreeMap::new()).unwrap();
    assert_eq!(summary.files.len(), files);
    assert!((15..=25).contains(&files), "half of each file is the messages of one: {files}");
    let found: Vec<Vec<u32>> = summary.files.iter().map(|path| read(path).sequences()).collect();
    assert!(found[1..].iter().all(|of| of[..20].iter().all(|sequence| *sequence == u32::MAX)));
    let others = found.concat().into_iter().filter(|sequence| *sequence != u32::MAX);
    assert_eq!(others.collect::<Vec<_>>(), (0..1000).collect::<Vec<_>>());
}

#[test]
fn a_state_that_was_dropped_is_asked_for_again_when_there_is_room() {
    let directory = directory();
    let gate = Gate::default();
    let path = directory.path().join("x.mcap");
    let settings = Output { split: Some(Split::Size(1_000_000)), buffer: 4 << 20, ..Output::to(&path) };
    let mut recorder = Recorder::start_on(settings, gate.opener()).unwrap();
    let _opened = gate.opened_at_last();
    let to = recorder.channel(channel("/a")).unwrap();
    let mut sequence = 0;
    while put(&mut recorder, to, sequence, &vec![0; 100_000]) {
        sequence += 1;
    }
    assert!(recorder.wants_state(0));
    assert!(!put(&mut recorder, to, u32::MAX, b"state"));
    assert!(!recorder.wants_state(0));
    assert!(!recorder.wants_state(0), "there is no room");
    gate.open();
    wait_until("there is room", || recorder.wants_state(0));
    assert!(put(&mut recorder, to, u32::MAX, b"state"));
    assert!(!recorder.wants_state(0));
    let summary = recorder.finish(BTreeMap::new()).unwrap();
    let found: Vec<_> = summary.files.iter().map(|path| read(path).sequences()).collect();
    assert_eq!(found, [(0..sequence).collect(), vec![u32::MAX]]);
}

#[test]
fn a_numbered_recording_is_not_mixed_with_an_older_one() {
    let directory = directory();
    let old = directory.path().join("x_0003.mcap");
    fs::write(&old, "precious").unwrap();
    let settings = || Output { split: Some(Split::Size(1)), ..Output::to(directory.path().join("x.mcap")) };
    let refused = Recorder::start(settings()).err().unwrap();
    assert!(matches!(&refused, OutputError::Exists { path } if *path == old), "{refused}");

    // A file that somebody makes later is passed over.
    fs::remove_file(&old).unwrap();
    let mut recorder = Recorder::start(settings()).unwrap();
    fs::write(directory.path().join("x_0002.mcap"), "precious").unwrap();
    let to = recorder.channel(channel("/a")).unwrap();
    for sequence in 0..2 {
        assert_eq!(recorder.wants_state(0), sequence > 0);
        recorder.wants_state(0);
        put(&mut recorder, to, sequence, b"body");
        wait_until("it is written", || recorder.progress().messages == u64::from(sequence) + 1);
    }
    let summary = recorder.finish(BTreeMap::new()).unwrap();
    assert!(summary.files[1].ends_with("x_0003.mcap"), "{summary:?}");
    assert_eq!(fs::read(directory.path().join("x_0002.mcap")).unwrap(), b"precious");
}
