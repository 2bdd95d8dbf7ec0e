//! The table of the hub, checked by loom. The files under test are the runtime's own, built against loom's atomics.
//! `build.rs` writes the copies, and one more for each mutation. Loom must reject it, or else the models prove nothing.
#![allow(clippy::duplicate_mod)] // the models, once for each mutation
#![allow(unused_variables, unused_mut, clippy::needless_ifs)] // what a mutation leaves

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

include!(concat!(env!("OUT_DIR"), "/hub.rs"));

#[test]
fn task_is_woken_for_each_version() {
    unchanged::models::versions_are_waited_for();
}

#[test]
fn task_is_announced_again_after_a_bell_without_news() {
    unchanged::models::a_bell_rings_without_news();
}

#[test]
fn each_task_is_woken_for_its_version() {
    unchanged::models::two_tasks_wait_for_one_value();
}

#[test]
fn each_task_is_woken_for_its_notification() {
    unchanged::models::two_tasks_wait_for_one_event();
}

#[test]
fn next_task_is_woken_after_one_was_dropped() {
    unchanged::models::a_task_is_dropped();
}

#[test]
fn other_task_is_woken_after_one_was_dropped() {
    unchanged::models::one_of_two_tasks_is_dropped();
}

#[test]
fn each_task_is_woken_for_its_value() {
    unchanged::models::two_values_are_waited_for();
}

#[test]
fn unmapped_value_is_not_looked_at() {
    unchanged::models::a_value_is_unmapped();
}

#[test]
fn notification_of_a_task_that_is_dropped_wakes_another_waiter() {
    unchanged::models::a_chosen_task_is_dropped();
}

#[test]
fn notification_of_a_dropped_task_wakes_another_waiter() {
    unchanged::models::a_dropped_task_is_chosen();
}

#[test]
fn notification_of_an_unmapped_event_wakes_another_waiter() {
    unchanged::models::an_unmapped_event_is_chosen();
}

#[test]
fn notification_that_a_task_finds_itself_wakes_another_waiter() {
    unchanged::models::a_chosen_task_finds_the_change();
}

#[test]
fn notification_that_is_of_no_use_is_passed_on_once() {
    unchanged::models::a_notification_is_passed_on();
}

#[test]
fn loom_refutes_a_task_that_looks_too_early() {
    must_fail("hub::loom_refutes_a_task_that_looks_too_early", unchanged::models::a_task_looks_too_early);
}

#[test]
fn loom_refutes_a_task_that_reads_the_bell_too_late() {
    must_fail(
        "hub::loom_refutes_a_task_that_reads_the_bell_too_late",
        unchanged::models::a_task_reads_the_bell_too_late,
    );
}
