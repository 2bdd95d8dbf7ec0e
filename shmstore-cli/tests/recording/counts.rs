//! The exact numbers of recorded and missed values.

use std::sync::atomic::Ordering::Relaxed;
use std::thread;
use std::time::{Duration, Instant};

use shmstore::Timestamp;

use crate::objects::*;
use crate::recorder::*;
use crate::scratch::*;

fn position(number: u64) -> Position {
    Position { taken: Timestamp::from_nanos(number as i64), x: number as f64, y: -(number as f64) }
}

#[test]
fn versions_of_a_writer_without_a_pause_are_recorded_or_counted_as_missed() {
    let scratch = Scratch::new();
    let rover = scratch.store().create::<Rover>().unwrap();
    rover.position.store(position(1));
    let recorder = Recorder::start(&scratch, &["rover"], &["--only", "position"]).attached(&scratch);
    recorder.until("/rover/position", 1);
    let store = |_| rover.position.update(|position| *position = self::position(position.x as u64 + 1));
    while_busy(store, || recorder.until("/rover/position", 100));
    let newest = rover.position.load_versioned().0;
    let file = recorder.file.clone();
    let ended = recorder.stop().with(0);
    let found = read(&file, "/rover/position");
    let (first, last) = (u64::from(found[0].sequence), u64::from(found[found.len() - 1].sequence));
    assert_eq!((first, last), (1, newest), "from the value at the start to the newest");
    let [recorded, missed, dropped] = ended.counts("/rover/position");
    assert_eq!((recorded, dropped), (found.len() as u64, 0));
    assert_eq!(recorded + missed, newest, "{ended:?}");
    assert!(missed > 0, "the writer was too slow");
    for pair in found.windows(2) {
        assert!(pair[0].sequence < pair[1].sequence && pair[0].log_time <= pair[1].log_time, "{pair:?}");
    }
    for message in &found {
        let value = message.value::<Position>();
        assert_eq!(value[8..16], f64::from(message.sequence).to_le_bytes(), "the value is of this version, and whole");
        assert_eq!(message.publish_time, u64::from(message.sequence), "the first time in the value");
    }
    let gaps: Vec<_> = events(&file).into_iter().filter(|event| event["kind"] == "gap").collect();
    assert_eq!(gaps.iter().map(|gap| gap["missed"].as_u64().unwrap()).sum::<u64>(), missed, "{gaps:?}");
    let at_end = metadata(&file, "shmstore.gaps");
    let counts: serde_json::Value = serde_json::from_str(&at_end[0]["/rover/position"]).unwrap();
    assert_eq!(counts, serde_json::json!({ "recorded": recorded, "missed": missed, "dropped": 0 }));
}

#[test]
fn items_of_a_fast_broadcast_are_recorded_without_a_gap() {
    let scratch = Scratch::new();
    let rover = scratch.store().create::<Rover>().unwrap();
    rover.ticks.send_many(&[7, 7, 7]);
    let recorder = Recorder::start(&scratch, &["rover"], &[]).attached(&scratch);
    // Items from before the recording are not recorded. Its first look is over when it has seen a later change.
    rover.position.store(position(5));
    recorder.until("/rover/position", 1);
    let end = Instant::now() + Duration::from_secs(1);
    let mut sent = 3;
    while Instant::now() < end {
        let items: Vec<u64> = (sent..sent + 50).collect();
        rover.ticks.send_many(&items);
        sent += 50;
        thread::sleep(Duration::from_millis(1));
    }
    let file = recorder.file.clone();
    let ended = recorder.stop().with(0);
    let found = read(&file, "/rover/ticks");
    assert_eq!(ended.counts("/rover/ticks"), [sent - 3, 0, 0]);
    let numbers: Vec<u64> = found.iter().map(Found::number).collect();
    assert_eq!(numbers, (3..sent).collect::<Vec<u64>>());
    assert!(found.iter().zip(3..).all(|(message, position)| message.sequence == position));
}

#[test]
fn items_that_were_overwritten_before_a_look_are_a_gap() {
    let scratch = Scratch::new();
    let rover = scratch.store().create::<Rover>().unwrap();
    let recorder = Recorder::start(&scratch, &["rover"], &["--only", "ticks"]).attached(&scratch);
    // Its first look decides which items are from before the recording.
    let mut sent = 0;
    until("the first item", || {
        rover.ticks.send(sent);
        sent += 1;
        (!read(&recorder.file, "/rover/ticks").is_empty()).then_some(())
    });
    recorder.signal(nix::sys::signal::Signal::SIGSTOP);
    let items: Vec<u64> = (sent..sent + 3 * 65536).collect();
    rover.ticks.send_many(&items);
    recorder.signal(nix::sys::signal::Signal::SIGCONT);
    let file = recorder.file.clone();
    let ended = recorder.stop().with(0);
    let found = read(&file, "/rover/ticks");
    let [recorded, missed, dropped] = ended.counts("/rover/ticks");
    assert_eq!((found.len() as u64, dropped), (recorded, 0));
    assert_eq!(recorded + missed, sent + 3 * 65536 - found[0].number(), "{ended:?}");
    assert!(missed >= 2 * 65536, "{missed}");
    assert!(found.iter().all(|message| message.number() == u64::from(message.sequence)));
    let gap = events(&file).into_iter().find(|event| event["kind"] == "gap").unwrap();
    let from = gap["from"].as_u64().unwrap();
    assert_eq!((gap["missed"].as_u64(), gap["to"].as_u64()), (Some(missed), Some(from + missed - 1)));
    assert_eq!(gap["part"], "ticks");
}

#[test]
fn atomics_locks_and_events_are_one_message_at_their_own_rate() {
    let scratch = Scratch::new();
    let rover = scratch.store().create::<Rover>().unwrap();
    let recorder = Recorder::start(&scratch, &["rover"], &["--hz", "20"]).attached(&scratch);
    recorder.until("/rover/atomics", 1);
    while_busy(|_| _ = rover.frames.fetch_add(1, Relaxed), || recorder.until("/rover/atomics", 6));
    rover.mode.store(Mode::Driving, Relaxed);
    rover.news.notify_all();
    let guard = rover.audit.lock().unwrap();
    let newest = rover.frames.load(Relaxed);
    let file = recorder.file.clone();
    recorder.stop().with(0);
    drop(guard);
    let found = read(&file, "/rover/atomics");
    // The first look and the last one are no samples.
    let periods: Vec<u64> = found[1..found.len() - 1].iter().map(|found| found.log_time / 50_000_000).collect();
    assert!(periods.windows(2).all(|pair| pair[0] < pair[1]), "at most one in 50 ms: {periods:?}");
    let last = &found[found.len() - 1];
    assert_eq!(last.data[4..12], newest.to_le_bytes(), "the last look has the newest values");
    assert_eq!(last.data[12..14], [1, 1], "mode and lock");
    assert_eq!(last.data[20..], 1_u64.to_le_bytes(), "notifications");
    assert_eq!(last.metadata["shmstore.parts"], r#"["frames","mode","audit","news"]"#);
    assert_eq!((last.metadata["shmstore.kind"].as_str(), last.metadata["shmstore.part"].as_str()), ("atomics", ""));
    assert!(found.windows(2).all(|pair| pair[0].data != pair[1].data), "only changes are written");
}
