//! The items of a broadcast from a position on, by the reader's protocol. It only loads.

use std::ops::Range;
use std::sync::atomic::Ordering::{Acquire, Relaxed};
use std::sync::atomic::{AtomicU64, fence};

use thiserror::Error;

use super::decode::{Decoder, Limits};
use super::memory::{Live, Memory, element_offset, length, offset};
use super::object::Object;
use super::value::Value;
use crate::layout::path::{FieldError, FieldPath, Step};
use crate::layout::schema::{OwnedKind, OwnedSchema};
use crate::sync::{RingOffsets, broadcast_words};

/// The items of a broadcast that were there, from a position on. [`Object::items`] returns them.
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub struct Items {
    /// How many items were overwritten before the first of these. It is exact.
    pub missed: u64,
    /// The position of the first of these, after the missed ones.
    pub first: u64,
    /// The items. Bytes that are not a valid value are [`Value::Invalid`].
    pub values: Vec<Value>,
}

impl Items {
    /// Returns the position from which the next call goes on.
    #[must_use]
    pub fn next(&self) -> u64 {
        self.first.wrapping_add(self.values.len() as u64)
    }
}

/// The reason why the items of a broadcast cannot be read.
#[derive(Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ItemsError {
    /// There is no broadcast at the path.
    #[error(transparent)]
    Field(#[from] FieldError),
    /// The memory of the broadcast cannot be read, or has another layout than the broadcasts of this program.
    #[error("the items of `{path}` cannot be read: {why}")]
    Unreadable {
        /// The path.
        path: String,
        /// The reason.
        why: String,
    },
}

impl Object {
    /// Returns the positions of the items of a broadcast: from the oldest that is still there to the next that is sent.
    ///
    /// Positions count the items from 0. So the end of the range is the number of items that were sent.
    ///
    /// # Errors
    ///
    /// [`ItemsError`] if there is no broadcast at the path, or if it cannot be read.
    pub fn positions(&self, path: &FieldPath) -> Result<Range<u64>, ItemsError> {
        let pages = self.pages();
        let positions = self.ring(path, self.live(&pages))?.positions();
        positions.map_err(|why| unreadable(path, why))
    }

    /// Returns the items of a broadcast from a position on, at most `most`.
    ///
    /// It never waits. If no item is at the position yet, there are no values. A reader that calls it repeatedly with
    /// [`Items::next`] gets each item once and whole, or learns how many it has missed. The number is exact.
    ///
    /// Items that were missed come alone or before all values. The reader then goes on a quarter of the capacity after
    /// the oldest item, because that one is the next to be overwritten.
    ///
    /// # Errors
    ///
    /// As [`positions`](Self::positions).
    pub fn items(&self, path: &FieldPath, from: u64, most: usize, limits: &Limits) -> Result<Items, ItemsError> {
        let pages = self.pages();
        let ring = self.ring(path, self.live(&pages))?;
        ring.items(from, most, limits).map_err(|why| unreadable(path, why))
    }

    fn ring<'a>(&'a self, path: &FieldPath, live: Live<'a>) -> Result<Ring<'a>, ItemsError> {
        let (schema, at) = match find(self.schema(), 0, path.steps()) {
            Some(found) => found,
            None => {
                // The path is wrong, or goes into a value.
                self.read_at(path, &Limits { nodes: 1, bytes: 0, ..Limits::default() })?;
                return Err(no_items(path, "value"));
            }
        };
        let OwnedKind::Broadcast { capacity, value } = schema.kind() else {
            return Err(no_items(path, &schema.to_string()));
        };
        let offsets = RingOffsets::of_broadcast(value.size(), value.align(), *capacity)
            .filter(|offsets| (offsets.size, offsets.align) == (schema.size(), schema.align()) && *capacity > 0)
            .ok_or_else(|| {
                let (size, align) = (schema.size(), schema.align());
                unreadable(path, format!("no `Broadcast` of this program is {size} bytes, aligned to {align}"))
            })?;
        Ok(Ring { live, at, offsets, capacity: *capacity, value })
    }
}

fn no_items(path: &FieldPath, type_name: &str) -> ItemsError {
    let [path, type_name] = [path.to_string(), type_name.to_owned()];
    FieldError::NoSuchPart { path, type_name, what: "items of a broadcast", instead: None }.into()
}

fn unreadable(path: &FieldPath, why: String) -> ItemsError {
    ItemsError::Unreadable { path: path.to_string(), why }
}

