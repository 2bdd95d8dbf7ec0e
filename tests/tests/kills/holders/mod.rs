//! A process that holds a lock or a write side, or is to wake others, and dies or stops at any step of it: what those see
//! who wait already, who come later, and who only try.

mod forgotten;
mod killed_with_lock;
mod killed_with_write_side;
mod messages;
mod recovery;
mod stopped;

use shmstore_tests::holder::{holder, holder_with, wait_until_asleep, wait_until_state};
use shmstore_tests::peer::Peer;
use shmstore_tests::scratch::Scratch;

use crate::scenarios::in_each_of;

/// How a process comes to a step.
#[derive(Debug, Clone, Copy)]
struct Scenario {
    step: &'static str,
    before: Before,
    /// What it does first.
    first: &'static str,
    then: &'static str,
    /// What holds when it is there.
    at_step: AtStep,
}

/// What another process does before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Before {
    Nothing,
    /// Dies with the lock.
    DiesWithLock,
    /// Holds the lock, until ours waits for it.
    HoldsLock,
    /// Waits by this command, when ours has done its first.
    Waits(&'static str),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum AtStep {
    Lock,
    /// Holds the write side, and its version is not valid yet.
    WriteSide,
    /// Holds the write side, and its version is valid.
    Published,
    /// Holds nothing any more, and its version is valid.
    PublishedAndFree,
    Free,
}

impl Scenario {
    const fn of(step: &'static str, then: &'static str, at_step: AtStep) -> Self {
        Self { step, before: Before::Nothing, first: "", then, at_step }
    }

    const fn first(self, first: &'static str) -> Self {
        Self { first, ..self }
    }

    const fn after(self, before: Before) -> Self {
        Self { before, ..self }
    }
}

const SCENARIOS: &[Scenario] = &[
    Scenario::of("LockTaken", "lock", AtStep::Lock),
    Scenario::of("LockTaken", "try_lock", AtStep::Lock),
    Scenario::of("LockTakenOver", "lock_or_repair", AtStep::Lock).after(Before::DiesWithLock),
    Scenario::of("LockWoken", "lock", AtStep::Free).after(Before::HoldsLock),
    Scenario::of("LockUnwoken", "drop", AtStep::Free).first("lock").after(Before::Waits("lock")),
    Scenario::of("LockUnwoken", "drop", AtStep::Free).first("writer").after(Before::Waits("store 6")),
    Scenario::of("WriteLockTaken", "store 7", AtStep::WriteSide),
    Scenario::of("WriteLockTaken", "try_store 7", AtStep::WriteSide),
    Scenario::of("WriteLockTaken", "begin", AtStep::WriteSide),
    Scenario::of("WriterBegun", "writer", AtStep::WriteSide),
    Scenario::of("TransactionBegun", "begin", AtStep::WriteSide),
    Scenario::of("StoreOdd", "store 7", AtStep::WriteSide),
    Scenario::of("StoreOdd", "update 7", AtStep::WriteSide),
    Scenario::of("StoreOdd", "commit 7", AtStep::WriteSide).first("begin"),
    Scenario::of("StoreOdd", "leased_store 7", AtStep::WriteSide).first("writer"),
    Scenario::of("StoreCopied", "store 7", AtStep::WriteSide),
    Scenario::of("StoreCopied", "commit 7", AtStep::WriteSide).first("begin"),
    Scenario::of("StoreCopied", "leased_store 7", AtStep::WriteSide).first("writer"),
    Scenario::of("StoreEven", "store 7", AtStep::Published),
    Scenario::of("StoreEven", "update 7", AtStep::Published),
    Scenario::of("StoreEven", "commit 7", AtStep::Published).first("begin"),
    Scenario::of("StoreEven", "leased_store 7", AtStep::Published).first("writer"),
    Scenario::of("StoreUntold", "leased_store 7", AtStep::Published).first("writer").after(WAITS_FOR_VERSION),
    Scenario::of("VersionAwaited", "wait_newer 1 25000", AtStep::Free),
    Scenario::of("VersionUnwoken", "store 7", AtStep::PublishedAndFree).after(WAITS_FOR_VERSION),
    Scenario::of("EventUnwoken", "notify_all", AtStep::Free).after(Before::Waits("wait_past 0 25000")),
    Scenario::of("EventUnwoken", "notify_one", AtStep::Free).after(Before::Waits("wait_past 0 25000")),
    Scenario::of("WaitSlept", "wait_newer 1 25000", AtStep::Free),
    Scenario::of("WaitSlept", "wait_past 0 25000", AtStep::Free),
];

