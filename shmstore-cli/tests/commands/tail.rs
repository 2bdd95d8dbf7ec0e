//! `shmstore tail`.

use std::fs::File;
use std::io::Read;
use std::os::fd::{AsFd, OwnedFd};
use std::process::{Child, Stdio};
use std::time::Instant;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use super::planted::{self, Feeds, Pair, Planted};
use super::support::*;

/// A tail that runs.
struct Tail {
    child: Child,
    /// The end of the pipe, until it is closed.
    out: Option<File>,
    unread: Vec<u8>,
}

impl Tail {
    fn start(args: &[&str]) -> Self {
        let mut tail = program();
        let tail = tail.arg("tail").args(args).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = tail.spawn().expect("the program runs");
        let out = File::from(OwnedFd::from(child.stdout.take().expect("piped")));
        Self { child, out: Some(out), unread: Vec::new() }
    }

    /// The next line, or what is left at the end. Waits no longer than for a deadline.
    fn line(&mut self) -> String {
        let end = Instant::now() + DEADLINE;
        let out = self.out.as_mut().expect("it is open");
        loop {
            if let Some(at) = self.unread.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.unread.drain(..=at).collect();
                return String::from_utf8(line).expect("UTF-8").trim_end().to_owned();
            }
            let left = end.saturating_duration_since(Instant::now());
            let left = PollTimeout::try_from(left).expect("some seconds");
            let ready = poll(&mut [PollFd::new(out.as_fd(), PollFlags::POLLIN)], left).expect("it can be waited for");
            assert!(ready > 0, "waited in vain for a line");
            let mut bytes = [0; 4096];
            match out.read(&mut bytes).expect("a pipe") {
                0 => return String::new(),
                len => self.unread.extend_from_slice(&bytes[..len]),
            }
        }
    }

    /// The next line with an item. On a busy machine it may miss some.
    fn item(&mut self) -> String {
        loop {
            let line = self.line();
            if !line.starts_with("missed ") {
                return line;
            }
        }
    }

    /// Waits until it ends. Returns its exit code and its standard error.
    fn end(&mut self) -> (Option<i32>, String) {
        let status = until("the end of the tail", || self.child.try_wait().expect("our child"));
        let mut err = String::new();
        self.child.stderr.take().expect("piped").read_to_string(&mut err).expect("text");
        (status.code(), err)
    }
}

