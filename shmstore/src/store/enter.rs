//! The last step of attaching: the program's type is compared with the object's layout, and an object that has fewer
//! fields grows.

use std::time::Duration;

use super::{AnchorLock, Deadline, Found, Target};
use crate::error::{AttachError, Conflict, LayoutMismatch, LayoutSummary};
use crate::layout::diff::LayoutDiff;
use crate::layout::hash::LayoutHash;
use crate::layout::schema::{OwnedKind, OwnedSchema};
use crate::segment::classify::Class;
use crate::segment::header::{
    self, Damage, FORMAT_VERSION, Geometry, Header, POINTER_BYTES, Record, record_len, write_record,
};
use crate::segment::identity::Identity;
use crate::segment::this_process::registry::{self, SegmentRef};
use crate::sys::failpoint::{self, Step};
use crate::sys::shm::Access;

/// An object that this process has attached, and how it came to be.
pub(crate) struct Entered {
    pub(crate) attached: SegmentRef,
    pub(crate) origin: Origin,
}

/// The origin of an object, as this process saw it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    /// It existed.
    Found,
    /// This call has created it.
    Created,
    /// It existed with that many fields, and this call has extended it.
    Grown(usize),
}

/// The purpose for which a process attaches an object in a writable mapping.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// It writes. An object that lacks fields of the program's type grows, unless the store has the option
    /// `grows(false)`. A copy of another machine's object without an owner becomes an ordinary object.
    Write,
    /// As for `Write`, of a copy that this process owns.
    Own,
    /// The handle is for reading only. The object does not grow, and may be a copy.
    View,
}

/// How a program's type fits an object.
enum Fit {
    /// The object has all fields of the type.
    Whole,
    /// The type has more fields. The first ones are all fields of the object, by its newest layout.
    Longer(Record),
}

