//! The geometry of a segment: the offsets of its parts. A header is believed only if it says what this program would
//! have laid out.

use std::sync::atomic::Ordering::Relaxed;

use super::{BYTE_ORDER, Damage, Header, MAX_PARTICIPANTS, ROOM, SIZE_TAG};
use crate::segment::participants::Slot;
use crate::sys::process::PAGE;
use crate::sys::shm::Mapping;

/// Offsets and lengths of the parts of a segment, in bytes; offsets are from its start.
///
/// Nothing in it ever changes. So two attachments of one segment have the same geometry, also if the object has grown
/// between them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Geometry {
    /// 0 if the schema is in the layout log.
    pub(crate) schema_offset: usize,
    /// 0 if the schema is in the layout log.
    pub(crate) schema_len: usize,
    /// 0 if there is no layout log, because the object has no room.
    pub(crate) log_offset: usize,
    pub(crate) log_capacity: usize,
    pub(crate) slots_offset: usize,
    pub(crate) slot_count: u32,
    pub(crate) payload_offset: usize,
    /// The room of an object, and the size of an object without room.
    pub(crate) payload_len: usize,
    pub(crate) segment_size: usize,
}

/// The longest payload that is right behind the header, at offset 1024. It is aligned there, because no type is aligned
/// to more than its size.
const SMALL_PAYLOAD: usize = size_of::<Header>();

/// The last end of a schema before the slots: 32 slots are on the first page then.
const EARLY_SCHEMA: usize = PAGE - 32 * size_of::<Slot>();

/// The alignment of the slots and of the layout log: they share no cache line with another part.
const PART_ALIGN: usize = 128;

/// The longest layout log, unless its first record is longer.
const LONG_LOG: usize = 1 << 20;

/// The capacity of the layout log of a new object: four times its first record, plus the room, at most [`LONG_LOG`],
/// but at least the first record. The room counts because it bounds how many fields may be appended, and each of them
/// makes the records longer. Pages that are never written take no memory.
fn log_capacity(first_record: usize, room: usize) -> Option<usize> {
    let wished = first_record.checked_mul(4)?.checked_add(room)?.min(LONG_LOG);
    wished.max(first_record).checked_next_multiple_of(PAGE)
}

impl Geometry {
    /// Lays out a segment for an object without room; `None` if its size overflows. The order is:
    ///
    /// 1. header
    /// 2. payload, if it is small
    /// 3. schema, if it is short
    /// 4. slots
    /// 5. schema, if it is long
    /// 6. payload, if it is larger, at the start of a page
    ///
    /// So a small object needs only the first page, to be created and to be attached.
    pub(crate) fn new(schema_len: usize, slot_count: u32, payload_len: usize) -> Option<Self> {
        let is_small = (1..=SMALL_PAYLOAD).contains(&payload_len);
        let front = size_of::<Header>() + if is_small { payload_len } else { 0 };
        let slots_len = size_of::<Slot>().checked_mul(slot_count as usize)?;
        let early_schema_end = front.checked_add(schema_len)?;
        let (schema_offset, slots_offset, end) = if early_schema_end <= EARLY_SCHEMA {
            let slots_offset = early_schema_end.next_multiple_of(PART_ALIGN);
            (front, slots_offset, slots_offset.checked_add(slots_len)?)
        } else {
            let slots_offset = front.next_multiple_of(PART_ALIGN);
            let schema_offset = slots_offset.checked_add(slots_len)?;
            (schema_offset, slots_offset, schema_offset.checked_add(schema_len)?)
        };
        let parts = Self { schema_offset, schema_len, slots_offset, slot_count, payload_len, ..Self::EMPTY };
        parts.with_payload_behind(end, is_small)
    }

    /// Lays out a segment for a new object with `room` bytes of room; `None` if its size overflows. The order is:
    ///
    /// 1. header
    /// 2. payload, if the room is small
    /// 3. slots
    /// 4. layout log, which begins with a record of `first_record` bytes
    /// 5. payload, if the room is larger, at the start of a page
    pub(crate) fn with_room(first_record: usize, slot_count: u32, room: usize) -> Option<Self> {
        Self::with_log(log_capacity(first_record, room)?, slot_count, room)
    }

