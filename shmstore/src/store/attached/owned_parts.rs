//! The parts of an object that processes own: their lock words contain a token. A walk through the schema finds them.
//!
//! # Safety
//!
//! Assumes that the payload it is given is mapped. Promises to touch nothing outside it, and to access lock words as
//! atomics, as every process does.
#![allow(unsafe_code)]

mod frames;
mod maps;
mod rings;

use std::fmt::{self, Write};
use std::ptr::NonNull;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicU32, AtomicU64};

use crate::layout::path::{Step, write_path};
use crate::layout::schema::{OwnedKind, OwnedSchema};
use crate::segment::this_process::registry::SegmentRef;
use crate::sync;
use crate::sys::readable::ReadablePages;

/// A part that a process owns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct OwnedPart {
    /// `position`, `accounts[3].value`; `.` for the object itself.
    pub(super) path: String,
    pub(super) token: u32,
}

/// A walk through an object.
struct Walk<'a> {
    /// INVARIANT: this many bytes from this address are mapped while `'a` lasts.
    payload: (NonNull<u8>, usize),
    /// Returns `true` if the kernel provides the page of an offset within the payload, and some process has written it.
    is_readable: &'a dyn Fn(usize) -> bool,
    /// The path of the visited part. It is written out only for owned parts, as an object may have millions of parts.
    path: Vec<Step<&'a str>>,
    found: &'a mut Vec<OwnedPart>,
    /// The number of parts that may still be visited, and the memory that the paths of owned parts may still take. The
    /// schema may come from the segment. Then parts may overlap, or have no bytes and be as many as a number can
    /// express.
    visits_left: usize,
    room: usize,
}

/// The most memory for the paths of owned parts.
const ROOM: usize = 64 << 20;
/// The visits that are made to an object of no bytes, and more for each byte: more than there are parts in any real
/// type.
const VISITS: usize = 1 << 20;
const VISITS_A_BYTE: usize = 4;
/// The visits that are made to an object of any size: a fraction of a second.
const MOST_VISITS: usize = 1 << 24;

/// Lists the owned parts of an object, each as it is at some moment during the call.
pub(super) fn owned_parts(schema: &OwnedSchema, object: &SegmentRef) -> Vec<OwnedPart> {
    let (pages, geometry) = (ReadablePages::of(object.mapping()), object.geometry());
    let is_readable = |offset: usize| {
        let start = geometry.payload_offset + offset;
        // No process has locked what nobody has written yet.
        !pages.are_unwritten(&(start..start + 1)) && pages.check(&(start..start + 1)).is_ok()
    };
    // SAFETY: the payload is mapped while `object` is borrowed, aligned as its type is, and as long as the geometry
    // says.
    unsafe { owned_parts_of(schema, object.payload(), geometry.payload_len, &is_readable) }
}

/// # Safety
///
/// `len` bytes from `payload`, which is aligned as the object is, are mapped during the call.
unsafe fn owned_parts_of(
    schema: &OwnedSchema,
    payload: NonNull<u8>,
    len: usize,
    is_readable: &dyn Fn(usize) -> bool,
) -> Vec<OwnedPart> {
    let mut found = Vec::new();
    let visits_left = VISITS_A_BYTE.saturating_mul(len).saturating_add(VISITS).min(MOST_VISITS);
    let payload = (payload, len);
    Walk { payload, is_readable, path: Vec::new(), found: &mut found, visits_left, room: ROOM }.visit(schema, 0);
    found
}

impl<'a> Walk<'a> {
    /// A schema that is consistent has all parts within their parents: its offsets do not overflow.
    fn visit(&mut self, schema: &'a OwnedSchema, offset: u64) {
        match schema.kind() {
            OwnedKind::Versioned { .. } | OwnedKind::Lock => self.note_lock(offset, format_args!("")),
            OwnedKind::Queue { capacity, value } => self.queue(schema, value, *capacity, offset),
            OwnedKind::Broadcast { .. } => self.broadcast(offset),
            OwnedKind::Map { capacity, key, value } => self.map(schema, (key, value, *capacity), offset),
            OwnedKind::Frames { capacity, slots, element, meta } => {
                self.frames(schema, (element, *capacity), (*slots, meta), offset);
            }
            OwnedKind::CacheAligned { object } => self.visit(object, offset),
            OwnedKind::Struct { fields, .. } => {
                for field in fields {
                    if self.is_enough() {
                        return;
                    }
                    self.visit_at(Step::Field(&field.name), &field.schema, offset + field.offset);
                }
            }
            OwnedKind::Array { len, element } if has_locks(element) => {
                for index in 0..*len {
                    if self.is_enough() {
                        return;
                    }
                    self.visit_at(Step::Index(index), element, offset + index * element.size());
                }
            }
            _ => {}
        }
    }

