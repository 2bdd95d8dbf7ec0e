//! The protocol of the participants' slots, checked by loom: every order of events, and every value that a load may
//! return by the memory model. The file under test is the runtime's own, built against loom's atomics; `build.rs` writes
//! the copy, and beside it one for each mutation, which loom must reject: otherwise the models prove nothing.
#![allow(unsafe_code)]
#![allow(clippy::duplicate_mod)] // the models, once for each mutation
#![allow(unused_variables, clippy::let_and_return, clippy::needless_bool, clippy::nonminimal_bool)] // what a mutation leaves

use shmstore_tests::again::must_fail;

mod atomics {
    pub(super) use loom::sync::atomic::{AtomicU32, AtomicU64, Ordering, fence};
}

include!(concat!(env!("OUT_DIR"), "/participants.rs"));

#[test]
fn what_stands_beside_a_word_belongs_to_it() {
    unchanged::models::what_is_seen_belongs_together();
}

#[test]
fn free_slot_goes_to_one_of_two() {
    unchanged::models::one_of_two_gets_a_slot();
}

#[test]
fn slot_of_the_dead_goes_to_one_of_two() {
    unchanged::models::one_of_two_gets_the_slot_of_the_dead();
}

#[test]
fn process_that_comes_back_is_never_seen_dead() {
    unchanged::models::a_process_leaves_and_comes_back();
}

#[test]
fn slot_that_was_taken_from_its_process_is_left_to_the_taker() {
    unchanged::models::a_slot_that_was_taken_is_not_filled();
}

#[test]
fn of_two_with_one_token_one_sees_the_other() {
    unchanged::models::one_of_two_twins_sees_the_other();
}

#[test]
fn token_in_a_lock_word_stands_in_a_slot() {
    unchanged::models::a_token_in_a_lock_word_is_found();
}

#[test]
fn token_in_a_lock_word_stands_in_a_slot_that_counts() {
    unchanged::models::a_token_in_a_lock_word_is_in_a_slot_that_counts();
}
