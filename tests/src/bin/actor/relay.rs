//! Passes turns between processes as fast as it can, to find wake-ups that are lost.
//!
//! `relay <path> <way> <side> <sides> <rounds>`: says `ok ready`, waits for a line, works, and says `ok going` now and
//! then; in the end `ok done`, or `err lost …` if a wait took so long that nobody can have been woken for it.

use std::hint::spin_loop;
use std::io;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use shmstore::{AnyBits, Event, LockError, Shared, Store, Versioned, WaitError};
use shmstore_tests::objects::Parts;
use shmstore_tests::random::Random;

/// No wait is as long, unless a wake-up was lost: then only the end of the time ends it.
const LOST: Duration = Duration::from_secs(8);
const TIME: Duration = Duration::from_secs(10);

struct Relay {
    parts: Shared<Parts>,
    side: u64,
    sides: u64,
    rounds: u64,
    random: Random,
}

type Outcome = Result<(), String>;

pub(crate) fn play() {
    let arguments: Vec<String> = super::args().collect();
    let [path, way, numbers @ ..] = &arguments[..] else { panic!("a path, a way, a side, sides, rounds") };
    let numbers: Vec<u64> = numbers.iter().map(|number| number.parse().expect("a number")).collect();
    let [side, sides, rounds] = numbers[..] else { panic!("a side, sides, rounds") };
    let store = Store::open(path).expect("a store");
    let parts: Shared<Parts> = store.attach_or_create().expect("an object");
    let mut relay = Relay { parts: parts.clone(), side, sides, rounds, random: Random::new(side) };
    println!("ok ready");
    io::stdin().read_line(&mut String::new()).expect("a line");
    let outcome = match way.as_str() {
        "stores" => relay.store_in_turn(|part, round| assert_eq!(part.store(round), round)),
        "updates" => relay.store_in_turn(|part, round| part.update(|value| *value = round)),
        "commits" => relay.store_in_turn(commit),
        "leases" => relay.store_in_turn(lease_once),
        "abandons" => relay.store_in_turn(abandon_then_store),
        "leased" => relay.store_leased([&parts.ping, &parts.pong], |round| round),
        "leased_long" => relay.store_leased([&parts.long_ping, &parts.long_pong], |round| [round; 512]),
        "all" => relay.notify_in_turn(Event::notify_all),
        "one" => relay.notify_in_turn(Event::notify_one),
        "lock" => relay.lock_in_turn(),
        other => panic!("no way `{other}`"),
    };
    match outcome {
        Ok(()) => println!("ok done"),
        Err(lost) => println!("err lost {lost}"),
    }
}

fn commit(part: &Versioned<u64>, round: u64) {
    let mut transaction = part.begin();
    *transaction = round;
    transaction.commit();
}

/// The lease ends with nothing told since the store.
fn lease_once(part: &Versioned<u64>, round: u64) {
    part.writer().store(round);
}

/// Who has announced himself is still waiting after a write side was given back with nothing stored.
fn abandon_then_store(part: &Versioned<u64>, round: u64) {
    match round % 2 {
        0 => part.begin().rollback(),
        _ => drop(part.writer()),
    }
    // Time for one who was about to sleep.
    spin_for(Duration::from_nanos((round * 997) & 0x3fff));
    part.store(round);
}

fn spin_for(time: Duration) {
    let start = Instant::now();
    while start.elapsed() < time {
        spin_loop();
    }
}

impl Relay {
    /// Lets some time pass, so that the other is met at every step of falling asleep.
    fn dawdle(&mut self) {
        let random = self.random.number();
        if random & 1 == 0 {
            spin_for(Duration::from_nanos((random >> 8) & 0x1fff));
        }
    }

    fn tell_progress(&self, round: u64) {
        if round & 0xfff == 0 {
            println!("ok going");
        }
    }

    /// One stores a number, the other waits for it and stores it too; and so on.
    fn store_in_turn(&mut self, store: impl Fn(&Versioned<u64>, u64)) -> Outcome {
        for round in 1..=self.rounds {
            self.tell_progress(round);
            if self.side == 0 {
                self.dawdle();
                store(&self.parts.ping, round);
                wait_newer(&self.parts.pong, round)?;
            } else {
                wait_newer(&self.parts.ping, round)?;
                self.dawdle();
                store(&self.parts.pong, round);
            }
        }
        Ok(())
    }

    /// The same, each with its write side leased.
    fn store_leased<V: AnyBits>(&mut self, pair: [&Versioned<V>; 2], value: impl Fn(u64) -> V) -> Outcome {
        let (ours, theirs) = (pair[self.side as usize], pair[1 - self.side as usize]);
        let mut writer = ours.writer();
        for round in 1..=self.rounds {
            self.tell_progress(round);
            if self.side != 0 {
                wait_newer(theirs, round)?;
            }
            let value = value(round);
            self.dawdle();
            writer.store(value);
            if self.side == 0 {
                wait_newer(theirs, round)?;
            }
        }
        Ok(())
    }

    fn notify_in_turn(&mut self, notify: impl Fn(&Event) -> u64) -> Outcome {
        let parts = self.parts.clone();
        for round in 1..=self.rounds {
            self.tell_progress(round);
            if self.side == 0 {
                self.dawdle();
                notify(&parts.called);
                wait_past(&parts.answered, round)?;
            } else {
                wait_past(&parts.called, round)?;
                self.dawdle();
                notify(&parts.answered);
            }
        }
        Ok(())
    }

    /// Everybody takes the lock again and again; who finds that it is his turn makes it the next one's.
    fn lock_in_turn(&mut self) -> Outcome {
        let parts = self.parts.clone();
        for asking in 1_u64.. {
            if asking & 0x3ff == 0 {
                println!("ok going");
            }
            let asked = Instant::now();
            let guard = parts.lock.lock_timeout(TIME);
            let waited = asked.elapsed();
            let turn = parts.sum.load(Relaxed);
            let guard = guard.map_err(|error: LockError| format!("turn {turn}, after {waited:?}: {error}"))?;
            if waited > LOST {
                return Err(format!("turn {turn}: {waited:?}"));
            }
            if turn >= self.rounds {
                return Ok(());
            }
            if turn % self.sides == self.side {
                parts.sum.store(turn + 1, Relaxed);
                self.dawdle();
            }
            drop(guard);
            self.dawdle();
        }
        Ok(())
    }
}

fn wait_newer<V: AnyBits>(part: &Versioned<V>, round: u64) -> Outcome {
    let asked = Instant::now();
    let found = part.wait_newer(round - 1, TIME);
    let found = found.map(|(version, _)| assert_eq!(version, round));
    in_time(round, asked.elapsed(), found)
}

fn wait_past(event: &Event, round: u64) -> Outcome {
    let asked = Instant::now();
    let found = event.wait_past(round - 1, TIME).map(|count| assert_eq!(count, round));
    in_time(round, asked.elapsed(), found)
}

fn in_time(round: u64, waited: Duration, found: Result<(), WaitError>) -> Outcome {
    found.map_err(|error| format!("round {round}: {error}"))?;
    if waited > LOST { Err(format!("round {round}: {waited:?}")) } else { Ok(()) }
}
