//! The attachments of this process: for each segment one mapping and one slot, however often the process attaches it.
//!
//! # Safety
//!
//! Assumes that slots and payload are where a checked [`Geometry`] says. Promises that an [`Attachment`] lives as long
//! as a [`SegmentRef`] to it: references are counted, and every count that could reach zero changes under the
//! registry's mutex.
#![allow(unsafe_code)]

mod find;
mod index;
mod inherit;
mod lost_anchor;
mod owner;
mod removal;

use std::path::Path;
use std::ptr::{self, NonNull};
use std::sync::Arc;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU32, AtomicUsize};
use std::sync::{MutexGuard, PoisonError};

use super::append_list::AppendList;
use super::{Local, current_token, local, token};
use crate::layout::key::Key;
use crate::layout::schema::Schema;
use crate::layout::type_layout::fields;
use crate::segment::header::{self, Geometry, Header};
use crate::segment::liveness::{Liveness, LivenessFile};
use crate::segment::participants::{ClaimError, MAX_FIELDS, Occupant, Slot, SlotTable};
use crate::sys::shm::{Access, Mapping};

pub(crate) use find::{access_at, segment_at};
pub(super) use index::Index;
pub(super) use inherit::inherit;
pub(crate) use owner::{Owner, living_owner};

/// All attachments of this process. A vacant node is null, and is used again.
static ATTACHMENTS: AppendList<AtomicPtr<Attachment>> = AppendList::new();

/// A segment that this process has attached.
pub(crate) struct Attachment {
    mapping: Mapping,
    geometry: Geometry,
    shmid: i32,
    /// The key at which the segment was found. A removed segment has none any more.
    key: Key,
    nonce: u64,
    liveness_file: LivenessFile,
    /// The longest type of the object in this program, if it was attached by its type.
    // INVARIANT: null, or a `&'static Schema`.
    schema: AtomicPtr<Schema>,
    // INVARIANT: as many `SegmentRef`s point here; the attachment is freed when there are none.
    references: AtomicUsize,
    /// Our slot; null if we have none, as in a mapping for reading only.
    slot: AtomicPtr<Slot>,
    /// The token with which the slot was claimed; 0 if we have none.
    slot_token: AtomicU32,
    /// The kernel has told this process that the segment was removed.
    removal: AtomicBool,
}

/// A counted reference to an attachment.
pub(crate) struct SegmentRef {
    // INVARIANT: points to an attachment that counts this reference.
    attachment: NonNull<Attachment>,
}

/// A segment that was attached and checked, and may become one of this process's attachments.
pub(crate) struct Candidate<'a> {
    pub(crate) mapping: Mapping,
    pub(crate) geometry: Geometry,
    pub(crate) shmid: i32,
    pub(crate) key: Key,
    /// The path by which the segment was found.
    pub(crate) anchor: &'a Arc<Path>,
    /// The type of the object in this program, if it was attached by its type.
    pub(crate) schema: Option<&'static Schema>,
}

/// Returns the process's attachment of a segment: the one that it has, or a new one. Its geometry is the candidate's.
pub(crate) fn register(candidate: Candidate<'_>) -> Result<SegmentRef, ClaimError> {
    let token = token();
    let local = local();
    let _attaching = local.lock_attaching();
    let attachment = Attachment::new(candidate);
    // The registry is unlocked again before a slot is claimed, which can take long.
    let known = same(&attachment, &local.lock_registry()).map(Attachment::new_ref);
    if let Some(known) = known {
        known.attachment().raise_fields(&attachment);
        return Ok(known);
    }
    attachment.claim_slot(token, local)?;
    Ok(publish(attachment, &mut local.lock_registry()).new_ref())
}

/// The attachment that this process has of the same segment already.
fn same(attachment: &Attachment, registry: &Index) -> Option<&'static Attachment> {
    let mut of_segment = registry.of_segment(attachment.shmid).filter_map(attachment_in);
    of_segment.find(|known| known.is_same(attachment))
}

/// [`register`], for a mapping for reading only: it has no slot, so other processes do not see it.
pub(crate) fn register_to_read(candidate: Candidate<'_>) -> SegmentRef {
    let attachment = Attachment::new(candidate);
    let mut registry = local().lock_registry();
    match same(&attachment, &registry) {
        Some(known) => {
            known.raise_fields(&attachment);
            known.new_ref()
        }
        None => publish(attachment, &mut registry).new_ref(),
    }
}

