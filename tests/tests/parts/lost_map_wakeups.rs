//! A process that waits for a key or its value is woken by each way to bring news: with sleeps that only a wake-up ends in
//! time.

use super::lost_wakeups::{ROUNDS, pass_turns_as};
use shmstore_tests::sandbox::SANDBOX;

fn pass_turns(way: &str, rounds: u64, environments: &[&[(&str, &str)]]) {
    pass_turns_as("map_relay", way, rounds, environments);
}

#[test]
fn no_process_that_waits_for_a_key_is_forgotten_by_its_insertion() {
    pass_turns("inserts", ROUNDS / 2, &[&[], &[]]);
}

#[test]
fn no_process_that_has_an_entry_is_forgotten_by_the_removal_of_its_key() {
    pass_turns("removes", ROUNDS / 4, &[&[], &[]]);
}

#[test]
fn no_process_that_waits_for_keys_to_change_is_forgotten_by_insertion_or_removal() {
    pass_turns("changes", ROUNDS / 2, &[&[], &[]]);
}

#[test]
fn no_process_that_waits_for_a_version_of_a_key_is_forgotten_when_the_key_goes_and_returns() {
    pass_turns("returns", ROUNDS / 2, &[&[], &[]]);
}

#[test]
fn no_process_that_waits_for_a_version_is_forgotten_by_an_update_or_a_store() {
    pass_turns("updates", ROUNDS / 4, &[&[], &[]]);
    pass_turns("stores", ROUNDS / 4, &[&[], &[]]);
    pass_turns("leased", ROUNDS / 2, &[&[], &[]]);
}

#[test]
fn no_process_is_forgotten_where_the_kernel_refuses_membarrier_to_one_or_both() {
    let [refused, unknown] = ["EPERM membarrier", "ENOSYS membarrier"].map(|asked| [(SANDBOX, asked)]);
    pass_turns("leased", ROUNDS / 4, &[&refused, &[]]);
    pass_turns("leased", ROUNDS / 4, &[&unknown, &refused]);
}
