//! The words of queues and broadcasts, made to fit the items that were put.

use super::Image;
use crate::inspect::memory::offset;
use crate::inspect::ring::{Broadcast, Queue, RingPlaces};
use crate::sync::{broadcast_words, queue_words};

impl Image {
    /// Writes the words of a queue that begins at `at`, after the items with their own words.
    ///
    /// All other positions before the tail are finished.
    pub(crate) fn finish_queue(
        &mut self,
        places: &RingPlaces,
        at: usize,
        cursor: u64,
        tail: u64,
    ) -> Result<(), String> {
        let capacity = places.capacity;
        let mut oldest = None;
        for back in (1..=tail.min(capacity)).rev() {
            let position = tail - back;
            let slot = offset(at, places.slot(position))?;
            if Queue::is_item(self.word(slot, 8)?, position, capacity) {
                oldest.get_or_insert(position);
            } else {
                self.put(slot, &Queue::finished(position, capacity).to_le_bytes())?;
            }
        }
        let head = oldest.map_or(cursor, |oldest| oldest.min(cursor));
        self.put(offset(at, queue_words::TAIL)?, &tail.to_le_bytes())?;
        self.put(offset(at, queue_words::CURSOR)?, &cursor.to_le_bytes())?;
        self.put(offset(at, queue_words::HEAD)?, &head.to_le_bytes())?;
        // It differs from `scanned`, which is 0, if consumers have to look behind the cursor.
        self.put(offset(at, queue_words::RETURNED)?, &u32::from(head != cursor).to_le_bytes())
    }

    /// Writes the words of a broadcast that begins at `at`, after the items with their own words.
    ///
    /// All other positions before the tail are overwritten.
    pub(crate) fn finish_broadcast(&mut self, places: &RingPlaces, at: usize, tail: u64) -> Result<(), String> {
        for back in 1..=tail.min(places.capacity) {
            let position = tail - back;
            let slot = offset(at, places.slot(position))?;
            if self.word(slot, 8)? != Broadcast::there(position) {
                let next = Broadcast::being_written(position.wrapping_add(places.capacity));
                self.put(slot, &next.to_le_bytes())?;
            }
        }
        self.put(offset(at, broadcast_words::TAIL)?, &tail.to_le_bytes())
    }
}
