//! Calls that wait: without the interpreter, and in slices, so that Ctrl-C ends them.

use std::time::{Duration, Instant};

use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use shmstore::dynamic::Limit;

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
            .map_err(|_| PyTypeError::new_err(format!("timeout={timeout}: it is a number of seconds, or None")))?;
        if seconds.is_nan() || seconds < 0.0 {
            return Err(PyValueError::new_err(format!("timeout={seconds}: it is at least 0 seconds, or None")));
        }
        // A time that no clock counts has no end.
        Ok(Self(Duration::try_from_secs_f64(seconds).ok().filter(|time| time.as_secs() < 1 << 40)))
    }
}

/// Calls `attempt` until it does anything else than run out of its time, at most for `timeout`. `is_over` says of an error
/// whether the time was over.
///
/// The interpreter runs other threads meanwhile. Signals are handled after each slice, and one that raises an exception,
/// such as Ctrl-C, ends the call.
pub(crate) fn in_slices<T: Send, E: Send>(
    py: Python<'_>,
    timeout: Timeout,
    is_over: impl Fn(&E) -> bool,
    mut attempt: impl FnMut(Limit) -> Result<T, E> + Send,
) -> PyResult<Result<T, E>> {
    if timeout.0.is_some_and(|time| time.is_zero()) {
        return Ok(py.detach(|| attempt(Limit::Never)));
    }
    let started = Instant::now();
    loop {
        let left = timeout.0.map(|time| time.saturating_sub(started.elapsed()));
        let slice = left.unwrap_or(SLICE).min(SLICE);
        match py.detach(|| attempt(Limit::Within(slice))) {
            Err(error) if is_over(&error) && left.is_none_or(|left| left > slice) => py.check_signals()?,
            done => return Ok(done),
        }
    }
}
