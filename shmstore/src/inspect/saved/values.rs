//! The copy of an object's values as they are when no process has it attached: no lock is owned and no process waits.

mod frames;
mod maps;
mod rings;

use std::time::Duration;

use super::SavedError;
use crate::inspect::decode::LOCK_INCONSISTENT;
use crate::inspect::frames::FramesTypes;
use crate::inspect::image::Image;
use crate::inspect::memory::{Memory, offset};
use crate::inspect::snapshot::{Snapshot, Waits, snapshot};
use crate::layout::schema::{OwnedKind, OwnedSchema};
use crate::sync::{VersionedOffsets, holder, newest, stable_at};

/// The path of a part that cannot be copied, from its last step to its first, and the reason.
type Refused = (Vec<String>, String);

/// Copies an object, part by part.
pub(in crate::inspect) fn of(schema: &OwnedSchema, memory: Memory<'_>, wait: Duration) -> Result<Vec<u8>, SavedError> {
    let image = Image::zeroed(schema.size()).map_err(|why| SavedError::Part { path: ".".into(), why })?;
    let visits_left = VISITS_A_BYTE.saturating_mul(schema.size()).saturating_add(VISITS);
    let bytes_left = schema.size();
    let mut copier = Copier { memory, waits: Waits::of(wait), image, bytes_left, visits_left };
    copier.part(schema, 0).map_err(|(path, why)| {
        let path: String = path.into_iter().rev().collect();
        let path = path.strip_prefix('.').unwrap_or(&path);
        SavedError::Part { path: if path.is_empty() { ".".into() } else { path.into() }, why }
    })?;
    Ok(copier.image.into_bytes())
}

/// The most nodes that are visited for each byte of the object, and for an object without bytes.
///
/// Real types have fewer. In a hostile schema fields may overlap or have no bytes.
const VISITS_A_BYTE: u64 = 16;
const VISITS: u64 = 1 << 20;

struct Copier<'a> {
    memory: Memory<'a>,
    waits: Waits,
    image: Image,
    bytes_left: u64,
    visits_left: u64,
}

impl Copier<'_> {
    fn part(&mut self, schema: &OwnedSchema, at: usize) -> Result<(), Refused> {
        self.visits()?;
        match schema.kind() {
            OwnedKind::Primitive(primitive) | OwnedKind::Atomic(primitive) => {
                self.integer(at, primitive.size(), |word| word)
            }
            OwnedKind::Enum { repr, .. } => self.integer(at, repr.size(), |word| word),
            OwnedKind::AtomicCell { .. } => self.integer(at, 8, |word| word),
            // The lowest bit says that a process waits.
            OwnedKind::Event => self.integer(at, 8, |word| word & !1),
            OwnedKind::Lock => {
                let is_held = holder(self.load(at, 4)? as u32) != 0;
                self.integer(at + 4, 4, |state| state | u64::from(if is_held { LOCK_INCONSISTENT } else { 0 }))
            }
            OwnedKind::Versioned { value } => self.versioned(schema, value, at),
            OwnedKind::CacheAligned { object } => self.part(object, at),
            OwnedKind::Struct { fields, .. } => fields.iter().try_for_each(|field| {
                self.part(&field.schema, at + field.offset as usize)
                    .map_err(|refused| below(refused, || format!(".{}", field.name)))
            }),
            // There may be up to `u64::MAX` elements without bytes.
            OwnedKind::Array { len, element } if element.size() > 0 => (0..*len).try_for_each(|index| {
                let at = at + (index * element.size()) as usize;
                self.part(element, at).map_err(|refused| below(refused, || format!("[{index}]")))
            }),
            // Only a hostile schema has these outside a value. Any bytes are valid in them.
            OwnedKind::FixedString { .. } | OwnedKind::FixedVec { .. } => self.bytes(at, schema.size()),
            OwnedKind::Queue { capacity, value } => self.queue(schema, value, *capacity, at),
            OwnedKind::Broadcast { capacity, value } => self.broadcast(schema, value, *capacity, at),
            OwnedKind::Map { capacity, key, value } => self.map(schema, (key, value, *capacity), at),
            OwnedKind::Frames { capacity, slots, element, meta } => {
                self.frames(FramesTypes { frames: schema, element, meta, capacity: *capacity, slots: *slots }, at)
            }
            OwnedKind::Array { .. } | OwnedKind::Pad | OwnedKind::Phantom => Ok(()),
        }
    }

    /// Counts a visit.
    fn visits(&mut self) -> Result<(), Refused> {
        let too_many = || here("its type has more parts than bytes".into());
        self.visits_left = self.visits_left.checked_sub(1).ok_or_else(too_many)?;
        Ok(())
    }

    fn versioned(&mut self, schema: &OwnedSchema, value: &OwnedSchema, at: usize) -> Result<(), Refused> {
        self.copies(value.size())?;
        let copy = snapshot(schema, value, self.memory, at, &mut self.waits).map_err(here)?;
        let Snapshot { version, bytes, .. } = copy;
        let offsets = VersionedOffsets::of(value.size(), value.align()).ok_or_else(outside)?;
        let sequence = stable_at(version);
        let slot = offsets.slot_0 + offsets.slot_size * newest(sequence).1 as u64;
        self.put(at + offsets.sequence as usize, &sequence.to_le_bytes())?;
        self.put(at + slot as usize, &bytes)
    }

    fn integer(&mut self, at: usize, size: usize, change: impl FnOnce(u64) -> u64) -> Result<(), Refused> {
        self.copies(size as u64)?;
        let word = change(self.load(at, size)?).to_le_bytes();
        self.put(at, &word[..size])
    }

    fn load(&self, at: usize, size: usize) -> Result<u64, Refused> {
        self.memory.integer(at, size).map_err(|why| here(why.into()))
    }

    /// Counts bytes that are to be copied. Fields of a real type do not overlap, so it copies at most the object's
    /// length.
    fn copies(&mut self, len: u64) -> Result<(), Refused> {
        let overlap = || here("it and what was copied before overlap".into());
        self.bytes_left = self.bytes_left.checked_sub(len).ok_or_else(overlap)?;
        Ok(())
    }

    fn bytes(&mut self, at: usize, len: u64) -> Result<(), Refused> {
        self.copies(len)?;
        let len = usize::try_from(len).map_err(|_| outside())?;
        let bytes = self.memory.bytes(at, len).map_err(|why| here(why.into()))?;
        self.put(at, &bytes)
    }

    /// Writes bytes at an offset in the part that begins at `at`.
    fn put_at(&mut self, at: usize, by: u64, bytes: &[u8]) -> Result<(), Refused> {
        self.put(offset(at, by).map_err(here)?, bytes)
    }

    fn put(&mut self, at: usize, bytes: &[u8]) -> Result<(), Refused> {
        self.image.put(at, bytes).map_err(here)
    }
}

fn below((mut path, why): Refused, step: impl FnOnce() -> String) -> Refused {
    path.push(step());
    (path, why)
}

fn here(why: String) -> Refused {
    (Vec::new(), why)
}

fn outside() -> Refused {
    here("it lies beyond the object, or is not aligned".into())
}
