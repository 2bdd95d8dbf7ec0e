//! The output on a pipe.

use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::atomic::Ordering::Relaxed;
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Instant;

use shmstore::{FixedString, Shared};

use crate::PROGRAM;
use crate::objects::{Battery, Board, Fleet, Log, Position, Rover, Scratch, newer, older};
use crate::planted::{Feeds, Pair};
use crate::planted_map;
use crate::scratch::{DEADLINE, in_kernel, until, while_busy};

struct Piped {
    child: Child,
    lines: Receiver<String>,
}

impl Piped {
    fn start(args: &[&str]) -> Self {
        let (mut child, out) = spawn(args);
        let (send, lines) = channel();
        let out = BufReader::new(out);
        thread::spawn(move || out.lines().map_while(Result::ok).try_for_each(|line| send.send(line)));
        child.stdin.take();
        Self { child, lines }
    }

    fn next(&self) -> String {
        self.lines.recv_timeout(DEADLINE).expect("a line")
    }

    fn until(&self, text: &str) -> String {
        let end = Instant::now() + DEADLINE;
        loop {
            let line = self.lines.recv_timeout(end.saturating_duration_since(Instant::now()));
            match line {
                Ok(line) if line.contains(text) => return line,
                Ok(_) => {}
                Err(_) => panic!("no line with {text}"),
            }
        }
    }
}

