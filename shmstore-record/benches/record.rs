//! Recording from end to end: another process writes, and this one records to a file.
//!
//! `cargo bench -p shmstore-record -- [paced|fast|frames|idle] [SECONDS]`. Files are in `/dev/shm`, so that the disk
//! of the machine does not count.

use std::env;
use std::path::Path;
use std::process::{Child, Command};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

use nix::time::{ClockId, clock_gettime};
use shmstore::inspect::{Segment, WhileAttached, segments};
use shmstore::{Broadcast, Frames, Shared, ShmObject, Store, Versioned};
use shmstore_record::capture::{self, Capture, Counts, Next, Report, Settings};
use shmstore_record::output::{Output, Split};

/// An item of 64 bytes.
type Item = [u64; 8];

const MIB: usize = 1 << 20;

/// Frames a second: 1.34 GB/s.
const RATE: u32 = 320;

#[derive(ShmObject)]
#[repr(C)]
#[shm(id = 'B')]
struct Feed {
    /// Room for 65 ms at a million items a second, because the machine may have other work.
    items: Broadcast<Item, 65536>,
    sent: AtomicU64,
}

#[derive(ShmObject)]
#[repr(C)]
#[shm(id = 'F')]
struct Camera {
    images: Frames<u8, { 4 * MIB }, 4>,
}

#[derive(ShmObject)]
#[repr(C)]
#[shm(id = 'S')]
struct Words<const N: usize> {
    words: [Versioned<u64>; N],
    one: Versioned<u64>,
}

/// The writer in the other process: which, where, and for how long.
const WRITER: &str = "SHMSTORE_RECORD_BENCH_WRITER";

fn main() {
    let args: Vec<String> = env::args().skip(1).filter(|arg| !arg.starts_with("--")).collect();
    let seconds = args.iter().find_map(|arg| arg.parse().ok()).unwrap_or(5);
    let time = Duration::from_secs(seconds);
    if let Ok(writer) = env::var(WRITER) {
        return write(&writer, Path::new(&args[0]), time);
    }
    let is_asked = |name: &str| args.iter().all(|arg| arg.parse::<u64>().is_ok()) || args.iter().any(|arg| arg == name);
    if is_asked("paced") {
        broadcast("paced", "64-byte items at 1 M/s, of another process", time);
    }
    if is_asked("fast") {
        broadcast("fast", "64-byte items at 3 M/s", time);
    }
    if is_asked("frames") {
        frames(time);
    }
    if is_asked("idle") {
        idle::<100>(time);
        idle::<10_000>(time);
    }
}

/// Where objects and files are. Dropping it removes them, also after a panic.
struct Place(tempfile::TempDir);

impl Drop for Place {
    fn drop(&mut self) {
        self.segments().iter().for_each(|segment| drop(segment.remove(WhileAttached::Remove)));
    }
}

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir_in("/dev/shm").expect("a directory"))
    }

    fn store(&self) -> Store {
        Store::open(self.0.path()).expect("a fresh directory")
    }

    fn segments(&self) -> Vec<Segment> {
        let path = self.0.path();
        let mut there = segments().expect("the kernel has shared memory");
        there.retain(|segment| segment.path() == Some(path));
        there
    }

    fn start(&self) -> Capture {
        // Files of the last second or two stay.
        let output =
            Output { split: Some(Split::Size(256 << 20)), keep: Some(2), ..Output::to(self.0.path().join("x.mcap")) };
        let mut capture = Capture::start(output, Settings::default()).expect("a file");
        capture.offer(&self.segments()).expect("channels");
        capture.poll().expect("a look");
        capture
    }

    fn writer(&self, name: &str, time: Duration) -> Child {
        let mut writer = Command::new(env::current_exe().expect("it has a path"));
        writer.arg(self.0.path()).arg(time.as_secs().to_string()).env(WRITER, name).spawn().expect("it runs")
    }

    /// Records until the writer has ended.
    fn record(&self, mut writer: Child) -> (Report, f64) {
        let mut capture = self.start();
        let start = Instant::now();
        let (mut last, mut worst) = (start, Duration::ZERO);
        let is_over = |_: &mut Capture| {
            worst = worst.max(last.elapsed());
            last = Instant::now();
            if let Ok(None) = writer.try_wait() { Next::Poll } else { Next::End }
        };
        capture::run(&mut capture, Vec::new, is_over).expect("it records");
        let report = capture.finish().expect("a file");
        println!("the longest time from one look to the next: {:.1} ms", worst.as_secs_f64() * 1e3);
        (report, start.elapsed().as_secs_f64())
    }
}