/// Returns the part at a path, if it is not within a value, and its offset.
fn find<'a>(schema: &'a OwnedSchema, at: usize, steps: &[Step]) -> Option<(&'a OwnedSchema, usize)> {
    if let OwnedKind::CacheAligned { object } = schema.kind() {
        return find(object, at, steps);
    }
    let Some((step, rest)) = steps.split_first() else { return Some((schema, at)) };
    match (schema.kind(), step) {
        (OwnedKind::Struct { fields, .. }, Step::Field(name)) => {
            let field = fields.iter().find(|field| field.name == *name)?;
            find(&field.schema, offset(at, field.offset).ok()?, rest)
        }
        (OwnedKind::Array { len, element }, Step::Index(index)) if index < len => {
            find(element, element_offset(at, *index, element).ok()?, rest)
        }
        _ => None,
    }
}

/// A live broadcast.
struct Ring<'a> {
    live: Live<'a>,
    at: usize,
    offsets: RingOffsets,
    capacity: u64,
    value: &'a OwnedSchema,
}

/// What is at a position.
enum Found {
    Item(Vec<u8>),
    NotYet,
    Overwritten,
}

impl<'a> Ring<'a> {
    fn slot(&self, position: u64) -> Result<usize, String> {
        let first = offset(self.at, self.offsets.slots)?;
        offset(first, position % self.capacity * self.offsets.stride)
    }

    fn sequence(&self, position: u64) -> Result<&'a AtomicU64, String> {
        Ok(self.live.word(self.slot(position)?)?)
    }

    /// Returns the number of items that were sent. The tail is a lower bound, because a sender may have died before it
    /// moved the tail.
    fn sent(&self) -> Result<u64, String> {
        let mut position = self.live.word(offset(self.at, broadcast_words::TAIL)?)?.load(Acquire);
        for _ in 0..self.capacity {
            if since(self.sequence(position)?.load(Acquire), position) < 0 {
                break;
            }
            position = position.wrapping_add(1);
        }
        Ok(position)
    }

    fn positions(&self) -> Result<Range<u64>, String> {
        let sent = self.sent()?;
        let Some(oldest) = sent.checked_sub(self.capacity) else { return Ok(0..sent) };
        let is_there = since(self.sequence(oldest)?.load(Acquire), oldest) == 0;
        Ok(oldest + u64::from(!is_there)..sent)
    }

    fn items(&self, from: u64, most: usize, limits: &Limits) -> Result<Items, String> {
        let mut items = Items { first: from, ..Items::default() };
        let mut bytes_left = limits.bytes;
        while items.values.len() < most {
            match self.at(items.next())? {
                Found::Item(bytes) => {
                    items.values.push(Decoder::new(Memory::Copy(&bytes), limits).all(self.value));
                    match bytes_left.checked_sub(self.value.size()) {
                        Some(left) if left >= self.value.size() => bytes_left = left,
                        _ => break,
                    }
                }
                Found::NotYet => break,
                // The next call says so.
                Found::Overwritten if !items.values.is_empty() || items.missed > 0 => break,
                Found::Overwritten => {
                    let next = self.after_a_lag(from)?;
                    (items.missed, items.first) = (next.wrapping_sub(from), next);
                }
            }
        }
        Ok(items)
    }

    fn after_a_lag(&self, from: u64) -> Result<u64, String> {
        let quarter = (self.capacity / 4).max(1);
        let next = self.sent()?.wrapping_sub(self.capacity).wrapping_add(quarter);
        let least = from.wrapping_add(1);
        Ok(if (next.wrapping_sub(least) as i64) < 0 { least } else { next })
    }

    fn at(&self, position: u64) -> Result<Found, String> {
        let sequence = self.sequence(position)?;
        let from = offset(self.slot(position)?, self.offsets.value)?;
        let before = sequence.load(Relaxed);
        fence(Acquire);
        match since(before, position) {
            ..0 => return Ok(Found::NotYet),
            0 => {}
            1.. => return Ok(Found::Overwritten),
        }
        let mut bytes = self.live.room_for(from, length(self.value.size())?)?;
        self.live.copy(from, &mut bytes)?;
        fence(Acquire);
        Ok(match since(sequence.load(Relaxed), position) {
            ..0 => Found::NotYet,
            0 => Found::Item(bytes),
            1.. => Found::Overwritten,
        })
    }
}

/// Returns how far a slot is beyond the item of a position: negative before the item is there, 0 while it is there.
fn since(sequence: u64, position: u64) -> i64 {
    let there = position.wrapping_mul(2).wrapping_add(2);
    sequence.wrapping_sub(there) as i64
}