/// Version 1, of value 5, is there from the start.
const WAITS_FOR_VERSION: Before = Before::Waits("wait_newer 1 25000");

/// A process that has stopped at a step, and one that waits for what it was about to do, if there is one.
struct Reached {
    holder: Peer,
    sleeper: Option<Peer>,
}

impl Scenario {
    fn reach(&self, scratch: &Scratch) -> Reached {
        let mut other = holder(scratch.path());
        other.expect_ok("store 5");
        if matches!(self.before, Before::DiesWithLock | Before::HoldsLock) {
            other.expect_ok("lock");
        }
        if self.before == Before::DiesWithLock {
            other.kill();
        }
        let failpoint = format!("{}=stop", self.step);
        let mut environment = vec![("SHMSTORE_FAILPOINT", failpoint.as_str())];
        if self.before == Before::HoldsLock {
            // Only a wake-up ends its sleep: at the end of a slice it would not come to its step.
            environment.push(("SHMSTORE_SLICE_MS", "60000"));
        }
        let mut holder = holder_with(scratch.path(), &environment);
        if !self.first.is_empty() {
            holder.expect_ok(self.first);
        }
        if let Before::Waits(command) = self.before {
            other.tell(command);
            wait_until_asleep(other.pid());
        }
        holder.tell(self.then);
        if self.before == Before::HoldsLock {
            wait_until_asleep(holder.pid());
            other.expect_ok("drop");
        }
        wait_until_state(holder.pid(), 'T');
        Reached { holder, sleeper: matches!(self.before, Before::Waits(_)).then_some(other) }
    }
}

/// Asserts that who waited for what the process was about to do has got it.
fn assert_not_forgotten(scenario: &Scenario, sleeper: Option<Peer>) {
    let Before::Waits(command) = scenario.before else { return };
    let mut sleeper = sleeper.expect("one that waits");
    let answer = sleeper.answer();
    let expected = match command {
        "lock" => "ok ",
        "store 6" => "ok 2",
        "wait_past 0 25000" => "ok 1",
        _ => "ok 2 7",
    };
    assert_eq!(answer, expected, "who waited by `{command}`");
    sleeper.expect_ok("drop");
}

/// Checks something in the scenarios that are of interest, some at a time.
fn in_each(of_interest: impl Fn(&Scenario) -> bool, check: impl Fn(&Scenario, &Scratch) + Sync) {
    in_each_of(SCENARIOS, of_interest, check);
}

#[test]
fn every_step_of_using_parts_has_a_scenario() {
    // No typed process skips items: see `untyped`.
    for step in shmstore::PART_STEPS.iter().filter(|step| **step != "ItemSkipped") {
        let of_streams = crate::streams::SCENARIOS.iter().map(|scenario| scenario.step);
        let of_maps = crate::map_deaths::SCENARIOS.iter().map(|scenario| scenario.step);
        let of_frames = crate::frames::SCENARIOS.iter().map(|scenario| scenario.step);
        let of_others = of_streams.chain(of_maps).chain(of_frames);
        let mut steps = SCENARIOS.iter().map(|scenario| scenario.step).chain(of_others);
        assert!(steps.any(|has| has == *step), "there is none for `{step}`");
    }
}
