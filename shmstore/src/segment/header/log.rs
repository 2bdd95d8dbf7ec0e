//! The layout log of an object with room: a record of each layout that the object had. Records are appended and never
//! changed.
//!
//! The word `layout` of the header publishes the newest record. A record that no process published is overwritten by
//! the next one. The header's layout hash is a copy of the newest record's, and is written after it.

use std::ops::Range;

use super::parts::{check_readable, load_bytes, store_bytes};
use super::{Damage, Geometry, Header};
use crate::layout::hash::LayoutHash;
use crate::layout::type_layout::TypeLayout;
use crate::sys::shm::Mapping;

/// The bytes of a record before its prefix hashes.
const FIXED: usize = 32;
/// The size of a hash.
const HASH: usize = 16;
/// The alignment of a record.
const RECORD_ALIGN: usize = 16;

/// One layout of an object. It is consistent with the geometry, and otherwise unchecked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) hash: LayoutHash,
    /// The size of the object by this layout, at most the room.
    pub(crate) size: usize,
    /// The number of fields of the object's type, 0 if it is no struct.
    pub(crate) fields: usize,
    /// The offset of the record in the segment.
    offset: usize,
    json_len: usize,
}

/// The length of the record of a layout.
pub(crate) fn record_len(layout: &TypeLayout) -> usize {
    FIXED + HASH * layout.prefixes().len() + layout.json().len()
}

impl Record {
    /// Reads the newest record of an object with room.
    pub(crate) fn newest(mapping: &Mapping, geometry: &Geometry) -> Result<Self, Damage> {
        let header = Header::of(mapping).expect("a checked geometry has a header");
        let word = header.layout.word();
        let damage = || Damage::new("layout", format!("{word:#x}"));
        let (offset, len) = ((word >> 32) as usize, word as u32 as usize);
        let log = geometry.log_offset..geometry.log_offset + geometry.log_capacity;
        let is_within = log.contains(&offset) && len <= log.end - offset && offset % RECORD_ALIGN == 0 && len >= FIXED;
        if !is_within {
            return Err(damage());
        }
        check_readable(mapping, offset..offset + len, "layout")?;
        let fixed: [u8; FIXED] = load_bytes(mapping, offset);
        let number = |range: Range<usize>| {
            let mut wide = [0; 16];
            wide[..range.len()].copy_from_slice(&fixed[range]);
            u128::from_le_bytes(wide)
        };
        let (size, json_len, fields) = (number(16..24), number(24..28) as usize, number(28..32) as usize);
        let size = usize::try_from(size).ok().filter(|size| *size <= geometry.payload_len);
        let size = size.ok_or_else(|| Damage::new("layout's size", number(16..24)))?;
        if fields.checked_mul(HASH).and_then(|prefixes| prefixes.checked_add(FIXED + json_len)) != Some(len) {
            return Err(damage());
        }
        Ok(Self { hash: LayoutHash::from_u128(number(0..16)), size, fields, offset, json_len })
    }

    /// The hash of the first `fields` fields, which are 1 or more, and no more than the record has.
    pub(crate) fn prefix(&self, mapping: &Mapping, fields: usize) -> LayoutHash {
        assert!((1..=self.fields).contains(&fields), "the record has so many fields");
        let bytes = load_bytes(mapping, self.offset + FIXED + HASH * (fields - 1));
        LayoutHash::from_u128(u128::from_le_bytes(bytes))
    }

    /// Where the schema is in the segment.
    pub(super) fn json(&self) -> Range<usize> {
        let start = self.offset + FIXED + HASH * self.fields;
        start..start + self.json_len
    }

    /// The offset for the next record, if the log has space for `len` bytes more.
    pub(crate) fn next(&self, geometry: &Geometry, len: usize) -> Option<usize> {
        let next = self.json().end.next_multiple_of(RECORD_ALIGN);
        let end = geometry.log_offset + geometry.log_capacity;
        (next.checked_add(len)? <= end).then_some(next)
    }
}

/// Writes a record that is not published yet.
pub(crate) fn write_record(mapping: &Mapping, offset: usize, layout: &TypeLayout) {
    let (json, prefixes) = (layout.json().as_bytes(), layout.prefixes());
    let mut bytes = Vec::with_capacity(record_len(layout));
    bytes.extend(layout.hash().to_u128().to_le_bytes());
    bytes.extend((layout.size() as u64).to_le_bytes());
    bytes.extend((json.len() as u32).to_le_bytes());
    bytes.extend((prefixes.len() as u32).to_le_bytes());
    prefixes.iter().for_each(|prefix| bytes.extend(prefix.to_u128().to_le_bytes()));
    bytes.extend(json);
    store_bytes(mapping, offset, &bytes);
}

impl Header {
    /// The word that publishes the newest record. It changes when the object grows.
    pub(crate) fn layout_word(&self) -> u64 {
        self.layout.word()
    }

    /// Publishes a record that was written. A process that reads the word can read the record.
    pub(crate) fn publish_record(&self, offset: usize, len: usize) {
        self.layout.publish(offset, len);
    }
}