impl Drop for Tail {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn filled() -> (Scratch, String) {
    let scratch = Scratch::new();
    planted::filled().create_in(&scratch.store());
    let path = scratch.text("rover");
    (scratch, path)
}

#[test]
fn items_that_are_there_are_lines_from_the_oldest_or_from_a_position() {
    let (_scratch, path) = filled();
    let lines = |positions: std::ops::Range<u64>| -> String {
        positions.map(|number| format!("{number} {{ a: {number}, b: {number} }}\n")).collect()
    };
    let tail = |from: &str, count: &str| run(["tail", &path, "quotes", "--from", from, "--count", count]).with(0).out;
    assert_eq!(tail("oldest", "8"), lines(3..11));
    assert_eq!(tail("7", "2"), lines(7..9));
    assert_eq!(tail("0", "2"), format!("missed 5 items: 0 to 4\n{}", lines(5..7)));
    assert_eq!(tail("new", "0"), "");
    let json = run(["tail", &path, "quotes", "--from=2", "--count=1", "--json"]).with(0).out;
    let expected = "{\"event\":\"missed\",\"position\":2,\"count\":3}\n{\"position\":5,\"value\":{\"a\":5,\"b\":5}}\n";
    assert_eq!(json, expected);
}

#[test]
fn tail_ends_with_a_message_when_the_object_is_removed() {
    let (_scratch, path) = filled();
    let mut text = Tail::start(&[&path, "quotes", "--from", "10"]);
    let mut json = Tail::start(&[&path, "quotes", "--from", "10", "--json"]);
    assert_eq!(text.line(), "10 { a: 10, b: 10 }");
    assert_eq!(json.line(), "{\"position\":10,\"value\":{\"a\":10,\"b\":10}}");
    run(["rm", "--yes", "--force", &path]).with(0);
    let (code, said) = text.end();
    assert_eq!((code, text.line()), (Some(0), String::new()));
    let about = format!("note: {path} Feeds 'F' (segment ");
    assert!(said.starts_with(&about) && said.ends_with(") was removed\n"), "{said}");
    let (code, _) = json.end();
    let line = json.line();
    assert!(code == Some(0) && line.starts_with("{\"event\":\"removed\",\"segment\":"), "{line}");
}

#[test]
fn tail_ends_when_the_reader_closes_the_output_even_without_items() {
    let (_scratch, path) = filled();
    let mut tail = Tail::start(&[&path, "quotes", "--from", "10"]);
    assert_eq!(tail.line(), "10 { a: 10, b: 10 }");
    tail.out = None;
    assert_eq!(tail.end(), (Some(0), String::new()));
}

#[test]
fn what_is_no_broadcast_is_refused() {
    let (_scratch, path) = filled();
    for (field, says) in [
        ("jobs", "`jobs` is a `Queue<Pair, 4>`, which has no items of a broadcast"),
        (".", "the object is a `Feeds`, which has no items of a broadcast"),
        ("quotes[5].a", "`quotes[5].a` is a `u64`, which has no items of a broadcast"),
        ("quote", "no field `quote` in the object, a `Feeds`: there are `quotes`"),
        ("quotes.x", "no field `x` in `quotes`"),
    ] {
        let ended = run(["tail", &path, field]).with(3);
        assert!(ended.err.contains(says), "{ended:?}");
    }
    for wrong in [&["--from", "first"][..], &["--from", "-1"], &["--count", "many"]] {
        run([&["tail", &path, "quotes"][..], wrong].concat()).with(2);
    }
    let ended = run(["tail", &path, "Feeds", "quotes"]).with(3);
    assert!(ended.err.contains(&format!("`shmstore tail {path} quotes Feeds`")), "{ended:?}");
    run(["tail", &format!("{path}/none"), "quotes"]).with(3);
}

#[test]
fn positions_of_any_kind_are_waited_for() {
    let scratch = Scratch::new();
    let mut wild = Planted::empty();
    wild.word(planted::QUOTES + 16, u64::MAX - 3).sequence(5, u64::MAX).sequence(6, 1 << 63);
    wild.create_in(&scratch.store());
    let path = scratch.text("rover");
    for from in ["new", "oldest", "0", "5", "6", "9223372036854775807", "18446744073709551615"] {
        let mut tail = Tail::start(&[&path, "quotes", "--from", from]);
        let shmid = scratch.segments()[0].shmid;
        until("it is attached", || in_kernel(shmid).is_some_and(|(attached, _)| attached > 0).then_some(()));
        drop(tail.child.kill());
        assert_eq!(tail.end().1, "", "{from}");
    }
}

#[test]
fn tail_prints_each_item_once_in_order_or_says_exactly_how_many_it_missed() {
    const ITEMS: u64 = 3000;
    let scratch = Scratch::new();
    let feeds = scratch.store().create::<Feeds>().expect("created");
    let path = scratch.text("rover");
    let mut tail = Tail::start(&[&path, "quotes", "--from", "0", "--json", "--count", &ITEMS.to_string()]);
    let busy = |first| {
        // Some are sent at once, so that the tail is overtaken, and some alone.
        let first = (first - 1) * 20;
        let quotes: Vec<Pair> = (first..first + 19).map(Pair::of).collect();
        assert_eq!(feeds.quotes.send_many(&quotes).start, first);
        std::thread::sleep(std::time::Duration::from_millis(1));
        assert_eq!(feeds.quotes.send(Pair::of(first + 19)), first + 19);
    };
    let (mut next, mut received, mut lags) = (0, 0, 0);
    while_busy(busy, || {
        while received < ITEMS {
            let line = tail.line();
            let read: serde_json::Value = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"));
            assert_eq!(read["position"], next, "{line}");
            if read["event"] == "missed" {
                lags += 1;
                next += read["count"].as_u64().expect("a count");
            } else {
                assert_eq!(read["value"], serde_json::json!({ "a": next, "b": next }));
                (received, next) = (received + 1, next + 1);
            }
        }
    });
    assert_eq!(tail.end(), (Some(0), String::new()));
    assert!(lags > 0, "it was never overtaken");
}

#[test]
fn tail_waits_for_new_items() {
    let scratch = Scratch::new();
    let feeds = scratch.store().create::<Feeds>().expect("created");
    feeds.quotes.send_many(&[0, 1, 2].map(Pair::of));
    let path = scratch.text("rover");
    let mut tail = Tail::start(&[&path, "quotes", "--count", "2"]);
    let shmid = scratch.segments()[0].shmid;
    let mut lines = None;
    // It may attach between two sends.
    while_busy(
        |number| {
            feeds.quotes.send(Pair::of(number + 2));
            std::thread::sleep(std::time::Duration::from_millis(5));
        },
        || lines = Some([tail.item(), tail.item()]),
    );
    let [first, second] = lines.expect("two lines");
    let position: u64 = first.split(' ').next().and_then(|word| word.parse().ok()).expect("a position");
    assert!(position >= 3, "{first}");
    assert_eq!(first, format!("{position} {{ a: {position}, b: {position} }}"));
    let second: u64 = second.split(' ').next().and_then(|word| word.parse().ok()).expect("a position");
    assert!(second > position, "{second}");
    assert_eq!(tail.end().0, Some(0));
    assert!(exists(shmid), "tail removed the object");
}
