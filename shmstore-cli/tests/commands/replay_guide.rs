//! The terminal of the guide's chapter about replaying.

use std::fs;
use std::path::Path;
use std::sync::atomic::AtomicU64;

use shmstore::{ShmLayout, ShmObject, Versioned};

use super::recording;
use super::support::*;

#[derive(ShmObject)]
#[repr(C)]
#[shm(id = 'R', name = "Rover")]
struct Guided {
    position: Versioned<Position>,
    turns: AtomicU64,
}

/// The recording of the chapter.
fn drive(file: &Path) {
    let mut written = recording::write(file);
    let rover = written.object("/run/rover", "", 'R', &Guided::SCHEMA.into());
    let position = written.part(rover, "position");
    let atomics = written.atomics(rover, &["turns"]);
    for step in 0..=20_u32 {
        let (x, time) = (f64::from(step) / 10.0, u64::from(step) * 100);
        written.message(position, step + 1, time, &[&[x.to_le_bytes(), 0.5_f64.to_le_bytes()].concat()]);
        if step % 10 == 0 {
            written.message(atomics, step / 10, time, &[&u64::from(step).to_le_bytes()]);
        }
    }
    written.end();
}

/// A terminal without what differs between two runs: the directory, the layout, segments and times of a late message.
fn without_chance(text: &str, directory: &str) -> String {
    let mut plain = String::new();
    for line in text.replace(directory, "/home/ann").lines() {
        let (kept, chance) = match (line.find("layout "), line.find("(segment"), line.find(" in "), line.find("late")) {
            (Some(at), ..) | (_, Some(at), ..) => line.split_at(at),
            (_, _, Some(at), Some(_)) => line.split_at(at),
            _ => (line, ""),
        };
        let words = chance.chars().filter(|letter| !letter.is_ascii_hexdigit());
        plain.extend(kept.chars().chain(words).chain(['\n']));
    }
    plain
}

#[test]
fn terminal_of_the_chapter_shows_what_the_command_prints() {
    let chapter = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/guide/19-replay.md");
    let chapter = fs::read_to_string(chapter).unwrap();
    let terminals: Vec<&str> = chapter.split("```text\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    let (scratch, shown) = (Scratch::new(), terminals.join("\n"));
    drive(&scratch.join("drive.mcap"));
    scratch.store_at("replayed");
    let directory = scratch.path().to_str().unwrap();
    let mut count = 0;
    for entry in shown.split("$ shmstore ").skip(1) {
        let (line, expected) = entry.split_once('\n').unwrap();
        let output = program().args(line.split(' ')).current_dir(scratch.path()).output().unwrap();
        let said = ended(output);
        let said = without_chance(&(said.out + &said.err), directory);
        assert_eq!(said.trim_end(), without_chance(expected, directory).trim_end(), "{line}");
        count += 1;
    }
    assert_eq!(count, 6);
}
