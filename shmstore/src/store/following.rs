//! An object and its successors: a handle that goes on with the new object after a replacement.

use std::time::Duration;

use crate::error::{AttachError, OpenError};
use crate::layout::{ShmId, ShmObject};
use crate::store::{Deadline, Entered, Shared, Store, Target, layout_of};

/// A live object that this process follows: [`current`](Self::current) returns the object that stands at the path now.
///
/// A [`Shared`] handle stays with its object, also when another process [replaces](Store::replace) or
/// [removes](Store::remove) it. A program that is to go on with the new object follows it instead, and asks for the
/// current one in each round of its loop:
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
/// Cloning the [`Shared`] handle that `current` returns keeps that object attached, as for a
/// [`Subscriber`](crate::broadcast::Subscriber) that borrows it.
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

    /// Returns the object that stands at the path. It is the same as before unless that was removed or replaced, as
    /// [`Shared::is_removed`] tells.
    ///
    /// One load from the object, and no system call, so every loop may call it. After a removal it attaches the object
    /// that stands there now, and detaches from the old one. A process that is replacing the object, or creating
    /// another one, gets time, up to the store's [`wait`](crate::StoreOptions::wait).
    ///
    /// # Errors
    ///
    /// As [`Store::attach`]. After an error the handle keeps the [last](Self::last) object, and the next call tries
    /// again.
    ///
    /// - [`AttachError::NotFound`] while there is no object.
    /// - [`AttachError::LayoutMismatch`] if the object there has another layout.
    ///
    /// # Details
    ///
    /// A removal by `ipcrm`, or by a process that was killed in that moment, is found by waits only. After a wait of
    /// this process has ended with [`WaitError::Removed`](crate::WaitError::Removed), `current` attaches the new
    /// object. [`Shared::info`] of the last object finds such a removal, too.
    ///
    /// An object whose anchor was deleted is not removed, so `current` returns it. Waits end with
    /// [`WaitError::AnchorLost`](crate::WaitError::AnchorLost) then. [`Store::follow`] attaches the object of the file
    /// that is at the path now.
    ///
    /// While there is no object, each call takes the anchor's lock for a moment. So a program calls it now and then, and
    /// not without a pause.
    #[inline]
    pub fn current(&mut self) -> Result<&Shared<T>, AttachError> {
        if Shared::is_removed(&self.last) {
            self.attach_successor()?;
        }
        Ok(&self.last)
    }

    /// Returns the object that was attached last, which may be removed by now. No system call.
    #[must_use]
    pub fn last(&self) -> &Shared<T> {
        &self.last
    }

    /// Returns how many successors of the first object this handle has attached. No system call.
    ///
    /// A program that remembers something of an object, as a version or a count, compares it with the number before:
    /// if they differ, what it remembers is of an object that is gone.
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
    ///     (seen, changes) = (0, telemetry.changes()); // the versions of a new object begin anew
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
    fn attach_successor(&mut self) -> Result<(), AttachError> {
        let entered = self.store.target(T::ID, Some(layout_of::<T>()))?.attach_successor()?;
        self.last = Shared::new(entered, &self.store);
        self.changes += 1;
        Ok(())
    }
}

impl Target<'_> {
    /// Attaches to the object after another one was removed. A process that replaces an object has the lock while there
    /// is none, so "not found" is final only under the lock.
    fn attach_successor(&self) -> Result<Entered, AttachError> {
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
