//! The table of transitions of a lock word, row by row. (Not in `lock_word.rs`, which the loom models build too.)

use super::atomics::AtomicU32;
use super::atomics::Ordering::Relaxed;
use super::lock_word::*;

const OURS: u32 = 7;
const THEIRS: u32 = 8;
const ALL_FLAGS: u32 = WAITERS | HAND_OFF | VERSION_WAITERS;

#[test]
fn bits_are_where_the_format_says() {
    assert_eq!([WAITERS, HAND_OFF, VERSION_WAITERS], [0x8000_0000, 0x4000_0000, 0x2000_0000]);
    assert_eq!(TOKEN, (1 << crate::participants::TOKEN_BITS) - 1);
}

#[test]
fn a_free_lock_is_taken_whatever_its_flags() {
    for flags in [0, WAITERS, HAND_OFF, VERSION_WAITERS, ALL_FLAGS] {
        let word = AtomicU32::new(flags);
        assert_eq!(take(&word, OURS, 0), Attempt::Taken);
        assert_eq!(word.load(Relaxed), flags | OURS);
        let word = AtomicU32::new(flags);
        assert_eq!(take_or_announce(&word, OURS, WAITERS), Attempt::Taken, "by one that has slept");
        assert_eq!(word.load(Relaxed), flags | OURS | WAITERS);
        assert_eq!(try_take(&AtomicU32::new(flags), OURS), flags == 0, "the fast path is for no flags");
    }
}

#[test]
fn a_held_lock_is_not_taken_by_anyone() {
    for holder in [OURS, THEIRS] {
        let word = AtomicU32::new(holder | VERSION_WAITERS);
        assert!(!try_take(&word, OURS));
        assert_eq!(take(&word, OURS, WAITERS), Attempt::Held(holder | VERSION_WAITERS));
        assert_eq!(word.load(Relaxed), holder | VERSION_WAITERS);
    }
}

#[test]
fn a_waiter_announces_itself_once() {
    let word = AtomicU32::new(THEIRS);
    for _ in 0..2 {
        assert_eq!(take_or_announce(&word, OURS, 0), Attempt::Held(THEIRS | WAITERS));
        assert_eq!(word.load(Relaxed), THEIRS | WAITERS);
    }
}

#[test]
fn release_frees_and_tells_of_waiters() {
    let word = AtomicU32::new(OURS);
    assert!(try_release(&word, OURS));
    assert_eq!(word.load(Relaxed), 0);
    for (held, outcome, left) in [
        (OURS, Release::Freed, 0),
        (OURS | WAITERS, Release::FreedWithWaiters, 0),
        (OURS | VERSION_WAITERS, Release::Freed, VERSION_WAITERS),
        (OURS | ALL_FLAGS, Release::FreedWithWaiters, VERSION_WAITERS | HAND_OFF),
    ] {
        let word = AtomicU32::new(held);
        assert_eq!(try_release(&word, OURS), held == OURS);
        if held != OURS {
            assert_eq!(release(&word, OURS), outcome);
        }
        assert_eq!(word.load(Relaxed), left);
    }
}

#[test]
fn release_leaves_a_lock_of_others_alone() {
    for found in [0, WAITERS, THEIRS, THEIRS | ALL_FLAGS] {
        let word = AtomicU32::new(found);
        assert!(!try_release(&word, OURS));
        assert_eq!(release(&word, OURS), Release::Lost);
        assert_eq!(word.load(Relaxed), found);
    }
}