fn broadcast(name: &str, what: &str, time: Duration) {
    let place = Place::new();
    let feed: Shared<Feed> = place.store().create().expect("an object");
    let cpu = cpu();
    let (report, seconds) = place.record(place.writer(name, time));
    let counts = counts_of(&report);
    let (sent, rate) = (feed.sent.load(Relaxed), counts.recorded as f64 / seconds / 1e6);
    println!(
        "{what}: {sent} sent, {} recorded, {} missed, {} dropped; {rate:.2} M/s, {:.0} % of a processor",
        counts.recorded,
        counts.missed,
        counts.dropped,
        100.0 * (self::cpu() - cpu) / seconds
    );
    assert_eq!(counts.recorded + counts.missed + counts.dropped, sent);
}

fn frames(time: Duration) {
    let place = Place::new();
    let _camera: Shared<Camera> = place.store().create().expect("an object");
    let cpu = cpu();
    let (report, seconds) = place.record(place.writer("frames", time));
    let counts = counts_of(&report);
    println!(
        "frames of 4 MiB, {RATE} a second: {} recorded, {} missed, {} dropped; {:.2} GB/s, {:.0} % of a processor",
        counts.recorded,
        counts.missed,
        counts.dropped,
        counts.recorded as f64 * (4 * MIB) as f64 / seconds / 1e9,
        100.0 * (self::cpu() - cpu) / seconds
    );
}

fn idle<const N: usize>(time: Duration) {
    let place = Place::new();
    let words: Shared<Words<N>> = place.store().create().expect("an object");
    words.words.iter().for_each(|word| _ = word.store(1));
    for (is_busy, what) in [(true, "1 ms, one changes twice a second"), (false, "10 ms, nothing changes")] {
        let mut capture = place.start();
        let run = |capture: &mut Capture, time: Duration| {
            let (end, mut next) = (Instant::now() + time, Instant::now());
            let each = |_: &mut Capture| {
                if is_busy && Instant::now() >= next {
                    words.one.store(1);
                    next += Duration::from_millis(500);
                }
                if Instant::now() < end { Next::Poll } else { Next::End }
            };
            capture::run(capture, Vec::new, each).expect("it records");
        };
        run(&mut capture, Duration::from_millis(1200));
        let before = cpu();
        run(&mut capture, time);
        let share = (cpu() - before) / time.as_secs_f64();
        println!("{N} idle words, a look each {what}: {:.1} % of a processor", 100.0 * share);
        capture.finish().expect("a file");
        for entry in std::fs::read_dir(place.0.path()).expect("it is ours").flatten() {
            drop(std::fs::remove_file(entry.path()));
        }
    }
}

/// What became of the broadcast or the frames.
fn counts_of(report: &Report) -> Counts {
    report.parts.iter().find(|part| ["items", "images"].contains(&part.part.as_str())).expect("a part").counts
}

/// The processor time of this process, in seconds.
fn cpu() -> f64 {
    let time = clock_gettime(ClockId::CLOCK_PROCESS_CPUTIME_ID).expect("Linux has this clock");
    time.tv_sec() as f64 + time.tv_nsec() as f64 / 1e9
}

/// The other process.
fn write(writer: &str, path: &Path, time: Duration) {
    let store = Store::open(path).expect("the bench has made it");
    // The recorder has its first look first.
    thread::sleep(Duration::from_millis(200));
    let (start, end) = (Instant::now(), Instant::now() + time);
    if writer == "frames" {
        let camera = store.attach::<Camera>().expect("the bench has made it");
        for number in 0.. {
            let next = start + Duration::from_secs(1) * number / RATE;
            thread::sleep(next.saturating_duration_since(Instant::now()));
            if Instant::now() >= end {
                break;
            }
            let mut frame = camera.images.try_loan().expect("a slot");
            frame.fill(4 * MIB, |_, block| block.fill(7)).expect("it fits");
            frame.publish().expect("it is ours");
        }
        return;
    }
    let feed = store.attach::<Feed>().expect("the bench has made it");
    let mut sent = 0;
    while Instant::now() < end {
        let factor = if writer == "paced" { 1 } else { 3 };
        // A writer that was held up does not catch up all at once.
        let count = (factor * start.elapsed().as_micros() as u64).saturating_sub(sent).min(512);
        let items: Vec<Item> = (sent..sent + count).map(|number| [number; 8]).collect();
        feed.items.send_many(&items);
        sent += count;
        if count < 512 {
            thread::sleep(Duration::from_micros(100));
        }
    }
    feed.sent.store(sent, Relaxed);
}
