//! `shmstore replay`, into objects that are seen afterwards.

use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Instant;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use shmstore::dynamic::Object;
use shmstore::{Broadcast, Event, Frames, Lock, Map, Queue, ShmLayout, ShmObject, Store, Versioned};
use shmstore_record::Message;

use super::recording::{self, Written};
use super::support::*;

/// An object with a part of each kind.
#[derive(ShmObject)]
#[repr(C)]
#[shm(id = 'D')]
pub(crate) struct Drive {
    pub(crate) turns: AtomicU64,
    pub(crate) gate: Lock,
    pub(crate) bell: Event,
    pub(crate) speed: Versioned<f64>,
    pub(crate) jobs: Queue<u32, 2>,
    pub(crate) news: Broadcast<u32, 8>,
    pub(crate) book: Map<u32, u64, 4>,
    pub(crate) images: Frames<u8, 16, 3, u32>,
}

/// A directory with a recording of a `Drive`.
pub(crate) struct Recorded {
    pub(crate) scratch: Scratch,
    pub(crate) file: String,
}

impl Recorded {
    /// The directory to replay into.
    pub(crate) fn place(&self) -> String {
        self.scratch.text("rover")
    }

    pub(crate) fn replay<'a>(&'a self, more: &[&'a str]) -> Ended {
        self.scratch.store();
        let into = self.place();
        run([&["replay", &self.file, "--into", &into], more].concat())
    }

    pub(crate) fn drive(&self) -> shmstore::Shared<Drive> {
        Store::open(self.scratch.join("rover")).unwrap().attach::<Drive>().unwrap()
    }
}

/// Records by a function.
pub(crate) fn recorded(record: impl FnOnce(&mut Written, usize)) -> Recorded {
    let scratch = Scratch::new();
    let file = scratch.text("x.mcap");
    let mut written = recording::write(file.as_ref());
    let drive = written.object("/run/drive", "", 'D', &Drive::SCHEMA.into());
    record(&mut written, drive);
    written.end();
    Recorded { scratch, file }
}

/// The speeds 0, 1, 2 …, one each `millis` milliseconds.
pub(crate) fn speeds(count: u32, millis: u64) -> Recorded {
    recorded(|written, drive| {
        let speed = written.part(drive, "speed");
        for step in 0..count {
            written.message(speed, step + 1, u64::from(step) * millis, &[&f64::from(step).to_le_bytes()]);
        }
    })
}

fn everything() -> Recorded {
    recorded(|written, drive| {
        let [speed, jobs, news, book, images] =
            ["speed", "jobs", "news", "book", "images"].map(|part| written.part(drive, part));
        let atomics = written.atomics(drive, &["turns", "gate", "bell"]);
        let [five, seven] = [5_u32, 7].map(u32::to_le_bytes);
        let atomic = |turns: u64, gate: u8, bell: u64| [turns.to_le_bytes(), [gate; 8], bell.to_le_bytes()];
        for (sequence, [turns, gate, bell]) in [atomic(3, 1, 40), atomic(9, 3, 42)].iter().enumerate() {
            written.message(atomics, sequence as u32, sequence as u64, &[turns, &gate[..1], bell]);
        }
        written.message(speed, 1, 2, &[&1.5_f64.to_le_bytes()]);
        written.message(speed, 9, 3, &[&2.5_f64.to_le_bytes()]);
        written.message(jobs, 0, 3, &[&five]);
        written.message(news, 100, 3, &[&five]);
        written.message(news, 101, 3, &[&seven]);
        for (op, key, value) in [(Message::PRESENT, 5, 1), (Message::SET, 7, 2_u64), (Message::REMOVED, 5, 1)] {
            written.message(book, 0, 4, &[&[op], &u32::to_le_bytes(key), &value.to_le_bytes()]);
        }
        written.message(images, 1, 4, &[&five, &[1, 2, 3]]);
        written.message(images, 2, 4, &[&seven, &[]]);
    })
}

