//! Locks and events.

use std::fmt;

use super::kept::Kept;
use super::place::{Place, path_and_object};
use super::wait::{Aim, Wait};
use super::{DynamicError, Limit};
use crate::sync;
use crate::sync::raw::RawPart;

/// A [`Lock`](crate::Lock). [`Object::lock`](super::Object::lock) returns it.
#[derive(Debug, Clone)]
pub struct Lock {
    place: Place,
}

impl Lock {
    pub(super) fn at(place: Place) -> Result<Self, DynamicError> {
        place.of_kind("a `Lock`", RawPart::lock)?;
        Ok(Self { place })
    }

    fn lock_part(&self) -> &sync::Lock {
        self.place.raw().lock().expect("a `Lock`, as `at` has checked")
    }

    path_and_object!();

    /// Takes the lock.
    ///
    /// # Errors
    ///
    /// [`DynamicError::Lock`] with the errors of [`Lock::lock_timeout`](crate::Lock::lock_timeout).
    pub fn lock(&self, limit: Limit) -> Result<LockGuard, DynamicError> {
        let lock = self.lock_part();
        let guard = match limit {
            Limit::Forever => lock.lock(),
            Limit::Never => lock.try_lock(),
            Limit::Within(time) => lock.lock_timeout(time),
        };
        Ok(LockGuard(Kept::lock(guard?, &self.place)))
    }

    /// Takes the lock, also if its last owner died. Then [`LockGuard::is_inconsistent`] returns `true`, until
    /// [`LockGuard::mark_consistent`] is called.
    ///
    /// # Errors
    ///
    /// [`DynamicError::Lock`] with the errors of
    /// [`Lock::lock_to_repair_timeout`](crate::Lock::lock_to_repair_timeout).
    pub fn lock_to_repair(&self, limit: Limit) -> Result<LockGuard, DynamicError> {
        let time = limit.duration();
        Ok(LockGuard(Kept::lock(self.lock_part().lock_to_repair_timeout(time)?, &self.place)))
    }

    /// Returns `true` if a process has the lock.
    #[must_use]
    pub fn is_locked(&self) -> bool {
        self.lock_part().is_locked()
    }

    /// Returns `true` if an owner died or panicked, and no process has repaired its changes.
    #[must_use]
    pub fn is_inconsistent(&self) -> bool {
        self.lock_part().is_inconsistent()
    }
}

/// A [`Lock`] that this thread has taken. A drop frees it.
#[must_use = "a guard that is dropped frees the lock"]
pub struct LockGuard(Kept<sync::LockGuard<'static>>);

impl LockGuard {
    /// Returns `true` if an owner died or panicked, and no process has repaired its changes.
    #[must_use]
    pub fn is_inconsistent(&self) -> bool {
        self.0.is_inconsistent()
    }

    /// Declares that the guarded data is right again. Then [`Lock::lock`] succeeds again.
    pub fn mark_consistent(&self) {
        self.0.mark_consistent();
    }

    /// Declares that the guarded data may be half-changed, as a panic of this thread does. Then [`Lock::lock`] returns
    /// [`LockError::OwnerDied`](crate::LockError::OwnerDied), until a process repairs the data.
    ///
    /// It is for programs that give up in the middle of a change without a panic.
    pub fn mark_inconsistent(&self) {
        self.0.mark_inconsistent();
    }
}

impl fmt::Debug for LockGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.0, f)
    }
}

/// An [`Event`](crate::Event). [`Object::event`](super::Object::event) returns it.
#[derive(Debug, Clone)]
pub struct Event {
    place: Place,
}

impl Event {
    pub(super) fn at(place: Place) -> Result<Self, DynamicError> {
        place.of_kind("an `Event`", RawPart::event)?;
        Ok(Self { place })
    }

    pub(super) fn event_part(&self) -> &sync::Event {
        self.place.raw().event().expect("an `Event`, as `at` has checked")
    }

    path_and_object!();

    /// Returns the number of notifications.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.event_part().count()
    }

    /// Wakes all waiters, and returns the number of notifications.
    pub fn notify_all(&self) -> u64 {
        self.event_part().notify_all()
    }

    /// Wakes one waiter, and returns the number of notifications.
    pub fn notify_one(&self) -> u64 {
        self.event_part().notify_one()
    }

    /// Raises the number of notifications to `count` if it is lower, and wakes all waiters if it did. Returns the
    /// number of notifications.
    ///
    /// It is for a copy of another machine's event. An event counts up to 2⁶³ − 1, and a larger `count` means that.
    pub fn advance_to(&self, count: u64) -> u64 {
        self.event_part().advance_to(count)
    }

    /// Waits until there were more than `seen` notifications, and returns their number.
    ///
    /// # Errors
    ///
    /// [`DynamicError::Wait`] with the errors of [`Event::wait_past`](crate::Event::wait_past).
    pub fn wait_past(&self, seen: u64, limit: Limit) -> Result<u64, DynamicError> {
        Ok(self.event_part().wait_past(seen, limit.duration())?)
    }

    /// Returns a wait for more than `seen` notifications, for [`wait_any`](crate::wait_any) and `.await`.
    pub fn past(&self, seen: u64) -> Wait {
        Wait::of(Aim::Notification { part: self.clone(), seen })
    }
}
