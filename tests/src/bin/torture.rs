//! Tortures the store: see `shmstore_tests::torture`.
//!
//! `torture --seconds 60 --seed 7`, of frames `torture --frames 1 --seconds 60 --seed 7`, and of one object by workers in
//! several languages `torture mixed 60 ["python3 worker.py" …]`

use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use shmstore_tests::torture::{Options, run, run_frames, run_image, run_mixed, work_mixed};

const USAGE: &str = "torture [--seconds N] [--seed S] [--workers W] [--busy 1] [--large-map 1] [--frames 1]";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match &arguments[..] {
        [first, argument] if first == "image" => return run_image(argument),
        [first, arguments @ ..] if first == "worker" => work_mixed(arguments),
        _ => {}
    }
    let clock = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_micros() as u64);
    if let [first, seconds, others @ ..] = &arguments[..] {
        if first == "mixed" {
            return seconds.parse().map_or_else(|_| usage(), |seconds| run_mixed(seconds, clock, others));
        }
    }
    let mut options = Options { seconds: 20, seed: clock, workers: 3, busy: false, large_map: false };
    let mut has_frames = false;
    for pair in arguments.chunks(2) {
        let [name, value] = pair else { return usage() };
        let Ok(number) = value.parse::<u64>() else { return usage() };
        match name.as_str() {
            "--seconds" => options.seconds = number,
            "--seed" => options.seed = number,
            "--workers" => options.workers = number as usize,
            "--busy" => options.busy = number != 0,
            "--large-map" => options.large_map = number != 0,
            "--frames" => has_frames = number != 0,
            _ => return usage(),
        }
    }
    if has_frames {
        return run_frames(options.seconds, options.seed);
    }
    run(&options)
}

fn usage() -> ExitCode {
    eprintln!("usage: {USAGE}");
    ExitCode::from(2)
}
