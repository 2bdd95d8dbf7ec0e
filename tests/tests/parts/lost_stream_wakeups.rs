//! A process that waits for an item, or for a free slot, is woken by each way to bring one: with sleeps that only a
//! wake-up ends in time.

use super::lost_wakeups::{ROUNDS, pass_turns_as};
use shmstore_tests::sandbox::SANDBOX;

fn pass_turns(way: &str, rounds: u64, environments: &[&[(&str, &str)]]) {
    pass_turns_as("stream_relay", way, rounds, environments);
}

#[test]
fn no_process_that_waits_for_an_item_is_forgotten_by_a_push() {
    pass_turns("pushes", ROUNDS / 2, &[&[], &[]]);
}

#[test]
fn no_process_that_waits_for_an_item_is_forgotten_by_an_exclusive_producer() {
    pass_turns("produces", ROUNDS / 2, &[&[], &[]]);
}

#[test]
fn no_process_that_waits_for_room_or_for_an_item_is_forgotten_when_a_job_is_done() {
    pass_turns("jobs", ROUNDS / 2, &[&[], &[]]);
}

#[test]
fn no_process_that_waits_for_an_item_is_forgotten_when_a_job_is_returned() {
    pass_turns("returns", ROUNDS / 4, &[&[], &[]]);
}

#[test]
fn no_subscriber_is_forgotten_by_a_send_or_a_sender() {
    pass_turns("sends", ROUNDS / 2, &[&[], &[]]);
    pass_turns("feeds", ROUNDS / 2, &[&[], &[]]);
}

#[test]
fn no_process_is_forgotten_where_the_kernel_refuses_membarrier_to_one_or_both() {
    let [refused, unknown] = ["EPERM membarrier", "ENOSYS membarrier"].map(|asked| [(SANDBOX, asked)]);
    for way in ["produces", "feeds"] {
        pass_turns(way, ROUNDS / 4, &[&refused, &[]]);
        pass_turns(way, ROUNDS / 4, &[&unknown, &refused]);
    }
}
