//! ringfire's ring: one for each direction, polled.

use std::hint::spin_loop;
use std::path::{Path, PathBuf};

use ::ringfire::{RingConsumer, RingProducer};

use super::NAME;
use crate::Failure;
use crate::systems::{PATIENCE, Talk};

/// How many messages a ring has room for: one is under way.
const CAPACITY: u64 = 1024;

/// Either side.
pub struct Side {
    tells: RingProducer<u64>,
    /// The other side's ring, found when it is first listened to: each makes the one that it writes.
    hears: Option<RingConsumer<u64>>,
    heard: PathBuf,
    round: u64,
}

impl Side {
    fn new(directory: &Path, tells: &str, hears: &str) -> Result<Self, Failure> {
        let tells = RingProducer::create(directory.join(tells), CAPACITY)?;
        Ok(Self { tells, hears: None, heard: directory.join(hears), round: 0 })
    }

    #[inline]
    fn hear(&mut self) -> Option<u64> {
        let heard = &self.heard;
        let ring = self.hears.get_or_insert_with(|| RingConsumer::attach(heard).expect("the other side's ring"));
        ring.try_recv()
    }
}

impl Talk for Side {
    const NAME: &'static str = NAME;

    fn create(directory: &Path) -> Result<Self, Failure> {
        Self::new(directory, "answers", "calls")
    }

    fn open(directory: &Path) -> Result<Self, Failure> {
        Self::new(directory, "calls", "answers")
    }

    #[inline]
    fn call(&mut self) {
        self.round += 1;
        self.tells.push(&self.round);
        while self.hear() != Some(self.round) {
            spin_loop();
        }
    }

    #[inline]
    fn receive(&mut self) -> bool {
        for _ in 0..PATIENCE {
            if let Some(round) = self.hear() {
                self.round = round;
                return true;
            }
            spin_loop();
        }
        false
    }

    #[inline]
    fn answer(&mut self) {
        self.tells.push(&self.round);
    }
}
