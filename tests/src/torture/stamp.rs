//! Values that carry their own check: who wrote them, his count, and a sum over all of it.

use std::mem::size_of;

use shmstore::ShmValue;

/// Who wrote a value, and the how-many-th of his it is: 4 and 36 bits, and 24 bits of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp(pub(super) u64);

const CHECK_BITS: u32 = 24;
const COUNTER_BITS: u32 = 36;

impl Stamp {
    pub(super) fn new(writer: usize, counter: u64) -> Self {
        let body = (writer as u64) << COUNTER_BITS | (counter & ((1 << COUNTER_BITS) - 1));
        Self(body << CHECK_BITS | mix(body) >> (64 - CHECK_BITS))
    }

    pub(super) fn writer(self) -> usize {
        (self.0 >> (CHECK_BITS + COUNTER_BITS)) as usize
    }

    pub(super) fn counter(self) -> u64 {
        self.body() & ((1 << COUNTER_BITS) - 1)
    }

    /// Without the check.
    pub(super) fn body(self) -> u64 {
        self.0 >> CHECK_BITS
    }

    fn is_whole(self) -> bool {
        self.0 & ((1 << CHECK_BITS) - 1) == mix(self.body()) >> (64 - CHECK_BITS)
    }
}

pub(super) fn mix(number: u64) -> u64 {
    let mixed = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ mixed >> 31
}

/// A stamp, and words that follow from it: any mixture of two shows.
#[derive(Clone, Copy, ShmValue)]
#[repr(transparent)]
pub(super) struct Stamped<const WORDS: usize>([u64; WORDS]);

impl<const WORDS: usize> Stamped<WORDS> {
    pub(super) fn of(stamp: Stamp) -> Self {
        Self(std::array::from_fn(|at| word(stamp, at)))
    }

    pub(super) fn zeroed() -> Self {
        Self([0; WORDS])
    }

    pub(super) fn broken() -> Self {
        Self([u64::MAX; WORDS])
    }

    /// The stamp, if every word follows from it; version 0 is all zero.
    pub(super) fn check(&self, version: u64) -> Result<Stamp, String> {
        let stamp = Stamp(self.0[0]);
        let size = size_of::<Self>();
        if version == 0 {
            let zero = self.0.iter().all(|&word| word == 0);
            return if zero { Ok(stamp) } else { Err(format!("version 0 of {size} bytes is not zero")) };
        }
        if !stamp.is_whole() {
            return Err(format!("torn: version {version} of {size} bytes has the stamp {:#x}", stamp.0));
        }
        match (1..WORDS).find(|&at| self.0[at] != word(stamp, at)) {
            None => Ok(stamp),
            Some(at) => Err(format!("torn: word {at} of version {version} of {size} bytes is not of {:#x}", stamp.0)),
        }
    }
}

fn word(stamp: Stamp, at: usize) -> u64 {
    if at == 0 { stamp.0 } else { (stamp.0 ^ at as u64).wrapping_mul(0x94d0_49bb_1331_11eb) }
}
