use std::process::{Child, Command};

use super::*;
use crate::segment::liveness::ProcessFacts;
use crate::sys::process;
use slot::Snapshot;

/// The slots of a segment.
pub(in crate::segment) struct Table {
    pub(in crate::segment) slots: Vec<Slot>,
    used: SlotsUsed,
}

impl Table {
    pub(in crate::segment) fn as_ref(&self) -> SlotTable<'_> {
        SlotTable { slots: &self.slots, used: &self.used }
    }
}

pub(in crate::segment) fn table(len: usize) -> Table {
    Table { slots: std::iter::repeat_with(Slot::default).take(len).collect(), used: SlotsUsed::default() }
}

/// A process of our own namespaces.
pub(in crate::segment) fn facts(pid: u32) -> ProcessFacts {
    ProcessFacts { pid, ..ProcessFacts::gather() }
}

/// Claims a slot for a process that finds the liveness locks of others held, free or unknown, and takes its own if it
/// can.
pub(in crate::segment) fn claim<'a>(
    slots: &'a Table,
    token: u32,
    facts: &ProcessFacts,
    lock_is_held: Option<bool>,
) -> Result<&'a Slot, ClaimError> {
    let liveness = Liveness { token, facts, shmid: -1, has_unlisted: true, lock_is_held: &|_| lock_is_held };
    slots.as_ref().claim(lock_is_held.is_some(), 0, &liveness)
}

/// A table with slots that were all claimed before.
pub(in crate::segment) fn used_table(len: u32) -> Table {
    Table { used: SlotsUsed::before(len), ..table(len as usize) }
}

/// The pid of a process that has ended.
pub(in crate::segment) fn ended_pid() -> u32 {
    let mut child = Command::new("true").spawn().unwrap();
    child.wait().unwrap();
    child.id()
}

fn snapshots(slots: &Table) -> Vec<Snapshot> {
    slots.slots.iter().filter_map(Slot::snapshot).collect()
}

/// A process that is alive until it is dropped.
pub(in crate::segment) struct Living(Child);

impl Living {
    pub(in crate::segment) fn new() -> Self {
        Self(Command::new("sleep").arg("60").spawn().unwrap())
    }

    pub(in crate::segment) fn facts(&self) -> ProcessFacts {
        ProcessFacts { start: process::start_time(self.0.id()), ..facts(self.0.id()) }
    }
}

