//! A process that pushes, pops, takes, finishes or sends, and dies or stops at any step of it: what the others find, and
//! that they go on.

mod killed;
mod messages;
mod recovery;
mod stopped;

use shmstore_tests::holder::{wait_until_asleep, wait_until_state};
use shmstore_tests::peer::Peer;
use shmstore_tests::scratch::Scratch;
use shmstore_tests::streamer::{streamer, streamer_with_failpoint};

use crate::scenarios::{Reached, in_each_of};

/// How a process comes to a step, and what others find there.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scenario {
    pub(crate) step: &'static str,
    /// What another process does before.
    before: &'static [&'static str],
    /// What the process does first.
    first: &'static str,
    then: &'static str,
    /// What a third process waits for meanwhile, and what it is answered.
    waiter: Option<(&'static str, &'static str)>,
    /// What the process has at the step.
    holds: Side,
    /// The items that others find, in order, with the numbers of their deliveries: while it has stopped, and after its
    /// death.
    found: &'static [&'static str],
    /// The items that are there after it has gone on, beside these.
    later: &'static [&'static str],
    /// The items that its death leaves or returns, after these.
    returned: &'static [&'static str],
}

/// A side of a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    None,
    Producers,
    Consumers,
    Senders,
}

impl Side {
    /// The command that takes it exclusively.
    fn command(self) -> &'static str {
        match self {
            Self::None => unreachable!("asked only of a side"),
            Self::Producers => "producer",
            Self::Consumers => "consumer",
            Self::Senders => "sender",
        }
    }
}

impl Scenario {
    const fn of(step: &'static str, then: &'static str, holds: Side) -> Self {
        Self { step, before: &[], first: "", then, waiter: None, holds, found: &[], later: &[], returned: &[] }
    }

    const fn before(self, before: &'static [&'static str]) -> Self {
        Self { before, ..self }
    }

    const fn first(self, first: &'static str) -> Self {
        Self { first, ..self }
    }

    const fn waits(self, command: &'static str, answer: &'static str) -> Self {
        Self { waiter: Some((command, answer)), ..self }
    }

    const fn found(self, found: &'static [&'static str]) -> Self {
        Self { found, ..self }
    }

    const fn later(self, later: &'static [&'static str]) -> Self {
        Self { later, ..self }
    }

    const fn returned(self, returned: &'static [&'static str]) -> Self {
        Self { returned, ..self }
    }

    fn is_of_broadcast(&self) -> bool {
        self.holds == Side::Senders || self.before.contains(&"send 5")
    }
}

