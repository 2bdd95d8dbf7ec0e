//! The items of a broadcast from a position on, by a reader that only loads.

use std::ops::Range;

use super::decode::Decoder;
use super::limits::Limits;
use super::memory::Memory;
use super::object::Object;
use super::part::PartError;
use super::ring::Broadcast;
use super::value::Value;
use crate::layout::path::FieldPath;
use crate::layout::schema::{OwnedKind, OwnedSchema};
use crate::sync::broadcast_margin;

/// The items of a broadcast that were there, from a position on. [`Object::items`] returns them.
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub struct Items {
    /// The exact number of items that were missed before the first of these.
    pub missed: u64,
    /// The position of the first of these, after the missed ones.
    pub first: u64,
    /// The items. Bytes that are not a valid value are [`Value::Invalid`].
    pub values: Vec<Value>,
}

impl Items {
    /// Returns the position after the last of these, where the next call goes on.
    #[must_use]
    pub fn next(&self) -> u64 {
        self.first.wrapping_add(self.values.len() as u64)
    }
}

/// The items that a reader has passed. [`Reading`](super::Reading) returns it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Passed {
    /// The exact number of items that the reader has not got.
    pub missed: u64,
    /// The position of the first item that may have been there.
    pub first: u64,
    /// The position after the last one, where the next call goes on.
    pub next: u64,
}

impl Object {
    /// Returns the positions of the items that a broadcast still has, oldest first.
    ///
    /// Positions count the items from 0. So the end of the range is the number of items that were sent.
    ///
    /// # Errors
    ///
    /// [`PartError`] if there is no broadcast at the path, or if it cannot be read.
    pub fn positions(&self, path: &FieldPath) -> Result<Range<u64>, PartError> {
        self.reading(&Limits::default()).positions(&self.part_of(path, BROADCAST)?)
    }

    /// Returns the items of a broadcast from a position on, at most `most`.
    ///
    /// It never waits. If no item is at the position yet, there are no values. A reader that calls it repeatedly with
    /// [`Items::next`] gets each item once and whole, or learns how many it has missed. The number is exact.
    ///
    /// If the item at `from` was overwritten, the first item is a quarter of the capacity, or two, after the oldest
    /// one, because the oldest items are overwritten next.
    ///
    /// The items of a call have at most [`Limits::bytes`]. One item may have more.
    ///
    /// # Errors
    ///
    /// As [`positions`](Self::positions).
    pub fn items(&self, path: &FieldPath, from: u64, most: usize, limits: &Limits) -> Result<Items, PartError> {
        let (part, mut values) = (self.part_of(path, BROADCAST)?, Vec::new());
        let passed = self.reading(limits).items(&part, from, most, |_, bytes| {
            if let OwnedKind::Broadcast { value, .. } = part.schema().kind() {
                values.push(Decoder::new(Memory::Copy(bytes), limits).all(value));
            }
        })?;
        Ok(Items { missed: passed.missed, first: passed.first, values })
    }
}

/// What a part that is no broadcast has not.
pub(super) const BROADCAST: &str = "items of a broadcast";

/// The limit on slots that one search for the end of the items reads, in units of 64 bytes.
const LOOKS: u64 = 1 << 16;

/// A reader of a broadcast.
pub(super) struct Reader<'a> {
    broadcast: Broadcast<'a>,
    value: &'a OwnedSchema,
}

impl<'a> Reader<'a> {
    /// The reader of a part, or the reason why it cannot be read. `None` if it is no broadcast.
    pub(super) fn of(schema: &'a OwnedSchema, memory: Memory<'a>, at: usize) -> Option<Result<Self, String>> {
        let OwnedKind::Broadcast { capacity, value } = schema.kind() else { return None };
        let broadcast = Broadcast::of(schema, value, *capacity, memory, at);
        Some(broadcast.map(|broadcast| Self { broadcast, value }))
    }

    pub(super) fn sent(&self) -> Result<u64, String> {
        // A true tail is a few items behind at most. A hostile tail would lead through all pages of the object.
        let (mut left, cost) = (LOOKS, self.broadcast.ring().cost());
        self.broadcast.sent(|| {
            let is_allowed = left >= cost;
            left = left.saturating_sub(cost);
            is_allowed
        })
    }

    pub(super) fn positions(&self) -> Result<Range<u64>, String> {
        let sent = self.sent()?;
        let Some(oldest) = sent.checked_sub(self.broadcast.ring().capacity()) else { return Ok(0..sent) };
        Ok(oldest + u64::from(!self.broadcast.is_there(oldest)?)..sent)
    }

