//! The words of entries, of chains, and of intents.
//!
//! # State
//!
//! | bits | what |
//! |---|---|
//! | 0–1 | [`FREE`], [`LINKED`] or [`LIVE`] |
//! | 2–31 | generation: how many keys the entry had so far |
//!
//! | kind | the key is in the map | key, hash and next may be read |
//! |---|---|---|
//! | free | no | no |
//! | linked | no | yes: the entry is in its bucket's chain, is about to be, or was until just now |
//! | live | yes | yes |
//!
//! A key is inserted by the one store from linked to live, and removed by the one store from live to linked.
//!
//! # Head
//!
//! | bits | what |
//! |---|---|
//! | 0–31 | the link to the first entry of the chain |
//! | 32–63 | filter: for each entry of the chain the bit 32 + (hash mod 32) |
//!
//! Most searches for a key that is not in the map end at the filter, and touch no entry.
//!
//! # Intent
//!
//! The intent says what the holder of the structure lock is about to do. If the holder dies, the next one completes it,
//! or takes it back.
//!
//! | bits | what |
//! |---|---|
//! | 0–31 | the link to the entry. The word is 0 if nothing is going on |
//! | 32 | 0 for an insertion, 1 for a removal |
//! | 33–63 | the number of keys before |
//!
//! A *link* is the index of an entry plus 1. Link 0 is the end of a chain, or of the free list.

pub(crate) const FREE: u32 = 0;
pub(crate) const LINKED: u32 = 1;
pub(crate) const LIVE: u32 = 2;

const KIND: u32 = 3;

/// Returns the kind of a state. 3 is none of the kinds, and only a process that breaks the protocol writes it.
#[inline(always)]
pub(crate) fn kind(state: u32) -> u32 {
    state & KIND
}

/// Returns the state of the same generation and of this kind.
#[inline(always)]
pub(crate) fn with_kind(state: u32, kind: u32) -> u32 {
    state & !KIND | kind
}

/// Returns the state of the next generation and of this kind.
#[inline(always)]
pub(super) fn next_generation(state: u32, kind: u32) -> u32 {
    with_kind(state.wrapping_add(KIND + 1), kind)
}

/// Returns `true` if an entry that was in the state `before` has had the same key until `now`.
#[inline(always)]
pub(crate) fn is_same_key(before: u32, now: u32) -> bool {
    (before ^ now) & !KIND == 0 && kind(now) != FREE
}

/// What the holder of the structure lock does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operation {
    Insert,
    Remove,
}

/// What the holder of the structure lock is about to do, decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Intent {
    pub(crate) operation: Operation,
    pub(crate) link: u32,
    pub(crate) len: u32,
}

impl Intent {
    #[inline(always)]
    pub(super) fn word(self) -> u64 {
        let operation = match self.operation {
            Operation::Insert => 0,
            Operation::Remove => 1 << 32,
        };
        u64::from(self.link) | operation | u64::from(self.len) << 33
    }

    #[inline]
    pub(crate) fn of(word: u64) -> Self {
        let operation = if word & 1 << 32 == 0 { Operation::Insert } else { Operation::Remove };
        Self { operation, link: word as u32, len: (word >> 33) as u32 }
    }

    /// Returns the number of keys while the entry is in this state.
    #[inline]
    pub(crate) fn len_now(self, state: u32) -> u32 {
        match (self.operation, kind(state) == LIVE) {
            (Operation::Insert, true) => self.len.wrapping_add(1),
            (Operation::Remove, false) => self.len.wrapping_sub(1),
            _ => self.len,
        }
    }
}

/// Returns the bucket of a hash in a map of this capacity. There are two buckets for each entry.
#[inline(always)]
pub(crate) fn bucket(hash: u32, capacity: u64) -> u64 {
    (u64::from(hash) * (2 * capacity)) >> 32
}

/// The head of a bucket's chain, decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Head {
    /// The link to the first entry.
    pub(crate) first: u32,
    /// A bit for the hash of each entry.
    pub(crate) filter: u32,
}

impl Head {
    #[inline(always)]
    pub(crate) fn of(word: u64) -> Self {
        Self { first: word as u32, filter: (word >> 32) as u32 }
    }

    #[inline(always)]
    pub(crate) fn word(self) -> u64 {
        u64::from(self.first) | u64::from(self.filter) << 32
    }

    /// Returns `false` if no entry of the chain has this hash.
    #[inline(always)]
    pub(crate) fn may_have(self, hash: u32) -> bool {
        self.filter & Self::bit(hash) != 0
    }

    /// Returns the head with the bit of a hash.
    #[inline(always)]
    pub(crate) fn with(self, hash: u32) -> Self {
        Self { filter: self.filter | Self::bit(hash), ..self }
    }

    /// The lowest bits of the hash choose the bit, as the highest ones have chosen the bucket.
    #[inline(always)]
    fn bit(hash: u32) -> u32 {
        1 << (hash & 31)
    }
}
