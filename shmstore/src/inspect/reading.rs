//! The bytes of parts, for readers that copy them again and again.

use std::ops::Range;
use std::sync::atomic::Ordering::Acquire;

use super::decode::LOCK_INCONSISTENT;
use super::frames::{Frames, FramesTypes};
use super::items::{BROADCAST, Passed, Reader};
use super::limits::Limits;
use super::map::Map;
use super::memory::{Live, Memory, integer, length, offset};
use super::newest_frame::FRAMES;
use super::object::Object;
use super::part::{Part, PartError, no_such, unreadable};
use super::ring::Queue;
use super::snapshot::{Cell, Waits};
use crate::layout::schema::{OwnedKind, OwnedSchema};
use crate::sync;
use crate::sys::readable::ReadablePages;

/// The most slots that a search for the end of a queue reads, in units of 64 bytes.
const LOOKS: u64 = 1 << 16;

/// How often an entry of a map is copied again if its key is removed meanwhile.
const TRIES: usize = 16;

/// A look at an object, which copies the bytes of its parts. [`Object::reading`] begins it.
///
/// It takes nothing and writes nothing, as all of [`inspect`](super). The kernel checks each page at its first byte in
/// this look. So a reader that polls begins a new look at each time, and reads all parts in it. A page costs a system
/// call of about 0.3 µs.
///
/// The bytes may be no valid value of their type, because processes may write anything. [`dynamic::check`] says so.
///
/// [`dynamic::check`]: crate::dynamic::check
#[derive(Debug)]
pub struct Reading<'a> {
    object: &'a Object,
    pages: ReadablePages<'a>,
    limits: &'a Limits,
}

impl Object {
    /// Begins a look at the object.
    ///
    /// Of the limits, [`wait`](Limits::wait) and [`bytes`](Limits::bytes) hold for each call.
    #[must_use]
    pub fn reading<'a>(&'a self, limits: &'a Limits) -> Reading<'a> {
        Reading { object: self, pages: self.pages(), limits }
    }
}

