use std::process::{Child, Command};

use super::*;
use slot::Snapshot;

/// The slots of a segment.
struct Table {
    slots: Vec<Slot>,
    used: SlotsUsed,
}

impl Table {
    fn as_ref(&self) -> SlotTable<'_> {
        SlotTable { slots: &self.slots, used: &self.used }
    }
}

fn table(len: usize) -> Table {
    Table { slots: std::iter::repeat_with(Slot::default).take(len).collect(), used: SlotsUsed::default() }
}

/// ProcessFacts of our own namespaces.
fn facts(pid: u32) -> ProcessFacts {
    ProcessFacts { pid, ..ProcessFacts::gather() }
}

/// A process as it claims a slot, judging others by `bytes`.
fn claim<'a>(slots: &'a Table, token: u32, facts: &ProcessFacts, bytes: Option<bool>) -> Result<&'a Slot, ClaimError> {
    let liveness = Liveness { token, facts, shmid: -1, has_unlisted: true, lock_is_held: &|_| bytes };
    slots.as_ref().claim(bytes.is_some(), &liveness)
}

/// Whether a process of our own namespaces finds a token's process dead.
fn is_dead(slots: &Table, token: u32, bytes: Option<bool>) -> bool {
    let facts = ProcessFacts::gather();
    Liveness { token: 1, facts: &facts, shmid: -1, has_unlisted: true, lock_is_held: &|_| bytes }
        .token_is_dead(slots.as_ref(), token)
}

/// A table of which all slots have been claimed before.
fn used_table(len: u32) -> Table {
    Table { used: SlotsUsed::before(len), ..table(len as usize) }
}

fn corpse() -> u32 {
    let mut child = Command::new("true").spawn().unwrap();
    child.wait().unwrap();
    child.id()
}

fn snapshots(slots: &Table) -> Vec<Snapshot> {
    slots.slots.iter().filter_map(Slot::snapshot).collect()
}

/// A process that lives until it is dropped.
struct Living(Child);

impl Living {
    fn new() -> Self {
        Self(Command::new("sleep").arg("60").spawn().unwrap())
    }

