//! The protocols of `Versioned`, checked by loom: every order of events, and every value that a load may return by the
//! memory model. The files under test are the runtime's own, built against loom's atomics; `build.rs` writes the
//! copies, and beside them one for each mutation, which loom must reject: otherwise the models prove nothing.
#![allow(unsafe_code)]
#![allow(clippy::duplicate_mod)] // the models, once for each mutation
#![allow(unused_variables, clippy::let_and_return, clippy::needless_bool, clippy::nonminimal_bool)] // what a mutation leaves

use shmstore_tests::again::must_fail;

mod atomics {
    pub(super) use loom::sync::atomic::{AtomicU32, AtomicU64, Ordering, fence};
}

include!(concat!(env!("OUT_DIR"), "/versioned.rs"));

#[test]
fn no_value_is_torn_when_slots_are_reused() {
    unchanged::models::one_writer_reuses_slots();
}

#[test]
fn two_writers_take_turns_and_lose_no_store() {
    unchanged::models::two_writers_take_turns();
}

#[test]
fn a_store_of_a_dead_writer_is_taken_over() {
    unchanged::models::a_writer_dies_and_another_takes_over();
}

#[test]
fn transactions_follow_on_what_a_dead_lease_has_stored() {
    unchanged::models::a_lease_dies_and_two_transactions_follow();
}
