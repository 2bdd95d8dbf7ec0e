//! Measures how two processes share a lock that both want all the time: how long each waits for it, and how often the
//! other takes it meanwhile.
//!
//! `fairness [thousands]` prints a table; build it with `--release`. Waits are of those acquisitions only for which the other
//! had the lock, or took it, in between: the others cost nothing.
//!
//! The longest waits of millions are the scheduler's: somebody could run, and did not. So the last two columns leave out
//! what the kernel says that it kept either process from running in the meantime (`/proc/<pid>/schedstat`); what the
//! hypervisor of a virtual machine withholds is still in them.

use std::fs;
use std::hint::spin_loop;
use std::io;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use shmstore::{Shared, Store};
use shmstore_tests::objects::Parts;
use shmstore_tests::peer::Peer;
use shmstore_tests::scratch::Scratch;

/// How long the lock is held, and how many thousands of acquisitions of each process are measured.
const HOLDS: [(Duration, u64); 4] = [
    (Duration::ZERO, 400),
    (Duration::from_micros(1), 200),
    (Duration::from_micros(20), 50),
    (Duration::from_micros(200), 10),
];

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match &arguments[..] {
        [path, side, hold, times] => {
            let [side, hold, times] = [side, hold, times].map(|number| number.parse().expect("a number"));
            measure(Path::new(path), side as usize, Duration::from_nanos(hold), times);
        }
        _ => {
            let part: u64 = arguments.first().map_or(1000, |thousands| thousands.parse().expect("a number"));
            println!(
                "| hold | acquisitions | waited for | median | mean | p99 | p99.9 | max | overtaken: mean | max | max, if scheduled \
                 | /mean |"
            );
            println!("|---|---|---|---|---|---|---|---|---|---|---|---|");
            HOLDS.iter().for_each(|(hold, thousands)| compare(*hold, thousands * part));
        }
    }
}

/// How many acquisitions there are between two looks at what the scheduler has withheld.
const BATCH: usize = 64;

/// One acquisition that had to wait: how long, how often the other had the lock meanwhile, and how much of it is not the
/// scheduler's; times in nanoseconds.
type Wait = (u64, u64, u64);

fn measure(path: &Path, side: usize, hold: Duration, times: u64) {
    let parts: Shared<Parts> = Store::open(path).expect("a store").attach_or_create().expect("an object");
    println!("ok ready");
    io::stdin().read_line(&mut String::new()).expect("a line");
    let (ours, theirs) = (&parts.counted[side], &parts.counted[1 - side]);
    let other = Shared::participants(&parts).into_iter().find(|them| them.pid != std::process::id());
    let pids = [std::process::id(), other.expect("both are ready").pid];
    let mut waits: Vec<Wait> = Vec::with_capacity(times as usize);
    let (mut done, mut withheld, mut batch) = (0, not_scheduled(pids), 0);
    // Until one has enough: the other would go on alone.
    while parts.sum.load(Relaxed) == 0 {
        let before = theirs.load(Relaxed);
        let asked = Instant::now();
        let guard = parts.lock.lock().expect("nobody dies here");
        let waited = asked.elapsed();
        let overtaken = theirs.load(Relaxed) - before;
        spin_for(hold);
        ours.store(ours.load(Relaxed) + 1, Relaxed);
        drop(guard);
        if overtaken > 0 {
            let waited = waited.as_nanos() as u64;
            waits.push((waited, overtaken, waited));
        }
        done += 1;
        if done % BATCH as u64 == 0 {
            let now = not_scheduled(pids);
            waits[batch..].iter_mut().for_each(|wait| wait.2 = wait.0.saturating_sub(now - withheld));
            (withheld, batch) = (now, waits.len());
        }
        if done == times {
            parts.sum.store(1, Relaxed);
        }
    }
    let lines: String =
        waits.iter().map(|(waited, overtaken, ours)| format!("{waited} {overtaken} {ours}\n")).collect();
    fs::write(path.join(side.to_string()), lines).expect("room for the figures");
    println!("ok {done}");
}

/// For how long these processes could have run, and did not, since they began: nanoseconds.
fn not_scheduled(pids: [u32; 2]) -> u64 {
    let of = |pid: u32| {
        let stat = fs::read_to_string(format!("/proc/{pid}/schedstat")).unwrap_or_default();
        stat.split_ascii_whitespace().nth(1).and_then(|delay| delay.parse::<u64>().ok()).unwrap_or(0)
    };
    pids.into_iter().map(of).sum()
}

fn spin_for(time: Duration) {
    let start = Instant::now();
    while start.elapsed() < time {
        spin_loop();
    }
}

fn compare(hold: Duration, times: u64) {
    let scratch = Scratch::new();
    let ourselves = std::env::current_exe().expect("a path of our own");
    let mut peers = [0, 1].map(|side| {
        let numbers = [side, hold.as_nanos() as u64, times].map(|number| number.to_string());
        let mut peer = Peer::spawn(Command::new(&ourselves).arg(scratch.path()).args(numbers).stderr(Stdio::inherit()));
        assert_eq!(peer.answer(), "ok ready");
        peer
    });
    peers.iter_mut().for_each(|peer| peer.tell("go"));
    let total: u64 = peers.iter_mut().map(|peer| peer.expect_ok("").parse::<u64>().expect("a count")).sum();
    let mut waits: Vec<Wait> = [0, 1].iter().flat_map(|side| read(&scratch.join(&side.to_string()))).collect();
    waits.sort_unstable();
    print_row(hold, total, &waits);
}

fn read(file: &Path) -> Vec<Wait> {
    let text = fs::read_to_string(file).expect("the figures");
    let number = |word: &str| word.parse::<u64>().expect("a number");
    let numbers = |line: &str| line.split_ascii_whitespace().map(number).collect::<Vec<_>>();
    text.lines().map(numbers).map(|wait| (wait[0], wait[1], wait[2])).collect()
}

fn print_row(hold: Duration, total: u64, waits: &[Wait]) {
    if waits.is_empty() {
        return println!("| {hold:?} | {total} | 0 |");
    }
    let len = waits.len();
    let at = |part: f64| Duration::from_nanos(waits[((len - 1) as f64 * part) as usize].0);
    let mean = waits.iter().map(|(waited, ..)| *waited as f64).sum::<f64>() / len as f64;
    let overtaken = waits.iter().map(|(_, overtaken, _)| *overtaken as f64).sum::<f64>() / len as f64;
    let most = waits.iter().map(|(_, overtaken, _)| *overtaken).max().unwrap_or(0);
    let scheduled = waits.iter().map(|(.., ours)| *ours).max().unwrap_or(0);
    println!(
        "| {hold:?} | {total} | {len} | {:?} | {:.1?} | {:?} | {:?} | {:?} | {overtaken:.2} | {most} | {:?} | {:.1} |",
        at(0.5),
        Duration::from_nanos(mean as u64),
        at(0.99),
        at(0.999),
        at(1.0),
        Duration::from_nanos(scheduled),
        scheduled as f64 / mean,
    );
}
