//! Queues and broadcasts.

use std::ops::Range;

use super::Decoder;
use super::errors::what_of;
use crate::dynamic::key_from_json;
use crate::inspect::limits::Limits;
use crate::inspect::memory::Memory;
use crate::inspect::ring::{Broadcast, Queue, Ring, Span};
use crate::inspect::value::Value;
use crate::layout::path::{FieldError, FieldPath, Step};
use crate::layout::schema::{OwnedKind, OwnedSchema};

/// The most reads of slots in an object of any size. The kernel may have to allocate the pages that they touch, at most
/// 64 MiB.
const LOOKS: u64 = 1 << 20;
/// The bytes of an object for each read. No slot is smaller than 64 bytes, and none is read more than three times.
const BYTES_A_LOOK: u64 = 16;
/// The reads that the smallest object may have.
const FEW: u64 = 1024;

/// How often the search for an item is repeated if the item is gone before it is copied.
const TRIES: usize = 16;

/// The most reads of slots in one call, for an object of `len` bytes.
pub(super) fn looks(len: usize, limits: &Limits) -> u64 {
    (len as u64 / BYTES_A_LOOK).saturating_add(FEW).min(limits.nodes.max(LOOKS))
}

const TOO_MANY: &str = "not decoded: more slots than the limit";

impl Decoder<'_, '_> {
    /// Counts a read of a slot. Returns `false` if there were too many.
    fn looks(&mut self, ring: &Ring<'_>) -> bool {
        let left = self.looks_left.checked_sub(ring.cost());
        self.looks_left = left.unwrap_or(0);
        left.is_some()
    }

    pub(super) fn queue(
        &mut self,
        schema: &OwnedSchema,
        value: &OwnedSchema,
        capacity: u64,
        memory: Memory<'_>,
        at: usize,
    ) -> Result<Value, String> {
        let queue = Queue::of(schema, value, capacity, memory, at)?;
        let Span { oldest, cursor, tail } = queue.span(|| self.looks(queue.ring()))?;
        let (mut len, mut outstanding, mut first) = (0_u64, 0, Vec::new());
        let mut position = oldest;
        while position != tail {
            // Behind the cursor, items may be taken, finished, or back again. From the cursor to the tail, all wait.
            let is_enough = first.len() as u64 >= self.limits.elements || self.nodes_left == 0;
            let is_ahead = tail.wrapping_sub(position) <= tail.wrapping_sub(cursor);
            if (is_ahead && is_enough) || !self.looks(queue.ring()) {
                break;
            }
            match queue.item(position)? {
                Some(word) if !Queue::waits(word) => outstanding += 1,
                Some(_) if is_enough => len += 1,
                Some(_) => {
                    let item = self.queued(&queue, value, position)?;
                    len += u64::from(item.is_some());
                    first.extend(item);
                }
                None => {}
            }
            position = position.wrapping_add(1);
        }
        let rest = tail.wrapping_sub(position).min(tail.wrapping_sub(cursor));
        let len = (len + rest).min(capacity);
        Ok(Value::Queue { len, capacity, pushed: tail, outstanding, first })
    }

    /// Decodes an item that waits. Returns `None` if it was taken meanwhile.
    fn queued(&mut self, queue: &Queue<'_>, value: &OwnedSchema, position: u64) -> Result<Option<Value>, String> {
        if let Err(why) = self.copies(value.size()) {
            self.spend(1);
            return Ok(Some(Value::Invalid(why)));
        }
        let bytes = queue.waiting_item(position)?;
        Ok(bytes.map(|bytes| self.value(value, Memory::Copy(&bytes), 0)))
    }

    /// Copies the waiting item at `index`, in the order of delivery. If there is none, returns how many items wait.
    pub(super) fn queue_item(
        &mut self,
        queue: &Queue<'_>,
        value: &OwnedSchema,
        index: u64,
    ) -> Result<Result<Vec<u8>, u64>, String> {
        for _ in 0..TRIES {
            let Span { oldest, tail, .. } = queue.span(|| self.looks(queue.ring()))?;
            let (mut position, mut before) = (oldest, 0);
            loop {
                if position == tail {
                    return Ok(Err(before));
                }
                if !self.looks(queue.ring()) {
                    return Err(TOO_MANY.into());
                }
                let waits = queue.item(position)?.is_some_and(Queue::waits);
                if waits && before == index {
                    break;
                }
                before += u64::from(waits);
                position = position.wrapping_add(1);
            }
            self.copies(value.size())?;
            if let Some(bytes) = queue.waiting_item(position)? {
                return Ok(Ok(bytes));
            }
        }
        Err("not decoded: items are taken faster than they can be copied".into())
    }

