//! Repair of files that end anywhere.

use std::collections::BTreeMap;
use std::fs;
use std::sync::Arc;

use super::media::{Log, is_cover};
use super::*;
use crate::output::blocks::Block;
use crate::output::file::{Contents as Given, OutFile};
use crate::output::sink::{END, create};
use crate::output::{RepairError, repair};

/// Writes a small file of several chunks with messages of `size` bytes.
fn write(mut file: OutFile, size: usize, is_finished: bool) {
    let mut given = Given::default();
    let metadata = mcap::records::Metadata { name: "shmstore.object".to_owned(), metadata: pairs(&[("object", "0")]) };
    given.metadata.push(Arc::new(metadata));
    given.channels.push(Arc::new(channel("/a")));
    for chunk in 0..4 {
        file.describe(&given).unwrap();
        let mut block = Block::default();
        for sequence in chunk * 3..chunk * 3 + 3 {
            let to = sequence % given.channels.len() as u32;
            block.push(to, stamp(sequence), |bytes| bytes.resize(bytes.len() + size, sequence as u8));
        }
        file.write(&given, &block, 0).unwrap();
        if chunk == 1 {
            given.channels.push(Arc::new(Channel { schema: channel("/a").schema, ..channel("/b") }));
        }
    }
    if is_finished {
        file.finish(&given, &pairs(&[("/a", "{}")])).0.unwrap();
    } else {
        file.abandon();
    }
}

fn small_file(path: &Path, is_finished: bool) -> Vec<u8> {
    write(OutFile::begin(path, create(path).unwrap()).unwrap(), 40, is_finished);
    fs::read(path).unwrap()
}

#[test]
fn a_file_cut_at_any_length_is_repaired() {
    let directory = directory();
    for is_finished in [false, true] {
        let whole = small_file(&directory.path().join(format!("{is_finished}.mcap")), is_finished);
        let path = directory.path().join("cut.mcap");
        let mut last = 0;
        for length in 0..=whole.len() {
            fs::write(&path, &whole[..length]).unwrap();
            if length < mcap::MAGIC.len() {
                let refused = repair(&path).unwrap_err();
                assert!(matches!(refused, RepairError::NotMcap { .. }), "{length}: {refused}");
                assert_eq!(fs::read(&path).unwrap(), whole[..length], "nothing was changed");
                continue;
            }
            let repaired = repair(&path).unwrap_or_else(|error| panic!("{length}: {error}"));
            let contents = read(&path);
            assert_eq!(contents.counted, Some(repaired.messages), "{length}");
            assert_eq!(contents.sequences(), (0..repaired.messages as u32).collect::<Vec<_>>(), "{length}");
            assert!(repaired.messages >= last, "{length}: a longer file has no less messages");
            assert_eq!((contents.profile.as_str(), repaired.damaged), ("ros2", 0));
            last = repaired.messages;
            let now = fs::read(&path).unwrap();
            assert!(repair(&path).unwrap().was_whole, "{length}");
            assert_eq!(fs::read(&path).unwrap(), now, "a whole file is left alone");
        }
        assert_eq!(last, 12);
    }
}

#[test]
fn the_summary_of_repair_is_the_recorders_own() {
    let directory = directory();
    let path = directory.path().join("x.mcap");
    let whole = small_file(&path, true);
    let footer = mcap::read::footer(&whole).unwrap();
    fs::write(&path, &whole[..footer.summary_start as usize + 20]).unwrap();
    let repaired = repair(&path).unwrap();
    assert_eq!((repaired.messages, repaired.cut), (12, 33));
    assert_eq!(fs::read(&path).unwrap(), whole);
}

#[test]
fn an_end_without_summary_is_no_loss() {
    let directory = directory();
    let path = directory.path().join("x.mcap");
    small_file(&path, false);
    let repaired = repair(&path).unwrap();
    assert_eq!((repaired.was_whole, repaired.messages, repaired.cut), (false, 12, 0));
}

