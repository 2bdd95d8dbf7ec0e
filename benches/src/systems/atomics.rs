//! The bare machine, for a round trip: two atomics, each on a cache line of its own.

use std::hint::spin_loop;
use std::path::Path;
use std::sync::atomic::Ordering::{Acquire, Release};

use super::mapped::Mapped;
use super::{PATIENCE, Talk};
use crate::Failure;

/// A word for each direction.
pub struct Atomics {
    page: Mapped,
    round: u64,
}

const CALL: usize = 0;
const ANSWER: usize = 1;

impl Talk for Atomics {
    const NAME: &'static str = "bare atomics";

    fn create(directory: &Path) -> Result<Self, Failure> {
        Ok(Self { page: Mapped::create(&directory.join("words"))?, round: 0 })
    }

    fn open(directory: &Path) -> Result<Self, Failure> {
        Ok(Self { page: Mapped::open(&directory.join("words"))?, round: 0 })
    }

    #[inline]
    fn call(&mut self) {
        self.round += 1;
        self.page.word(CALL).store(self.round, Release);
        while self.page.word(ANSWER).load(Acquire) != self.round {
            spin_loop();
        }
    }

    #[inline]
    fn receive(&mut self) -> bool {
        self.round += 1;
        for _ in 0..PATIENCE {
            if self.page.word(CALL).load(Acquire) == self.round {
                return true;
            }
            spin_loop();
        }
        self.round -= 1;
        false
    }

    #[inline]
    fn answer(&mut self) {
        self.page.word(ANSWER).store(self.round, Release);
    }
}
