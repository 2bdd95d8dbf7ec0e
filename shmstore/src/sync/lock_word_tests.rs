//! The table of transitions of a lock word, row by row. The loom models build `lock_word.rs`, so the tests are not in
//! it.

use super::atomics::AtomicU32;
use super::atomics::Ordering::Relaxed;
use super::lock_word::*;
use super::version_waiters::{self, Announced};

const OURS: u32 = 7;
const OTHER: u32 = 8;
const ALL_FLAGS: u32 = WAITERS | HAND_OFF | VERSION_WAITERS;

#[test]
fn bits_are_where_the_format_says() {
    assert_eq!([WAITERS, HAND_OFF, VERSION_WAITERS], [0x8000_0000, 0x4000_0000, 0x2000_0000]);
    assert_eq!(TOKEN, (1 << crate::segment::participants::TOKEN_BITS) - 1);
}

#[test]
fn a_free_lock_is_taken_unless_it_is_kept_for_another() {
    let all = [0, WAITERS, HAND_OFF, VERSION_WAITERS, ALL_FLAGS];
    for flags in all {
        let word = AtomicU32::new(flags);
        assert_eq!(take(&word, OURS, Claim::Try), Attempt::Taken);
        assert_eq!(word.load(Relaxed), flags | OURS);

        let word = AtomicU32::new(flags);
        assert_eq!(take_or_announce(&word, OURS, Claim::Slept), Attempt::Taken);
        assert_eq!(word.load(Relaxed), flags & VERSION_WAITERS | WAITERS | OURS, "kept for a thread that has slept");

        let word = AtomicU32::new(flags);
        let kept = flags & HAND_OFF != 0;
        let (outcome, left) = if kept { (Attempt::Held(flags), flags) } else { (Attempt::Taken, flags | OURS) };
        assert_eq!(take(&word, OURS, Claim::Newcomer), outcome);
        assert_eq!(word.load(Relaxed), left);

        assert_eq!(try_take(&AtomicU32::new(flags), OURS), flags == 0, "the fast path is for no flags");
    }
}

#[test]
fn a_held_lock_is_taken_by_no_thread() {
    for (holder, claim) in [(OURS, Claim::Try), (OTHER, Claim::Newcomer), (OTHER, Claim::Slept)] {
        let word = AtomicU32::new(holder | VERSION_WAITERS);
        assert!(!try_take(&word, OURS));
        assert_eq!(take(&word, OURS, claim), Attempt::Held(holder | VERSION_WAITERS));
        assert_eq!(word.load(Relaxed), holder | VERSION_WAITERS);
    }
}

#[test]
fn a_waiter_announces_itself_once_and_asks_for_hand_off_when_it_has_slept_in_vain() {
    let word = AtomicU32::new(OTHER);
    for (claim, flags) in [
        (Claim::Newcomer, WAITERS),
        (Claim::Newcomer, WAITERS),
        (Claim::Slept, WAITERS | HAND_OFF),
        (Claim::Newcomer, WAITERS | HAND_OFF),
    ] {
        assert_eq!(take_or_announce(&word, OURS, claim), Attempt::Held(OTHER | flags));
        assert_eq!(word.load(Relaxed), OTHER | flags);
    }
    let kept = AtomicU32::new(HAND_OFF);
    assert_eq!(take_or_announce(&kept, OURS, Claim::Newcomer), Attempt::Held(HAND_OFF | WAITERS));
}

#[test]
fn a_waiter_that_gives_up_leaves_the_lock_to_newcomers() {
    let word = AtomicU32::new(HAND_OFF | WAITERS);
    give_up(&word);
    assert_eq!(word.load(Relaxed), WAITERS);
    assert_eq!(take(&word, OURS, Claim::Newcomer), Attempt::Taken);
}

#[test]
fn a_lock_is_taken_over_from_its_holder_only() {
    for flags in [0, WAITERS, ALL_FLAGS] {
        let word = AtomicU32::new(OTHER | flags);
        assert!(!take_over(&word, OURS + 5, OURS));
        assert_eq!(word.load(Relaxed), OTHER | flags);
        assert!(take_over(&word, OTHER, OURS));
        assert_eq!(word.load(Relaxed), OURS | WAITERS | flags & VERSION_WAITERS);
    }
    assert!(!take_over(&AtomicU32::new(0), OTHER, OURS), "it was freed before it was taken over");
}

#[test]
fn release_frees_and_tells_of_waiters() {
    let word = AtomicU32::new(OURS);
    assert!(try_release(&word, OURS));
    assert_eq!(word.load(Relaxed), 0);
    for flags in [0, WAITERS, VERSION_WAITERS, HAND_OFF, ALL_FLAGS] {
        let word = AtomicU32::new(OURS | flags);
        assert_eq!(try_release(&word, OURS), flags == 0);
        if flags != 0 {
            assert_eq!(release(&word, OURS, 0), Some(OURS | flags));
        }
        assert_eq!(word.load(Relaxed), flags & HAND_OFF);
    }
}

#[test]
fn release_leaves_the_lock_of_another_process_alone() {
    for found in [0, WAITERS, OTHER, OTHER | ALL_FLAGS] {
        let word = AtomicU32::new(found);
        assert!(!try_release(&word, OURS));
        assert_eq!(release(&word, OURS, 0), None);
        assert_eq!(word.load(Relaxed), found);
    }
}

#[test]
fn waiters_for_a_version_are_woken_once() {
    let (word, bell) = (AtomicU32::new(OURS), AtomicU32::new(5));
    assert!(!version_waiters::take(&word, &bell, true));
    for flags in [0, VERSION_WAITERS] {
        assert_eq!(word.load(Relaxed), OURS | flags);
        assert_eq!(version_waiters::announce(&word, &bell), Announced { bell: 5, is_held: true });
    }
    assert!(version_waiters::take(&word, &bell, true));
    assert!(!version_waiters::take(&word, &bell, false));
    assert_eq!((word.load(Relaxed), bell.load(Relaxed)), (OURS, 6));
    assert!(!version_waiters::announce(&AtomicU32::new(0), &bell).is_held);
}
