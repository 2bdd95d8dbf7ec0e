//! Waiting for a newer version.

use std::time::{Duration, Instant};

use super::Versioned;
use crate::error::WaitError;
use crate::layout::{AnyBits, ShmValue};
use crate::sync::refusal;
use crate::sync::waiting::{Waiter, wait};

/// The least time to copy a version that has come: more than one that keeps to the protocol takes to grant a pause.
const TO_COPY: Duration = Duration::from_millis(10);

/// Waiting for a newer version.
impl<V: ShmValue> Versioned<V> {
    /// Waits up to `timeout` for a version newer than `version`, and returns the newest, with its number.
    ///
    /// A version that is newer already is returned at once. Versions that are stored in quick succession may be skipped:
    /// what is returned is the newest. While nobody waits, a store costs no system call. A first call may give 0, for any
    /// version, or what [`version`](Self::version) or [`load_versioned`](Self::load_versioned) has told.
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
    /// # Ending a wait by a signal
    ///
    /// A wait goes on when a signal handler returns. A program that is to end by a flag that its handler sets waits for a short
    /// time, again and again:
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
    /// [`WaitError::Timeout`]; [`WaitError::NeverWhole`] if a newer version has come and no copy of it was whole;
    /// [`WaitError::Removed`] if the object was removed, within some milliseconds; [`WaitError::AnchorLost`] if its anchor was,
    /// within a second or when the time is over.
    pub fn wait_newer(&self, version: u64, timeout: Duration) -> Result<(u64, V), WaitError>
    where
        V: AnyBits,
    {
        self.wait_newer_by(version, timeout, Waiter::Announced)
    }

    /// Waits for a newer version of a value of any type: see [`wait_newer`](Self::wait_newer).
    ///
    /// # Errors
    ///
    /// As [`wait_newer`](Self::wait_newer); [`WaitError::InvalidValue`] if the newer version's bytes are no valid `V`.
    pub fn try_wait_newer(&self, version: u64, timeout: Duration) -> Result<(u64, V), WaitError> {
        self.try_wait_newer_by(version, timeout, Waiter::Announced)
    }

    pub(in crate::sync) fn wait_newer_by(
        &self,
        version: u64,
        timeout: Duration,
        waiter: Waiter,
    ) -> Result<(u64, V), WaitError>
    where
        V: AnyBits,
    {
        let left = self.wait_until_newer(version, timeout, waiter)?;
        self.load_timeout_by(left, waiter == Waiter::Announced)
    }

    pub(in crate::sync) fn try_wait_newer_by(
        &self,
        version: u64,
        timeout: Duration,
        waiter: Waiter,
    ) -> Result<(u64, V), WaitError> {
        let left = self.wait_until_newer(version, timeout, waiter)?;
        self.try_load_timeout_by(left, waiter == Waiter::Announced)
    }

    /// Waits, and returns the time that is left to copy what has come. That has a limit too: who breaks the protocol may
    /// see to it that no copy is ever whole.
    fn wait_until_newer(&self, seen: u64, timeout: Duration, waiter: Waiter) -> Result<Duration, WaitError> {
        let started = Instant::now();
        let newer = |is_there: bool| is_there.then_some(());
        wait(
            self,
            waiter,
            timeout,
            || newer(self.version() > seen),
            |slice| newer(self.cell.sleep_unless_newer(seen, waiter == Waiter::Announced, slice)),
            || format!("a version of {} newer than {seen} (the newest is {})", refusal::name(self), self.version()),
        )?;
        Ok(timeout.saturating_sub(started.elapsed()).max(TO_COPY))
    }
}
