//! Where the parts of a segment are: laid out by the creator, and believed of others only if they would have laid them
//! out alike.

use std::sync::atomic::Ordering::Relaxed;

use super::{BYTE_ORDER, Damage, Header, MAX_PARTICIPANTS, SIZE_TAG};
use crate::participants::Slot;
use crate::sys::process::PAGE;
use crate::sys::shm::Mapping;

/// Where the parts of a segment are, in bytes from its start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Geometry {
    pub(crate) schema_offset: usize,
    pub(crate) schema_len: usize,
    pub(crate) slots_offset: usize,
    pub(crate) slot_count: u32,
    pub(crate) payload_offset: usize,
    pub(crate) payload_len: usize,
    pub(crate) segment_size: usize,
}

impl Geometry {
    /// Lays out a segment: header, schema, slots, and the payload at its own page. `None` if that is more than memory
    /// can be.
    pub(crate) fn new(schema_len: usize, slot_count: u32, payload_len: usize) -> Option<Self> {
        let schema_offset = size_of::<Header>();
        let slots_offset = schema_offset.checked_add(schema_len)?.checked_next_multiple_of(align_of::<Slot>())?;
        let slots_len = size_of::<Slot>().checked_mul(slot_count as usize)?;
        let payload_offset = slots_offset.checked_add(slots_len)?.checked_next_multiple_of(PAGE)?;
        let payload_end = payload_offset.checked_add(payload_len)?;
        let segment_size = payload_end.checked_next_multiple_of(PAGE)?.checked_add(SIZE_TAG)?;
        Some(Self { schema_offset, schema_len, slots_offset, slot_count, payload_offset, payload_len, segment_size })
    }
}

impl Header {
    /// Writes where the parts are.
    pub(crate) fn lay_out(&self, geometry: &Geometry) {
        self.schema_offset.store(geometry.schema_offset as u64, Relaxed);
        self.schema_len.store(geometry.schema_len as u64, Relaxed);
        self.slots_offset.store(geometry.slots_offset as u64, Relaxed);
        self.slot_size.store(size_of::<Slot>() as u64, Relaxed);
        self.slot_count.store(geometry.slot_count, Relaxed);
        self.payload_offset.store(geometry.payload_offset as u64, Relaxed);
        self.payload_len.store(geometry.payload_len as u64, Relaxed);
        self.segment_size.store(geometry.segment_size as u64, Relaxed);
    }

    /// Reads where the parts are, and believes it only if it is exactly what a creator would have laid out for parts of
    /// these lengths in a segment of the size that the kernel tells.
    pub(crate) fn geometry(&self, mapping: &Mapping) -> Result<Geometry, Damage> {
        // Told by its own name if it alone is impossible, rather than as what does not fit with it.
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
        let geometry = Geometry::new(schema_len, slot_count, payload_len)
            .ok_or_else(|| Damage::new("payload_len", payload_len))?;
        let expected = [
            ("flags", u64::from(self.flags.load(Relaxed)), 0),
            ("byte_order", u64::from(self.byte_order.load(Relaxed)), BYTE_ORDER.into()),
            ("header_len", u64::from(self.header_len.load(Relaxed)), size_of::<Self>() as u64),
            ("schema_offset", self.schema_offset.load(Relaxed), geometry.schema_offset as u64),
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

    #[test]
    fn geometry_puts_each_part_behind_the_one_before() {
        let geometry = Geometry::new(701, 128, 72).unwrap();
        assert_eq!(geometry.schema_offset, 1024);
        assert_eq!(geometry.slots_offset, 1728);
        assert_eq!(geometry.payload_offset, 8192);
        assert_eq!(geometry.segment_size, 12_288 + SIZE_TAG);
    }

    #[test]
    fn geometry_that_overflows_is_none() {
        assert_eq!(Geometry::new(usize::MAX, 1, 1), None);
        assert_eq!(Geometry::new(1, u32::MAX, usize::MAX), None);
        assert_eq!(Geometry::new(usize::MAX - 1100, 128, 1), None);
    }
}
