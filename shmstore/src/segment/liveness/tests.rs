use super::*;
use crate::segment::participants::ClaimError;
use crate::segment::participants::slot::Word;
use crate::segment::participants::tests::{Living, Table, claim, ended_pid, facts, table, used_table};

/// Returns `true` if a process of our own namespaces takes a token for dead, and finds liveness locks held, free or
/// unknown.
fn is_dead(slots: &Table, token: u32, lock_is_held: Option<bool>) -> bool {
    is_dead_if(slots, token, true, lock_is_held)
}

fn is_dead_if(slots: &Table, token: u32, has_unlisted: bool, lock_is_held: Option<bool>) -> bool {
    let facts = ProcessFacts::gather();
    let liveness = Liveness { token: 1, facts: &facts, shmid: -1, has_unlisted, lock_is_held: &|_| lock_is_held };
    liveness.token_is_dead(slots.as_ref(), token)
}

#[test]
fn only_its_liveness_lock_tells_of_a_process_of_another_namespace() {
    for pid_namespace in [0, 6] {
        let slots = table(1);
        claim(&slots, 2, &ProcessFacts { pid_namespace, ..facts(ended_pid()) }, Some(true)).unwrap();
        assert!(!is_dead(&slots, 2, None) && !is_dead(&slots, 2, Some(true)));
        assert!(is_dead(&slots, 2, Some(false)));
        assert_eq!(claim(&slots, 3, &facts(1), Some(true)).unwrap_err(), ClaimError::Full);
        claim(&slots, 3, &facts(1), Some(false)).unwrap();
    }
}

#[test]
fn free_liveness_lock_proves_nothing_of_a_process_that_holds_none() {
    let slots = table(1);
    claim(&slots, 2, &ProcessFacts { pid_namespace: 6, ..facts(ended_pid()) }, None).unwrap();
    assert!(!is_dead(&slots, 2, Some(false)));
}

#[test]
fn pid_with_another_start_time_is_another_process() {
    let living = Living::new();
    let now = living.facts();
    let is_dead = |facts: ProcessFacts, lock| {
        let slots = table(1);
        claim(&slots, 2, &facts, None).unwrap();
        is_dead(&slots, 2, lock)
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
fn program_before_exec_is_dead_and_a_second_copy_of_this_crate_is_not() {
    let ours = ProcessFacts::gather();
    let is_dead = |facts: ProcessFacts, claims: Option<bool>, lock| {
        let slots = table(1);
        claim(&slots, 2, &facts, claims).unwrap();
        is_dead(&slots, 2, lock)
    };
    assert_ne!(ours.exec_id, 0);
    for lock in [None, Some(false), Some(true)] {
        assert!(!is_dead(ours, Some(true), lock), "a second copy of this crate, whatever became of its descriptors");
        assert!(is_dead(ProcessFacts { exec_id: ours.exec_id ^ 1, ..ours }, None, lock), "what ran here before `exec`");
        assert!(
            is_dead(ProcessFacts { start: ours.start - 1, ..ours }, None, lock),
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
    let slots = table(1);
    let is_dead = |has_unlisted, lock_is_held| is_dead_if(&slots, 9, has_unlisted, lock_is_held);
    assert!(is_dead(false, None) && is_dead(false, Some(true)), "its slot was taken over when it had ended");
    assert!(is_dead(true, Some(false)));
    assert!(!is_dead(true, None) && !is_dead(true, Some(true)));
}

#[test]
fn only_the_liveness_lock_tells_of_a_slot_that_is_not_filled() {
    for has_liveness_lock in [true, false] {
        let slots = used_table(1);
        let half = Word { token: 2, pid: ended_pid(), state: SlotState::Claimed, has_liveness_lock, fields: 0 };
        assert!(slots.slots[0].take_free(half));
        assert!(!is_dead(&slots, 2, None) && !is_dead(&slots, 2, Some(true)));
        assert_eq!(is_dead(&slots, 2, Some(false)), has_liveness_lock);
        assert_eq!(claim(&slots, 3, &facts(1), Some(false)).is_ok(), has_liveness_lock);
    }
}

#[test]
fn token_in_no_slot_is_dead_unless_its_liveness_lock_is_held() {
    let slots = table(1);
    assert!(is_dead(&slots, 2, Some(false)));
    assert!(!is_dead(&slots, 2, Some(true)));
    assert!(!is_dead(&slots, 2, None));
}

#[test]
fn token_that_a_peer_has_written_into_every_slot_proves_nothing_and_costs_nothing() {
    let slots = used_table(65_536);
    let facts = facts(ended_pid());
    let word = Word { token: 2, pid: facts.pid, state: SlotState::Claimed, has_liveness_lock: false, fields: 0 };
    for slot in &slots.slots[..2] {
        assert!(slot.take_free(word) && slot.fill(word, &facts.details()));
    }
    assert!(is_dead(&slots, 2, None), "two that drew the same token, and have ended");
    // A pid that is alive and started at another time takes the longest to check.
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
fn slot_that_was_left_is_dead_with_its_liveness_lock_although_its_process_is_alive() {
    let living = Living::new();
    for facts in [living.facts(), ProcessFacts::gather()] {
        let slots = table(4);
        let slot = claim(&slots, 5, &facts, Some(true)).unwrap();
        // A second copy of this crate may have lost its liveness lock; another process maps no segment here.
        assert_eq!(is_dead(&slots, 5, Some(false)), facts.pid != std::process::id());
        slot.leave(5);
        assert!(!is_dead(&slots, 5, Some(true)) && is_dead(&slots, 5, Some(false)));
    }
}
