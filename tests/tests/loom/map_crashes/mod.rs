//! The protocol of a `Map`, with a death between any two stores, in any order in which the compiler may put them.
#![allow(clippy::duplicate_mod)] // the models, once for each mutation
#![allow(unused_variables)] // what a mutation leaves

use shmstore_tests::again::must_fail;

mod atomics {
    pub(super) use crate::recorder::atomics::{AtomicU32, AtomicU64, Ordering, fence};

    /// Loom's models take turns. These have one process at a time.
    pub(super) struct Turn;

    impl Turn {
        pub(super) fn new() -> Self {
            Self
        }

        pub(super) fn comes(&self) {}
    }
}

include!(concat!(env!("OUT_DIR"), "/map_crashes.rs"));

#[test]
fn insertions_are_cut_short() {
    unchanged::models::insertions_are_cut_short();
}

#[test]
fn removals_are_cut_short() {
    unchanged::models::removals_are_cut_short();
}

#[test]
fn recoveries_are_cut_short() {
    unchanged::models::recoveries_are_cut_short();
}
