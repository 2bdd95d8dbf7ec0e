//! A live object that this process has attached for writing.
//!
//! # Safety
//!
//! Assumes that an attachment's payload has the layout hash of `T`, which the handshake has checked, and stays mapped
//! while a handle lives. Promises `&T` into it, which [`ShmObject`] makes safe to hold whatever other processes do.
#![allow(unsafe_code)]

use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;
use std::ptr::NonNull;
use std::sync::Arc;
use std::time::Duration;

use nix::errno::Errno;

use crate::error::{AttachError, CreateError, InitResult, Subject};
use crate::layout::{ShmId, ShmObject, is_described};
use crate::segment::this_process::registry::SegmentRef;
use crate::store::attached::{AttachedObject, Participant, assert_fits};
use crate::store::{Entered, IfExists, ObjectInfo, Origin, Store, layout_of};
use crate::sys::process::{AnonymousMemory, Inherited};

/// A live object, shared with every process that has it attached: dereferences to `T`.
///
/// Other processes use the object at the same time. So a handle gives `&T` and never `&mut T`, and each field is read
/// and written by the methods of its type. If rustc says "trait `DerefMut` is required", "cannot be dereferenced", "no
/// field `x` on type `Versioned`" or "mismatched types", the table has the method:
///
/// | instead of | write |
/// |---|---|
/// | `t.position = p`, `*t.position = p` | `t.position.store(p)` |
/// | `t.position.x = 1.0`, `&mut *t.position`, `&mut t.position` | `t.position.update(\|p\| p.x = 1.0)` |
/// | `t.position.x` | `t.position.load().x` |
/// | `t.speed = 1.5` of an `AtomicValue<f64>` | `t.speed.store(1.5, Relaxed)` |
/// | `t.frames += 1` of an `AtomicU64` | `t.frames.fetch_add(1, Relaxed)` |
///
/// ```
/// # use shmstore::{AtomicValue, Shared, ShmObject, ShmValue, Versioned};
/// # use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
/// # #[derive(Clone, Copy, Debug, PartialEq, ShmValue)] #[repr(C)] struct Position { x: f64, y: f64 }
/// # #[derive(ShmObject)] #[repr(C)]
/// # struct Telemetry { frames: AtomicU64, speed: AtomicValue<f64>, position: Versioned<Position> }
/// let t = Shared::<Telemetry>::new_private()?; // or `store.attach::<Telemetry>()?`
/// t.position.store(Position { x: 1.0, y: 2.0 });
/// t.position.update(|p| p.x += 0.5);
/// t.speed.store(1.5, Relaxed);
/// t.frames.fetch_add(1, Relaxed);
/// assert_eq!(t.position.load().x, 1.5);
/// # Ok::<(), shmstore::Error>(())
/// ```
///
/// Cloning a handle and attaching again give handles to the same mapping. The process detaches when the last one is
/// dropped. Detaching does not remove the object: see [`Store::remove`]. For a process that only reads, there is
/// [`Store::attach_read_only`].
///
/// All functions are associated, as in `Arc`: `Shared::info(&object)`.
pub struct Shared<T: ShmObject> {
    // INVARIANT: the first byte of an object of type `T`, mapped for as long as `memory` lives.
    object: NonNull<u8>,
    memory: Memory,
    origin: Origin,
    _object: PhantomData<&'static T>,
}

/// The owner of the object's mapping.
enum Memory {
    Segment(AttachedObject),
    Private(Arc<AnonymousMemory>),
}

/// Returns the object with this first byte.
///
/// # Safety
///
/// `payload` is the payload of a segment whose layout begins with the fields of `T`. The payload is at least as long as
/// a `T`, and is mapped while it is borrowed.
unsafe fn object_at<T: ShmObject>(payload: &NonNull<u8>) -> &T {
    const { is_described::<T>() };
    debug_assert!(payload.cast::<T>().is_aligned());
    // SAFETY: by the contract it is as long as `T`, and mapped. It is at a page's start, or 1024 bytes behind one if
    // `T` is 1024 bytes or less and so aligned to no more: `T` is aligned to no more than either. It is initialized, by
    // zeros or by what processes have written since, and `ShmObject` promises that both are valid, and that writes
    // during the borrow are allowed.
    unsafe { payload.cast::<T>().as_ref() }
}

