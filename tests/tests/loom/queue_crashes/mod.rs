//! The protocol of a `Queue`, with a death between any two stores, in any order in which the compiler may put them.
#![allow(clippy::duplicate_mod)] // the models, once for each mutation

use shmstore_tests::again::must_fail;

use crate::recorder::atomics;

include!(concat!(env!("OUT_DIR"), "/queue_crashes.rs"));

#[test]
fn pushes_are_cut_short() {
    unchanged::models::pushes_are_cut_short();
}

#[test]
fn pops_are_cut_short() {
    unchanged::models::pops_are_cut_short();
}

#[test]
fn takes_are_cut_short() {
    unchanged::models::takes_are_cut_short();
}

#[test]
fn searches_are_cut_short() {
    unchanged::models::searches_are_cut_short();
}
