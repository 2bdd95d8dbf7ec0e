//! Measuring how soon the slots of a dead reader can be loaned again, and that those of a stopped one cannot.

use std::fmt;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::SeqCst;
use std::thread;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::sys::wait::waitpid;
use nix::unistd::Pid;
use shmstore::error::LoanError;
use shmstore::{Shared, Store};

use super::films::{Board, Films, LARGE, check, fill};
use super::os::{News, has_ended, has_ended_or_ends, kill_now, not_scheduled, now, open_process, spawn};
use super::supervisor::SECOND;
use crate::holder::wait_until_state;

const MILLISECOND: Duration = Duration::from_millis(1);
/// Longer than any recovery takes.
const GENEROUS: Duration = Duration::from_secs(20);

/// How the writer comes to a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Waits,
    AsksEachMillisecond,
}

/// Times until the writer had a slot, in nanoseconds.
#[derive(Debug, Clone, Copy)]
struct Recovery {
    since_kill: u64,
    /// Since the kernel has released all of the process, without the time for which the writer was runnable and not
    /// scheduled.
    since_release: u64,
}

#[derive(Debug, Default)]
pub(super) struct Recoveries {
    waits: Vec<Recovery>,
    asks: Vec<Recovery>,
    /// How often the writer has asked while the reader was stopped, and got a slot.
    asked: u64,
    got: u64,
    seconds: u64,
    failures: Vec<&'static str>,
}

impl Recoveries {
    pub(super) fn is_clean(&self) -> bool {
        self.failures.is_empty() && self.got == 0 && self.asked > 0
    }
}

impl fmt::Display for Recoveries {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, times) in [("waits", &self.waits), ("asks each millisecond", &self.asks)] {
            let rounds = times.len();
            writeln!(
                f,
                "  {rounds} readers of 4 MiB frames were killed with two pins of three slots, and a writer {name}:"
            )?;
            let since_kill = times.iter().map(|time| time.since_kill).collect();
            let since_release = times.iter().map(|time| time.since_release).collect();
            let all: [(&str, Vec<u64>); 2] = [("the kill", since_kill), ("the release, on a processor", since_release)];
            for (since, mut times) in all {
                times.sort_unstable();
                let (median, worst) = (times[rounds / 2] / 1000, times[rounds - 1] / 1000);
                writeln!(f, "    a slot {median} us (median), {worst} us (worst) after {since}")?;
            }
        }
        let Self { asked, got, seconds, .. } = self;
        writeln!(f, "  the reader is stopped for {seconds} s: a writer has asked {asked} times, and got {got} slots")?;
        self.failures.iter().try_for_each(|failure| writeln!(f, "  VIOLATION {failure}"))
    }
}

/// Waits until a word is a value. Returns `false` if that takes too long.
fn is_soon(word: &AtomicU64, value: u64) -> bool {
    let deadline = now() + 2 * GENEROUS.as_nanos() as u64;
    while word.load(SeqCst) != value {
        if now() > deadline {
            return false;
        }
        thread::sleep(MILLISECOND / 10);
    }
    true
}

/// Kills a reader with two pins so often, for each way of the writer, and then stops one for a time in nanoseconds.
pub(super) fn measure(board: &Board, news: &News, store: &Store, rounds: u64, stopped: u64) -> Recoveries {
    let mut found = Recoveries { seconds: stopped / SECOND, ..Recoveries::default() };
    for round in 1..=2 * rounds {
        let way = if round % 2 == 0 { Way::Waits } else { Way::AsksEachMillisecond };
        let reader = spawn(news, || read(board, news, store, round));
        let writer = spawn(news, || write(board, news, store, round, way));
        if !is_soon(&board.waiting, round) {
            found.failures.push("the writer is not ready");
        }
        // Anywhere in the slice of the wait.
        thread::sleep(Duration::from_micros(2000 + round * 977 % 10_000));
        let process = open_process(reader);
        let killed = now();
        kill_now(reader);
        while !has_ended(&process) {
            thread::sleep(MILLISECOND / 20);
        }
        let released = now();
        if !is_soon(&board.done, round) {
            found.failures.push("the slots of a dead reader did not come back");
        }
        let acquired = board.acquired.load(SeqCst);
        let since_release = acquired.saturating_sub(released).saturating_sub(board.delayed.load(SeqCst));
        let recovery = Recovery { since_kill: acquired.saturating_sub(killed), since_release };
        if way == Way::Waits {
            found.waits.push(recovery)
        } else {
            found.asks.push(recovery)
        }
        bury(reader);
        bury(writer);
    }
    stop(board, news, store, 2 * rounds + 1, stopped, &mut found);
    found
}

