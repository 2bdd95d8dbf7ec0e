//! A live object in this process's hands.
//!
//! # Safety
//!
//! Assumes that an attachment's payload has the layout hash of `T`, which the handshake has checked, and stays mapped
//! while a handle lives. Promises `&T` into it, which [`ShmObject`] makes safe to hold whatever other processes do.
#![allow(unsafe_code)]

use std::error::Error;
use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;
use std::ptr::NonNull;
use std::sync::Arc;
use std::time::Duration;

use nix::errno::Errno;

use crate::error::{AttachError, CreateError, Subject};
use crate::layout::{ShmId, ShmObject, is_described};
use crate::segment::process::registry::SegmentRef;
use crate::store::attached::{AttachedObject, Participant};
use crate::store::{Created, IfExists};
use crate::store::{ObjectInfo, Store};
use crate::sys::process::{AnonymousMemory, Inherited};

/// A live object, shared with every process that has it attached: dereferences to `T`.
///
/// Other processes use the object at the same time. So a handle gives `&T` and never `&mut T`, and each field is read and
/// written by the methods of its type. If rustc says "trait `DerefMut` is required", "cannot be dereferenced", "no field `x`
/// on type `Versioned`" or "mismatched types", the table has the method:
///
/// | instead of | write |
/// |---|---|
/// | `t.position = p`, `*t.position = p` | `t.position.store(p)` |
/// | `t.position.x = 1.0`, `&mut *t.position`, `&mut t.position` | `t.position.update(\|p\| p.x = 1.0)` |
/// | `t.position.x` | `t.position.load().x` |
/// | `t.speed = 1.5` of an `Atomic<f64>` | `t.speed.store(1.5, Relaxed)` |
/// | `t.frames += 1` of an `AtomicU64` | `t.frames.fetch_add(1, Relaxed)` |
///
/// ```
/// # use shmstore::{Atomic, Shared, ShmObject, ShmValue, Versioned};
/// # use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
/// # #[derive(Clone, Copy, Debug, PartialEq, ShmValue)] #[repr(C)] struct Position { x: f64, y: f64 }
/// # #[derive(ShmObject)] #[repr(C)]
/// # struct Telemetry { frames: AtomicU64, speed: Atomic<f64>, position: Versioned<Position> }
/// let t = Shared::<Telemetry>::private()?; // or `store.attach::<Telemetry>()?`
/// t.position.store(Position { x: 1.0, y: 2.0 });
/// t.position.update(|p| p.x += 0.5);
/// t.speed.store(1.5, Relaxed);
/// t.frames.fetch_add(1, Relaxed);
/// assert_eq!(t.position.load().x, 1.5);
/// # Ok::<(), shmstore::Error>(())
/// ```
///
/// Cloning it and attaching again give handles to the same mapping; the process detaches when the last one is dropped.
/// Detaching deletes nothing: see [`Store::remove`]. A process that only looks needs less: [`Store::attach_read_only`].
///
/// All functions are associated, as those of `Arc` are: `Shared::info(&object)`.
pub struct Shared<T: ShmObject> {
    // INVARIANT: the first byte of an object of type `T`, mapped for as long as `memory` lives.
    object: NonNull<u8>,
    memory: Memory,
    was_created: bool,
    _object: PhantomData<&'static T>,
}

/// What keeps the object's memory mapped.
enum Memory {
    Segment(AttachedObject),
    Private(Arc<AnonymousMemory>),
}

/// The object whose first byte is given.
///
/// # Safety
///
/// `payload` is the payload of a segment that has the layout hash of `T`, and is mapped while `payload` is borrowed.
unsafe fn object_at<T: ShmObject>(payload: &NonNull<u8>) -> &T {
    const { is_described::<T>() };
    debug_assert!(payload.cast::<T>().is_aligned());
    // SAFETY: by the contract it is as long as `T`, mapped, and at a page's start, which is all that a `T` is aligned
    // to, or, if it is 1024 bytes or less, and so aligned to no more, 1024 bytes behind one; initialized, by zeros, which `ShmObject` promises to be valid, or by what processes have written since, which
    // it promises to be valid too, and allowed while we look.
    unsafe { payload.cast::<T>().as_ref() }
}

/// How an object comes into a process's hands. The handshake hands out only what has the layout hash it was asked for.
impl<T: ShmObject + ShmId> Shared<T> {
    pub(crate) fn attach(store: &Store, wait: Duration) -> Result<Self, AttachError> {
        let attached = store.target(T::ID, Some(T::SCHEMA))?.attach(T::SCHEMA, wait)?;
        Ok(Self::new(attached, store.clone(), false))
    }

