//! A copy of the newest value of a `Versioned` or of an entry of a `Map`, of any type and of one version even while
//! other processes store.

use std::sync::atomic::{AtomicU64, Ordering::Acquire};
use std::time::{Duration, Instant};

use super::memory::{Memory, OUTSIDE, integer, length, offset};
use crate::layout::schema::OwnedSchema;
use crate::sync::{self, VersionedOffsets, newest, try_copy};

/// The copy of a value with a version.
pub(super) struct Snapshot {
    pub(super) version: u64,
    pub(super) locked: bool,
    pub(super) bytes: Vec<u8>,
}

/// The time for which one call may wait: for each value, and what is left for all.
pub(super) struct Waits {
    each: Duration,
    left: Duration,
}

impl Waits {
    pub(super) fn of(each: Duration) -> Self {
        const VALUES: u32 = 10;
        Self { each, left: each.saturating_mul(VALUES) }
    }

    /// Repeats an attempt until it returns something.
    ///
    /// # Errors
    ///
    /// The time that was waited in vain.
    pub(super) fn repeat<T>(&mut self, mut attempt: impl FnMut() -> Option<T>) -> Result<T, Duration> {
        if let Some(found) = attempt() {
            return Ok(found);
        }
        let (since, wait) = (Instant::now(), self.each.min(self.left));
        let mut found = None;
        while found.is_none() && since.elapsed() < wait {
            std::hint::spin_loop();
            found = attempt();
        }
        self.left = self.left.saturating_sub(since.elapsed());
        found.ok_or(wait)
    }
}

/// The places of a value with versions: in a `Versioned`, or in an entry of a `Map`.
pub(super) struct Cell {
    pub(super) lock: usize,
    pub(super) sequence: usize,
    pub(super) slots: [usize; 2],
    pub(super) len: usize,
}

impl Cell {
    /// The places in a `Versioned` that begins at `at`, if it has the layout of this program.
    pub(super) fn of(schema: &OwnedSchema, value: &OwnedSchema, at: usize) -> Result<Self, String> {
        let offsets = VersionedOffsets::of(value.size(), value.align())
            .filter(|offsets| offsets.size == schema.size() && offsets.align == schema.align())
            .ok_or_else(|| {
                format!("no `Versioned` of this program is {} bytes, aligned to {}", schema.size(), schema.align())
            })?;
        let even = offset(at, offsets.slot_0)?;
        let slots = [even, offset(even, offsets.slot_size)?];
        Ok(Self { lock: at, sequence: offset(at, offsets.sequence)?, slots, len: length(value.size())? })
    }

    /// Returns the version, and `true` if a process is writing. It does not read the value.
    pub(super) fn version(&self, memory: Memory<'_>) -> Result<(u64, bool), String> {
        let locked = sync::holder(integer(memory, self.lock, 4)? as u32) != 0;
        Ok((newest(integer(memory, self.sequence, 8)?).0, locked))
    }

    /// Copies the newest value.
    pub(super) fn copy(&self, memory: Memory<'_>, waits: &mut Waits) -> Result<Snapshot, String> {
        let locked = sync::holder(integer(memory, self.lock, 4)? as u32) != 0;
        let mut bytes = Vec::new();
        let version = self.copy_into(memory, waits, &mut bytes)?;
        Ok(Snapshot { version, locked, bytes })
    }

    /// Replaces the content of `to` by the newest value, and returns its version.
    pub(super) fn copy_into(&self, memory: Memory<'_>, waits: &mut Waits, to: &mut Vec<u8>) -> Result<u64, String> {
        let live = match memory {
            Memory::Live(live) => live,
            Memory::Copy(_) => {
                let (version, newest) = newest(integer(memory, self.sequence, 8)?);
                memory.bytes_into(self.slots[newest], self.len, to)?;
                return Ok(version);
            }
        };
        let [even, odd] = self.slots;
        live.make_room(even.max(odd), self.len, to)?;
        // Not a word to compare with: a process may store while the zeros would be copied.
        if live.has_unwritten_word(self.sequence) {
            to.fill(0);
            return Ok(0);
        }
        let sequence = live.word(self.sequence)?;
        let copy = |slot: usize| match slot {
            // Version 0 is the zeros of a new object, on pages that may not be in memory yet.
            0 if newest(sequence.load(Acquire)).0 == 0 => live.copy_unwritten(even, to),
            0 => live.copy(even, to),
            _ => live.copy(odd, to),
        };
        whole_copy(sequence, copy, waits)
    }
}

/// Returns the version of a `Versioned`, and `true` if a process is writing it. It does not read the value.
pub(super) fn version(
    schema: &OwnedSchema,
    value: &OwnedSchema,
    memory: Memory<'_>,
    at: usize,
) -> Result<(u64, bool), String> {
    Cell::of(schema, value, at)?.version(memory)
}

/// Copies the newest value of a `Versioned`.
pub(super) fn snapshot(
    schema: &OwnedSchema,
    value: &OwnedSchema,
    memory: Memory<'_>,
    at: usize,
    waits: &mut Waits,
) -> Result<Snapshot, String> {
    Cell::of(schema, value, at)?.copy(memory, waits)
}

/// Copies slots until a copy is of one version, and returns that version.
fn whole_copy(
    sequence: &AtomicU64,
    mut copy: impl FnMut(usize) -> Result<(), &'static str>,
    waits: &mut Waits,
) -> Result<u64, String> {
    let copied = waits.repeat(|| {
        let mut copied = Err(OUTSIDE);
        let version = try_copy(sequence, |slot| copied = copy(slot))?;
        Some(copied.map(|()| version))
    });
    let faster = |wait: Duration| {
        format!("no copy of one version within {} ms: it is stored faster than it can be copied", wait.as_millis())
    };
    Ok(copied.map_err(faster)??)
}

#[cfg(test)]
mod tests;
