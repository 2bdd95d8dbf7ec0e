//! The header of a segment: format version 1, byte for byte. `docs/format.md` describes it for other languages.
//!
//! # Safety
//!
//! Assumes that a [`Mapping`] is mapped for as long as it says it is. Promises to touch nothing outside it, and to see
//! the header only as atomics.
#![allow(unsafe_code)]

mod creator;
mod description;
mod geometry;
mod log;
mod mirrored;
mod parts;
mod words;

/// The atomics of the words: the loom models put loom's in their place.
mod atomics {
    pub(super) use std::sync::atomic::{AtomicU32, AtomicU64, Ordering, fence};
}

use memoffset::offset_of;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::sync::atomic::{AtomicU8, AtomicU32, AtomicU64, fence};

use crate::segment::identity::Identity;
use crate::segment::participants::SlotsUsed;
use crate::sys::file::Inode;
use crate::sys::process::PAGE;
use crate::sys::shm::Mapping;
use words::{Flags, JOURNAL, NewestRecord, ROOM};

pub(crate) use creator::Provenance;
pub(crate) use geometry::Geometry;
pub(crate) use log::{Record, record_len, write_record};
pub(crate) use mirrored::ORIGIN_BYTES;
pub(crate) use parts::{
    Stored, clear_payload, copy_payload, is_all_zero, is_blank, payload, read_layout, slots, write_layout,
    write_payload,
};
pub(crate) use words::MOVING;

/// The format that this crate writes and reads.
pub(crate) const FORMAT_VERSION: u32 = 1;

/// "shmS" in the low half of the first word.
const MAGIC: u32 = u32::from_le_bytes(*b"shmS");

/// The size of every segment modulo the page size. No other program asks for such sizes, so a segment of a
/// creator that ended before it wrote the first word is told from zeroed memory of another program.
const SIZE_TAG: usize = 1357;

/// Returns `true` if a segment of this size can be one of ours.
pub(crate) fn is_tagged(segment_size: usize) -> bool {
    segment_size % PAGE == SIZE_TAG
}

/// The largest number of slots.
pub(crate) const MAX_PARTICIPANTS: u32 = 65_536;

/// A number that reads differently in another byte order.
const BYTE_ORDER: u32 = 0x0102_0304;

/// The size of a pointer in this program, in bytes.
pub(crate) const POINTER_BYTES: u32 = size_of::<usize>() as u32;

/// The length of the end of the anchor's path that is kept.
const HINT_BYTES: usize = 512;

/// The bit of a journal's id that no type-id-char has. The rest is the id of the object that is migrated.
pub(crate) const JOURNAL_BIT: u8 = 0x80;

/// The states of a segment. The kernel gives zero.
///
/// | from | to | by |
/// |---|---|---|
/// | `VIRGIN` | `INITIALIZING` | the creator, under the anchor's lock, when it has written identity and geometry |
/// | `INITIALIZING` | `READY` | the creator, under the lock, when the init closure has returned |
/// | `READY` | `REMOVED` | the remover, under the lock, when the key is free again |
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub(crate) enum State {
    Virgin = 0,
    Initializing = 1,
    Ready = 2,
    Removed = 3,
}

