//! Guards of locks that are kept together with the attachment of their object.
//!
//! # Safety
//!
//! Assumes that an object stays mapped while an [`Object`] lives. Promises that a guard is dropped before the object
//! that it is kept with, and is lent for no longer than it is kept.
#![allow(unsafe_code)]

use std::mem::transmute;
use std::ops::Deref;

use super::Object;
use super::place::Place;
use crate::sync::LockGuard;
use crate::sync::raw::RawGuard;

/// A guard of a lock in an object, which it keeps attached.
pub(super) struct Kept<G> {
    // INVARIANT: borrows from the mapping of `object` alone. Dropped before it, as it is declared before it.
    guard: G,
    _object: Object,
}

impl Kept<RawGuard<'static>> {
    pub(super) fn write(guard: RawGuard<'_>, place: &Place) -> Self {
        // SAFETY: the guard borrows from the mapping that `place.object` keeps, and is dropped before that clone.
        let guard = unsafe { transmute::<RawGuard<'_>, RawGuard<'static>>(guard) };
        Self { guard, _object: place.object.clone() }
    }
}

impl Kept<LockGuard<'static>> {
    pub(super) fn lock(guard: LockGuard<'_>, place: &Place) -> Self {
        // SAFETY: the guard borrows from the mapping that `place.object` keeps, and is dropped before that clone.
        let guard = unsafe { transmute::<LockGuard<'_>, LockGuard<'static>>(guard) };
        Self { guard, _object: place.object.clone() }
    }
}

impl<G> Deref for Kept<G> {
    type Target = G;

    fn deref(&self) -> &G {
        &self.guard
    }
}
