//! `Versioned<V>`: a value that all processes read and write as a whole, at any time.
//!
//! # Safety
//!
//! The memory is a `VersionedCell`. Its file says why sharing it is sound. Only the promise that its copies are
//! initialized is unsafe here.
#![allow(unsafe_code)]

mod large;
mod private;
mod raw;
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
use super::value_ref::ValueRef;
use super::versioned_cell::VersionedCell;
use crate::error::{InvalidValue, WaitError};
use crate::layout::schema::{Kind, Schema};
use crate::layout::{AnyBits, DebugValue, ShmId, ShmLayout, ShmObject, ShmValue};
use crate::sys::shm::Access;
use crate::value::bits;

use private::Private;
pub(crate) use raw::{RawGuard, RawVersioned};
pub(super) use store::{look_by, update_checked_by};
pub use transaction::Transaction;
pub use view::VersionedView;
pub use wait::Newer;
pub use writer::Writer;

/// Stores and loads a value of any size as a whole, in all processes, at any time.
///
/// - Readers copy the newest version. They take no lock, and write nothing, so they do not slow each other down.
/// - Writers take turns by a lock, which takes a few nanoseconds while it is free.
/// - If a process is killed while it writes, only its unfinished version is lost. The next writer takes over as soon as
///   the kernel reports the death.
///
/// ```
/// use shmstore::Versioned;
///
/// let position = Versioned::<[f64; 3]>::default(); // in ordinary memory, or a field of a shared object
/// assert_eq!(position.load_versioned(), (0, [0.0; 3])); // never stored
///
/// position.store([1.0, 2.0, 3.0]);
/// position.update(|[x, ..]| *x += 1.0); // no other store comes in between
/// assert_eq!(position.load_versioned(), (2, [2.0, 2.0, 3.0]));
/// ```
///
/// # Memory
///
/// A cache line for the writers, then the version and two slots. A slot has the value's size rounded up to 16 bytes.
/// The whole is rounded up to 64 bytes, and aligned to 64. A value of up to 16 bytes takes 128 bytes, and its readers
/// touch one cache line.
///
/// # Ways to write
///
/// | | other writers | use |
/// |---|---|---|
/// | [`store`](Self::store), [`update`](Self::update) | take turns | one change, under a lock of its own |
/// | [`begin`](Self::begin) | wait until it is committed or dropped | a [`Transaction`]: all of its changes, or none |
/// | [`writer`](Self::writer) | wait until it is dropped | an exclusive [`Writer`]: many stores under one lock |
///
/// Each of these waits as long as it takes. [`try_begin`](Self::try_begin) and [`try_writer`](Self::try_writer) never
/// wait, and [`begin_timeout`](Self::begin_timeout) and [`writer_timeout`](Self::writer_timeout) have a limit. A single
/// store or update with a limit goes through a writer: `part.try_writer()?.store(value)`. Readers never wait for
/// writers.
///
/// If a process dies during a change, the old value stays. The next writer gets the part within milliseconds after the
/// kernel has released the dead process.
///
/// Two processes that take two parts in opposite order wait for each other forever. Take parts in one order, or with a
/// limit.
///
/// [`wait_newer`](Self::wait_newer) sleeps until the next store.
///
/// # Guarantees for readers
///
/// - A load returns the whole value of one store.
/// - Changes that a process made before a store are visible after a load of that version.
/// - After a load of a version no load returns an older one.
///
/// A value with a `bool`, `char` or enum in it is checked when it is read, by the methods whose names end with
/// `_checked`. A method that returns a `Result` for another reason checks by itself.
///
/// # Details
///
/// `seqlock.rs` describes the two-slot sequence lock, after Hans-J. Boehm, *Can seqlocks get along with programming
/// language memory models?*, MSPC 2012.
#[repr(transparent)]
pub struct Versioned<V: ShmValue> {
    cell: VersionedCell<V>,
}

impl<V: ShmValue> Versioned<V> {
    /// Makes a `Versioned` with `value` as version 1, in ordinary memory. For a field of a shared object, use
    /// [`store`](Self::store).
    ///
    /// ```
    /// assert_eq!(shmstore::Versioned::new(1.5f64).load_versioned(), (1, 1.5));
    /// ```
    #[must_use]
    pub const fn new(value: V) -> Self {
        Self { cell: VersionedCell::with_value(value) }
    }

    /// Returns the newest value.
    ///
    /// Takes no lock. While other processes store at full speed it may copy more than once. After some copies it sets a
    /// flag, and the next store pauses for the time of two copies.
    ///
    /// For a value that is too large for the stack, use [`load_boxed`](Self::load_boxed).
    #[must_use]
    #[inline]
    pub fn load(&self) -> V
    where
        V: AnyBits,
    {
        self.load_by(Access::ReadWrite).1
    }

    /// Returns the newest value and its version, which is the number of stores so far.
    ///
    /// For a value that is too large for the stack, use [`load_into`](Self::load_into).
    #[must_use]
    #[inline]
    pub fn load_versioned(&self) -> (u64, V)
    where
        V: AnyBits,
    {
        self.load_by(Access::ReadWrite)
    }

