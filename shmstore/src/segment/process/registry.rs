//! What this process has attached: one mapping and one participant's slot a segment, however often it attaches.
//!
//! # Safety
//!
//! Assumes that slots and payload are where a checked [`Geometry`] says. Promises that an [`Attachment`] lives as long
//! as a handle to it: handles are counted, and every count that could reach zero changes under the registry's mutex.
#![allow(unsafe_code)]

mod index;
mod inherit;
mod lost_anchor;

use std::path::Path;
use std::ptr::{self, NonNull};
use std::sync::Arc;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::sync::atomic::{AtomicPtr, AtomicU32, AtomicUsize};
use std::sync::{MutexGuard, PoisonError};

use super::append_list::AppendList;
use super::{Local, current_token, local, token};
use crate::layout::key::Key;
use crate::layout::schema::Schema;
use crate::segment::header::{self, Geometry, Header};
use crate::segment::liveness::Liveness;
use crate::segment::liveness::lock::LivenessFile;
use crate::segment::participants::{ClaimError, Occupant, Slot, SlotTable};
use crate::sys::shm::{self, Access, Mapping};

pub(super) use index::Index;
pub(super) use inherit::inherit;

/// All attachments of this process. A vacant place is null, and used again.
static ATTACHMENTS: AppendList<AtomicPtr<Attachment>> = AppendList::new();

/// A segment that this process has attached.
pub(crate) struct Attachment {
    mapping: Mapping,
    geometry: Geometry,
    shmid: i32,
    /// The key it was found at: a segment that is removed has none.
    key: Key,
    nonce: u64,
    bytes: LivenessFile,
    /// What the object is in this program.
    schema: Option<&'static Schema>,
    // INVARIANT: as many handles point here; the attachment is freed when there are none.
    handles: AtomicUsize,
    /// Our slot, and the token it was claimed with: 0 if we have none, as for a mapping that may only be read.
    slot: AtomicPtr<Slot>,
    slot_token: AtomicU32,
}

/// A counted handle to an attachment.
pub(crate) struct SegmentRef {
    // INVARIANT: points to an attachment that counts this handle.
    attachment: NonNull<Attachment>,
}

/// A segment that was attached and judged, and is to be one of this process's attachments.
pub(crate) struct Candidate<'a> {
    pub(crate) mapping: Mapping,
    pub(crate) geometry: Geometry,
    pub(crate) shmid: i32,
    pub(crate) key: Key,
    /// The path by which it was found.
    pub(crate) anchor: &'a Arc<Path>,
    /// What the object is in this program.
    pub(crate) schema: Option<&'static Schema>,
}

/// Hands out the process's attachment of a segment: the one it has, or a new one. Either way with this geometry.
pub(crate) fn register(candidate: Candidate<'_>) -> Result<SegmentRef, ClaimError> {
    let token = token();
    let local = local();
    let _attaching = local.lock_attaching();
    let attachment = Attachment::new(candidate);
    if let Some(known) = known(&attachment, local) {
        return Ok(known);
    }
    attachment.claim_slot(token, local)?;
    Ok(publish(attachment, &mut local.lock_registry()).handle())
}

/// The attachment of the same segment that this process has already.
fn known(attachment: &Attachment, local: &Local) -> Option<SegmentRef> {
    let registry = local.lock_registry();
    same(attachment, &registry).map(Attachment::handle)
}

fn same(attachment: &Attachment, registry: &Index) -> Option<&'static Attachment> {
    let mut of_segment = registry.of_segment(attachment.shmid).filter_map(attachment_in);
    of_segment.find(|known| known.is_same(attachment))
}

/// [`register`], for a mapping that may only be read: nobody but this process knows of it.
pub(crate) fn register_to_read(candidate: Candidate<'_>) -> SegmentRef {
    let attachment = Attachment::new(candidate);
    let mut registry = local().lock_registry();
    let known = same(&attachment, &registry);
    known.unwrap_or_else(|| publish(attachment, &mut registry)).handle()
}

/// The segment of this process that has an address in it; `None` for memory that is no segment's.
pub(crate) fn segment_at(address: usize) -> Option<SegmentRef> {
    let local = local();
    let registry = local.lock_registry();
    let has_it = |known: &&Attachment| address.wrapping_sub(known.address()) < known.mapping.len();
    registry.at_or_below(address).and_then(attachment_in).filter(has_it).map(Attachment::handle)
}

