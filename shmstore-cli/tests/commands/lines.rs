//! Random command lines in one process, by the library of the program.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};

use clap::Parser;
use shmstore::ShmLayout;
use shmstore_cli::commands::Cli;
use shmstore_cli::failure::Outcome;

use super::plant::*;
use super::support::*;

/// The number of command lines. The environment variable `SHMSTORE_LINES` sets another one.
const LINES: u64 = 600;

/// A generator of numbers, the same ones in each run.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % end
    }

    fn of<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.below(of.len())]
    }

    /// A text, sometimes a little changed.
    fn changed(&mut self, text: &str) -> String {
        let mut text: Vec<char> = text.chars().collect();
        for _ in 0..self.below(8).saturating_sub(5) {
            let at = self.below(text.len() + 1);
            let letter = self.of(&["[", "]", "{", "\"", ".", "0", "9", "-", "\u{1b}", "é", "\u{0}", ",", ":", " "]);
            match self.below(3) {
                0 => text.insert(at, letter.chars().next().unwrap()),
                1 if at < text.len() => drop(text.remove(at)),
                _ => text.truncate(at.max(1)),
            }
        }
        text.into_iter().collect()
    }

    fn text(&mut self, of: &[&str]) -> String {
        let text = self.of(of).to_owned();
        self.changed(&text)
    }
}

const JOB: &str = r#"{"id": 1, "speed": 2, "kind": "Idle", "urgent": false}"#;
const POSITION: &str = r#"{"x": 1, "y": 2}"#;
const ACCOUNT: &str = r#"{"number": 1, "symbol": "A"}"#;

