//! `Versioned<V>`: a value that all may read and write whole, at any time.
//!
//! # Safety
//!
//! The memory is `VersionedCell`'s, which says why sharing it is sound. What is unsafe here is only the promise that
//! bytes which it has copied are initialized.
#![allow(unsafe_code)]

mod large;
mod private;
mod store;
mod transaction;
mod view;
mod wait;
mod writer;

use std::fmt;
use std::mem::MaybeUninit;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::time::Duration;

use super::describe;
use super::versioned_cell::VersionedCell;
use crate::error::{InvalidValue, WaitError};
use crate::layout::schema::{Kind, Schema};
use crate::layout::{AnyBits, DebugValue, ShmId, ShmLayout, ShmObject, ShmValue};
use crate::sys::shm::Access;
use crate::value::bits;

use private::Private;
pub use transaction::Transaction;
pub use view::VersionedView;
pub use writer::Writer;

/// A value of any size that all processes may read and write as a whole, at any time.
///
/// It keeps the newest version and room for the next. A reader copies the newest and never waits for a lock; it writes
/// nothing, so readers do not slow each other down. Writers take turns by a lock, a few nanoseconds when it is free.
/// A process that is killed while it writes tears nothing and loses nothing but its own unfinished version: the next
/// writer takes over as soon as the kernel tells that it has ended.
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
/// A cache line of the writers' own, then the version and two slots, each of the value's size rounded up to 16; all of it rounded
/// up to 64 bytes, and aligned to 64. A value of up to 16 bytes takes 128 bytes, and a reader of it touches one line.
///
/// # Ways to write
///
/// | | others that write meanwhile | |
/// |---|---|---|
/// | [`store`](Self::store), [`update`](Self::update) | take turns | a lock for each |
/// | [`begin`](Self::begin) | wait until it is committed or dropped | a [`Transaction`]: all of its changes, or none |
/// | [`writer`](Self::writer) | wait until it is dropped | a [`Writer`]: many stores without a lock for each |
///
/// Each waits as long as it takes. [`try_begin`](Self::try_begin) and [`try_writer`](Self::try_writer) never wait, and
/// [`begin_timeout`](Self::begin_timeout) and [`writer_timeout`](Self::writer_timeout) have a limit. A single store or
/// update with a limit goes through a writer: `part.try_writer()?.store(value)`. Readers never wait for any of them.
///
/// If a process ends with any of these in its hands, the value stays what it was, and the next writer has the part
/// within milliseconds of the kernel's having released the process. Two parts that two processes take in opposite order
/// are a deadlock: take them in one order, or with a limit.
///
/// To sleep until somebody writes, there is [`wait_newer`](Self::wait_newer).
///
/// # What a reader sees
///
/// A value that some process stored, whole, with everything that process did before the store; once it has seen a
/// version, never an older one. A value that has a `bool`, `char` or enum in it is checked when it is read: use
/// the methods whose names end with `_checked`. A method that returns a `Result` for another reason checks by itself.
///
/// The two-slot sequence lock is described in `seqlock.rs`, after Hans-J. Boehm, *Can seqlocks get along with programming
/// language memory models?*, MSPC 2012.
#[repr(transparent)]
pub struct Versioned<V: ShmValue> {
    cell: VersionedCell<V>,
}

impl<V: ShmValue> Versioned<V> {
    /// Makes one that holds `value` as version 1, in ordinary memory. In a shared object, [`store`](Self::store) puts a
    /// value into the field that is there.
    ///
    /// ```
    /// assert_eq!(shmstore::Versioned::new(1.5f64).load_versioned(), (1, 1.5));
    /// ```
    #[must_use]
    pub const fn new(value: V) -> Self {
        Self { cell: VersionedCell::with_value(value) }
    }

