//! The parts of a segment besides its header: schema, slots, payload.
//!
//! # Safety
//!
//! Assumes that a [`Mapping`] is mapped for as long as it says it is. Promises to touch nothing outside it, whatever
//! the geometry says, and to access it only as atomics.
#![allow(unsafe_code)]

use std::ptr::NonNull;
use std::slice;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicU8, AtomicU64};

use super::{Damage, Geometry, Header};
use crate::segment::participants::{Slot, SlotTable};
use crate::sys::process::PAGE;
use crate::sys::readable::ReadablePages;
use crate::sys::shm::Mapping;

/// The longest schema that is read, in bytes of JSON: some ten thousand fields.
const MAX_SCHEMA: usize = 1 << 20;

/// Returns `true` if all bytes of the header are zero.
pub(crate) fn is_blank(mapping: &Mapping) -> bool {
    bytes(mapping, 0, size_of::<Header>()).iter().all(|byte| byte.load(Relaxed) == 0)
}

/// Returns `true` if all bytes of the segment are zero, and all its pages can be read. It reads each page, which may
/// take memory.
pub(crate) fn is_all_zero(mapping: &Mapping) -> bool {
    let pages = ReadablePages::of(mapping);
    let mut starts = (0..mapping.len()).step_by(PAGE);
    starts.all(|start| {
        let end = mapping.len().min(start + PAGE);
        pages.check(&(start..end)).is_ok()
            && bytes(mapping, start, end - start).iter().all(|byte| byte.load(Relaxed) == 0)
    })
}

/// Copies the schema's JSON into a new segment, which no other process reads yet.
pub(crate) fn write_schema(mapping: &Mapping, geometry: &Geometry, json: &[u8]) {
    let (before, words, after) = as_words(schema_bytes(mapping, geometry));
    let (first, rest) = json.split_at(before.len().min(json.len()));
    let (middle, last) = rest.split_at((8 * words.len()).min(rest.len()));
    before.iter().zip(first).for_each(|(field, &byte)| field.store(byte, Relaxed));
    for (field, bytes) in words.iter().zip(middle.chunks_exact(8)) {
        field.store(u64::from_ne_bytes(bytes.try_into().expect("eight bytes")), Relaxed);
    }
    after.iter().zip(last).for_each(|(field, &byte)| field.store(byte, Relaxed));
}

/// Copies the schema's JSON out of a segment. It may be any bytes, as many as the geometry says.
///
/// More than [`MAX_SCHEMA`] is refused: the copy takes memory, and a peer may call all of a large object its schema.
pub(crate) fn read_schema(mapping: &Mapping, geometry: &Geometry) -> Result<Vec<u8>, Damage> {
    if geometry.schema_len > MAX_SCHEMA {
        let found = format!("{} bytes, of which this program reads at most {MAX_SCHEMA}", geometry.schema_len);
        return Err(Damage::new("schema", found));
    }
    // The first page was checked when the segment was attached, a moment ago.
    let range = geometry.schema_offset.max(PAGE)..geometry.schema_offset + geometry.schema_len;
    mapping.check_readable(&range).map_err(|_| Damage::new("schema", "on a page that the kernel cannot provide"))?;
    Ok(schema_bytes(mapping, geometry).iter().map(|byte| byte.load(Relaxed)).collect())
}

fn schema_bytes<'a>(mapping: &'a Mapping, geometry: &Geometry) -> &'a [AtomicU8] {
    bytes(mapping, geometry.schema_offset, geometry.schema_len)
}

fn bytes(mapping: &Mapping, offset: usize, len: usize) -> &[AtomicU8] {
    let base = part(mapping, offset, len);
    // SAFETY: `part` has checked that the bytes are mapped while `mapping` is borrowed; atomics of one byte.
    unsafe { slice::from_raw_parts(base.cast::<AtomicU8>().as_ptr(), len) }
}

/// The same bytes, most of them as words.
fn as_words(bytes: &[AtomicU8]) -> (&[AtomicU8], &[AtomicU64], &[AtomicU8]) {
    // SAFETY: eight atomics of one byte, aligned to eight, may be accessed as one atomic of eight bytes: any bits are
    // valid in either. This process does not access them by both at a time: the segment is new, and this is its only
    // reference.
    unsafe { bytes.align_to() }
}

/// The participants' slots of a segment.
pub(crate) fn slots<'a>(mapping: &'a Mapping, geometry: &Geometry) -> SlotTable<'a> {
    let count = geometry.slot_count as usize;
    let base = part(mapping, geometry.slots_offset, count * size_of::<Slot>());
    assert!(geometry.slots_offset % align_of::<Slot>() == 0, "slots are aligned in a checked geometry");
    let used = &Header::of(mapping).expect("a checked geometry has a header").slots_used;
    // SAFETY: `part` has checked that the bytes are mapped while `mapping` is borrowed, they are aligned as asserted,
    // and a slot is all atomic.
    SlotTable { slots: unsafe { slice::from_raw_parts(base.cast::<Slot>().as_ptr(), count) }, used }
}

/// The first byte of the object.
pub(crate) fn payload(mapping: &Mapping, geometry: &Geometry) -> NonNull<u8> {
    part(mapping, geometry.payload_offset, geometry.payload_len)
}

/// The address of a part of the mapping.
///
/// # Panics
///
/// Panics if the part is not within the mapping. A geometry that was checked against this mapping cannot say that.
fn part(mapping: &Mapping, offset: usize, len: usize) -> NonNull<u8> {
    let end = offset.checked_add(len).expect("a checked geometry does not overflow");
    assert!(end <= mapping.len(), "a checked geometry is within its mapping");
    // SAFETY: `offset` is at most the mapping's length, as asserted, which is one allocation.
    unsafe { mapping.base().add(offset) }
}
