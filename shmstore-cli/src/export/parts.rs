//! The offsets within the store's own parts, by `docs/format.md`. They are computed from the schema, and checked
//! against its sizes.

use shmstore::schema::{OwnedKind, OwnedSchema, Primitive};

/// The bytes of a cache line.
pub(super) const LINE: u64 = 64;
/// The offset of the sequence number in a `Versioned`.
pub(super) const SEQUENCE_AT: u64 = 64;
const SLOTS_AT: u64 = 80;
const UNIT: u64 = 16;
/// The offset of the consumers' words in a `Queue`.
pub(super) const CONSUMERS_AT: u64 = 128;
const QUEUE_WORDS: u64 = 256;
const BROADCAST_WORDS: u64 = 128;
/// The offsets of the seed and of the heads in a `Map`, and of the sequence number in its entries.
pub(super) const SEED_AT: u64 = 128;
pub(super) const HEADS_AT: u64 = 256;
pub(super) const ENTRY_SEQUENCE_AT: u64 = 32;
/// The bytes of a head in a `Map`.
pub(super) const HEAD: u64 = 8;
/// The words of an entry of a `Map`, before its key.
pub(super) const ENTRY_WORDS: u64 = 48;
/// The offsets of the words of a `Frames`: on which writers wait for a slot, the number of loans, the newest frame, and
/// the words of the slots.
pub(super) const ROOM_AT: u64 = 16;
pub(super) const LOANS_AT: u64 = 24;
pub(super) const NEWEST_AT: u64 = 128;
pub(super) const SLOT_WORDS_AT: u64 = 136;
/// The number of pin entries of a `Frames`.
pub(super) const PINS: u64 = 64;
/// The greatest capacity of a `Queue`, a `Broadcast` or a `Map`.
const MOST_ITEMS: u64 = (1 << 31) - 1;
/// The offset of the text in a `FixedString`.
pub(super) const TEXT_AT: u64 = 4;
/// The offset of the elements in a `FixedVec`.
pub(super) const ELEMENTS_AT: u64 = 8;

/// The slots of a `Versioned`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Slots {
    /// The offset of slot 0.
    pub(super) at: u64,
    /// The bytes of each slot.
    pub(super) len: u64,
}

impl Slots {
    /// Returns the slots of a `Versioned` with this size and alignment, if it has format version 1.
    pub(super) fn of(size: u64, align: u64, value: &OwnedSchema) -> Option<Self> {
        let len = value.size().checked_next_multiple_of(UNIT.max(value.align()))?;
        let natural = SLOTS_AT.next_multiple_of(value.align());
        let at = if len % LINE == 0 { natural.next_multiple_of(LINE) } else { natural };
        let end = len.checked_mul(2)?.checked_add(natural)?;
        let expected_align = LINE.max(value.align());
        let expected_size = end.checked_next_multiple_of(expected_align)?;
        ((expected_size, expected_align) == (size, align)).then_some(Self { at, len })
    }

    /// Returns the offset of the first byte after both slots.
    pub(super) fn end(self) -> u64 {
        self.at + 2 * self.len
    }
}

/// The slots of a `Queue` or `Broadcast`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ring {
    /// The offset of the first slot.
    pub(super) at: u64,
    /// The number of slots.
    pub(super) capacity: u64,
    /// The offset of the value in a slot. The slot's word is at 0.
    pub(super) value_at: u64,
    /// The bytes from one slot to the next.
    pub(super) stride: u64,
}

impl Ring {
    /// Returns the slots of a `Queue` or `Broadcast`, if it has format version 1.
    pub(super) fn of(schema: &OwnedSchema) -> Option<Self> {
        let (words, least, capacity, value) = match schema.kind() {
            OwnedKind::Queue { capacity, value } => (QUEUE_WORDS, 1, *capacity, value),
            OwnedKind::Broadcast { capacity, value } => (BROADCAST_WORDS, 2, *capacity, value),
            _ => return None,
        };
        let align = LINE.max(value.align());
        let (at, value_at) = (words.checked_next_multiple_of(align)?, UNIT.max(value.align()));
        let slot = value.size().checked_next_multiple_of(UNIT)?.checked_add(value_at)?;
        let stride = slot.checked_next_multiple_of(align)?;
        let size = stride.checked_mul(capacity)?.checked_add(at)?;
        let is_format_1 = (size, align) == (schema.size(), schema.align()) && (least..=MOST_ITEMS).contains(&capacity);
        is_format_1.then_some(Self { at, capacity, value_at, stride })
    }
}

