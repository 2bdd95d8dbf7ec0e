//! Recorders that are killed.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use super::media::Marked;
use super::*;
use crate::output::repair;

const PATH: &str = "SHMSTORE_RECORD_CHILD";
const PACE: &str = "SHMSTORE_RECORD_PACE";

/// Ends a child also if the test fails.
struct Killed(Child);

impl Killed {
    fn now(mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Not a test by itself: the process that the other tests kill.
#[test]
fn child() {
    let Some(path) = std::env::var_os(PATH) else { return };
    let path = Path::new(&path);
    let is_paced = std::env::var_os(PACE).is_some();
    let opener = Marked::opener(&path.with_extension("mark"));
    let mut recorder = Recorder::start_on(Output { buffer: 16 << 20, ..Output::to(path) }, opener).unwrap();
    recorder.metadata("shmstore.object", pairs(&[("object", "0")]));
    let channels = [recorder.channel(channel("/a")).unwrap(), recorder.channel(channel("/b")).unwrap()];
    let (start, mut random) = (Instant::now(), Random(7));
    for sequence in 0.. {
        let size = match random.below(if is_paced { 99 } else { 100 }) {
            99 => 3 << 20,
            90.. => random.below(300_000),
            _ => random.below(500),
        };
        let body = vec![sequence as u8; size as usize];
        while !put(&mut recorder, channels[sequence as usize % 2], sequence, &body) {
            std::thread::yield_now();
        }
        if is_paced && sequence % 10 == 0 {
            std::thread::sleep(Duration::from_millis(20));
        }
        // Nobody kills a child that was forgotten.
        let bytes = recorder.progress().bytes;
        if bytes > 400_000_000 || start.elapsed() > Duration::from_secs(60) {
            break;
        }
    }
}

fn start_child(path: &Path, is_paced: bool) -> Killed {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "output::tests::killed::child", "--nocapture"]).env(PATH, path);
    if is_paced {
        command.env(PACE, "1");
    }
    Killed(command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap())
}

/// The sequence has no gap, and each message is what was recorded.
fn assert_contiguous(contents: &Contents) {
    for (index, message) in contents.messages.iter().enumerate() {
        assert_eq!(message.sequence as usize, index);
        assert_eq!(message.topic, ["/a", "/b"][index % 2]);
        assert!(message.body.iter().all(|&byte| byte == index as u8));
    }
}

/// Kills children when their files have some random size. Each file that was between two writes, or in the middle of a
/// piece that is covered, must be whole.
fn kill_many(seed: u64, is_paced: bool, largest: u64) {
    let (mut random, mut whole, mut torn) = (Random(seed), 0, 0);
    for round in 0..40 {
        let directory = directory();
        let path = directory.path().join("x.mcap");
        let size = 500 + random.below(largest);
        let child = start_child(&path, is_paced);
        wait_until("the file has grown", || path.metadata().is_ok_and(|file| file.len() > size));
        child.now();

        let mark = std::fs::read(path.with_extension("mark")).unwrap();
        let before = strictly(&std::fs::read(&path).unwrap());
        match &before {
            Ok(contents) => {
                whole += 1;
                assert_contiguous(contents);
            }
            Err(error) => {
                torn += 1;
                assert_eq!(mark, b"1", "round {round}: no write was under way, but {error}");
            }
        }
        let repaired = repair(&path).unwrap();
        let after = read(&path);
        assert_contiguous(&after);
        assert_eq!((repaired.messages, repaired.damaged), (after.messages.len() as u64, 0));
        assert_eq!(after.counted, Some(repaired.messages));
        if let Ok(before) = before {
            assert_eq!(before.messages, after.messages, "repair keeps all that could be read");
        }
        assert!(repair(&path).unwrap().was_whole);
    }
    // Not by `println!`, which the test harness keeps to itself when a test passes.
    let _ = std::io::Write::write_fmt(&mut std::io::stderr(), format_args!("killed: {whole} whole, {torn} torn\n"));
    assert!(whole >= 30, "{torn} of 40 files were torn");
}

#[test]
fn a_recorder_that_is_killed_while_it_writes_flat_out_leaves_a_file() {
    kill_many(1, false, 8_000_000);
}

#[test]
fn a_recorder_that_is_killed_between_its_messages_leaves_a_file() {
    kill_many(2, true, 1_000_000);
}

#[test]
fn a_file_that_is_being_recorded_is_not_repaired() {
    let directory = directory();
    let path = directory.path().join("x.mcap");
    let recorder = Recorder::start(Output::to(&path)).unwrap();
    let refused = repair(&path).unwrap_err();
    assert!(matches!(refused, crate::output::RepairError::InUse { .. }), "{refused}");
    recorder.finish(BTreeMap::new()).unwrap();
    assert!(repair(&path).unwrap().was_whole);
}
