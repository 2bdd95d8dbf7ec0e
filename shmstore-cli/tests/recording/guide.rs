//! The terminal of the guide's chapter on recording prints what the chapter says.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use shmstore::{ShmObject, Versioned};

use crate::recorder::*;
use crate::scratch::*;

#[derive(ShmObject)]
#[repr(C)]
#[shm(id = 'T')]
struct Telemetry {
    frames: AtomicU64,
    position: Versioned<[f64; 2]>,
}

/// A text with one blank between words, and `N` for numbers, sizes and times.
fn form(text: &str) -> String {
    let words = text.split_whitespace().map(|word| {
        let number = word.trim_end_matches(['K', 'M', 's']);
        if number.parse::<f64>().is_ok() { "N" } else { word }
    });
    words.collect::<Vec<_>>().join(" ")
}

#[test]
fn terminal_of_the_chapter_prints_what_it_says() {
    let chapter = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/guide/18-recording.md");
    let chapter = std::fs::read_to_string(chapter).expect("the chapter is there");
    let terminal = chapter.split("```text\n$ ").nth(1).and_then(|rest| rest.split("\n\n").next()).expect("a terminal");
    let (command, expected) = terminal.split_once('\n').expect("a command and its output");
    let time = command.split_once("--for ").and_then(|(_, time)| time.strip_suffix('s')).expect("a time");
    assert!(expected.contains(&format!(" in {time}.0 s ")), "{expected}");
    let scratch = Scratch::new();
    let rover = scratch.store().create::<Telemetry>().unwrap();
    let args: Vec<&str> = command.strip_prefix("shmstore ").expect("our program").split(' ').collect();
    let drive = |number: u64| {
        rover.frames.store(number, Relaxed);
        rover.position.store([number as f64, 0.0]);
        std::thread::sleep(Duration::from_millis(10));
    };
    let mut program = program();
    program.args(args).current_dir(scratch.path());
    let ended = while_busy(drive, || Recorder::of(program, scratch.join("drive.mcap")).ended()).with(0);
    assert_eq!(form(&ended.out), form(expected), "{}", ended.out);
}
