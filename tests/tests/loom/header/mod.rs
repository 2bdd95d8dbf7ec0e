//! The words of a segment's header by which processes order their work, checked by loom. The file under test is the
//! runtime's own, built against loom's atomics, and once for each mutation, which loom must reject.
#![allow(clippy::duplicate_mod)] // the models, once for each mutation

use shmstore_tests::again::must_fail;

mod atomics {
    pub(super) use loom::sync::atomic::{AtomicU32, AtomicU64, Ordering, fence};
}

include!(concat!(env!("OUT_DIR"), "/header.rs"));

#[test]
fn object_is_not_moved_while_a_process_begins_to_use_it() {
    unchanged::models::a_mover_meets_an_attacher();
}

#[test]
fn object_that_stays_may_be_used_again() {
    unchanged::models::a_mover_gives_up();
}

#[test]
fn published_record_is_whole() {
    unchanged::models::a_record_is_published();
}
