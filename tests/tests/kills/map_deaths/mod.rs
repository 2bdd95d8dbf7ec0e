//! A process that inserts, removes or stores to a key, and dies or stops at any step of it: what the others find, and
//! that they go on.

mod in_recovery;
mod killed;
mod recovery;
mod stopped;
mod waiters;

use shmstore::{Map, ShmId};
use shmstore_tests::holder::{wait_until_asleep, wait_until_state};
use shmstore_tests::map_words::{Counts, MapWords};
use shmstore_tests::mapper::{mapper, mapper_with_failpoint};
use shmstore_tests::objects::{Message, SESSIONS, Sessions};
use shmstore_tests::peer::Peer;
use shmstore_tests::raw::{Raw, field};
use shmstore_tests::scratch::Scratch;

use crate::scenarios::{Reached, in_each_of, tell_each};

/// How a process comes to a step, and what others find there.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scenario {
    pub(crate) step: &'static str,
    /// What another process does before.
    before: &'static str,
    /// What the process does first.
    first: &'static str,
    then: &'static str,
    /// What a third process looks up and waits for meanwhile, and what it is answered.
    waiter: Option<(&'static str, &'static str)>,
    /// What the process has at the step.
    holds: Lock,
    /// The keys and values that others find while it has stopped, and after its death.
    found: &'static str,
    /// The keys and values after it has gone on.
    later: &'static str,
}

/// A lock of a map.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lock {
    None,
    /// Of the structure.
    Keys,
    /// Of the value of a key.
    Value(u64),
    /// Both. A removal has them.
    KeysAndValue(u64),
}

impl Lock {
    fn has_keys(self) -> bool {
        matches!(self, Self::Keys | Self::KeysAndValue(_))
    }

    fn value(self) -> Option<u64> {
        match self {
            Self::Value(key) | Self::KeysAndValue(key) => Some(key),
            _ => None,
        }
    }
}

/// Two keys, of which the first is left alone.
const TWO: &str = "insert 5 50, insert 6 60";
/// A key, and an entry that had one. The next insertion takes it again.
const FREED: &str = "insert 5 50, insert 6 60, remove 6";

impl Scenario {
    const fn of(step: &'static str, before: &'static str, then: &'static str, holds: Lock) -> Self {
        Self { step, before, first: "", then, waiter: None, holds, found: "", later: "" }
    }

    const fn first(self, first: &'static str) -> Self {
        Self { first, ..self }
    }

    const fn finds(self, found: &'static str, later: &'static str) -> Self {
        Self { found, later, ..self }
    }

    const fn waits(self, command: &'static str, answer: &'static str) -> Self {
        Self { waiter: Some((command, answer)), ..self }
    }
}

const fn inserting(step: &'static str, before: &'static str, then: &'static str) -> Scenario {
    Scenario::of(step, before, then, Lock::Keys)
}

const fn removing(step: &'static str, then: &'static str) -> Scenario {
    Scenario::of(step, TWO, then, Lock::KeysAndValue(6))
}

const fn storing(step: &'static str, then: &'static str) -> Scenario {
    Scenario::of(step, TWO, then, Lock::Value(6))
}

