//! The items of a broadcast from a position on, by a reader that only loads.

use std::ops::Range;

use thiserror::Error;

use super::decode::Decoder;
use super::limits::Limits;
use super::memory::{Live, Memory, element_offset, offset};
use super::object::Object;
use super::ring::Broadcast;
use super::value::Value;
use crate::layout::path::{FieldError, FieldPath, Step};
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

/// Why the items of a broadcast or the newest frame of frames cannot be read.
#[derive(Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ItemsError {
    /// There is no broadcast at the path, or there are no frames.
    #[error(transparent)]
    Field(#[from] FieldError),
    /// The memory of the part cannot be read, or has another layout than in this program.
    #[error("`{path}` cannot be read: {why}")]
    Unreadable {
        /// The path.
        path: String,
        /// The reason.
        why: String,
    },
}

impl Object {
    /// Returns the positions of the items that a broadcast still has, oldest first.
    ///
    /// Positions count the items from 0. So the end of the range is the number of items that were sent.
    ///
    /// # Errors
    ///
    /// [`ItemsError`] if there is no broadcast at the path, or if it cannot be read.
    pub fn positions(&self, path: &FieldPath) -> Result<Range<u64>, ItemsError> {
        let pages = self.pages();
        let reader = self.reader(path, self.live(&pages))?;
        reader.positions().map_err(|why| unreadable(path, why))
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
    pub fn items(&self, path: &FieldPath, from: u64, most: usize, limits: &Limits) -> Result<Items, ItemsError> {
        let pages = self.pages();
        let reader = self.reader(path, self.live(&pages))?;
        reader.items(from, most, limits).map_err(|why| unreadable(path, why))
    }

    fn reader<'a>(&'a self, path: &FieldPath, live: Live<'a>) -> Result<Reader<'a>, ItemsError> {
        let (schema, at) = self.part_at(path, "items of a broadcast")?;
        let Some((OwnedKind::Broadcast { capacity, value }, at)) = at.map(|at| (schema.kind(), at)) else {
            return Err(no_such(path, schema, "items of a broadcast"));
        };
        let broadcast = Broadcast::of(schema, value, *capacity, Memory::Live(live), at);
        Ok(Reader { broadcast: broadcast.map_err(|why| unreadable(path, why))?, value })
    }

    /// Returns the part at a path, and its offset in the object. A part of a value has no offset. The error says that
    /// there is no `what`.
    pub(super) fn part_at(
        &self,
        path: &FieldPath,
        what: &'static str,
    ) -> Result<(&OwnedSchema, Option<usize>), ItemsError> {
        find(self.schema(), Some(0), path.steps()).ok_or_else(|| {
            let nothing = Limits { nodes: 1, bytes: 0, ..Limits::default() };
            self.read_at(path, &nothing).map_or_else(ItemsError::from, |_| {
                let (path, type_name) = (path.to_string(), "part".into());
                FieldError::NoSuchPart { path, type_name, what, instead: None }.into()
            })
        })
    }
}

/// The part at a path has no `what`.
pub(super) fn no_such(path: &FieldPath, schema: &OwnedSchema, what: &'static str) -> ItemsError {
    let (path, type_name) = (path.to_string(), schema.to_string());
    FieldError::NoSuchPart { path, type_name, what, instead: None }.into()
}

pub(super) fn unreadable(path: &FieldPath, why: String) -> ItemsError {
    ItemsError::Unreadable { path: path.to_string(), why }
}

/// Returns the part at a path, and its offset in the object. A part of a value has no offset.
pub(super) fn find<'a>(
    schema: &'a OwnedSchema,
    at: Option<usize>,
    steps: &[Step],
) -> Option<(&'a OwnedSchema, Option<usize>)> {
    if let OwnedKind::CacheAligned { object } = schema.kind() {
        return find(object, at, steps);
    }
    let Some((step, rest)) = steps.split_first() else { return Some((schema, at)) };
    match (schema.kind(), step) {
        (OwnedKind::Versioned { value } | OwnedKind::AtomicCell { value }, _) => find(value, None, steps),
        (OwnedKind::Struct { fields, .. }, Step::Field(name)) => {
            let field = fields.iter().find(|field| field.name == *name)?;
            find(&field.schema, at.and_then(|at| offset(at, field.offset).ok()), rest)
        }
        (OwnedKind::Array { len, element }, Step::Index(index)) if index < len => {
            find(element, at.and_then(|at| element_offset(at, *index, element).ok()), rest)
        }
        (
            OwnedKind::FixedVec { element: item, .. }
            | OwnedKind::Queue { value: item, .. }
            | OwnedKind::Broadcast { value: item, .. },
            Step::Index(_),
        )
        | (OwnedKind::Map { value: item, .. }, Step::Index(_) | Step::Key(_))
        | (OwnedKind::Frames { element: item, .. }, Step::Index(_)) => find(item, None, rest),
        (OwnedKind::Frames { meta, .. }, Step::Field(name)) if name == "meta" => find(meta, None, rest),
        _ => None,
    }
}

/// The limit on slots that one search for the end of the items reads, in units of 64 bytes.
const LOOKS: u64 = 1 << 16;

struct Reader<'a> {
    broadcast: Broadcast<'a>,
    value: &'a OwnedSchema,
}

impl Reader<'_> {
    fn sent(&self) -> Result<u64, String> {
        // A true tail is a few items behind at most. A hostile tail would lead through all pages of the object.
        let (mut left, cost) = (LOOKS, self.broadcast.ring().cost());
        self.broadcast.sent(|| {
            let is_allowed = left >= cost;
            left = left.saturating_sub(cost);
            is_allowed
        })
    }

    fn positions(&self) -> Result<Range<u64>, String> {
        let sent = self.sent()?;
        let Some(oldest) = sent.checked_sub(self.broadcast.ring().capacity()) else { return Ok(0..sent) };
        Ok(oldest + u64::from(!self.broadcast.is_there(oldest)?)..sent)
    }

    fn items(&self, from: u64, most: usize, limits: &Limits) -> Result<Items, String> {
        let mut items = Items { first: from, ..Items::default() };
        let mut bytes_left = limits.bytes;
        while items.values.len() < most {
            let position = items.next();
            if let Some(bytes) = self.broadcast.item(position)? {
                items.values.push(Decoder::new(Memory::Copy(&bytes), limits).all(self.value));
                bytes_left = bytes_left.saturating_sub(self.value.size());
                if bytes_left < self.value.size() {
                    break;
                }
            } else if position == from && items.missed == 0 && self.broadcast.is_overwritten(position)? {
                items.first = self.after_a_lag(from)?;
                items.missed = items.first.wrapping_sub(from);
            } else {
                // It is not there yet, or the next call says how many were missed.
                break;
            }
        }
        Ok(items)
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
        let OwnedKind::Broadcast { capacity, value } = schema.kind() else { panic!("{schema}") };
        let broadcast = Broadcast::of(&schema, value, *capacity, Memory::Copy(&bytes), 0).unwrap();
        look(&Reader { broadcast, value })
    }

    fn items(reader: &Reader<'_>, from: u64, most: usize) -> (u64, u64, String) {
        let Items { missed, first, values } = reader.items(from, most, &Limits::default()).unwrap();
        (missed, first, values.iter().map(|value| format!("{value} ")).collect())
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
                        let found = reader.items(from, 9, &Limits::default()).unwrap();
                        assert!(found.values.len() <= 3, "{found:?}");
                        assert_eq!(found.first, from.wrapping_add(found.missed), "{found:?}");
                        assert!(found.missed <= 1 << 63, "{found:?}");
                    }
                });
            }
        }
    }
}
