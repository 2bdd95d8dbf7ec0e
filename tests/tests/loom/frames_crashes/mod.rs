//! The protocol of `Frames`, with a death between any two stores, in any order in which the compiler may put them.
#![allow(clippy::duplicate_mod)] // the models, once for each mutation

use shmstore_tests::again::must_fail;

mod atomics {
    pub(super) use crate::recorder::atomics::{AtomicU64, Ordering, fence};

    /// Keeps the compiler from exchanging stores, as a full fence does.
    pub(super) fn fence_after_rmw() {
        fence(Ordering::SeqCst);
    }
}

include!(concat!(env!("OUT_DIR"), "/frames_crashes.rs"));

#[test]
fn publications_are_cut_short() {
    unchanged::models::publications_are_cut_short();
}

#[test]
fn recoveries_are_cut_short() {
    unchanged::models::recoveries_are_cut_short();
}