    /// Returns the newest value. One that is too large for the stack is returned by [`load_boxed`](Self::load_boxed).
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
        self.cell.read(&mut bytes, Access::ReadWrite);
        // SAFETY: `read` has initialized all bytes.
        unsafe { bits::any(bytes) }
    }

    /// Returns the newest value and its version: how many stores there were up to it, 0 if none. For
    /// a value that is too large for the stack: [`load_into`](Self::load_into).
    #[must_use]
    #[inline]
    pub fn load_versioned(&self) -> (u64, V)
    where
        V: AnyBits,
    {
        self.load_by(Access::ReadWrite)
    }

    /// Returns the newest value, of any type. One that is too large for the stack is returned by
    /// [`load_boxed_checked`](Self::load_boxed_checked).
    ///
    /// # Errors
    ///
    /// [`InvalidValue`] if its bytes are no valid `V`: a process that does not keep to the type wrote them. The next
    /// [`store`](Self::store) mends it.
    #[inline]
    pub fn load_checked(&self) -> Result<V, InvalidValue> {
        Ok(self.load_versioned_checked()?.1)
    }

    /// Returns the newest value, of any type, and its version. For a value that is too large for the stack:
    /// [`load_into_checked`](Self::load_into_checked).
    ///
    /// # Errors
    ///
    /// As [`load_checked`](Self::load_checked).
    #[inline]
    pub fn load_versioned_checked(&self) -> Result<(u64, V), InvalidValue> {
        self.load_checked_by(Access::ReadWrite)
    }

    /// Returns the newest value, or gives up: for objects that a process which breaks the protocol may write so fast that
    /// no copy is ever whole. One that keeps to it is asked for a pause, so that [`load`](Self::load) comes to an end.
    ///
    /// A value that is too large for the stack is loaded by [`load_into_timeout`](Self::load_into_timeout).
    ///
    /// # Errors
    ///
    /// - [`WaitError::NeverWhole`] if no copy was whole for that long;
    /// - [`WaitError::InvalidValue`] if its bytes are no valid `V`.
    pub fn load_timeout(&self, timeout: Duration) -> Result<V, WaitError> {
        Ok(self.load_timeout_by(timeout, Access::ReadWrite)?.1)
    }

    /// Returns the version of the newest value: how many stores there were, 0 if none.
    ///
    /// A load after this gives that version or a newer one.
    #[must_use]
    #[inline]
    pub fn version(&self) -> u64 {
        self.cell.version()
    }

    /// [`load_versioned`](Self::load_versioned), of the part or of its view.
    #[inline(always)]
    pub(super) fn load_by(&self, access: Access) -> (u64, V)
    where
        V: AnyBits,
    {
        let mut bytes = MaybeUninit::uninit();
        let version = self.cell.read(&mut bytes, access);
        // SAFETY: `read` has initialized all bytes.
        (version, unsafe { bits::any(bytes) })
    }

    /// [`load_versioned_checked`](Self::load_versioned_checked), of the part or of its view.
    #[inline(always)]
    pub(super) fn load_checked_by(&self, access: Access) -> Result<(u64, V), InvalidValue> {
        let mut bytes = MaybeUninit::uninit();
        let version = self.cell.read(&mut bytes, access);
        // SAFETY: `read` has initialized all bytes.
        Ok((version, unsafe { bits::checked(bytes) }?))
    }

    /// [`load_timeout`](Self::load_timeout), of the part or of its view, with the version.
    pub(super) fn load_timeout_by(&self, timeout: Duration, access: Access) -> Result<(u64, V), WaitError> {
        let mut bytes = MaybeUninit::uninit();
        let version = self.read_within(&mut bytes, timeout, access)?;
        // SAFETY: `read_within` has initialized all bytes.
        Ok((version, unsafe { bits::checked(bytes) }?))
    }

    /// Copies the newest version's bytes, and returns its number. They are all initialized, also if no copy was whole.
    fn read_within(&self, bytes: &mut MaybeUninit<V>, timeout: Duration, access: Access) -> Result<u64, WaitError> {
        let version = self.cell.read_within(bytes, access, timeout);
        version.ok_or_else(|| WaitError::NeverWhole { part: describe::part(self), waited: timeout })
    }
}

impl<V: ShmValue> Default for Versioned<V> {
    /// As a new shared object: version 0, all bytes zero.
    fn default() -> Self {
        Self { cell: VersionedCell::zeroed() }
    }
}

impl<V: ShmValue> From<V> for Versioned<V> {
    fn from(value: V) -> Self {
        Self::new(value)
    }
}

impl<V: DebugValue> fmt::Debug for Versioned<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        debug("Versioned", self, f)
    }
}

/// How long to look for a whole copy to show: to print an object ends, whoever stores to it against the protocol.
const TO_SHOW: Duration = Duration::from_millis(100);

/// The largest value that is shown. Of a larger one, which would fill screens, only the size is.
const SHOWN: usize = 64 << 10;

/// Shows version and value of a part, whether it is seen by itself or through its view.
pub(super) fn debug<V: DebugValue>(name: &str, part: &Versioned<V>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    if size_of::<V>() > SHOWN {
        return debug_of(name, part.version(), None::<&V>, f);
    }
    // SAFETY: `read_within` initializes all bytes, and they are checked.
    let mut value = unsafe { Private::<V>::uninit() };
    let read = part.read_within(value.as_uninit(), TO_SHOW, Access::ReadOnly).and_then(|version| {
        // SAFETY: `read_within` has initialized all bytes.
        unsafe { bits::check(value.as_uninit()) }?;
        Ok(version)
    });
    match read {
        Ok(version) => debug_of(name, version, Some(&*value), f),
        Err(nothing) => f.debug_struct(name).field("value", &format_args!("<{nothing}>")).finish(),
    }
}

/// Shows a version and its value, if that is given and not too large.
fn debug_of<V: DebugValue>(name: &str, version: u64, value: Option<&V>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let mut shown = f.debug_struct(name);
    shown.field("version", &version);
    match value {
        Some(value) if size_of::<V>() <= SHOWN => shown.field("value", value),
        _ => shown.field("value", &format_args!("<{} bytes>", size_of::<V>())),
    };
    shown.finish()
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
mod writer_tests;
#[cfg(test)]
mod tests;
