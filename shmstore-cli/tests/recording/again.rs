//! What was recorded can be replayed, and a recording of the replay has the same messages.

use std::fs;
use std::path::Path;
use std::sync::atomic::Ordering::Relaxed;

use nix::sys::signal::Signal;
use shmstore::Timestamp;

use crate::objects::*;
use crate::recorder::*;
use crate::scratch::*;

const TOPICS: [&str; 6] = ["position", "driver", "ticks", "jobs", "quotes", "atomics"];

/// The bodies of all messages of each topic.
fn bodies(file: &Path, object: &str) -> Vec<Vec<Vec<u8>>> {
    TOPICS.map(|topic| read(file, &format!("/{object}/{topic}")).into_iter().map(|found| found.data).collect()).to_vec()
}

#[test]
fn recording_of_a_replay_has_the_bodies_of_the_recording() {
    let scratch = Scratch::new();
    let rover = scratch.store().create::<Rover>().unwrap();
    let recorder = Recorder::start(&scratch, &["rover"], &["--hz", "1000"]).attached(&scratch);
    recorder.until("/rover/atomics", 1);
    for number in 1..=4_u64 {
        let x = if number == 2 { f64::NAN } else { -0.0 };
        rover.position.store(Position { taken: Timestamp::from_nanos(number as i64), x, y: number as f64 });
        recorder.until("/rover/position", number as usize);
        rover.driver.store(format!("driver {number}").as_str().try_into().unwrap());
        recorder.until("/rover/driver", number as usize);
        rover.ticks.send_many(&[number, number * 2]);
        rover.jobs.push(number as u32).unwrap();
        recorder.until("/rover/jobs", number as usize);
        rover.quotes.insert(number as u32 % 2, number as f64).unwrap();
        recorder.until("/rover/quotes", number as usize);
        rover.frames.store(number, Relaxed);
        recorder.until("/rover/atomics", number as usize + 1);
    }
    assert_eq!(rover.quotes.remove(&1).unwrap(), Some(3.0));
    recorder.until("/rover/quotes", 5);
    let file = recorder.file.clone();
    recorder.stop().with(0);
    let recorded = bodies(&file, "rover");

    let (copies, second) = (scratch.join("copies"), scratch.join("y.mcap"));
    std::fs::create_dir(&copies).unwrap();
    let mut command = program();
    command.args(["record", "-o"]).arg(&second).arg(&copies).args(["--hz", "1000", "--json"]);
    let recorder = Recorder::of(command, second.clone());
    until("the second file", || second.exists().then_some(()));
    let mut replay = program();
    replay.arg("replay").arg(&file).arg("--into").arg(&copies).args(["--rate", "0.5", "--json"]);
    let ended = Recorder::of(replay, file).ended();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    until("the last message", || (read(&second, "/copies/quotes").len() >= 5).then_some(()));
    recorder.stop().with(0);
    let again = bodies(&second, "copies");
    for (topic, (recorded, again)) in TOPICS.iter().zip(recorded.iter().zip(&again)) {
        assert_eq!(recorded.last(), again.last(), "{topic}");
    }
    // Items are lossless.
    assert_eq!(recorded[2], again[2]);
}

#[test]
fn second_signal_ends_a_recorder_that_waits_for_its_disk() {
    let scratch = Scratch::new();
    let _rover = scratch.store().create::<Rover>().unwrap();
    let recorder = Recorder::start(&scratch, &["rover"], &[]).attached(&scratch);
    recorder.until("/rover/atomics", 1);
    // A shell starts its background jobs so that they ignore SIGINT, and `nohup` does so with SIGHUP.
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:")).unwrap();
    let ignored = u64::from_str_radix(ignored.trim(), 16).unwrap();
    let is_taken = |signal: &Signal| ignored >> (*signal as i32 - 1) & 1 == 0;
    let Some(first) = [Signal::SIGINT, Signal::SIGHUP].into_iter().find(is_taken) else {
        return eprintln!("left out: this process ignores SIGINT and SIGHUP");
    };
    // Both come while it cannot act on the first.
    recorder.signal(Signal::SIGSTOP);
    recorder.signal(first);
    recorder.signal(Signal::SIGTERM);
    recorder.signal(Signal::SIGCONT);
    assert_eq!(recorder.ended().code, None, "it ended by the signal");
}
