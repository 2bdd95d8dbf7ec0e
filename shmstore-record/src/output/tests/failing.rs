//! Disks that are full or broken.

use std::collections::BTreeMap;
use std::error::Error;
use std::io::{ErrorKind, Write};
use std::process::Command;

use super::media::Faulty;
use super::*;
use crate::output::{OutputError, Split, repair};

/// Records until nothing is taken any more, and returns the error and the messages that were taken.
fn record_until_it_fails(mut recorder: Recorder) -> OutputError {
    let to = recorder.channel(channel("/a")).unwrap();
    let mut sequence = 0;
    wait_until("the recording ends", || {
        recorder.wants_state(0);
        sequence += u32::from(put(&mut recorder, to, sequence, &vec![sequence as u8; 100_000]));
        recorder.progress().failure.is_some()
    });
    assert!(!put(&mut recorder, to, sequence, b"after it"));
    assert!(recorder.dropped(to) > 0);
    let failure = recorder.progress().failure.unwrap();
    assert!(failure.contains("recording ended after"), "{failure}");
    recorder.finish(BTreeMap::new()).err().unwrap()
}

#[test]
fn a_write_that_fails_in_any_step_leaves_what_was_recorded_before() {
    for kind in [ErrorKind::StorageFull, ErrorKind::Other] {
        // The first write begins the file, and four writes each put out a chunk.
        for nth in 1..14 {
            let directory = directory();
            let path = directory.path().join("x.mcap");
            let disk = Faulty::at(nth, kind);
            let recorder = Recorder::start_on(Output::to(&path), disk.opener()).unwrap();
            let error = record_until_it_fails(recorder);
            let OutputError::Stopped { path: of, messages, bytes, source } = &error else { panic!("{error}") };
            assert_eq!((of, source.kind()), (&path, kind));
            let contents = read(&path);
            assert_eq!(contents.messages.len() as u64, *messages);
            assert_eq!(contents.sequences(), (0..*messages as u32).collect::<Vec<_>>());
            assert_eq!(path.metadata().unwrap().len(), *bytes);
            assert!(error.source().is_some() && *messages + 20 > (nth as u64 - 1) / 4 * 10, "{error}");

            assert_eq!(repair(&path).unwrap().messages, *messages);
            assert_eq!(read(&path).counted, Some(*messages));
        }
    }
}

#[test]
fn a_full_disk_costs_the_oldest_file_if_only_some_are_kept() {
    let directory = directory();
    let path = directory.path().join("x.mcap");
    // Each file has about 20 writes, and the third one fails.
    let disk = Faulty::at(50, ErrorKind::StorageFull);
    let settings = Output { split: Some(Split::Size(2_200_000)), keep: Some(9), ..Output::to(&path) };
    let mut recorder = Recorder::start_on(settings, disk.opener()).unwrap();
    let to = recorder.channel(channel("/a")).unwrap();
    for sequence in 0..100 {
        recorder.wants_state(0);
        put(&mut recorder, to, sequence, &vec![0; 100_000]);
    }
    let summary = recorder.finish(BTreeMap::new()).unwrap();
    assert_eq!((summary.messages, summary.dropped), (100, 0));
    assert!(!directory.path().join("x_0001.mcap").exists(), "{summary:?}");
    assert_eq!(summary.files, files(directory.path()));
    let sequences: Vec<_> = summary.files.iter().flat_map(|path| read(path).sequences()).collect();
    assert_eq!(sequences, (100 - sequences.len() as u32..100).collect::<Vec<_>>());
}

#[test]
fn a_broken_disk_costs_no_other_file() {
    let directory = directory();
    let settings =
        Output { split: Some(Split::Size(2_200_000)), keep: Some(9), ..Output::to(directory.path().join("x.mcap")) };
    let disk = Faulty::at(50, ErrorKind::Other);
    let error = record_until_it_fails(Recorder::start_on(settings, disk.opener()).unwrap());
    let OutputError::Stopped { messages, .. } = &error else { panic!("{error}") };
    let sequences: Vec<_> = files(directory.path()).iter().flat_map(|path| read(path).sequences()).collect();
    assert_eq!(sequences, (0..*messages as u32).collect::<Vec<_>>());
}

/// A file system of a few megabytes.
struct Mounted(tempfile::TempDir);

impl Mounted {
    /// `None`: the machine does not allow it here.
    fn new(size: &str) -> Option<Self> {
        let directory = tempfile::tempdir().unwrap();
        let size = format!("size={size}");
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(directory.path()).output();
        let reason = match mounted {
            Ok(output) if output.status.success() => return Some(Self(directory)),
            Ok(output) => String::from_utf8_lossy(&output.stderr).trim().to_owned(),
            Err(error) => error.to_string(),
        };
        assert!(std::env::var_os("SHMSTORE_NO_SKIPS").is_none(), "not to be skipped here: {reason}");
        // Not by `eprintln!`, which the test harness keeps to itself when a test passes.
        let _ = writeln!(std::io::stderr(), "skipped: a small file system cannot be mounted: {reason}");
        None
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.0.path()).status();
    }
}

#[test]
fn a_full_file_system_ends_a_recording_that_can_be_read() {
    let Some(mounted) = Mounted::new("8m") else { return };
    let path = mounted.0.path().join("x.mcap");
    let error = record_until_it_fails(Recorder::start(Output::to(&path)).unwrap());
    let OutputError::Stopped { messages, source, .. } = &error else { panic!("{error}") };
    assert_eq!(source.kind(), ErrorKind::StorageFull);
    assert!(*messages >= 60, "{error}");
    assert_eq!(read(&path).sequences(), (0..*messages as u32).collect::<Vec<_>>());
    assert_eq!(repair(&path).unwrap().messages, *messages);
    assert_eq!(read(&path).counted, Some(*messages));
}

#[test]
fn a_full_file_system_keeps_the_newest_files() {
    let Some(mounted) = Mounted::new("8m") else { return };
    let path = mounted.0.path().join("x.mcap");
    let settings = Output { split: Some(Split::Size(2_200_000)), keep: Some(100), ..Output::to(&path) };
    let mut recorder = Recorder::start(settings).unwrap();
    let to = recorder.channel(channel("/a")).unwrap();
    for sequence in 0..500 {
        recorder.wants_state(0);
        wait_until("it is taken", || put(&mut recorder, to, sequence, &vec![0; 100_000]));
    }
    let summary = recorder.finish(BTreeMap::new()).unwrap();
    assert_eq!(summary.messages, 500);
    assert_eq!(summary.files, files(mounted.0.path()));
    let sequences: Vec<_> = summary.files.iter().flat_map(|path| read(path).sequences()).collect();
    assert!(sequences.len() > 30, "{summary:?}");
    assert_eq!(sequences, (500 - sequences.len() as u32..500).collect::<Vec<_>>());
}