/// The entries of a `Map`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Entries {
    /// The offset of the first entry.
    pub(super) at: u64,
    /// The number of entries. There are twice as many heads.
    pub(super) capacity: u64,
    /// The offset of the key in an entry.
    pub(super) key_at: u64,
    /// The offset of slot 0 of the value in an entry. Slot 1 follows it.
    pub(super) slots_at: u64,
    /// The bytes of each slot.
    pub(super) slot_len: u64,
    /// The bytes from one entry to the next.
    pub(super) stride: u64,
}

impl Entries {
    /// Returns the entries of a `Map`, if it has format version 1.
    pub(super) fn of(schema: &OwnedSchema) -> Option<Self> {
        let OwnedKind::Map { capacity, key, value } = schema.kind() else { return None };
        let capacity = *capacity;
        let (align, unit) = (LINE.max(key.align()).max(value.align()), UNIT.max(value.align()));
        let key_at = ENTRY_WORDS.checked_next_multiple_of(key.align())?;
        let key_end = key.size().checked_next_multiple_of(UNIT)?.checked_add(key_at)?;
        let slots_at = key_end.checked_next_multiple_of(unit)?;
        let slot_len = value.size().checked_next_multiple_of(unit)?;
        let stride = slot_len.checked_mul(2)?.checked_add(slots_at)?.checked_next_multiple_of(align)?;
        let heads = capacity.checked_mul(2 * HEAD)?;
        let at = HEADS_AT.checked_add(heads)?.checked_next_multiple_of(align)?;
        let size = stride.checked_mul(capacity)?.checked_add(at)?;
        let is_format_1 = (size, align) == (schema.size(), schema.align()) && (1..=MOST_ITEMS).contains(&capacity);
        is_format_1.then_some(Self { at, capacity, key_at, slots_at, slot_len, stride })
    }
}

/// The frames of a `Frames`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FrameSlots {
    /// The offset of the first pin entry.
    pub(super) pins_at: u64,
    /// The offset of the first frame.
    pub(super) at: u64,
    /// The number of frames.
    pub(super) slots: u64,
    /// The most elements of a frame.
    pub(super) capacity: u64,
    /// The offset of the metadata in a frame. The number of elements is at 0.
    pub(super) meta_at: u64,
    /// The offset of the elements in a frame.
    pub(super) elements_at: u64,
    /// The bytes from one frame to the next.
    pub(super) stride: u64,
}

impl FrameSlots {
    /// Returns the frames of a `Frames`, if it has format version 1.
    pub(super) fn of(schema: &OwnedSchema) -> Option<Self> {
        let OwnedKind::Frames { capacity, slots, element, meta } = schema.kind() else { return None };
        let (capacity, slots) = (*capacity, *slots);
        let align = LINE.max(element.align()).max(meta.align());
        let pins_at = (SLOT_WORDS_AT + 8 * slots).next_multiple_of(LINE);
        let at = (pins_at + 8 * PINS).checked_next_multiple_of(align)?;
        let meta_at = UNIT.max(meta.align());
        let meta_end = meta.size().checked_add(meta_at + UNIT - 1)?;
        let elements_at = meta_end.checked_next_multiple_of(LINE.max(element.align()))?;
        let frame = element.size().checked_mul(capacity)?.checked_add(UNIT - 1)?.checked_add(elements_at)?;
        let stride = frame.checked_next_multiple_of(align)?;
        let size = stride.checked_mul(slots)?.checked_add(at)?;
        let is_format_1 = (size, align) == (schema.size(), schema.align());
        is_format_1.then_some(Self { pins_at, at, slots, capacity, meta_at, elements_at, stride })
    }
}

