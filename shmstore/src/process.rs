//! The token that stands for this process in lock words.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering::Relaxed;

/// A token has this many bits: a lock word keeps the rest for its flags.
pub(crate) const TOKEN_BITS: u32 = 29;

static TOKEN: AtomicU32 = AtomicU32::new(0);

/// The token of this process: random, never 0, below 2 to the 29th.
#[inline]
pub(crate) fn token() -> u32 {
    match TOKEN.load(Relaxed) {
        0 => draw(),
        token => token,
    }
}

#[cold]
fn draw() -> u32 {
    loop {
        let random = RandomState::new().build_hasher().finish() as u32 & ((1 << TOKEN_BITS) - 1);
        if random != 0 {
            return TOKEN.compare_exchange(0, random, Relaxed, Relaxed).err().unwrap_or(random);
        }
    }
}
