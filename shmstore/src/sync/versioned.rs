//! `Versioned<V>`: a value that all may read and write whole, at any time.
//!
//! # Safety
//!
//! The memory is `VersionedCell`'s, which says why sharing it is sound. What is unsafe here is only the promise that
//! bytes which it has copied are initialised.
#![allow(unsafe_code)]

use std::any::type_name;
use std::fmt;
use std::mem::MaybeUninit;
use std::panic::{RefUnwindSafe, UnwindSafe};

use super::held::Held;
use super::versioned_cell::VersionedCell;
use super::view::VersionedView;
use super::writer_lock::WriterLock;
use crate::bits;
use crate::error::InvalidValue;
use crate::layout::{AnyBits, ShmId, ShmLayout, ShmObject, ShmValue};
use crate::schema::{Kind, Schema};

/// A value of any size that all processes may read and write as a whole, at any time.
///
/// It keeps the newest version and room for the next. A reader copies the newest and never waits for a lock; it writes
/// nothing, so readers do not slow each other down. Writers take turns by a lock, a few nanoseconds when it is free.
/// A process that is killed while it writes tears nothing and loses nothing but its own unfinished version. (But it
/// keeps the lock: other writers wait on, readers do not notice.)
///
/// ```
/// use shmstore::Versioned;
///
/// let position = Versioned::<[f64; 3]>::default(); // in ordinary memory; a store gives you one that is shared
/// assert_eq!(position.load_versioned(), (0, [0.0; 3])); // never stored
///
/// position.store([1.0, 2.0, 3.0]);
/// position.update(|[x, ..]| *x += 1.0); // no store of others comes in between
/// assert_eq!(position.load_versioned(), (2, [2.0, 2.0, 3.0]));
/// ```
///
/// # Memory
///
/// 32 bytes of control words and two slots, each of the value's size rounded up to 16; all of it rounded up to 64 bytes,
/// and aligned to 64: a value of up to 16 bytes takes one cache line with all that belongs to it.
///
/// # What a reader sees
///
/// A value that some process stored, whole, with everything that process did before the store; once it has seen a
/// version, never an older one. A value that has a `bool`, `char` or enum in it is checked when it is read: use
/// `try_load` and `update_checked`.
///
/// The two-slot sequence lock is described in `seqlock.rs`, after Hans-J. Boehm, *Can seqlocks get along with programming
/// language memory models?*, MSPC 2012.
#[repr(transparent)]
pub struct Versioned<V: ShmValue> {
    cell: VersionedCell<V>,
}

impl<V: ShmValue> Versioned<V> {
    /// Returns the newest value.
    ///
    /// Waits for no lock. While others store flat out it may have to copy more than once; it then asks them, by a flag,
    /// to pause for two copies.
    #[must_use]
    #[inline]
    pub fn load(&self) -> V
    where
        V: AnyBits,
    {
        let mut bytes = MaybeUninit::uninit();
        self.cell.read(&mut bytes, true);
        // SAFETY: `read` has initialised all bytes.
        unsafe { bits::any(bytes) }
    }

    /// Returns the newest value and its version: how many stores there were up to it, 0 if none.
    #[must_use]
    #[inline]
    pub fn load_versioned(&self) -> (u64, V)
    where
        V: AnyBits,
    {
        self.load_by(true)
    }

    /// Copies the newest value to where the caller wants it, and returns its version: for values too large for the
    /// stack.
    #[inline]
    pub fn load_into(&self, value: &mut V) -> u64
    where
        V: AnyBits,
    {
        self.load_into_by(value, true)
    }

    /// Returns the newest value, of any type.
    ///
    /// # Errors
    ///
    /// [`InvalidValue`] if its bytes are no valid `V`: a process that does not keep to the type wrote them. The next
    /// [`store`](Self::store) mends it.
    #[inline]
    pub fn try_load(&self) -> Result<V, InvalidValue> {
        Ok(self.try_load_versioned()?.1)
    }

    /// Returns the newest value, of any type, and its version.
    ///
    /// # Errors
    ///
    /// As [`try_load`](Self::try_load).
    #[inline]
    pub fn try_load_versioned(&self) -> Result<(u64, V), InvalidValue> {
        self.try_load_by(true)
    }

    /// Returns the version of the newest value: how many stores there were, 0 if none.
    ///
    /// A load after this gives that version or a newer one.
    #[must_use]
    #[inline]
    pub fn version(&self) -> u64 {
        self.cell.version()
    }

    /// Makes `value` the newest version, waiting for other writers if there are any: without end for one that was killed
    /// in the middle of a store or update.
    ///
    /// # Panics
    ///
    /// In a closure of [`update`](Self::update) of this very part: it would wait for itself.
    #[inline]
    #[track_caller]
    pub fn store(&self, value: V) {
        self.store_from(&value);
    }

    /// Makes a copy of `*value` the newest version, as [`store`](Self::store) does: for values too large for the stack.
    ///
    /// # Panics
    ///
    /// As [`store`](Self::store).
    #[inline]
    #[track_caller]
    pub fn store_from(&self, value: &V) {
        let lock = self.cell.lock(already_held::<V>);
        self.cell.publish(&lock, value);
    }

