//! Files of any content are read or refused. Nothing panics, hangs or takes much memory.

use std::fs;
use std::path::Path;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use shmstore::{Broadcast, Frames, Map, ShmLayout, ShmObject, Versioned};
use shmstore_record::Message;
use shmstore_record::reading::{ReadError, Recording};
use shmstore_record::replay::{Replay, Report, Settings};
use std::sync::atomic::AtomicU32;

use super::recording;

#[derive(ShmObject)]
#[repr(C)]
#[shm(id = 'R')]
struct Rover {
    hits: AtomicU32,
    speed: Versioned<f64>,
    flag: Versioned<bool>,
    news: Broadcast<u16, 4>,
    book: Map<u8, u32, 4>,
    images: Frames<u8, 64, 3, u32>,
}

/// A small recording with each kind of message.
fn small(path: &Path, options: mcap::WriteOptions) {
    let mut written = recording::write_with(path, options);
    let rover = written.object("/run/rover", "", 'R', &Rover::SCHEMA.into());
    let channels = ["speed", "flag", "news", "book", "images"].map(|part| written.part(rover, part));
    let atomics = written.atomics(rover, &["hits"]);
    for step in 0..4_u32 {
        let speed = f64::from(step).to_le_bytes();
        let key = [step as u8];
        let pieces: [&[&[u8]]; 5] = [
            &[&speed],
            &[&[1]],
            &[&[3, 4]],
            &[&[Message::SET], &key, &[1, 2, 3, 4]],
            &[&[9, 9, 9, 9], &[step as u8; 40]],
        ];
        for (channel, pieces) in channels.iter().zip(pieces) {
            written.message(*channel, step, u64::from(step), pieces);
        }
        written.message(atomics, step, u64::from(step), &[&step.to_le_bytes()]);
        written.end_chunk();
    }
    written.end();
}

/// Reads all messages of a file, and decodes them.
fn check(path: &Path) -> Result<Report, String> {
    let mut recording = Recording::open(&[path.into()]).map_err(|error| error.to_string())?;
    let mut replay = Replay::check(Settings::default());
    replay.run(&mut recording, &mut || false).map_err(|error| error.to_string())?;
    Ok(replay.report().clone())
}

#[test]
fn file_that_ends_anywhere_in_the_middle_is_refused_with_the_cure() {
    let directory = tempfile::tempdir().unwrap();
    let (whole, cut) = (directory.path().join("whole.mcap"), directory.path().join("cut.mcap"));
    for options in [mcap::WriteOptions::new(), mcap::WriteOptions::new().use_chunks(false)] {
        small(&whole, options);
        let report = check(&whole).unwrap();
        assert!(report.is_complete() && report.total().stored == 24, "{report:?}");
        let bytes = fs::read(&whole).unwrap();
        // The end has the most records.
        for len in (0..bytes.len() - 400).step_by(9).chain(bytes.len() - 400..bytes.len()) {
            fs::write(&cut, &bytes[..len]).unwrap();
            match Recording::open(&[cut.clone()]).unwrap_err() {
                ReadError::NotMcap { .. } if len < 8 => {}
                // The description of the object is not there yet.
                ReadError::Foreign { .. } if len < 4096 => {}
                error @ ReadError::Truncated { .. } => {
                    let cure = format!("`shmstore record --repair {}`", cut.display());
                    assert!(error.to_string().contains(&cure), "{error}");
                }
                error => panic!("{len} of {}: {error}", bytes.len()),
            }
        }
    }
}

#[test]
fn any_change_of_some_bytes_is_read_or_refused() {
    let directory = tempfile::tempdir().unwrap();
    let (whole, changed) = (directory.path().join("whole.mcap"), directory.path().join("changed.mcap"));
    // Without checksums, so that changes reach the decoders.
    small(&whole, mcap::WriteOptions::new().calculate_chunk_crcs(false));
    let bytes = fs::read(&whole).unwrap();
    let mut runner = TestRunner::new(Config { cases: 700, failure_persistence: None, ..Config::default() });
    let changes = prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6);
    let ran = runner.run(&changes, |changes| {
        let mut other = bytes.clone();
        for (at, byte) in changes {
            other[at.index(bytes.len())] = byte;
        }
        fs::write(&changed, &other).unwrap();
        drop(check(&changed));
        Ok(())
    });
    ran.unwrap();
    // Each length in it, as the largest number.
    for at in (0..bytes.len() - 8).step_by(7) {
        for width in [4, 8] {
            let mut other = bytes.clone();
            other[at..at + width].fill(0xff);
            fs::write(&changed, &other).unwrap();
            drop(check(&changed));
        }
    }
}

#[test]
fn damaged_chunk_is_skipped_and_the_others_are_read() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("x.mcap");
    small(&path, mcap::WriteOptions::new());
    let mut bytes = fs::read(&path).unwrap();
    // The pixels of the third frame.
    let at = bytes.windows(40).position(|window| window == [2; 40]).unwrap();
    bytes[at] = 77;
    fs::write(&path, &bytes).unwrap();
    let report = check(&path).unwrap();
    assert_eq!((report.damaged, report.total().stored), (1, 18));
    let damage = report.damage.unwrap();
    assert!(damage.contains("the checksum of the chunk is") && damage.contains("x.mcap: the record at"), "{damage}");
}

#[test]
fn other_files_are_refused_by_name() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("x.mcap");
    let error = |path: &Path| Recording::open(&[path.into()]).unwrap_err().to_string();
    fs::write(&path, "ROSBAG V2.0 and more").unwrap();
    assert!(error(&path).contains("it is no MCAP file"), "{}", error(&path));
    let mut writer =
        mcap::WriteOptions::new().profile("ros1").library("other 1").create(fs::File::create(&path).unwrap());
    writer.as_mut().unwrap().finish().unwrap();
    let said = error(&path);
    assert!(said.contains("of `other 1` (profile `ros1`) and no recording of shmstore"), "{said}");
    assert!(error(directory.path()).contains("no regular file"));
}

#[test]
fn description_of_an_object_must_fit_its_layout() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("x.mcap");
    let whole = recording::text_map([
        ("object", "0"),
        ("topic", "/rover"),
        ("path", "/run/rover"),
        ("id", "R"),
        ("type", "Rover"),
        ("layout_hash", &Rover::LAYOUT_HASH.to_string()),
        ("schema", Rover::SCHEMA.to_json().as_str()),
    ]);
    let refused = |key: &str, value: Option<&str>| {
        let mut pairs = whole.clone();
        match value {
            Some(value) => _ = pairs.insert(key.into(), value.into()),
            None => _ = pairs.remove(key),
        }
        let mut written = recording::write(&path);
        written.metadata("shmstore.object", pairs);
        written.end();
        Recording::open(&[path.clone()]).err().map(|error| error.to_string())
    };
    assert_eq!(refused("name", Some("")), None);
    for (key, value, says) in [
        ("object", None, "it has no `object`"),
        ("object", Some("-1"), "a decimal number is expected"),
        ("id", Some("RR"), "one character is expected"),
        ("layout_hash", Some("12"), "`layout_hash` is \"12\""),
        ("room", Some("much"), "`room` is \"much\""),
        ("schema", Some("{}"), "the layout of /rover is wrong"),
        ("topic", None, "it has no `topic`"),
    ] {
        let said = refused(key, value).unwrap();
        assert!(said.contains(says) && said.contains("x.mcap: "), "{said}");
    }
}
