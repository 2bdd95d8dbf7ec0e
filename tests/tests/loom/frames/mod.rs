//! The protocol of `Frames`, checked by loom: every order of events, every value that a load may return by the memory
//! model, and a death at every step. The files under test are the runtime's own, built against loom's atomics;
//! `build.rs` writes the copies, and beside them one for each mutation, which loom must reject: otherwise the models
//! prove nothing.
#![allow(unsafe_code)]
#![allow(clippy::duplicate_mod)] // the models, once for each mutation
#![allow(unused_variables, unused_mut, clippy::needless_bool, clippy::nonminimal_bool)] // what a mutation leaves

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

include!(concat!(env!("OUT_DIR"), "/frames.rs"));

#[test]
fn pinned_frame_is_not_overwritten() {
    unchanged::models::a_writer_meets_a_reader();
}

#[test]
fn pinned_frame_is_not_overwritten_if_a_line_of_pins_is_read_at_a_time() {
    unchanged::models::a_writer_meets_a_line_of_pins();
}

#[test]
fn pin_that_moves_to_another_frame_hands_on_the_first_one() {
    unchanged::models::a_pin_moves();
}

#[test]
fn slot_that_another_writer_puts_back_still_has_its_frame() {
    unchanged::models::a_writer_backs_off();
}

#[test]
fn older_frame_is_pinned_by_its_number() {
    unchanged::models::an_older_frame_is_pinned();
}

#[test]
fn follower_pins_one_frame_after_another() {
    unchanged::models::a_follower_goes_on();
}

#[test]
fn reader_without_a_pin_accepts_whole_frames_only() {
    unchanged::models::a_reader_has_no_pin();
}

#[test]
fn newest_frame_is_news_of_what_its_writer_did_before() {
    unchanged::models::a_number_is_news();
}

#[test]
fn slot_that_is_given_back_passes_to_the_next_writer() {
    unchanged::models::a_loan_is_given_back();
}

#[test]
fn publication_of_a_dead_writer_is_completed() {
    unchanged::models::a_publisher_dies();
}

#[test]
fn pin_of_a_dead_reader_passes_to_the_next_writer() {
    unchanged::models::a_reader_dies();
}

#[test]
fn loan_of_a_dead_writer_passes_to_the_next_writer() {
    unchanged::models::a_writer_dies();
}

#[test]
fn of_two_that_reap_neither_takes_a_pin_of_the_living() {
    unchanged::models::two_reap();
}

#[test]
fn dropped_pins_wake_the_writers_that_wait_for_a_slot() {
    unchanged::models::dropped_pins_are_waited_for();
}

#[test]
fn loans_that_are_given_back_wake_the_writers_that_wait_for_a_slot() {
    unchanged::models::given_back_loans_are_waited_for();
}

#[test]
fn loans_that_back_off_wake_the_writers_that_wait_for_a_slot() {
    unchanged::models::loans_that_back_off_are_waited_for();
}

#[test]
fn pins_that_find_no_frame_wake_the_writers_that_wait_for_a_slot() {
    unchanged::models::pins_without_a_frame_are_waited_for();
}

#[test]
fn publications_wake_the_readers_and_the_writers_that_wait() {
    unchanged::models::publications_are_waited_for();
}
