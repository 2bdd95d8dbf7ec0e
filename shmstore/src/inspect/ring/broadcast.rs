//! A `Broadcast` of any type.

use super::{Ring, RingPlaces};
use crate::inspect::memory::Memory;
use crate::layout::schema::OwnedSchema;
use crate::sync::{LAST_OF_BROADCAST, broadcast_words, next_in_slot};

/// A `Broadcast`.
#[derive(Clone, Copy)]
pub(crate) struct Broadcast<'m>(Ring<'m>);

impl<'m> Broadcast<'m> {
    /// The sequence number of an item that is there.
    pub(crate) fn there(position: u64) -> u64 {
        position.wrapping_add(1).wrapping_mul(2)
    }

    /// The sequence number of an item that is being written.
    pub(crate) fn being_written(position: u64) -> u64 {
        Self::there(position).wrapping_sub(1)
    }

    pub(crate) fn of(
        schema: &OwnedSchema,
        value: &OwnedSchema,
        capacity: u64,
        memory: Memory<'m>,
        at: usize,
    ) -> Result<Self, String> {
        Ring::of(RingPlaces::of_broadcast(schema, value, capacity)?, value, (memory, at)).map(Self)
    }

    pub(crate) fn ring(&self) -> &Ring<'m> {
        &self.0
    }

    /// Returns the number of items that were sent. `look` is called before each slot is read. If it returns `false`,
    /// the search ends.
    ///
    /// The tail in memory is a lower bound, because a sender may have died before it moved the tail.
    pub(crate) fn sent(&self, mut look: impl FnMut() -> bool) -> Result<u64, String> {
        let Self(ring) = self;
        let mut tail = ring.word(broadcast_words::TAIL)?;
        let mut least = u64::MAX;
        for _ in 0..ring.capacity() {
            if !look() {
                return Ok(tail);
            }
            let word = ring.slot_word(tail)?;
            if (word.wrapping_sub(Self::there(tail)) as i64) < 0 {
                return Ok(tail);
            }
            least = least.min(next_in_slot(word, ring.capacity()));
            tail = tail.wrapping_add(1);
        }
        // All slots are ahead of the tail: its process was killed when it skipped items.
        Ok(least.max(tail))
    }

    /// Returns `true` if an item is there.
    pub(crate) fn is_there(&self, position: u64) -> Result<bool, String> {
        Ok(position <= LAST_OF_BROADCAST && self.0.slot_word(position)? == Self::there(position))
    }

    /// Returns `true` if an item was there, and its slot is used for a newer one.
    pub(crate) fn is_overwritten(&self, position: u64) -> Result<bool, String> {
        let since = self.0.slot_word(position)?.wrapping_sub(Self::there(position)) as i64;
        Ok(position <= LAST_OF_BROADCAST && since > 0)
    }

    /// Copies an item. Returns `None` if it is not there, or was overwritten meanwhile.
    pub(crate) fn item(&self, position: u64) -> Result<Option<Vec<u8>>, String> {
        let mut bytes = Vec::new();
        Ok(self.item_into(position, &mut bytes)?.then_some(bytes))
    }

    /// Replaces the content of `to` by an item. Returns `false` if it is not there, or was overwritten meanwhile.
    pub(crate) fn item_into(&self, position: u64, to: &mut Vec<u8>) -> Result<bool, String> {
        if position > LAST_OF_BROADCAST {
            return Ok(false);
        }
        let there = Self::there(position);
        Ok(self.0.copy_into(position, |before, after| (before, after) == (there, there), to)?.is_some())
    }
}
