//! How fast messages are replayed, and how late at their own pace: `cargo bench -p shmstore-record --bench replay`.

#[path = "../tests/replay/recording.rs"]
mod recording;

use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use shmstore::{Broadcast, Frames, ShmLayout, ShmObject, Store, Versioned};
use shmstore_record::reading::Recording;
use shmstore_record::replay::{self, Replay, Report, Settings};

const PIXELS: usize = 4 << 20;

#[derive(ShmObject)]
#[repr(C)]
#[shm(id = 'B')]
struct Bench {
    small: Versioned<[u64; 8]>,
    ticks: Broadcast<u64, 4096>,
    images: Frames<u8, PIXELS, 3>,
}

/// Replays a file, and returns the report and the time that it took.
fn replayed(file: &Path, into: &Path, rate: f64) -> (Report, Duration) {
    let mut recording = Recording::open(&[file]).unwrap();
    let objects = replay::open(recording.objects(), into, true, |_| true).unwrap();
    let mut replay = Replay::into_objects(objects, Settings { rate, ..Settings::default() });
    let since = Instant::now();
    replay.run(&mut recording, &mut || false).unwrap();
    assert!(replay.report().is_complete());
    (replay.report().clone(), since.elapsed())
}

fn main() {
    // In memory, so that no disk is measured.
    let directory = tempfile::tempdir_in("/dev/shm").unwrap();
    let (file, into) = (directory.path().join("x.mcap"), directory.path().join("object"));
    let store = Store::open_or_create(&into).unwrap();
    let bench = store.create::<Bench>().unwrap();

    let count = 1_000_000_u32;
    let mut written = recording::write(&file);
    let object = written.object("/run/bench", "", 'B', &Bench::SCHEMA.into());
    let small = written.part(object, "small");
    for version in 0..count {
        written.message(small, version, 0, &[&[version as u8; 64]]);
    }
    written.end();
    let (_, took) = replayed(&file, &into, 0.0);
    println!("values of 64 bytes: {:.2} million a second", f64::from(count) / took.as_secs_f64() / 1e6);

    let count = 256_u32;
    let mut written = recording::write_with(&file, mcap::WriteOptions::new().chunk_size(Some(1 << 20)));
    let object = written.object("/run/bench", "", 'B', &Bench::SCHEMA.into());
    let images = written.part(object, "images");
    let pixels = vec![7; PIXELS];
    for number in 0..count {
        written.message(images, number, 0, &[&[], &pixels]);
    }
    written.end();
    let (_, took) = replayed(&file, &into, 0.0);
    let bytes = f64::from(count) * PIXELS as f64;
    println!("frames of 4 MiB: {:.2} GB a second", bytes / took.as_secs_f64() / 1e9);

    // One item a millisecond, with the times at which a subscriber has them.
    let count = 5_000_u64;
    let mut written = recording::write(&file);
    let object = written.object("/run/bench", "", 'B', &Bench::SCHEMA.into());
    let ticks = written.part(object, "ticks");
    for tick in 0..count {
        written.message(ticks, tick as u32, tick, &[&tick.to_le_bytes()]);
    }
    written.end();
    let (mut late, report) = thread::scope(|scope| {
        let mut subscriber = bench.ticks.subscribe();
        let receiver = scope.spawn(move || {
            let arrived: Vec<Instant> =
                (0..count).map(|_| subscriber.recv().map(|_| Instant::now()).unwrap()).collect();
            let due = (0..).map(|tick| arrived[0] + Duration::from_millis(tick));
            let late = arrived.iter().zip(due).map(|(arrived, due)| arrived.saturating_duration_since(due));
            late.collect::<Vec<_>>()
        });
        let (report, _) = replayed(&file, &into, 1.0);
        (receiver.join().unwrap(), report)
    });
    late.sort();
    let [p50, p99, worst] = [late.len() / 2, late.len() * 99 / 100, late.len() - 1].map(|at| late[at]);
    println!("one item a millisecond at rate 1: received late by {p50:?} (half), {p99:?} (99 %), {worst:?} (worst)");
    let lateness = &report.lateness;
    println!("by the replay's own report: {:?} (99 %), {:?} (worst)", lateness.p99().unwrap(), lateness.worst());
    drop(bench);
    store.remove::<Bench>().unwrap();
}