impl Local {
    /// Locks the registry. The first call reads the attachments that this process may have inherited.
    fn lock_registry(&self) -> MutexGuard<'_, Index> {
        // After a panic an attachment is at worst not found: nothing is freed that is not taken out before.
        let mut registry = self.registry.lock().unwrap_or_else(PoisonError::into_inner);
        registry.make(|node| attachment_in(node).map(Attachment::location));
        registry
    }
}

/// All attachments. The registry must be locked, or no other thread may run this code: then none of them is freed.
fn attachments() -> impl Iterator<Item = &'static Attachment> {
    ATTACHMENTS.iter().filter_map(attachment_in)
}

/// The attachment in a node, under the condition of [`attachments`].
fn attachment_in(node: &AtomicPtr<Attachment>) -> Option<&'static Attachment> {
    // SAFETY: null, or published by `publish` and not freed: a thread frees only under the registry's lock, which the
    // caller holds, or no other thread runs this code.
    unsafe { node.load(Acquire).as_ref() }
}

/// Leaves the slots of all attachments, because this library is unloaded. No thread runs this code any more.
pub(super) fn leave_slots() {
    attachments().for_each(Attachment::leave_slot);
}

fn publish(attachment: Attachment, registry: &mut Index) -> &'static Attachment {
    let location = attachment.location();
    let attachment = Box::into_raw(Box::new(attachment));
    registry.publish(location, attachment);
    // SAFETY: made by `Box::into_raw`, and freed only when its last reference is dropped.
    unsafe { &*attachment }
}

/// A segment: its mapping, the offsets of its parts, and the kernel's number.
type Parts<'a> = (&'a Mapping, &'a Geometry, i32);

/// Answers for the processes of a segment, which this process need not have registered.
fn with_liveness<'a, R>(
    (mapping, geometry, shmid): Parts<'a>,
    file: &LivenessFile,
    token: u32,
    local: &Local,
    ask: impl FnOnce(&Liveness<'_>, SlotTable<'a>) -> R,
) -> R {
    let lock_is_held = |token| local.liveness_locks().is_held_by_another(file, token);
    let has_unlisted = header_of(mapping).has_unlisted();
    let liveness = Liveness { token, facts: local.facts(), shmid, has_unlisted, lock_is_held: &lock_is_held };
    ask(&liveness, header::slots(mapping, geometry))
}

fn header_of(mapping: &Mapping) -> &Header {
    Header::of(mapping).expect("a segment with a checked geometry has a header")
}

impl Attachment {
    fn new(candidate: Candidate<'_>) -> Self {
        let Candidate { mapping, geometry, shmid, key, anchor, schema } = candidate;
        lost_anchor::note_vantage();
        let header = header_of(&mapping);
        let (nonce, liveness_file) = (header.nonce(), LivenessFile::new(header.liveness_inode(), anchor));
        let (slot, slot_token) = (AtomicPtr::new(ptr::null_mut()), AtomicU32::new(0));
        let (references, removal) = (AtomicUsize::new(0), AtomicBool::new(false));
        let schema = AtomicPtr::new(schema.map_or(ptr::null_mut(), |schema| ptr::from_ref(schema).cast_mut()));
        Self { mapping, geometry, shmid, key, nonce, liveness_file, schema, references, slot, slot_token, removal }
    }

    fn address(&self) -> usize {
        self.mapping.base().addr().get()
    }

    fn location(&self) -> index::Location {
        (self.shmid, self.address())
    }

    /// Returns `true` if both are of the same segment, mapped for the same access, and the header said the same when
    /// each was checked: a peer may have changed it between.
    fn is_same(&self, other: &Self) -> bool {
        let compared = |of: &Self| (of.shmid, of.nonce, of.geometry, of.mapping.access());
        compared(self) == compared(other)
    }

