//! The terminals of the guide's chapter on more than one machine print what the chapter says.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::{Host, Pair, may_make_hosts};

/// A line without its numbers and sessions.
fn form(line: &str) -> String {
    let words = line.split(' ').map(|word| {
        let is_session =
            word.ends_with(')') && word.len() > 5 && word.trim_end_matches(')').chars().all(|c| c.is_ascii_hexdigit());
        if is_session {
            "S)"
        } else if word.parse::<f64>().is_ok() {
            "N"
        } else {
            word
        }
    });
    words.collect::<Vec<_>>().join(" ")
}

/// The lines that a program prints in the chapter, after its command.
fn lines_of(command: &str) -> Vec<String> {
    let chapter = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/guide/17-more-than-one-machine.md");
    let chapter = std::fs::read_to_string(chapter).expect("the chapter is there");
    let after = chapter.lines().skip_while(|line| !line.contains(&format!("$ {command}"))).skip(1);
    let lines: Vec<String> = after.take_while(|line| !line.is_empty() && *line != "```").map(form).collect();
    assert!(!lines.is_empty(), "the chapter has no output of {command:?}");
    lines
}

/// A program of a terminal. Its lines are waited for in order.
struct Terminal {
    child: Child,
    lines: Receiver<String>,
}

impl Terminal {
    fn start(host: &Host, program: &Path, args: &[&str]) -> Self {
        let mut child = host.command(program).args(args).stdout(Stdio::piped()).spawn().expect("it runs");
        let (tell, lines) = channel();
        let out = BufReader::new(child.stdout.take().expect("a pipe"));
        std::thread::spawn(move || out.lines().map_while(Result::ok).for_each(|line| drop(tell.send(line))));
        Self { child, lines }
    }

    #[track_caller]
    fn prints(&self, expected: &str) {
        let end = Instant::now() + Duration::from_secs(30);
        let mut others = Vec::new();
        while let Ok(line) = self.lines.recv_timeout(end.saturating_duration_since(Instant::now())) {
            if form(&line) == *expected {
                return;
            }
            others.push(line);
        }
        panic!("waited for {expected:?}, and it printed {others:#?}");
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn terminals_of_the_chapter_print_what_it_says() {
    if !may_make_hosts() {
        return;
    }
    let mut pair = Pair::new();
    let target = Path::new(env!("CARGO_BIN_EXE_shmstore-mirror")).parent().expect("a directory");
    let speed = target.join("examples/speed");
    let directory = pair.one.directory.display().to_string();
    let copies = pair.other.copies().display().to_string();
    let rover = Terminal::start(&pair.one, &speed, &["rover", &directory]);
    for line in lines_of("speed rover") {
        rover.prints(&line);
    }
    let mut exporter = pair.one.exporter_with("rover7", "rover7");
    exporter.says("drive (D, `Drive`) is exported");
    exporter.says("exporting 1 object as rover7");
    let mut importer = pair.other.importer_of("rover7", "control", &pair.one);
    importer.says("importing rover7");
    importer.says("drive (D) of rover7 is copied");
    let control = Terminal::start(&pair.other, &speed, &["control", &copies]);
    let expected = lines_of("speed control");
    let of_importer = |line: &String| line.contains("out of reach") || line.contains("exports (session");
    let (first, rest): (Vec<_>, Vec<_>) = (expected[..2].to_vec(), expected[2..].to_vec());
    first.iter().for_each(|line| control.prints(line));
    pair.cable.set(&json!({ "cut": true }));
    let mut is_cut = true;
    for line in &rest {
        if of_importer(line) {
            if is_cut && line.contains("exports") {
                pair.cable.set(&json!({}));
                is_cut = false;
            }
            importer.says(line.split(" (").next().expect("a text"));
        } else {
            control.prints(line);
        }
    }
    assert!(!is_cut, "the chapter shows the end of the partition");
}
