//! Passes turns between two processes by frames, as fast as it can, to find wake-ups that are lost.
//!
//! `turns.rs` says how it listens and answers.

use std::collections::VecDeque;

use shmstore::Frames;
use shmstore::frames::FrameMut;
use shmstore_tests::objects::Films;

use super::turns::{self, Outcome, Relay, TIME, in_time, tell_progress};
use super::waits::Waits;

type Film = Frames<u64, 8, 3>;

pub(crate) fn play() {
    turns::play(|relay, films: &Films, way| match way {
        "frames" => relay.publish_in_turn(films),
        "follows" => relay.follow_in_turn(films),
        "slots" => relay.wait_for_pins(&films.films[0]),
        "loans" => relay.wait_for_loans(&films.films[0]),
        other => panic!("no way `{other}`"),
    });
}

impl Relay {
    /// One side publishes a frame, the other waits for it and publishes one, too.
    fn publish_in_turn(&mut self, films: &Films) -> Outcome {
        let (ours, theirs) = (&films.films[self.side], &films.films[1 - self.side]);
        self.take_turns(|round| publish(ours, round), |waits, round| wait_newer(waits, theirs, round))
    }

    /// The same by followers, which miss nothing.
    fn follow_in_turn(&mut self, films: &Films) -> Outcome {
        let ours = &films.films[self.side];
        let mut follower = films.films[1 - self.side].follow();
        let get = |_: &mut Waits, round| {
            // The other one may have been faster.
            if round <= follower.position() {
                return Ok(());
            }
            let frame = in_time(round, || follower.next(TIME))?;
            assert_eq!((frame.number(), frame.missed(), frame.to_vec()), (round, 0, vec![round; 8]));
            Ok(())
        };
        self.take_turns(|round| publish(ours, round), get)
    }

    /// One side publishes as soon as there is a slot, which the other frees by dropping the oldest of its pins.
    fn wait_for_pins(&mut self, film: &Film) -> Outcome {
        if self.side == 0 {
            for round in 1..=self.rounds {
                tell_progress(round);
                self.dawdle();
                publish(film, round)?;
            }
            return Ok(());
        }
        let (mut pins, mut seen) = (VecDeque::new(), 0);
        while seen < self.rounds {
            let newer = || film.newer(seen);
            let frame = self.waits.wait(seen + 1, || film.wait_newer(seen, TIME), newer, newer)?;
            assert!(frame.number() > seen);
            seen = frame.number();
            tell_progress(seen);
            assert_eq!(frame.as_racy().get(7), Some(seen));
            pins.push_back(frame);
            self.dawdle();
            // All slots are pinned: the writer waits, or is about to.
            if pins.len() > 2 {
                pins.pop_front();
            }
        }
        Ok(())
    }

    /// Each process loans the last slot that there is again and again, and drops the loan or publishes it.
    fn wait_for_loans(&mut self, film: &Film) -> Outcome {
        // A slot for each process, beside that of the newest frame and the one that they share.
        let _kept = if self.side == 0 { Some(in_time(0, || film.loan_timeout(TIME))?) } else { None };
        for round in 1..=self.rounds {
            tell_progress(round);
            let loan = in_time(round, || film.loan_timeout(TIME))?;
            self.dawdle();
            if round % 2 == 0 {
                drop(loan)
            } else {
                published(loan, round)?
            }
            self.dawdle();
        }
        Ok(())
    }
}

fn publish(film: &Film, round: u64) -> Outcome {
    published(in_time(round, || film.loan_timeout(TIME))?, round)
}

fn published(mut frame: FrameMut<'_, u64, 8, 3>, round: u64) -> Outcome {
    frame.copy_from(&[round; 8]).expect("it fits");
    in_time(round, || frame.publish()).map(drop)
}

fn wait_newer(waits: &mut Waits, film: &Film, round: u64) -> Outcome {
    let newer = || film.newer(round - 1);
    let frame = waits.wait(round, || film.wait_newer(round - 1, TIME), newer, newer)?;
    assert_eq!((frame.number(), frame.to_vec()), (round, vec![round; 8]));
    Ok(())
}
