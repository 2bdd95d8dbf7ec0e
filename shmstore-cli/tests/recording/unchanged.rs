//! A recorder changes nothing, also if it is killed.

use std::fs;
use std::process::Command;

use nix::sys::signal::Signal;
use shmstore::inspect::Object;

use crate::objects::*;
use crate::recorder::*;
use crate::scratch::*;

/// All bytes of a segment, from another process.
fn bytes_of(shmid: i32, size: u64) -> Vec<u8> {
    let script = "binmode STDOUT; shmread($ARGV[0], my $all, 0, $ARGV[1]) or die $!; print $all";
    let output = Command::new("perl").args(["-e", script, &shmid.to_string(), &size.to_string()]).output();
    let output = output.expect("perl runs");
    assert!(output.status.success(), "{output:?}");
    output.stdout
}

/// A rover with something in each part, its segment's number and size.
fn filled(scratch: &Scratch) -> (shmstore::Shared<Rover>, i32, u64) {
    let rover = scratch.store().create::<Rover>().unwrap();
    rover.driver.store("zqx".try_into().unwrap());
    rover.jobs.push(1).unwrap();
    rover.quotes.insert(1, 1.5).unwrap();
    rover.ticks.send(5);
    rover.news.notify_all();
    let segment = scratch.segments().remove(0);
    (rover, segment.shmid, segment.size)
}

#[test]
fn recorder_changes_no_byte_and_takes_no_slot() {
    let scratch = Scratch::new();
    let (_rover, shmid, size) = filled(&scratch);
    let before = bytes_of(shmid, size);
    let object = Object::find(&scratch.join("rover"), Some('R')).unwrap();
    let processes = object.participants().len();
    let recorder = Recorder::start(&scratch, &["rover"], &[]).attached(&scratch);
    recorder.until("/rover/quotes", 1);
    recorder.until("/rover/jobs", 1);
    assert_eq!(object.participants().len(), processes, "it is in no list of processes");
    assert!(bytes_of(shmid, size) == before, "a byte has changed while it recorded");
    recorder.stop().with(0);
    assert!(bytes_of(shmid, size) == before, "a byte has changed at its end");
}

#[test]
fn killed_recorder_leaves_nothing_in_the_object_and_a_file_that_can_be_read() {
    let scratch = Scratch::new();
    let (rover, shmid, size) = filled(&scratch);
    let before = bytes_of(shmid, size);
    let recorder = Recorder::start(&scratch, &["rover"], &[]).attached(&scratch);
    recorder.until("/rover/driver", 1);
    recorder.signal(Signal::SIGKILL);
    let file = recorder.file.clone();
    assert_eq!(recorder.ended().code, None);
    until("the kernel to detach it", || in_kernel(shmid).filter(|(attached, _)| *attached == 1));
    assert!(bytes_of(shmid, size) == before, "it has left something");
    assert_eq!(read(&file, "/rover/driver").len(), 1);
    let mut repair = program();
    repair.args(["record", "--json", "--repair"]).arg(&file);
    let repaired = Recorder::of(repair, file.clone()).ended().with(0).json();
    let bytes = fs::read(&file).unwrap();
    assert!(mcap::Summary::read(&bytes).expect("a whole file").is_some());
    assert_eq!(repaired["messages"].as_u64(), Some(messages(&bytes).len() as u64));
    drop(rover);
    scratch.store().remove::<Rover>().expect("nobody stands in the way");
}

#[test]
fn signal_ends_the_recording_with_all_that_was_stored() {
    let scratch = Scratch::new();
    let (rover, ..) = filled(&scratch);
    let recorder = Recorder::start(&scratch, &["rover"], &[]).attached(&scratch);
    recorder.until("/rover/driver", 1);
    rover.driver.store("end".try_into().unwrap());
    recorder.signal(Signal::SIGTERM);
    let file = recorder.file.clone();
    recorder.ended().with(0);
    let found = read(&file, "/rover/driver");
    assert_eq!((found.len(), &found[1].data[8..]), (2, &b"end\0"[..]));
    let bytes = fs::read(&file).unwrap();
    let summary = mcap::Summary::read(&bytes).expect("a whole file").expect("a summary");
    assert_eq!(summary.stats.expect("statistics").message_count as usize, messages(&bytes).len());
}

#[test]
fn object_that_is_recorded_can_be_removed_and_replaced() {
    let scratch = Scratch::new();
    let store = scratch.store_at("gauge");
    let mut gauge = store.create::<Gauge>().unwrap();
    let recorder = Recorder::start(&scratch, &["gauge"], &[]).attached(&scratch);
    for number in 1..=5 {
        gauge.peak.store(number);
        drop(gauge);
        gauge = store.replace::<Gauge>().expect("the recorder lets go");
        gauge.peak.store(100 + number);
        let found = || read(&recorder.file, "/gauge/peak").iter().any(|found| found.number() == 100 + number);
        until("the new object", || found().then_some(()));
    }
    recorder.stop().with(0);
}
