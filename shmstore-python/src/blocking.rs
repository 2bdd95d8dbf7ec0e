//! Calls that wait: without the interpreter, and in slices, so that Ctrl-C ends them.
//!
//! # Safety
//!
//! Assumes of PyO3 that [`Python::detach`] calls its closure in the calling thread.
#![allow(unsafe_code)]

use std::time::{Duration, Instant};

use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use shmstore::dynamic::{DynamicError, Limit};

use crate::error::{after, is_over, of_dynamic};

/// The longest time without a look at the signals.
const SLICE: Duration = Duration::from_millis(50);

/// How long a call waits, as Python says it: seconds, or `None` for without a limit.
#[derive(Clone, Copy)]
pub(crate) struct Timeout(Option<Duration>);

impl Timeout {
    /// For a call without this argument.
    pub(crate) const FOREVER: Self = Self(None);
    pub(crate) const NEVER: Self = Self(Some(Duration::ZERO));

    pub(crate) fn seconds(seconds: u64) -> Self {
        Self(Some(Duration::from_secs(seconds)))
    }
}

impl<'py> FromPyObject<'_, 'py> for Timeout {
    type Error = PyErr;

    fn extract(timeout: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        if timeout.is_none() {
            return Ok(Self::FOREVER);
        }
        let seconds: f64 = timeout
            .extract()
            .map_err(|_| PyTypeError::new_err(format!("timeout={}: it is a number of seconds, or None", &*timeout)))?;
        if seconds.is_nan() || seconds < 0.0 {
            return Err(PyValueError::new_err(format!("timeout={seconds}: it is at least 0 seconds, or None")));
        }
        // A time that no clock counts has no end.
        Ok(Self(Duration::try_from_secs_f64(seconds).ok().filter(|time| time.as_secs() < 1 << 40)))
    }
}

/// So many bytes are copied in less time than it takes to give the interpreter up and to take it back.
const SHORT: usize = 4096;

/// Returns `true` if so many bytes are copied with the interpreter attached.
pub(crate) fn is_short(bytes: usize) -> bool {
    bytes <= SHORT
}

/// Calls `copy`, which copies `bytes` bytes and waits for nothing. The interpreter runs other threads meanwhile, if that
/// is worth its time.
pub(crate) fn copying<T: Send>(py: Python<'_>, bytes: usize, copy: impl FnOnce() -> T + Send) -> T {
    if is_short(bytes) { copy() } else { py.detach(copy) }
}

/// What a call without the interpreter returns. A guard of a lock belongs to the thread that took it.
struct SameThread<T>(T);

// SAFETY: `detach` calls its closure in the calling thread, and returns the result there. The type is used nowhere
// else.
unsafe impl<T> Send for SameThread<T> {}

/// Calls `attempt` until it does anything else than run out of its time, at most for `timeout`.
///
/// The interpreter runs other threads meanwhile. Signals are handled after each slice, and one that raises an
/// exception, such as Ctrl-C, ends the call.
pub(crate) fn in_slices<T>(
    py: Python<'_>,
    timeout: Timeout,
    attempt: impl FnMut(Limit) -> Result<T, DynamicError> + Send,
) -> PyResult<T> {
    in_slices_of(py, timeout, usize::MAX, attempt)
}

/// As [`in_slices`], for an attempt that copies `bytes` bytes, and waits for nothing if its limit is `Never`.
pub(crate) fn in_slices_of<T>(
    py: Python<'_>,
    timeout: Timeout,
    bytes: usize,
    mut attempt: impl FnMut(Limit) -> Result<T, DynamicError> + Send,
) -> PyResult<T> {
    // Most calls do not wait, and need no clock.
    match copying(py, bytes, || attempt(Limit::Never).map(SameThread)) {
        Ok(done) => return Ok(done.0),
        Err(error) if is_over(&error) && timeout.0.is_none_or(|time| !time.is_zero()) => {}
        Err(error) => return Err(of_dynamic(error)),
    }
    let started = Instant::now();
    loop {
        let left = timeout.0.map(|time| time.saturating_sub(started.elapsed()));
        let slice = left.unwrap_or(SLICE).min(SLICE);
        match py.detach(|| attempt(Limit::Within(slice)).map(SameThread)) {
            Ok(done) => return Ok(done.0),
            Err(error) if is_over(&error) && left.is_none_or(|left| left > slice) => py.check_signals()?,
            Err(error) => return Err(of_dynamic(after(error, started.elapsed()))),
        }
    }
}

/// The end of a call that looks again and again.
pub(crate) struct Deadline(Option<Instant>);

impl Deadline {
    /// Pauses for a moment. Returns `false` if the time is over.
    pub(crate) fn pause(&mut self, py: Python<'_>, moment: Duration) -> PyResult<bool> {
        py.check_signals()?;
        if self.0.is_some_and(|end| Instant::now() >= end) {
            return Ok(false);
        }
        py.detach(|| std::thread::sleep(moment));
        Ok(true)
    }
}

impl Timeout {
    pub(crate) fn deadline(self) -> Deadline {
        Deadline(self.0.and_then(|time| Instant::now().checked_add(time)))
    }

    pub(crate) fn is_zero(self) -> bool {
        self.0.is_some_and(|time| time.is_zero())
    }

    /// What is left of this time since a moment.
    pub(crate) fn left(self, since: Instant) -> Self {
        Self(self.0.map(|time| time.saturating_sub(since.elapsed())))
    }

    /// The longer one of two times.
    pub(crate) fn at_least(self, time: Duration) -> Self {
        Self(self.0.map(|own| own.max(time)))
    }

    /// Returns `true` if this time is over since a moment.
    pub(crate) fn is_over(self, since: Instant) -> bool {
        self.0.is_some_and(|time| since.elapsed() >= time)
    }

    pub(crate) fn as_seconds(self) -> Option<f64> {
        self.0.map(|time| time.as_secs_f64())
    }
}
