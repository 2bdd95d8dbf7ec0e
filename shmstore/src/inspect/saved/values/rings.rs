//! Queues and broadcasts in a saved object: as if no process had attached them.
//!
//! Slots are copied one after the other, while other processes go on. So the words of slots are not copied as they are.
//! They are made to fit the tail that was read first.

use super::{Copier, Refused, here};
use crate::inspect::ring::{Broadcast, Queue, Span};
use crate::layout::schema::OwnedSchema;

/// How often the search for the newest item is repeated if the item is overwritten before it is copied.
const TRIES: usize = 16;

impl Copier<'_> {
    /// Copies the items that were pushed before the call and are not finished.
    pub(super) fn queue(
        &mut self,
        schema: &OwnedSchema,
        value: &OwnedSchema,
        capacity: u64,
        at: usize,
    ) -> Result<(), Refused> {
        let queue = Queue::of(schema, value, capacity, self.memory, at).map_err(here)?;
        // It is no longer than the part, so the slots need not be counted.
        self.copies(schema.size())?;
        let Span { cursor, tail, .. } = queue.span(|| true).map_err(here)?;
        let places = queue.ring().places;
        for back in (1..=tail.min(capacity)).rev() {
            let position = tail - back;
            if let Some((word, bytes)) = queue.unfinished_item(position).map_err(here)? {
                self.put_at(at, places.value(position), &bytes)?;
                self.put_at(at, places.slot(position), &Queue::come_back(word).to_le_bytes())?;
            }
        }
        self.image.finish_queue(&places, at, cursor, tail).map_err(here)
    }

    /// Copies the items that are whole.
    pub(super) fn broadcast(
        &mut self,
        schema: &OwnedSchema,
        value: &OwnedSchema,
        capacity: u64,
        at: usize,
    ) -> Result<(), Refused> {
        let broadcast = Broadcast::of(schema, value, capacity, self.memory, at).map_err(here)?;
        self.copies(schema.size())?;
        let mut sent = 0;
        for _ in 0..TRIES {
            sent = broadcast.sent(|| true).map_err(here)?;
            if sent == 0 || broadcast.is_there(sent - 1).map_err(here)? {
                break;
            }
        }
        // The newest items come first. Meanwhile the older ones may be overwritten. The tail is put after the newest
        // whole item, because readers believe that each item before the tail is there, or was. A broadcast without a
        // whole item becomes a new one.
        let places = broadcast.ring().places;
        let mut tail = None;
        for back in 1..=sent.min(capacity) {
            let position = sent - back;
            if let Some(bytes) = broadcast.item(position).map_err(here)? {
                tail.get_or_insert(position + 1);
                let there = Broadcast::there(position).to_le_bytes();
                self.put_at(at, places.slot(position), &there)?;
                self.put_at(at, places.value(position), &bytes)?;
            }
        }
        self.image.finish_broadcast(&places, at, tail.unwrap_or(0)).map_err(here)
    }
}

#[cfg(test)]
mod tests;
