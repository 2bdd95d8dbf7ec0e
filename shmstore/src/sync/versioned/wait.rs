//! Waits for a newer version.

use std::sync::atomic::AtomicU32;
use std::time::{Duration, Instant};

use super::Versioned;
use crate::error::{Awaited, WaitError};
use crate::layout::ShmValue;
use crate::sync::describe;
use crate::sync::waiting::{TO_COPY, Waitable, wait};
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
    /// # Signals
    ///
    /// The wait goes on after a signal handler. If a handler sets a flag that ends the program, wait in a loop, for a
    /// short time each:
    ///
    /// ```
    /// use shmstore::{Versioned, WaitError};
    /// use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
    /// use std::time::Duration;
    ///
    /// static RUNNING: AtomicBool = AtomicBool::new(true); // a signal handler stores `false`
    ///
    /// fn follow(position: &Versioned<[f64; 3]>) -> Result<(), WaitError> {
    ///     let mut seen = 0;
    ///     while RUNNING.load(Relaxed) {
    ///         match position.wait_newer(seen, Duration::from_millis(100)) {
    ///             Ok((version, value)) => {
    ///                 println!("{value:?}");
    ///                 seen = version;
    ///             }
    ///             Err(WaitError::Timeout { .. }) => {}
    ///             Err(error) => return Err(error),
    ///         }
    ///     }
    ///     Ok(())
    /// }
    /// # RUNNING.store(false, Relaxed);
    /// # follow(&Versioned::default())?;
    /// # Ok::<(), WaitError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// - [`WaitError::Timeout`] once the time is over.
    /// - [`WaitError::InvalidValue`] if the bytes of the newer version are not a valid `V`.
    /// - [`WaitError::NeverWhole`] if there is a newer version, but no copy of it was whole.
    /// - [`WaitError::Removed`] if the object was removed. It is noticed within some milliseconds. A removal by `ipcrm`
    ///   is noticed only by a call that waits for 5 ms or more.
    /// - [`WaitError::AnchorLost`] if the anchor was removed. It is noticed within a second, or when the time is over.
    pub fn wait_newer(&self, version: u64, timeout: Duration) -> Result<(u64, V), WaitError> {
        self.wait_newer_by(version, timeout, Access::ReadWrite)
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
        self.wait_newer_into_by(version, value, timeout, Access::ReadWrite)
    }

    pub(in crate::sync) fn wait_newer_into_by(
        &self,
        version: u64,
        value: &mut V,
        timeout: Duration,
        access: Access,
    ) -> Result<u64, WaitError> {
        let left = self.wait_until_newer(version, timeout, access)?;
        self.load_into_timeout_by(value, left, access)
    }

    pub(in crate::sync) fn wait_newer_by(
        &self,
        version: u64,
        timeout: Duration,
        access: Access,
    ) -> Result<(u64, V), WaitError> {
        let left = self.wait_until_newer(version, timeout, access)?;
        self.load_timeout_by(left, access)
    }

    /// Waits, and returns the time that is left for the copy. The copy has a limit, too, because a process that breaks
    /// the protocol can prevent any whole copy.
    fn wait_until_newer(&self, seen: u64, timeout: Duration, access: Access) -> Result<Duration, WaitError> {
        let started = Instant::now();
        wait(&Newer { part: self, seen }, access, timeout)?;
        Ok(timeout.saturating_sub(started.elapsed()).max(TO_COPY))
    }
}

/// A version newer than `seen`.
struct Newer<'a, V: ShmValue> {
    part: &'a Versioned<V>,
    seen: u64,
}

impl<V: ShmValue> Waitable for Newer<'_, V> {
    type Change = ();
    type Word = AtomicU32;

    fn look(&self) -> Option<()> {
        (self.part.version() > self.seen).then_some(())
    }

    fn word(&self) -> &AtomicU32 {
        self.part.value().writers().bell()
    }

    fn announce(&self, access: Access) -> Result<u32, ()> {
        Ok(self.part.value().writers().announce(access))
    }

    fn describe(&self) -> Awaited {
        Awaited::Version { part: describe::part(self.part), seen: self.seen, newest: self.part.version() }
    }
}