/// The first 1024 bytes of a segment. The first 16 keep their meaning in every format version.
#[repr(C)]
pub(crate) struct Header {
    first_word: AtomicU64,
    version: AtomicU32,
    state: AtomicU32,
    flags: Flags,
    header_len: AtomicU32,
    nonce: AtomicU64,
    dev: AtomicU64,
    ino: AtomicU64,
    birth_seconds: AtomicU64,
    birth_nanoseconds: AtomicU32,
    birth_known: AtomicU32,
    id: AtomicU32,
    hint_len: AtomicU32,
    layout_hash: [AtomicU64; 2],
    creator_pid: AtomicU32,
    creator_uid: AtomicU32,
    creator_start: AtomicU64,
    creator_pid_namespace: AtomicU32,
    creator_time_namespace: AtomicU32,
    created_seconds: AtomicU64,
    created_nanoseconds: AtomicU32,
    slot_count: AtomicU32,
    slots_offset: AtomicU64,
    slot_size: AtomicU64,
    schema_offset: AtomicU64,
    schema_len: AtomicU64,
    payload_offset: AtomicU64,
    payload_len: AtomicU64,
    segment_size: AtomicU64,
    byte_order: AtomicU32,
    pointer_bytes: AtomicU32,
    lock_dev: AtomicU64,
    lock_ino: AtomicU64,
    /// Nonzero if a process has found the table full and has no slot: only its liveness lock shows that it is alive.
    has_unlisted: AtomicU64,
    slots_used: SlotsUsed,
    _reserved_220: AtomicU32,
    /// With the root directory: from where the creator saw the anchor's path.
    mount_namespace: AtomicU64,
    root_dev: AtomicU64,
    root_ino: AtomicU64,
    /// The offset, in the high half, and the length of the newest record of the layout log.
    layout: NewestRecord,
    log_offset: AtomicU64,
    log_capacity: AtomicU64,
    /// In a copy of another machine's object: the token of the process that alone may write it; 0 if there is none.
    owner_token: AtomicU32,
    // Zero until a later version uses it, with a flag that older programs refuse.
    _arrivals: AtomicU32,
    /// In a journal: the nonce of the object that is migrated.
    old_nonce: AtomicU64,
    /// In a journal: the nonce of the object that takes its place.
    new_nonce: AtomicU64,
    /// In a copy: the time since boot, in nanoseconds, at which its owner last heard of the origin; 0 for never.
    heard: AtomicU64,
    /// In a copy: the length of the origin's name.
    origin_len: AtomicU32,
    /// In a copy: the name of the machine with the original.
    origin: [AtomicU8; ORIGIN_BYTES],
    _reserved_372: AtomicU32,
    _reserved_376: [AtomicU64; 17],
    hint: [AtomicU8; HINT_BYTES],
}

const _: () = {
    assert!(size_of::<Header>() == 1024);
    assert!(offset_of!(Header, version) == 8);
    assert!(offset_of!(Header, state) == 12);
    assert!(offset_of!(Header, flags) == 16);
    assert!(offset_of!(Header, nonce) == 24);
    assert!(offset_of!(Header, dev) == 32);
    assert!(offset_of!(Header, birth_seconds) == 48);
    assert!(offset_of!(Header, id) == 64);
    assert!(offset_of!(Header, layout_hash) == 72);
    assert!(offset_of!(Header, creator_pid) == 88);
    assert!(offset_of!(Header, creator_start) == 96);
    assert!(offset_of!(Header, creator_pid_namespace) == 104);
    assert!(offset_of!(Header, created_seconds) == 112);
    assert!(offset_of!(Header, slot_count) == 124);
    assert!(offset_of!(Header, slots_offset) == 128);
    assert!(offset_of!(Header, schema_offset) == 144);
    assert!(offset_of!(Header, payload_offset) == 160);
    assert!(offset_of!(Header, segment_size) == 176);
    assert!(offset_of!(Header, byte_order) == 184);
    assert!(offset_of!(Header, lock_dev) == 192);
    assert!(offset_of!(Header, lock_ino) == 200);
    assert!(offset_of!(Header, has_unlisted) == 208);
    assert!(offset_of!(Header, slots_used) == 216);
    assert!(offset_of!(Header, mount_namespace) == 224);
    assert!(offset_of!(Header, root_dev) == 232);
    assert!(offset_of!(Header, root_ino) == 240);
    assert!(offset_of!(Header, layout) == 248);
    assert!(offset_of!(Header, log_offset) == 256);
    assert!(offset_of!(Header, log_capacity) == 264);
    assert!(offset_of!(Header, owner_token) == 272);
    assert!(offset_of!(Header, _arrivals) == 276);
    assert!(offset_of!(Header, old_nonce) == 280);
    assert!(offset_of!(Header, new_nonce) == 288);
    assert!(offset_of!(Header, heard) == 296);
    assert!(offset_of!(Header, origin_len) == 304);
    assert!(offset_of!(Header, origin) == 308);
    assert!(offset_of!(Header, _reserved_372) == 372);
    assert!(offset_of!(Header, _reserved_376) == 376);
    assert!(offset_of!(Header, hint) == 512);
    assert!(SIZE_TAG % PAGE != 0 && SIZE_TAG < PAGE);
};

/// A field of the header with a value that no creator writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Damage {
    pub(crate) field: &'static str,
    pub(crate) found: String,
}

impl Damage {
    pub(crate) fn new(field: &'static str, found: impl ToString) -> Self {
        Self { field, found: found.to_string() }
    }
}