    pub(super) fn broadcast(
        &mut self,
        schema: &OwnedSchema,
        value: &OwnedSchema,
        capacity: u64,
        memory: Memory<'_>,
        at: usize,
    ) -> Result<Value, String> {
        let broadcast = Broadcast::of(schema, value, capacity, memory, at)?;
        let sent = broadcast.sent(|| self.looks(broadcast.ring()))?;
        let mut last = Vec::new();
        for back in 1..=sent.min(capacity) {
            let is_enough = last.len() as u64 >= self.limits.elements || self.nodes_left == 0;
            if is_enough || !self.looks(broadcast.ring()) {
                break;
            }
            let position = sent.wrapping_sub(back);
            if !broadcast.is_there(position)? {
                continue;
            }
            if let Err(why) = self.copies(value.size()) {
                self.spend(1);
                last.push((position, Value::Invalid(why)));
            } else if let Some(bytes) = broadcast.item(position)? {
                last.push((position, self.value(value, Memory::Copy(&bytes), 0)));
            }
        }
        last.reverse();
        Ok(Value::Broadcast { sent, capacity, last })
    }

    /// Decodes a count of the queue, broadcast, map or frames at `path[..done]`, such as `jobs.len`.
    pub(super) fn count(
        &mut self,
        schema: &OwnedSchema,
        memory: Memory<'_>,
        at: usize,
        name: &str,
        path: &FieldPath,
        done: usize,
    ) -> Result<Value, FieldError> {
        let limits = self.limits.clone().with_elements(0);
        let decoded = match Decoder::new(memory, &limits).known_value(schema, memory, at) {
            Ok(decoded) => decoded,
            Err(why) => return Ok(Value::Invalid(why)),
        };
        let counts = decoded.counts();
        let (of, type_name) = (path.up_to(done).to_string(), schema.to_string());
        let Some((_, count)) = counts.iter().find(|(own, _)| *own == name) else {
            let mut there: Vec<String> = counts.iter().map(|(name, _)| format!("`{name}`")).collect();
            if let OwnedKind::Frames { meta, .. } = schema.kind() {
                there.extend((!meta.is_phantom()).then(|| "`meta`".into()));
            } else if let OwnedKind::Map { key, .. } = schema.kind() {
                // The name may be meant as a key.
                let json = serde_json::Value::from(name);
                let is_key = key_from_json(key, &json).is_ok();
                let meant = path.with_step_at(done, Step::of_json(&json));
                there.push(if is_key { format!("and keys: write `{meant}`") } else { "and keys in brackets".into() });
            }
            let (name, there) = (name.into(), there.join(", "));
            return Err(FieldError::NoField { path: of, type_name, name, there });
        };
        match path.steps().get(done + 1) {
            None => Ok(Value::Unsigned(*count)),
            Some(step) => {
                let what = what_of(Some(step));
                let (path, type_name) = (path.up_to(done + 1).to_string(), "u64".into());
                Err(FieldError::NoSuchPart { path, type_name, what, instead: None })
            }
        }
    }

    /// Copies the item of a position. If it is not there, returns the positions of the items that are.
    pub(super) fn broadcast_item(
        &mut self,
        broadcast: &Broadcast<'_>,
        value: &OwnedSchema,
        position: u64,
    ) -> Result<Result<Vec<u8>, Range<u64>>, String> {
        let sent = broadcast.sent(|| self.looks(broadcast.ring()))?;
        if position < sent && broadcast.is_there(position)? {
            self.copies(value.size())?;
            if let Some(bytes) = broadcast.item(position)? {
                return Ok(Ok(bytes));
            }
        }
        let oldest = sent.saturating_sub(broadcast.ring().capacity());
        // The next item may already be in the slot of the oldest one.
        let oldest = if broadcast.is_there(oldest)? { oldest } else { (oldest + 1).min(sent) };
        Ok(Err(oldest..sent))
    }
}

#[cfg(test)]
mod tests;
