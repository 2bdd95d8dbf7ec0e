//! The header of a segment: format version 1, byte for byte, as `docs/format.md` gives it to other languages.
//!
//! # Safety
//!
//! Assumes that a [`Mapping`] is mapped for as long as it says it is. Promises to touch nothing outside it, and to see
//! the header only as atomics.
#![allow(unsafe_code)]

mod geometry;
mod parts;

use memoffset::offset_of;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::sync::atomic::{AtomicU8, AtomicU32, AtomicU64, fence};

use crate::hash::LayoutHash;
use crate::identity::Identity;
use crate::participants::SlotsUsed;
use crate::sys::file::{Birth, Inode};
use crate::sys::process::PAGE;
use crate::sys::shm::Mapping;

pub(crate) use geometry::Geometry;
pub(crate) use parts::{is_blank, payload, read_schema, slots, write_schema};

/// The format that this crate writes and reads.
pub(crate) const FORMAT_VERSION: u32 = 1;

/// "shmS" in the low half of the first word.
const MAGIC: u32 = u32::from_le_bytes(*b"shmS");

/// What the size of every segment leaves when divided by the page size: no allocator asks for such sizes, so it tells a
/// segment whose creator died before the first word from anybody's zeroed memory.
const SIZE_TAG: usize = 1357;

/// Tells whether a segment of this size can be one of ours.
pub(crate) fn is_tagged(segment_size: usize) -> bool {
    segment_size % PAGE == SIZE_TAG
}

/// The most processes a table is made for.
pub(crate) const MAX_PARTICIPANTS: u32 = 65_536;

/// Reads as this number in the creator's own byte order only.
const BYTE_ORDER: u32 = 0x0102_0304;

/// How many bytes a pointer has in this program.
pub(crate) const POINTER_BYTES: u32 = size_of::<usize>() as u32;

/// How much of the anchor's path is kept: its end.
const HINT_BYTES: usize = 512;

/// The states of a segment. Zero is what the kernel gives.
///
/// | from | to | who |
/// |---|---|---|
/// | `VIRGIN` | `INITIALIZING` | the creator, under the anchor's lock, when identity and geometry are written |
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
    flags: AtomicU32,
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
    /// Not 0: some process has no slot, as the table was full, and is known by its lock byte alone.
    has_unlisted: AtomicU64,
    slots_used: SlotsUsed,
    reserved: [AtomicU32; 73],
    hint: [AtomicU8; HINT_BYTES],
}

const _: () = {
    assert!(size_of::<Header>() == 1024);
    assert!(offset_of!(Header, version) == 8);
    assert!(offset_of!(Header, state) == 12);
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
    assert!(offset_of!(Header, hint) == 512);
    assert!(SIZE_TAG % PAGE != 0 && SIZE_TAG < PAGE);
};

/// What a segment's first word says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FirstWord {
    /// Nothing was written yet.
    Virgin,
    /// It is of this anchor and id.
    Ours,
    /// It is of another anchor or id.
    AnotherAnchor,
    /// It was not made by shmstore.
    Foreign,
}

/// Who made a segment, and when, in the terms of the kernel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Provenance {
    pub(crate) pid: u32,
    pub(crate) uid: u32,
    pub(crate) start: u64,
    pub(crate) pid_namespace: u32,
    pub(crate) time_namespace: u32,
    pub(crate) created_seconds: u64,
    pub(crate) created_nanoseconds: u32,
}

