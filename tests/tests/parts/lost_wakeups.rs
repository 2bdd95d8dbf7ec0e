//! Who waits is woken: with sleeps that only a wake-up ends in time, processes pass turns so fast that each is met at
//! every step of falling asleep.

use std::time::{Duration, Instant};

use shmstore_tests::holder::{holder_with, is_asleep, wait_until_state};
use shmstore_tests::peer::{Peer, actor};
use shmstore_tests::sandbox::SANDBOX;
use shmstore_tests::scratch::Scratch;
use shmstore_tests::wait::{flat_out, until_true};

pub(super) const ROUNDS: u64 = 100_000;

/// A sleep that nobody ends lasts longer than the test.
const SLICE: (&str, &str) = ("SHMSTORE_SLICE_MS", "60000");

fn pass_turns(way: &str, rounds: u64, environments: &[&[(&str, &str)]]) {
    pass_turns_as("relay", way, rounds, environments);
}

/// Passes turns in a way of a role between processes, each with an environment of its own. `SHMSTORE_ROUNDS` multiplies
/// the rounds.
pub(super) fn pass_turns_as(role: &str, way: &str, rounds: u64, environments: &[&[(&str, &str)]]) {
    let _turn = flat_out();
    let rounds = rounds * std::env::var("SHMSTORE_ROUNDS").map_or(1, |times| times.parse().expect("a number"));
    let scratch = Scratch::new();
    let mut relays: Vec<Peer> = (0_usize..)
        .zip(environments)
        .map(|(side, environment)| {
            let mut command = actor(role);
            let numbers = [side.to_string(), environments.len().to_string(), rounds.to_string()];
            command.arg(scratch.path()).arg(way).args(numbers).envs([SLICE]).envs(environment.iter().copied());
            let mut relay = Peer::spawn(&mut command);
            assert_eq!(relay.answer(), "ok ready");
            relay
        })
        .collect();
    let started = Instant::now();
    relays.iter_mut().for_each(|relay| relay.tell("go"));
    for relay in &mut relays {
        let last = std::iter::repeat_with(|| relay.answer()).find(|answer| answer != "ok going");
        assert_eq!(last.as_deref(), Some("ok done"), "{way}");
    }
    println!("{way} {environments:?}: {:?} a round", started.elapsed() / rounds as u32);
}

#[test]
fn nobody_who_waits_for_a_store_is_forgotten() {
    pass_turns("stores", ROUNDS, &[&[], &[]]);
}

#[test]
fn nobody_who_waits_for_an_update_or_a_commit_is_forgotten() {
    pass_turns("updates", ROUNDS / 4, &[&[], &[]]);
    pass_turns("commits", ROUNDS / 4, &[&[], &[]]);
}

#[test]
fn nobody_who_waits_for_a_leased_store_is_forgotten() {
    pass_turns("leased", ROUNDS, &[&[], &[]]);
    pass_turns("leased_long", ROUNDS / 4, &[&[], &[]]);
}

#[test]
fn nobody_is_forgotten_where_the_kernel_refuses_membarrier_to_one_or_both() {
    let [refused, unknown] = ["EPERM membarrier", "ENOSYS membarrier"].map(|asked| [(SANDBOX, asked)]);
    pass_turns("leased", ROUNDS / 2, &[&refused, &[]]);
    pass_turns("leased_long", ROUNDS / 4, &[&refused, &[]]);
    pass_turns("leased", ROUNDS / 2, &[&unknown, &refused]);
}

#[test]
fn nobody_is_forgotten_by_a_lease_that_ends_after_its_store() {
    pass_turns("leases", ROUNDS / 4, &[&[], &[]]);
}

#[test]
fn nobody_is_forgotten_by_a_write_side_that_is_given_back_with_nothing_stored() {
    pass_turns("abandons", ROUNDS / 2, &[&[], &[]]);
}

/// The writer is still about to tell of one version when somebody who has seen it announces himself for the next.
fn tell_late(hold: &str, store: &str, step: &str) {
    let scratch = Scratch::new();
    let stops_at = |step: &str| format!("{step}=stop");
    let mut writer = holder_with(scratch.path(), &[SLICE, ("SHMSTORE_FAILPOINT", &stops_at(step))]);
    if !hold.is_empty() {
        writer.expect_ok(hold);
    }
    writer.tell(store);
    wait_until_state(writer.pid(), 'T');
    let mut waiter = holder_with(scratch.path(), &[SLICE, ("SHMSTORE_FAILPOINT", &stops_at("VersionAwaited"))]);
    waiter.tell("wait_newer 1 25000");
    wait_until_state(waiter.pid(), 'T');
    writer.signal("CONT");
    assert_eq!(writer.answer(), "ok 1");
    // He may find the bell rung, and come by the step again.
    until_true("a waiter to sleep", || {
        waiter.signal("CONT");
        is_asleep(waiter.pid())
    });
    writer.tell(store);
    wait_until_state(writer.pid(), 'T');
    writer.signal("CONT");
    assert_eq!(writer.answer(), "ok 2");
    let told = Instant::now();
    assert_eq!(waiter.answer(), "ok 2 7");
    assert!(told.elapsed() < Duration::from_secs(15), "nobody woke him");
}

#[test]
fn nobody_is_forgotten_who_waits_for_the_next_version_while_the_last_is_told() {
    tell_late("", "store 7", "StoreEven");
    tell_late("", "update 7", "StoreEven");
    tell_late("writer", "leased_store 7", "StoreEven");
}

#[test]
fn nobody_who_waits_for_an_event_is_forgotten_when_all_are_notified() {
    pass_turns("all", ROUNDS, &[&[], &[]]);
}

#[test]
fn nobody_who_waits_for_an_event_is_forgotten_when_one_is_notified() {
    pass_turns("one", ROUNDS, &[&[], &[]]);
}

#[test]
fn nobody_who_waits_for_a_lock_is_forgotten_by_one_other() {
    pass_turns("lock", ROUNDS / 8, &[&[], &[]]);
}

#[test]
fn nobody_who_waits_for_a_lock_is_forgotten_by_three_others() {
    pass_turns("lock", ROUNDS / 40, &[&[], &[], &[], &[]]);
}