/// The handshake returns only an object with the layout hash of `T`.
impl<T: ShmObject + ShmId> Shared<T> {
    pub(crate) fn attach(store: &Store, wait: Duration) -> Result<Self, AttachError> {
        Ok(Self::new(store.target(T::ID, Some(layout_of::<T>()))?.attach(wait)?, store))
    }

    pub(crate) fn create<R: InitResult>(
        store: &Store,
        if_exists: IfExists,
        init: impl FnOnce(&T) -> R,
    ) -> Result<Self, CreateError> {
        let mut init = Some(init);
        let target = store.target(T::ID, Some(layout_of::<T>()))?;
        let entered = target.create(if_exists, &mut |new: &SegmentRef| {
            let init = init.take().expect("an object is initialized once");
            assert_fits::<T>(new);
            let payload = new.payload();
            // SAFETY: the handshake calls this with the segment it has made for `T::SCHEMA`, mapped while `new` lives.
            init(unsafe { object_at::<T>(&payload) }).into_result()
        })?;
        Ok(Self::new(entered, store))
    }

    /// The caller has checked that the object's layout begins with the fields of `T`.
    pub(super) fn new(entered: Entered, store: &Store) -> Self {
        let Entered { attached, origin } = entered;
        assert_fits::<T>(&attached);
        Self {
            object: attached.payload(),
            memory: Memory::Segment(AttachedObject { attached, location: store.location() }),
            origin,
            _object: PhantomData,
        }
    }
}

impl<T: ShmObject> Shared<T> {
    /// Makes an object, all zero, in memory without a path, for tests. Only child processes of `fork` share it.
    ///
    /// # Errors
    ///
    /// [`CreateError::OutOfMemory`].
    ///
    /// ```
    /// # use shmstore::{Shared, ShmObject};
    /// # use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
    /// # #[derive(ShmObject)] #[repr(C)] struct Counters { hits: AtomicU64 }
    /// let counters = Shared::<Counters>::new_private()?;
    /// assert_eq!(counters.hits.fetch_add(1, Relaxed), 0);
    /// # Ok::<(), shmstore::Error>(())
    /// ```
    pub fn new_private() -> Result<Self, CreateError> {
        let memory = AnonymousMemory::new(size_of::<T>(), Inherited::Shared).map_err(|_: Errno| {
            let type_name = T::SCHEMA.to_string();
            let subject = Subject { type_name, id: ' ', key: None, path: "private memory".into() };
            CreateError::OutOfMemory { subject: Box::new(subject), size: size_of::<T>() as u64 }
        })?;
        let object = memory.base();
        Ok(Self { object, memory: Memory::Private(memory.into()), origin: Origin::Created, _object: PhantomData })
    }

