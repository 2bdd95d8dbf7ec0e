//! A live object that this process only reads.
//!
//! # Safety
//!
//! Assumes that an attachment's payload has the layout hash of `T`, which the handshake has checked, and stays mapped,
//! at least for reading, while a handle lives. Promises `&T::View` into it, which [`ShmObject`] makes safe to hold
//! whatever other processes do. Through a view nothing is written but the announcement of a waiter, and that only if
//! the registry says that the mapping is writable. In another mapping a write would be a SIGSEGV.
#![allow(unsafe_code)]

use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;
use std::ptr::NonNull;
use std::time::Duration;

use crate::error::AttachError;
use crate::layout::check::view_is_alike;
use crate::layout::{ShmId, ShmObject, is_described};
use crate::segment::this_process::registry::SegmentRef;
use crate::store::attached::{AttachedObject, Participant, assert_fits};
use crate::store::{ObjectInfo, Store, layout_of};

/// A live object that this process only reads: dereferences to the [view](ShmObject::View) of `T`.
///
/// The parts of a view have those methods that load, under the same names as in a [`Shared`](crate::Shared) object, and
/// no method that stores. Two calls return such a handle:
///
/// | | [`Store::attach_read_only`] | [`Store::attach_view`] |
/// |---|---|---|
/// | mapping | with `SHM_RDONLY`, so the kernel stops every write | for writing, as of a `Shared` object |
/// | permission needed | to read the segment and the anchor | also to write the segment |
/// | slot in the object's table of processes | none; only the kernel counts the attachment | one |
/// | a wait | looks every millisecond | announces itself, and is woken |
///
/// Both handles show the same values, and neither ever extends an object. Clones of a handle and further handles of the
/// same call use the same mapping. The process detaches when the last one is dropped. A child of `fork` can use the
/// handles that it inherits.
///
/// All functions are associated, as in `Arc`: `ReadOnly::info(&object)`.
///
/// ```
/// use shmstore::{ReadOnly, ShmObject, Store, Versioned};
/// use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
///
/// #[derive(ShmObject)]
/// #[repr(C)]
/// #[shm(id = 'T')]
/// struct Telemetry { frames: AtomicU64, position: Versioned<[f64; 3]> }
///
/// # let dir = tempfile::tempdir()?; let store = Store::open(dir.path())?;
/// let telemetry = store.create::<Telemetry>()?;
/// let seen: ReadOnly<Telemetry> = store.attach_read_only()?; // most often in another process, of another user
/// telemetry.frames.fetch_add(1, Relaxed);
/// telemetry.position.store([1.0, 2.0, 3.0]);
/// assert_eq!((seen.frames.load(Relaxed), seen.position.load()), (1, [1.0, 2.0, 3.0]));
///
/// store.remove::<Telemetry>()?;
/// assert!(ReadOnly::is_removed(&seen));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct ReadOnly<T: ShmObject> {
    // INVARIANT: the first byte of an object of type `T`, mapped at least for reading for as long as `object` lives.
    view: NonNull<u8>,
    object: AttachedObject,
    _view: PhantomData<&'static T::View>,
}

impl<T: ShmObject + ShmId> ReadOnly<T> {
    /// The handshake returns only an object with the layout hash of `T`.
    pub(crate) fn attach(store: &Store, wait: Duration) -> Result<Self, AttachError> {
        Ok(Self::new(store.target(T::ID, Some(layout_of::<T>()))?.attach_read_only(wait)?, store))
    }

    /// As [`attach`](Self::attach), in a mapping for writing.
    pub(crate) fn attach_view(store: &Store, wait: Duration) -> Result<Self, AttachError> {
        Ok(Self::new(store.target(T::ID, Some(layout_of::<T>()))?.attach_view(wait)?, store))
    }

    fn new(attached: SegmentRef, store: &Store) -> Self {
        assert_fits::<T>(&attached);
        let view = attached.payload();
        Self { view, object: AttachedObject { attached, location: store.location() }, _view: PhantomData }
    }
}

impl<T: ShmObject> ReadOnly<T> {
    /// Returns `true` if the object was removed or replaced. Processes that have it attached keep it, but no other
    /// process finds it, and a new object may stand in its place.
    ///
    /// One load from the object, and no system call, so every loop may call it. Loads from a removed object still work,
    /// and return the value that was stored last.
    ///
    /// It stays `false` if the segment was removed by `ipcrm`: see [`Shared::is_removed`](crate::Shared::is_removed).
    #[must_use]
    pub fn is_removed(this: &Self) -> bool {
        this.object.is_removed()
    }

