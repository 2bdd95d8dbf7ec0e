//! The rows of a picture, in the order of the bytes.

use shmstore::schema::{OwnedField, OwnedKind, OwnedSchema};

use super::super::names::printable;
use super::super::parts::{
    CONSUMERS_AT, ELEMENTS_AT, ENTRY_SEQUENCE_AT, ENTRY_WORDS, Entries, FrameSlots, HEAD, HEADS_AT, LINE, LOANS_AT,
    NEWEST_AT, PINS, ROOM_AT, Ring, SEED_AT, SEQUENCE_AT, SLOT_WORDS_AT, Slots, TEXT_AT, problem,
};

/// The offset of a row.
#[derive(Debug, Clone, Copy)]
pub(super) enum Offset {
    /// From the start of the object.
    Object(u64),
    /// From the start of an element or a value, which occurs more than once.
    Element(u64),
}

impl Offset {
    fn plus(self, offset: u64) -> Self {
        match self {
            Self::Object(at) => Self::Object(at.saturating_add(offset)),
            Self::Element(at) => Self::Element(at.saturating_add(offset)),
        }
    }
}

/// One line of the picture.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) offset: Offset,
    pub(super) size: u64,
    /// How many rows it is nested in.
    pub(super) depth: usize,
    pub(super) name: String,
    pub(super) type_name: String,
    /// Whether the rows after it do not cover its bytes.
    pub(super) is_leaf: bool,
}

impl Row {
    /// Returns the offset of the last byte in the object. Returns `None` if the row occurs more than once, or if the
    /// next rows cover it.
    pub(super) fn last(&self) -> Option<u64> {
        match self.offset {
            Offset::Object(at) if self.is_leaf => Some(at.saturating_add(self.size.saturating_sub(1))),
            _ => None,
        }
    }
}

/// Returns all rows of an object.
pub(super) fn rows(schema: &OwnedSchema) -> Vec<Row> {
    let mut rows = Rows(Vec::new());
    match schema.kind() {
        OwnedKind::Struct { fields, .. } => rows.fields(Offset::Object(0), schema.size(), 0, fields),
        _ => rows.whole(Offset::Object(0), 0, "(object)".to_owned(), schema),
    }
    rows.0
}

struct Rows(Vec<Row>);

impl Rows {
    fn push(&mut self, offset: Offset, size: u64, depth: usize, name: impl Into<String>, type_name: impl Into<String>) {
        let (name, type_name) = (name.into(), type_name.into());
        self.0.push(Row { offset, size, depth, name, type_name, is_leaf: true });
    }

    /// Adds a row, and the rows of its parts.
    fn whole(&mut self, offset: Offset, depth: usize, name: String, schema: &OwnedSchema) {
        let at = self.0.len();
        self.push(offset, schema.size(), depth, name, type_name(schema));
        self.inside(offset, depth + 1, schema);
        self.0[at].is_leaf = self.0.len() == at + 1 || matches!(schema.kind(), OwnedKind::Array { .. });
    }

    fn inside(&mut self, offset: Offset, depth: usize, schema: &OwnedSchema) {
        match schema.kind() {
            OwnedKind::Struct { fields, .. } => self.fields(offset, schema.size(), depth, fields),
            OwnedKind::Array { element, .. } => self.inside(Offset::Element(0), depth, element),
            OwnedKind::CacheAligned { object } => {
                self.inside(offset, depth, object);
                self.gap(offset, object.size(), schema.size(), depth);
            }
            OwnedKind::AtomicCell { value } => self.inside(offset, depth, value),
            OwnedKind::FixedString { capacity } if problem(schema).is_none() => {
                self.push(offset, TEXT_AT, depth, "(length)", "u32");
                self.push(offset.plus(TEXT_AT), *capacity, depth, "(text)", "UTF-8");
            }
            OwnedKind::FixedVec { element, .. } if problem(schema).is_none() => {
                self.push(offset, ELEMENTS_AT, depth, "(length)", "u64");
                let elements = offset.plus(ELEMENTS_AT);
                self.push(elements, schema.size() - ELEMENTS_AT, depth, "(elements)", type_name(element));
                self.inside(Offset::Element(0), depth + 1, element);
            }
            OwnedKind::Versioned { value } => match Slots::of(schema.size(), schema.align(), value) {
                Some(slots) => self.versioned(offset, depth, schema.size(), slots, value),
                None => self.push(offset, schema.size(), depth, "(unknown)", "not of format version 1"),
            },
            OwnedKind::Queue { value, .. } | OwnedKind::Broadcast { value, .. } => match Ring::of(schema) {
                Some(ring) => self.ring(offset, depth, schema, ring, value),
                None => self.push(offset, schema.size(), depth, "(unknown)", "not of format version 1"),
            },
            OwnedKind::Map { key, value, .. } => match Entries::of(schema) {
                Some(entries) => self.map(offset, depth, entries, key, value),
                None => self.push(offset, schema.size(), depth, "(unknown)", "not of format version 1"),
            },
            OwnedKind::Frames { element, meta, .. } => match FrameSlots::of(schema) {
                Some(frames) => self.frames(offset, depth, frames, element, meta),
                None => self.push(offset, schema.size(), depth, "(unknown)", "not of format version 1"),
            },
            OwnedKind::Lock => {
                self.push(offset, 4, depth, "(lock)", "u32");
                self.push(offset.plus(4), 4, depth, "(state)", "u32");
            }
            OwnedKind::Event => {
                self.push(offset, 8, depth, "(count)", "u64");
                self.push(offset.plus(8), 8, depth, "(reserved)", "");
            }
            _ => {}
        }
    }

