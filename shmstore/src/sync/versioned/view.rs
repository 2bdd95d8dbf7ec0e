//! `VersionedView<V>`: a `Versioned<V>` in memory that this process can only read.

use std::fmt;
use std::time::Duration;

use super::{Newer, Versioned, debug};
use crate::error::{InvalidValue, WaitError};
use crate::layout::{AnyBits, DebugValue, ShmValue};
use crate::sync::waiting::{Changes, in_turns};
use crate::sys::shm::Access;

/// Loads a [`Versioned<V>`] in a read-only process.
///
/// Its methods only load, so they work on a read-only mapping. A read-only process cannot ask writers for a pause.
/// While they store at full speed, it tries again until a copy is whole.
#[repr(transparent)]
pub struct VersionedView<V: ShmValue> {
    part: Versioned<V>,
}

impl<V: ShmValue> VersionedView<V> {
    /// Returns the newest value: see [`Versioned::load`].
    ///
    /// For a value that is too large for the stack, use [`load_boxed`](Self::load_boxed).
    #[must_use]
    #[inline]
    pub fn load(&self) -> V
    where
        V: AnyBits,
    {
        self.load_versioned().1
    }

    /// Returns the newest value and its version: see [`Versioned::load_versioned`].
    #[must_use]
    #[inline]
    pub fn load_versioned(&self) -> (u64, V)
    where
        V: AnyBits,
    {
        self.part.load_by(Access::ReadOnly)
    }

    /// Copies the newest value to `value`, and returns its version: see [`Versioned::load_into`].
    #[inline]
    pub fn load_into(&self, value: &mut V) -> u64
    where
        V: AnyBits,
    {
        self.part.load_into_by(value, Access::ReadOnly)
    }

    /// Copies the newest value to `value`, and returns its version: see [`Versioned::load_into_checked`].
    ///
    /// # Errors
    ///
    /// As [`Versioned::load_into_checked`].
    pub fn load_into_checked(&self, value: &mut V) -> Result<u64, InvalidValue> {
        self.part.load_into_checked_by(value, Access::ReadOnly)
    }

    /// Copies the newest value to `value`, and returns its version, or an error after `timeout`: see
    /// [`Versioned::load_into_timeout`].
    ///
    /// # Errors
    ///
    /// As [`Versioned::load_into_timeout`].
    pub fn load_into_timeout(&self, value: &mut V, timeout: Duration) -> Result<u64, WaitError> {
        self.part.load_into_timeout_by(value, timeout, Access::ReadOnly)
    }

    /// Returns the newest value in the heap: see [`Versioned::load_boxed`].
    #[must_use]
    pub fn load_boxed(&self) -> Box<V>
    where
        V: AnyBits,
    {
        self.part.load_boxed_by(Access::ReadOnly)
    }

    /// Returns the newest value in the heap: see [`Versioned::load_boxed_checked`].
    ///
    /// # Errors
    ///
    /// As [`Versioned::load_boxed_checked`].
    pub fn load_boxed_checked(&self) -> Result<Box<V>, InvalidValue> {
        self.part.load_boxed_checked_by(Access::ReadOnly)
    }

    /// Returns the newest value: see [`Versioned::load_checked`].
    ///
    /// # Errors
    ///
    /// As [`Versioned::load_checked`].
    #[inline]
    pub fn load_checked(&self) -> Result<V, InvalidValue> {
        Ok(self.load_versioned_checked()?.1)
    }

    /// Returns the newest value and its version: see [`Versioned::load_versioned_checked`].
    ///
    /// # Errors
    ///
    /// As [`Versioned::load_versioned_checked`].
    #[inline]
    pub fn load_versioned_checked(&self) -> Result<(u64, V), InvalidValue> {
        self.part.load_checked_by(Access::ReadOnly)
    }

    /// Returns the newest value, or an error after `timeout`: see [`Versioned::load_timeout`].
    ///
    /// # Errors
    ///
    /// As [`Versioned::load_timeout`].
    pub fn load_timeout(&self, timeout: Duration) -> Result<V, WaitError> {
        Ok(self.part.load_timeout_by(timeout, Access::ReadOnly)?.1)
    }

    /// Waits until there is a newer version, and returns it: see [`Versioned::wait_newer`]. A read-only process cannot
    /// announce that it is waiting, so it polls every millisecond. A handle of
    /// [`Store::attach_view`](crate::Store::attach_view) announces its waits.
    ///
    /// # Errors
    ///
    /// As [`Versioned::wait_newer`].
    pub fn wait_newer(&self, version: u64, timeout: Duration) -> Result<(u64, V), WaitError> {
        self.part.new_version(version, Access::ReadOnly).wait(timeout)
    }

    /// Waits until there is a newer version, and copies it to `value`: see [`Versioned::wait_newer_into`].
    ///
    /// # Errors
    ///
    /// As [`Versioned::wait_newer_into`].
    pub fn wait_newer_into(&self, version: u64, value: &mut V, timeout: Duration) -> Result<u64, WaitError> {
        self.part.new_version(version, Access::ReadOnly).wait_into(value, timeout)
    }

    /// Waits until there is a newer version, or `keep_waiting` returns `false`: see [`Versioned::wait_newer_while`].
    ///
    /// # Errors
    ///
    /// As [`Versioned::wait_newer_while`].
    pub fn wait_newer_while(
        &self,
        version: u64,
        keep_waiting: impl Fn() -> bool,
    ) -> Result<Option<(u64, V)>, WaitError> {
        in_turns(keep_waiting, |turn| self.wait_newer(version, turn))
    }

    /// Returns a wait for a version newer than `seen`: see [`Versioned::newer`].
    pub fn newer(&self, seen: u64) -> Newer<'_, V> {
        Newer::of(self.part.new_version(seen, Access::ReadOnly))
    }

    /// Returns a wait for one version after another, from the first after the present one: see [`Versioned::changes`].
    pub fn changes(&self) -> Changes<Newer<'_, V>> {
        self.changes_after(self.version())
    }

    /// Returns a wait for one version after another, from the first after `seen`: see [`Versioned::changes_after`].
    pub fn changes_after(&self, seen: u64) -> Changes<Newer<'_, V>> {
        Changes::new(self.newer(seen))
    }

    /// Returns the version of the newest value: see [`Versioned::version`].
    #[must_use]
    #[inline]
    pub fn version(&self) -> u64 {
        self.part.version()
    }
}

impl<V: DebugValue> fmt::Debug for VersionedView<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        debug("VersionedView", &self.part, f)
    }
}