impl Header {
    /// The header of a segment that is long enough to have one.
    pub(crate) fn of(mapping: &Mapping) -> Option<&Self> {
        if mapping.len() < size_of::<Self>() {
            return None;
        }
        // SAFETY: page-aligned; mapped for at least the header's length while `mapping` is borrowed; all of it is
        // atomic, so any bytes are valid and other processes may write. A read-only mapping is only loaded from,
        // Relaxed, which std allows.
        Some(unsafe { mapping.base().cast::<Self>().as_ref() })
    }

    /// Returns `true` if the first word is written.
    pub(crate) fn has_first_word(&self) -> bool {
        self.first_word.load(Relaxed) != 0
    }

    /// Returns `true` if the segment is an object of shmstore, of whatever anchor.
    pub(crate) fn has_magic(&self) -> bool {
        self.first_word.load(Relaxed) as u32 == MAGIC
    }

    /// The high half of the first word, in every format: [`Identity::hash32`] of anchor and id.
    pub(crate) fn owner_hash(&self) -> u32 {
        (self.first_word.load(Relaxed) >> 32) as u32
    }

    /// Returns `true` if the first word is of this anchor and id.
    pub(crate) fn is_claimed_for(&self, identity: &Identity, id: u8) -> bool {
        self.first_word.load(Relaxed) == first_word(identity, id)
    }

    /// Writes the first word, by which the segment is recognized from here on.
    pub(crate) fn claim(&self, identity: &Identity, id: u8) {
        self.first_word.store(first_word(identity, id), Release);
        // The rest of the header is seen after it.
        fence(Release);
    }

    /// The format version: 0 before the creator has written it.
    pub(crate) fn version(&self) -> u32 {
        self.version.load(Relaxed)
    }

    pub(crate) fn flags(&self) -> &Flags {
        &self.flags
    }

    /// Returns `true` if the segment is the journal of a migration.
    pub(crate) fn is_journal(&self) -> bool {
        self.flags.has(JOURNAL)
    }

    /// Makes a new segment the journal of a migration, from the object with one nonce to the object with the other.
    pub(crate) fn set_journal(&self, old_nonce: u64, new_nonce: u64) {
        self.old_nonce.store(old_nonce, Relaxed);
        self.new_nonce.store(new_nonce, Relaxed);
        self.flags.set(JOURNAL);
    }

    /// In a journal: the nonces of the object that is migrated, and of the one that takes its place.
    pub(crate) fn moved_nonces(&self) -> (u64, u64) {
        (self.old_nonce.load(Relaxed), self.new_nonce.load(Relaxed))
    }

    /// Returns `true` if a remover has written that the object is removed.
    pub(crate) fn says_removed(&self) -> bool {
        self.state.load(Relaxed) == State::Removed as u32
    }

    /// Reads the state. All that was written before the state can be read after this.
    pub(crate) fn state(&self) -> Result<State, Damage> {
        let state = self.state.load(Relaxed);
        fence(Acquire);
        match state {
            0 => Ok(State::Virgin),
            1 => Ok(State::Initializing),
            2 => Ok(State::Ready),
            3 => Ok(State::Removed),
            _ => Err(Damage::new("state", state)),
        }
    }

    /// Writes the state. A process that reads it can read all that was written before.
    pub(crate) fn set_state(&self, state: State) {
        self.state.store(state as u32, Release);
    }

    /// A random number that tells this segment from every other.
    pub(crate) fn nonce(&self) -> u64 {
        self.nonce.load(Relaxed)
    }

    /// Writes which file carries the liveness locks of the segment's processes.
    pub(crate) fn set_liveness_inode(&self, inode: Inode) {
        self.lock_dev.store(inode.dev, Relaxed);
        self.lock_ino.store(inode.ino, Relaxed);
    }

    /// The file with the liveness locks, as the creator wrote. Used only to recognize the anchor or its directory.
    pub(crate) fn liveness_inode(&self) -> Inode {
        Inode { dev: self.lock_dev.load(Relaxed), ino: self.lock_ino.load(Relaxed) }
    }

    /// Notes that a process has no slot. Called before the process takes a lock, so that a process that sees its token
    /// in a lock word sees the note too.
    pub(crate) fn note_unlisted(&self) {
        self.has_unlisted.store(1, Relaxed);
    }

    /// Returns `true` if a process was ever without a slot.
    pub(crate) fn has_unlisted(&self) -> bool {
        self.has_unlisted.load(Relaxed) != 0
    }
}

fn first_word(identity: &Identity, id: u8) -> u64 {
    u64::from(MAGIC) | u64::from(identity.hash32(id)) << 32
}