fn bury(pid: Pid) {
    let _ = waitpid(pid, None);
}

fn stop(board: &Board, news: &News, store: &Store, round: u64, stopped: u64, found: &mut Recoveries) {
    let reader = spawn(news, || read(board, news, store, round));
    let writer = spawn(news, || ask(board, news, store, round, stopped));
    let _ = is_soon(&board.waiting, round);
    let _ = kill(reader, Signal::SIGSTOP);
    wait_until_state(reader.as_raw() as u32, 'T');
    board.look.store(round, SeqCst);
    bury(writer);
    let was_stopped = board.looked.load(SeqCst) != round && !has_ended_or_ends(reader.as_raw() as u64);
    let _ = kill(reader, Signal::SIGCONT);
    bury(reader);
    if !was_stopped || board.looked.load(SeqCst) != round {
        found.failures.push("the frames of the stopped reader are not whole");
    }
    (found.asked, found.got) = (board.asked.load(SeqCst), board.got.load(SeqCst));
}

/// Pins two frames, and looks at them again when it is told.
fn read(board: &Board, news: &News, store: &Store, round: u64) {
    let films: Shared<Films> = store.attach().expect("films");
    let pins = [0, 1].map(|at| {
        let mut frame = films.few.loan_timeout(GENEROUS).expect("a slot");
        fill(&mut frame, round << 8 | at, LARGE);
        frame.publish().expect("our own slot");
        films.few.pin_newest().expect("a pin").expect("a frame")
    });
    board.ready.store(round, SeqCst);
    while board.look.load(SeqCst) != round {
        thread::sleep(MILLISECOND / 10);
    }
    for pin in &pins {
        match check(pin) {
            Ok(()) => {}
            Err(error) => return news.violation(&error),
        }
    }
    board.looked.store(round, SeqCst);
}

/// Publishes the frame after those that the reader has pinned. Then no slot can be loaned.
fn take_last_slot(board: &Board, films: &Films, round: u64) {
    assert!(is_soon(&board.ready, round), "no reader");
    let mut frame = films.few.loan_timeout(GENEROUS).expect("the last slot");
    fill(&mut frame, round << 8 | 2, LARGE);
    frame.publish().expect("our own slot");
    let refused = films.few.try_loan().map(drop);
    assert!(matches!(refused, Err(LoanError::Full { .. })), "{refused:?}");
}

fn write(board: &Board, news: &News, store: &Store, round: u64, way: Way) {
    let films: Shared<Films> = store.attach().expect("films");
    take_last_slot(board, &films, round);
    let delayed = not_scheduled();
    board.waiting.store(round, SeqCst);
    let loan = match way {
        Way::Waits => films.few.loan_timeout(GENEROUS),
        Way::AsksEachMillisecond => loop {
            match films.few.try_loan() {
                Err(LoanError::Full { .. }) => thread::sleep(MILLISECOND),
                loan => break loan,
            }
        },
    };
    board.acquired.store(now(), SeqCst);
    board.delayed.store(not_scheduled().saturating_sub(delayed), SeqCst);
    if let Err(error) = loan {
        news.violation(&error.to_string());
    }
    board.done.store(round, SeqCst);
}

/// Asks for a slot each millisecond, for a time in nanoseconds.
fn ask(board: &Board, news: &News, store: &Store, round: u64, time: u64) {
    let films: Shared<Films> = store.attach().expect("films");
    take_last_slot(board, &films, round);
    board.waiting.store(round, SeqCst);
    let end = now() + time;
    while now() < end {
        board.asked.fetch_add(1, SeqCst);
        match films.few.try_loan() {
            Ok(_) => _ = board.got.fetch_add(1, SeqCst),
            Err(LoanError::Full { .. }) => {}
            Err(error) => news.violation(&error.to_string()),
        }
        thread::sleep(MILLISECOND);
    }
}