pub(crate) const SCENARIOS: &[Scenario] = &[
    Scenario::of("QueueCopied", "push 7", Side::Producers).later(&["7 1"]),
    Scenario::of("QueueCopied", "try_push 7", Side::Producers).before(&["push 5"]).found(&["5 1"]).later(&["7 1"]),
    Scenario::of("QueueCopied", "push_many 7 8", Side::Producers).later(&["7 1", "8 1"]),
    Scenario::of("QueueCopied", "produce 7 60", Side::Producers).first("producer").later(&["7 1"]),
    Scenario::of("QueuePushed", "push 7", Side::Producers).found(&["7 1"]),
    Scenario::of("QueuePushed", "push 7", Side::Producers).before(&["push 5"]).found(&["5 1", "7 1"]),
    Scenario::of("QueuePushed", "push_many 7 8", Side::Producers).found(&["7 1"]).later(&["8 1"]),
    Scenario::of("QueuePushed", "produce 7 60", Side::Producers).first("producer").found(&["7 1"]),
    Scenario::of("QueuePopped", "pop", Side::Consumers).before(&["push 5"]),
    Scenario::of("QueuePopped", "try_pop", Side::Consumers).before(&["push 5", "push 6"]).later(&["6 1"]),
    Scenario::of("QueuePopped", "clear", Side::Consumers).before(&["push 5", "push 6"]).returned(&["6 1"]),
    Scenario::of("QueuePopped", "consume 0 60", Side::Consumers)
        .before(&["push 5", "push 6"])
        .first("consumer")
        .later(&["6 1"]),
    Scenario::of("JobTaken", "take", Side::Consumers).before(&["push 5", "push 6"]).later(&["6 1"]).returned(&["5 2"]),
    Scenario::of("JobTaken", "consume_job 0 60", Side::Consumers)
        .before(&["push 5"])
        .first("consumer")
        .returned(&["5 2"]),
    Scenario::of("JobDone", "done", Side::None).before(&["push 5", "push 6"]).first("take").found(&["6 1"]),
    Scenario::of("JobReturned", "drop", Side::None).before(&["push 5", "push 6"]).first("take").found(&["6 1", "5 2"]),
    Scenario::of("SendOdd", "send 7", Side::Senders).before(&["send 5"]).found(&["0 5"]).later(&["1 7"]),
    Scenario::of("SendOdd", "feed 7", Side::Senders).first("sender").later(&["0 7"]),
    Scenario::of("SendCopied", "send 7", Side::Senders).before(&["send 5"]).found(&["0 5"]).later(&["1 7"]),
    Scenario::of("SendCopied", "feed 7", Side::Senders).first("sender").later(&["0 7"]),
    Scenario::of("ItemSent", "send 7", Side::Senders).before(&["send 5"]).found(&["0 5", "1 7"]),
    Scenario::of("ItemSent", "feed 7", Side::Senders).first("sender").found(&["0 7"]),
    Scenario::of("WriterBegun", "producer", Side::Producers).before(&["push 5"]).found(&["5 1"]),
    Scenario::of("WriterBegun", "consumer", Side::Consumers).before(&["push 5"]).later(&["5 1"]),
    Scenario::of("WriterBegun", "sender", Side::Senders).before(&["send 5"]).found(&["0 5"]),
    // One that should wake another.
    Scenario::of("StoreUntold", "produce 7 60", Side::Producers)
        .before(&[])
        .first("producer")
        .waits("pop_timeout 25000", "ok 7"),
    Scenario::of("StoreUntold", "done", Side::None)
        .before(&["push 5", "push 6"])
        .first("take")
        .waits("push_timeout 8 25000", "ok ")
        .found(&["6 1", "8 1"]),
    Scenario::of("StoreUntold", "drop", Side::None)
        .before(&["push 5"])
        .first("take")
        .waits("pop_timeout 25000", "ok 5"),
    Scenario::of("StoreUntold", "feed 7", Side::Senders).first("sender").waits("recv 25000", "ok 0 7").found(&["0 7"]),
    Scenario::of("VersionUnwoken", "push 7", Side::None).waits("pop_timeout 25000", "ok 7"),
    Scenario::of("VersionUnwoken", "pop", Side::None)
        .before(&["push 5", "push 6"])
        .waits("push_timeout 8 25000", "ok ")
        .found(&["6 1", "8 1"]),
    Scenario::of("VersionUnwoken", "send 7", Side::None)
        .before(&["send 5"])
        .waits("recv 25000", "ok 1 7")
        .found(&["0 5", "1 7"]),
    Scenario::of("LockUnwoken", "drop", Side::None)
        .first("producer")
        .waits("push_timeout 8 25000", "ok ")
        .found(&["8 1"]),
    Scenario::of("LockUnwoken", "drop", Side::None)
        .before(&["push 5"])
        .first("consumer")
        .waits("pop_timeout 25000", "ok 5"),
    // One that waits.
    Scenario::of("VersionAwaited", "pop_timeout 25000", Side::None),
    Scenario::of("VersionAwaited", "push_timeout 7 25000", Side::None)
        .before(&["push 5", "push 6"])
        .found(&["5 1", "6 1"])
        .later(&["7 1"]),
    Scenario::of("WaitSlept", "pop_timeout 25000", Side::None),
    Scenario::of("WaitSlept", "take_timeout 25000", Side::None),
];

impl Scenario {
    fn reach(&self, scratch: &Scratch) -> Reached {
        let mut other = streamer(scratch.path());
        self.before.iter().for_each(|command| drop(other.expect_ok(command)));
        let mut process = streamer_with_failpoint(scratch.path(), self.step, "stop");
        if !self.first.is_empty() {
            process.expect_ok(self.first);
        }
        if let Some((command, _)) = self.waiter {
            other.expect_ok("subscribe");
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

    /// Returns what another process finds of the part: takes and finishes all items of the queue, or receives all of the
    /// broadcast.
    fn find(&self, other: &mut Peer) -> Vec<String> {
        if self.is_of_broadcast() { receive_all(other) } else { shmstore_tests::streamer::drain(other) }
    }
}

/// Receives all items of the broadcast, from the first on: their numbers, and what they are.
fn receive_all(peer: &mut Peer) -> Vec<String> {
    peer.expect_ok("subscribe_from 0");
    let mut items = Vec::new();
    loop {
        let answer = peer.ask("recv");
        match answer.strip_prefix("ok ") {
            Some(item) => items.push(item.to_owned()),
            None if answer.starts_with("err Lagged ") => {}
            None => {
                assert!(answer.starts_with("err Empty "), "{answer}");
                return items;
            }
        }
    }
}

/// Checks something in the scenarios that are of interest, some at a time.
fn in_each(of_interest: impl Fn(&Scenario) -> bool, check: impl Fn(&Scenario, &Scratch) + Sync) {
    in_each_of(SCENARIOS, of_interest, check);
}