pub(crate) const SCENARIOS: &[Scenario] = &[
    // The first key of a new map, and one that takes an entry again.
    inserting("MapIntended", "", "insert 7 70").finds("", "7:70"),
    inserting("EntryTaken", "", "try_insert 7 70").finds("", "7:70"),
    inserting("EntryLinked", "", "insert 7 70").finds("", "7:70"),
    inserting("EntryChained", "", "insert_timeout 7 70 60").finds("", "7:70"),
    inserting("KeyInserted", "", "insert 7 70").finds("7:70", "7:70"),
    inserting("KeysCounted", "", "insert_from 7 70").finds("7:70", "7:70"),
    inserting("MapIntended", FREED, "insert 7 70").finds("5:50", "5:50 7:70"),
    inserting("EntryTaken", FREED, "insert 7 70").finds("5:50", "5:50 7:70"),
    inserting("EntryLinked", FREED, "get_or_insert 7 70").finds("5:50", "5:50 7:70"),
    inserting("EntryChained", FREED, "insert 7 70").finds("5:50", "5:50 7:70"),
    inserting("KeyInserted", FREED, "insert 7 70").finds("5:50 7:70", "5:50 7:70"),
    inserting("KeysCounted", FREED, "insert 7 70").finds("5:50 7:70", "5:50 7:70"),
    // The key that was there before, with greater versions.
    inserting("EntryChained", FREED, "insert 6 61").finds("5:50", "5:50 6:61"),
    inserting("KeyInserted", FREED, "insert 6 61").finds("5:50 6:61", "5:50 6:61"),
    removing("MapIntended", "remove 6").finds("5:50 6:60", "5:50"),
    removing("KeyRemoved", "remove 6").finds("5:50", "5:50"),
    removing("EntryUnlinked", "try_remove 6").finds("5:50", "5:50"),
    removing("EntryFreed", "remove_timeout 6 60").finds("5:50", "5:50"),
    removing("EntryListed", "remove 6").finds("5:50", "5:50"),
    removing("KeysCounted", "remove 6").finds("5:50", "5:50"),
    removing("MapIntended", "retain_others 6").finds("5:50 6:60", "5:50"),
    removing("KeyRemoved", "retain_others 6").finds("5:50", "5:50"),
    Scenario::of("EntryFreed", TWO, "clear", Lock::KeysAndValue(5)).finds("6:60", ""),
    storing("WriteLockTaken", "insert 6 61").finds("5:50 6:60", "5:50 6:61"),
    storing("WriteLockTaken", "remove 6").finds("5:50 6:60", "5:50"),
    storing("StoreOdd", "insert 6 61").finds("5:50 6:60", "5:50 6:61"),
    storing("StoreCopied", "update 6 61").finds("5:50 6:60", "5:50 6:61"),
    storing("StoreCopied", "insert_from 6 61").finds("5:50 6:60", "5:50 6:61"),
    storing("StoreEven", "update 6 61").finds("5:50 6:61", "5:50 6:61"),
    storing("StoreOdd", "store 61").first("entry 6").finds("5:50 6:60", "5:50 6:61"),
    storing("StoreEven", "change 61").first("entry 6").finds("5:50 6:61", "5:50 6:61"),
    storing("TransactionBegun", "begin").first("entry 6").finds("5:50 6:60", "5:50 6:60"),
    storing("WriterBegun", "writer").first("entry 6").finds("5:50 6:60", "5:50 6:60"),
    storing("StoreCopied", "put 61").first("entry 6, writer").finds("5:50 6:60", "5:50 6:61"),
    storing("StoreEven", "put 61").first("entry 6, writer").finds("5:50 6:61", "5:50 6:61"),
    storing("StoreOdd", "commit 61").first("entry 6, begin").finds("5:50 6:60", "5:50 6:61"),
    // One that should wake another.
    Scenario::of("VersionUnwoken", TWO, "update 6 61", Lock::None)
        .waits("wait_newer 6 1 25000", "ok 2 61")
        .finds("5:50 6:61", "5:50 6:61"),
    Scenario::of("VersionUnwoken", TWO, "store 61", Lock::None)
        .first("entry 6")
        .waits("entry_newer 1 25000", "ok 2 61")
        .finds("5:50 6:61", "5:50 6:61"),
    Scenario::of("StoreUntold", TWO, "put 61", Lock::Value(6))
        .first("entry 6, writer")
        .waits("entry_newer 1 25000", "ok 2 61")
        .finds("5:50 6:61", "5:50 6:61"),
    Scenario::of("VersionUnwoken", TWO, "insert 7 70", Lock::None)
        .waits("wait_newer 7 0 25000", "ok 1 70")
        .finds("5:50 6:60 7:70", "5:50 6:60 7:70"),
    Scenario::of("VersionUnwoken", TWO, "insert 7 70", Lock::None)
        .waits("wait_changed 2 25000", "ok 3")
        .finds("5:50 6:60 7:70", "5:50 6:60 7:70"),
    // Both locks are free.
    Scenario::of("VersionUnwoken", TWO, "remove 6", Lock::None)
        .waits("entry_newer 1 25000", "err EntryRemoved ")
        .finds("5:50", "5:50"),
    Scenario::of("VersionUnwoken", TWO, "remove 6", Lock::None)
        .waits("wait_changed 2 25000", "ok 3")
        .finds("5:50", "5:50"),
    // One that waits.
    Scenario::of("VersionAwaited", TWO, "wait_newer 7 0 25000", Lock::None).finds("5:50 6:60", "5:50 6:60 7:71"),
    Scenario::of("VersionAwaited", TWO, "wait_newer 6 1 25000", Lock::None).finds("5:50 6:60", "5:50 6:60 7:71"),
    Scenario::of("WaitSlept", TWO, "wait_changed 2 25000", Lock::None).finds("5:50 6:60", "5:50 6:60 7:71"),
];

impl Scenario {
    fn reach(&self, scratch: &Scratch) -> Reached {
        let mut other = mapper(scratch.path());
        tell_each(&mut other, self.before);
        let mut process = self.process(scratch, "stop");
        if let Some((command, _)) = self.waiter {
            other.expect_ok("entry 6");
            other.tell(command);
            wait_until_asleep(other.pid());
        }
        process.tell(self.then);
        wait_until_state(process.pid(), 'T');
        Reached { process, waiter: self.waiter.is_some().then_some(other) }
    }

