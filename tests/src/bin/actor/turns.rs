//! Processes that take turns as fast as they can, to find wake-ups that are lost. The roles `relay`, `map_relay` and
//! `stream_relay` are made of it.
//!
//! `… <path> <way> <side> <sides> <rounds>`: says `ok ready`, waits for a line, works, and says `ok going` now and
//! then. In the end it says `ok done`, or `err lost …` if a wait took so long that no process can have woken it.
//! `RELAY_WAITS` says how it waits: see `waits.rs`.

use std::fmt::Display;
use std::hint::spin_loop;
use std::io;
use std::time::{Duration, Instant};

use shmstore::{Shared, ShmId, ShmObject, Store};
use shmstore_tests::random::Random;

use super::waits::Waits;

/// No wait is as long, unless a wake-up was lost. Then only the end of the time ends it.
const LOST: Duration = Duration::from_secs(8);
pub(crate) const TIME: Duration = Duration::from_secs(10);

pub(crate) type Outcome = Result<(), String>;

pub(crate) struct Relay {
    pub(crate) side: usize,
    pub(crate) sides: u64,
    pub(crate) rounds: u64,
    pub(crate) random: Random,
    pub(crate) waits: Waits,
}

/// Attaches the object of the turns, waits for a line, and takes turns in the way that the arguments name.
pub(crate) fn play<T: ShmObject + ShmId>(take: impl FnOnce(&mut Relay, &T, &str) -> Outcome) {
    let arguments: Vec<String> = super::args().collect();
    let [path, way, side, sides, rounds] = &arguments[..] else { panic!("a path, a way, a side, sides, rounds") };
    let [side, sides, rounds] = [side, sides, rounds].map(|number| number.parse::<u64>().expect("a number"));
    let store = Store::open(path).expect("a store");
    let turns: Shared<T> = store.attach_or_create().expect("an object");
    let (random, waits) = (Random::new(side), Waits::new(&store, side));
    let mut relay = Relay { side: side as usize, sides, rounds, random, waits };
    println!("ok ready");
    io::stdin().read_line(&mut String::new()).expect("a line");
    match take(&mut relay, &turns, way) {
        Ok(()) => println!("ok done"),
        Err(lost) => println!("err lost {lost}"),
    }
}

impl Relay {
    /// Lets some time pass, so that the other is met at every step of falling asleep.
    pub(crate) fn dawdle(&mut self) {
        let random = self.random.number();
        let time = Duration::from_nanos((random >> 8) & 0x1fff);
        let start = Instant::now();
        while random & 1 == 0 && start.elapsed() < time {
            spin_loop();
        }
    }

    /// Does something in each round: the first side gives and gets, the second gets and gives.
    pub(crate) fn take_turns(
        &mut self,
        mut give: impl FnMut(u64) -> Outcome,
        mut get: impl FnMut(&mut Waits, u64) -> Outcome,
    ) -> Outcome {
        for round in 1..=self.rounds {
            tell_progress(round);
            if self.side == 0 {
                self.dawdle();
                give(round)?;
                get(&mut self.waits, round)?;
            } else {
                get(&mut self.waits, round)?;
                self.dawdle();
                give(round)?;
            }
        }
        Ok(())
    }
}

pub(crate) fn tell_progress(round: u64) {
    if round & 0xfff == 0 {
        println!("ok going");
    }
}

/// Makes a call, which has lost a wake-up if it takes long.
pub(crate) fn in_time<T, E: Display>(round: u64, call: impl FnOnce() -> Result<T, E>) -> Result<T, String> {
    let asked = Instant::now();
    let found = call().map_err(|error| format!("round {round}: {error}"));
    let waited = asked.elapsed();
    if waited > LOST { Err(format!("round {round}: {waited:?}")) } else { found }
}
