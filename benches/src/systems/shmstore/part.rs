//! shmstore's `Lock`, with what it guards beside it, and its `Transaction`.

use std::path::Path;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::{Acquire, Relaxed};

use ::shmstore::{Lock, Shared, ShmObject, Store, Versioned};

use super::NAME;
use crate::Failure;
use crate::payload::Payload;
use crate::systems::{Exclude, Transact};

/// A lock, what it guards, and a value.
#[derive(ShmObject)]
#[repr(C)]
#[shm(id = 'L')]
pub struct Parts {
    lock: Lock,
    count: AtomicU64,
    value: Versioned<Payload<8>>,
}

impl Exclude for Shared<Parts> {
    const NAME: &'static str = NAME;

    fn create(directory: &Path) -> Result<Self, Failure> {
        Ok(Store::open(directory)?.create()?)
    }

    fn open(directory: &Path) -> Result<Self, Failure> {
        Ok(Store::open(directory)?.attach()?)
    }

    fn lock_rounds(&mut self, rounds: u64) {
        for _ in 0..rounds {
            drop(self.lock.lock().expect("nobody has died"));
        }
    }

    fn count_rounds(&mut self, rounds: u64) {
        for _ in 0..rounds {
            let _guard = self.lock.lock().expect("nobody has died");
            self.count.store(self.count.load(Relaxed) + 1, Relaxed);
        }
    }

    fn count(&self) -> u64 {
        self.count.load(Acquire)
    }
}

impl Transact for Shared<Parts> {
    const NAME: &'static str = NAME;

    fn create(directory: &Path) -> Result<Self, Failure> {
        Ok(Store::open(directory)?.create()?)
    }

    fn change_rounds(&mut self, rounds: u64) {
        for _ in 0..rounds {
            let mut transaction = self.value.begin();
            *transaction.word_mut() += 1;
            transaction.commit();
        }
    }

    fn word(&mut self) -> u64 {
        self.value.load().word()
    }
}