/// Returns the problem with the size or alignment of a part, if they are not as in the format on a 64-bit machine.
pub(super) fn problem(schema: &OwnedSchema) -> Option<String> {
    let (size, align) = (schema.size(), schema.align());
    let expected = match schema.kind() {
        OwnedKind::Primitive(number) | OwnedKind::Atomic(number) | OwnedKind::Enum { repr: number, .. } => {
            Some(of_number(*number))
        }
        OwnedKind::FixedString { capacity } if *capacity <= u32::MAX.into() => Some((TEXT_AT + capacity, 1)),
        OwnedKind::FixedString { .. } => None,
        OwnedKind::FixedVec { capacity, element } => of_vec(*capacity, element),
        OwnedKind::AtomicCell { .. } => Some((8, 8)),
        OwnedKind::Versioned { value } => Slots::of(size, align, value).map(|_| (size, align)),
        OwnedKind::Queue { .. } | OwnedKind::Broadcast { .. } => Ring::of(schema).map(|_| (size, align)),
        OwnedKind::Map { .. } => Entries::of(schema).map(|_| (size, align)),
        OwnedKind::Frames { .. } => FrameSlots::of(schema).map(|_| (size, align)),
        _ => Some((size, align)),
    };
    match expected {
        Some(expected) if expected == (size, align) => None,
        Some((size_of, align_of)) => Some(format!(
            "it has size {size} and align {align}, but format version 1 has {size_of} and {align_of} on a 64-bit \
             machine; export from a schema that such a machine has written"
        )),
        None => Some(format!(
            "it has size {size} and align {align}, which format version 1 never has; export from a schema of that \
             version"
        )),
    }
}

fn of_number(number: Primitive) -> (u64, u64) {
    (number.size() as u64, number.size() as u64)
}

