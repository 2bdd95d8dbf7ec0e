//! The bare machine, for a lock: one exchange to take it, one store to let it go. Who dies with it keeps it; who waits, spins.

use std::hint::spin_loop;
use std::path::Path;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};

use super::Exclude;
use super::mapped::Mapped;
use crate::Failure;

/// A word.
pub struct Exchange(Mapped);

const LOCK: usize = 0;
const COUNT: usize = 1;

impl Exchange {
    #[inline]
    fn lock(&self) {
        while self.0.half_word(LOCK).swap(1, Acquire) != 0 {
            while self.0.half_word(LOCK).load(Relaxed) != 0 {
                spin_loop();
            }
        }
    }

    #[inline]
    fn unlock(&self) {
        self.0.half_word(LOCK).store(0, Release);
    }
}

impl Exclude for Exchange {
    const NAME: &'static str = "bare exchange";

    fn create(directory: &Path) -> Result<Self, Failure> {
        Ok(Self(Mapped::create(&directory.join("lock"))?))
    }

    fn open(directory: &Path) -> Result<Self, Failure> {
        Ok(Self(Mapped::open(&directory.join("lock"))?))
    }

    fn lock_rounds(&mut self, rounds: u64) {
        for _ in 0..rounds {
            self.lock();
            self.unlock();
        }
    }

    fn count_rounds(&mut self, rounds: u64) {
        let count = self.0.word(COUNT);
        for _ in 0..rounds {
            self.lock();
            count.store(count.load(Relaxed) + 1, Relaxed);
            self.unlock();
        }
    }

    fn count(&self) -> u64 {
        self.0.word(COUNT).load(Acquire)
    }
}