impl Target<'_> {
    /// Makes the segment an attachment of this process, if it is ready and fits this program's type. An object with
    /// fewer fields grows if the purpose allows it, once this process has the anchor's lock.
    pub(super) fn enter(
        &self,
        identity: &Identity,
        found: Found,
        purpose: Purpose,
        deadline: &mut Deadline,
    ) -> Result<Entered, AttachError> {
        let (geometry, fit) = self.fit(identity, &found)?;
        let is_left = self.check_writable(identity, &found, &geometry, purpose)?;
        match fit {
            Fit::Whole if !is_left => self.enter_whole(identity, found, geometry),
            Fit::Longer(newest) if purpose == Purpose::View || !self.policy.grows => {
                Err(self.shorter(identity, &newest, purpose))
            }
            Fit::Whole | Fit::Longer(_) => {
                // A process that replaces it would wait for this attachment.
                drop(found);
                let lock = self.lock(deadline)?;
                self.enter_locked(&lock, purpose, deadline)
            }
        }
    }

    /// [`enter`](Self::enter), under the lock, which the growth of an object needs, and the promotion of a copy.
    fn enter_locked(
        &self,
        lock: &AnchorLock,
        purpose: Purpose,
        deadline: &mut Deadline,
    ) -> Result<Entered, AttachError> {
        let identity = lock.anchor().identity();
        let found = self.recover(lock, deadline)?;
        let found = found.ok_or_else(|| self.not_found(&identity, Duration::ZERO))?;
        let (geometry, fit) = self.fit(&identity, &found)?;
        let is_left = self.check_writable(&identity, &found, &geometry, purpose)?;
        let entered = match fit {
            Fit::Whole => self.enter_whole(&identity, found, geometry)?,
            // The object may be another one than before the lock was taken.
            Fit::Longer(newest) if !self.policy.grows => return Err(self.shorter(&identity, &newest, purpose)),
            Fit::Longer(newest) => self.grow(&identity, found, geometry, &newest)?,
        };
        if is_left {
            failpoint::reach(Step::PromoteEntered);
            entered.attached.header().promote();
        }
        Ok(entered)
    }

    fn enter_whole(&self, identity: &Identity, found: Found, geometry: Geometry) -> Result<Entered, AttachError> {
        let attached = self.register(identity, found.mapping, geometry, found.status.shmid)?;
        Ok(Entered { attached, origin: Origin::Found })
    }

    /// Makes the segment an attachment of this process for reading only, if it fits this program's type.
    pub(super) fn enter_to_read(&self, identity: &Identity, found: Found) -> Result<SegmentRef, AttachError> {
        match self.fit(identity, &found)? {
            (geometry, Fit::Whole) => {
                Ok(registry::register_to_read(self.segment(identity, found.mapping, geometry, found.status.shmid)))
            }
            (_, Fit::Longer(newest)) => Err(self.shorter(identity, &newest, Purpose::View)),
        }
    }

    /// Compares this program's type with the object's newest layout.
    fn fit(&self, identity: &Identity, found: &Found) -> Result<(Geometry, Fit), AttachError> {
        let geometry = self.check_ready(identity, found)?;
        let (layout, mapping) = (self.layout(), &found.mapping);
        let header = found.header();
        if header.layout_hash() == layout.hash() {
            let (size, len) = (layout.size(), geometry.payload_len);
            if size == len || geometry.has_room() && size < len {
                return Ok((geometry, Fit::Whole));
            }
            let found = format!("{}, expected {}", geometry.payload_len, layout.size());
            return Err(self.damaged(identity, Damage { field: "payload_len", found }));
        }
        if geometry.has_room() && header.pointer_bytes() == POINTER_BYTES {
            let damaged = |damage| self.damaged(identity, damage);
            let newest = Record::newest(mapping, &geometry).map_err(damaged)?;
            let prefixes = layout.prefixes();
            let common = prefixes.len().min(newest.fields);
            if common > 0 && newest.prefix(mapping, common).map_err(damaged)? == prefixes[common - 1] {
                if layout.size() > geometry.payload_len {
                    return Err(self.no_room(identity, header, &geometry, false));
                }
                if common < prefixes.len() {
                    return Ok((geometry, Fit::Longer(newest)));
                }
                // The process that published it died before it wrote the copy in the header.
                if newest.hash == layout.hash() && mapping.access() == Access::ReadWrite {
                    header.set_layout_hash(newest.hash);
                }
                return Ok((geometry, Fit::Whole));
            }
        }
        Err(self.mismatch(identity, found, &geometry))
    }

    /// Checks that the segment is ready, and has all fields of this program's type.
    pub(super) fn check_fits(&self, identity: &Identity, found: &Found) -> Result<Geometry, AttachError> {
        match self.fit(identity, found)? {
            (geometry, Fit::Whole) => Ok(geometry),
            (_, Fit::Longer(newest)) => Err(self.shorter(identity, &newest, Purpose::Own)),
        }
    }

    /// Checks that the segment is ready, with the layout of this program's type and no other.
    pub(super) fn check_exact(&self, identity: &Identity, found: &Found) -> Result<(), AttachError> {
        let geometry = self.check_ready(identity, found)?;
        let stored = header::read_layout(&found.mapping, &geometry).map_err(|damage| self.damaged(identity, damage))?;
        if stored.hash == self.layout().hash() { Ok(()) } else { Err(self.mismatch(identity, found, &geometry)) }
    }

    /// Checks that the segment is ready.
    pub(super) fn check_ready(&self, identity: &Identity, found: &Found) -> Result<Geometry, AttachError> {
        self.check_known(identity, found)?;
        match &found.class {
            Class::Ready(geometry) => Ok(*geometry),
            Class::Damaged(damage) => Err(self.damaged(identity, damage.clone())),
            Class::OtherFormat(segment) => {
                let (subject, segment) = (self.subject(Some(identity)), *segment);
                Err(AttachError::FormatVersion { subject, segment, ours: FORMAT_VERSION })
            }
            class => unreachable!("{class:?} is refused, recovered or waited for before"),
        }
    }

    /// Extends the object by the fields that this program's type has more, under the lock. They are zero, which every
    /// part takes for "never stored".
    ///
    /// A process that dies before the record is published has changed nothing: the next record overwrites it.
    fn grow(
        &self,
        identity: &Identity,
        found: Found,
        geometry: Geometry,
        newest: &Record,
    ) -> Result<Entered, AttachError> {
        let (layout, header) = (self.layout(), found.header());
        let len = record_len(layout);
        let Some(offset) = newest.next(&geometry, len) else {
            return Err(self.no_room(identity, header, &geometry, true));
        };
        let attached = self.register(identity, found.mapping, geometry, found.status.shmid)?;
        let (mapping, header) = (attached.mapping(), attached.header());
        let (_, first_new) = layout.fields()[newest.fields];
        header::clear_payload(mapping, &geometry, first_new..layout.size());
        write_record(mapping, offset, layout);
        failpoint::reach(Step::GrowWritten);
        header.publish_record(offset, len);
        failpoint::reach(Step::GrowPublished);
        header.set_layout_hash(layout.hash());
        failpoint::reach(Step::GrowDone);
        Ok(Entered { attached, origin: Origin::Grown(newest.fields) })
    }

    fn no_room(&self, identity: &Identity, header: &Header, geometry: &Geometry, log_is_full: bool) -> AttachError {
        AttachError::NoRoom {
            subject: self.subject(Some(identity)),
            room: geometry.room().unwrap_or(0),
            needed: self.layout().size() as u64,
            type_room: self.layout().room().unwrap_or(0) as u64,
            log_is_full,
            creator: header.creator(),
        }
    }

    fn shorter(&self, identity: &Identity, newest: &Record, purpose: Purpose) -> AttachError {
        let missing = self.layout().fields().into_iter().skip(newest.fields).map(|(name, _)| name.to_owned());
        let to_write = purpose != Purpose::View;
        AttachError::Shorter { subject: self.subject(Some(identity)), missing: missing.collect(), to_write }
    }

    pub(super) fn mismatch(&self, identity: &Identity, found: &Found, geometry: &Geometry) -> AttachError {
        let header = found.header();
        let pointer_bytes = header.pointer_bytes();
        let read = header::read_layout(&found.mapping, geometry).and_then(|stored| {
            let theirs = OwnedSchema::from_json(stored.json).map_err(|error| Damage::new("schema", error))?;
            Ok((stored.hash, theirs))
        });
        let (stored, theirs) = match read {
            Ok(read) => read,
            Err(damage) => return self.damaged(identity, damage),
        };
        // A schema hashes differently in a program of another pointer width, so it is compared only for this one.
        if pointer_bytes == POINTER_BYTES && theirs.hash() != stored {
            let found = format!("{stored}, but the schema's hash is {}", theirs.hash());
            return self.damaged(identity, Damage { field: "layout_hash", found });
        }
        let ours = self.layout().to_owned_schema();
        let conflict = first_conflict(&ours, &theirs).filter(|_| geometry.has_room());
        if pointer_bytes == POINTER_BYTES && !geometry.has_room() && is_longer(&ours, &theirs) {
            return self.no_room(identity, header, geometry, false);
        }
        AttachError::LayoutMismatch(Box::new(LayoutMismatch {
            subject: *self.subject(Some(identity)),
            diff: LayoutDiff::between(&ours, &theirs),
            ours: summary(&ours, ours.hash(), POINTER_BYTES),
            theirs: summary(&theirs, stored, pointer_bytes),
            creator: header.creator(),
            conflict,
        }))
    }
}