    /// Starts the process, which has done what it does first.
    fn process(&self, scratch: &Scratch, action: &str) -> Peer {
        // What it does first may come by the step, too.
        let mut process = mapper_with_failpoint(scratch.path(), self.step, action);
        tell_each(&mut process, self.first);
        process
    }

    /// Asserts that the one that waited has got what it waited for.
    fn assert_not_forgotten(&self, waiter: Option<Peer>) {
        let Some((command, expected)) = self.waiter else { return };
        let answer = waiter.expect("one that waits").answer();
        let is_expected = if expected.starts_with("err") { answer.starts_with(expected) } else { answer == expected };
        assert!(is_expected, "the one that waited by `{command}`: {answer}");
    }
}

/// Asserts that a process finds these keys and values, in each way, also if it only reads.
fn assert_finds(peer: &mut Peer, expected: &str) {
    let len = expected.split_whitespace().count().to_string();
    for way in ["", "see "] {
        assert_eq!(peer.expect_ok(&format!("{way}items")), expected);
        assert_eq!(peer.expect_ok(&format!("{way}len")), len, "{way}len of `{expected}`");
        for key in 5..=9 {
            let item = expected.split_whitespace().find_map(|item| item.strip_prefix(&format!("{key}:")));
            assert_eq!(peer.expect_ok(&format!("{way}get {key}")), item.unwrap_or("none"), "key {key}");
            assert_eq!(peer.expect_ok(&format!("{way}contains {key}")), item.is_some().to_string());
        }
    }
}

/// Asserts that the map works on: all keys that there is room for fit, and each of them can be changed and removed.
fn assert_goes_on(peer: &mut Peer, scratch: &Scratch, found: &str) {
    let len = found.split_whitespace().count();
    let version = |peer: &mut Peer, key: u64| peer.expect_ok(&format!("version {key}")).parse::<u64>().unwrap();
    for round in 0..3 {
        assert_eq!(peer.expect_ok("fill 100"), (SESSIONS - len).to_string(), "an entry is lost, in round {round}");
        assert_eq!(peer.expect_ok("len"), SESSIONS.to_string());
        peer.expect_err("insert 99 1", "Full");
        for key in 100..100 + (SESSIONS - len) as u64 {
            let first = version(peer, key);
            assert_eq!(peer.expect_ok(&format!("update {key} 3")), key.to_string());
            assert_eq!(version(peer, key), first + 1);
            assert_eq!(peer.expect_ok(&format!("remove {key}")), "3");
        }
        assert_eq!(peer.expect_ok("items"), found);
    }
    assert_structure(scratch, len);
    // Each key comes again, in the entry of another one, whose versions are less.
    peer.expect_ok("insert 5 0");
    (0..9).for_each(|_| drop(peer.expect_ok("update 5 0")));
    let before: Vec<_> = (5..=7).map(|key| version(peer, key)).collect();
    (5..=7).for_each(|key| drop(peer.expect_ok(&format!("remove {key}"))));
    for (key, before) in (5..=7).zip(before) {
        assert_eq!(peer.expect_ok(&format!("insert {key} 1")), "none");
        assert!(version(peer, key) > before, "the version of key {key} went back from {before}");
    }
    assert_eq!(peer.expect_ok("items"), "5:1 6:1 7:1");
    assert_structure(scratch, 3);
    peer.expect_ok("clear");
    assert_structure(scratch, 0);
}

/// Asserts that chains, free list and counts fit together, by the bytes of the segment.
fn assert_structure(scratch: &Scratch, live: usize) {
    let raw = Raw::at_key(scratch.key(Sessions::ID));
    let words = MapWords::of::<u64, Message>(&raw, raw.get(field::PAYLOAD_OFFSET) as usize, SESSIONS);
    assert_eq!(words.end(), raw.get(field::PAYLOAD_OFFSET) as usize + size_of::<Map<u64, Message, SESSIONS>>());
    let counts = words.check().unwrap();
    assert_eq!(counts.live, live, "{counts:?}");
    let Counts { free, unused, .. } = counts;
    assert_eq!(live + free + unused, SESSIONS, "{counts:?}");
}

/// Checks something in the scenarios that are of interest, some at a time.
fn in_each(of_interest: impl Fn(&Scenario) -> bool, check: impl Fn(&Scenario, &Scratch) + Sync) {
    in_each_of(SCENARIOS, of_interest, check);
}
