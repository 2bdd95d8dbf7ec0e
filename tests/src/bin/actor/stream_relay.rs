//! Passes turns between two processes by queues and broadcasts, as fast as it can, to find wake-ups that are lost.
//!
//! `stream_relay <path> <way> <side> <sides> <rounds>`: listens and answers as the role `relay` does.

use std::fmt::Display;
use std::hint::spin_loop;
use std::io;
use std::time::{Duration, Instant};

use shmstore::{Shared, Store};
use shmstore_tests::objects::Turns;
use shmstore_tests::random::Random;

/// No wait is as long, unless a wake-up was lost. Then only the end of the time ends it.
const LOST: Duration = Duration::from_secs(8);
const TIME: Duration = Duration::from_secs(10);

type Outcome = Result<(), String>;

struct Relay {
    side: usize,
    rounds: u64,
    random: Random,
}

pub(crate) fn play() {
    let arguments: Vec<String> = super::args().collect();
    let [path, way, side, _, rounds] = &arguments[..] else { panic!("a path, a way, a side, sides, rounds") };
    let [side, rounds] = [side, rounds].map(|number| number.parse::<u64>().expect("a number"));
    let turns: Shared<Turns> = Store::open(path).expect("a store").attach_or_create().expect("an object");
    let mut relay = Relay { side: side as usize, rounds, random: Random::new(side) };
    println!("ok ready");
    io::stdin().read_line(&mut String::new()).expect("a line");
    let outcome = match way.as_str() {
        "pushes" => relay.push_in_turn(&turns),
        "produces" => relay.produce_in_turn(&turns),
        "jobs" => relay.finish_jobs(&turns),
        "returns" => relay.return_jobs(&turns),
        "sends" => relay.send_in_turn(&turns),
        "feeds" => relay.feed_in_turn(&turns),
        other => panic!("no way `{other}`"),
    };
    match outcome {
        Ok(()) => println!("ok done"),
        Err(lost) => println!("err lost {lost}"),
    }
}

impl Relay {
    /// Lets some time pass, so that the other is met at every step of falling asleep.
    fn dawdle(&mut self) {
        let random = self.random.number();
        let time = Duration::from_nanos((random >> 8) & 0x1fff);
        let start = Instant::now();
        while random & 1 == 0 && start.elapsed() < time {
            spin_loop();
        }
    }

    /// Does something in each round: the first side gives and gets, the second gets and gives.
    fn take_turns(&mut self, mut give: impl FnMut(u64) -> Outcome, mut get: impl FnMut(u64) -> Outcome) -> Outcome {
        for round in 1..=self.rounds {
            if round & 0xfff == 0 {
                println!("ok going");
            }
            if self.side == 0 {
                self.dawdle();
                give(round)?;
                get(round)?;
            } else {
                get(round)?;
                self.dawdle();
                give(round)?;
            }
        }
        Ok(())
    }

    fn push_in_turn(&mut self, turns: &Turns) -> Outcome {
        let (ours, theirs) = (&turns.queues[self.side], &turns.queues[1 - self.side]);
        self.take_turns(
            |round| in_time(round, || ours.push_timeout(round, TIME)),
            |round| in_time(round, || theirs.pop_timeout(TIME)).map(|got| assert_eq!(got, round)),
        )
    }

    fn produce_in_turn(&mut self, turns: &Turns) -> Outcome {
        let mut producer = turns.queues[self.side].producer();
        let mut consumer = turns.queues[1 - self.side].consumer();
        self.take_turns(
            |round| in_time(round, || producer.push_timeout(round, TIME)),
            |round| in_time(round, || consumer.pop_timeout(TIME)).map(|got| assert_eq!(got, round)),
        )
    }

    /// One pushes as soon as there is room, which the other makes by finishing a job.
    fn finish_jobs(&mut self, turns: &Turns) -> Outcome {
        let queue = &turns.queues[0];
        for round in 1..=self.rounds {
            if round & 0xfff == 0 {
                println!("ok going");
            }
            if self.side == 0 {
                self.dawdle();
                in_time(round, || queue.push_timeout(round, TIME))?;
            } else {
                let job = in_time(round, || queue.take_timeout(TIME))?;
                assert_eq!((*job, job.deliveries()), (round, 1));
                self.dawdle();
                job.done().map_err(|lost| lost.to_string())?;
            }
        }
        Ok(())
    }

    /// One may take what the other waits for, and return it.
    fn return_jobs(&mut self, turns: &Turns) -> Outcome {
        let (there, back) = (&turns.queues[0], &turns.queues[1]);
        let (is_first, mut random) = (self.side == 0, self.random.clone());
        let mut dawdle = move || (0..random.within(1..200)).for_each(|_| spin_loop());
        let mut give = |round| {
            if !is_first {
                return in_time(round, || back.push_timeout(round, TIME));
            }
            in_time(round, || there.push_timeout(round, TIME))?;
            if let Ok(job) = there.try_take() {
                dawdle();
                drop(job);
            }
            Ok(())
        };
        let get = |round| {
            let queue = if is_first { back } else { there };
            let job = in_time(round, || queue.take_timeout(TIME))?;
            assert_eq!(*job, round);
            job.done().map_err(|lost| lost.to_string())
        };
        self.take_turns(&mut give, get)
    }

    fn send_in_turn(&mut self, turns: &Turns) -> Outcome {
        let mut subscriber = turns.feeds[1 - self.side].subscribe_from(0);
        let ours = &turns.feeds[self.side];
        self.take_turns(
            |round| {
                assert_eq!(ours.send(round), round - 1);
                Ok(())
            },
            |round| in_time(round, || subscriber.recv_timeout(TIME)).map(|got| assert_eq!(got, round)),
        )
    }

    fn feed_in_turn(&mut self, turns: &Turns) -> Outcome {
        let mut subscriber = turns.feeds[1 - self.side].subscribe_from(0);
        let mut sender = turns.feeds[self.side].sender();
        self.take_turns(
            |round| {
                assert_eq!(sender.send(round), round - 1);
                Ok(())
            },
            |round| in_time(round, || subscriber.recv_timeout(TIME)).map(|got| assert_eq!(got, round)),
        )
    }
}

fn in_time<T, E: Display>(round: u64, call: impl FnOnce() -> Result<T, E>) -> Result<T, String> {
    let asked = Instant::now();
    let found = call().map_err(|error| format!("round {round}: {error}"));
    let waited = asked.elapsed();
    if waited > LOST { Err(format!("round {round}: {waited:?}")) } else { found }
}