    /// Changes the newest value by `change`, a store of nobody else coming in between, and returns what `change` does.
    ///
    /// `change` works on a private copy. If it panics, nothing was changed. Other writers wait while it runs, readers
    /// do not: they see the old value until it has returned.
    ///
    /// ```
    /// use shmstore::Versioned;
    ///
    /// let account = Versioned::<[i64; 2]>::default();
    /// let left = account.update(|[from, to]| {
    ///     *from -= 10;
    ///     *to += 10;
    ///     *from
    /// });
    /// assert_eq!((left, account.load()), (-10, [-10, 10]));
    /// ```
    ///
    /// # Panics
    ///
    /// If it is called in `change` of an update of this very part, and in a process that was forked in `change`.
    #[track_caller]
    pub fn update<R>(&self, change: impl FnOnce(&mut V) -> R) -> R
    where
        V: AnyBits,
    {
        let lock = self.cell.lock(already_held::<V>);
        // SAFETY: `newest` has initialised all bytes.
        let value = unsafe { bits::any(self.newest(&lock)) };
        self.change_and_publish(&lock, value, change)
    }

    /// Changes the newest value, of any type, as [`update`](Self::update) does.
    ///
    /// # Errors
    ///
    /// [`InvalidValue`] if the newest value's bytes are no valid `V`: then nothing was changed, and `change` did not
    /// run. [`store`](Self::store) mends it.
    ///
    /// # Panics
    ///
    /// As [`update`](Self::update).
    #[track_caller]
    pub fn update_checked<R>(&self, change: impl FnOnce(&mut V) -> R) -> Result<R, InvalidValue> {
        let lock = self.cell.lock(already_held::<V>);
        // SAFETY: `newest` has initialised all bytes.
        let value = unsafe { bits::checked(self.newest(&lock)) }?;
        Ok(self.change_and_publish(&lock, value, change))
    }

    /// The newest value's bytes, all of them initialised.
    fn newest(&self, lock: &WriterLock<'_>) -> MaybeUninit<V> {
        let mut bytes = MaybeUninit::uninit();
        self.cell.read_locked(lock, &mut bytes);
        bytes
    }

    #[track_caller]
    fn change_and_publish<R>(&self, lock: &WriterLock<'_>, mut value: V, change: impl FnOnce(&mut V) -> R) -> R {
        let held = Held::enter(lock.address());
        let result = change(&mut value);
        drop(held);
        assert!(lock.is_ours(), "a process that was forked in an `update` must not return from its closure");
        self.cell.publish(lock, &value);
        result
    }

    /// [`load_versioned`](Self::load_versioned); `may_ask` is false for memory that may be mapped read-only.
    #[inline(always)]
    pub(super) fn load_by(&self, may_ask: bool) -> (u64, V)
    where
        V: AnyBits,
    {
        let mut bytes = MaybeUninit::uninit();
        let version = self.cell.read(&mut bytes, may_ask);
        // SAFETY: `read` has initialised all bytes.
        (version, unsafe { bits::any(bytes) })
    }

    /// [`load_into`](Self::load_into); `may_ask` as above.
    #[inline(always)]
    pub(super) fn load_into_by(&self, value: &mut V, may_ask: bool) -> u64
    where
        V: AnyBits,
    {
        // SAFETY: `read` writes initialised bytes only.
        self.cell.read(unsafe { bits::place_of(value) }, may_ask)
    }

    /// [`try_load_versioned`](Self::try_load_versioned); `may_ask` as above.
    #[inline(always)]
    pub(super) fn try_load_by(&self, may_ask: bool) -> Result<(u64, V), InvalidValue> {
        let mut bytes = MaybeUninit::uninit();
        let version = self.cell.read(&mut bytes, may_ask);
        // SAFETY: `read` has initialised all bytes.
        Ok((version, unsafe { bits::checked(bytes) }?))
    }
}

fn already_held<V>() -> String {
    let value = type_name::<V>();
    format!(
        "a store to a `Versioned<{value}>` in the closure of its own `update` would wait for itself: \
         change the value that the closure is given"
    )
}

impl<V: ShmValue> Default for Versioned<V> {
    /// As a new shared object: version 0, all bytes zero.
    fn default() -> Self {
        Self { cell: VersionedCell::zeroed() }
    }
}

impl<V: ShmValue + fmt::Debug> fmt::Debug for Versioned<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        debug("Versioned", self, f)
    }
}

/// Shows version and value of a part, whether it is seen by itself or through its view.
pub(super) fn debug<V: ShmValue + fmt::Debug>(
    name: &str,
    part: &Versioned<V>,
    f: &mut fmt::Formatter<'_>,
) -> fmt::Result {
    match part.try_load_by(false) {
        Ok((version, value)) => f.debug_struct(name).field("version", &version).field("value", &value).finish(),
        Err(invalid) => f.debug_struct(name).field("value", &format_args!("<{invalid}>")).finish(),
    }
}

// A panic in `update` leaves the old value and a free lock.
impl<V: ShmValue> UnwindSafe for Versioned<V> {}
impl<V: ShmValue> RefUnwindSafe for Versioned<V> {}

// SAFETY: size and alignment are the compiler's; what is in it is told by its kind and its value's schema.
unsafe impl<V: ShmValue> ShmLayout for Versioned<V> {
    const SCHEMA: &'static Schema = &Schema::of::<Self>(Kind::Versioned { value: V::SCHEMA });
}

// SAFETY: atomic byte by byte, valid over any bytes, as `VersionedCell` explains; zeros are version 0 of zeros; nothing
// to drop, as values are `Copy`. The view is a transparent wrapper whose methods never write.
unsafe impl<V: ShmValue> ShmObject for Versioned<V> {
    type View = VersionedView<V>;
}

impl<V: ShmValue + ShmId> ShmId for Versioned<V> {
    const ID: char = V::ID;
}

#[cfg(test)]
mod tests;
