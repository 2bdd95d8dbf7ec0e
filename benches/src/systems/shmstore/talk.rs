//! Two values of shmstore, one for each direction: polled, or slept for.

use std::hint::spin_loop;
use std::path::Path;

use ::shmstore::{CacheAligned, Shared, ShmObject, Store, Versioned, Writer};

use super::NAME;
use crate::Failure;
use crate::systems::{PATIENCE, SECOND, Talk};

/// A value for each direction.
#[derive(ShmObject)]
#[repr(C)]
#[shm(id = 'T')]
pub struct Values {
    call: CacheAligned<Versioned<u64>>,
    answer: CacheAligned<Versioned<u64>>,
}

/// Either side, polling: each leases the value that it stores.
pub struct Polling {
    tells: Writer<'static, u64>,
    hears: &'static Versioned<u64>,
    round: u64,
}

/// Either side, sleeping.
pub struct Sleeping {
    values: Shared<Values>,
    /// What was stored last in the direction that this side hears.
    seen: u64,
}

/// An object that stays attached for the process's life, so that a lease can be kept.
fn kept(values: Shared<Values>) -> &'static Values {
    Box::leak(Box::new(values))
}

impl Talk for Polling {
    const NAME: &'static str = NAME;

    fn create(directory: &Path) -> Result<Self, Failure> {
        let values = kept(Store::open(directory)?.create()?);
        Ok(Self { tells: values.answer.writer(), hears: &values.call, round: 0 })
    }

    fn open(directory: &Path) -> Result<Self, Failure> {
        let values = kept(Store::open(directory)?.attach()?);
        Ok(Self { tells: values.call.writer(), hears: &values.answer, round: 0 })
    }

    #[inline]
    fn call(&mut self) {
        self.round += 1;
        self.tells.store(self.round);
        while self.hears.load() != self.round {
            spin_loop();
        }
    }

    #[inline]
    fn receive(&mut self) -> bool {
        let next = self.round + 1;
        for _ in 0..PATIENCE {
            if self.hears.load() == next {
                self.round = next;
                return true;
            }
            spin_loop();
        }
        false
    }

    #[inline]
    fn answer(&mut self) {
        self.tells.store(self.round);
    }
}

impl Talk for Sleeping {
    const NAME: &'static str = NAME;

    fn create(directory: &Path) -> Result<Self, Failure> {
        Ok(Self { values: Store::open(directory)?.create()?, seen: 0 })
    }

    fn open(directory: &Path) -> Result<Self, Failure> {
        Ok(Self { values: Store::open(directory)?.attach()?, seen: 0 })
    }

    fn call(&mut self) {
        self.values.call.store(self.seen + 1);
        self.seen = self.values.answer.wait_newer(self.seen, SECOND).expect("the other process answers").0;
    }

    fn receive(&mut self) -> bool {
        let called = self.values.call.wait_newer(self.seen, SECOND);
        called.map(|(version, _)| self.seen = version).is_ok()
    }

    fn answer(&mut self) {
        self.values.answer.store(self.seen);
    }
}
