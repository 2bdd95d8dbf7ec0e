//! A part as a library could publish it: a ring of the newest values, of any type.

use shmstore::{AnyBits, ShmObject, ShmValue, Versioned};

/// The newest `N` values that one process pushes.
///
/// A slot's version is the number of times that it was stored to, so the versions of all slots together are the number of values. There is
/// no other counter, which could be wrong after the process was killed between two writes.
#[derive(Debug, ShmObject)]
#[repr(C)]
pub struct Ring<T: ShmValue, const N: usize> {
    slots: [Versioned<T>; N],
}

impl<T: AnyBits, const N: usize> Ring<T, N> {
    /// Returns how many values were pushed.
    #[must_use]
    pub fn pushed(&self) -> u64 {
        self.slots.iter().map(Versioned::version).sum()
    }

    /// Adds a value, in the place of the oldest one. Only one process at a time may push.
    pub fn push(&self, value: T) {
        self.slots[self.pushed() as usize % N].store(value);
    }

    /// Returns the value with this number, counted from 0; `None` if it is not there yet, or was replaced.
    pub fn get(&self, number: u64) -> Option<T> {
        let (version, value) = self.slots[number as usize % N].load_versioned();
        (version == number / N as u64 + 1).then_some(value)
    }

    /// Returns the newest values with their numbers, oldest first.
    pub fn newest(&self) -> impl Iterator<Item = (u64, T)> {
        let pushed = self.pushed();
        (pushed.saturating_sub(N as u64)..pushed).filter_map(|number| Some((number, self.get(number)?)))
    }
}
