//! The protocol of a `Map`, checked by loom: every order of events, every value that a load may return by the memory
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

    /// Stored to before and after each operation and each use of a state, and never loaded, so that it orders nothing.
    /// Loom remembers only the last access of a word. Without this the load of a process just before its store would
    /// hide the loads of others, and with them most of the orders there are.
    pub(super) struct Turn(AtomicU32);

    impl Turn {
        pub(super) fn new() -> Self {
            Self(AtomicU32::new(0))
        }

        pub(super) fn comes(&self) {
            self.0.store(0, Ordering::Relaxed);
        }
    }
}

include!(concat!(env!("OUT_DIR"), "/map.rs"));

#[test]
fn key_that_stays_is_found_beside_an_entry_that_is_used_again() {
    unchanged::models::an_entry_is_used_again();
}

#[test]
fn key_that_stays_is_found_beside_an_entry_between_others() {
    unchanged::models::an_entry_between_others_is_used_again();
}

#[test]
fn key_that_stays_is_found_beside_an_entry_that_is_used_twice() {
    unchanged::models::an_entry_is_used_twice();
}

#[test]
fn key_that_is_found_is_whole() {
    unchanged::models::a_key_is_whole();
}

#[test]
fn value_is_whole_and_of_its_key() {
    unchanged::models::a_value_is_whole();
}

#[test]
fn key_that_was_found_stays_found() {
    unchanged::models::a_found_key_stays();
}

#[test]
fn key_that_was_removed_stays_gone() {
    unchanged::models::a_removed_key_is_gone();
}

#[test]
fn list_has_the_keys_that_stay() {
    unchanged::models::a_list_has_the_keys_that_stay();
}

#[test]
fn count_has_what_was_found() {
    unchanged::models::a_count_counts_what_was_found();
}

#[test]
fn versions_grow_across_a_removal() {
    unchanged::models::versions_grow();
}

#[test]
fn entry_is_used_again_by_another_process() {
    unchanged::models::two_processes_use_an_entry();
}

#[test]
fn of_two_insertions_of_a_key_one_makes_it_new() {
    unchanged::models::two_insert_the_same_key();
}

#[test]
fn of_two_removals_of_a_key_one_removes_it() {
    unchanged::models::two_remove_the_same_key();
}

#[test]
fn store_by_a_handle_comes_before_the_removal_or_fails() {
    unchanged::models::a_handle_outlives_its_key();
}

#[test]
fn holder_of_a_value_may_insert() {
    unchanged::models::the_holder_of_a_value_inserts();
}

#[test]
fn insertions_wake_those_that_wait_for_the_key() {
    unchanged::models::a_key_that_comes_is_waited_for();
}

#[test]
fn removals_wake_those_that_wait_for_the_key() {
    unchanged::models::a_key_that_goes_and_comes_is_waited_for();
}

#[test]
fn removals_wake_those_that_wait_by_a_handle() {
    unchanged::models::a_removal_is_waited_for();
}

#[test]
fn keys_that_come_and_go_wake_those_that_wait_for_them() {
    unchanged::models::changes_are_waited_for();
}

#[test]
fn process_may_be_killed_at_any_step() {
    unchanged::models::a_writer_dies();
}

#[test]
fn two_processes_may_be_killed_at_any_step() {
    unchanged::models::the_heir_dies_too();
}

#[test]
fn lock_of_an_entry_is_inherited_without_its_key() {
    unchanged::models::a_remover_leaves_two_locks();
}

#[test]
fn loom_refutes_a_handle_that_does_not_look() {
    must_fail("map::loom_refutes_a_handle_that_does_not_look", unchanged::models::a_handle_does_not_look);
}

#[test]
fn loom_refutes_an_heir_that_does_not_look() {
    must_fail("map::loom_refutes_an_heir_that_does_not_look", unchanged::models::an_heir_of_an_entry_does_not_look);
}

#[test]
fn loom_refutes_a_structure_lock_before_the_lock_of_an_entry() {
    must_fail(
        "map::loom_refutes_a_structure_lock_before_the_lock_of_an_entry",
        unchanged::models::a_removal_takes_the_structure_first,
    );
}

#[test]
fn loom_refutes_a_waiter_that_does_not_look_again() {
    must_fail(
        "map::loom_refutes_a_waiter_that_does_not_look_again",
        unchanged::models::a_waiter_does_not_look_for_the_key_again,
    );
}