/// Each state that a file has while it is written: after each write, and in the middle of it.
#[test]
fn a_file_is_whole_in_each_step_but_one() {
    for is_finished in [false, true] {
        let log = Log::default();
        // Some pieces cross a page, and others do not.
        write(OutFile::begin(Path::new("none"), Arc::new(log.clone())).unwrap(), 1000, is_finished);
        let (directory, mut file) = (directory(), Vec::new());
        let path = directory.path().join("x.mcap");
        let (mut covered, mut last, mut was_cover) = (0, 0, false);
        for (bytes, at) in log.writes() {
            let step = if bytes.len() > 300 { 37 } else { 1 };
            let is_covered = std::mem::replace(&mut was_cover, is_cover(&bytes));
            covered += usize::from(is_covered);
            for length in (0..bytes.len()).step_by(step).chain([bytes.len()]) {
                let mut now = file.clone();
                let end = at as usize + length;
                now.resize(end.max(now.len()), 0);
                now[at as usize..end].copy_from_slice(&bytes[..length]);
                // The system writes a few bytes at once, so only the states before and after them are seen.
                if is_covered || (length == bytes.len() && bytes != END) {
                    let contents =
                        strictly(&now).unwrap_or_else(|error| panic!("{length} of {} at {at}: {error}", bytes.len()));
                    assert!(contents.messages.len() >= last);
                    last = contents.messages.len();
                }
                if is_covered || length == bytes.len() {
                    fs::write(&path, &now).unwrap();
                    let repaired = repair(&path).unwrap();
                    let contents = read(&path);
                    assert_eq!(contents.counted, Some(repaired.messages));
                    assert!(repaired.messages as usize >= last, "{length} of {} at {at}", bytes.len());
                    assert_eq!(contents.sequences(), (0..repaired.messages as u32).collect::<Vec<_>>());
                }
            }
            let end = at as usize + bytes.len();
            file.resize(end.max(file.len()), 0);
            file[at as usize..end].copy_from_slice(&bytes);
        }
        assert!(covered >= 3, "{covered}");
        assert_eq!(strictly(&file).unwrap().messages.len(), 12);
    }
}

#[test]
fn a_damaged_chunk_between_others_is_skipped_and_at_the_end_cut_off() {
    let directory = directory();
    let path = directory.path().join("x.mcap");
    let whole = small_file(&path, true);
    let summary = mcap::Summary::read(&whole).unwrap().unwrap();
    for (index, chunk) in summary.chunk_indexes.iter().enumerate() {
        let mut file = small_without_summary(&whole);
        let middle = chunk.chunk_start_offset + chunk.chunk_length - 10;
        file[middle as usize] ^= 1;
        fs::write(&path, &file).unwrap();
        if index % 2 == 0 {
            // This chunk defines a channel.
            let refused = repair(&path).unwrap_err();
            assert!(matches!(refused, RepairError::Damaged { at, .. } if at == chunk.chunk_start_offset), "{refused}");
            assert_eq!(fs::read(&path).unwrap(), file, "the messages behind it are not thrown away");
            continue;
        }
        let repaired = repair(&path).unwrap();
        let contents = read(&path);
        assert_eq!(repaired.messages, contents.messages.len() as u64);
        assert_eq!((repaired.damaged, repaired.messages), (1, 9), "chunk {index}");
        assert!(contents.sequences().iter().all(|&sequence| sequence as usize / 3 != index));
    }
}

/// The data of a file, with nothing behind it.
fn small_without_summary(whole: &[u8]) -> Vec<u8> {
    let footer = mcap::read::footer(whole).unwrap();
    whole[..footer.summary_start as usize - 13].to_vec()
}

#[test]
fn what_is_no_mcap_file_is_refused_and_left_alone() {
    let directory = directory();
    let path = directory.path().join("x.mcap");
    let mut other = mcap::MAGIC.to_vec();
    other.resize(5000, 7);
    for file in [b"".as_slice(), b"text of another program", &[0; 5000], &other, &other[..100]] {
        fs::write(&path, file).unwrap();
        let refused = repair(&path).unwrap_err();
        assert!(matches!(refused, RepairError::NotMcap { .. }), "{refused}");
        assert_eq!(fs::read(&path).unwrap(), file);
    }
    assert!(matches!(repair(directory.path()).unwrap_err(), RepairError::Open { .. }));
    assert!(matches!(repair(&directory.path().join("none")).unwrap_err(), RepairError::Open { .. }));
    assert!(matches!(repair(Path::new("/dev/null")).unwrap_err(), RepairError::NotMcap { .. }));
}

