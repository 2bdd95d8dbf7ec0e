//! Full disks, snapshots, and files that are deleted.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use nix::sys::signal::Signal;
use shmstore::inspect::Segment;

use crate::objects::*;
use crate::recorder::*;
use crate::scratch::*;

/// The files of a scratch that end in `.mcap`, in order.
pub(crate) fn files(scratch: &Scratch) -> Vec<PathBuf> {
    let entries = fs::read_dir(scratch.path()).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> =
        entries.filter(|path| path.extension().is_some_and(|extension| extension == "mcap")).collect();
    files.sort();
    files
}

#[test]
fn only_the_newest_files_are_kept() {
    let scratch = Scratch::new();
    let rover = scratch.store().create::<Rover>().unwrap();
    let more = ["--split", "100kB", "--keep", "2"];
    let recorder = Recorder::start(&scratch, &["rover"], &more).attached(&scratch);
    let name = scratch.join("x_0004.mcap");
    until("the fourth file", || {
        rover.ticks.send_many(&[0; 100]);
        name.exists().then_some(())
    });
    recorder.stop().with(0);
    assert!(files(&scratch).len() <= 2, "{:?}", files(&scratch));
}

#[test]
fn snapshot_is_written_when_it_is_asked_for() {
    let scratch = Scratch::new();
    let rover = scratch.store().create::<Rover>().unwrap();
    rover.driver.store("zqx".try_into().unwrap());
    let mut command = program();
    let file = scratch.join("x.mcap");
    command.arg("record").arg(scratch.join("rover")).arg("-o").arg(&file).args(["--snapshot", "30s", "--json"]);
    let recorder = Recorder::of(command, file);
    let shmid = scratch.segments()[0].shmid;
    until("it is attached", || in_kernel(shmid).filter(|(attached, _)| *attached >= 2));
    let name = scratch.join("x_0001.mcap");
    // The first list of objects attaches them for a moment. So the signal may come before the recording.
    until("the snapshot", || {
        rover.ticks.send(1);
        recorder.signal(Signal::SIGUSR1);
        std::thread::sleep(std::time::Duration::from_millis(20));
        (name.exists() && !read(&name, "/rover/driver").is_empty()).then_some(())
    });
    recorder.stop().with(0);
    assert!(!read(&name, "/rover/driver").is_empty());
}

#[test]
fn full_disk_ends_the_recording_with_a_file_that_can_be_read() {
    let scratch = Scratch::new();
    let rover = scratch.store().create::<Rover>().unwrap();
    let disk = scratch.join("disk");
    fs::create_dir(&disk).unwrap();
    // A mount of its own, which ends with the process.
    let script =
        "mount -t tmpfs -o size=2M none \"$1\" || exit 99; shift; \"$@\"; code=$?; cp \"$4\" \"$0\"; exit $code";
    let (file, copy) = (disk.join("x.mcap"), scratch.join("x.mcap"));
    let mut command = Command::new("unshare");
    command.args(["--mount", "sh", "-c", script]).arg(&copy).arg(&disk);
    command.arg(env!("CARGO_BIN_EXE_shmstore")).args(["record", "-o"]).arg(&file).arg(scratch.join("rover"));
    if !nix::unistd::Uid::effective().is_root() {
        println!("skipped: only root can mount a small disk");
        return;
    }
    let recorder = Recorder::of(command, file);
    let shmid = scratch.segments()[0].shmid;
    let is_over = |shmid| Segment::of_shmid(shmid).is_ok_and(|_| copy.exists());
    let mut sent = 0;
    until("the disk is full", || {
        rover.ticks.send_many(&(sent..sent + 1000).collect::<Vec<u64>>());
        sent += 1000;
        is_over(shmid).then_some(())
    });
    let ended = recorder.ended();
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.err.contains("recording ended after") && ended.err.contains("No space left"), "{ended:?}");
    let bytes = fs::read(&copy).unwrap();
    assert!(bytes.len() > 1 << 20);
    let found = messages_of(&bytes, "/rover/ticks");
    assert!(found.len() > 1000, "{}", found.len());
    let wrong = found.iter().find(|of| of.number() != u64::from(of.sequence));
    assert!(wrong.is_none(), "each is whole, and at its position: {} {wrong:?}", found[0].sequence);
    assert!(found.windows(2).all(|pair| pair[0].sequence < pair[1].sequence));
}