impl Reading<'_> {
    /// Returns how often a part has changed, as [`Object::changes_at`] does. `None` for an atomic and a lock.
    ///
    /// The value is not copied.
    ///
    /// # Errors
    ///
    /// [`PartError`] if the part cannot be read.
    pub fn changes(&self, part: &Part) -> Result<Option<u64>, PartError> {
        if let Some(at) = part.version_at() {
            let word = self.live().word(at);
            let word = word.map_err(|why| unreadable(part.path(), why.into()))?;
            return Ok(Some(sync::newest(word.load(Acquire)).0));
        }
        self.other_changes(part)
    }

    /// The changes of a part that is no `Versioned`, or one that cannot be read.
    #[inline(never)]
    fn other_changes(&self, part: &Part) -> Result<Option<u64>, PartError> {
        let (memory, at) = self.place(part);
        let changes = || {
            Ok(Some(match part.schema().kind() {
                OwnedKind::Versioned { value } => Cell::of(part.schema(), value, at)?.version(memory)?.0,
                OwnedKind::Event => notifications(memory, at)?,
                OwnedKind::Queue { capacity, value } => {
                    let queue = Queue::of(part.schema(), value, *capacity, memory, at)?;
                    queue.span(looks(queue.ring().cost()))?.tail
                }
                OwnedKind::Broadcast { .. } => return self.reader(part).transpose()?.map(|of| of.sent()).transpose(),
                OwnedKind::Map { .. } => self.map(part).transpose()?.map_or(Ok(0), |map| map.changes())?,
                OwnedKind::Frames { .. } => self.frames(part).transpose()?.map_or(Ok(0), |of| of.number())?,
                _ => return Ok(None),
            }))
        };
        changes().map_err(|why| unreadable(part.path(), why))
    }

    /// Replaces the content of `to` by the bytes of a part, and returns its version.
    ///
    /// | part | bytes | version |
    /// |---|---|---|
    /// | `Versioned` | the newest value, whole | of this value |
    /// | atomic | its value | 0 |
    /// | `Event` | the notifications, a `u64` | the same |
    /// | `Lock` | one byte: 1 if it is locked, and 2 more if it is inconsistent | 0 |
    ///
    /// # Errors
    ///
    /// [`PartError`] if it is another part, cannot be read, or is stored faster than it can be copied within
    /// [`Limits::wait`].
    pub fn load_into(&self, part: &Part, to: &mut Vec<u8>) -> Result<u64, PartError> {
        match self.load(part, to) {
            Ok(Some(version)) => Ok(version),
            Ok(None) => Err(no_such(part.path(), part.schema(), "value of its own")),
            Err(why) => Err(unreadable(part.path(), why)),
        }
    }

    /// `None` for a part without a value of its own.
    fn load(&self, part: &Part, to: &mut Vec<u8>) -> Result<Option<u64>, String> {
        let ((memory, at), schema) = (self.place(part), part.schema());
        let (word, size, version) = match schema.kind() {
            OwnedKind::Versioned { value } => {
                self.fits("it", value.size())?;
                return Cell::of(schema, value, at)?.copy_into(memory, &mut self.waits(), to).map(Some);
            }
            OwnedKind::Atomic(of) => (integer(memory, at, of.size())?, of.size(), 0),
            OwnedKind::AtomicCell { value } => (integer(memory, at, 8)?, length(value.size())?.min(8), 0),
            OwnedKind::Event => {
                let count = notifications(memory, at)?;
                (count, 8, count)
            }
            OwnedKind::Lock => {
                let holder = sync::holder(integer(memory, at, 4)? as u32);
                let state = integer(memory, offset(at, 4)?, 4)? & u64::from(LOCK_INCONSISTENT);
                (u64::from(holder != 0) | state << 1, 1, 0)
            }
            _ => return Ok(None),
        };
        to.clear();
        to.extend_from_slice(&word.to_le_bytes()[..size]);
        Ok(Some(version))
    }

    /// Returns the positions of the items that a broadcast still has, as [`Object::positions`] does.
    ///
    /// # Errors
    ///
    /// [`PartError`] if it is another part, or cannot be read.
    pub fn positions(&self, part: &Part) -> Result<Range<u64>, PartError> {
        let reader = self.reader(part).ok_or_else(|| no_such(part.path(), part.schema(), BROADCAST))?;
        reader.and_then(|reader| reader.positions()).map_err(|why| unreadable(part.path(), why))
    }

    /// Calls `each` with the position and the bytes of the items of a broadcast from a position on, at most `most`.
    ///
    /// It returns where the next call goes on, and is [`Object::items`] for bytes. The items of a call have at most
    /// [`Limits::bytes`]. One item may have more.
    ///
    /// # Errors
    ///
    /// [`PartError`] if it is another part, or cannot be read.
    pub fn items(
        &self,
        part: &Part,
        from: u64,
        most: usize,
        each: impl FnMut(u64, &[u8]),
    ) -> Result<Passed, PartError> {
        let reader = self.reader(part).ok_or_else(|| no_such(part.path(), part.schema(), BROADCAST))?;
        let passed = reader.and_then(|reader| reader.each(from, most, self.limits.bytes, each));
        passed.map_err(|why| unreadable(part.path(), why))
    }

    /// Calls `each` with the position and the bytes of the items of a queue from a position on, and takes none of them.
    ///
    /// Items that wait, and items that a process has taken and not finished, are there. Items that were finished before
    /// are counted as missed.
    ///
    /// # Errors
    ///
    /// [`PartError`] if it is another part, or cannot be read.
    pub fn queued(&self, part: &Part, from: u64, mut each: impl FnMut(u64, &[u8])) -> Result<Passed, PartError> {
        let (memory, at) = self.place(part);
        let OwnedKind::Queue { capacity, value } = part.schema().kind() else {
            return Err(no_such(part.path(), part.schema(), "items of a queue"));
        };
        let mut passed = || {
            let queue = Queue::of(part.schema(), value, *capacity, memory, at)?;
            let span = queue.span(looks(queue.ring().cost()))?;
            // `None` for a position that no item has reached yet.
            let Some(behind) = span.tail.checked_sub(from) else {
                return Ok(Passed { missed: 0, first: from, next: from });
            };
            let there = behind.min(span.tail.wrapping_sub(span.oldest));
            let first = span.tail.wrapping_sub(there);
            let (mut missed, mut item) = (behind - there, Vec::new());
            for position in (0..there).map(|at| first.wrapping_add(at)) {
                match queue.unfinished_item_into(position, &mut item)? {
                    Some(_) => each(position, &item),
                    None => missed += 1,
                }
            }
            Ok(Passed { missed, first, next: span.tail })
        };
        passed().map_err(|why: String| unreadable(part.path(), why))
    }

    /// Calls `each` with the key, the version and the value of the entries of a map for which `is_wanted` returns
    /// `true`.
    ///
    /// Each key that is in the map during all of the call comes once. `is_wanted` gets the key and the version, before
    /// the value is copied. A value that is stored faster than it can be copied is left out.
    ///
    /// # Errors
    ///
    /// [`PartError`] if it is another part, or cannot be read.
    pub fn entries(
        &self,
        part: &Part,
        mut is_wanted: impl FnMut(&[u8], u64) -> bool,
        mut each: impl FnMut(&[u8], u64, &[u8]),
    ) -> Result<(), PartError> {
        let map = self.map(part).ok_or_else(|| no_such(part.path(), part.schema(), "entries of a map"))?;
        let passed = map.and_then(|map| {
            let (mut waits, mut value) = (self.waits(), Vec::new());
            for index in 0..map.high_water()? {
                for _ in 0..TRIES {
                    let Some(key) = map.live_key(index)? else { break };
                    if !is_wanted(&key.bytes, map.version(index)?.0) {
                        break;
                    }
                    match map.value_into(&key, &mut waits, &mut value) {
                        Ok(Some(version)) => each(&key.bytes, version, &value),
                        Ok(None) => continue,
                        Err(_) => {}
                    }
                    break;
                }
            }
            Ok(())
        });
        passed.map_err(|why| unreadable(part.path(), why))
    }

    /// Replaces the content of `meta` and `elements` by those of the newest frame, and returns its number. `None` if
    /// there is none yet.
    ///
    /// It pins nothing, and is [`Object::newest_frame`] for bytes.
    ///
    /// # Errors
    ///
    /// [`PartError`] if it is another part, if the frame has more than [`Limits::bytes`], or if it cannot be read.
    pub fn newest_frame_into(
        &self,
        part: &Part,
        meta: &mut Vec<u8>,
        elements: &mut Vec<u8>,
    ) -> Result<Option<u64>, PartError> {
        let frames = self.frames(part).ok_or_else(|| no_such(part.path(), part.schema(), FRAMES))?;
        let newest = frames.and_then(|frames| {
            frames.copy_newest(&mut self.waits(), |frame| {
                let len = frame.len()?;
                self.fits("its newest frame", len * frames.element_size())?;
                frame.meta_into(meta)?;
                frame.elements_into(0, len, elements)
            })
        });
        Ok(newest.map_err(|why| unreadable(part.path(), why))?.map(|(number, ())| number))
    }

    fn place(&self, part: &Part) -> (Memory<'_>, usize) {
        (Memory::Live(self.live()), part.at())
    }

    pub(super) fn live(&self) -> Live<'_> {
        self.object.live(&self.pages)
    }

    fn waits(&self) -> Waits {
        Waits::of(self.limits.wait)
    }

    fn fits(&self, what: &str, size: u64) -> Result<(), String> {
        let limit = self.limits.bytes;
        if size <= limit { Ok(()) } else { Err(format!("{what} has {size} bytes, and the limit is {limit}")) }
    }

    /// `None` if it is no broadcast.
    fn reader<'p>(&'p self, part: &'p Part) -> Option<Result<Reader<'p>, String>> {
        let (memory, at) = self.place(part);
        Reader::of(part.schema(), memory, at)
    }

    /// `None` if it is no map.
    fn map(&self, part: &Part) -> Option<Result<Map<'_>, String>> {
        let OwnedKind::Map { capacity, key, value } = part.schema().kind() else { return None };
        let (memory, at) = self.place(part);
        Some(Map::of(part.schema(), (key, value, *capacity), memory, at))
    }

    /// `None` if it is no `Frames`.
    fn frames(&self, part: &Part) -> Option<Result<Frames<'_>, String>> {
        let frames: &OwnedSchema = part.schema();
        let OwnedKind::Frames { capacity, slots, element, meta } = frames.kind() else { return None };
        let (memory, at) = self.place(part);
        Some(Frames::of(FramesTypes { frames, element, meta, capacity: *capacity, slots: *slots }, memory, at))
    }
}

/// The count of an event. Its lowest bit says that a process may be waiting.
fn notifications(memory: Memory<'_>, at: usize) -> Result<u64, String> {
    Ok(integer(memory, at, 8)? >> 1)
}

/// Returns `true` until [`LOOKS`] are used up.
fn looks(cost: u64) -> impl FnMut() -> bool {
    let mut left = LOOKS;
    move || {
        let is_allowed = left >= cost;
        left = left.saturating_sub(cost);
        is_allowed
    }
}
