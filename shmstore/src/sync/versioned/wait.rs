//! Waits for a newer version.

use std::time::Duration;

use super::Versioned;
use crate::error::{Awaited, WaitError};
use crate::layout::ShmValue;
use crate::sync::describe;
use crate::sync::waiting::{
    Aim, Changes, Condition, Pending, Repeat, Waitable, awaitable, in_turns, wait_for, wait_until_there,
};
use crate::sys::shm::Access;

/// Waits for a newer version.
impl<V: ShmValue> Versioned<V> {
    /// Waits until there is a version newer than `version`, and returns the newest version and its value.
    ///
    /// If there is a newer version already, it is returned at once. If several versions are stored in quick succession,
    /// only the newest is returned.
    ///
    /// The first call may pass 0, which any stored version is newer than, or the result of [`version`](Self::version)
    /// or [`load_versioned`](Self::load_versioned). A store makes no system call if no process waits.
    ///
    /// ```
    /// use shmstore::Versioned;
    /// use std::time::Duration;
    ///
    /// let position = Versioned::<[f64; 3]>::default();
    /// std::thread::scope(|scope| {
    ///     scope.spawn(|| position.store([1.0, 2.0, 3.0]));
    ///     let (version, value) = position.wait_newer(0, Duration::from_secs(10))?;
    ///     assert_eq!((version, value), (1, [1.0, 2.0, 3.0]));
    ///     Ok::<(), shmstore::WaitError>(())
    /// })?;
    /// # Ok::<(), shmstore::WaitError>(())
    /// ```
    ///
    /// For a value that is too large for the stack, use [`wait_newer_into`](Self::wait_newer_into).
    ///
    /// The wait goes on after a signal handler. For a handler that sets a flag, there is
    /// [`wait_newer_while`](Self::wait_newer_while).
    ///
    /// # Errors
    ///
    /// - [`WaitError::Timeout`] once the time is over.
    /// - [`WaitError::InvalidValue`] if the bytes of the newer version are not a valid `V`.
    /// - [`WaitError::NeverWhole`] if there is a newer version, but no copy of it was whole.
    /// - [`WaitError::Removed`] if the object was removed and nothing newer came. It is noticed within some milliseconds.
    ///   While a process that has not noticed it stores, its versions are returned: see
    ///   [`Shared::is_removed`](crate::Shared::is_removed). A removal by `ipcrm` is noticed only by a call that waits
    ///   for 5 ms or more.
    /// - [`WaitError::AnchorLost`] if the anchor was removed. It is noticed within a second, or when the time is over.
    pub fn wait_newer(&self, version: u64, timeout: Duration) -> Result<(u64, V), WaitError> {
        self.new_version(version, Access::ReadWrite).wait(timeout)
    }

    /// Waits until there is a newer version, copies the newest to `value`, and returns its number: see
    /// [`wait_newer`](Self::wait_newer). Allocates nothing, and puts no value on the stack.
    ///
    /// ```
    /// use shmstore::{Shared, ShmObject, ShmValue, Versioned};
    /// use std::time::Duration;
    ///
    /// #[derive(ShmObject)]
    /// #[repr(C)]
    /// struct Camera { image: Versioned<[u64; 1 << 20]> } // 8 MiB
    ///
    /// let camera = Shared::<Camera>::new_private()?;
    /// let (mut image, mut seen) = (<[u64; 1 << 20]>::zeroed_box(), 0);
    /// camera.image.update(|image| image[7] = 1);
    /// while seen < 1 {
    ///     seen = camera.image.wait_newer_into(seen, &mut image, Duration::from_secs(10))?;
    ///     assert_eq!(image[7], 1);
    /// }
    /// # Ok::<(), shmstore::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`wait_newer`](Self::wait_newer). After [`WaitError::InvalidValue`] and [`WaitError::NeverWhole`], `value` is
    /// all zero. After any other error it is unchanged.
    pub fn wait_newer_into(&self, version: u64, value: &mut V, timeout: Duration) -> Result<u64, WaitError> {
        self.new_version(version, Access::ReadWrite).wait_into(value, timeout)
    }

    /// Waits as [`wait_newer`](Self::wait_newer) does, without a limit. Returns `None` soon after `keep_waiting`
    /// returns `false`, which is called first, and then every 5 ms.
    ///
    /// ```
    /// use shmstore::{Versioned, WaitError};
    /// use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
    ///
    /// static RUNNING: AtomicBool = AtomicBool::new(true); // a signal handler stores `false`
    ///
    /// fn follow(position: &Versioned<[f64; 3]>) -> Result<(), WaitError> {
    ///     let mut seen = 0;
    ///     while let Some((version, value)) = position.wait_newer_while(seen, || RUNNING.load(Relaxed))? {
    ///         println!("{value:?}");
    ///         seen = version;
    ///     }
    ///     Ok(())
    /// }
    /// # RUNNING.store(false, Relaxed);
    /// # follow(&Versioned::default())?;
    /// # Ok::<(), WaitError>(())
    /// ```
    ///
    /// For a value that is too large for the stack, wait by [`wait_any_while`](crate::wait_any_while), and then load
    /// the value.
    ///
    /// # Errors
    ///
    /// As [`wait_newer`](Self::wait_newer), and never [`WaitError::Timeout`].
    pub fn wait_newer_while(
        &self,
        version: u64,
        keep_waiting: impl Fn() -> bool,
    ) -> Result<Option<(u64, V)>, WaitError> {
        in_turns(keep_waiting, |turn| self.wait_newer(version, turn))
    }

