//! Frames of any type.

mod frame_mut;
mod pinned;

use super::place::{Place, path_and_object};
use super::value::Values;
use super::wait::{Aim, Wait};
use super::{DynamicError, Limit};
use crate::layout::schema::{OwnedKind, OwnedSchema};
use crate::sync::raw::{RawFrames, RawPart, RawPin};

pub use frame_mut::FrameMut;
pub use pinned::Pinned;

/// A [`Frames`](crate::Frames) of any type. [`Object::frames`](super::Object::frames) returns it.
#[derive(Debug, Clone)]
pub struct Frames {
    place: Place,
    elements: Values,
    meta: Values,
}

impl Frames {
    pub(super) fn at(place: Place) -> Result<Self, DynamicError> {
        place.of_kind("a `Frames`", RawPart::frames)?;
        let OwnedKind::Frames { element, meta, .. } = place.owned.kind() else {
            return Err(place.is_not("a `Frames`"));
        };
        Ok(Self { elements: Values(element), meta: Values(meta), place })
    }

    pub(super) fn raw(&self) -> RawFrames<'_> {
        self.place.raw().frames().expect("a `Frames`, as `at` has checked")
    }

    path_and_object!();

    /// Returns the layout of an element.
    #[must_use]
    pub fn schema(&self) -> &OwnedSchema {
        self.elements.0
    }

    /// Returns the layout of the metadata.
    #[must_use]
    pub fn meta_schema(&self) -> &OwnedSchema {
        self.meta.0
    }

    /// Returns the most elements of a frame.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.raw().capacity()
    }

    /// Returns the number of the newest frame. 0 if there is none.
    #[must_use]
    pub fn newest_number(&self) -> u64 {
        self.raw().newest_number()
    }

    /// Loans a slot to fill. Waits for one.
    ///
    /// # Errors
    ///
    /// [`DynamicError::Loan`] with the errors of [`Frames::loan_timeout`](crate::Frames::loan_timeout).
    pub fn loan(&self, limit: Limit) -> Result<FrameMut, DynamicError> {
        let loan = self.raw().loan(limit)?;
        Ok(FrameMut { frames: self.clone(), loan, len: 0, meta: self.meta.zeroed(), is_published: false })
    }

    /// Pins the newest frame. `None` if there is none.
    ///
    /// # Errors
    ///
    /// - [`DynamicError::Pin`] with the errors of [`Frames::pin_newest`](crate::Frames::pin_newest).
    /// - [`DynamicError::InvalidValue`] if the bytes of the metadata are not a valid value.
    pub fn pin_newest(&self) -> Result<Option<Pinned>, DynamicError> {
        self.raw().pin_newest()?.map(|pin| self.pinned(pin)).transpose()
    }

    /// Pins the frame with this number. `None` if it is not there.
    ///
    /// # Errors
    ///
    /// As [`pin_newest`](Self::pin_newest).
    pub fn pin(&self, number: u64) -> Result<Option<Pinned>, DynamicError> {
        self.raw().pin(number)?.map(|pin| self.pinned(pin)).transpose()
    }

    /// Waits for a frame newer than `seen`, and pins the newest.
    ///
    /// # Errors
    ///
    /// - [`DynamicError::Wait`] if no frame came.
    /// - The errors of [`pin_newest`](Self::pin_newest).
    pub fn wait_newer(&self, seen: u64, limit: Limit) -> Result<Pinned, DynamicError> {
        self.newer(seen).wait_for(limit, || {
            let Some(mut newest) = self.pin_newest()? else { return Ok(None) };
            newest.missed = newest.number().saturating_sub(seen.saturating_add(1));
            // A peer may have changed the words.
            Ok(Some(newest).filter(|newest| newest.number() > seen))
        })
    }

    /// Returns a wait for a frame newer than `seen`, for [`wait_any`](crate::wait_any) and `.await`. The frame is
    /// pinned afterwards.
    pub fn newer(&self, seen: u64) -> Wait {
        Wait::of(Aim::Frame { part: self.clone(), seen })
    }

    fn pinned(&self, pin: RawPin) -> Result<Pinned, DynamicError> {
        let len = self.raw().len(pin);
        let mut pinned = Pinned { frames: self.clone(), pin, len, missed: 0, meta: self.meta.zeroed() };
        self.raw().read_meta(pin, &mut pinned.meta);
        self.meta.checked(&pinned.meta)?;
        Ok(pinned)
    }
}