    fn with_log(log_capacity: usize, slot_count: u32, payload_len: usize) -> Option<Self> {
        let is_small = (1..=SMALL_PAYLOAD).contains(&payload_len);
        let front = size_of::<Header>() + if is_small { payload_len } else { 0 };
        let slots_offset = front.next_multiple_of(PART_ALIGN);
        let slots_end = size_of::<Slot>().checked_mul(slot_count as usize)?.checked_add(slots_offset)?;
        let log_offset = slots_end.checked_next_multiple_of(PART_ALIGN)?;
        let parts = Self { log_offset, log_capacity, slots_offset, slot_count, payload_len, ..Self::EMPTY };
        parts.with_payload_behind(log_offset.checked_add(log_capacity)?, is_small)
    }

    const EMPTY: Self = Self {
        schema_offset: 0,
        schema_len: 0,
        log_offset: 0,
        log_capacity: 0,
        slots_offset: 0,
        slot_count: 0,
        payload_offset: 0,
        payload_len: 0,
        segment_size: 0,
    };

    /// Adds the payload behind the other parts, which end at `end`, or behind the header.
    fn with_payload_behind(self, end: usize, is_small: bool) -> Option<Self> {
        let page_end = end.checked_next_multiple_of(PAGE)?;
        let (payload_offset, end) =
            if is_small { (size_of::<Header>(), end) } else { (page_end, page_end.checked_add(self.payload_len)?) };
        let segment_size = end.checked_next_multiple_of(PAGE)?.checked_add(SIZE_TAG)?;
        Some(Self { payload_offset, segment_size, ..self })
    }

    /// Returns `true` if the object has room: it has a layout log.
    pub(crate) fn has_room(&self) -> bool {
        self.log_capacity != 0
    }

    /// The room of the object, in bytes.
    pub(crate) fn room(&self) -> Option<u64> {
        self.has_room().then_some(self.payload_len as u64)
    }
}

impl Header {
    /// Writes the geometry.
    pub(crate) fn lay_out(&self, geometry: &Geometry) {
        self.flags.set(if geometry.has_room() { ROOM } else { 0 });
        self.log_offset.store(geometry.log_offset as u64, Relaxed);
        self.log_capacity.store(geometry.log_capacity as u64, Relaxed);
        self.schema_offset.store(geometry.schema_offset as u64, Relaxed);
        self.schema_len.store(geometry.schema_len as u64, Relaxed);
        self.slots_offset.store(geometry.slots_offset as u64, Relaxed);
        self.slot_size.store(size_of::<Slot>() as u64, Relaxed);
        self.slot_count.store(geometry.slot_count, Relaxed);
        self.payload_offset.store(geometry.payload_offset as u64, Relaxed);
        self.payload_len.store(geometry.payload_len as u64, Relaxed);
        self.segment_size.store(geometry.segment_size as u64, Relaxed);
    }

