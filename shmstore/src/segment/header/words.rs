//! The two words of the header by which processes order their work: the flags, and the word of the newest layout.
//!
//! The loom models build this file a second time, with loom's atomics, so it makes no system calls.

use super::atomics::Ordering::{Acquire, Relaxed, Release, SeqCst};
use super::atomics::{AtomicU32, AtomicU64, fence};

/// The object is about to be migrated, replaced or removed. No process may begin to use it.
pub(crate) const MOVING: u32 = 1 << 0;

/// The object has room: `payload_len` is the room, and the schema is in the layout log.
pub(crate) const ROOM: u32 = 1 << 1;

/// The object is a copy of another machine's. Only its owner writes it.
pub(crate) const MIRRORED: u32 = 1 << 2;

/// The segment is the journal of a migration.
pub(crate) const JOURNAL: u32 = 1 << 3;

/// The flags that a program must know. It refuses an object with an unknown one of these, and ignores unknown other
/// flags.
const MUST_BE_KNOWN: u32 = 0xffff;

/// The flags that this program knows.
const KNOWN: u32 = MOVING | ROOM | MIRRORED | JOURNAL;

/// The flags of a segment.
#[repr(transparent)]
#[derive(Debug, Default)]
pub(crate) struct Flags(AtomicU32);

impl Flags {
    /// The flags that this program must know and does not.
    pub(crate) fn unknown(&self) -> u32 {
        self.0.load(Relaxed) & MUST_BE_KNOWN & !KNOWN
    }

    pub(crate) fn has(&self, flag: u32) -> bool {
        self.0.load(Relaxed) & flag != 0
    }

    /// Sets the flags of a new segment.
    pub(crate) fn set(&self, flags: u32) {
        self.0.fetch_or(flags, Relaxed);
    }

    /// Returns `true` if the object is about to be migrated, replaced or removed.
    ///
    /// A process calls this after the kernel has counted its attachment. The other process asks for the count after
    /// [`set_moving`](Self::set_moving). Then at least one of the two sees the other.
    pub(crate) fn is_moving(&self) -> bool {
        fence(SeqCst);
        self.has(MOVING)
    }

    /// Notes that the object is about to be migrated, replaced or removed, so that no process begins to use it.
    pub(crate) fn set_moving(&self) {
        self.0.fetch_or(MOVING, Relaxed);
        fence(SeqCst);
    }

    /// Takes the note back.
    pub(crate) fn clear_moving(&self) {
        self.0.fetch_and(!MOVING, Relaxed);
    }

    /// Makes a copy of another machine's object an ordinary one. The caller has the anchor's lock. The flag is set only
    /// before the object is ready, so a process that finds it clear needs no lock.
    pub(crate) fn clear_mirrored(&self) {
        self.0.fetch_and(!MIRRORED, Relaxed);
    }
}

/// The offset and the length of the newest record of a layout log, in one word.
#[repr(transparent)]
#[derive(Debug, Default)]
pub(crate) struct NewestRecord(AtomicU64);

impl NewestRecord {
    /// Publishes a record that was written.
    pub(crate) fn publish(&self, offset: usize, len: usize) {
        self.0.store((offset as u64) << 32 | len as u64, Release);
    }

    /// The word as it is. All that was written before it was published can be read after this.
    pub(crate) fn word(&self) -> u64 {
        let word = self.0.load(Relaxed);
        fence(Acquire);
        word
    }
}
