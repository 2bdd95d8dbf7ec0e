//! A live object that this process may look at, and nothing else.
//!
//! # Safety
//!
//! Assumes that an attachment's payload has the layout hash of `T`, which the handshake has checked, and stays mapped, for
//! reading, while a handle lives. Promises `&T::View` into it, which [`ShmObject`] makes safe to hold whatever other
//! processes do, and which offers nothing that writes: a write here would be a SIGSEGV.
#![allow(unsafe_code)]

use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;
use std::ptr::NonNull;
use std::time::Duration;

use crate::error::AttachError;
use crate::layout::check::view_is_alike;
use crate::layout::{ShmId, ShmObject, is_described};
use crate::store::attached::{AttachedObject, Participant};
use crate::store::{ObjectInfo, Store};

/// A live object that this process may look at, and nothing else: dereferences to the [view](ShmObject::View) of `T`.
///
/// What others store is seen as by a [`Shared`](crate::Shared) object; the parts have their methods that load, under the
/// same names, and none that stores. The kernel holds it to that: the segment is mapped with `SHM_RDONLY`. So permission to
/// read is all it takes, on the segment and on the anchor; and as nothing is written in the segment, it takes no place in
/// the table of processes, and nobody there knows of it but by the kernel's count of attachments.
///
/// Cloning it and attaching again give handles to the same mapping; the process detaches when the last one is dropped. A
/// child of `fork` goes on with what it inherits.
///
/// All functions are associated, as those of `Arc` are: `ReadOnly::info(&object)`.
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
    /// The handshake hands out only what has the layout hash it was asked for.
    pub(crate) fn attach(store: &Store, wait: Duration) -> Result<Self, AttachError> {
        let attached = store.target(T::ID, Some(T::SCHEMA))?.attach_read_only(T::SCHEMA, wait)?;
        let view = attached.payload();
        Ok(Self { view, object: AttachedObject { attached, store: store.clone() }, _view: PhantomData })
    }
}

impl<T: ShmObject> ReadOnly<T> {
    /// Returns `true` if the object was removed or replaced. Processes that have it attached keep it, but no other process finds it, and a new
    /// object may stand in its place.
    ///
    /// One load from the object, and no system call, so it may stand in every loop. A load from a removed object
    /// goes on as before, and finds what was stored last.
    ///
    /// It stays `false` if the segment was removed by `ipcrm`: see [`Shared::is_removed`](crate::Shared::is_removed).
    #[must_use]
    pub fn is_removed(this: &Self) -> bool {
        this.object.is_removed()
    }

    /// Tells what is known of the object. One system call. `None` if the kernel does not let us ask any more.
    #[must_use]
    pub fn info(this: &Self) -> Option<ObjectInfo> {
        this.object.info(T::SCHEMA)
    }

    /// Lists the processes that attached the object for reading and writing, in no order: so not those that only look,
    /// as this one does. System calls as for [`Shared::participants`](crate::Shared::participants).
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
            view_is_alike::<T, T::View>();
        }
        debug_assert!(self.view.cast::<T::View>().is_aligned());
        // SAFETY: by the invariant of `view` it is as long as `T`, so as its view, mapped while `self` is borrowed, and at
        // a page's start, which is all that either is aligned to, or, if they are 1024 bytes or less, and so aligned to no
        // more, 1024 bytes behind one. Any bytes are valid in a view, whoever changes them
        // while we look, and it only loads, Relaxed, as is allowed in memory that is mapped for reading: all that
        // `ShmObject` promises.
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

// SAFETY: a handle to memory that any thread may look at through `&T::View`, which `ShmObject` makes `Sync`, and that any
// thread may let go of.
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
    use crate::segment::process::registry::segment_at;
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
