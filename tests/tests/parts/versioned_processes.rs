//! `Versioned` between processes that read and write flat out: nothing torn, nothing lost, nothing older.

use std::process::Command;
use std::time::Duration;

use shmstore::{Shared, Versioned};
use shmstore_tests::objects::{Block, Telemetry};
use shmstore_tests::peer::{Peer, actor, program_named};
use shmstore_tests::scratch::Scratch;
use shmstore_tests::wait::{flat_out, until_true};

/// How long each size is hammered.
const TIME: Duration = Duration::from_secs(5);

fn hammer(scratch: &Scratch, role: &str, size: &str, time: Duration) -> Peer {
    let mut command = actor("hammer");
    let mut hammer = Peer::spawn(command.arg(scratch.path()).args([role, size]).arg(time.as_millis().to_string()));
    assert_eq!(hammer.answer(), "ok ready");
    hammer
}

/// The numbers that a reader reports.
#[derive(Debug)]
struct Report {
    loads: u64,
    versions: u64,
    bad: [u64; 3],
}

fn report(reader: &mut Peer) -> Report {
    let answer = reader.answer();
    let numbers: Vec<u64> = answer.split(' ').skip(1).map(|number| number.parse().unwrap()).collect();
    let [loads, versions, torn, wrong, older] = numbers[..] else { panic!("{answer}") };
    Report { loads, versions, bad: [torn, wrong, older] }
}

fn assert_readers_see_whole_values<const N: usize>() {
    let _turn = flat_out();
    let scratch = Scratch::new();
    let size = N.to_string();
    let mut writer = hammer(&scratch, "write", &size, TIME);
    let mut readers = [(); 2].map(|()| hammer(&scratch, "read", &size, TIME));
    writer.tell("go");
    readers.iter_mut().for_each(|reader| reader.tell("go"));
    let reports = readers.each_mut().map(report);
    let stored: u64 = writer.expect_ok("stop").parse().unwrap();
    for report in reports {
        assert_eq!(report.bad, [0, 0, 0], "{N} bytes, torn, wrong, older: {report:?} of {stored} stores");
        // Otherwise nothing was tested: they did not run at the same time.
        assert!(report.versions >= 200 && report.loads > 1000, "{report:?} of {stored} stores");
    }
    let part = scratch.store().attach::<Versioned<Block<N>>>().unwrap();
    let (version, block) = part.load_versioned();
    assert_eq!(version, stored);
    assert!(block.is_whole());
}

#[test]
fn value_of_any_size_is_never_torn() {
    assert_readers_see_whole_values::<8>();
    assert_readers_see_whole_values::<61>();
    assert_readers_see_whole_values::<64>();
    assert_readers_see_whole_values::<4096>();
    assert_readers_see_whole_values::<65536>();
}

#[test]
fn updates_of_two_processes_all_count() {
    const TIMES: u64 = 100_000;
    let _turn = flat_out();
    let scratch = Scratch::new();
    let object = scratch.store().create::<Telemetry>().unwrap();
    let mut hammers = [(); 2].map(|()| hammer(&scratch, "update", &TIMES.to_string(), TIME));
    hammers.iter_mut().for_each(|hammer| hammer.tell("go"));
    hammers.iter_mut().for_each(|hammer| assert_eq!(hammer.answer(), format!("ok {TIMES}")));
    let (version, position) = object.position.load_versioned();
    assert_eq!((version, position.x, position.y), (2 * TIMES, 2.0 * TIMES as f64, -2.0 * TIMES as f64));
}

#[test]
fn writer_that_is_killed_while_it_stores_tears_nothing() {
    let _turn = flat_out();
    for _ in 0..8 {
        let scratch = Scratch::new();
        let mut writer = hammer(&scratch, "write", "65536", TIME);
        let mut reader = hammer(&scratch, "glance", "65536", Duration::from_millis(100));
        let part: Shared<Versioned<Block<65536>>> = scratch.store().attach().unwrap();
        writer.tell("go");
        reader.tell("go");
        until_true("stores", || part.version() > 50);
        writer.kill();
        let (version, block) = part.load_versioned();
        assert!(block.is_whole() && u64::from(block.0[0]) == version % 256);
        assert_eq!(report(&mut reader).bad, [0, 0, 0]);
        // What a dead writer left half-written is not seen later either.
        assert_eq!(part.load_versioned(), (version, block));
    }
}

#[test]
fn values_of_16_mib_need_no_stack() {
    let all = Command::new(program_named("large")).output().unwrap();
    let [said, failed] = [all.stdout, all.stderr].map(|text| String::from_utf8(text).unwrap());
    assert!(said.ends_with("all calls were made\n"), "the last call is the one that failed:\n{said}\n{failed}");
}