    /// Returns how many fields the object had before the call that returned this handle extended it. `None` if the call
    /// created the object, or found all fields of `T` in it. No system call.
    ///
    /// The new fields are zero, which means "never stored". Each program takes a default until a process has stored a
    /// value. No program may rely on the process that extends the object: it may be killed before it stores one, and
    /// other processes may use the new fields at the same time.
    ///
    /// ```
    /// use shmstore::{Shared, Store};
    /// use std::sync::atomic::Ordering::Relaxed;
    ///
    /// mod v1 {
    ///     # use shmstore::ShmObject; use std::sync::atomic::AtomicU64;
    ///     #[derive(ShmObject)]
    ///     #[repr(C)]
    ///     #[shm(id = 'R', room = 4096)]
    ///     pub struct Rover { pub frames: AtomicU64 }
    /// }
    /// mod v2 {
    ///     # use shmstore::{ShmObject, Versioned}; use std::sync::atomic::AtomicU64;
    ///     #[derive(ShmObject)]
    ///     #[repr(C)]
    ///     #[shm(id = 'R', room = 4096)]
    ///     pub struct Rover { pub frames: AtomicU64, pub limit: Versioned<f64> }
    /// }
    ///
    /// # let dir = tempfile::tempdir()?; let store = Store::open(dir.path())?;
    /// let old = store.create::<v1::Rover>()?; // most often in another process
    /// let new = store.attach::<v2::Rover>()?;
    /// assert_eq!(Shared::grown_from(&new), Some(1)); // the object had `frames` alone
    /// let limit = if new.limit.version() == 0 { 2.5 } else { new.limit.load() };
    /// assert_eq!(limit, 2.5); // no process has stored a limit
    /// old.frames.fetch_add(1, Relaxed);
    /// assert_eq!(new.frames.load(Relaxed), 1);
    /// # store.remove::<v1::Rover>()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn grown_from(this: &Self) -> Option<usize> {
        match this.origin {
            Origin::Grown(fields) => Some(fields),
            Origin::Found | Origin::Created => None,
        }
    }

    /// Returns `true` if the call that returned this handle created the object. No system call.
    #[must_use]
    pub fn was_created(this: &Self) -> bool {
        this.origin == Origin::Created
    }

    /// Returns `true` if the object was removed or replaced. Processes that have it attached keep it, but no other
    /// process finds it, and a new object may stand in its place.
    ///
    /// One load from the object, and no system call, so every loop may call it. Stores to a removed object still work,
    /// but do not check for this. A program that uses [`Store::follow`] goes on with the new object.
    ///
    /// # Details
    ///
    /// The load reads a flag that [`Store::remove`], [`Store::replace`] and the `shmstore` program set if they may
    /// write the object. It stays `false` if the segment was removed by `ipcrm`, or by a process that was killed in
    /// that moment. Then [`info`](Self::info) shows the removal, by a system call, and each wait ends with
    /// [`WaitError::Removed`](crate::WaitError::Removed) within some milliseconds. Once one of them has found the
    /// removal, it is `true` in this process.
    ///
    /// ```
    /// use shmstore::{Shared, ShmObject, Store, Versioned};
    ///
    /// #[derive(ShmObject)]
    /// #[repr(C)]
    /// #[shm(id = 'T')]
    /// struct Telemetry { position: Versioned<[f64; 3]> }
    ///
    /// # let dir = tempfile::tempdir()?; let store = Store::open(dir.path())?;
    /// let old = store.create::<Telemetry>()?;
    /// let new = store.replace::<Telemetry>()?; // most often in another process
    /// old.position.store([1.0, 2.0, 3.0]); // no new process sees this
    /// assert!(Shared::is_removed(&old) && !Shared::is_removed(&new));
    /// let now = store.attach::<Telemetry>()?;
    /// assert_eq!(now.position.version(), 0);
    /// # store.remove::<Telemetry>()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn is_removed(this: &Self) -> bool {
        matches!(&this.memory, Memory::Segment(object) if object.is_removed())
    }

    /// Returns a description of the object. One system call. `None` for a [private](Self::new_private) object, and if
    /// the kernel refuses the call, as for a segment that no longer exists.
    #[must_use]
    pub fn info(this: &Self) -> Option<ObjectInfo> {
        let Memory::Segment(object) = &this.memory else { return None };
        object.info(T::SCHEMA)
    }

    /// Lists the processes that attached the object for writing, in no order. Dead processes are listed, too, until
    /// other processes need their slots. Empty for a [private](Self::new_private) object.
    ///
    /// # Details
    ///
    /// Some system calls for each process. For a process of this PID namespace these are `pidfd_open`, `poll` and
    /// reading `/proc`. For others the anchor or its directory is opened, and a lock on it is queried. Every lock word
    /// of the object is read.
    #[must_use]
    pub fn participants(this: &Self) -> Vec<Participant> {
        let Memory::Segment(object) = &this.memory else { return Vec::new() };
        object.participants(T::SCHEMA)
    }
}

impl<T: ShmObject> Deref for Shared<T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: by the invariant of `object`; `memory` lives as long as `self`.
        unsafe { object_at(&self.object) }
    }
}

impl<T: ShmObject> Clone for Shared<T> {
    fn clone(&self) -> Self {
        let memory = match &self.memory {
            Memory::Segment(object) => Memory::Segment(object.clone()),
            Memory::Private(memory) => Memory::Private(memory.clone()),
        };
        Self { object: self.object, memory, origin: self.origin, _object: PhantomData }
    }
}

impl<T: ShmObject + fmt::Debug> fmt::Debug for Shared<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

// SAFETY: any thread may use the memory through `&T`, which `ShmObject` makes `Sync`, and any thread may drop the
// handle.
unsafe impl<T: ShmObject> Send for Shared<T> {}
// SAFETY: `&Shared` offers `&T`, and `T` is `Sync`.
unsafe impl<T: ShmObject> Sync for Shared<T> {}
