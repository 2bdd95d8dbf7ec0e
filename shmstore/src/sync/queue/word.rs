//! The word of a queue's slot: its lap, its state, and the process that has its item.
//!
//! | bits | what |
//! |---|---|
//! | 0–28 | token of the process that has taken the item. 0 if it is not taken |
//! | 29–31 | earlier deliveries of the item, 7 for seven or more |
//! | 32 | *full*: the slot has an item |
//! | 33–63 | lap, modulo 2^31 |
//!
//! A slot that is *free(L)* waits for the item of lap L, and all bits but the lap are 0. A slot that is *full(L)* has
//! this item. In a slot that is *taken(L, T)*, process T works on this item. Zero is free(0).
//!
//! The loom models build this file a second time.

const TOKEN: u64 = (1 << 29) - 1;
const DELIVERY: u64 = 1 << 29;
const DELIVERIES: u64 = 7 << 29;
const FULL: u64 = 1 << 32;
const LAP_SHIFT: u32 = 33;
/// The number of laps that a word distinguishes.
const LAPS: u64 = 1 << 31;

/// The word of a free slot that waits for the item of this lap.
#[inline(always)]
pub(crate) const fn free(lap: u64) -> u64 {
    lap << LAP_SHIFT
}

/// The word of a slot with a new item of this lap.
#[inline(always)]
pub(crate) const fn full(lap: u64) -> u64 {
    lap << LAP_SHIFT | FULL
}

/// The word of a full slot, once the process `token` has taken its item.
#[inline(always)]
pub(crate) const fn taken_by(full: u64, token: u32) -> u64 {
    full | token as u64
}

/// The word of a taken slot, once its item is returned: one more delivery, and no token.
#[inline(always)]
pub(crate) const fn returned(taken: u64) -> u64 {
    let full = taken & !TOKEN;
    if full & DELIVERIES == DELIVERIES { full } else { full + DELIVERY }
}

/// The lap after this one.
#[inline(always)]
pub(crate) const fn next_lap(lap: u64) -> u64 {
    (lap + 1) % LAPS
}

/// The lap of a position, for slots of `capacity`.
#[inline(always)]
pub(crate) const fn lap_of(position: u64, capacity: u64) -> u64 {
    position / capacity % LAPS
}

/// The lap in a word.
#[inline(always)]
pub(crate) const fn lap(word: u64) -> u64 {
    word >> LAP_SHIFT
}

/// The token of the process that has taken the item. 0 if it is not taken.
#[inline(always)]
pub(crate) const fn token(word: u64) -> u32 {
    (word & TOKEN) as u32
}

/// The earlier deliveries of the item, at most 7.
#[inline(always)]
pub(crate) const fn deliveries(word: u64) -> u32 {
    ((word & DELIVERIES) >> 29) as u32
}

/// Returns `true` if there is an item that no process has taken.
#[inline(always)]
pub(crate) const fn is_full(word: u64) -> bool {
    word & (FULL | TOKEN) == FULL
}

/// Returns `true` if there is an item that a process has taken.
#[inline(always)]
pub(crate) const fn is_taken(word: u64) -> bool {
    word & FULL != 0 && word & TOKEN != 0
}
