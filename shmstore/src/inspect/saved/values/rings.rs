//! Queues and broadcasts in a saved object: as if no process had attached them.
//!
//! Slots are copied one after the other, while other processes go on. So the words of slots are not copied as they are.
//! They are made to fit the tail that was read first.

use super::{Copier, Refused, here};
use crate::inspect::ring::{Broadcast, Queue, Span};
use crate::layout::schema::OwnedSchema;
use crate::sync::{broadcast_words, queue_words};

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
        let Span { cursor, tail, .. } = queue.span(|| self.visits().is_ok()).map_err(here)?;
        // The oldest unfinished item behind the cursor.
        let mut came_back = None;
        for back in (1..=tail.min(capacity)).rev() {
            self.visits()?;
            self.copies(8)?;
            let position = tail - back;
            let word = match queue.unfinished_item(position).map_err(here)? {
                Some((word, bytes)) => {
                    self.copies(value.size())?;
                    self.put(at + queue.ring().value(position) as usize, &bytes)?;
                    if position < cursor {
                        came_back.get_or_insert(position);
                    }
                    Queue::come_back(word)
                }
                None => queue.finished(position),
            };
            self.put(at + queue.ring().slot(position) as usize, &word.to_le_bytes())?;
        }
        self.copies(8 * 4)?;
        self.put(at + queue_words::TAIL as usize, &tail.to_le_bytes())?;
        self.put(at + queue_words::CURSOR as usize, &cursor.to_le_bytes())?;
        self.put(at + queue_words::HEAD as usize, &came_back.unwrap_or(cursor).to_le_bytes())?;
        // It differs from `scanned`, which is 0, so that consumers look behind the cursor.
        let returned = u32::from(came_back.is_some());
        self.put(at + queue_words::RETURNED as usize, &returned.to_le_bytes())
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
        let mut sent = 0;
        for _ in 0..TRIES {
            sent = broadcast.sent(|| self.visits().is_ok()).map_err(here)?;
            if sent == 0 || broadcast.is_there(sent - 1).map_err(here)? {
                break;
            }
        }
        let slot = |position| at + broadcast.ring().slot(position) as usize;
        // The newest items come first. Meanwhile the older ones may be overwritten. The tail is put after the newest
        // whole item, because readers believe that each item before the tail is there, or was.
        let mut tail = None;
        for back in 1..=sent.min(capacity) {
            self.visits()?;
            self.copies(8)?;
            let position = sent - back;
            match broadcast.item(position).map_err(here)? {
                Some(bytes) => {
                    self.copies(value.size())?;
                    tail.get_or_insert(position + 1);
                    self.put(slot(position), &Broadcast::there(position).to_le_bytes())?;
                    self.put(at + broadcast.ring().value(position) as usize, &bytes)?;
                }
                None if tail.is_some() => {
                    let next = Broadcast::being_written(position.wrapping_add(capacity));
                    self.put(slot(position), &next.to_le_bytes())?;
                }
                None => {}
            }
        }
        // A broadcast without a whole item becomes a new one.
        let tail = tail.unwrap_or(0);
        for position in tail.max(capacity)..if tail == 0 { 0 } else { sent } {
            self.put(slot(position), &Broadcast::being_written(position).to_le_bytes())?;
        }
        self.copies(8)?;
        self.put(at + broadcast_words::TAIL as usize, &tail.to_le_bytes())
    }
}

#[cfg(test)]
mod tests;
