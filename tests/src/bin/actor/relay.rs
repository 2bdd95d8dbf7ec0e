//! Passes turns between processes by values, events and a lock, as fast as it can, to find wake-ups that are lost.
//!
//! `turns.rs` says how it listens and answers.

use std::hint::spin_loop;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use shmstore::{AnyBits, Event, Versioned};
use shmstore_tests::objects::Parts;
use shmstore_tests::tasks::poll_once;

use super::turns::{self, Outcome, Relay, TIME, in_time};
use super::waits::Waits;

pub(crate) fn play() {
    turns::play(|relay, parts: &Parts, way| match way {
        "stores" => relay.store_in_turn(parts, |part, round| assert_eq!(part.store(round), round)),
        "updates" => relay.store_in_turn(parts, |part, round| part.update(|value| *value = round)),
        "commits" => relay.store_in_turn(parts, commit),
        "leases" => relay.store_in_turn(parts, lease_once),
        "abandons" => relay.store_in_turn(parts, abandon_then_store),
        "leased" => relay.store_leased([&parts.ping, &parts.pong], |round| round),
        "leased_long" => relay.store_leased([&parts.long_ping, &parts.long_pong], |round| [round; 512]),
        "all" => relay.notify_in_turn(parts, Event::notify_all),
        "one" => relay.notify_in_turn(parts, Event::notify_one),
        "one_of_two" => relay.notify_one_of_two(parts),
        "lock" => relay.lock_in_turn(parts),
        other => panic!("no way `{other}`"),
    });
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

/// A waiter that has announced itself is still waiting after a write side was given back with nothing stored.
fn abandon_then_store(part: &Versioned<u64>, round: u64) {
    match round % 2 {
        0 => part.begin().rollback(),
        _ => drop(part.writer()),
    }
    // Time for a waiter that is about to sleep.
    let (start, time) = (Instant::now(), Duration::from_nanos((round * 997) & 0x3fff));
    while start.elapsed() < time {
        spin_loop();
    }
    part.store(round);
}

impl Relay {
    /// One side stores a number, the other waits for it and stores it, too.
    fn store_in_turn(&mut self, parts: &Parts, store: impl Fn(&Versioned<u64>, u64)) -> Outcome {
        let pair = [&parts.ping, &parts.pong];
        let (ours, theirs) = (pair[self.side], pair[1 - self.side]);
        let give = |round| {
            store(ours, round);
            Ok(())
        };
        self.take_turns(give, |waits, round| wait_newer(waits, theirs, round))
    }

    /// The same, each side with its writer leased.
    fn store_leased<V: AnyBits>(&mut self, pair: [&Versioned<V>; 2], value: impl Fn(u64) -> V) -> Outcome {
        let theirs = pair[1 - self.side];
        let mut writer = pair[self.side].writer();
        let give = |round| {
            writer.store(value(round));
            Ok(())
        };
        self.take_turns(give, |waits, round| wait_newer(waits, theirs, round))
    }

    fn notify_in_turn(&mut self, parts: &Parts, notify: impl Fn(&Event) -> u64) -> Outcome {
        let pair = [&parts.called, &parts.answered];
        let (ours, theirs) = (pair[self.side], pair[1 - self.side]);
        let give = |_| {
            notify(ours);
            Ok(())
        };
        self.take_turns(give, |waits, round| wait_past(waits, theirs, round))
    }

    /// The first side notifies one process, and waits for the second side to answer. The third side may be chosen, too,
    /// but drops its futures, which pass the notification on.
    fn notify_one_of_two(&mut self, parts: &Parts) -> Outcome {
        match self.side {
            0 => {
                for round in 1..=self.rounds {
                    turns::tell_progress(round);
                    self.dawdle();
                    parts.called.notify_one();
                    wait_newer(&mut self.waits, &parts.ping, round)?;
                }
            }
            1 => {
                for round in 1..=self.rounds {
                    in_time(round, || parts.called.wait_past(round - 1, TIME))?;
                    parts.ping.store(round);
                }
            }
            _ => {
                // A future that was woken is dropped, and not polled again.
                while parts.called.count() < self.rounds {
                    let _ = poll_once(&mut parts.called.past(parts.called.count()));
                    self.dawdle();
                }
            }
        }
        Ok(())
    }

    /// Each process takes the lock again and again. If it is the turn of a process, it makes it the turn of the next.
    fn lock_in_turn(&mut self, parts: &Parts) -> Outcome {
        for asking in 1_u64.. {
            turns::tell_progress(asking << 2);
            let guard = in_time(asking, || parts.lock.lock_timeout(TIME))?;
            let turn = parts.sum.load(Relaxed);
            if turn >= self.rounds {
                return Ok(());
            }
            if turn % self.sides == self.side as u64 {
                parts.sum.store(turn + 1, Relaxed);
                self.dawdle();
            }
            drop(guard);
            self.dawdle();
        }
        Ok(())
    }
}

fn wait_newer<V: AnyBits>(waits: &mut Waits, part: &Versioned<V>, round: u64) -> Outcome {
    let seen = round - 1;
    let newer = || part.newer(seen);
    let (version, _) = waits.wait(round, || part.wait_newer(seen, TIME), newer, newer)?;
    assert_eq!(version, round);
    Ok(())
}

fn wait_past(waits: &mut Waits, event: &Event, round: u64) -> Outcome {
    let seen = round - 1;
    let past = || event.past(seen);
    let count = waits.wait(round, || event.wait_past(seen, TIME), past, past)?;
    assert!(count >= round);
    Ok(())
}