/// Returns `true` if a type has all fields of another, and more fields behind them.
fn is_longer(ours: &OwnedSchema, theirs: &OwnedSchema) -> bool {
    let (ours, theirs) = (ours.prefix_hashes(), theirs.prefix_hashes());
    !theirs.is_empty() && ours.len() > theirs.len() && ours.starts_with(&theirs)
}

/// The first field of an object that is not the same in this program's type. `None` if the types are not alike.
fn first_conflict(ours: &OwnedSchema, theirs: &OwnedSchema) -> Option<Conflict> {
    let (OwnedKind::Struct { name: our_name, fields: our_fields, .. }, OwnedKind::Struct { name, fields, .. }) =
        (ours.kind(), theirs.kind())
    else {
        return None;
    };
    let mut pairs = our_fields.iter().zip(fields).filter(|(ours, theirs)| ours != theirs);
    let (ours, theirs) = pairs.next().filter(|_| our_name == name)?;
    let is_of_both = |name: &str| [our_fields, fields].iter().all(|list| list.iter().any(|field| field.name == name));
    let is_inserted = is_of_both(&theirs.name) && !is_of_both(&ours.name);
    Some(Conflict { field: theirs.name.clone(), inserted: is_inserted.then(|| ours.name.clone()) })
}

fn summary(schema: &OwnedSchema, hash: LayoutHash, pointer_bytes: u32) -> LayoutSummary {
    let pointer_bits = pointer_bytes.saturating_mul(u8::BITS);
    LayoutSummary { hash, size: schema.size(), align: schema.align(), pointer_bits }
}

#[cfg(test)]
mod tests;