#[test]
fn each_kind_of_part_has_what_was_recorded() {
    let recorded = everything();
    let said = recorded.replay(&["--rate", "0"]).with(0).out;
    assert!(
        said.starts_with("created ") && said.contains("Drive 'D'") && said.contains("stored 12 messages"),
        "{said}"
    );
    let drive = recorded.drive();
    assert_eq!((drive.turns.load(Relaxed), drive.speed.load(), drive.speed.version()), (9, 2.5, 2));
    assert_eq!((drive.gate.is_locked(), drive.gate.is_inconsistent()), (false, false), "locks are not replayed");
    assert_eq!(drive.bell.count(), 2, "as many steps as between the two messages");
    assert_eq!((drive.jobs.pop().unwrap(), drive.jobs.len()), (5, 0));
    assert_eq!(drive.news.sent(), 2);
    assert_eq!((drive.book.get(&5).unwrap(), drive.book.get(&7).unwrap()), (None, Some(2)));
    let newest = drive.images.pin_newest().unwrap().unwrap();
    assert_eq!((newest.number(), newest.len(), *newest.meta()), (2, 0, 7));
}

#[test]
fn recording_is_checked_and_summarized_without_a_directory() {
    let recorded = everything();
    let before = recorded.scratch.segments().len();
    let said = run(["replay", &recorded.file]).with(0);
    assert!(said.out.contains("x.mcap: 0.0 s from 2026-11-23 14:29:10 UTC"), "{said:?}");
    assert!(said.out.contains("Drive 'D' at /run/drive of rover7, layout "), "{said:?}");
    assert_eq!(said.line("/drive/book"), "/drive/book map 3 0");
    assert!(said.out.ends_with("12 messages can be replayed\n"), "{said:?}");
    let json = run(["replay", &recorded.file, "--json"]).with(0).json();
    assert_eq!(json["objects"][0]["layout_hash"], Drive::LAYOUT_HASH.to_string());
    assert_eq!(json["start"], "2026-11-23T14:29:10.000Z");
    let book = json["channels"].as_array().unwrap().iter().find(|channel| channel["kind"] == "map").unwrap();
    assert_eq!(
        (&book["topic"], &book["stored"], &book["parts"][0]),
        (&"/drive/book".into(), &3.into(), &"book".into())
    );
    assert!(json.get("rounds").is_none());
    assert_eq!(recorded.scratch.segments().len(), before);
}

#[test]
fn object_goes_to_a_new_directory_with_its_name() {
    let scratch = Scratch::new();
    let (file, into) = (scratch.text("x.mcap"), scratch.join("new"));
    let mut written = recording::write(file.as_ref());
    let schema = Drive::SCHEMA.into();
    let [left, right, lone] = [("/run/arms/left.shm", "left"), ("/run/arms/right.shm", "right"), ("/run/base", "")]
        .map(|(path, name)| written.object(path, name, 'D', &schema));
    for (object, speed) in [(left, 1.0_f64), (right, 2.0), (lone, 3.0)] {
        let channel = written.part(object, "speed");
        written.message(channel, 1, 0, &[&speed.to_le_bytes()]);
    }
    written.end();
    let json = run(["replay", &file, "--into", into.to_str().unwrap(), "--json"]).with(0).json();
    let places: Vec<PathBuf> = (0..3).map(|at| json["objects"][at]["place"].as_str().unwrap().into()).collect();
    assert_eq!(places, ["arms/left", "arms/right", "base"].map(|place| into.join(place)));
    for (place, speed) in places.iter().zip(["1.0\n", "2.0\n", "3.0\n"]) {
        assert_eq!(run(["get", place.to_str().unwrap(), "speed"]).with(0).out, speed);
    }
}

#[test]
fn messages_keep_their_distances_divided_by_the_rate() {
    let recorded = speeds(6, 100);
    let since = Instant::now();
    let json = recorded.replay(&["--rate", "2", "--json"]).with(0).json();
    assert!(since.elapsed().as_millis() >= 250, "{:?}", since.elapsed());
    assert!(json["took_seconds"].as_f64().unwrap() >= 0.25 && json["late_worst_seconds"].as_f64().is_some(), "{json}");
    assert_eq!((recorded.drive().speed.version(), recorded.drive().speed.load()), (6, 5.0));
}