    fn versioned(&mut self, offset: Offset, depth: usize, size: u64, slots: Slots, value: &OwnedSchema) {
        for (word, name) in [(0, "(lock)"), (4, "(flags)"), (8, "(bell)")] {
            self.push(offset.plus(word), 4, depth, name, "u32");
        }
        self.push(offset.plus(12), LINE - 12, depth, "(reserved)", "");
        self.push(offset.plus(SEQUENCE_AT), 8, depth, "(sequence)", "u64");
        self.push(offset.plus(SEQUENCE_AT + 8), slots.at - SEQUENCE_AT - 8, depth, "(reserved)", "");
        self.push(offset.plus(slots.at), slots.len, depth, "(slot 0)", format!("{value}: even versions"));
        self.inside(Offset::Element(0), depth + 1, value);
        self.push(offset.plus(slots.at + slots.len), slots.len, depth, "(slot 1)", format!("{value}: odd versions"));
        self.gap(offset, slots.end(), size, depth);
    }

    fn ring(&mut self, offset: Offset, depth: usize, schema: &OwnedSchema, ring: Ring, value: &OwnedSchema) {
        let words: &[(u64, u64, &str)] = match schema.kind() {
            OwnedKind::Queue { .. } => &[
                (0, 4, "(producers' lock)"),
                (4, 4, "(flags)"),
                (8, 4, "(bell for items)"),
                (12, 4, "(thread mark)"),
                (16, 8, "(tail)"),
                (CONSUMERS_AT, 4, "(consumers' lock)"),
                (CONSUMERS_AT + 4, 4, "(flags)"),
                (CONSUMERS_AT + 8, 4, "(bell for slots)"),
                (CONSUMERS_AT + 12, 4, "(thread mark)"),
                (CONSUMERS_AT + 16, 4, "(returned)"),
                (CONSUMERS_AT + 20, 4, "(scanned)"),
                (CONSUMERS_AT + 24, 8, "(cursor)"),
                (CONSUMERS_AT + 32, 8, "(head)"),
            ],
            _ => &[(0, 4, "(lock)"), (4, 4, "(flags)"), (8, 4, "(bell)"), (12, 4, "(thread mark)"), (16, 8, "(tail)")],
        };
        self.words(offset, depth, words, ring.at);
        let slots = format!("{} slots of {} bytes", ring.capacity, ring.stride);
        self.push(offset.plus(ring.at), ring.stride * ring.capacity, depth, "(slots)", slots);
        let slot = Offset::Element(0);
        let word = if matches!(schema.kind(), OwnedKind::Queue { .. }) { "(state)" } else { "(sequence)" };
        self.push(slot, 8, depth + 1, word, "u64");
        self.reserved(slot, 8, ring.value_at, depth + 1);
        self.whole(slot.plus(ring.value_at), depth + 1, "(value)".to_owned(), value);
        self.gap(slot, ring.value_at + value.size(), ring.stride, depth + 1);
    }

