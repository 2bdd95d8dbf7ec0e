//! The protocol of a `Broadcast`, with a death between any two stores, in any order in which the compiler may put them.
#![allow(clippy::duplicate_mod)] // the models, once for each mutation

use shmstore_tests::again::must_fail;

use crate::recorder::atomics;

include!(concat!(env!("OUT_DIR"), "/broadcast_crashes.rs"));

#[test]
fn sends_are_cut_short() {
    unchanged::models::sends_are_cut_short();
}

#[test]
fn skips_are_cut_short() {
    unchanged::models::skips_are_cut_short();
}
