//! A process that loans, fills, publishes or pins, and dies or stops at any step of it: what the others find, and that
//! they go on.

mod killed;
mod stopped;
mod together;

use shmstore_tests::framer::{framer, framer_with_failpoint};
use shmstore_tests::holder::{wait_until_asleep, wait_until_state};
use shmstore_tests::objects::IMAGES;
use shmstore_tests::peer::Peer;
use shmstore_tests::scratch::Scratch;

use crate::scenarios::{Reached, in_each_of, tell_each};

/// How a process comes to a step, and what others find there.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scenario {
    pub(crate) step: &'static str,
    /// What another process does before. It dies with all that it has, unless it waits for something then.
    before: &'static str,
    /// What the process does first.
    first: &'static str,
    then: &'static str,
    /// What it is answered, if it is stopped only for a while: the beginning.
    answer: &'static str,
    /// What the other process waits for meanwhile, and what it is answered.
    waiter: Option<(&'static str, &'static str)>,
    /// The newest frame that others find while it has stopped.
    found: &'static str,
    /// The newest frame after its death.
    left: &'static str,
    /// The slots that others can loan while it has stopped. `None` if it has the lock.
    loans: Option<usize>,
}

/// A frame, of value 5.
const ONE: &str = "put 5";
const TWO: &str = "put 5, put 6";

impl Scenario {
    const fn of(step: &'static str, before: &'static str, then: &'static str) -> Self {
        let (found, left) = ("1 5", "1 5");
        Self { step, before, first: "", then, answer: "ok", waiter: None, found, left, loans: Some(IMAGES - 1) }
    }

    /// A process with the lock.
    const fn locked(step: &'static str, before: &'static str, then: &'static str) -> Self {
        Self { loans: None, ..Self::of(step, before, then) }
    }

    const fn first(self, first: &'static str) -> Self {
        Self { first, ..self }
    }

    const fn answers(self, answer: &'static str) -> Self {
        Self { answer, ..self }
    }

    const fn waits(self, command: &'static str, answer: &'static str) -> Self {
        Self { waiter: Some((command, answer)), ..self }
    }

    const fn finds(self, found: &'static str, left: &'static str) -> Self {
        Self { found, left, ..self }
    }

    const fn leaves(self, loans: usize) -> Self {
        Self { loans: Some(loans), ..self }
    }
}

