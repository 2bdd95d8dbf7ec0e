//! The systems that are compared, each behind the same few traits.

pub mod memcpy;
pub mod ringfire;
pub mod shmstore;

use std::hint::black_box;
use std::path::Path;

use crate::Failure;
use crate::payload::Payload;

/// A system that keeps the newest value of something in shared memory.
pub trait Board {
    /// As tables show it.
    const NAME: &'static str;
    /// Its write side.
    type Writer<const WORDS: usize>: Write<WORDS> + 'static;
    /// Its read side.
    type Reader<const WORDS: usize>: Read<WORDS> + 'static;

    /// Makes the place for a value, with a first value in it.
    fn create<const WORDS: usize>(directory: &Path) -> Result<Self::Writer<WORDS>, Failure>;

    /// Finds it.
    fn open<const WORDS: usize>(directory: &Path) -> Result<Self::Reader<WORDS>, Failure>;
}

/// Who writes.
pub trait Write<const WORDS: usize> {
    /// Makes a value the newest.
    fn write(&mut self, value: &Payload<WORDS>);

    /// Writes `values` in turn, `rounds` in all.
    #[inline]
    fn write_rounds(&mut self, values: &[Payload<WORDS>; 4], rounds: u64) {
        for round in 0..rounds {
            self.write(black_box(&values[round as usize % 4]));
        }
    }
}

/// Who reads.
pub trait Read<const WORDS: usize> {
    /// Copies the newest value.
    fn read(&mut self, into: &mut Payload<WORDS>);

    /// Reads `rounds` times, and returns how many of the values are a mixture of two, as far as their ends tell.
    #[inline]
    fn read_rounds(&mut self, into: &mut Payload<WORDS>, rounds: u64) -> u64 {
        let mut torn = 0;
        for _ in 0..rounds {
            self.read(black_box(into));
            torn += u64::from(black_box(&*into).ends_differ());
        }
        torn
    }
}
