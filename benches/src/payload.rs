//! The stored and loaded value: words that are all the same, so that a mixture of two stores shows.

use std::hint::black_box;

use shmstore::ShmValue;

/// A source or destination of copies. It begins on a cache line, so that an allocator's choice favors no system.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
pub struct Aligned<T>(pub T);

/// `WORDS` times 8 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ShmValue)]
#[repr(C)]
pub struct Payload<const WORDS: usize>(pub [u64; WORDS]);

impl<const WORDS: usize> Payload<WORDS> {
    /// The size, in bytes.
    pub const BYTES: usize = WORDS * 8;

    /// All words of one value.
    pub const fn filled(word: u64) -> Self {
        Self([word; WORDS])
    }

    /// Values to be stored in turn. They are filled before anything is measured.
    pub fn in_turn() -> Box<Aligned<[Self; 4]>> {
        Box::new(Aligned([1, 2, 3, 4].map(Self::filled)))
    }

    /// A destination for reads.
    pub fn room() -> Box<Aligned<Self>> {
        Box::new(Aligned(Self::filled(0)))
    }

    /// The first word.
    pub fn word(&self) -> u64 {
        self.0[0]
    }

    /// The first word, to be changed.
    pub fn word_mut(&mut self) -> &mut u64 {
        &mut self.0[0]
    }

    /// Returns `true` if its two ends are of different stores. This check is cheap enough for every load.
    #[inline(always)]
    pub fn ends_differ(&self) -> bool {
        self.0[0] != self.0[WORDS - 1]
    }

    /// Returns `true` if any two words are of different stores.
    pub fn is_torn(&self) -> bool {
        black_box(&self.0).iter().any(|&word| word != self.0[0])
    }

    /// The bytes.
    pub fn bytes(&self) -> &[u8] {
        bytemuck::cast_slice(&self.0)
    }

    /// The bytes, to be written.
    pub fn bytes_mut(&mut self) -> &mut [u8] {
        bytemuck::cast_slice_mut(&mut self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_and_destinations_of_copies_begin_on_a_cache_line() {
        let (values, room) = (Payload::<512>::in_turn(), Payload::<512>::room());
        let places = values.0.iter().chain([&room.0]).map(|value| value.bytes().as_ptr().addr() % 64);
        assert_eq!(places.sum::<usize>(), 0);
    }
}