pub(crate) const SCENARIOS: &[Scenario] = &[
    Scenario::locked("LoanClaimed", "", "loan").finds("none", "none"),
    Scenario::locked("LoanClaimed", ONE, "loan 25000"),
    Scenario::locked("LoanClaimed", ONE, "put 7"),
    Scenario::locked("LoanLooked", "", "put 7").finds("none", "none"),
    Scenario::locked("LoanLooked", ONE, "loan"),
    // Each slot has a frame already.
    Scenario::locked("LoanClaimed", "put 5, put 6, put 7, put 8, put 9", "put 10").finds("5 9", "5 9"),
    Scenario::locked("LoanLooked", "put 5, put 6, put 7, put 8, put 9", "put 10").finds("5 9", "5 9"),
    Scenario::of("FrameFilled", "", "put 7").finds("none", "none").leaves(IMAGES - 1),
    Scenario::of("FrameFilled", ONE, "put 7").leaves(IMAGES - 2),
    Scenario::of("FrameFilled", ONE, "publish").first("loan, loan, fill 7").leaves(IMAGES - 3),
    Scenario::locked("PublishWord", "", "put 7").finds("none", "1 7"),
    Scenario::locked("PublishWord", ONE, "put 7").finds("1 5", "2 7"),
    Scenario::locked("PublishWord", ONE, "publish").first("loan, loan, fill 7").finds("1 5", "2 7"),
    Scenario::locked("PublishWord", ONE, "put 7").waits("wait_newer 1 25000", "ok 2 7").finds("1 5", "2 7"),
    Scenario::locked("PublishWord", ONE, "put 7").waits("next 25000", "ok 2 7").finds("1 5", "2 7"),
    Scenario::locked("PublishNewest", "", "put 7").finds("1 7", "1 7"),
    Scenario::locked("PublishNewest", ONE, "put 7").finds("2 7", "2 7"),
    Scenario::locked("PublishNewest", ONE, "put 7").waits("wait_newer 1 25000", "ok 2 7").finds("2 7", "2 7"),
    Scenario::locked("PublishNewest", ONE, "put 7").waits("next 25000", "ok 2 7").finds("2 7", "2 7"),
    Scenario::of("VersionUnwoken", ONE, "put 7").waits("wait_newer 1 25000", "ok 2 7").finds("2 7", "2 7"),
    // A pinned frame is the newest one, or an older one.
    Scenario::of("PinStored", ONE, "pin").answers("ok 1 5"),
    Scenario::of("PinStored", ONE, "wait_newer 0 25000").answers("ok 1 5"),
    Scenario::of("PinStored", TWO, "pin_number 1").answers("ok 1 5").finds("2 6", "2 6").leaves(IMAGES - 2),
    Scenario::of("PinStored", ONE, "next 25000")
        .first("follow, put 6, put 7")
        .answers("ok 2 6")
        .finds("3 7", "3 7")
        .leaves(IMAGES - 2),
    Scenario::of("PinValidated", ONE, "pin").answers("ok 1 5"),
    Scenario::of("PinValidated", ONE, "wait_newer 0 25000").answers("ok 1 5"),
    Scenario::of("PinValidated", TWO, "pin_number 1").answers("ok 1 5").finds("2 6", "2 6").leaves(IMAGES - 2),
    Scenario::of("PinValidated", ONE, "next 25000")
        .first("follow, put 6, put 7")
        .answers("ok 2 6")
        .finds("3 7", "3 7")
        .leaves(IMAGES - 2),
    Scenario::of("Unpinned", ONE, "drop").first("pin"),
    Scenario::of("Unpinned", TWO, "drop").first("pin_number 1").finds("2 6", "2 6"),
    Scenario::of("Unpinned", ONE, "drop").first("loan"),
    Scenario::of("Unpinned", ONE, "drop").first("pin, loan, loan").leaves(IMAGES - 2),
    // A writer that waits for the slot of the pin or of the loan.
    Scenario::of("Unpinned", "put 5, put 6, loan, loan", "drop")
        .first("pin_number 1")
        .waits("loan 25000", "ok ")
        .finds("2 6", "2 6"),
    Scenario::of("Unpinned", "put 5, loan", "drop").first("loan, loan").waits("loan 25000", "ok ").leaves(IMAGES - 2),
    Scenario::of("EventUnwoken", "put 5, put 6, loan, loan", "drop")
        .first("pin_number 1")
        .waits("loan 25000", "ok ")
        .finds("2 6", "2 6"),
    // The writer that waits can have the slot of the frame that was the newest one.
    Scenario::of("EventUnwoken", "put 5, loan, loan", "publish")
        .first("loan, fill 7")
        .waits("loan 25000", "ok ")
        .finds("2 7", "2 7"),
    // The process before has died with all slots.
    Scenario::of("Reaped", "put 5, loan, loan, loan", "loan"),
    Scenario::of("Reaped", "put 5, loan, loan, loan", "loan 25000"),
    Scenario::of("Reaped", "put 5, pin, put 6, pin, put 7, pin, put 8", "put 9").finds("4 8", "4 8"),
    Scenario::of("Reaped", "put 5, pin, put 6, loan, loan", "put 9").finds("2 6", "2 6"),
    // One that waits.
    Scenario::of("VersionAwaited", ONE, "wait_newer 1 25000"),
    Scenario::of("WaitSlept", ONE, "wait_newer 1 25000"),
    Scenario::of("WaitSlept", ONE, "loan 60").first("loan, loan, loan").answers("err Full").leaves(0),
];

impl Scenario {
    fn reach(&self, scratch: &Scratch) -> Reached {
        let mut other = framer(scratch.path());
        tell_each(&mut other, self.before);
        if self.waiter.is_none() {
            other.kill();
        }
        let mut process = framer_with_failpoint(scratch.path(), self.step, "stop");
        tell_each(&mut process, self.first);
        if let Some((command, _)) = self.waiter {
            other.expect_ok("follow");
            other.tell(command);
            wait_until_asleep(other.pid());
        }
        process.tell(self.then);
        wait_until_state(process.pid(), 'T');
        Reached { process, waiter: self.waiter.is_some().then_some(other) }
    }

    /// Asserts that the one that waited has got what it waited for.
    fn assert_not_forgotten(&self, waiter: Option<Peer>) {
        let Some((command, expected)) = self.waiter else { return };
        assert_eq!(waiter.expect("one that waits").answer(), expected, "the one that waited by `{command}`");
    }
}

/// The slots that can be loaned if no process has any.
fn all_slots(newest: &str) -> usize {
    if newest == "none" { IMAGES } else { IMAGES - 1 }
}

/// Checks something in the scenarios that are of interest, some at a time.
fn in_each(of_interest: impl Fn(&Scenario) -> bool, check: impl Fn(&Scenario, &Scratch) + Sync) {
    in_each_of(SCENARIOS, of_interest, check);
}