    /// Returns a wait for a version newer than `seen`, for [`wait_any`](crate::wait_any) and `.await`. The future
    /// returns the newest version and its value.
    ///
    /// The future works with any async runtime. A time limit is that of the runtime, such as `tokio::time::timeout`.
    /// Dropping the future ends the wait.
    ///
    /// ```
    /// use shmstore::Versioned;
    ///
    /// # pollster::block_on(async {
    /// let position = Versioned::<[f64; 3]>::new([1.0, 2.0, 3.0]);
    /// let (version, value) = position.newer(0).await?;
    /// assert_eq!((version, value), (1, [1.0, 2.0, 3.0]));
    /// # Ok::<(), shmstore::WaitError>(()) }).unwrap();
    /// ```
    ///
    /// The future has the value on the stack. If it is too large for that, load it by [`load_into`](Self::load_into)
    /// after [`wait_any`](crate::wait_any), or let a task await an event that is notified after each store.
    ///
    /// # Errors
    ///
    /// The future returns the errors of [`wait_newer`](Self::wait_newer), except [`WaitError::Timeout`], and
    /// [`WaitError::NoThread`].
    pub fn newer(&self, seen: u64) -> Newer<'_, V> {
        Newer::of(self.new_version(seen, Access::ReadWrite))
    }

    /// Returns a wait for one version after another, for tasks. The first one is newer than the present version.
    ///
    /// ```
    /// use shmstore::Versioned;
    ///
    /// # pollster::block_on(async {
    /// let position = Versioned::<[f64; 3]>::new([0.0, 0.0, 0.0]);
    /// let mut changes = position.changes();
    /// position.store([1.0, 0.0, 0.0]); // most often another process
    /// assert_eq!(changes.next().await?, (2, [1.0, 0.0, 0.0]));
    /// # Ok::<(), shmstore::WaitError>(()) }).unwrap();
    /// ```
    pub fn changes(&self) -> Changes<Newer<'_, V>> {
        self.changes_after(self.version())
    }

    /// Returns a wait for one version after another, for tasks. The first one is newer than `seen`. With 0, it is the
    /// present version, if a value was stored.
    pub fn changes_after(&self, seen: u64) -> Changes<Newer<'_, V>> {
        Changes::new(self.newer(seen))
    }

    pub(in crate::sync) fn new_version(&self, seen: u64, access: Access) -> NewVersion<'_, V> {
        NewVersion { part: self, seen, access }
    }
}

/// A wait for a newer version of a [`Versioned`]. [`Versioned::newer`] returns it. `.await` returns the newest version
/// and its value.
#[must_use = "a wait does nothing unless it is awaited, or passed to `wait_any`"]
pub struct Newer<'a, V: ShmValue> {
    aim: NewVersion<'a, V>,
    pending: Pending,
}

/// A version newer than `seen`.
pub(in crate::sync) struct NewVersion<'a, V: ShmValue> {
    part: &'a Versioned<V>,
    seen: u64,
    access: Access,
}

impl<'a, V: ShmValue> NewVersion<'a, V> {
    pub(in crate::sync) fn wait(&self, timeout: Duration) -> Result<(u64, V), WaitError> {
        wait_for(self, timeout)
    }

    pub(in crate::sync) fn wait_into(&self, value: &mut V, timeout: Duration) -> Result<u64, WaitError> {
        let left = wait_until_there(self, timeout).map_err(|ended| ended.error(self, timeout))?;
        self.part.load_into_timeout_by(value, left, self.access)
    }
}

impl<V: ShmValue> Waitable for NewVersion<'_, V> {
    fn condition(&self) -> Condition<'_> {
        self.part.value().newer_than(self.seen)
    }

    fn access(&self) -> Access {
        self.access
    }

    fn describe(&self) -> Awaited {
        Awaited::Version { part: describe::part(self.part), seen: self.seen, newest: self.part.version() }
    }
}

impl<V: ShmValue> Aim for NewVersion<'_, V> {
    type Change = (u64, V);

    fn change(&self, time: Duration) -> Result<Option<(u64, V)>, WaitError> {
        self.part.load_timeout_by(time, self.access).map(Some)
    }
}

awaitable!(['a, V: ShmValue] Newer<'a, V>, NewVersion<'a, V>, (u64, V));

impl<V: ShmValue> Repeat for Newer<'_, V> {
    type Value = V;

    fn see(&mut self, seen: u64) {
        self.aim.seen = seen;
    }
}
