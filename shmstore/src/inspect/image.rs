//! The bytes of an object that is being made, as if no process had attached it.
//!
//! Values are put into it one after the other. Then the words of a part are made to fit them.

mod frames;
mod maps;
mod rings;

use std::hint::black_box;

use super::memory::{Memory, OUTSIDE};

pub(crate) use maps::Used;

/// The bytes of an object that is being made. Each offset is checked, because a hostile schema may have any.
pub(crate) struct Image(Vec<u8>);

impl Image {
    /// Returns zeros, or the reason why there are not so many.
    pub(crate) fn zeroed(len: u64) -> Result<Self, String> {
        let beyond = || format!("{len} bytes are more than there is memory");
        let len = usize::try_from(len).map_err(|_| beyond())?;
        // `vec!` ends the process if there is no memory. But it takes memory only for pages that are written.
        let mut probe: Vec<u8> = Vec::new();
        probe.try_reserve_exact(len).map_err(|_| beyond())?;
        drop(black_box(probe));
        Ok(Self(vec![0; len]))
    }

    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    /// Writes bytes at an offset.
    #[inline]
    pub(crate) fn put(&mut self, at: usize, bytes: &[u8]) -> Result<(), String> {
        let to = at.checked_add(bytes.len()).and_then(|end| self.0.get_mut(at..end)).ok_or(OUTSIDE)?;
        to.copy_from_slice(bytes);
        Ok(())
    }

    /// Loads a word of 4 or 8 bytes that was put before.
    fn word(&self, at: usize, size: usize) -> Result<u64, String> {
        Ok(Memory::Copy(&self.0).integer(at, size)?)
    }

    /// Returns bytes that were put before.
    pub(crate) fn bytes(&self, at: usize, len: usize) -> Result<&[u8], String> {
        Ok(at.checked_add(len).and_then(|end| self.0.get(at..end)).ok_or(OUTSIDE)?)
    }
}
