//! Lock words, events, and waiting for versions, checked by loom: every order of events, and every value that a load may
//! return by the memory model. A wake-up that is lost is a deadlock, which loom finds: nothing here sleeps in slices. The files
//! under test are the runtime's own, built against loom's atomics; `build.rs` writes the copies, and beside them one for
//! each mutation, which loom must reject: otherwise the models prove nothing.
#![allow(unsafe_code)]
#![allow(clippy::duplicate_mod)] // the models, once for each mutation
#![allow(
    unused_variables,
    clippy::let_and_return,
    clippy::needless_ifs,
    clippy::needless_bool,
    clippy::nonminimal_bool
)] // what a mutation leaves

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

include!(concat!(env!("OUT_DIR"), "/waiting.rs"));

#[test]
fn one_holds_the_lock_and_every_sleeper_is_woken() {
    unchanged::models::two_take_turns();
}

#[test]
fn sleepers_wake_each_other() {
    unchanged::models::two_sleep_for_one();
}

#[test]
fn what_is_kept_for_a_sleeper_comes_to_him() {
    unchanged::models::one_comes_back_again_and_again();
}

#[test]
fn of_two_heirs_one_takes_over_from_the_dead() {
    unchanged::models::an_owner_dies_and_two_want_its_lock();
}

#[test]
fn heir_sees_what_the_dead_has_done() {
    unchanged::models::an_owner_dies_half_way();
}

#[test]
fn stores_under_the_lock_wake_who_waits_for_them() {
    unchanged::models::stores_are_waited_for();
}

#[test]
fn releases_without_a_store_leave_the_waiters_announced() {
    unchanged::models::a_release_brings_no_news();
}

#[test]
fn stores_of_a_lease_wake_who_waits_for_them() {
    unchanged::models::leased_stores_are_waited_for();
}

#[test]
fn notification_of_all_wakes_all() {
    unchanged::models::all_are_notified();
}

#[test]
fn notifications_of_one_wake_the_same_waiter_twice() {
    unchanged::models::one_is_notified_twice();
}

#[test]
fn raised_count_wakes_who_waits_for_it() {
    unchanged::models::a_raise_is_waited_for();
}

#[test]
fn raised_count_loses_no_notification() {
    unchanged::models::a_raise_lowers_no_count();
}
