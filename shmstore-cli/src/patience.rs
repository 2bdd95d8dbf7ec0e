//! Waits of commands that write or wait: until a limit, a signal, or the end of the output's reader.

use std::io::{self, ErrorKind};
use std::time::{Duration, Instant};

use shmstore::WaitError;
use shmstore::dynamic::{DynamicError, Limit};
use shmstore::error::{PopError, PushError};

use crate::failure::{Failure, is_late};
use crate::output::is_closed_within;
use crate::signals::Signals;
use crate::text::shown;

/// How long one call waits, so that a signal ends the command soon.
const SLICE: Duration = Duration::from_millis(50);

/// How long a command waits for other writers of a value, unless it is told.
pub const FOR_WRITERS: Duration = Duration::from_secs(10);

/// Parses a number of seconds.
///
/// # Errors
///
/// The message for a text that is no such number.
pub fn seconds(text: &str) -> Result<Duration, String> {
    let seconds = text.parse::<f64>().ok().filter(|seconds| *seconds <= 1e9);
    let time = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    time.ok_or_else(|| "write a number of seconds from 0 to 1e9, such as 0.5".into())
}

/// A wait of at most some time.
pub struct Patience {
    signals: Signals,
    limit: Option<Duration>,
    since: Instant,
    /// Whether the wait is for something to print.
    is_to_print: bool,
}

impl Patience {
    /// Starts to wait. Without a limit, it waits as long as it takes.
    #[must_use]
    pub fn of(limit: Option<Duration>) -> Self {
        Self { signals: Signals::catch(), limit, since: Instant::now(), is_to_print: false }
    }

    /// Starts to wait for something to print. The wait ends when the output has no reader.
    #[must_use]
    pub fn to_print(limit: Option<Duration>) -> Self {
        Self { is_to_print: true, ..Self::of(limit) }
    }

    /// Starts again, for the next wait.
    pub fn again(&mut self) {
        self.since = Instant::now();
    }

    /// Returns the signals that end the wait.
    #[must_use]
    pub fn signals(&self) -> &Signals {
        &self.signals
    }

    /// Returns how long a call may wait now.
    fn slice(&self) -> Duration {
        self.limit.map_or(SLICE, |limit| limit.saturating_sub(self.since.elapsed()).min(SLICE))
    }

    /// Returns how long it has waited, if that is as long as it may.
    #[must_use]
    pub fn is_over(&self) -> Option<Duration> {
        let waited = self.since.elapsed();
        self.limit.filter(|limit| waited >= *limit)
    }

    /// Checks whether the command shall end.
    ///
    /// # Errors
    ///
    /// [`Failure::Signal`], and [`Failure::Io`] if it waits for something to print, and the output has no reader.
    pub fn check(&self) -> Result<(), Failure> {
        self.signals.check()?;
        if self.is_to_print && is_closed_within(&io::stdout(), Duration::ZERO)? {
            return Err(Failure::Io(ErrorKind::BrokenPipe.into()));
        }
        Ok(())
    }

    /// Repeats a call that waits until it ends for another reason than its limit.
    ///
    /// # Errors
    ///
    /// The error of the call as `refused` makes it, [`Failure::Late`] after the time, and the errors of
    /// [`check`](Self::check).
    pub fn until<T>(
        &self,
        mut call: impl FnMut(Limit) -> Result<T, DynamicError>,
        refused: impl Fn(DynamicError) -> Failure,
    ) -> Result<T, Failure> {
        loop {
            match call(Limit::Within(self.slice())) {
                Err(error) if is_late(&error) => {
                    if let Some(waited) = self.is_over() {
                        return Err(late(error, waited));
                    }
                    self.check()?;
                }
                ended => return ended.map_err(refused),
            }
        }
    }
}

/// Returns the error of a wait that took several calls.
fn late(error: DynamicError, waited: Duration) -> Failure {
    use DynamicError as E;
    let is_zero = waited < Duration::from_millis(1);
    let waited = if is_zero { Duration::ZERO } else { Duration::from_millis(waited.as_millis() as u64) };
    let (error, note) = match error {
        E::Wait(WaitError::Timeout { awaited, .. }) => (E::Wait(WaitError::Timeout { awaited, waited }), false),
        E::Pop(PopError::Empty { queue, .. }) => (E::Pop(PopError::Empty { queue, waited }), false),
        E::Push(PushError::Full { queue, capacity, .. }) => {
            (E::Push(PushError::Full { queue, capacity, waited }), false)
        }
        error => (error, !is_zero),
    };
    let note =
        if note { format!(". This command tried for {waited:?}: --timeout sets the time") } else { String::new() };
    Failure::Late(shown(&error.to_string()) + &note)
}