#[test]
fn part_of_the_time_begins_with_the_state_of_then() {
    let recorded = recorded(|written, drive| {
        let [speed, news, book] = ["speed", "news", "book"].map(|part| written.part(drive, part));
        let bell = written.atomics(drive, &["bell", "turns"]);
        for step in 0..10_u32 {
            let (time, number) = (u64::from(step) * 1000, step.to_le_bytes());
            if step != 5 {
                written.message(speed, step + 1, time, &[&f64::from(step).to_le_bytes()]);
            }
            written.message(news, step, time, &[&number]);
            written.message(bell, step, time, &[&u64::from(step).to_le_bytes(), &u64::from(step).to_le_bytes()]);
            if step < 2 {
                written.message(book, step, time, &[&[Message::SET], &number, &[0; 8]]);
            }
        }
    });
    let json = recorded.replay(&["--rate", "0", "--from", "5", "--to", "6.5", "--json"]).with(0).json();
    let drive = recorded.drive();
    // The speed of second 4 is that of the start.
    assert_eq!((drive.speed.load(), drive.speed.version()), (6.0, 2));
    assert_eq!((drive.news.sent(), drive.book.len()), (2, 2));
    assert_eq!((drive.turns.load(Relaxed), drive.bell.count()), (6, 2));
    let left_out = |topic: &str| {
        let channels = json["channels"].as_array().unwrap();
        channels.iter().find(|channel| channel["topic"] == topic).unwrap()["left_out"].as_u64().unwrap()
    };
    assert_eq!((left_out("/drive/news"), left_out("/drive/speed"), left_out("/drive/book")), (8, 7, 0));
}

#[test]
fn only_some_parts_are_stored() {
    let recorded = everything();
    recorded.replay(&["--rate", "0", "--only", "speed", "--only", "turns"]).with(0);
    let drive = recorded.drive();
    assert_eq!((drive.speed.load(), drive.turns.load(Relaxed)), (2.5, 9));
    assert_eq!((drive.bell.count(), drive.jobs.len(), drive.news.sent(), drive.book.len()), (0, 0, 0, 0));
    for wrong in ["speeed", "speed.x"] {
        let said = run(["replay", &recorded.file, "--only", wrong]).with(3).err;
        assert!(said.contains(&format!("no recorded object has a part `{wrong}`")), "{said}");
    }
}

/// A replay that goes on until it is ended.
struct Running(Child);