    fn facts(&self) -> ProcessFacts {
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
        let word = Word { token: (1 << TOKEN_BITS) - 1, pid: (1 << 22) - 1, state: SlotState::Left, has_liveness_lock };
        assert_eq!(Word::unpack(word.pack()), Some(word));
    }
    assert_eq!(Word::unpack(0), None);
    assert_eq!(Word::unpack(u64::MAX), None);
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
fn full_table_is_refused_and_slots_of_the_dead_are_taken() {
    let slots = table(2);
    let living = Living::new();
    claim(&slots, 1, &living.facts(), None).unwrap();
    claim(&slots, 2, &facts(corpse()), None).unwrap();
    claim(&slots, 3, &ProcessFacts::gather(), None).unwrap();
    assert_eq!(claim(&slots, 4, &facts(99), None).unwrap_err(), ClaimError::Full);
    assert!(snapshots(&slots).iter().all(|snapshot| snapshot.word.token != 2));
}

#[test]
fn process_of_another_namespace_is_judged_by_its_byte_alone() {
    for pid_namespace in [0, 6] {
        let slots = table(1);
        claim(&slots, 2, &ProcessFacts { pid_namespace, ..facts(corpse()) }, Some(true)).unwrap();
        assert!(!is_dead(&slots, 2, None) && !is_dead(&slots, 2, Some(true)));
        assert!(is_dead(&slots, 2, Some(false)));
        assert_eq!(claim(&slots, 3, &facts(1), Some(true)).unwrap_err(), ClaimError::Full);
        claim(&slots, 3, &facts(1), Some(false)).unwrap();
    }
}

#[test]
fn process_that_holds_no_byte_is_never_judged_by_it() {
    let slots = table(1);
    claim(&slots, 2, &ProcessFacts { pid_namespace: 6, ..facts(corpse()) }, None).unwrap();
    assert!(!is_dead(&slots, 2, Some(false)));
}

#[test]
fn pid_with_another_start_time_is_another_process() {
    let living = Living::new();
    let now = living.facts();
    let is_dead = |facts: ProcessFacts, byte| {
        let slots = table(1);
        claim(&slots, 2, &facts, None).unwrap();
        is_dead(&slots, 2, byte)
    };
    assert!(!is_dead(now, Some(false)));
    assert!(is_dead(ProcessFacts { start: now.start + 1, ..now }, Some(true)));
    let elsewhere = ProcessFacts { start: now.start + 1, time_namespace: 5, ..now };
    assert!(!is_dead(elsewhere, Some(false)), "clocks of two time namespaces are not compared");
}

#[test]
fn unknown_start_time_proves_nothing() {
    let (slots, living) = (table(1), Living::new());
    claim(&slots, 2, &ProcessFacts { start: 0, ..living.facts() }, None).unwrap();
    assert!(!is_dead(&slots, 2, Some(false)));
}

#[test]
fn former_image_of_this_process_is_dead_and_a_second_copy_of_this_crate_is_not() {
    let ours = ProcessFacts::gather();
    let is_dead = |facts: ProcessFacts, claims: Option<bool>, byte| {
        let slots = table(1);
        claim(&slots, 2, &facts, claims).unwrap();
        is_dead(&slots, 2, byte)
    };
    assert_ne!(ours.exec_id, 0);
    for byte in [None, Some(false), Some(true)] {
        assert!(!is_dead(ours, Some(true), byte), "a second copy of this crate, whatever became of its descriptors");
        assert!(is_dead(ProcessFacts { exec_id: ours.exec_id ^ 1, ..ours }, None, byte), "what ran here before `exec`");
        assert!(
            is_dead(ProcessFacts { start: ours.start - 1, ..ours }, None, byte),
            "an earlier process of the same pid"
        );
    }
    let unknown = ProcessFacts { exec_id: 0, ..ours };
    assert!(!is_dead(unknown, Some(true), Some(true)));
    assert!(is_dead(unknown, Some(true), Some(false)));
    assert!(!is_dead(unknown, None, Some(false)), "it said that it holds none");
}

#[test]
fn token_in_no_slot_is_dead_unless_some_process_works_without_one() {
    let (slots, facts) = (table(1), ProcessFacts::gather());
    let is_dead = |has_unlisted, byte: Option<bool>| {
        Liveness { token: 1, facts: &facts, shmid: -1, has_unlisted, lock_is_held: &|_| byte }
            .token_is_dead(slots.as_ref(), 9)
    };
    assert!(is_dead(false, None) && is_dead(false, Some(true)), "its slot was taken after its death");
    assert!(is_dead(true, Some(false)));
    assert!(!is_dead(true, None) && !is_dead(true, Some(true)));
}

#[test]
fn slot_of_a_former_image_is_taken_before_a_free_one() {
    for at in 0..4 {
        let slots = used_table(4);
        let ours = ProcessFacts::gather();
        let former = Word { token: 2, pid: ours.pid, state: SlotState::Claimed, has_liveness_lock: true };
        assert!(slots.slots[at].take_free(former));
        let slot = claim(&slots, 5, &ours, Some(false)).unwrap();
        assert!(std::ptr::eq(slot, &slots.slots[at]));
    }
}

#[test]
fn half_filled_slot_is_judged_by_the_byte_alone() {
    for has_liveness_lock in [true, false] {
        let slots = used_table(1);
        let half = Word { token: 2, pid: corpse(), state: SlotState::Claimed, has_liveness_lock };
        assert!(slots.slots[0].take_free(half));
        assert!(!is_dead(&slots, 2, None) && !is_dead(&slots, 2, Some(true)));
        assert_eq!(is_dead(&slots, 2, Some(false)), has_liveness_lock);
        assert_eq!(claim(&slots, 3, &facts(1), Some(false)).is_ok(), has_liveness_lock);
    }
}

#[test]
fn token_in_no_slot_is_dead_unless_somebody_holds_its_byte() {
    let slots = table(1);
    assert!(is_dead(&slots, 2, Some(false)));
    assert!(!is_dead(&slots, 2, Some(true)));
    assert!(!is_dead(&slots, 2, None));
}

#[test]
fn token_that_a_peer_has_written_into_every_slot_proves_nothing_and_costs_nothing() {
    let slots = used_table(65_536);
    let facts = facts(corpse());
    let word = Word { token: 2, pid: facts.pid, state: SlotState::Claimed, has_liveness_lock: false };
    for slot in &slots.slots[..2] {
        assert!(slot.take_free(word) && slot.fill(word, &facts.details()));
    }
    assert!(is_dead(&slots, 2, None), "two that drew the same token, and have died");
    // Alive, and started at another time: the slowest to tell.
    let living = Living::new();
    let reused = ProcessFacts { start: 1, ..living.facts() };
    let word = Word { pid: reused.pid, ..word };
    for slot in &slots.slots[2..] {
        assert!(slot.take_free(word) && slot.fill(word, &reused.details()));
    }
    let started = std::time::Instant::now();
    assert!(!is_dead(&slots, 2, None));
    assert!(started.elapsed().as_millis() < 500, "{:?}", started.elapsed());
}

#[test]
fn our_own_token_is_alive() {
    assert!(!is_dead(&table(1), 1, Some(false)));
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
    let first = claim(&slots, 5, &facts(corpse()), None).unwrap();
    assert!(std::ptr::eq(first, claim(&slots, 5, &ProcessFacts::gather(), None).unwrap()));
    assert_eq!(snapshots(&slots).iter().map(|snapshot| snapshot.word.pid).collect::<Vec<_>>(), [process::pid()]);
}

#[test]
fn process_that_had_our_token_and_our_pid_is_not_taken_for_us() {
    let ours = ProcessFacts::gather();
    let elsewhere = ProcessFacts { pid_namespace: 1, ..ours };
    let slots = table(4);
    let theirs = claim(&slots, 5, &elsewhere, Some(true)).unwrap();
    let collision = ClaimError::Collision { pid: ours.pid };
    assert_eq!(claim(&slots, 5, &ours, Some(true)).unwrap_err(), collision, "it holds its byte");
    assert!(std::ptr::eq(theirs, claim(&slots, 5, &ours, Some(false)).unwrap()));
    assert_eq!(theirs.snapshot().unwrap().details.unwrap().pid_namespace, ours.pid_namespace);
}

#[test]
fn slot_that_was_left_with_a_free_byte_is_taken_although_its_process_lives() {
    let living = Living::new();
    for facts in [living.facts(), ProcessFacts::gather()] {
        let slots = table(4);
        let slot = claim(&slots, 5, &facts, Some(true)).unwrap();
        // A second copy of this crate may have lost its byte; another process maps no segment here.
        assert_eq!(is_dead(&slots, 5, Some(false)), facts.pid != process::pid());
        slot.leave(5);
        assert!(!is_dead(&slots, 5, Some(true)) && is_dead(&slots, 5, Some(false)));
    }
}

#[test]
fn of_two_that_claim_at_a_time_with_one_token_each_gives_its_slot_back() {
    let slots = used_table(4);
    let word = |pid| Word { token: 5, pid, state: SlotState::Claimed, has_liveness_lock: false };
    assert!(slots.slots[0].take_free(word(100)) && slots.slots[1].take_free(word(200)));
    let checked = slots.as_ref().check_alone(&slots.slots[0], 5).unwrap_err();
    assert_eq!(checked, ClaimError::Collision { pid: 200 });
    assert_eq!(snapshots(&slots).len(), 1);
}

#[test]
fn slots_behind_those_that_were_ever_claimed_are_left_alone() {
    let slots = table(4);
    for token in 2..5 {
        claim(&slots, token, &facts(100 + token), None).unwrap();
        let claimed = slots.slots.iter().take_while(|slot| slot.word().is_some()).count();
        assert_eq!((snapshots(&slots).len(), claimed), (token as usize - 1, token as usize - 1));
    }
    // One that was given back is claimed before one that nobody has touched.
    slots.slots[1].give_back(3);
    assert!(std::ptr::eq(claim(&slots, 9, &facts(109), None).unwrap(), &slots.slots[1]));
}

#[test]
fn place_of_the_dead_is_taken_before_another_page_is_touched() {
    const A_PAGE: usize = 4096 / size_of::<Slot>();
    let slots = table(3 * A_PAGE);
    let (living, dead) = (Living::new(), facts(corpse()));
    let first_page = slots.slots.iter().position(begins_a_page).unwrap();
    for token in 0..2 * A_PAGE as u32 {
        let whose = if token == 0 { &dead } else { &living.facts() };
        claim(&slots, 10 + token, whose, None).unwrap();
    }
    // As many as fit on the pages that were touched before, and the one of the dead again.
    let last = snapshots(&slots).len();
    assert_eq!(last, 2 * A_PAGE - 1, "the slots begin in the middle of a page: {first_page}");
    assert!(snapshots(&slots).iter().all(|snapshot| snapshot.word.token != 10));
}

#[test]
fn time_of_attaching_is_told_also_after_2106() {
    const WRAPPED: u64 = 1 << 32;
    for (low, now, told) in [
        (1_795_000_000, 1_795_000_000, 1_795_000_000),
        (1_795_000_000, 1_795_000_009, 1_795_000_000),
        // Of a clock that is a minute ahead.
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
