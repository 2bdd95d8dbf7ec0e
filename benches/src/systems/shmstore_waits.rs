//! shmstore: calls and answers by one of several values, each of which is waited for.

use std::array;
use std::path::Path;

use ::shmstore::{Awaitable, Shared, ShmObject, Store, Versioned, wait_any};

use super::{SECOND, Sides, Talk};
use crate::Failure;

/// The values of both directions.
#[derive(ShmObject)]
#[repr(C)]
#[shm(id = 'A')]
struct Values<const NUMBER: usize> {
    calls: [Versioned<u64>; NUMBER],
    answers: [Versioned<u64>; NUMBER],
}

/// One side of a conversation.
pub struct AnyOf<const NUMBER: usize> {
    values: Shared<Values<NUMBER>>,
    is_caller: bool,
    round: u64,
    seen: [u64; NUMBER],
}

impl<const NUMBER: usize> AnyOf<NUMBER> {
    fn of(values: Shared<Values<NUMBER>>, is_caller: bool) -> Self {
        Self { values, is_caller, round: 0, seen: [0; NUMBER] }
    }
}

impl<const NUMBER: usize> Sides for AnyOf<NUMBER> {
    const NAME: &'static str = "shmstore";

    fn create(directory: &Path) -> Result<Self, Failure> {
        Ok(Self::of(Store::open(directory)?.create()?, false))
    }

    fn open(directory: &Path) -> Result<Self, Failure> {
        Ok(Self::of(Store::open(directory)?.attach()?, true))
    }
}

impl<const NUMBER: usize> Talk for AnyOf<NUMBER> {
    fn call(&mut self) {
        self.answer();
        assert!(self.receive(), "the other process does not answer");
    }

    fn receive(&mut self) -> bool {
        let heard = if self.is_caller { &self.values.answers } else { &self.values.calls };
        let newer: [_; NUMBER] = array::from_fn(|at| heard[at].newer(self.seen[at]));
        let Ok(ready) = wait_any(&newer.each_ref().map(|newer| newer as &dyn Awaitable), SECOND) else { return false };
        for at in ready {
            self.seen[at] = heard[at].load_versioned().0;
        }
        true
    }

    fn answer(&mut self) {
        let told = if self.is_caller { &self.values.calls } else { &self.values.answers };
        self.round += 1;
        told[self.round as usize % NUMBER].store(self.round);
    }
}