    fn schema(&self) -> Option<&'static Schema> {
        // SAFETY: by the invariant of `schema`.
        unsafe { self.schema.load(Acquire).as_ref() }
    }

    /// The number of fields of the longest type with which this process has attached the object.
    fn fields(&self) -> u16 {
        let fields = self.schema().map_or(0, |schema| fields(schema).len());
        fields.min(MAX_FIELDS.into()) as u16
    }

    /// Notes that the process has attached the object once more, with a type that may have more fields.
    fn raise_fields(&self, again: &Self) {
        if self.fields() < again.fields() {
            self.schema.store(again.schema.load(Relaxed), Release);
            let token = self.slot_token.load(Acquire);
            if token != 0 && token == current_token() {
                self.own_slot().raise_fields(token, self.fields());
            }
        }
    }

    fn new_ref(&self) -> SegmentRef {
        self.references.fetch_add(1, Relaxed);
        SegmentRef { attachment: NonNull::from(self) }
    }

    /// Takes this process's liveness lock, then claims a slot.
    fn claim_slot(&self, token: u32, local: &Local) -> Result<(), ClaimError> {
        assert_eq!(self.mapping.access(), Access::ReadWrite, "a slot is claimed by writing");
        let has_lock = local.liveness_locks().hold(&self.liveness_file, token);
        let slot =
            self.with_liveness(token, local, |liveness, slots| slots.claim(has_lock, self.fields(), liveness))?;
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
        with_liveness((&self.mapping, &self.geometry, self.shmid), &self.liveness_file, token, local, ask)
    }

    /// Called only after a slot was claimed.
    fn own_slot(&self) -> &Slot {
        // SAFETY: stored by `claim_slot`: a slot within our mapping, which is still attached.
        unsafe { &*self.slot.load(Relaxed) }
    }

    /// Marks our slot as left. The slot of the parent, in a child of `fork` that has no slot yet, is left alone.
    fn leave_slot(&self) {
        let token = self.slot_token.load(Acquire);
        if token != 0 && token == current_token() {
            self.own_slot().leave(token);
        }
    }
}

impl SegmentRef {
    fn attachment(&self) -> &Attachment {
        // SAFETY: by the invariant of `attachment`, alive while this reference is.
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

    /// The random number that no other segment has, as the header said when the segment was attached.
    pub(crate) fn nonce(&self) -> u64 {
        self.attachment().nonce
    }

    /// The living owner of a copy of another machine's object: see [`living_owner`]. Some system calls.
    pub(crate) fn living_owner(&self) -> Option<Owner> {
        let Attachment { mapping, geometry, shmid, liveness_file, .. } = self.attachment();
        owner::living((mapping, geometry, *shmid), liveness_file)
    }

    /// The first byte of the object, which is mapped for as long as a reference lives.
    pub(crate) fn payload(&self) -> NonNull<u8> {
        header::payload(self.mapping(), self.geometry())
    }

    /// The path of the anchor, if the anchor is provably not there any more. Some system calls.
    pub(crate) fn lost_anchor(&self) -> Option<&Path> {
        let (anchor, _) = self.header().identity().ok()?;
        let path = self.attachment().liveness_file.anchor();
        lost_anchor::is_lost(path, &anchor).then_some(path)
    }

    /// Returns `true` if the process of a token has provably ended: see [`liveness`](crate::segment::liveness). The
    /// caller has loaded the token with Acquire. Some system calls.
    pub(crate) fn token_is_dead(&self, token: u32) -> bool {
        self.attachment()
            .with_liveness(current_token(), local(), |liveness, slots| liveness.token_is_dead(slots, token))
    }

    /// The type of the object in this program, and the offset of an address in the object.
    pub(crate) fn locate(&self, address: usize) -> Option<(&'static Schema, usize)> {
        Some((self.attachment().schema()?, address.checked_sub(self.payload().addr().get())?))
    }

    /// The process of a token, as its own PID namespace numbers it.
    pub(crate) fn pid_of(&self, token: u32) -> Option<u32> {
        header::slots(self.mapping(), self.geometry()).pid_of(token)
    }

    /// Lists the processes that have a slot, with some system calls for each. Empty if the kernel cannot provide the
    /// pages of the slots.
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
        self.attachment().new_ref()
    }
}

impl Drop for SegmentRef {
    fn drop(&mut self) {
        let mut registry = local().lock_registry();
        if self.attachment().references.fetch_sub(1, Release) != 1 {
            return;
        }
        // Pairs with the Release of every other drop: all other uses of the mapping are over.
        std::sync::atomic::fence(Acquire);
        self.attachment().leave_slot();
        registry.unpublish(self.attachment().location());
        // Before the segment is detached, which takes long for a large one.
        drop(registry);
        if let Some(call) = local().before_detach.get() {
            let start = self.attachment().address();
            call(start..start + self.attachment().mapping.len());
        }
        // SAFETY: made by `Box::into_raw` in `publish`. This was the last reference, and no other can be made: the
        // attachment was taken out of the list while the registry was locked and no reference was left.
        drop(unsafe { Box::from_raw(self.attachment.as_ptr()) });
    }
}

// SAFETY: a counted pointer to an `Attachment`, which is `Sync`, and which any thread may free.
unsafe impl Send for SegmentRef {}
// SAFETY: `&SegmentRef` offers `&Attachment`, `Sync` itself, and counting, which is atomic.
unsafe impl Sync for SegmentRef {}