    /// Returns the newest value. For types that have invalid bits.
    ///
    /// For a value that is too large for the stack, use [`load_boxed_checked`](Self::load_boxed_checked).
    ///
    /// # Errors
    ///
    /// [`InvalidValue`] if the bytes are not a valid `V`. Another process wrote bytes that the type does not allow. The
    /// next [`store`](Self::store) repairs it.
    #[inline]
    pub fn load_checked(&self) -> Result<V, InvalidValue> {
        Ok(self.load_versioned_checked()?.1)
    }

    /// Returns the newest value and its version. For types that have invalid bits.
    ///
    /// For a value that is too large for the stack, use [`load_into_checked`](Self::load_into_checked).
    ///
    /// # Errors
    ///
    /// As [`load_checked`](Self::load_checked).
    #[inline]
    pub fn load_versioned_checked(&self) -> Result<(u64, V), InvalidValue> {
        self.load_checked_by(Access::ReadWrite)
    }

    /// Returns the newest value, or an error after `timeout`. For objects that hostile processes may write.
    ///
    /// A process that breaks the protocol can store so fast that no copy is ever whole. A process that follows it
    /// pauses, so that [`load`](Self::load) returns.
    ///
    /// For a value that is too large for the stack, use [`load_into_timeout`](Self::load_into_timeout).
    ///
    /// # Errors
    ///
    /// - [`WaitError::NeverWhole`] if no copy was whole in this time.
    /// - [`WaitError::InvalidValue`] if the bytes are not a valid `V`.
    pub fn load_timeout(&self, timeout: Duration) -> Result<V, WaitError> {
        Ok(self.load_timeout_by(timeout, Access::ReadWrite)?.1)
    }

    /// Returns the version of the newest value, which is the number of stores so far.
    ///
    /// A load after this returns that version or a newer one.
    #[must_use]
    #[inline]
    pub fn version(&self) -> u64 {
        self.value().version()
    }

    /// The words and the slots.
    #[inline(always)]
    pub(super) fn value(&self) -> ValueRef<'_, V> {
        self.cell.value()
    }

    /// [`load_versioned`](Self::load_versioned) of the part or its view.
    #[inline(always)]
    pub(super) fn load_by(&self, access: Access) -> (u64, V)
    where
        V: AnyBits,
    {
        let mut bytes = MaybeUninit::uninit();
        let version = self.value().read(&mut bytes, access);
        // SAFETY: `read` has initialized all bytes.
        (version, unsafe { bits::any(bytes) })
    }

    /// [`load_versioned_checked`](Self::load_versioned_checked) of the part or its view.
    #[inline(always)]
    pub(super) fn load_checked_by(&self, access: Access) -> Result<(u64, V), InvalidValue> {
        self.value().load(access)
    }

    /// [`load_timeout`](Self::load_timeout) of the part or its view, with the version.
    pub(super) fn load_timeout_by(&self, timeout: Duration, access: Access) -> Result<(u64, V), WaitError> {
        let mut bytes = MaybeUninit::uninit();
        let version = self.read_within(&mut bytes, timeout, access)?;
        // SAFETY: `read_within` has initialized all bytes.
        Ok((version, unsafe { bits::checked(bytes) }?))
    }

    /// Copies the newest version's bytes, and returns its number. All bytes are initialized, even if no copy was whole.
    fn read_within(&self, bytes: &mut MaybeUninit<V>, timeout: Duration, access: Access) -> Result<u64, WaitError> {
        let version = self.value().read_within(bytes, access, timeout);
        version.ok_or_else(|| WaitError::NeverWhole { part: describe::part(self), waited: timeout })
    }
}

impl<V: ShmValue> Default for Versioned<V> {
    /// Makes a `Versioned` of zeros with version 0, as in a new shared object.
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

/// The time limit for the copy that `Debug` prints. So printing ends even if a process breaks the protocol.
const TO_SHOW: Duration = Duration::from_millis(100);

/// The largest value that is printed. Of a larger value, which would fill screens, only the size is printed.
const SHOWN: usize = 64 << 10;

/// Prints version and value of a part or its view.
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

/// Prints a version, and its value if there is one and it is not too large.
fn debug_of<V: DebugValue>(name: &str, version: u64, value: Option<&V>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let mut shown = f.debug_struct(name);
    shown.field("version", &version);
    match value {
        Some(value) if size_of::<V>() <= SHOWN => shown.field("value", value),
        _ => shown.field("value", &format_args!("<{} bytes>", size_of::<V>())),
    };
    shown.finish()
}

// After a panic in `update` the old value is there, and the lock is free.
impl<V: ShmValue> UnwindSafe for Versioned<V> {}
impl<V: ShmValue> RefUnwindSafe for Versioned<V> {}

// SAFETY: size and alignment are the compiler's. The kind and the value's schema describe the content.
unsafe impl<V: ShmValue> ShmLayout for Versioned<V> {
    const SCHEMA: &'static Schema = &Schema::of::<Self>(Kind::Versioned { value: V::SCHEMA });
}

// SAFETY: atomic byte by byte, and any bytes are valid, as `VersionedCell` explains. Zeros are version 0 of zeros.
// Nothing to drop, because values are `Copy`. The view is a transparent wrapper whose methods never write.
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
