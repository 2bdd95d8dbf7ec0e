//! Numbers that can be had again: tests print the seed, and take it from `SHMSTORE_SEED`.

use std::ops::Range;
use std::time::{SystemTime, UNIX_EPOCH};

/// A generator of well-mixed numbers (SplitMix64, Steele, Lea and Flood 2014).
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Seeded from `SHMSTORE_SEED`, or else by the clock; prints the seed.
    pub fn seeded() -> Self {
        let clock = || SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos() as u64);
        let seed = std::env::var("SHMSTORE_SEED").map_or_else(|_| clock(), |seed| seed.parse().expect("a number"));
        println!("SHMSTORE_SEED={seed}");
        Self(seed)
    }

    pub fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    pub fn one_in(&mut self, times: usize) -> bool {
        self.within(0..times) == 0
    }

    /// A number of a range, which must not be empty.
    pub fn within(&mut self, range: Range<usize>) -> usize {
        range.start + (self.number() % range.len() as u64) as usize
    }
}
