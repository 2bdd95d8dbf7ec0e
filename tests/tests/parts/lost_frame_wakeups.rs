//! A process that waits for a frame, or for a slot, is woken by each way to bring one: with sleeps that only a wake-up
//! ends in time.

use super::lost_wakeups::{ROUNDS, pass_turns_as};

fn pass_turns(way: &str, rounds: u64) {
    pass_turns_as("frame_relay", way, rounds, &[&[], &[]]);
}

#[test]
fn no_process_that_waits_for_a_frame_is_forgotten_by_a_publication() {
    pass_turns("frames", ROUNDS);
    pass_turns("follows", ROUNDS / 2);
}

#[test]
fn no_process_that_waits_for_a_slot_is_forgotten_when_a_pin_is_dropped() {
    pass_turns("slots", ROUNDS);
}

#[test]
fn no_process_that_waits_for_a_slot_is_forgotten_when_a_loan_is_dropped_or_published() {
    pass_turns("loans", ROUNDS / 2);
}
