//! A process that dies, or stops, at any step of creation, removal, recovery or naming: what the others see, and that
//! nothing is left behind.

mod abandoned;
mod dead;
mod stopped;

use std::thread;

use shmstore_tests::peer::Peer;
use shmstore_tests::scratch::Scratch;
use shmstore_tests::segments;

/// How a process comes to a step, and what is at the object's key then.
struct Scenario {
    step: &'static str,
    /// What other processes do before, each with the step at which it is killed, if any.
    before: &'static [(&'static str, Option<&'static str>)],
    /// What leads to the step.
    command: &'static str,
    at_key: AtKey,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum AtKey {
    Nothing,
    /// A segment in which nothing is written.
    Virgin,
    HalfMade,
    Whole,
}

/// The steps of growing are in the tests of `growing`, those of moving in `moves`, those of naming in `named_steps`,
/// those of looking in the tests of `read_only` and `groups`, those of forgetting a name and of making a directory are in
/// `swapped_directories`, and those of copies in the tests of `mirrored`.
fn scenario(step: &'static str) -> Option<Scenario> {
    let creation = |at_key| Some(Scenario { step, before: &[], command: "create 7", at_key });
    let removal = |at_key| Some(Scenario { step, before: &[("create 7", None)], command: "remove", at_key });
    let recovery = |at_key| {
        Some(Scenario {
            step,
            before: &[("create 6", Some("CreateInitializing"))],
            command: "attach_or_create 7",
            at_key,
        })
    };
    match step {
        "CreateLocked" => creation(AtKey::Nothing),
        "CreateSegment" => creation(AtKey::Virgin),
        "CreateClaimed" | "CreateDescribed" | "CreateInitializing" | "CreateSchema" | "SlotClaimed"
        | "CreateParticipant" | "CreateInitialized" => creation(AtKey::HalfMade),
        "CreateReady" => creation(AtKey::Whole),
        "RemoveLocked" => removal(AtKey::Whole),
        "RemoveMarked" | "RemoveDone" => removal(AtKey::Nothing),
        "RecoverLocked" => recovery(AtKey::HalfMade),
        "RecoverRemoved" => recovery(AtKey::Nothing),
        "GrowWritten" | "GrowPublished" | "GrowDone" => None,
        "MoveMarked" | "JournalReady" | "MoveReady" | "MoveRecovered" | "JournalDone" | "JournalGone"
        | "RemoveCounted" | "LookMissing" => None,
        "LookDenied" | "LookUnfinished" | "NameCandidate" | "NamePublished" | "NameToBeRemoved" | "DirectoryMade" => {
            None
        }
        "PromoteEntered" | "TakeOverEntered" => None,
        other => panic!("there is no scenario for the step `{other}`: add one"),
    }
}

impl Scenario {
    fn is_creation(&self) -> bool {
        self.command.starts_with("create")
    }

    fn is_removal(&self) -> bool {
        self.command == "remove"
    }

    /// Does what comes before, and has a process on its way to the step, where it is killed or stops.
    fn approach(&self, scratch: &Scratch, action: &str) -> Peer {
        for (command, killed_at) in self.before {
            match killed_at {
                Some(step) => {
                    Peer::killed_at(scratch.path(), step, command);
                }
                None => drop(Peer::start(scratch.path()).expect_ok(command)),
            }
        }
        let mut peer = Peer::start_with_failpoint(scratch.path(), self.step, action);
        peer.tell(self.command);
        peer
    }

    /// Kills a process at the step. Returns the number of the segment it leaves at the key.
    fn kill(&self, scratch: &Scratch) -> Option<i32> {
        self.approach(scratch, "kill").wait_until_killed();
        self.segment(scratch)
    }

    /// The segment at the key: there is one if the step says so.
    fn segment(&self, scratch: &Scratch) -> Option<i32> {
        let found = segments::at_key(scratch.key('T'));
        assert_eq!(found.len(), usize::from(self.at_key != AtKey::Nothing), "{found:?}");
        found.first().map(|segment| segment.shmid)
    }
}

/// Checks something at every step of an object's life, all steps at a time.
fn at_every_step(check: impl Fn(&Scenario, &Scratch) + Sync) {
    let scenarios: Vec<Scenario> = shmstore::STEPS.iter().filter_map(|step| scenario(step)).collect();
    let check = &check;
    thread::scope(|scope| {
        let started = scenarios.iter().map(|scenario| (scenario, scope.spawn(|| check(scenario, &Scratch::new()))));
        let started: Vec<_> = started.collect();
        let failed = started.into_iter().filter_map(|(scenario, check)| check.join().err().map(|_| scenario.step));
        let failed: Vec<_> = failed.collect();
        assert!(failed.is_empty(), "fails at {failed:?}");
    });
}

/// Makes the object as a process that comes later does, and checks that it is whole, alone, and removable.
fn assert_next_process_finds_its_way(at_key: AtKey, scratch: &Scratch) {
    let mut next = Peer::start(scratch.path());
    let whole = at_key == AtKey::Whole;
    assert_eq!(next.expect_ok("attach_or_create 8"), if whole { "attached" } else { "created" });
    assert_eq!(next.expect_ok("frames"), if whole { "7" } else { "8" });
    assert_eq!(next.expect_ok("initialized"), "1");
    assert_eq!(next.expect_ok("removed"), "false");
    next.expect_ok("store 1");
    let mut another = Peer::start(scratch.path());
    another.expect_ok("attach");
    assert_eq!(another.expect_ok("load"), "1 1 1 1");
    assert_eq!(scratch.segments().len(), 1);
    another.expect_ok("remove");
    assert_eq!(scratch.segments(), []);
    another.expect_err("remove", "NotFound");
}
