//! Passes turns between two processes by queues and broadcasts, as fast as it can, to find wake-ups that are lost.
//!
//! `turns.rs` says how it listens and answers.

use std::cell::RefCell;
use std::hint::spin_loop;

use shmstore::Queue;
use shmstore::broadcast::Subscriber;
use shmstore_tests::objects::Turns;

use super::turns::{self, Outcome, Relay, TIME, in_time, tell_progress};
use super::waits::Waits;

pub(crate) fn play() {
    turns::play(|relay, turns: &Turns, way| match way {
        "pushes" => relay.push_in_turn(turns),
        "produces" => relay.produce_in_turn(turns),
        "jobs" => relay.finish_jobs(turns),
        "returns" => relay.return_jobs(turns),
        "sends" => relay.send_in_turn(turns),
        "feeds" => relay.feed_in_turn(turns),
        other => panic!("no way `{other}`"),
    });
}

impl Relay {
    fn push_in_turn(&mut self, turns: &Turns) -> Outcome {
        let (ours, theirs) = (&turns.queues[self.side], &turns.queues[1 - self.side]);
        self.take_turns(
            |round| in_time(round, || ours.push_timeout(round, TIME)),
            |waits, round| pop(waits, theirs, round),
        )
    }

    fn produce_in_turn(&mut self, turns: &Turns) -> Outcome {
        let mut producer = turns.queues[self.side].producer();
        let mut consumer = turns.queues[1 - self.side].consumer();
        self.take_turns(
            |round| in_time(round, || producer.push_timeout(round, TIME)),
            |_, round| in_time(round, || consumer.pop_timeout(TIME)).map(|got| assert_eq!(got, round)),
        )
    }

    /// One pushes as soon as there is room, which the other makes by finishing a job.
    fn finish_jobs(&mut self, turns: &Turns) -> Outcome {
        let queue = &turns.queues[0];
        for round in 1..=self.rounds {
            tell_progress(round);
            if self.side == 0 {
                self.dawdle();
                self.waits.wait(
                    round,
                    || queue.push_timeout(round, TIME),
                    || queue.not_full(),
                    || queue.push_async(round),
                )?;
            } else {
                let job =
                    self.waits.wait(round, || queue.take_timeout(TIME), || queue.not_empty(), || queue.take_async())?;
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
        let get = |waits: &mut Waits, round| {
            let queue = if is_first { back } else { there };
            let job = waits.wait(round, || queue.take_timeout(TIME), || queue.not_empty(), || queue.take_async())?;
            assert_eq!(*job, round);
            job.done().map_err(|lost| lost.to_string())
        };
        self.take_turns(&mut give, get)
    }

    fn send_in_turn(&mut self, turns: &Turns) -> Outcome {
        let subscriber = RefCell::new(turns.feeds[1 - self.side].subscribe_from(0));
        let ours = &turns.feeds[self.side];
        self.take_turns(
            |round| {
                assert_eq!(ours.send(round), round - 1);
                Ok(())
            },
            |waits, round| receive(waits, &subscriber, round),
        )
    }

    fn feed_in_turn(&mut self, turns: &Turns) -> Outcome {
        let subscriber = RefCell::new(turns.feeds[1 - self.side].subscribe_from(0));
        let mut sender = turns.feeds[self.side].sender();
        self.take_turns(
            |round| {
                assert_eq!(sender.send(round), round - 1);
                Ok(())
            },
            |waits, round| receive(waits, &subscriber, round),
        )
    }
}

fn pop(waits: &mut Waits, queue: &Queue<u64, 1>, round: u64) -> Outcome {
    let got = waits.wait(round, || queue.pop_timeout(TIME), || queue.not_empty(), || queue.pop_async())?;
    assert_eq!(got, round);
    Ok(())
}

/// A future of a subscriber borrows it, so there is one at a time.
#[expect(clippy::await_holding_refcell_ref, reason = "each future is dropped before the next one is made")]
fn receive(waits: &mut Waits, subscriber: &RefCell<Subscriber<'_, u64, 2>>, round: u64) -> Outcome {
    let got = waits.wait(
        round,
        || subscriber.borrow_mut().recv_timeout(TIME),
        || subscriber.borrow().not_empty(),
        async || subscriber.borrow_mut().recv_async().await,
    )?;
    assert_eq!(got, round);
    Ok(())
}