impl Local {
    /// Locks the registry, and reads what this process may have inherited if it has not done so.
    fn lock_registry(&self) -> MutexGuard<'_, Index> {
        // Places that a panic leaves half-changed are at worst not found: nothing is freed that is not taken out.
        let mut registry = self.registry.lock().unwrap_or_else(PoisonError::into_inner);
        registry.make(|node| attachment_in(node).map(Attachment::location));
        registry
    }
}

/// The attachments there are. The registry must be locked: then none is freed meanwhile.
fn attachments() -> impl Iterator<Item = &'static Attachment> {
    ATTACHMENTS.iter().filter_map(attachment_in)
}

/// Likewise, the one in a node.
fn attachment_in(node: &AtomicPtr<Attachment>) -> Option<&'static Attachment> {
    // SAFETY: null, or published by `publish` and not freed while the registry is locked.
    unsafe { node.load(Acquire).as_ref() }
}

/// Leaves the slots of attachments whose handles were never dropped, in a library that is unloaded.
pub(super) fn leave_slots() {
    attachments().for_each(Attachment::leave_slot);
}

fn publish(attachment: Attachment, registry: &mut Index) -> &'static Attachment {
    let location = attachment.location();
    let attachment = Box::into_raw(Box::new(attachment));
    registry.publish(location, attachment);
    // SAFETY: made by `Box::into_raw`, and freed only when its last handle is dropped.
    unsafe { &*attachment }
}

fn header_of(mapping: &Mapping) -> &Header {
    Header::of(mapping).expect("a segment whose geometry was checked has a header")
}

impl Attachment {
    fn new(candidate: Candidate<'_>) -> Self {
        let Candidate { mapping, geometry, shmid, key, anchor, schema } = candidate;
        lost_anchor::note_vantage();
        let header = header_of(&mapping);
        let (nonce, bytes) = (header.nonce(), LivenessFile::new(header.liveness_inode(), anchor));
        let (slot, slot_token) = (AtomicPtr::new(ptr::null_mut()), AtomicU32::new(0));
        Self { mapping, geometry, shmid, key, nonce, bytes, schema, handles: AtomicUsize::new(0), slot, slot_token }
    }

    fn address(&self) -> usize {
        self.mapping.base().addr().get()
    }

    /// What it is found by.
    fn location(&self) -> (i32, usize) {
        (self.shmid, self.address())
    }

    /// A peer may have changed the header since: what we have is handed out only if it is what was checked now. And
    /// what is mapped for reading only is not handed out to those who write.
    fn is_same(&self, other: &Self) -> bool {
        let what = |of: &Self| (of.shmid, of.nonce, of.geometry, of.mapping.access());
        what(self) == what(other)
    }

    fn handle(&self) -> SegmentRef {
        self.handles.fetch_add(1, Relaxed);
        SegmentRef { attachment: NonNull::from(self) }
    }

    /// Locks this process's byte, then claims a slot.
    fn claim_slot(&self, token: u32, local: &Local) -> Result<(), ClaimError> {
        assert_eq!(self.mapping.access(), Access::ReadWrite, "a slot is claimed by writing");
        let holds_byte = local.hold_byte(&self.bytes, token);
        let slot = self.with_liveness(token, local, |liveness, slots| slots.claim(holds_byte, liveness))?;
        self.slot.store(ptr::from_ref(slot).cast_mut(), Relaxed);
        self.slot_token.store(token, Release);
        Ok(())
    }

    fn with_liveness<'a, R>(
        &'a self,
        token: u32,
        local: &Local,
        ask: impl FnOnce(&Liveness<'_>, SlotTable<'a>) -> R,
    ) -> R {
        let lock_is_held = |token| local.byte_is_locked(&self.bytes, token);
        let has_unlisted = header_of(&self.mapping).has_unlisted();
        let liveness =
            Liveness { token, facts: local.facts(), shmid: self.shmid, has_unlisted, lock_is_held: &lock_is_held };
        ask(&liveness, header::slots(&self.mapping, &self.geometry))
    }

    /// Only once a slot was claimed.
    fn own_slot(&self) -> &Slot {
        // SAFETY: stored by `claim_slot`: a slot within our mapping, which is still attached.
        unsafe { &*self.slot.load(Relaxed) }
    }

    /// Marks our slot as left; a child of `fork` that has not got a slot of its own leaves its parent's alone.
    fn leave_slot(&self) {
        let token = self.slot_token.load(Acquire);
        if token != 0 && token == current_token() {
            self.own_slot().leave(token);
        }
    }
}