impl Drop for Piped {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn spawn(args: &[&str]) -> (Child, ChildStdout) {
    let mut command = Command::new(PROGRAM);
    let mut child = command
        .args(args)
        .args(["--hz", "20"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program");
    let out = child.stdout.take().expect("piped");
    (child, out)
}

fn exit_code(child: &mut Child) -> Option<i32> {
    until("its end", || child.try_wait().expect("our child")).code()
}

#[test]
fn each_change_is_a_line() {
    let (scratch, rover) = Scratch::with_rover();
    let piped = Piped::start(&["watch", scratch.path()]);
    let first = piped.next();
    let (at, rest) = first.split_once(' ').expect("a timestamp");
    assert!(at.len() == 24 && at.ends_with('Z'), "{first}");
    assert_eq!(rest, "frames 41");
    piped.until(" wheels[7] 0");
    rover.frames.store(42, Relaxed);
    assert!(piped.next().ends_with(" frames 42"), "no other field has changed");
    rover.position.store(Position { x: 1.0, y: f64::NAN });
    assert!(piped.next().ends_with(" position.x 1.0"));
    assert!(piped.next().ends_with(" position.y NaN"));
    scratch.store.remove::<Rover>().expect("it is there");
    assert!(piped.next().ends_with(" . <removed>"));
    drop(rover);
    let _next = scratch.rover();
    piped.until(" frames ");
}

#[test]
fn fields_of_an_object_that_grows_appear() {
    let scratch = Scratch::new();
    let older = scratch.store.create::<older::Gauge>().expect("created");
    let piped = Piped::start(&["watch", scratch.path()]);
    assert!(piped.next().ends_with(" level 0"));
    let newer = scratch.store.attach::<newer::Gauge>().expect("grown");
    assert!(piped.next().ends_with(" peak 0"));
    newer.peak.store(9, Relaxed);
    assert!(piped.next().ends_with(" peak 9"));
    older.level.store(1, Relaxed);
    assert!(piped.next().ends_with(" level 1"));
}

#[test]
fn json_lines_are_valid_json() {
    let (scratch, rover) = Scratch::with_rover();
    let version = rover.position.store(Position { x: 1.5, y: 2.0 });
    let piped = Piped::start(&["watch", scratch.path(), "--json", "--field", "position", "--field", "frames"]);
    let read = |line: String| serde_json::from_str::<serde_json::Value>(&line).expect("JSON");
    let line = read(piped.next());
    assert_eq!(
        (&line["field"], &line["value"], &line["version"]),
        (&"position.x".into(), &1.5.into(), &version.into())
    );
    assert!(line["at"].is_string());
    let (_, frames) = (piped.next(), read(piped.next()));
    assert_eq!((&frames["field"], &frames["value"], frames.get("version")), (&"frames".into(), &41.into(), None));
    scratch.store.remove::<Rover>().expect("it is there");
    assert_eq!(read(piped.next())["event"], "removed");
}

#[test]
fn a_closed_pipe_ends_the_program_even_without_changes() {
    let (scratch, _rover) = Scratch::with_rover();
    for args in [&["watch", scratch.path()][..], &["ls", "--watch", scratch.path()]] {
        let (mut child, out) = spawn(args);
        let mut line = String::new();
        let mut out = BufReader::new(out);
        out.read_line(&mut line).expect("a line");
        assert!(!line.is_empty());
        drop(out);
        assert_eq!(exit_code(&mut child), Some(0));
        let said = std::io::read_to_string(child.stderr.take().expect("piped")).expect("text");
        assert_eq!(said, "");
    }
}

#[test]
fn one_of_several_objects_must_be_selected() {
    let (scratch, _rover) = Scratch::with_rover();
    let _battery = scratch.store.create::<Battery>().expect("a second type");
    let (mut child, _out) = spawn(&["watch", scratch.path()]);
    assert_eq!(exit_code(&mut child), Some(2));
    let piped = Piped::start(&["watch", scratch.path(), "B"]);
    assert!(piped.next().ends_with(" charge 0"));
}

#[test]
fn invalid_rates_are_refused() {
    for hz in ["0", "61", "NaN", "-1", "often"] {
        let status = Command::new(PROGRAM).args(["watch", "/", &format!("--hz={hz}")]).stderr(Stdio::null()).status();
        assert_eq!(status.expect("the program").code(), Some(2), "{hz}");
    }
}

#[test]
fn ls_watch_writes_a_line_for_each_object_and_for_each_change() {
    let (scratch, _rover) = Scratch::with_rover();
    let piped = Piped::start(&["ls", "--watch", "--json", scratch.path()]);
    let line: serde_json::Value = serde_json::from_str(&piped.until("\"attached\":1,")).expect("JSON");
    assert_eq!((&line["type"], &line["attached"], &line["state"]), (&"Rover".into(), &1.into(), &"ready".into()));
    assert_eq!((&line["path"], &line["name"]), (&scratch.path().into(), &serde_json::Value::Null));
    assert!(line["segment"].is_i64());
    let again = scratch.store.attach_read_only::<Rover>().expect("it is there");
    piped.until("\"attached\":");
    drop(again);
    let _battery = scratch.store.create::<Battery>().expect("a second type");
    piped.until("Battery");
    let _spare = scratch.store.open_or_create_named("spare").expect("a name").create::<Battery>().expect("a named one");
    let line: serde_json::Value = serde_json::from_str(&piped.until("spare")).expect("JSON");
    assert_eq!((&line["path"], &line["name"]), (&scratch.path().into(), &"spare".into()));
}

#[test]
fn ls_watch_allocates_no_memory_for_unwritten_pages() {
    let scratch = Scratch::new();
    let log = scratch.store.create::<Log>().expect("a new object");
    let shmid = Shared::info(&log).expect("it is there").shmid;
    let piped = Piped::start(&["ls", "--watch", scratch.path()]);
    piped.until(" Log updates/s=- ");
    let (_, bytes) = in_kernel(shmid).expect("it is there");
    assert!(bytes < 1 << 20, "it takes {bytes} bytes");
}

#[test]
fn the_number_of_omitted_fields_is_reported_once() {
    let scratch = Scratch::new();
    let _fleet = scratch.store.create::<Fleet>().expect("a new object");
    let (mut child, out) = spawn(&["watch", scratch.path()]);
    let fields = BufReader::new(out).lines().take(4000).filter(Result::is_ok).count();
    // The pipe is closed, so the program ends.
    assert_eq!((fields, exit_code(&mut child)), (4000, Some(0)));
    let said = std::io::read_to_string(child.stderr.take().expect("piped")).expect("text");
    assert_eq!(said, "note: at least 681 fields are left out: choose fields with --field\n");
}

#[test]
fn ls_watch_takes_the_paths_that_ls_takes() {
    let (scratch, _rover) = Scratch::with_rover();
    let _spare = scratch.store.open_or_create_named("spare").expect("a name").create::<Battery>().expect("a named one");
    let piped = Piped::start(&["ls", "--watch", &format!("{}/spare", scratch.path())]);
    assert!(piped.next().contains("/spare Battery "));
    let (mut child, _out) = spawn(&["ls", "--watch", &format!("{}/none", scratch.path())]);
    assert_eq!(exit_code(&mut child), Some(3));
}

#[test]
fn queues_and_broadcasts_have_lines_with_their_counts() {
    let scratch = Scratch::new();
    let feeds = scratch.store.create::<Feeds>().expect("a new object");
    let piped = Piped::start(&["watch", scratch.path()]);
    for line in
        ["jobs 0 of 4 items", "jobs.pushed 0", "jobs.delivered 0", "jobs.outstanding 0", "quotes ()", "quotes.sent 0"]
    {
        assert!(piped.next().ends_with(&format!(" {line}")), "{line}");
    }
    feeds.jobs.push_many(&[7, 8, 9].map(Pair::of)).expect("room");
    piped.until(" jobs.pushed 3");
    drop(feeds.jobs.pop());
    piped.until(" jobs.delivered 1");
    let job = feeds.jobs.take().expect("an item");
    piped.until(" jobs.outstanding 1");
    job.done().expect("it is ours");
    feeds.quotes.send_many(&[0, 1].map(Pair::of));
    piped.until(" quotes.sent 2");
    feeds.quotes.send(Pair::of(2));
    piped.until(" quotes { a: 2, b: 2 }");
    let json = Piped::start(&["watch", scratch.path(), "--json", "--field", "jobs", "--field", "quotes.sent"]);
    let read = |line: String| serde_json::from_str::<serde_json::Value>(&line).expect("JSON");
    let [jobs, pushed] = [json.next(), json.next()].map(read);
    assert_eq!((&jobs["field"], &jobs["value"]), (&"jobs".into(), &serde_json::json!({ "len": 1, "capacity": 4 })));
    assert_eq!((&pushed["field"], &pushed["value"]), (&"jobs.pushed".into(), &3.into()));
    assert_eq!(read(json.until("quotes.sent"))["value"], 3);
}

#[test]
fn keys_of_a_map_have_lines_when_they_come_change_and_go() {
    let scratch = Scratch::new();
    let board = scratch.store.create::<Board>().expect("a new object");
    let name = |text: &str| FixedString::try_from(text).expect("it fits");
    let set = |text: &str, x: f64| board.places.insert_from(&name(text), &Position { x, y: 2.0 }).expect("room");
    let field = r#"places["a"].x"#;
    let all = Piped::start(&["watch", scratch.path()]);
    let one = Piped::start(&["watch", scratch.path(), "--field", field, "--field", r#"places["a"]"#]);
    let json = Piped::start(&["watch", scratch.path(), "--json", "--field", field]);
    let read = |line: String| serde_json::from_str::<serde_json::Value>(&line).expect("JSON");
    all.until(" places 0 of 16 keys");
    all.until(" places.changes 0");
    one.until(&format!(" {field} <absent>"));
    one.until(r#" places["a"] <absent>"#);
    let absent = read(json.next());
    assert_eq!((&absent["event"], &absent["field"], absent.get("value")), (&"absent".into(), &field.into(), None));
    assert!(set("a", 1.0));
    for line in [" places 1 of 16 keys", " places.changes 1", r#" places["a"].x 1.0"#, r#" places["a"].y 2.0"#] {
        all.until(line);
    }
    one.until(&format!(" {field} 1.0"));
    one.until(r#" places["a"].y 2.0"#);
    let came = read(json.next());
    assert_eq!((&came["value"], &came["version"]), (&1.0.into(), &1.into()));
    assert!(!set("a", 1.5));
    all.until(r#" places["a"].x 1.5"#);
    assert!(set("b", 7.0));
    all.until(r#" places["b"].x 7.0"#);
    assert_eq!(board.places.remove(&name("a")), Ok(Some(Position { x: 1.5, y: 2.0 })));
    let gone = all.until(r#" places["a"]"#);
    assert!(gone.ends_with(r#" places["a"] <absent>"#), "{gone}");
    one.until(&format!(" {field} <absent>"));
    assert_eq!(read(json.until("event"))["event"], "absent");
    assert!(set("a", 3.0));
    one.until(&format!(" {field} 3.0"));
    all.until(r#" places["a"].x 3.0"#);
    assert_eq!(read(json.next())["value"], 3.0);
}

#[test]
fn a_path_that_no_key_can_make_right_ends_the_program() {
    let scratch = Scratch::new();
    let _board = scratch.store.create::<Board>().expect("a new object");
    for field in ["places[3]", "places[a]", "other", r#"places["much too long"]"#] {
        let (mut child, _out) = spawn(&["watch", scratch.path(), "--field", field]);
        assert_eq!(exit_code(&mut child), Some(3), "{field}");
    }
}

#[test]
fn bytes_of_a_map_without_meaning_end_no_watch() {
    for seed in 1..=6 {
        let scratch = Scratch::new();
        planted_map::create_book(&planted_map::scribbled(seed), &scratch.store);
        let args =
            ["watch", scratch.path(), "--field", r#"quotes["EURUSD"].bid"#, "--field", "quotes", "--field", "sessions"];
        let [all, some] = [&args[..2], &args[..]].map(Piped::start);
        for piped in [&all, &some] {
            let line = piped.until(" quotes.changes ");
            assert!(!line.contains('\u{1b}'), "{line}");
        }
    }
}

#[test]
fn ls_watch_counts_the_changes_of_keys_and_values() {
    let scratch = Scratch::new();
    let board = scratch.store.create::<Board>().expect("a new object");
    let piped = Piped::start(&["ls", "--watch", scratch.path()]);
    piped.until(" updates/s=");
    while_busy(
        |number| {
            let name = FixedString::try_from(if number % 2 == 0 { "a" } else { "b" }).expect("it fits");
            board.places.insert_from(&name, &Position { x: 0.0, y: 0.0 }).expect("room");
            thread::sleep(std::time::Duration::from_millis(1));
        },
        || {
            until("a rate", || {
                piped
                    .next()
                    .split_once("updates/s=")?
                    .1
                    .split_once(' ')?
                    .0
                    .parse()
                    .ok()
                    .filter(|&rate: &f64| rate > 100.0)
            })
        },
    );
}