/// A field of the header that no creator has written so.
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
        // SAFETY: page-aligned, mapped for at least the header's length while `mapping` is borrowed, and all of it is
        // atomic, for which any bytes are valid and any writer is allowed. Read-only mappings are only loaded from,
        // Relaxed, which std allows.
        Some(unsafe { mapping.base().cast::<Self>().as_ref() })
    }

    /// Reads the first word.
    pub(crate) fn first_word(&self, identity: &Identity, id: u8) -> FirstWord {
        let word = self.first_word.load(Relaxed);
        if word == 0 {
            FirstWord::Virgin
        } else if word == first_word(identity, id) {
            FirstWord::Ours
        } else if word as u32 == MAGIC {
            FirstWord::AnotherAnchor
        } else {
            FirstWord::Foreign
        }
    }

    /// Tells whether the first word is one of shmstore's, of whatever anchor.
    pub(crate) fn has_magic(&self) -> bool {
        self.first_word.load(Relaxed) as u32 == MAGIC
    }

    /// The half of the first word that says whose it is, in every format: what [`Identity::hash32`] gives.
    pub(crate) fn owner_hash(&self) -> u32 {
        (self.first_word.load(Relaxed) >> 32) as u32
    }

    /// Tells whether the first word is that of an object of this anchor and id.
    pub(crate) fn is_claimed_for(&self, identity: &Identity, id: u8) -> bool {
        self.first_word.load(Relaxed) == first_word(identity, id)
    }

    /// Writes the first word: from here on the segment is recognised as this object's.
    pub(crate) fn claim(&self, identity: &Identity, id: u8) {
        self.first_word.store(first_word(identity, id), Release);
    }

    /// The format version: 0 before the creator has written it.
    pub(crate) fn version(&self) -> u32 {
        self.version.load(Relaxed)
    }

    /// The state; what the creator wrote before it can be read after this.
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

    /// Goes to a state, and lets whoever sees it see all that was written before.
    pub(crate) fn set_state(&self, state: State) {
        self.state.store(state as u32, Release);
    }

    /// A random number that tells this segment from every other.
    pub(crate) fn nonce(&self) -> u64 {
        self.nonce.load(Relaxed)
    }

    /// Writes who the object is and which layout it has.
    pub(crate) fn describe(&self, nonce: u64, identity: &Identity, id: u8, hash: LayoutHash, path: &[u8]) {
        self.version.store(FORMAT_VERSION, Relaxed);
        self.header_len.store(size_of::<Self>() as u32, Relaxed);
        self.byte_order.store(BYTE_ORDER, Relaxed);
        self.pointer_bytes.store(POINTER_BYTES, Relaxed);
        self.nonce.store(nonce, Relaxed);
        self.dev.store(identity.dev, Relaxed);
        self.ino.store(identity.ino, Relaxed);
        let birth = identity.birth.unwrap_or(Birth { seconds: 0, nanoseconds: 0 });
        self.birth_seconds.store(birth.seconds as u64, Relaxed);
        self.birth_nanoseconds.store(birth.nanoseconds, Relaxed);
        self.birth_known.store(identity.birth.is_some().into(), Relaxed);
        self.id.store(id.into(), Relaxed);
        let halves = [hash.to_u128() as u64, (hash.to_u128() >> 64) as u64];
        self.layout_hash.iter().zip(halves).for_each(|(field, half)| field.store(half, Relaxed));
        let hint = &path[path.len().saturating_sub(HINT_BYTES)..];
        self.hint.iter().zip(hint).for_each(|(field, &byte)| field.store(byte, Relaxed));
        self.hint_len.store(hint.len() as u32, Relaxed);
    }

    /// The identity and id that the creator wrote.
    pub(crate) fn identity(&self) -> Result<(Identity, u8), Damage> {
        let birth = Birth {
            seconds: self.birth_seconds.load(Relaxed) as i64,
            nanoseconds: self.birth_nanoseconds.load(Relaxed),
        };
        let birth = match self.birth_known.load(Relaxed) {
            0 => None,
            1 => Some(birth),
            other => return Err(Damage::new("birth_known", other)),
        };
        let id = self.id.load(Relaxed);
        let id = u8::try_from(id).map_err(|_| Damage::new("id", id))?;
        Ok((Identity { dev: self.dev.load(Relaxed), ino: self.ino.load(Relaxed), birth }, id))
    }

    /// Writes which file carries the lock bytes of the processes that attach the segment.
    pub(crate) fn set_byte_inode(&self, inode: Inode) {
        self.lock_dev.store(inode.dev, Relaxed);
        self.lock_ino.store(inode.ino, Relaxed);
    }

    /// The file that carries the lock bytes, as the creator wrote. Only to be compared with files that are looked at
    /// for another reason.
    pub(crate) fn byte_inode(&self) -> Inode {
        Inode { dev: self.lock_dev.load(Relaxed), ino: self.lock_ino.load(Relaxed) }
    }

    /// Notes that a process works without a slot. Before it takes any lock: who sees it in a lock word sees this.
    pub(crate) fn note_unlisted(&self) {
        self.has_unlisted.store(1, Relaxed);
    }

    /// Tells whether any process ever worked without a slot.
    pub(crate) fn has_unlisted(&self) -> bool {
        self.has_unlisted.load(Relaxed) != 0
    }

    /// The layout hash that the creator wrote.
    pub(crate) fn layout_hash(&self) -> LayoutHash {
        let [low, high] = [0, 1].map(|half: usize| u128::from(self.layout_hash[half].load(Relaxed)));
        LayoutHash::from_u128(low | high << 64)
    }

    /// How many bytes a pointer has in the creator's program.
    pub(crate) fn pointer_bytes(&self) -> u32 {
        self.pointer_bytes.load(Relaxed)
    }

    /// Where the creator found the anchor: any bytes, for people only; unprintable ones are escaped.
    pub(crate) fn path_hint(&self) -> String {
        String::from_utf8_lossy(&self.path().0).chars().flat_map(escape_unprintable).collect()
    }

    /// Where the creator found the anchor, by a path without links, and whether that is all of it: of a long one there is only the end.
    pub(crate) fn path(&self) -> (Vec<u8>, bool) {
        let len = (self.hint_len.load(Relaxed) as usize).min(HINT_BYTES);
        let bytes: Vec<u8> = self.hint[..len].iter().map(|byte| byte.load(Relaxed)).collect();
        let is_whole = len < HINT_BYTES && bytes.first() == Some(&b'/') && !bytes.contains(&0);
        (bytes, is_whole)
    }

    /// Writes who made the segment.
    pub(crate) fn sign(&self, by: &Provenance) {
        self.creator_pid.store(by.pid, Relaxed);
        self.creator_uid.store(by.uid, Relaxed);
        self.creator_start.store(by.start, Relaxed);
        self.creator_pid_namespace.store(by.pid_namespace, Relaxed);
        self.creator_time_namespace.store(by.time_namespace, Relaxed);
        self.created_seconds.store(by.created_seconds, Relaxed);
        self.created_nanoseconds.store(by.created_nanoseconds, Relaxed);
    }

    /// Who made the segment, as it says itself.
    pub(crate) fn provenance(&self) -> Provenance {
        Provenance {
            pid: self.creator_pid.load(Relaxed),
            uid: self.creator_uid.load(Relaxed),
            start: self.creator_start.load(Relaxed),
            pid_namespace: self.creator_pid_namespace.load(Relaxed),
            time_namespace: self.creator_time_namespace.load(Relaxed),
            created_seconds: self.created_seconds.load(Relaxed),
            created_nanoseconds: self.created_nanoseconds.load(Relaxed),
        }
    }
}

fn first_word(identity: &Identity, id: u8) -> u64 {
    u64::from(MAGIC) | u64::from(identity.hash32(id)) << 32
}

fn escape_unprintable(letter: char) -> impl Iterator<Item = char> {
    let unprintable = letter.is_control()
        || matches!(letter, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let escaped = unprintable.then(|| letter.escape_default());
    escaped.into_iter().flatten().chain((!unprintable).then_some(letter))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unprintable_hints_are_escaped() {
        let shown: String = "a\u{1b}[2Jb\u{202e}c é".chars().flat_map(escape_unprintable).collect();
        assert_eq!(shown, "a\\u{1b}[2Jb\\u{202e}c é");
    }
}