#[test]
fn a_compressed_chunk_of_another_program_is_refused() {
    let directory = directory();
    let path = directory.path().join("x.mcap");
    let mut file = mcap::MAGIC.to_vec();
    file.extend([1, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    file.extend([6, 44, 0, 0, 0, 0, 0, 0, 0]);
    file.extend([0; 28]);
    file.extend([4, 0, 0, 0]);
    file.extend(b"zstd");
    file.extend([0; 8]);
    fs::write(&path, &file).unwrap();
    let refused = repair(&path).unwrap_err();
    assert!(matches!(&refused, RepairError::Compressed { compression, .. } if compression == "zstd"), "{refused}");
    assert_eq!(fs::read(&path).unwrap(), file);
}

/// Files of other programs may have records outside of chunks, attachments and private records.
#[test]
fn records_of_other_programs_are_kept() {
    let directory = directory();
    let path = directory.path().join("x.mcap");
    let mut bytes = std::io::Cursor::new(Vec::new());
    let options = mcap::WriteOptions::new().compression(None).use_chunks(false).profile("other");
    let mut writer = options.create(&mut bytes).unwrap();
    let schema = writer.add_schema("name", "ros2msg", b"text").unwrap();
    let channel = writer.add_channel(schema, "/a", "cdr", &BTreeMap::new()).unwrap();
    let header = mcap::records::MessageHeader { channel_id: channel, sequence: 0, log_time: 3, publish_time: 4 };
    writer.write_to_known_channel(&header, b"body").unwrap();
    writer.write_private_record(0xd3, b"anything", Default::default()).unwrap();
    let attachment = mcap::Attachment {
        log_time: 1,
        create_time: 2,
        name: "name".to_owned(),
        media_type: "text/plain".to_owned(),
        data: b"text".as_slice().into(),
    };
    writer.attach(&attachment).unwrap();
    writer.finish().unwrap();
    drop(writer);
    let whole = bytes.into_inner();
    let footer = mcap::read::footer(&whole).unwrap();
    fs::write(&path, &whole[..footer.summary_start as usize - 13]).unwrap();
    assert_eq!(repair(&path).unwrap().messages, 1);
    let file = fs::read(&path).unwrap();
    let summary = mcap::Summary::read(&file).unwrap().unwrap();
    assert_eq!(mcap::read::attachment(&file, &summary.attachment_indexes[0]).unwrap(), attachment);
    let start = footer.summary_start as usize;
    assert_eq!(file[start..file.len() - 12], whole[start..whole.len() - 12]);
}

/// Lengths and bytes that mean nothing lead to an error or a file that can be read: no panic, no endless loop.
#[test]
fn repair_survives_files_with_any_bytes() {
    let directory = directory();
    let path = directory.path().join("x.mcap");
    let whole = small_file(&path, true);
    let mut random = Random(3);
    for round in 0..3000 {
        let mut file = whole.clone();
        for _ in 0..=random.below(4) {
            let at = random.below(file.len() as u64) as usize;
            file[at] = match random.below(4) {
                0 => 0,
                1 => 0xff,
                _ => random.below(256) as u8,
            };
        }
        file.truncate(file.len() - random.below(3) as usize * random.below(file.len() as u64 / 2) as usize);
        fs::write(&path, &file).unwrap();
        if repair(&path).is_ok_and(|repaired| !repaired.was_whole) {
            let file = fs::read(&path).unwrap();
            mcap::read::footer(&file).unwrap_or_else(|error| panic!("{round}: {error}"));
            assert!(repair(&path).unwrap().was_whole, "{round}");
        }
    }
}
