//! What the scenarios of all parts have in common.

use std::fmt::Debug;
use std::thread;

use shmstore_tests::peer::Peer;
use shmstore_tests::scratch::Scratch;

/// A process that has stopped at a step, and one that waits for what it was about to do.
pub(crate) struct Reached {
    pub(crate) process: Peer,
    pub(crate) waiter: Option<Peer>,
}

pub(crate) fn tell_each(peer: &mut Peer, commands: &str) {
    commands.split(", ").filter(|command| !command.is_empty()).for_each(|command| drop(peer.expect_ok(command)));
}

/// Checks something in the scenarios that are of interest, some at a time.
pub(crate) fn in_each_of<S: Debug + Sync>(
    scenarios: &[S],
    of_interest: impl Fn(&S) -> bool,
    check: impl Fn(&S, &Scratch) + Sync,
) {
    let scenarios: Vec<&S> = scenarios.iter().filter(|scenario| of_interest(scenario)).collect();
    assert!(!scenarios.is_empty());
    let check = &check;
    for some in scenarios.chunks(8) {
        thread::scope(|scope| {
            let started = some.iter().map(|scenario| (scenario, scope.spawn(|| check(scenario, &Scratch::new()))));
            let started: Vec<_> = started.collect();
            let failed = started.into_iter().filter_map(|(scenario, check)| check.join().err().map(|_| scenario));
            let failed: Vec<_> = failed.collect();
            assert!(failed.is_empty(), "fails at {failed:?}");
        });
    }
}