    /// Returns a description of the object. One system call. `None` if the kernel refuses it, as for a segment that no
    /// longer exists.
    #[must_use]
    pub fn info(this: &Self) -> Option<ObjectInfo> {
        this.object.info(T::SCHEMA)
    }

    /// Lists the processes that attached the object for writing, in no order. A process with a handle of
    /// [`Store::attach_view`] is one of them, and a process with a handle of [`Store::attach_read_only`] is not. System
    /// calls as for [`Shared::participants`](crate::Shared::participants).
    #[must_use]
    pub fn participants(this: &Self) -> Vec<Participant> {
        this.object.participants(T::SCHEMA)
    }
}

impl<T: ShmObject> Deref for ReadOnly<T> {
    type Target = T::View;

    #[inline]
    fn deref(&self) -> &T::View {
        const {
            is_described::<T>();
            view_is_alike::<T>();
        }
        debug_assert!(self.view.cast::<T::View>().is_aligned());
        // SAFETY: by the invariant of `view` it is as long as `T`, so as its view, and mapped while `self` is borrowed.
        // It is at a page's start, or 1024 bytes behind one if both are 1024 bytes or less and so aligned to no more:
        // neither is aligned to more. Any bytes are valid in a view, also if other processes change them meanwhile. In
        // memory that is mapped for reading a view only loads, Relaxed, which is allowed there. It writes the
        // announcement of a waiter, atomically, only into memory that the registry knows to be writable. `ShmObject`
        // promises all of this.
        unsafe { self.view.cast::<T::View>().as_ref() }
    }
}

impl<T: ShmObject> Clone for ReadOnly<T> {
    fn clone(&self) -> Self {
        Self { view: self.view, object: self.object.clone(), _view: PhantomData }
    }
}

impl<T: ShmObject<View: fmt::Debug>> fmt::Debug for ReadOnly<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

// SAFETY: any thread may read the memory through `&T::View`, which `ShmObject` makes `Sync`, and any thread may drop
// the handle.
unsafe impl<T: ShmObject> Send for ReadOnly<T> {}
// SAFETY: `&ReadOnly` offers `&T::View`, and a view is `Sync`.
unsafe impl<T: ShmObject> Sync for ReadOnly<T> {}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU64;
    use std::sync::atomic::Ordering::Relaxed;

    use super::*;
    use crate::layout::ShmLayout;
    use crate::layout::schema::Schema;
    use crate::layout::view::AtomicView;
    use crate::segment::this_process::registry::segment_at;
    use crate::sys::shm::Access;

    #[repr(transparent)]
    struct Counter(AtomicU64);

    // SAFETY: the layout of the atomic in it.
    unsafe impl ShmLayout for Counter {
        const SCHEMA: &'static Schema = AtomicU64::SCHEMA;
    }

    // SAFETY: what holds for the atomic in it.
    unsafe impl ShmObject for Counter {
        type View = AtomicView<AtomicU64>;
    }

    impl ShmId for Counter {
        const ID: char = 'C';
    }

    #[test]
    fn each_mapping_of_a_segment_is_found_by_the_addresses_in_it() {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(directory.path()).unwrap();
        let written = store.create::<Counter>().unwrap();
        let seen = store.attach_read_only::<Counter>();
        store.remove::<Counter>().unwrap();
        let seen = seen.unwrap();
        written.0.store(7, Relaxed);
        assert_eq!(seen.load(Relaxed), 7);

        let found = |address: usize| segment_at(address).expect("an attachment");
        let to_write = found(std::ptr::from_ref(&*written).addr());
        let to_read = found(std::ptr::from_ref(&*seen).addr());
        assert_eq!((to_write.mapping().access(), to_read.mapping().access()), (Access::ReadWrite, Access::ReadOnly));
        assert_eq!(to_write.shmid(), to_read.shmid());
        assert!(to_read.is_removed());
        let address = std::ptr::from_ref(&*seen).addr();
        drop((seen, to_read));
        assert!(segment_at(address).is_none_or(|other| other.shmid() != to_write.shmid()));
    }
}