    /// Reads the geometry. It must be exactly what a creator lays out for the lengths in the header, and as large as
    /// the kernel says.
    pub(crate) fn geometry(&self, mapping: &Mapping) -> Result<Geometry, Damage> {
        // A length that is impossible by itself is named, and not another field that does not fit with it.
        let part_len = |field, len: u64| {
            let within = usize::try_from(len).ok().filter(|&len| len <= mapping.len());
            within.ok_or_else(|| Damage::new(field, len))
        };
        let schema_len = part_len("schema_len", self.schema_len.load(Relaxed))?;
        let payload_len = part_len("payload_len", self.payload_len.load(Relaxed))?;
        let slot_count = self.slot_count.load(Relaxed);
        if slot_count == 0 || slot_count > MAX_PARTICIPANTS {
            return Err(Damage::new("slot_count", slot_count));
        }
        let log_capacity = part_len("log_capacity", self.log_capacity.load(Relaxed))?;
        let geometry = if self.flags.has(ROOM) {
            if log_capacity == 0 || log_capacity % PAGE != 0 {
                return Err(Damage::new("log_capacity", log_capacity));
            }
            Geometry::with_log(log_capacity, slot_count, payload_len)
        } else {
            Geometry::new(schema_len, slot_count, payload_len)
        };
        let geometry = geometry.ok_or_else(|| Damage::new("payload_len", payload_len))?;
        let expected = [
            ("byte_order", u64::from(self.byte_order.load(Relaxed)), BYTE_ORDER.into()),
            ("header_len", u64::from(self.header_len.load(Relaxed)), size_of::<Self>() as u64),
            ("schema_offset", self.schema_offset.load(Relaxed), geometry.schema_offset as u64),
            ("schema_len", schema_len as u64, geometry.schema_len as u64),
            ("log_offset", self.log_offset.load(Relaxed), geometry.log_offset as u64),
            ("log_capacity", log_capacity as u64, geometry.log_capacity as u64),
            ("slots_offset", self.slots_offset.load(Relaxed), geometry.slots_offset as u64),
            ("slot_size", self.slot_size.load(Relaxed), size_of::<Slot>() as u64),
            ("payload_offset", self.payload_offset.load(Relaxed), geometry.payload_offset as u64),
            ("segment_size", self.segment_size.load(Relaxed), geometry.segment_size as u64),
            ("segment_size", mapping.len() as u64, geometry.segment_size as u64),
        ];
        match expected.into_iter().find(|(_, found, expected)| found != expected) {
            Some((field, found, expected)) => Err(Damage::new(field, format!("{found}, expected {expected}"))),
            None => Ok(geometry),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Offsets of payload, schema and slots, and the number of whole pages.
    fn offsets(schema_len: usize, slot_count: u32, payload_len: usize) -> (usize, usize, usize, usize) {
        let found = Geometry::new(schema_len, slot_count, payload_len).unwrap();
        assert_eq!(found.segment_size % PAGE, SIZE_TAG);
        (found.payload_offset, found.schema_offset, found.slots_offset, found.segment_size / PAGE)
    }

    #[test]
    fn small_object_shares_the_first_page_with_the_first_slots() {
        assert_eq!(offsets(701, 128, 72), (1024, 1096, 1920, 2));
        assert_eq!(offsets(1, 1, 1024), (1024, 2048, 2176, 1));
    }

    #[test]
    fn larger_object_has_pages_of_its_own() {
        assert_eq!(offsets(701, 128, 1025), (8192, 1024, 1792, 3));
        assert_eq!(offsets(701, 128, 4097), (8192, 1024, 1792, 4));
        assert_eq!(offsets(701, 128, 0), (8192, 1024, 1792, 2));
    }

    #[test]
    fn long_schema_is_behind_the_slots() {
        assert_eq!(offsets(2048 - 72, 128, 72), (1024, 1096, 3072, 2));
        assert_eq!(offsets(2049 - 72, 128, 72), (1024, 5248, 1152, 2));
        assert_eq!(offsets(5000, 128, 2000), (12_288, 5120, 1024, 4));
    }

    #[test]
    fn parts_never_overlap() {
        for schema_len in [0, 1, 700, 2047, 2048, 2049, 10_000] {
            for slot_count in [1, 31, 128, 65_536] {
                for payload_len in [0, 1, 64, 1023, 1024, 1025, 4096, 10_000] {
                    let found = Geometry::new(schema_len, slot_count, payload_len).unwrap();
                    let mut parts = [
                        (0, size_of::<Header>()),
                        (found.schema_offset, schema_len),
                        (found.slots_offset, slot_count as usize * size_of::<Slot>()),
                        (found.payload_offset, payload_len),
                        (found.segment_size, 0),
                    ];
                    parts.sort_unstable();
                    assert!(parts.is_sorted_by(|(at, len), (next, _)| at + len <= *next), "{found:?}");
                }
            }
        }
    }

    #[test]
    fn small_room_is_on_the_first_page_with_slots_before_the_log() {
        let found = Geometry::with_room(700, 128, 1024).unwrap();
        assert_eq!((found.payload_offset, found.slots_offset, found.log_offset), (1024, 2048, 2048 + 128 * 32));
        assert_eq!((found.schema_offset, found.schema_len, found.log_capacity), (0, 0, 4096));
        let found = Geometry::with_room(700, 128, 1025).unwrap();
        assert_eq!((found.slots_offset, found.log_offset, found.payload_offset), (1024, 5120, 12_288));
    }

    #[test]
    fn log_has_space_for_later_records() {
        let capacity = |record, room| Geometry::with_room(record, 1, room).unwrap().log_capacity;
        assert_eq!(capacity(700, 4096), 8192);
        assert_eq!(capacity(700, 1 << 30), LONG_LOG);
        assert_eq!(capacity(LONG_LOG + 1, 64), LONG_LOG + PAGE);
    }

    #[test]
    fn geometry_that_overflows_is_none() {
        assert_eq!(Geometry::with_room(usize::MAX / 2, 1, 1), None);
        assert_eq!(Geometry::with_room(1, 1, usize::MAX), None);
        assert_eq!(Geometry::new(usize::MAX, 1, 1), None);
        assert_eq!(Geometry::new(1, 1, usize::MAX), None);
        assert_eq!(Geometry::new(usize::MAX - 1100, 128, 1), None);
    }
}
