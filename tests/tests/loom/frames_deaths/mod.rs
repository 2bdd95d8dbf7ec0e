//! The protocol of `Frames`, in every interleaving of some processes, with deaths at any access. The mutations are
//! protocols that were tried and refuted.
#![allow(clippy::duplicate_mod)] // the models, once for each mutation
#![allow(unused_variables, unused_mut)] // what a mutation leaves

use shmstore_tests::again::must_fail;

use crate::explorer::atomics;

include!(concat!(env!("OUT_DIR"), "/frames_deaths.rs"));

#[test]
fn writer_and_reader_may_be_killed_at_any_access() {
    unchanged::models::a_writer_and_a_reader();
}

#[test]
fn pins_of_a_whole_line_are_seen() {
    unchanged::models::a_line_of_pins();
}

#[test]
fn two_writers_may_be_killed_at_any_access() {
    unchanged::models::two_writers();
}

#[test]
fn two_readers_may_be_killed_at_any_access() {
    unchanged::models::two_readers();
}

#[test]
fn two_writers_and_a_reader_may_be_killed_at_any_access() {
    unchanged::models::two_writers_and_a_reader();
}

#[test]
fn reader_with_the_lock_pins_at_once() {
    unchanged::models::a_reader_with_the_lock();
}

#[test]
fn of_two_that_reap_neither_takes_what_a_living_process_has() {
    unchanged::models::two_reapers();
}

#[test]
fn readers_without_pins_accept_whole_frames_only() {
    unchanged::models::readers_without_pins();
}

#[test]
fn explorer_misses_no_publication_without_the_lock() {
    must_fail(
        "frames_deaths::explorer_misses_no_publication_without_the_lock",
        unchanged::models::two_writers_publish_without_the_lock,
    );
}