    pub(crate) fn create<E: Into<Box<dyn Error + Send + Sync>>>(
        store: &Store,
        if_exists: IfExists,
        init: impl FnOnce(&T) -> Result<(), E>,
    ) -> Result<Self, CreateError> {
        let mut init = Some(init);
        let target = store.target(T::ID, Some(T::SCHEMA))?;
        let Created { attached, is_new } = target.create(T::SCHEMA, if_exists, &mut |new: &SegmentRef| {
            let init = init.take().expect("an object is initialized once");
            let payload = new.payload();
            // SAFETY: the handshake calls this with the segment it has made for `T::SCHEMA`, mapped while `new` lives.
            init(unsafe { object_at::<T>(&payload) }).map_err(Into::into)
        })?;
        Ok(Self::new(attached, store.clone(), is_new))
    }

    /// `attached` has the layout hash of `T`.
    fn new(attached: SegmentRef, store: Store, was_created: bool) -> Self {
        Self {
            object: attached.payload(),
            memory: Memory::Segment(AttachedObject { attached, store }),
            was_created,
            _object: PhantomData,
        }
    }
}

impl<T: ShmObject> Shared<T> {
    /// Makes an object, all zero, in memory without a name: for tests without a path. Only children of `fork` share
    /// it.
    ///
    /// # Errors
    ///
    /// [`CreateError::OutOfMemory`].
    ///
    /// ```
    /// # use shmstore::{Shared, ShmObject};
    /// # use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
    /// # #[derive(ShmObject)] #[repr(C)] struct Counters { hits: AtomicU64 }
    /// let counters = Shared::<Counters>::private()?;
    /// assert_eq!(counters.hits.fetch_add(1, Relaxed), 0);
    /// # Ok::<(), shmstore::Error>(())
    /// ```
    pub fn private() -> Result<Self, CreateError> {
        let memory = AnonymousMemory::new(size_of::<T>(), Inherited::Shared).map_err(|_: Errno| {
            let type_name = T::SCHEMA.to_string();
            let subject = Subject { type_name, id: ' ', key: None, path: "private memory".into() };
            CreateError::OutOfMemory { subject: Box::new(subject) }
        })?;
        let object = memory.base();
        Ok(Self { object, memory: Memory::Private(memory.into()), was_created: true, _object: PhantomData })
    }

    /// Tells whether it was this handle's call that created the object. No system call.
    #[must_use]
    pub fn was_created(this: &Self) -> bool {
        this.was_created
    }

    /// Returns `true` if the object was removed or replaced. Processes that have it attached keep it, but no other process finds it, and a new
    /// object may stand in its place.
    ///
    /// One load from the object, and no system call, so it may stand in every loop: storing to a part does not look, and goes on
    /// in a removed object as before.
    ///
    /// # Details
    ///
    /// The load tells what the remover has written: [`Store::remove`], [`Store::replace`], and the `shmstore` program, if they may write the
    /// object. It stays `false` if the segment was removed by `ipcrm`, or by a process that was killed in that moment. Then
    /// [`info`](Self::info) tells it, by a system call, and each wait ends with [`WaitError::Removed`](crate::WaitError::Removed) within some
    /// milliseconds.
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
    /// old.position.store([1.0, 2.0, 3.0]); // stored where nobody looks any more
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

    /// Tells what is known of the object. One system call. `None` for a [`private`](Self::private) one, and for one
    /// that the kernel does not let us ask about any more.
    #[must_use]
    pub fn info(this: &Self) -> Option<ObjectInfo> {
        let Memory::Segment(object) = &this.memory else { return None };
        object.info(T::SCHEMA)
    }

    /// Lists the processes that attached the object for reading and writing, in no order: the dead too, until others
    /// need their places. Empty for a [`private`](Self::private) object.
    ///
    /// Some system calls for each process: `pidfd_open`, `poll` and a look into `/proc` for those of our own PID
    /// namespace; opening the anchor or its directory, and a question for a lock, for others. It looks at every lock of
    /// the object.
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
        Self { object: self.object, memory, was_created: self.was_created, _object: PhantomData }
    }
}

impl<T: ShmObject + fmt::Debug> fmt::Debug for Shared<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

// SAFETY: a handle to memory that any thread may use through `&T`, which `ShmObject` makes `Sync`, and that any thread
// may let go of.
unsafe impl<T: ShmObject> Send for Shared<T> {}
// SAFETY: `&Shared` offers `&T`, and `T` is `Sync`.
unsafe impl<T: ShmObject> Sync for Shared<T> {}