    fn is_enough(&self) -> bool {
        self.visits_left == 0
    }

    fn visit_at(&mut self, step: Step<&'a str>, schema: &'a OwnedSchema, offset: u64) {
        self.visits_left = self.visits_left.saturating_sub(1);
        self.path.push(step);
        self.visit(schema, offset);
        self.path.pop();
    }

    /// Notes the visited part, or a `piece` of it, if there is a token in its lock word.
    fn note_lock(&mut self, offset: u64, piece: fmt::Arguments<'_>) {
        self.note(sync::holder(self.lock_word(offset)), piece);
    }

    fn note(&mut self, token: u32, piece: fmt::Arguments<'_>) {
        if token != 0 {
            let mut path = String::new();
            write_path(&mut path, &self.path).and_then(|()| path.write_fmt(piece)).expect("a string takes everything");
            self.push(OwnedPart { path, token });
        }
    }

    /// Notes what is a step below the visited part.
    fn note_below(&mut self, token: u32, step: Step<&str>) {
        let steps: &[Step<&str>] = &self.path;
        let mut path = String::new();
        write_path(&mut path, steps.iter().chain([&step])).expect("a string takes everything");
        self.push(OwnedPart { path, token });
    }

    fn push(&mut self, part: OwnedPart) {
        match self.room.checked_sub(part.path.len() + size_of::<OwnedPart>()) {
            Some(room) => {
                self.room = room;
                self.found.push(part);
            }
            None => self.visits_left = 0,
        }
    }

    /// The lock word at an offset. 0 if it cannot be read.
    fn lock_word(&self, offset: u64) -> u32 {
        self.atomic::<AtomicU32>(offset).map_or(0, |word| word.load(Relaxed))
    }

    /// The word of eight bytes at an offset. 0 if it cannot be read.
    fn word(&self, offset: u64) -> u64 {
        self.atomic::<AtomicU64>(offset).map_or(0, |word| word.load(Relaxed))
    }

    /// The atomic at an offset. `None` if the kernel does not provide its page, or if it is outside the payload, which
    /// no schema of the object's type allows.
    fn atomic<A>(&self, offset: u64) -> Option<&A> {
        let (payload, len) = self.payload;
        let offset = usize::try_from(offset).ok()?;
        let end = offset.checked_add(size_of::<A>())?;
        if offset % align_of::<A>() != 0 || end > len || !(self.is_readable)(offset) {
            return None;
        }
        // SAFETY: within the payload, as was just checked.
        let word = unsafe { payload.add(offset) }.cast::<A>();
        // SAFETY: mapped, by the invariant of `payload`; aligned, as the payload and the offset are. `A` is an atomic
        // in every call.
        Some(unsafe { word.as_ref() })
    }
}