fn of_vec(capacity: u64, element: &OwnedSchema) -> Option<(u64, u64)> {
    let size = element.size().checked_mul(capacity)?.checked_add(ELEMENTS_AT)?;
    (element.align() <= ELEMENTS_AT).then_some((size, element.align()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use shmstore::{ShmLayout, Versioned};

    fn slots<T: ShmLayout>() -> (u64, u64) {
        let schema = OwnedSchema::from(T::SCHEMA);
        let OwnedKind::Versioned { value } = schema.kind() else { panic!("{schema}") };
        let slots = Slots::of(schema.size(), schema.align(), value).expect("of format version 1");
        (slots.at, slots.len)
    }

    #[test]
    fn slots_are_at_the_offsets_of_the_format() {
        assert_eq!(slots::<Versioned<u8>>(), (80, 16));
        assert_eq!(slots::<Versioned<[f64; 3]>>(), (80, 32));
        assert_eq!(slots::<Versioned<[f64; 8]>>(), (128, 64));
        assert_eq!(slots::<Versioned<[f64; 9]>>(), (80, 80));
    }

    #[test]
    fn a_versioned_of_another_size_has_no_slots() {
        let value = OwnedSchema::from(u64::SCHEMA);
        assert_eq!(Slots::of(192, 64, &value), None);
        assert_eq!(Slots::of(128, 128, &value), None);
        assert_eq!(Slots::of(128, 64, &value), Some(Slots { at: 80, len: 16 }));
    }

    fn ring(size: u64, align: u64, kind: OwnedKind) -> Option<(u64, u64, u64)> {
        let schema = OwnedSchema::new(size, align, kind).ok()?;
        Ring::of(&schema).map(|ring| (ring.at, ring.value_at, ring.stride))
    }

    #[test]
    fn slots_of_queues_and_broadcasts_are_at_the_offsets_of_the_format() {
        let value = |size, align| {
            let kind = OwnedKind::Struct { name: "V".to_owned(), const_args: vec![], fields: vec![] };
            Box::new(OwnedSchema::new(size, align, kind).expect("a value"))
        };
        let queue = |capacity, size, align| OwnedKind::Queue { capacity, value: value(size, align) };
        let broadcast = |capacity, size, align| OwnedKind::Broadcast { capacity, value: value(size, align) };
        assert_eq!(ring(256 + 64, 64, queue(1, 8, 8)), Some((256, 16, 64)));
        assert_eq!(ring(256 + 64 * 4, 64, queue(4, 48, 8)), Some((256, 16, 64)));
        assert_eq!(ring(256 + 128 * 4, 64, queue(4, 49, 1)), Some((256, 16, 128)));
        assert_eq!(ring(128 + 64 * 2, 64, broadcast(2, 32, 32)), Some((128, 32, 64)));
        assert_eq!(ring(256 + 512 * 2, 256, broadcast(2, 256, 256)), Some((256, 256, 512)));
        assert_eq!(ring(128 + 64, 64, broadcast(1, 8, 8)), None, "a broadcast has two slots or more");
        assert_eq!(ring(128 + 64 * 3, 64, broadcast(2, 8, 8)), None);
        assert_eq!(ring(256, 64, queue(0, 8, 8)), None);
    }

    fn entries(size: u64, align: u64, capacity: u64, key: (u64, u64), value: (u64, u64)) -> Option<[u64; 5]> {
        let of = |(size, align)| {
            let kind = OwnedKind::Struct { name: "V".to_owned(), const_args: vec![], fields: vec![] };
            Box::new(OwnedSchema::new(size, align, kind).expect("a value"))
        };
        let schema = OwnedSchema::new(size, align, OwnedKind::Map { capacity, key: of(key), value: of(value) }).ok()?;
        Entries::of(&schema).map(|of| [of.at, of.key_at, of.slots_at, of.slot_len, of.stride])
    }

    #[test]
    fn frames_are_at_the_offsets_of_the_format() {
        let frames = |size, capacity, slots, element: (u64, u64), meta: (u64, u64)| {
            let of = |(size, align)| {
                let kind = OwnedKind::Struct { name: "V".to_owned(), const_args: vec![], fields: vec![] };
                Box::new(OwnedSchema::new(size, align, kind).expect("a value"))
            };
            let align = element.1.max(meta.1).max(64);
            let kind = OwnedKind::Frames { capacity, slots, element: of(element), meta: of(meta) };
            let schema = OwnedSchema::new(size, align, kind).ok()?;
            FrameSlots::of(&schema).map(|of| [of.pins_at, of.at, of.meta_at, of.elements_at, of.stride])
        };
        assert_eq!(frames(704 + 3 * 128, 49, 3, (1, 1), (0, 1)), Some([192, 704, 16, 64, 128]));
        assert_eq!(frames(704 + 3 * 192, 50, 3, (1, 1), (0, 1)), Some([192, 704, 16, 64, 192]));
        assert_eq!(frames(704 + 3 * 128, 50, 3, (1, 1), (0, 1)), None);
        assert_eq!(frames(832 + 16 * 256, 9, 16, (7, 1), (52, 4)), Some([320, 832, 16, 128, 256]));
        assert_eq!(frames(768 + 3 * 1024, 2, 3, (128, 128), (256, 256)), Some([192, 768, 256, 640, 1024]));
    }

    #[test]
    fn entries_of_maps_are_at_the_offsets_of_the_format() {
        assert_eq!(entries(320 + 64 * 192, 64, 64, (8, 8), (64, 8)), None);
        assert_eq!(entries(1280 + 64 * 192, 64, 64, (8, 8), (64, 8)), Some([1280, 48, 64, 64, 192]));
        assert_eq!(entries(320 + 128, 64, 1, (4, 4), (16, 8)), Some([320, 48, 64, 16, 128]));
        assert_eq!(entries(320 + 256 * 4, 64, 4, (20, 1), (49, 1)), Some([320, 48, 80, 64, 256]));
        assert_eq!(entries(512 + 768 * 2, 256, 2, (8, 8), (256, 256)), Some([512, 48, 256, 256, 768]));
        assert_eq!(entries(384 + 256 * 2, 128, 2, (128, 128), (0, 1)), Some([384, 128, 256, 0, 256]));
    }
}
