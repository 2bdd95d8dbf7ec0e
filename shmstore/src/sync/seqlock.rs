//! The two-slot sequence protocol: readers that never wait, and a writer that may be killed anywhere.
//!
//! The sequence number is 2n while version n is stable, and 2n+1 while version n+1 is being written. Version n is in
//! slot n mod 2, so what is being written is never what is valid. Versions count from 0, the zeros of a new object.
//!
//! | sequence | valid | being written | next |
//! |---|---|---|---|
//! | 2n | version n, slot n mod 2 | nothing | a writer stores 2n+1 |
//! | 2n+1 | version n, slot n mod 2 | version n+1, the other slot | its writer stores 2n+2; or it died, and the next one writes that slot again |
//!
//! A reader that saw version n is disturbed only by the writing of version n+2, which reuses its slot, and that begins
//! with 2n+3. So it accepts any number up to 2n+2.
//!
//! Why these orderings (Hans-J. Boehm, *Can seqlocks get along with programming language memory models?*, MSPC 2012):
//! - a reader's first fence pairs with the store of the number that it read: the slot's bytes are there;
//! - its second fence pairs with the writer's fence: whoever copied a byte of version n+2 sees 2n+3 or more;
//! - the odd number is stored with Release too: a reader that starts there copies what an *earlier* writer, maybe of
//!   another process, has written, and only a Release store hands that on.
//!
//! Built a second time by the loom models, with loom's atomics.

use super::atomics::Ordering::{Acquire, Relaxed, Release};
use super::atomics::{AtomicU64, fence};

/// Copies the newest version once, by `copy`, which is given the slot's index: 0 or 1.
///
/// Returns the version, or `None` if a writer may have disturbed the copy: then its bytes mean nothing. Only loads, so
/// it works on memory that is mapped read-only.
#[inline(always)]
pub(super) fn try_read(sequence: &AtomicU64, copy: impl FnOnce(usize)) -> Option<u64> {
    let before = sequence.load(Relaxed);
    fence(Acquire);
    copy(valid_slot(before));
    fence(Acquire);
    let after = sequence.load(Relaxed);
    undisturbed(before, after).then(|| version(before))
}

/// Copies the newest version, by `copy`, for somebody who holds the writer lock: nobody can disturb it.
#[inline(always)]
pub(super) fn read_locked(sequence: &AtomicU64, copy: impl FnOnce(usize)) -> u64 {
    let now = sequence.load(Acquire);
    copy(valid_slot(now));
    version(now)
}

/// Publishes the next version, written by `copy` into the slot whose index it is given: the free one. Returns the new
/// version.
///
/// The caller holds the writer lock, and knows what number is there. An odd one was left by a writer that died: its
/// half-written slot is simply written again.
#[inline(always)]
pub(super) fn write_after(sequence: &AtomicU64, now: u64, copy: impl FnOnce(usize)) -> u64 {
    let stable = now & !1;
    sequence.store(stable.wrapping_add(1), Release);
    fence(Release);
    copy(free_slot(stable));
    sequence.store(stable.wrapping_add(2), Release);
    version(stable).wrapping_add(1)
}

/// The sequence number while this version is stable.
#[inline(always)]
pub(super) const fn stable_at(version: u64) -> u64 {
    version << 1
}

/// The slot that the next version is written into: 0 or 1.
#[inline(always)]
pub(super) fn free_slot(sequence: u64) -> usize {
    valid_slot(sequence) ^ 1
}

/// The version that is valid at this sequence number.
#[inline(always)]
pub(super) fn version(sequence: u64) -> u64 {
    sequence >> 1
}

#[inline(always)]
fn valid_slot(sequence: u64) -> usize {
    (version(sequence) & 1) as usize
}

/// Whether the slot that was valid at `before` was left alone until `after`.
#[inline(always)]
fn undisturbed(before: u64, after: u64) -> bool {
    after.wrapping_sub(before & !1) <= 2
}