/// Returns `true` if a type contains a lock. Most arrays are long and contain none.
fn has_locks(schema: &OwnedSchema) -> bool {
    match schema.kind() {
        OwnedKind::Versioned { .. }
        | OwnedKind::Lock
        | OwnedKind::Queue { .. }
        | OwnedKind::Broadcast { .. }
        | OwnedKind::Map { .. }
        | OwnedKind::Frames { .. } => true,
        OwnedKind::CacheAligned { object } => has_locks(object),
        OwnedKind::Array { element, .. } => has_locks(element),
        OwnedKind::Struct { fields, .. } => fields.iter().any(|field| has_locks(&field.schema)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layout::schema::{OwnedField, Schema};
    use crate::{CacheAligned, Lock, ShmLayout, ShmObject, Versioned};
    use std::sync::atomic::AtomicU64;

    #[derive(ShmObject)]
    #[repr(C)]
    #[shm(crate = "crate")]
    struct Account {
        number: AtomicU64,
        value: Versioned<u64>,
    }

    #[derive(ShmObject)]
    #[repr(C)]
    #[shm(crate = "crate")]
    struct Bank {
        rates: CacheAligned<Versioned<[f64; 3]>>,
        audit: CacheAligned<Lock>,
        accounts: [Account; 4],
        history: [AtomicU64; 8],
    }

    /// A payload with some words in it.
    fn owners(schema: &'static Schema, words: &[(usize, u32)]) -> Vec<(String, u32)> {
        let mut payload = vec![0_u128; schema.size().div_ceil(16)];
        let base = NonNull::from(&mut payload[..]).cast::<u8>();
        for &(offset, word) in words {
            // SAFETY: within the payload, by the test.
            let at = unsafe { base.add(offset) }.cast::<u32>();
            // SAFETY: within the payload, which only this test uses.
            unsafe { at.write(word) };
        }
        // SAFETY: as long as the schema says.
        let found = unsafe { owned_parts_of(&schema.into(), base, schema.size(), &|_| true) };
        found.into_iter().map(|part| (part.path, part.token)).collect()
    }

    /// A payload of these bytes.
    pub(super) fn owners_in(schema: &OwnedSchema, bytes: &[u8]) -> Vec<(String, u32)> {
        let mut payload = vec![0_u128; bytes.len().div_ceil(16)];
        for (word, bytes) in payload.iter_mut().zip(bytes.chunks(16)) {
            *word = u128::from_le_bytes(std::array::from_fn(|at| bytes.get(at).copied().unwrap_or(0)));
        }
        // SAFETY: at least so many bytes are there.
        let found = unsafe { owned_parts_of(schema, NonNull::from(&payload[..]).cast(), bytes.len(), &|_| true) };
        found.into_iter().map(|part| (part.path, part.token)).collect()
    }

    #[test]
    fn parts_are_named_by_their_paths() {
        let account = size_of::<Account>();
        let accounts = std::mem::offset_of!(Bank, accounts);
        let value = std::mem::offset_of!(Account, value);
        let words = [
            (0, 7),
            (std::mem::offset_of!(Bank, audit), 6),
            (accounts + 3 * account + value, 1 << 31 | 9),
            (accounts, 5),
        ];
        assert_eq!(
            owners(Bank::SCHEMA, &words),
            [("rates".into(), 7), ("audit".into(), 6), ("accounts[3].value".into(), 9)]
        );
    }

    #[test]
    fn part_that_is_the_object_itself_is_a_dot() {
        assert_eq!(owners(Versioned::<u64>::SCHEMA, &[(0, 3)]), [(".".into(), 3)]);
    }

    #[test]
    fn flags_alone_are_no_owner() {
        assert_eq!(owners(Versioned::<u64>::SCHEMA, &[(0, 7 << 29)]), []);
    }

    /// Returns a schema that may come from elsewhere.
    fn owned(size: u64, align: u64, kind: OwnedKind) -> OwnedSchema {
        OwnedSchema::new(size, align, kind).unwrap()
    }

    #[test]
    fn endless_locks_without_bytes_are_visited_within_bounds() {
        let nothing = owned(0, 1, OwnedKind::Phantom);
        let unit = owned(0, 1, OwnedKind::Versioned { value: Box::new(nothing) });
        let endless = owned(0, 1, OwnedKind::Array { len: 1 << 60, element: Box::new(unit) });
        // SAFETY: no byte is needed of the payload.
        assert_eq!(unsafe { owned_parts_of(&endless, NonNull::<u64>::dangling().cast(), 0, &|_| true) }, []);
    }

    #[test]
    fn paths_of_owned_parts_take_no_more_memory_than_there_is_room_for() {
        let lock = owned(8, 8, OwnedKind::Lock);
        let locks = owned(8 << 16, 8, OwnedKind::Array { len: 1 << 16, element: Box::new(lock) });
        let field = |name: String| OwnedField { name, offset: 0, schema: locks.clone() };
        let fields = (0..99).map(|number| field(format!("{number:0>255}"))).collect();
        let kind = OwnedKind::Struct { name: "S".into(), const_args: vec![], fields };
        let all = owned(8 << 16, 8, kind);
        let payload = vec![u64::MAX; 1 << 16];
        // SAFETY: as long as the schema says.
        let found = unsafe { owned_parts_of(&all, NonNull::from(&payload[..]).cast(), 8 << 16, &|_| true) };
        let bytes: usize = found.iter().map(|part| part.path.len() + size_of::<OwnedPart>()).sum();
        assert!(bytes <= ROOM && bytes > ROOM / 2, "{bytes} bytes");
    }

    #[test]
    fn nothing_outside_the_payload_is_read() {
        let schema = Versioned::<u64>::SCHEMA;
        let payload = [u32::MAX; 2];
        // SAFETY: so many bytes are there.
        assert_eq!(unsafe { owned_parts_of(&schema.into(), NonNull::from(&payload).cast(), 3, &|_| true) }, []);
    }
}
