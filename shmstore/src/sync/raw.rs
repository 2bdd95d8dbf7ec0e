//! Parts in a segment of which this program knows only the schema. Values are bytes of the schema's size.
//!
//! Each raw part makes the same operations as the typed one, because both are thin layers over the same words, locks
//! and copies. The callers encode and check the bytes.
//!
//! # Safety
//!
//! Assumes what [`RawPart::new`] requires. Promises what the files of the parts promise: references only to atomics,
//! and atomic copies of values.
#![allow(unsafe_code)]

mod atomic;

use std::marker::PhantomData;
use std::ptr::NonNull;
use std::slice;

use super::atomics::AtomicU64;
use super::describe::PartRef;
use super::event::Event;
use super::lock::Lock;
use crate::layout::schema::{Kind, Schema};

pub(crate) use super::broadcast::{RawBroadcast, RawPlace};
pub(crate) use super::frames::{RawFrames, RawLoan, RawPin};
pub(crate) use super::map::RawMap;
pub(crate) use super::queue::{RawQueue, RawTaken};
pub(crate) use super::versioned::{RawGuard, RawVersioned};
pub(crate) use atomic::RawAtomic;

/// A part of an object.
#[derive(Clone, Copy)]
pub(crate) struct RawPart<'a> {
    // INVARIANT: as `new` requires.
    at: NonNull<u8>,
    schema: &'static Schema,
    _memory: PhantomData<&'a AtomicU64>,
}

// SAFETY: a part gives access to atomics, and to addresses that only atomic copies use.
unsafe impl Send for RawPart<'_> {}
// SAFETY: as above.
unsafe impl Sync for RawPart<'_> {}

impl<'a> RawPart<'a> {
    /// # Safety
    ///
    /// A part with this schema begins at `at`. All of its bytes are mapped for reading and writing while `'a` lasts,
    /// and are touched only by atomic accesses. A type can have the schema: [`OwnedSchema::is_an_object`] says so of an
    /// object in which it is.
    ///
    /// [`OwnedSchema::is_an_object`]: crate::schema::OwnedSchema::is_an_object
    pub(crate) unsafe fn new(at: NonNull<u8>, schema: &'static Schema) -> Self {
        Self { at, schema, _memory: PhantomData }
    }

    pub(crate) fn schema(self) -> &'static Schema {
        self.schema
    }

    /// The address of its first byte.
    pub(super) fn start(self) -> NonNull<u8> {
        self.at
    }

    pub(super) fn address(self) -> *mut u8 {
        self.at.as_ptr()
    }

    pub(super) fn part(self) -> PartRef {
        PartRef::new(self.schema, self.at.addr().get())
    }

    /// The word, or the words, at an offset.
    ///
    /// # Safety
    ///
    /// A `T`, which consists of atomics, is there.
    pub(super) unsafe fn words<T>(self, offset: u64) -> &'a T {
        let at = self.at.as_ptr().wrapping_add(offset as usize).cast::<T>();
        // SAFETY: in the part, aligned, and nothing but atomics, by the caller. Mapped while `'a` lasts.
        unsafe { &*at }
    }

    /// The words in a row at an offset.
    ///
    /// # Safety
    ///
    /// So many `T`, which consist of atomics, are there.
    pub(super) unsafe fn slice<T>(self, offset: u64, count: usize) -> &'a [T] {
        let at = self.at.as_ptr().wrapping_add(offset as usize).cast::<T>();
        // SAFETY: as in `words`.
        unsafe { slice::from_raw_parts(at, count) }
    }

    /// The lock. `None` if the part is none.
    pub(crate) fn lock(self) -> Option<&'a Lock> {
        // SAFETY: the part is a `Lock`, which consists of atomics.
        matches!(self.schema.kind(), Kind::Lock).then(|| unsafe { self.words(0) })
    }

    /// The event. `None` if the part is none.
    pub(crate) fn event(self) -> Option<&'a Event> {
        // SAFETY: the part is an `Event`, which consists of atomics.
        matches!(self.schema.kind(), Kind::Event).then(|| unsafe { self.words(0) })
    }
}
