//! A `Queue` of any type.

use super::{Ring, RingPlaces};
use crate::inspect::memory::Memory;
use crate::layout::schema::OwnedSchema;
use crate::sync::queue::word::{self, is_full, is_taken, lap, lap_of, next_lap};
use crate::sync::queue_words;

/// A `Queue`.
#[derive(Clone, Copy)]
pub(crate) struct Queue<'m>(Ring<'m>);

/// The positions whose items may be in a queue. From `oldest` to `cursor` there are at most as many positions as slots,
/// and from `cursor` to `tail`, too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    /// The oldest position whose item may not be finished.
    pub(crate) oldest: u64,
    /// The next position to deliver.
    pub(crate) cursor: u64,
    /// The next position to fill.
    pub(crate) tail: u64,
}

impl<'m> Queue<'m> {
    pub(crate) fn of(
        schema: &OwnedSchema,
        value: &OwnedSchema,
        capacity: u64,
        memory: Memory<'m>,
        at: usize,
    ) -> Result<Self, String> {
        Ring::of(RingPlaces::of_queue(schema, value, capacity)?, value, (memory, at)).map(Self)
    }

    pub(crate) fn ring(&self) -> &Ring<'m> {
        &self.0
    }

    /// Returns the positions whose items may be there now. `look` is called before each slot is read. If it returns
    /// `false`, the search ends.
    ///
    /// The tail in memory may be too low, because a producer may have died before it moved the tail.
    pub(crate) fn span(&self, mut look: impl FnMut() -> bool) -> Result<Span, String> {
        let Self(ring) = self;
        // The cursor first, because it never overtakes the tail.
        let [head, cursor, mut tail] =
            [ring.word(queue_words::HEAD)?, ring.word(queue_words::CURSOR)?, ring.word(queue_words::TAIL)?];
        for _ in 0..ring.capacity() {
            if !look() || !self.was_filled(tail)? {
                break;
            }
            tail = tail.wrapping_add(1);
        }
        // The cursor may be ahead of a tail that is too low.
        let ahead = tail.wrapping_sub(cursor);
        let ahead = if (ahead as i64) < 0 { 0 } else { ahead.min(ring.capacity()).min(tail) };
        let cursor = tail.wrapping_sub(ahead);
        let behind = cursor.wrapping_sub(head).min(ring.capacity()).min(cursor);
        Ok(Span { oldest: cursor.wrapping_sub(behind), cursor, tail })
    }

    /// Returns `true` if an item was published at a position.
    fn was_filled(&self, position: u64) -> Result<bool, String> {
        let word = self.0.slot_word(position)?;
        let own = lap_of(position, self.0.capacity());
        Ok(if lap(word) == own { word != word::free(own) } else { word == word::free(next_lap(own)) })
    }

    /// Returns the word of a position's item, or `None` if the item is finished or not there yet.
    pub(crate) fn item(&self, position: u64) -> Result<Option<u64>, String> {
        let word = self.0.slot_word(position)?;
        Ok(Self::is_item(word, position, self.0.capacity()).then_some(word))
    }

    /// Returns `true` if no process has taken the item of this word.
    pub(crate) fn waits(word: u64) -> bool {
        is_full(word)
    }

    /// Returns the word of an item after its taker has gone. The item waits again.
    pub(crate) fn come_back(word: u64) -> u64 {
        if is_taken(word) { word::returned(word) } else { word }
    }

    /// Returns `true` if a slot with this word has the unfinished item of a position.
    pub(crate) fn is_item(word: u64, position: u64, capacity: u64) -> bool {
        lap(word) == lap_of(position, capacity) && (is_full(word) || is_taken(word))
    }

    /// Returns the word of the same item at a position of another queue.
    pub(crate) fn moved(word: u64, position: u64, capacity: u64) -> u64 {
        word::full(lap_of(position, capacity)) | u64::from(word as u32)
    }

    /// Returns the word of a slot after the item of a position is finished.
    pub(crate) fn finished(position: u64, capacity: u64) -> u64 {
        word::free(next_lap(lap_of(position, capacity)))
    }

    /// Copies an item that no process has taken. Returns `None` if it is not there, or was taken meanwhile.
    pub(crate) fn waiting_item(&self, position: u64) -> Result<Option<Vec<u8>>, String> {
        let own = lap_of(position, self.0.capacity());
        let is_whole = |before, after| before == after && lap(before) == own && is_full(before);
        Ok(self.0.copy(position, is_whole)?.map(|(_, bytes)| bytes))
    }

    /// Copies an unfinished item, taken or waiting, with its word. Returns `None` if it is not there.
    ///
    /// No process writes the bytes of an item that is taken or comes back. So the copy is whole as long as the lap in
    /// the word stays the same.
    pub(crate) fn unfinished_item(&self, position: u64) -> Result<Option<(u64, Vec<u8>)>, String> {
        let mut bytes = Vec::new();
        Ok(self.unfinished_item_into(position, &mut bytes)?.map(|word| (word, bytes)))
    }

    /// The same, to memory that is used again.
    pub(crate) fn unfinished_item_into(&self, position: u64, to: &mut Vec<u8>) -> Result<Option<u64>, String> {
        let is_there = |word| Self::is_item(word, position, self.0.capacity());
        self.0.copy_into(position, |before, after| is_there(before) && is_there(after), to)
    }
}
