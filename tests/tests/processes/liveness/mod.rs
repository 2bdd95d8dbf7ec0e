//! Who lives, and who has died: seen in the list of participants, and in a full table in which the places of the dead are
//! used again.

mod children;
mod descriptors;
mod namespaces;
mod processes;

use shmstore::inspect::Participant;
use shmstore::{Shared, Store};
use shmstore_tests::objects::Telemetry;
use shmstore_tests::peer::Peer;
use shmstore_tests::scratch::Scratch;
use shmstore_tests::wait;

/// Creates an object for so many processes, this one among them.
fn object_for(scratch: &Scratch, processes: u32) -> Shared<Telemetry> {
    Store::options().max_processes(processes).open(scratch.path()).unwrap().create().unwrap()
}

#[track_caller]
fn participant(object: &Shared<Telemetry>, pid: u32) -> Participant {
    let participants = Shared::participants(object);
    let found = participants.iter().find(|participant| participant.pid == pid);
    found.unwrap_or_else(|| panic!("no participant {pid} in {participants:?}")).clone()
}

#[track_caller]
fn other(object: &Shared<Telemetry>) -> Participant {
    let participants = Shared::participants(object);
    let others: Vec<_> = participants.into_iter().filter(|found| found.pid != std::process::id()).collect();
    let [other] = &others[..] else { panic!("{others:?}") };
    other.clone()
}

#[track_caller]
fn is_alive(object: &Shared<Telemetry>, pid: u32) -> bool {
    participant(object, pid).alive
}

/// Asserts that the table is full of processes that live.
#[track_caller]
fn assert_full(scratch: &Scratch) {
    Peer::start(scratch.path()).expect_err("attach", "ParticipantsFull");
}

/// Asserts that a newcomer gets the place of somebody who is dead.
#[track_caller]
fn assert_place_is_taken(scratch: &Scratch) {
    Peer::start(scratch.path()).expect_ok("attach");
}

/// Waits until a participant that was killed is seen to be dead.
#[track_caller]
fn wait_until_dead(object: &Shared<Telemetry>, pid: u32) {
    wait::until_true("a participant to be dead", || !is_alive(object, pid));
}
