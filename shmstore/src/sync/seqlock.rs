//! The two-slot sequence protocol. Readers never wait, and a writer may be killed anywhere.
//!
//! The sequence number is 2n while version n is stable, and 2n+1 while version n+1 is being written. Version n is in
//! slot n mod 2, so a write never touches the slot of the valid version. Versions count from 0, the zeros of a new
//! object.
//!
//! | sequence | valid | being written | next |
//! |---|---|---|---|
//! | 2n | version n, slot n mod 2 | nothing | a writer stores 2n+1 |
//! | 2n+1 | version n, slot n mod 2 | version n+1, the other slot | its writer stores 2n+2 |
//!
//! If a writer dies at 2n+1, the next one writes that slot again.
//!
//! A reader of version n is disturbed only by the writing of version n+2, which reuses its slot and begins with 2n+3.
//! So it accepts any number up to 2n+2.
//!
//! The reasons for the orderings (Hans-J. Boehm, *Can seqlocks get along with programming language memory models?*,
//! MSPC 2012):
//! - A reader's first fence pairs with the store of the number that it read. So the slot's bytes are visible.
//! - A reader's second fence pairs with the writer's fence. So a reader that copied a byte of version n+2 sees 2n+3 or
//!   more.
//! - The odd number is stored with Release, too. A reader that starts there copies the bytes of an *earlier* writer,
//!   maybe of another process. Only a Release store makes these visible.
//!
//! The loom models build this file a second time, with loom's atomics.

use super::atomics::Ordering::{Acquire, Relaxed, Release};
use super::atomics::{AtomicU64, fence};

/// Copies the newest version once, by `copy`, which gets the index of the slot: 0 or 1.
///
/// Returns the version. `None` if a writer may have disturbed the copy. Then its bytes mean nothing. Only loads, so it
/// works on memory that is mapped read-only.
#[inline(always)]
pub(super) fn try_read(sequence: &AtomicU64, copy: impl FnOnce(usize)) -> Option<u64> {
    let before = sequence.load(Relaxed);
    fence(Acquire);
    copy(valid_slot(before));
    fence(Acquire);
    let after = sequence.load(Relaxed);
    undisturbed(before, after).then(|| version(before))
}

/// Copies the newest version, by `copy`, while the caller holds the write lock. No writer can disturb it.
#[inline(always)]
pub(super) fn read_locked(sequence: &AtomicU64, copy: impl FnOnce(usize)) -> u64 {
    let now = sequence.load(Acquire);
    copy(valid_slot(now));
    version(now)
}

/// Publishes the next version, and returns it. `copy` gets the index of the free slot, and writes the value there.
///
/// The caller holds the write lock, and passes the present number. A writer that died may have left an odd one. Then
/// its half-written slot is simply written again.
#[inline(always)]
pub(super) fn write_after(sequence: &AtomicU64, now: u64, copy: impl FnOnce(usize)) -> u64 {
    let stable = now & !1;
    sequence.store(stable.wrapping_add(1), Release);
    fence(Release);
    copy(free_slot(stable));
    sequence.store(stable.wrapping_add(2), Release);
    version(stable).wrapping_add(1)
}

/// Returns the sequence number while this version is stable.
#[inline(always)]
pub(super) const fn stable_at(version: u64) -> u64 {
    version << 1
}

/// Returns the index of the slot for the next version: 0 or 1.
#[inline(always)]
pub(super) fn free_slot(sequence: u64) -> usize {
    valid_slot(sequence) ^ 1
}

/// Returns the version that is valid at this sequence number.
#[inline(always)]
pub(super) fn version(sequence: u64) -> u64 {
    sequence >> 1
}

#[inline(always)]
fn valid_slot(sequence: u64) -> usize {
    (version(sequence) & 1) as usize
}

/// Returns `true` if no writer touched the slot that was valid at `before` until `after`.
#[inline(always)]
fn undisturbed(before: u64, after: u64) -> bool {
    after.wrapping_sub(before & !1) <= 2
}
