//! Large values, which a writer hands to a reader where they are.

use std::path::Path;

use crate::Failure;

/// The number of words of a value: 4 MiB.
pub const WORDS: usize = (4 << 20) / size_of::<u64>();

/// A system that hands values from a writer to a reader.
pub trait Hand {
    /// The name in tables.
    const NAME: &'static str;
    /// Its write side.
    type Writer: 'static;
    /// Its read side.
    type Reader: 'static;

    /// Creates the memory, with nothing in it.
    fn create(directory: &Path) -> Result<Self::Writer, Failure>;

    /// Opens it. The reader gets what is published from now on.
    fn open(directory: &Path) -> Result<Self::Reader, Failure>;
}

/// A write side that publishes values of which only a word is written.
pub trait Publish {
    /// Gets room for a value, calls `word`, and publishes the value with this word in it.
    fn publish(&mut self, word: impl FnOnce() -> u64);
}

/// A read side that takes no copy.
pub trait Pin {
    /// Keeps the next value from being overwritten, reads its word, and lets the value go. `None` if there is none yet.
    fn next(&mut self) -> Option<u64>;
}

/// A read side that finds the newest value again and again.
pub trait Hold {
    /// Keeps the newest value from being overwritten, reads its first word, and lets the value go.
    fn hold(&mut self) -> u64;
}

/// A write side that publishes whole values.
pub trait Fill {
    /// Publishes a value of the words `first`, `first` + 1, `first` + 2, …
    fn fill(&mut self, first: u64);
}

/// A read side that reads whole values.
pub trait Sum {
    /// Returns the sum of all words of the next value. `None` if there is none yet.
    fn sum(&mut self) -> Option<u64>;
}

/// The sum of the words that [`Fill::fill`] writes.
pub const fn sum_from(first: u64) -> u64 {
    let words = WORDS as u64;
    first.wrapping_mul(words).wrapping_add(words * (words - 1) / 2)
}

/// Writes words of a value, from the word `first` on.
#[inline(always)]
pub fn fill_words(words: &mut [u64], first: u64) {
    for (word, at) in words.iter_mut().zip(0..) {
        *word = first.wrapping_add(at);
    }
}

/// Adds words up.
#[inline(always)]
pub fn sum_words(words: &[u64]) -> u64 {
    words.iter().fold(0, |sum, word| sum.wrapping_add(*word))
}