impl SegmentRef {
    fn attachment(&self) -> &Attachment {
        // SAFETY: by the invariant of `attachment`, alive while this handle is.
        unsafe { self.attachment.as_ref() }
    }

    pub(crate) fn header(&self) -> &Header {
        header_of(&self.attachment().mapping)
    }

    pub(crate) fn mapping(&self) -> &Mapping {
        &self.attachment().mapping
    }

    pub(crate) fn geometry(&self) -> &Geometry {
        &self.attachment().geometry
    }

    pub(crate) fn shmid(&self) -> i32 {
        self.attachment().shmid
    }

    pub(crate) fn key(&self) -> Key {
        self.attachment().key
    }

    /// The first byte of the object: mapped for as long as a handle lives.
    pub(crate) fn payload(&self) -> NonNull<u8> {
        header::payload(self.mapping(), self.geometry())
    }

    /// Tells whether the segment was removed, by its own word or the kernel's: one system call, unless it says so itself.
    pub(crate) fn is_removed(&self) -> bool {
        self.header().says_removed() || shm::status(self.shmid()).is_ok_and(|status| status.removed)
    }

    /// The path of its anchor, if that is provably gone, or another file is there by now. Some system calls.
    pub(crate) fn lost_anchor(&self) -> Option<&Path> {
        let (anchor, _) = self.header().identity().ok()?;
        let path = self.attachment().bytes.anchor();
        lost_anchor::is_lost(path, &anchor).then_some(path)
    }

    /// Tells whether the process that has, or had, a token has provably ended. The caller has loaded the token with
    /// Acquire. Some system calls.
    pub(crate) fn token_is_dead(&self, token: u32) -> bool {
        self.attachment()
            .with_liveness(current_token(), local(), |liveness, slots| liveness.token_is_dead(slots, token))
    }

    /// What the object is in this program, and the offset in it that an address has.
    pub(crate) fn locate(&self, address: usize) -> Option<(&'static Schema, usize)> {
        Some((self.attachment().schema?, address.checked_sub(self.payload().addr().get())?))
    }

    /// The process of a token, as its own PID namespace numbers it.
    pub(crate) fn pid_of(&self, token: u32) -> Option<u32> {
        header::slots(self.mapping(), self.geometry()).pid_of(token)
    }

    /// Lists the processes that have a slot; none if the kernel does not provide the pages of their slots. Some system calls for each.
    pub(crate) fn occupants(&self) -> Vec<Occupant> {
        let is_readable = |range| self.mapping().check_readable(&range).is_ok();
        let start = self.geometry().slots_offset;
        if !is_readable(0..size_of::<Header>()) {
            return Vec::new();
        }
        self.attachment().with_liveness(current_token(), local(), |liveness, slots| {
            let all = slots.occupants(liveness);
            if is_readable(start..start + slots.bytes_used()) { all.collect() } else { Vec::new() }
        })
    }
}

impl Clone for SegmentRef {
    fn clone(&self) -> Self {
        self.attachment().handle()
    }
}

impl Drop for SegmentRef {
    fn drop(&mut self) {
        let mut registry = local().lock_registry();
        if self.attachment().handles.fetch_sub(1, Release) != 1 {
            return;
        }
        // Pairs with the Release of every other handle's drop: what they did through the mapping is over.
        std::sync::atomic::fence(Acquire);
        self.attachment().leave_slot();
        registry.unpublish(self.attachment().location());
        // To detach takes as long as there is memory.
        drop(registry);
        // SAFETY: made by `Box::into_raw` in `publish`; this was the last handle, and nobody can make another from the
        // list, where it stands no more: it was taken out while the registry was locked, with no handle left.
        drop(unsafe { Box::from_raw(self.attachment.as_ptr()) });
    }
}

// SAFETY: a counted pointer to an `Attachment`, which is `Sync`, and which any thread may free.
unsafe impl Send for SegmentRef {}
// SAFETY: `&SegmentRef` offers `&Attachment`, `Sync` itself, and counting, which is atomic.
unsafe impl Sync for SegmentRef {}
