//! The protocol of a `Queue`, checked by loom: every order of events, every value that a load may return by the memory
//! model, and a death at every step. The files under test are the runtime's own, built against loom's atomics;
//! `build.rs` writes the copies, and beside them one for each mutation, which loom must reject: otherwise the models
//! prove nothing.
#![allow(unsafe_code)]
#![allow(clippy::duplicate_mod)] // the models, once for each mutation
#![allow(unused_variables, unused_mut, clippy::if_same_then_else, clippy::needless_ifs)] // what a mutation leaves

use shmstore_tests::again::must_fail;

mod atomics {
    pub(super) use loom::sync::atomic::{AtomicU32, AtomicU64, Ordering, fence};

    /// Keeps the compiler from reordering; loom has no compiler.
    pub(super) fn compiler_fence(_: Ordering) {}

    /// A full barrier: loom's read-modify-writes are none.
    pub(super) fn fence_after_rmw() {
        fence(Ordering::SeqCst);
    }
}

include!(concat!(env!("OUT_DIR"), "/queue.rs"));

#[test]
fn items_pass_once_and_in_order() {
    unchanged::models::items_pass();
}

#[test]
fn producers_take_turns_and_lose_no_item() {
    unchanged::models::two_producers_take_turns();
}

#[test]
fn finished_job_hands_its_slot_to_a_producer() {
    unchanged::models::a_job_is_done();
}

#[test]
fn returned_job_is_delivered_again_and_hands_its_slot_on() {
    unchanged::models::a_job_is_given_back();
}

#[test]
fn return_that_comes_during_a_search_is_counted() {
    unchanged::models::a_return_meets_a_search();
}

#[test]
fn job_is_done_or_reaped_and_never_both() {
    unchanged::models::a_job_is_done_or_reaped();
}

#[test]
fn of_two_that_reap_one_returns_the_item() {
    unchanged::models::two_reap();
}

#[test]
fn process_that_takes_an_item_is_known_to_those_that_reap() {
    unchanged::models::a_reap_meets_a_take();
}

#[test]
fn job_that_is_not_done_stays_in_sight() {
    unchanged::models::a_reap_meets_a_finished_slot();
}

#[test]
fn look_at_an_item_sees_it_whole() {
    unchanged::models::a_look_is_whole();
}

#[test]
fn producer_may_be_killed_at_any_step() {
    unchanged::models::a_producer_dies();
}

#[test]
fn two_producers_may_be_killed_at_any_step() {
    unchanged::models::two_producers_die();
}

#[test]
fn consumer_may_be_killed_at_any_step_of_a_pop() {
    unchanged::models::a_consumer_dies_in_a_pop();
}

#[test]
fn consumer_may_be_killed_at_any_step_of_a_take() {
    unchanged::models::a_consumer_dies_in_a_take();
}

#[test]
fn producer_and_consumer_may_be_killed_at_any_step() {
    unchanged::models::both_sides_die();
}

#[test]
fn process_that_returns_an_item_may_be_killed_at_any_step() {
    unchanged::models::a_return_is_cut_short();
}

#[test]
fn pushes_wake_those_that_wait_for_items() {
    unchanged::models::pushes_are_waited_for();
}

#[test]
fn pops_wake_those_that_wait_for_room() {
    unchanged::models::pops_are_waited_for();
}

#[test]
fn finished_jobs_wake_those_that_wait_for_room() {
    unchanged::models::finished_jobs_are_waited_for();
}

#[test]
fn returned_jobs_wake_those_that_wait_for_items() {
    unchanged::models::returned_jobs_are_waited_for();
}

#[test]
fn reaped_jobs_wake_those_that_wait_for_items() {
    unchanged::models::reaped_jobs_are_waited_for();
}

#[test]
fn push_without_room_leaves_the_waiters_announced() {
    unchanged::models::a_push_without_room_wakes_nobody();
}
