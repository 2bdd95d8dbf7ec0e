//! A handle that goes on with the new object after a replacement.

use std::time::Duration;

use crate::error::{AttachError, OpenError};
use crate::layout::{ShmId, ShmObject};
use crate::store::{Deadline, Entered, Shared, Store, Target, layout_of};

/// A live object that this process follows: [`current`](Self::current) returns the object that stands at the path now.
///
/// A [`Shared`] handle stays with its object, also when another process [replaces](Store::replace) or
/// [removes](Store::remove) it. A program that is to go on with the new object follows it instead, and asks for the
/// current object in each round of its loop:
///
/// ```
/// use shmstore::{AttachError, Following, ShmObject, Store, Versioned};
///
/// #[derive(ShmObject)]
/// #[repr(C)]
/// #[shm(id = 'T')]
/// struct Telemetry { position: Versioned<[f64; 3]> }
///
/// # let dir = tempfile::tempdir()?; let store = Store::open(dir.path())?;
/// store.create::<Telemetry>()?.position.store([1.0, 2.0, 3.0]);
/// let mut telemetry: Following<Telemetry> = store.follow()?;
/// assert_eq!(telemetry.current()?.position.load(), [1.0, 2.0, 3.0]);
///
/// store.replace::<Telemetry>()?; // most often in another process
/// assert_eq!(telemetry.current()?.position.load(), [0.0; 3]);
///
/// store.remove::<Telemetry>()?;
/// assert!(matches!(telemetry.current(), Err(AttachError::NotFound { .. })));
/// assert_eq!(telemetry.last().position.load(), [0.0; 3]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Details
///
/// - A clone of the handle that `current` returns keeps the old object attached. Make one if something borrows the
///   object, such as a [`Subscriber`](crate::broadcast::Subscriber). Drop it when [`changes`](Self::changes) differs.
/// - A process that follows an object has it attached. So it must end before a [migration](Store::migrate), which
///   fails with [`InUse`](crate::migrate::MigrateError::InUse) otherwise.
/// - There is no such handle for reading only. A program with a [`ReadOnly`](crate::ReadOnly) object asks
///   [`is_removed`](crate::ReadOnly::is_removed), and attaches again.
#[derive(Debug)]
pub struct Following<T: ShmObject + ShmId> {
    store: Store,
    last: Shared<T>,
    changes: u64,
}

impl<T: ShmObject + ShmId> Following<T> {
    pub(crate) fn attach(store: &Store, wait: Duration) -> Result<Self, AttachError> {
        Ok(Self { store: store.clone(), last: Shared::attach(store, wait)?, changes: 0 })
    }

    /// Returns the object that stands at the path. While the object stands, the call costs one load and no system call.
    ///
    /// After a removal, the call attaches the new object as [`Store::attach`] does, and detaches from the old one. It
    /// extends the new object if `T` has more fields. It waits for a process that is replacing the object or creating
    /// another one. The store's [`wait`](crate::StoreOptions::wait) bounds the wait for the lock, and again the attach.
    ///
    /// # Errors
    ///
    /// As [`Store::attach`]. After an error the handle keeps the [last](Self::last) object, and the next call tries
    /// again.
    ///
    /// - [`AttachError::NotFound`] while there is no object.
    /// - [`AttachError::LayoutMismatch`] if the new object has another layout. [`AttachError::NoRoom`] or
    ///   [`AttachError::Shorter`] if it lacks fields of `T`, and cannot or may not be extended.
    /// - [`AttachError::StillInitializing`] or [`OpenError::Busy`], in [`AttachError::Anchor`], if another process has
    ///   the anchor's lock for longer than the store's `wait`.
    ///
    /// # Details
    ///
    /// A removal is found by waits only if it is done by `ipcrm`, or if the remover was killed between the removal and
    /// the note of it. After a wait of this process has ended with [`WaitError::Removed`](crate::WaitError::Removed),
    /// `current` attaches the new object. [`Shared::info`] of the last object finds such a removal, too.
    ///
    /// An object whose anchor was deleted is not removed, so `current` returns it. Waits end with
    /// [`WaitError::AnchorLost`](crate::WaitError::AnchorLost) then. [`Store::follow`] attaches the object of the file
    /// that is at the path now.
    ///
    /// While there is no object, each call takes the anchor's lock for a moment. So a program calls it now and then,
    /// and not without a pause.
    #[inline]
    pub fn current(&mut self) -> Result<&Shared<T>, AttachError> {
        if Shared::is_removed(&self.last) {
            self.attach_new()?;
        }
        Ok(&self.last)
    }

    /// Returns the object that was attached last, which may be removed by now. No system call.
    #[must_use]
    pub fn last(&self) -> &Shared<T> {
        &self.last
    }

    /// Returns how many new objects this handle has attached after the first one. No system call.
    ///
    /// Versions and counts of a new object have nothing to do with those of the old one. A program that remembers a
    /// version or a count looks whether `changes` differs. It starts from 0 then.
    ///
    /// ```
    /// # use shmstore::{ShmObject, Store, Versioned};
    /// # #[derive(ShmObject)] #[repr(C)] #[shm(id = 'T')] struct Telemetry { position: Versioned<[f64; 3]> }
    /// # let dir = tempfile::tempdir()?; let store = Store::open(dir.path())?;
    /// # store.create::<Telemetry>()?.position.store([1.0, 2.0, 3.0]);
    /// let mut telemetry = store.follow::<Telemetry>()?;
    /// let (mut seen, mut changes) = (0, 0);
    /// # for round in 0..2 {
    /// let position = &telemetry.current()?.clone().position;
    /// if telemetry.changes() != changes {
    ///     (seen, changes) = (0, telemetry.changes()); // another object, with other versions
    /// }
    /// if position.version() > seen {
    ///     seen = position.version();
    /// }
    /// # assert_eq!((seen, changes), (1 - round, round));
    /// # store.replace::<Telemetry>()?;
    /// # }
    /// # store.remove::<Telemetry>()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn changes(&self) -> u64 {
        self.changes
    }

    #[cold]
    fn attach_new(&mut self) -> Result<(), AttachError> {
        let entered = self.store.target(T::ID, Some(layout_of::<T>()))?.attach_new()?;
        self.last = Shared::new(entered, &self.store);
        self.changes += 1;
        Ok(())
    }
}

impl Target<'_> {
    /// Attaches to the object after another one was removed. A process that replaces an object has the lock while there
    /// is none, so "not found" is final only under the lock, or if there is no lock.
    fn attach_new(&self) -> Result<Entered, AttachError> {
        let not_found = match self.attach(Duration::ZERO) {
            Err(error @ AttachError::NotFound { .. }) => error,
            attached => return attached,
        };
        match self.lock(&mut Deadline::new(self.policy.wait)) {
            Ok(_lock) => self.attach(Duration::ZERO),
            Err(error @ OpenError::Busy { .. }) => Err(error.into()),
            Err(_) => Err(not_found),
        }
    }
}