impl Running {
    fn end(mut self, signal: Signal) -> Ended {
        kill(Pid::from_raw(self.0.id() as i32), signal).unwrap();
        until("the end of the replay", || self.0.try_wait().unwrap());
        let child = std::mem::replace(&mut self.0, program().arg("man").stdout(Stdio::null()).spawn().unwrap());
        ended(child.wait_with_output().unwrap())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

fn start(recorded: &Recorded, more: &[&str]) -> Running {
    recorded.scratch.store();
    let mut program = program();
    program.args(["replay", &recorded.file, "--into", &recorded.place(), "--json"]).args(more);
    Running(program.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap())
}

/// The object, as soon as it has a version of the speed.
fn until_version(recorded: &Recorded, version: u64) {
    let store = Store::open(recorded.scratch.join("rover")).unwrap();
    until("a version", || {
        let object = Object::attach(&store, 'D').ok()?;
        (object.versioned(&"speed".parse().unwrap()).ok()?.version() >= version).then_some(())
    });
}

#[test]
fn loop_goes_on_until_a_signal_and_ends_with_a_report() {
    let recorded = recorded(|written, drive| {
        let [speed, book] = ["speed", "book"].map(|part| written.part(drive, part));
        for step in 0..4_u32 {
            let value = f64::from(step).to_le_bytes();
            written.message(speed, step + 1, u64::from(step), &[&value]);
            written.message(book, step, u64::from(step), &[&[Message::SET], &step.to_le_bytes(), &[0; 8]]);
        }
        // At the end, there is no room for the first key of the next round.
        written.message(book, 1, 4, &[&[Message::REMOVED], &0_u32.to_le_bytes(), &[0; 8]]);
        written.message(book, 1, 4, &[&[Message::SET], &4_u32.to_le_bytes(), &[0; 8]]);
    });
    let running = start(&recorded, &["--rate", "10", "--loop"]);
    until_version(&recorded, 20);
    let json = running.end(Signal::SIGTERM).with(0).json();
    assert!(json["rounds"].as_u64().unwrap() >= 5, "{json}");
    run(["rm", "--yes", &recorded.place()]).with(0);
}

#[test]
fn signal_ends_a_wait_for_a_message_at_once() {
    let recorded = speeds(2, 3_600_000);
    let running = start(&recorded, &[]);
    until_version(&recorded, 1);
    let json = running.end(Signal::SIGTERM).with(0).json();
    assert_eq!(json["channels"][0]["stored"], 1);
    // It has let go of the object, which otherwise would be in use.
    run(["rm", "--yes", &recorded.place()]).with(0);
}

#[test]
fn removal_of_the_object_ends_the_replay() {
    let recorded = speeds(2, 3_600_000);
    let running = start(&recorded, &[]);
    until_version(&recorded, 1);
    run(["rm", "--yes", "--force", &recorded.place()]).with(0);
    let mut running = running;
    let status = until("the end of the replay", || running.0.try_wait().unwrap());
    assert_eq!(status.code(), Some(3));
}

#[test]
fn object_that_grew_is_created_with_its_newest_layout_and_its_room() {
    #[derive(ShmObject)]
    #[repr(C)]
    #[shm(id = 'G', name = "Grown")]
    struct Old {
        speed: Versioned<f64>,
    }
    #[derive(ShmObject)]
    #[repr(C)]
    #[shm(id = 'G')]
    struct Grown {
        speed: Versioned<f64>,
        height: Versioned<u8>,
    }
    let scratch = Scratch::new();
    let (file, into) = (scratch.text("x.mcap"), scratch.text("rover"));
    let mut written = recording::write(file.as_ref());
    written.described(0, "/run/g", "", 'G', &Old::SCHEMA.into(), Some(4096));
    let speed = written.part(0, "speed");
    written.message(speed, 1, 0, &[&1.0_f64.to_le_bytes()]);
    written.end_chunk();
    written.described(0, "/run/g", "", 'G', &Grown::SCHEMA.into(), Some(4096));
    let height = written.part(0, "height");
    written.message(height, 1, 1, &[&[7]]);
    written.end();
    let store = scratch.store();
    run(["replay", &file, "--into", &into]).with(0);
    let grown = store.attach::<Grown>().unwrap();
    assert_eq!((grown.speed.load(), grown.height.load()), (1.0, 7));
    assert!(run(["show", &into]).with(0).out.contains("4096") || run(["show", &into]).out.contains("4.0K"));
}

#[test]
fn later_files_do_not_store_the_state_at_their_start_again() {
    let scratch = Scratch::new();
    let files = ["x_0000.mcap", "x_0001.mcap"].map(|file| scratch.text(file));
    for (number, file) in files.iter().enumerate() {
        let mut written = recording::write(file.as_ref());
        let drive = written.object("/run/drive", "", 'D', &Drive::SCHEMA.into());
        let [speed, images] = ["speed", "images"].map(|part| written.part(drive, part));
        let bell = written.atomics(drive, &["bell"]);
        // The last message of a file is the first one of the next.
        for version in [number as u32 * 2 + 1, number as u32 * 2 + 2, number as u32 * 2 + 3] {
            let time = u64::from(version);
            written.message(speed, version, time, &[&f64::from(version).to_le_bytes()]);
            written.message(images, version, time, &[&[0; 4], &[version as u8]]);
            written.message(bell, version, time, &[&u64::from(version).to_le_bytes()]);
        }
        written.end();
    }
    let store = scratch.store();
    let into = scratch.text("rover");
    run(["replay", &files[0], &files[1], "--into", &into, "--rate", "0"]).with(0);
    let drive = store.attach::<Drive>().unwrap();
    assert_eq!((drive.speed.version(), drive.speed.load()), (5, 5.0));
    assert_eq!((drive.images.newest_number(), drive.bell.count()), (5, 4));
}
