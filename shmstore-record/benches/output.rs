//! How fast a recorder takes messages, beside a plain `write` of the same bytes. `cargo bench -p shmstore-record`
//! writes to `/dev/shm`, or to the directory in `SHMSTORE_BENCH_DIR`.

use std::collections::BTreeMap;
use std::error::Error;
use std::fs::File;
use std::hint::black_box;
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use shmstore_record::output::{Channel, Output, Recorder, Schema, Stamp};

/// The messages' size, their number, and what is said of them.
const RUNS: [(usize, u64, &str); 4] =
    [(64, 8_000_000, "64 B"), (1024, 2_000_000, "1 KiB"), (64 << 10, 32_000, "64 KiB"), (4 << 20, 512, "4 MiB")];

fn main() -> Result<(), Box<dyn Error>> {
    let directory = std::env::var("SHMSTORE_BENCH_DIR").unwrap_or_else(|_| "/dev/shm".to_owned());
    let directory = tempfile::tempdir_in(directory)?;
    println!("| messages | recorded | dropped | a second | MB/s | encoding thread alone | plain `write` MB/s |");
    println!("|---|---|---|---|---|---|---|");
    for (size, count, name) in RUNS {
        let body = vec![0x5a_u8; size];
        let plain = write_plainly(&directory.path().join("plain"), &body, count)?;
        let (taken, whole, dropped) = record(&directory.path().join("x.mcap"), &body, count)?;
        let recorded = count - dropped;
        let bytes = recorded as f64 * size as f64 / 1e6;
        println!(
            "| {name} | {recorded} | {dropped} | {:.2} M | {:.0} | {:.2} s of {:.2} s | {:.0} |",
            recorded as f64 / 1e6 / whole.as_secs_f64(),
            bytes / whole.as_secs_f64(),
            taken.as_secs_f64(),
            whole.as_secs_f64(),
            count as f64 * size as f64 / 1e6 / plain.as_secs_f64(),
        );
    }
    Ok(())
}

/// The messages of a batch.
const BATCH: u64 = 1000;

/// Writes the bytes of all messages in pieces of 1 MiB or of one message.
fn write_plainly(path: &Path, body: &[u8], count: u64) -> Result<Duration, Box<dyn Error>> {
    let piece = body.repeat((1 << 20) / body.len().min(1 << 20));
    let mut left = body.len() as u64 * count;
    let start = Instant::now();
    let mut file = File::create(path)?;
    while left > 0 {
        let now = left.min(piece.len() as u64);
        file.write_all(&black_box(&piece)[..now as usize])?;
        left -= now;
    }
    let taken = start.elapsed();
    std::fs::remove_file(path)?;
    Ok(taken)
}

/// Records all messages. A message that finds the buffer full is tried again, so that the disk's thread is never idle.
fn record(path: &Path, body: &[u8], count: u64) -> Result<(Duration, Duration, u64), Box<dyn Error>> {
    let mut recorder = Recorder::start(Output { force: true, ..Output::to(path) })?;
    let schema = Schema { name: "bench/msg/Body".into(), encoding: "ros2msg".into(), text: "uint8[] data\n".into() };
    let channel = Channel { topic: "/bench".into(), message_encoding: "cdr".into(), schema, metadata: BTreeMap::new() };
    let channel = recorder.channel(channel)?;
    let start = Instant::now();
    let mut waited = Duration::ZERO;
    for number in 0..count {
        if number % BATCH == 0 {
            recorder.release();
            recorder.hold();
        }
        let stamp = Stamp { sequence: number as u32, log_time: number, publish_time: number };
        while !recorder.message(channel, stamp, |message| message.extend_from_slice(black_box(body))) {
            let began = Instant::now();
            recorder.release();
            std::thread::sleep(Duration::from_micros(200));
            recorder.hold();
            waited += began.elapsed();
        }
    }
    let taken = start.elapsed() - waited;
    let summary = recorder.finish(BTreeMap::new())?;
    let whole = start.elapsed();
    std::fs::remove_file(path)?;
    Ok((taken, whole, count - summary.messages))
}
