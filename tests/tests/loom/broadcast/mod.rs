//! The protocol of a `Broadcast`, checked by loom: every order of events, every value that a load may return by the
//! memory model, and a death at every step. The files under test are the runtime's own, built against loom's atomics;
//! `build.rs` writes the copies, and beside them one for each mutation, which loom must reject: otherwise the models
//! prove nothing.
#![allow(unsafe_code)]
#![allow(clippy::duplicate_mod)] // the models, once for each mutation
#![allow(unused_variables)] // what a mutation leaves

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

include!(concat!(env!("OUT_DIR"), "/broadcast.rs"));

#[test]
fn every_item_is_received_whole_or_counted_as_missed() {
    unchanged::models::a_sender_reuses_slots();
}

#[test]
fn subscriber_may_lag_again_and_misses_what_it_is_told() {
    unchanged::models::a_subscriber_lags();
}

#[test]
fn senders_take_turns_and_give_each_number_once() {
    unchanged::models::two_senders_take_turns();
}

#[test]
fn sender_may_be_killed_at_any_step() {
    unchanged::models::a_sender_dies();
}

#[test]
fn two_senders_may_be_killed_at_any_step() {
    unchanged::models::two_senders_die();
}

#[test]
fn subscription_begins_after_all_that_others_have_received() {
    unchanged::models::a_subscriber_comes_later();
}

#[test]
fn newest_item_is_whole_while_the_next_one_is_written() {
    unchanged::models::the_newest_item_is_whole();
}

#[test]
fn process_that_counts_an_item_sees_what_came_before_it() {
    unchanged::models::a_count_is_news();
}

#[test]
fn slow_subscriber_lags_once_behind_a_steady_sender() {
    unchanged::models::a_slow_subscriber_catches_up();
}

#[test]
fn sends_wake_those_that_wait_for_them() {
    unchanged::models::sends_are_waited_for();
}

#[test]
fn skipped_items_are_missed_and_the_others_received() {
    unchanged::models::items_are_skipped();
}

#[test]
fn skips_wake_those_that_wait_for_the_items() {
    unchanged::models::a_skip_is_waited_for();
}
