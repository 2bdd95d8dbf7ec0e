//! The parts of a segment besides its header: layout, slots, payload.
//!
//! # Safety
//!
//! Assumes that a [`Mapping`] is mapped for as long as it says it is. Promises to touch nothing outside it, whatever
//! the geometry says, and to access it only as atomics.
#![allow(unsafe_code)]

use std::ops::Range;
use std::ptr::NonNull;
use std::slice;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicU8, AtomicU64};

use super::log::{Record, record_len, write_record};
use super::{Damage, Geometry, Header};
use crate::layout::hash::LayoutHash;
use crate::layout::type_layout::TypeLayout;
use crate::segment::participants::{Slot, SlotTable};
use crate::sys::process::{PAGE, ordinary_page_size};
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

/// The layout that a segment says its object has. The schema may be any bytes.
#[derive(Debug)]
pub(crate) struct Stored {
    pub(crate) hash: LayoutHash,
    /// The size of the object, in bytes.
    pub(crate) size: usize,
    /// The schema.
    pub(crate) json: Vec<u8>,
}

/// Writes the layout of a new object: its schema, or the first record of its log.
pub(crate) fn write_layout(mapping: &Mapping, geometry: &Geometry, layout: &TypeLayout) {
    if geometry.has_room() {
        write_record(mapping, geometry.log_offset, layout);
        let header = Header::of(mapping).expect("a new segment has a header");
        header.publish_record(geometry.log_offset, record_len(layout));
    } else {
        store_bytes(mapping, geometry.schema_offset, layout.json().as_bytes());
    }
}

/// Writes bytes that no thread reads yet.
pub(super) fn store_bytes(mapping: &Mapping, offset: usize, new: &[u8]) {
    let (before, words, after) = as_words(bytes(mapping, offset, new.len()));
    let (first, rest) = new.split_at(before.len());
    let (middle, last) = rest.split_at(8 * words.len());
    before.iter().zip(first).for_each(|(field, &byte)| field.store(byte, Relaxed));
    for (field, bytes) in words.iter().zip(middle.chunks_exact(8)) {
        field.store(u64::from_ne_bytes(bytes.try_into().expect("eight bytes")), Relaxed);
    }
    after.iter().zip(last).for_each(|(field, &byte)| field.store(byte, Relaxed));
}

/// Reads the layout of an object, the newest one if it has grown.
///
/// A schema of more than [`MAX_SCHEMA`] bytes is refused: the copy takes memory, and a peer may call all of a large
/// object its schema.
pub(crate) fn read_layout(mapping: &Mapping, geometry: &Geometry) -> Result<Stored, Damage> {
    let header = Header::of(mapping).expect("a checked geometry has a header");
    let (hash, size, range) = if geometry.has_room() {
        let newest = Record::newest(mapping, geometry)?;
        (newest.hash, newest.size, newest.json())
    } else {
        let range = geometry.schema_offset..geometry.schema_offset + geometry.schema_len;
        (header.layout_hash(), geometry.payload_len, range)
    };
    if range.len() > MAX_SCHEMA {
        let found = format!("{} bytes, of which this program reads at most {MAX_SCHEMA}", range.len());
        return Err(Damage::new("schema", found));
    }
    check_readable(mapping, range.clone(), "schema")?;
    let json = bytes(mapping, range.start, range.len()).iter().map(|byte| byte.load(Relaxed)).collect();
    Ok(Stored { hash, size, json })
}

/// Checks that the kernel can provide the pages of a part. The first page was checked when the segment was attached, a
/// moment ago.
pub(super) fn check_readable(mapping: &Mapping, part: Range<usize>, field: &'static str) -> Result<(), Damage> {
    let readable = mapping.check_readable(&(part.start.max(PAGE)..part.end));
    readable.map_err(|_| Damage::new(field, "on a page that the kernel cannot provide"))
}

/// Copies bytes of a part.
pub(super) fn load_bytes<const N: usize>(mapping: &Mapping, offset: usize) -> [u8; N] {
    let from = bytes(mapping, offset, N);
    std::array::from_fn(|at| from[at].load(Relaxed))
}

fn bytes(mapping: &Mapping, offset: usize, len: usize) -> &[AtomicU8] {
    let base = part(mapping, offset, len);
    // SAFETY: `part` has checked that the bytes are mapped while `mapping` is borrowed; atomics of one byte.
    unsafe { slice::from_raw_parts(base.cast::<AtomicU8>().as_ptr(), len) }
}

/// The same bytes, most of them as words.
fn as_words(bytes: &[AtomicU8]) -> (&[AtomicU8], &[AtomicU64], &[AtomicU8]) {
    // SAFETY: eight atomics of one byte, aligned to eight, may be accessed as one atomic of eight bytes: any bits are
    // valid in either. No thread of this process accesses them by both at a time: no other thread reads them before
    // they are published.
    unsafe { bytes.align_to() }
}

/// Makes bytes of the payload zero that no process uses yet. Whole pages are given back to the kernel, so that a large
/// new field takes no memory before it is used.
pub(crate) fn clear_payload(mapping: &Mapping, geometry: &Geometry, range: Range<usize>) {
    let range = range.start + geometry.payload_offset..range.end + geometry.payload_offset;
    let page = ordinary_page_size();
    let pages = range.start.next_multiple_of(page)..range.end / page * page;
    let parts = match pages.is_empty() || !mapping.discard(&pages) {
        true => [range, 0..0],
        false => [range.start..pages.start, pages.end..range.end],
    };
    for part in parts {
        bytes(mapping, part.start, part.len()).iter().for_each(|byte| byte.store(0, Relaxed));
    }
}

/// Writes the values of a new object, which no other process uses yet. Pages on which all of them are zero are left as
/// the kernel gave them, so that they take no memory.
///
/// # Panics
///
/// Panics if there are more values than the object has room for.
pub(crate) fn write_payload(mapping: &Mapping, geometry: &Geometry, values: &[u8]) {
    assert!(values.len() <= geometry.payload_len, "the object was made for these values");
    for (start, page) in (geometry.payload_offset..).step_by(PAGE).zip(values.chunks(PAGE)) {
        if page.iter().any(|byte| *byte != 0) {
            store_bytes(mapping, start, page);
        }
    }
}

/// Copies the first `len` bytes of an object to a new segment of the same geometry.
pub(crate) fn copy_payload(from: &Mapping, to: &Mapping, geometry: &Geometry, len: usize) {
    let end = geometry.payload_offset + len;
    for start in (geometry.payload_offset..end).step_by(PAGE) {
        let page = bytes(from, start, PAGE.min(end - start));
        if page.iter().any(|byte| byte.load(Relaxed) != 0) {
            let copy: Vec<u8> = page.iter().map(|byte| byte.load(Relaxed)).collect();
            store_bytes(to, start, &copy);
        }
    }
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
