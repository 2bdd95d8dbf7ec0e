//! Passes turns between two processes by queues and broadcasts, as fast as it can, to find wake-ups that are lost.
//!
//! `stream_relay <path> <way> <side> <sides> <rounds>`: listens and answers as the role `relay` does.

use std::hint::spin_loop;

use shmstore_tests::objects::Turns;

use super::turns::{self, Outcome, Relay, TIME, in_time};

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
