//! Objects with room grow by the fields that newer programs append, while older programs use them.

mod again;
mod conflicts;
mod memory;
mod refusals;
mod stampede;
mod upgrade;

use std::path::Path;
use std::sync::atomic::Ordering::SeqCst;
use std::thread;
use std::time::Instant;

use shmstore::{Shared, Store};
use shmstore_tests::peer::{Peer, actor};
use shmstore_tests::rovers::{FAILED, Gate, v1};
use shmstore_tests::scratch::Scratch;
use shmstore_tests::wait::DEADLINE;

fn rover(path: &Path) -> Peer {
    rover_with(path, &[])
}

fn rover_with(path: &Path, environment: &[(&str, &str)]) -> Peer {
    Peer::spawn(actor("rover").arg(path).envs(environment.iter().copied()))
}

/// Starts a process that has an object of a version.
#[track_caller]
fn rover_that_has(path: &Path, command: &str, answer: &str) -> Peer {
    let mut rover = rover(path);
    assert_eq!(rover.expect_ok(command), answer, "`{command}`");
    rover
}

/// Processes that do the same at the same time, round by round, each with an object of its own version.
struct Stampede {
    store: Store,
    gate: Shared<Gate>,
    peers: Vec<Peer>,
    round: u64,
}

impl Stampede {
    /// Starts a process for each version and way to attach, which attaches so many times in a round.
    fn start(scratch: &Scratch, seats: &[(&str, &str)], times: u64) -> Self {
        let store = scratch.store();
        let gate = store.create::<Gate>().unwrap();
        let start = |(seat, (version, how)): (usize, &(&str, &str))| {
            let mut peer = rover(scratch.path());
            peer.tell(&format!("stampede {version} {how} {seat} {times}"));
            peer
        };
        let peers = seats.iter().enumerate().map(start).collect();
        Self { store, gate, peers, round: 0 }
    }

    /// Makes a new object, and lets all processes attach it. Returns what each says.
    fn round(&mut self) -> Vec<u64> {
        self.round += 1;
        let round = self.round;
        let object = self.store.replace_with(|new: &v1::Rover| {
            new.frames.store(round, SeqCst);
            new.position.store(round);
        });
        drop(object.unwrap());
        self.gate.done.store(0, SeqCst);
        self.gate.round.store(round, SeqCst);
        let started = Instant::now();
        while self.gate.done.load(SeqCst) < self.peers.len() as u64 {
            assert!(started.elapsed() < DEADLINE, "round {round} does not end");
            thread::yield_now();
        }
        let outcomes: Vec<u64> =
            self.gate.outcomes.iter().take(self.peers.len()).map(|outcome| outcome.load(SeqCst)).collect();
        if outcomes.contains(&FAILED) {
            self.gate.round.store(u64::MAX, SeqCst);
            let answers: Vec<String> = self.peers.iter_mut().map(Peer::answer).collect();
            panic!("{outcomes:?}: {answers:?}");
        }
        outcomes
    }

    fn end(mut self) {
        self.gate.round.store(u64::MAX, SeqCst);
        self.peers.iter_mut().for_each(|peer| assert_eq!(peer.answer(), "ok "));
    }
}