    /// Calls `each` with the position and the bytes of up to `most` items, which have up to `most_bytes` or are one.
    pub(super) fn each(
        &self,
        from: u64,
        most: usize,
        most_bytes: u64,
        mut each: impl FnMut(u64, &[u8]),
    ) -> Result<Passed, String> {
        let mut passed = Passed { missed: 0, first: from, next: from };
        let (mut bytes_left, mut count, mut item) = (most_bytes, 0, Vec::new());
        while count < most {
            let position = passed.next;
            if self.broadcast.item_into(position, &mut item)? {
                each(position, &item);
                count += 1;
                passed.next = position.wrapping_add(1);
                bytes_left = bytes_left.saturating_sub(self.value.size());
                if bytes_left < self.value.size() {
                    break;
                }
            } else if position == from && passed.missed == 0 && self.broadcast.is_overwritten(position)? {
                passed.first = self.after_a_lag(from)?;
                (passed.missed, passed.next) = (passed.first.wrapping_sub(from), passed.first);
            } else {
                // It is not there yet, or the next call says how many were missed.
                break;
            }
        }
        Ok(passed)
    }

    fn after_a_lag(&self, from: u64) -> Result<u64, String> {
        let capacity = self.broadcast.ring().capacity();
        let sent = self.sent()?;
        let oldest = sent.wrapping_sub(capacity);
        let is_behind = oldest.wrapping_sub(from) as i64 >= 0;
        let wanted = if is_behind { oldest.wrapping_add(broadcast_margin(capacity)) } else { from };
        let least = from.wrapping_add(1);
        let mut next = if (wanted.wrapping_sub(least) as i64) < 0 { least } else { wanted };
        // Items that were skipped.
        for _ in 0..capacity.min(LOOKS) {
            if next >= sent || !self.broadcast.is_overwritten(next)? {
                break;
            }
            next += 1;
        }
        Ok(next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inspect::ring::samples::{broadcast, broadcast_bytes};

    /// Calls `look` with a reader of a `Broadcast<u64, _>` with these slots.
    fn with<T>(tail: u64, slots: &[(u64, u64)], look: impl FnOnce(&Reader<'_>) -> T) -> T {
        let (schema, bytes) = (broadcast(slots.len() as u64), broadcast_bytes(tail, slots));
        look(&Reader::of(&schema, Memory::Copy(&bytes), 0).expect("a broadcast").unwrap())
    }

    fn items(reader: &Reader<'_>, from: u64, most: usize) -> (u64, u64, String) {
        let mut values = String::new();
        let passed = reader.each(from, most, u64::MAX, |position, bytes| {
            assert!(position >= from, "{position}");
            values += &format!("{} ", u64::from_le_bytes(bytes.try_into().unwrap()));
        });
        let Passed { missed, first, next } = passed.unwrap();
        assert_eq!(next, first.wrapping_add(values.split_whitespace().count() as u64));
        (missed, first, values)
    }

    /// The items 5 to 8 of four slots. The sender of item 8 died before it moved the tail.
    const SLOTS: [(u64, u64); 4] = [(18, 80), (12, 50), (14, 60), (16, 70)];

    #[test]
    fn items_come_in_order_and_those_that_were_missed_are_counted() {
        with(8, &SLOTS, |reader| {
            assert_eq!(reader.positions(), Ok(5..9));
            assert_eq!(items(reader, 5, 9), (0, 5, "50 60 70 80 ".into()));
            assert_eq!(items(reader, 7, 1), (0, 7, "70 ".into()));
            assert_eq!(items(reader, 9, 9), (0, 9, String::new()), "it is not there yet");
            assert_eq!(items(reader, 4, 9), (3, 7, "70 80 ".into()), "a quarter after the oldest, and two at least");
            assert_eq!(items(reader, 0, 1), (7, 7, "70 ".into()));
            assert_eq!(items(reader, 0, 0), (0, 0, String::new()));
        });
        // Item 9 is being written.
        with(9, &[SLOTS[0], (19, 50), SLOTS[2], SLOTS[3]], |reader| {
            assert_eq!(reader.positions(), Ok(6..9));
            assert_eq!(items(reader, 5, 9), (2, 7, "70 80 ".into()));
        });
    }

    #[test]
    fn position_that_no_item_reaches_has_none() {
        for slots in [SLOTS, [(0, 0); 4]] {
            with(8, &slots, |reader| {
                for from in [1 << 62, 1 << 63, (1 << 63) + 7, u64::MAX - 1, u64::MAX] {
                    assert_eq!(items(reader, from, 9), (0, from, String::new()));
                }
            });
        }
    }

    #[test]
    fn words_of_any_content_move_a_reader_forward_or_not_at_all() {
        let words = [0, 1, 2, 12, 1 << 62, (1 << 63) - 1, 1 << 63, u64::MAX - 1, u64::MAX];
        for tail in words {
            for slots in words.map(|word| [(word, 1), (word.wrapping_add(2), 2), (u64::MAX - word, 3)]) {
                with(tail, &slots, |reader| {
                    drop(reader.positions());
                    for from in words {
                        let (missed, first, values) = items(reader, from, 9);
                        assert!(values.split_whitespace().count() <= 3, "{values}");
                        assert_eq!(first, from.wrapping_add(missed));
                        assert!(missed <= 1 << 63, "{missed}");
                    }
                });
            }
        }
    }
}
