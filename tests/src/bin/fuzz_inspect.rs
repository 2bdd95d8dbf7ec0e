//! Random inputs for what reads foreign bytes, on a stable compiler: see `shmstore_tests::fuzz`.
//!
//! `fuzz_inspect --inputs 5000000 --seed 7`, of which each parser gets a share; `fuzz_inspect --parser schema --hex 0a1b…` for one input.
//!
//! An input that panics, or takes more than ten seconds, is printed, and ends the program with code 101.

#![forbid(unsafe_code)]

use std::process::{ExitCode, exit};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use shmstore_tests::fuzz::{Bench, Parser};
use shmstore_tests::random::Random;

/// Longer than any input may take on a busy machine.
const TOO_LONG: Duration = Duration::from_secs(10);

/// Of a hundred inputs, how many go to the parser: segments cost system calls.
const SHARES: [(Parser, u64); 4] =
    [(Parser::Segment, 15), (Parser::Schema, 30), (Parser::Saved, 25), (Parser::Values, 30)];

struct Options {
    inputs: u64,
    seed: u64,
    parser: Option<Parser>,
    hex: Option<String>,
}

type Current = Arc<Mutex<(Instant, Parser, Vec<u8>)>>;

fn main() -> ExitCode {
    let Some(options) = options() else {
        eprintln!("usage: fuzz_inspect [--inputs N] [--seed S] [--parser segment|schema|saved|values] [--hex INPUT]");
        return ExitCode::from(2);
    };
    let mut bench = Bench::default();
    if let Some(hex) = &options.hex {
        let digits: Vec<char> = hex.chars().collect();
        let byte = |pair: &[char]| u8::from_str_radix(&String::from_iter(pair), 16).unwrap_or(0);
        let input: Vec<u8> = digits.chunks(2).map(byte).collect();
        println!("accepted: {}", bench.try_input(options.parser.unwrap_or(Parser::Schema), &input));
        return ExitCode::SUCCESS;
    }
    println!("seed {}", options.seed);
    let current: Current = Arc::new(Mutex::new((Instant::now(), Parser::Schema, Vec::new())));
    watch(&current);
    let mut random = Random::new(options.seed);
    let mut total = 0;
    for (parser, share) in SHARES {
        let inputs = match options.parser {
            Some(only) if only == parser => options.inputs,
            Some(_) => 0,
            None => options.inputs * share / 100,
        };
        if inputs > 0 {
            run(&mut bench, parser, inputs, &mut random, &current);
            total += inputs;
        }
    }
    println!("{total} inputs, nothing panicked or hung; at most {} MiB of memory", most_memory() >> 10);
    ExitCode::SUCCESS
}

fn run(bench: &mut Bench, parser: Parser, inputs: u64, random: &mut Random, current: &Current) {
    let started = Instant::now();
    let (mut accepted, mut slowest) = (0_u64, Duration::ZERO);
    for _ in 0..inputs {
        let most = 1 << random.within(3..9);
        let len = random.within(1..most);
        let input: Vec<u8> = (0..len).map(|_| random.number() as u8).collect();
        let now = Instant::now();
        if let Ok(mut current) = current.lock() {
            *current = (now, parser, input.clone());
        }
        accepted += u64::from(bench.try_input(parser, &input));
        slowest = slowest.max(now.elapsed());
    }
    println!(
        "{:8} {inputs} inputs, {accepted} accepted, {:.1} s, the slowest {:.1} ms, {} MiB",
        parser.name(),
        started.elapsed().as_secs_f64(),
        slowest.as_secs_f64() * 1e3,
        most_memory() >> 10,
    );
}

/// Prints the input when one panics or takes too long, and ends the process.
fn watch(current: &Current) {
    let print = |what: &str, current: &Current| {
        if let Ok(current) = current.try_lock() {
            let hex: String = current.2.iter().map(|byte| format!("{byte:02x}")).collect();
            eprintln!("{what}: --parser {} --hex {hex}", current.1.name());
        }
    };
    let panicked = Arc::clone(current);
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        hook(info);
        print("panicked", &panicked);
    }));
    let watched = Arc::clone(current);
    thread::spawn(move || {
        loop {
            thread::sleep(Duration::from_millis(500));
            let took = watched.lock().map_or(Duration::ZERO, |current| current.0.elapsed());
            if took > TOO_LONG {
                print("hangs", &watched);
                exit(101);
            }
        }
    });
}

/// The most memory that this process had, in KiB.
fn most_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0)
}

fn options() -> Option<Options> {
    let clock = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_micros() as u64);
    let mut options = Options { inputs: 100_000, seed: clock, parser: None, hex: None };
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    for pair in arguments.chunks(2) {
        let [name, value] = pair else { return None };
        match name.as_str() {
            "--inputs" => options.inputs = value.parse().ok()?,
            "--seed" => options.seed = value.parse().ok()?,
            "--parser" => options.parser = Some(Parser::ALL.into_iter().find(|parser| parser.name() == value)?),
            "--hex" => options.hex = Some(value.clone()),
            _ => return None,
        }
    }
    Some(options)
}
