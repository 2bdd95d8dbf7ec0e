//! A process that writes by the schema alone, and dies at any step: what a typed process finds, and that it goes on.

use std::collections::BTreeSet;
use std::os::unix::process::ExitStatusExt;
use std::process::Command;
use std::thread;

use shmstore::{PART_STEPS, Shared};
use shmstore_tests::mixed::{Mixed, Stamped};
use shmstore_tests::peer::actor;
use shmstore_tests::scratch::Scratch;
use shmstore_tests::torture::look_at_mixed;

const OPERATIONS: [&str; 15] = [
    "store", "transfer", "lock", "notify", "push", "pop", "done", "return", "send", "skip", "insert", "replace",
    "remove", "publish", "pin",
];

/// The steps that no operation comes to if it waits for nothing, and no process waits for it.
const OF_WAITS: [&str; 7] =
    ["LockTakenOver", "LockWoken", "LockUnwoken", "VersionUnwoken", "VersionAwaited", "EventUnwoken", "WaitSlept"];

/// Steps that only exclusive writers come to, and those of what dead processes have left.
const OF_OTHERS: [&str; 3] = ["StoreUntold", "WriterBegun", "Reaped"];

/// An object with something in each part.
fn filled(scratch: &Scratch) -> Shared<Mixed> {
    let mixed = scratch.store().create::<Mixed>().expect("room for an object");
    mixed.jobs.try_push(Stamped::of(1)).expect("room");
    mixed.jobs.try_push(Stamped::of(2)).expect("room");
    mixed.marks.insert(1, Stamped::of(1)).expect("room");
    mixed.marks.insert(2, Stamped::of(2)).expect("room");
    let mut frame = mixed.images.try_loan().expect("a slot");
    frame.set_meta(Stamped::of(3));
    frame.copy_from(&[3; 8]).expect("room");
    frame.publish().expect("our own loan");
    mixed
}

fn untyped(scratch: &Scratch, operation: &str, step: &str) -> Command {
    let mut command = actor("untyped");
    command.arg(scratch.path()).arg(operation).env("SHMSTORE_FAILPOINT", format!("{step}=kill"));
    command
}

/// Returns the steps at which a process was killed in an operation, after a look at what it left at each.
fn killed_in(operation: &'static str) -> BTreeSet<&'static str> {
    let mut reached = BTreeSet::new();
    for &step in PART_STEPS {
        let scratch = Scratch::new();
        let mixed = filled(&scratch);
        let status = untyped(&scratch, operation, step).status().expect("the program `actor`");
        match status.signal() {
            Some(9) => drop(reached.insert(step)),
            _ => assert!(status.success(), "{operation} at {step}: {status}"),
        }
        let accounts = mixed.accounts.load();
        assert!(accounts == [0; 8] || accounts[..2] == [-1, 1], "{operation} at {step}: {accounts:?}");
        let left: Vec<u64> = mixed.jobs.items().into_iter().map(|item| item.expect("any bits").number).collect();
        assert!(left.iter().all(|number| [1, 2, 7].contains(number)), "{operation} at {step}: {left:?}");
        let found = look_at_mixed(&mixed);
        assert!(found.is_empty(), "{operation} at {step}: {found:?}");
    }
    reached
}

#[test]
fn typed_process_goes_on_after_one_without_the_type_died_at_any_step() {
    let reached: BTreeSet<&str> = thread::scope(|scope| {
        let killed: Vec<_> =
            OPERATIONS.map(|operation| scope.spawn(move || killed_in(operation))).into_iter().collect();
        killed.into_iter().flat_map(|killed| killed.join().expect("an invariant")).collect()
    });
    let never: Vec<&&str> = PART_STEPS.iter().filter(|step| !reached.contains(**step)).collect();
    let expected: Vec<&&str> =
        PART_STEPS.iter().filter(|step| OF_WAITS.contains(step) || OF_OTHERS.contains(step)).collect();
    assert_eq!(never, expected);
}