    fn map(&mut self, offset: Offset, depth: usize, entries: Entries, key: &OwnedSchema, value: &OwnedSchema) {
        let words = [
            (0, 4, "(lock)"),
            (4, 4, "(flags)"),
            (8, 4, "(bell for keys)"),
            (12, 4, "(thread mark)"),
            (16, 8, "(intent)"),
            (24, 4, "(length)"),
            (28, 4, "(high water)"),
            (32, 4, "(free list)"),
            (40, 8, "(changes)"),
            (48, 8, "(floor)"),
            (SEED_AT, 8, "(seed)"),
        ];
        self.words(offset, depth, &words, HEADS_AT);
        let Entries { at, capacity, key_at, slots_at, slot_len, stride } = entries;
        let heads = 2 * HEAD * capacity;
        self.push(offset.plus(HEADS_AT), heads, depth, "(heads)", format!("[u64; {}]", 2 * capacity));
        self.gap(offset, HEADS_AT + heads, at, depth);
        let all = format!("{capacity} entries of {stride} bytes");
        self.push(offset.plus(at), stride * capacity, depth, "(entries)", all);
        let (entry, depth) = (Offset::Element(0), depth + 1);
        let words = [
            (0, 4, "(state)"),
            (4, 4, "(next)"),
            (8, 4, "(hash)"),
            (16, 4, "(lock)"),
            (20, 4, "(flags)"),
            (24, 4, "(bell)"),
            (28, 4, "(thread mark)"),
            (ENTRY_SEQUENCE_AT, 8, "(sequence)"),
        ];
        self.words(entry, depth, &words, ENTRY_WORDS);
        self.gap(entry, ENTRY_WORDS, key_at, depth);
        self.whole(entry.plus(key_at), depth, "(key)".to_owned(), key);
        self.gap(entry, key_at + key.size(), slots_at, depth);
        self.push(entry.plus(slots_at), slot_len, depth, "(slot 0)", format!("{value}: even versions"));
        self.inside(entry.plus(slots_at), depth + 1, value);
        self.push(entry.plus(slots_at + slot_len), slot_len, depth, "(slot 1)", format!("{value}: odd versions"));
        self.gap(entry, slots_at + 2 * slot_len, stride, depth);
    }

    fn frames(&mut self, offset: Offset, depth: usize, frames: FrameSlots, element: &OwnedSchema, meta: &OwnedSchema) {
        let FrameSlots { pins_at, at, slots, capacity, meta_at, elements_at, stride } = frames;
        let words = [
            (0, 4, "(lock)"),
            (4, 4, "(flags)"),
            (8, 4, "(bell for frames)"),
            (12, 4, "(thread mark)"),
            (ROOM_AT, 8, "(room)"),
            (LOANS_AT, 4, "(loans)"),
            (NEWEST_AT, 8, "(newest)"),
        ];
        self.words(offset, depth, &words, SLOT_WORDS_AT);
        self.push(offset.plus(SLOT_WORDS_AT), 8 * slots, depth, "(slot words)", format!("[u64; {slots}]"));
        self.reserved(offset, SLOT_WORDS_AT + 8 * slots, pins_at, depth);
        self.push(offset.plus(pins_at), 8 * PINS, depth, "(pins)", format!("[u64; {PINS}]"));
        self.gap(offset, pins_at + 8 * PINS, at, depth);
        self.push(offset.plus(at), slots * stride, depth, "(frames)", format!("{slots} frames of {stride} bytes"));
        let (frame, depth) = (Offset::Element(0), depth + 1);
        self.push(frame, 8, depth, "(length)", "u64");
        self.reserved(frame, 8, meta_at, depth);
        if meta.size() > 0 {
            self.whole(frame.plus(meta_at), depth, "(metadata)".to_owned(), meta);
        }
        self.gap(frame, meta_at + meta.size(), elements_at, depth);
        let elements = element.size() * capacity;
        self.push(
            frame.plus(elements_at),
            elements,
            depth,
            "(elements)",
            format!("[{}; {capacity}]", type_name(element)),
        );
        self.inside(Offset::Element(0), depth + 1, element);
        self.gap(frame, elements_at + elements, stride, depth);
    }

    /// Adds words of 4 and 8 bytes, and the reserved bytes between them and up to `end`.
    fn words(&mut self, offset: Offset, depth: usize, words: &[(u64, u64, &str)], end: u64) {
        let mut from = 0;
        for &(at, size, name) in words {
            self.reserved(offset, from, at, depth);
            self.push(offset.plus(at), size, depth, name, if size == 4 { "u32" } else { "u64" });
            from = at + size;
        }
        self.reserved(offset, from, end, depth);
    }

    fn reserved(&mut self, offset: Offset, from: u64, to: u64, depth: usize) {
        if from < to {
            self.push(offset.plus(from), to - from, depth, "(reserved)", "");
        }
    }

    fn fields(&mut self, offset: Offset, size: u64, depth: usize, fields: &[OwnedField]) {
        let mut in_order: Vec<&OwnedField> = fields.iter().collect();
        in_order.sort_by_key(|field| field.offset);
        let mut end = 0;
        for field in in_order {
            self.gap(offset, end, field.offset, depth);
            let mut name = printable(&field.name);
            if field.offset < end && field.schema.size() > 0 {
                name.insert_str(0, "(overlaps) ");
            }
            self.whole(offset.plus(field.offset), depth, name, &field.schema);
            end = end.max(field.offset + field.schema.size());
        }
        self.gap(offset, end, size, depth);
    }

    fn gap(&mut self, offset: Offset, from: u64, to: u64, depth: usize) {
        if from < to {
            self.push(offset.plus(from), to - from, depth, "(padding)", "");
        }
    }
}

fn type_name(schema: &OwnedSchema) -> String {
    match schema.kind() {
        OwnedKind::Enum { repr, .. } => format!("{schema}: {repr}"),
        _ => schema.to_string(),
    }
}