impl Drop for Living {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

#[test]
fn words_survive_packing() {
    for has_liveness_lock in [false, true] {
        let word = Word {
            token: (1 << TOKEN_BITS) - 1,
            pid: (1 << 22) - 1,
            state: SlotState::Left,
            has_liveness_lock,
            fields: MAX_FIELDS,
        };
        assert_eq!(Word::unpack(word.pack()), Some(word));
        let more = Word { fields: MAX_FIELDS + 1, ..word };
        assert_eq!(more.pack(), word.pack(), "as many as fit");
    }
    assert_eq!(Word::unpack(0), None);
    assert_eq!(Word::unpack(1 << 53), None);
}

#[test]
fn process_that_comes_back_gets_its_slot_again() {
    let slots = table(4);
    let first = claim(&slots, 9, &facts(100), None).unwrap();
    first.leave(9);
    assert_eq!(snapshots(&slots)[0].word.state, SlotState::Left);
    assert!(std::ptr::eq(first, claim(&slots, 9, &facts(100), None).unwrap()));
    assert_eq!(snapshots(&slots).len(), 1);
    assert_eq!(snapshots(&slots)[0].word.state, SlotState::Ready);
}

#[test]
fn full_table_is_refused_and_slots_of_processes_that_have_ended_are_taken() {
    let slots = table(2);
    let living = Living::new();
    claim(&slots, 1, &living.facts(), None).unwrap();
    claim(&slots, 2, &facts(ended_pid()), None).unwrap();
    claim(&slots, 3, &ProcessFacts::gather(), None).unwrap();
    assert_eq!(claim(&slots, 4, &facts(99), None).unwrap_err(), ClaimError::Full);
    assert!(snapshots(&slots).iter().all(|found| found.word.token != 2));
}

#[test]
fn slot_of_the_program_before_exec_is_taken_before_a_free_one() {
    for at in 0..4 {
        let slots = used_table(4);
        let ours = ProcessFacts::gather();
        let former = Word { token: 2, pid: ours.pid, state: SlotState::Claimed, has_liveness_lock: true, fields: 0 };
        assert!(slots.slots[at].take_free(former));
        let slot = claim(&slots, 5, &ours, Some(false)).unwrap();
        assert!(std::ptr::eq(slot, &slots.slots[at]));
    }
}

#[test]
fn same_token_of_another_process_is_a_collision() {
    let (slots, living) = (table(4), Living::new());
    let pid = living.0.id();
    claim(&slots, 5, &living.facts(), None).unwrap();
    assert_eq!(claim(&slots, 5, &facts(200), None).unwrap_err(), ClaimError::Collision { pid });
    assert_eq!(snapshots(&slots).len(), 1);
}

#[test]
fn slot_of_a_dead_process_that_had_our_token_is_taken_over() {
    let slots = table(4);
    let first = claim(&slots, 5, &facts(ended_pid()), None).unwrap();
    assert!(std::ptr::eq(first, claim(&slots, 5, &ProcessFacts::gather(), None).unwrap()));
    assert_eq!(snapshots(&slots).iter().map(|found| found.word.pid).collect::<Vec<_>>(), [std::process::id()]);
}

#[test]
fn process_that_had_our_token_and_our_pid_is_not_taken_for_us() {
    let ours = ProcessFacts::gather();
    let elsewhere = ProcessFacts { pid_namespace: 1, ..ours };
    let slots = table(4);
    let other = claim(&slots, 5, &elsewhere, Some(true)).unwrap();
    let collision = ClaimError::Collision { pid: ours.pid };
    assert_eq!(claim(&slots, 5, &ours, Some(true)).unwrap_err(), collision, "it holds its liveness lock");
    assert!(std::ptr::eq(other, claim(&slots, 5, &ours, Some(false)).unwrap()));
    assert_eq!(other.snapshot().unwrap().details.unwrap().pid_namespace, ours.pid_namespace);
}

#[test]
fn of_two_that_claim_at_a_time_with_one_token_each_gives_its_slot_back() {
    let slots = used_table(4);
    let word = |pid| Word { token: 5, pid, state: SlotState::Claimed, has_liveness_lock: false, fields: 0 };
    assert!(slots.slots[0].take_free(word(100)) && slots.slots[1].take_free(word(200)));
    let checked = slots.as_ref().check_alone(&slots.slots[0], 5).unwrap_err();
    assert_eq!(checked, ClaimError::Collision { pid: 200 });
    assert_eq!(snapshots(&slots).len(), 1);
}

#[test]
fn slots_behind_those_that_were_ever_claimed_are_left_alone() {
    // All processes live, because a slot of a dead one would be taken first if the next slot begins a page.
    let (slots, living) = (table(4), Living::new());
    for token in 2..5 {
        claim(&slots, token, &living.facts(), None).unwrap();
        let claimed = slots.slots.iter().take_while(|slot| slot.word().is_some()).count();
        assert_eq!((snapshots(&slots).len(), claimed), (token as usize - 1, token as usize - 1));
    }
    // A slot that was given back is claimed before one that no process has touched.
    slots.slots[1].give_back(3);
    assert!(std::ptr::eq(claim(&slots, 9, &living.facts(), None).unwrap(), &slots.slots[1]));
}

#[test]
fn slot_of_a_process_that_has_ended_is_taken_before_another_page_is_touched() {
    const A_PAGE: usize = PAGE / size_of::<Slot>();
    let slots = table(3 * A_PAGE);
    let (living, ended) = (Living::new(), facts(ended_pid()));
    let first_page = slots.slots.iter().position(begins_a_page).unwrap();
    for token in 0..2 * A_PAGE as u32 {
        let process = if token == 0 { &ended } else { &living.facts() };
        claim(&slots, 10 + token, process, None).unwrap();
    }
    // The touched pages are full, and the slot of the ended process is used again.
    let last = snapshots(&slots).len();
    assert_eq!(last, 2 * A_PAGE - 1, "the slots begin in the middle of a page: {first_page}");
    assert!(snapshots(&slots).iter().all(|found| found.word.token != 10));
}

#[test]
fn time_of_attaching_is_told_also_after_2106() {
    const WRAPPED: u64 = 1 << 32;
    for (low, now, told) in [
        (1_795_000_000, 1_795_000_000, 1_795_000_000),
        (1_795_000_000, 1_795_000_009, 1_795_000_000),
        // By a clock that is a minute ahead.
        (1_795_000_060, 1_795_000_000, 1_795_000_060),
        (0, 1_795_000_000, 0),
        (u32::MAX, 1_795_000_000, u64::from(u32::MAX)),
        (u32::MAX, WRAPPED + 5, WRAPPED - 1),
        (3, WRAPPED + 5, WRAPPED + 3),
        (3, WRAPPED - 5, WRAPPED + 3),
    ] {
        assert_eq!(whole_seconds(low, now), told, "{low} at {now}");
    }
}