/// Command, field and values that fit each other.
const FITTING: [(&str, &str, &[&str]); 17] = [
    ("set", "frames", &["7"]),
    ("set", "mode", &["Driving"]),
    ("set", "position", &[POSITION]),
    ("set", "position.x", &["-inf"]),
    ("set", "name", &["text"]),
    ("set", "limits", &["[1, 2]"]),
    ("set", r#"quotes["EURUSD"]"#, &[POSITION]),
    ("set", r#"quotes["EURUSD"].x"#, &["0.5"]),
    ("set", "frames", &["--add", "-3"]),
    ("put", "quotes", &["EURUSD", POSITION]),
    ("put", "accounts", &[ACCOUNT, "-9"]),
    ("del", "quotes", &["EURUSD"]),
    ("push", "jobs", &[JOB, JOB]),
    ("pop", "jobs", &[]),
    ("send", "ticks", &["1.5", "-1"]),
    ("notify", "news", &[]),
    ("wait", "position", &["--newer", "0"]),
];

const FIELDS: [&str; 24] = [
    ".",
    "frames",
    "mode",
    "position",
    "position.x",
    "name",
    "limits",
    "limits[1]",
    "news",
    "audit",
    "jobs",
    "jobs.len",
    "jobs[0]",
    "ticks",
    "ticks[3]",
    "quotes",
    r#"quotes["EURUSD"]"#,
    r#"quotes["EURUSD"].x"#,
    "accounts",
    r#"accounts[{"number":1,"symbol":"A"}]"#,
    "images",
    "images.meta",
    "images[2]",
    "none",
];

const VALUES: [&str; 28] = [
    "0",
    "-1",
    "7",
    "0x1f",
    "1.5",
    "1e400",
    "NaN",
    "-inf",
    "true",
    "null",
    "Driving",
    "Idle",
    "EURUSD",
    "\"text\"",
    "",
    " ",
    "[]",
    "[1, 2]",
    "[1, 2, 3, 4, 5]",
    r#"{"x": 1, "y": 2}"#,
    r#"{"x": 1}"#,
    r#"{"x": 1, "x": 2, "y": 3}"#,
    r#"{"id": 1, "speed": 2, "kind": "Idle", "urgent": false}"#,
    r#"{"number": 1, "symbol": "A"}"#,
    "340282366920938463463374607431768211455",
    "more than sixteen bytes of text",
    "[[[[[[[[[[",
    "18446744073709551615",
];

fn line(random: &mut Random, paths: &[&str], places: &[&str], layouts: &[&str]) -> Vec<String> {
    let mut line = vec!["shmstore".to_owned()];
    let command = random.of(&["set", "set", "set", "put", "del", "push", "pop", "send", "notify", "wait", "create"]);
    line.push(command.into());
    if command == "create" {
        line.push(random.of(places).into());
        line.extend([random.of(layouts).to_owned(), "--id".into(), random.text(&["P", "C", "~", "é"])]);
        line.extend(
            [&["--named"][..], &["--room", "4K"], &["--room", "1T"], &[]][random.below(4)].iter().map(|x| (*x).into()),
        );
        return line;
    }
    line.push(if random.below(20) == 0 { random.text(paths) } else { random.of(paths).into() });
    if random.below(2) == 0 {
        let (command, field, values) = FITTING[random.below(FITTING.len())];
        line[1] = command.into();
        line.push(random.changed(field));
        line.extend(values.iter().map(|value| random.changed(value)));
        line.extend(match command {
            "pop" | "push" | "wait" => Some("--timeout=0".to_owned()),
            "del" => Some("--yes".to_owned()),
            _ => None,
        });
        return line;
    }
    line.push(random.text(&FIELDS));
    let values = match command {
        "set" | "del" => 1,
        "put" => 2,
        "push" | "send" => random.below(3) + 1,
        _ => 0,
    };
    if command == "set" && random.below(4) == 0 {
        line.extend(["--add".into(), random.text(&VALUES)]);
    } else {
        line.extend((0..values).map(|_| random.text(&VALUES)));
    }
    match command {
        "pop" | "wait" | "push" => line.extend(["--timeout".into(), "0".into()]),
        "del" => line.push("--yes".into()),
        _ => {}
    }
    if random.below(10) == 0 {
        let option = ["--json", "--one", "--newer", "--count", "--type", "-t", "--", "R", "--timeout=0"];
        line.extend([random.of(&option).to_owned(), random.text(&["0", "1", "R", "18446744073709551616"])]);
    }
    line
}

/// It runs in its own IPC namespace, and in a process whose output is not that of the tests.
#[test]
fn random_command_lines_end_with_a_typed_error_or_well() {
    alone("lines::random_command_lines_end_with_a_typed_error_or_well", || {
        let (scratch, path, plant) = plant();
        let names = ["plant.json", "other.json", "wrong.json", "made", "made/new", "made/file"];
        let [json, other, wrong, made, new, file] = names.map(|name| scratch.text(name));
        fs::create_dir(&made).unwrap();
        fs::write(&json, Plant::SCHEMA.to_json()).unwrap();
        fs::write(&other, Counter::SCHEMA.to_json()).unwrap();
        let layout = fs::read_to_string(&json).unwrap();
        fs::write(&file, "").unwrap();
        let layouts = [&*json, &other, &wrong, &path, &scratch.text("none"), "/dev/null"];
        let none = scratch.text("none/none");
        let paths = [&*path, &path, &path, &path, &path, &path, &path, &made, &file, "", "\u{1b}", &none];
        let places = [&*made, &made, &new, &file, "", "\u{1b}\0", &none];
        let lines = std::env::var("SHMSTORE_LINES").ok().and_then(|lines| lines.parse().ok()).unwrap_or(LINES);
        let (mut random, mut done, mut refused) = (Random(18), 0, 0);
        for number in 0..lines {
            if number % 16 == 0 {
                let at = random.below(layout.len() - 1);
                fs::write(&wrong, layout[..at].to_owned() + random.of(&["7", "\"", "}", "8"]) + &layout[at + 1..])
                    .unwrap();
            }
            let line = line(&mut random, &paths, &places, &layouts);
            let Ok(cli) = Cli::try_parse_from(&line) else {
                refused += 1;
                continue;
            };
            match catch_unwind(AssertUnwindSafe(|| cli.run())) {
                Ok(Ok(Outcome::Done)) => done += 1,
                Ok(Ok(Outcome::Differs)) => panic!("no such command: {line:?}"),
                Ok(Err(failure)) => {
                    let text = failure.to_string();
                    if std::env::var_os("SHMSTORE_TELL").is_some() {
                        println!("{line:?}: {text}")
                    }
                    assert!(!text.is_empty() && !text.contains('\u{1b}'), "{line:?}: {text:?}");
                    refused += 1;
                }
                Err(_) => panic!("{line:?} panicked"),
            }
            // The object is still whole.
            if number % 64 == 0 {
                assert!(plant.position.load_versioned().0 <= number + 1);
                plant.mode.load_checked(std::sync::atomic::Ordering::Relaxed).unwrap();
                plant.name.load().to_str().unwrap();
            }
        }
        println!("{lines} command lines: {done} done, {refused} refused");
        assert!(done > lines / 20 && refused > lines / 20, "{done} done, {refused} refused");
    });
}
