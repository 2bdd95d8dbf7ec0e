//! Queues and broadcasts, item by item.

use super::plan::Plan;
use super::{Converted, Converter, below};
use crate::inspect::{Broadcast, Memory, Queue, RingPlaces, Span, offset};
use crate::layout::path::Step;
use crate::layout::schema::OwnedKind;

impl Converter<'_> {
    /// Converts the items that wait.
    ///
    /// Each stays at its position if the new queue has a slot for that. In a queue that becomes shorter, the oldest
    /// ones move to the next positions for which there is one.
    pub(super) fn queue(
        &mut self,
        plan: &Plan<'_>,
        places: &RingPlaces,
        item: &Plan<'_>,
        from: usize,
        to: usize,
    ) -> Converted {
        let OwnedKind::Queue { capacity, value } = plan.from.kind() else { return Ok(()) };
        let fails = plan.fails();
        self.spend_part(plan).map_err(&fails)?;
        let old = Queue::of(plan.from, value, *capacity, Memory::Copy(self.old), from).map_err(&fails)?;
        let Span { cursor, tail, .. } = old.span(|| true).map_err(&fails)?;
        let mut waiting = Vec::new();
        for back in (1..=tail.min(*capacity)).rev() {
            let word = old.item(tail - back).map_err(&fails)?;
            waiting.extend(word.map(|word| (tail - back, Queue::come_back(word))));
        }
        let (len, capacity) = (waiting.len() as u64, places.capacity);
        if len > capacity {
            return Err(fails(format!("{len} items wait, and the new capacity is {capacity}")));
        }
        let first = tail - tail.min(capacity);
        let mut next = first;
        for (index, (position, word)) in (0..).zip(waiting) {
            let new = position.max(next);
            next = new + 1;
            let value = offset(from, old.ring().places.value(position)).map_err(&fails)?;
            self.part(item, value, offset(to, places.value(new)).map_err(&fails)?)
                .map_err(below(|| Step::Index(index)))?;
            let word = Queue::moved(word, new, capacity).to_le_bytes();
            offset(to, places.slot(new)).and_then(|slot| self.image.put(slot, &word)).map_err(&fails)?;
        }
        self.image.finish_queue(places, to, cursor.max(first), tail).map_err(&fails)
    }

    /// Converts the newest items for which there is a slot.
    pub(super) fn broadcast(
        &mut self,
        plan: &Plan<'_>,
        places: &RingPlaces,
        item: &Plan<'_>,
        from: usize,
        to: usize,
    ) -> Converted {
        let OwnedKind::Broadcast { capacity, value } = plan.from.kind() else { return Ok(()) };
        let fails = plan.fails();
        self.spend_part(plan).map_err(&fails)?;
        let old = Broadcast::of(plan.from, value, *capacity, Memory::Copy(self.old), from).map_err(&fails)?;
        let tail = old.sent(|| true).map_err(&fails)?;
        for back in 1..=tail.min(*capacity).min(places.capacity) {
            let position = tail - back;
            if !old.is_there(position).map_err(&fails)? {
                continue;
            }
            let value = offset(from, old.ring().places.value(position)).map_err(&fails)?;
            self.part(item, value, offset(to, places.value(position)).map_err(&fails)?)
                .map_err(below(|| Step::Index(position)))?;
            let word = Broadcast::there(position).to_le_bytes();
            offset(to, places.slot(position)).and_then(|slot| self.image.put(slot, &word)).map_err(&fails)?;
        }
        self.image.finish_broadcast(places, to, tail).map_err(&fails)
    }
}
